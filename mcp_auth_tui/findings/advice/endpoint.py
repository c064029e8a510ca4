"""Knows how the challenge and the MCP endpoint are mended (rs-*); judges nothing."""

from __future__ import annotations

from mcp_auth_tui.findings.advice.advice import (
    ANY,
    NGINX,
    PROXY,
    PYTHON,
    SPRING,
    TYPESCRIPT,
    Explanation,
)

_PLACE = "https://mcp.example.com/.well-known/oauth-protected-resource/mcp"
_HEADER = f'WWW-Authenticate: Bearer resource_metadata="{_PLACE}", scope="notes:read"'
_RIGHT = f"HTTP/1.1 401 Unauthorized\n{_HEADER}"
_SDK_PYTHON = (
    PYTHON,
    "Give the server AuthSettings with resource_server_url and required_scopes, and a token"
    " verifier: it then sends the whole challenge and serves the metadata.",
)
_SDK_TYPESCRIPT = (
    TYPESCRIPT,
    "Put requireBearerAuth({ verifier, requiredScopes, resourceMetadataUrl }) before the MCP"
    " route, and mcpAuthMetadataRouter at the root of the application.",
)

ALL: tuple[Explanation, ...] = (
    Explanation(
        "rs-401-no-challenge",
        (
            _SDK_PYTHON,
            _SDK_TYPESCRIPT,
            (
                NGINX,
                "add_header is silent for a 401 unless it ends in always; take care that no"
                " error_page or proxy_hide_header drops WWW-Authenticate.",
            ),
        ),
        "HTTP/1.1 401 Unauthorized\nContent-Type: application/json",
        _RIGHT,
    ),
    Explanation(
        "rs-challenge-no-prm",
        (
            _SDK_PYTHON,
            _SDK_TYPESCRIPT,
            (
                SPRING,
                "The default entry point sends a bare Bearer: set an AuthenticationEntryPoint of"
                " your own that adds resource_metadata.",
            ),
        ),
        'WWW-Authenticate: Bearer realm="mcp"',
        _HEADER,
    ),
    Explanation(
        "rs-challenge-bare",
        (_SDK_PYTHON, _SDK_TYPESCRIPT),
        "WWW-Authenticate: Bearer",
        _HEADER,
    ),
    Explanation(
        "rs-challenge-syntax",
        (
            (
                ANY,
                'Build the header from parts: scheme, one blank, then name="value" pairs divided by'
                ' commas. Escape " and \\ inside values with a backslash.',
            ),
        ),
        f"WWW-Authenticate: Bearer resource_metadata={_PLACE} scope=notes:read",
        _HEADER,
    ),
    Explanation(
        "rs-challenge-dup-param",
        (
            (
                ANY,
                "Look for two places that add the header: the framework's bearer middleware and a"
                " handler of your own, or the application and its gateway. Keep one.",
            ),
        ),
        f'WWW-Authenticate: Bearer resource_metadata="{_PLACE}", resource_metadata="{_PLACE}"',
        f'WWW-Authenticate: Bearer resource_metadata="{_PLACE}"',
    ),
    Explanation(
        "rs-challenge-scheme",
        (
            (
                ANY,
                "An API gateway or a Basic login in front of the server answers first: let the MCP"
                " path through it, and challenge with Bearer in the server.",
            ),
            (NGINX, "Switch auth_basic off for the MCP location."),
        ),
        'WWW-Authenticate: Basic realm="Restricted"',
        _HEADER,
    ),
    Explanation(
        "rs-challenge-no-scope",
        (
            _SDK_PYTHON,
            _SDK_TYPESCRIPT,
            (ANY, "Name the least set of scopes that the refused request needs."),
        ),
        f'WWW-Authenticate: Bearer resource_metadata="{_PLACE}"',
        _HEADER,
    ),
    Explanation(
        "rs-challenge-error-early",
        (
            (
                ANY,
                "Tell a request without a token from one with a bad token: error is for the second"
                " (RFC 6750 §3).",
            ),
        ),
        f'WWW-Authenticate: Bearer error="invalid_token", resource_metadata="{_PLACE}"',
        f'WWW-Authenticate: Bearer resource_metadata="{_PLACE}"',
    ),
    Explanation(
        "rs-prm-url-bad",
        (
            (ANY, "Write the absolute public https URL; a path alone is not allowed."),
            (
                PROXY,
                "Take scheme and host from configuration, or trust the proxy's X-Forwarded-Proto"
                ' and X-Forwarded-Host: uvicorn --proxy-headers, Express app.set("trust proxy",'
                " 1), ASP.NET UseForwardedHeaders.",
            ),
        ),
        'WWW-Authenticate: Bearer resource_metadata="/.well-known/oauth-protected-resource/mcp"',
        f'WWW-Authenticate: Bearer resource_metadata="{_PLACE}"',
    ),
    Explanation(
        "rs-prm-url-dead",
        (
            (ANY, "Open the address without a token (curl -i): it must answer 200 with JSON."),
            (
                NGINX,
                "Forward /.well-known/oauth-protected-resource to the application as well, not"
                " only the MCP path.",
            ),
            (TYPESCRIPT, "Mount mcpAuthMetadataRouter at the root, not under the MCP path."),
        ),
        f"GET {_PLACE}\n404 Not Found",
        f"GET {_PLACE}\n200 OK\nContent-Type: application/json",
    ),
    Explanation(
        "rs-prm-url-foreign",
        (
            (
                ANY,
                "Serve the document on the origin of the MCP URL, even if it is a copy: clients"
                " compare the two.",
            ),
        ),
        'WWW-Authenticate: Bearer resource_metadata="https://api.example.net/prm.json"',
        f'WWW-Authenticate: Bearer resource_metadata="{_PLACE}"',
    ),
    Explanation(
        "rs-not-mcp",
        (
            (
                ANY,
                "Use the URL of the MCP endpoint itself: it answers POST with JSON-RPC. Common"
                " paths are /mcp and, for the older transport, /sse.",
            ),
            (
                "Starlette and FastAPI",
                "A mounted application answers below its mount path: mount it at"
                " /, or use the path with everything in it.",
            ),
        ),
        "POST https://mcp.example.com/\n200 OK\nContent-Type: text/html",
        "POST https://mcp.example.com/mcp\n401 Unauthorized",
    ),
    Explanation(
        "rs-wrong-status",
        (
            (
                ANY,
                "Answer 401 with WWW-Authenticate whenever there is no token, before any other"
                " check; 403 is for a good token with too few rights.",
            ),
            (
                SPRING,
                "A 403 without a token mostly comes from CSRF protection: switch it off for the"
                " MCP path, which uses no cookies.",
            ),
        ),
        "POST /mcp (no token)\n403 Forbidden",
        f"POST /mcp (no token)\n{_RIGHT}",
    ),
    Explanation(
        "rs-redirect-slash",
        (
            (
                "Starlette and FastAPI",
                "A mount at /mcp answers at /mcp/ alone; a route at /mcp redirects from /mcp/.",
            ),
            (NGINX, "location /mcp/ with proxy_pass redirects from /mcp: add location = /mcp."),
            ("Django", "APPEND_SLASH redirects from /mcp to /mcp/: route both."),
        ),
        "POST /mcp\n307 Temporary Redirect\nLocation: https://mcp.example.com/mcp/",
        "POST /mcp\n401 Unauthorized\nWWW-Authenticate: Bearer …",
    ),
    Explanation(
        "rs-login-redirect",
        (
            (
                ANY,
                "Leave the MCP path and /.well-known/ out of what the login middleware or the"
                " identity-aware proxy protects.",
            ),
            (
                "Starlette and FastAPI",
                "A redirect from /mcp to /mcp/ comes from the mount: use the URL"
                " with the slash, or serve both.",
            ),
            ("Django", "APPEND_SLASH redirects /mcp to /mcp/: route both."),
        ),
        "POST /mcp\n302 Found\nLocation: https://mcp.example.com/login",
        f"POST /mcp\n{_RIGHT}",
    ),
    Explanation(
        "rs-200-auth-error",
        (
            (
                ANY,
                "Check the token before JSON-RPC is handled, and answer with the HTTP status: a"
                " client looks for 401 and never sees a JSON-RPC error as a reason to sign in.",
            ),
        ),
        '200 OK\n{"jsonrpc": "2.0", "id": 1, "error": {"code": -32001, "message": "Unauthorized"}}',
        _RIGHT,
    ),
    Explanation(
        "rs-endpoint-http",
        (
            (
                ANY,
                "Serve the endpoint over https; http is for this machine (127.0.0.1, [::1],"
                " localhost) alone.",
            ),
        ),
        "http://mcp.example.com/mcp",
        "https://mcp.example.com/mcp",
    ),
    Explanation(
        "rs-partial-auth",
        (
            (
                ANY,
                "Put the check of the token in one middleware in front of every method, also of"
                " initialize and server/discover.",
            ),
            _SDK_PYTHON,
        ),
        "POST /mcp initialize\n200 OK\nPOST /mcp tools/list\n401 Unauthorized",
        "POST /mcp initialize\n401 Unauthorized",
    ),
    Explanation(
        "rs-fresh-token-refused",
        (
            (
                ANY,
                "Decode the token (not verified) and compare: aud with the MCP URL, iss with the"
                " issuer that the server trusts, exp with its clock, scope with what it demands.",
            ),
            (
                PYTHON,
                "validate_token_resource compares the token's resource with"
                " resource_server_url: both must be the same string.",
            ),
            (
                "Keycloak, Auth0, Microsoft Entra ID, Okta, Amazon Cognito",
                "What they put into aud, and how to change it, is told by --explain jwt-aud.",
            ),
        ),
        'aud: "https://api.example.com", the MCP URL is https://mcp.example.com/mcp',
        'aud: "https://mcp.example.com/mcp"',
    ),
)
