"""Knows how protected resource metadata is mended (prm-*); judges nothing."""

from __future__ import annotations

from mcp_auth_tui.findings.advice.advice import (
    ANY,
    AUTH0,
    CADDY,
    CLOUDFLARE,
    FASTMCP,
    NGINX,
    PROXY,
    PYTHON,
    SPA,
    TYPESCRIPT,
    Explanation,
)

_PATH = "/.well-known/oauth-protected-resource/mcp"
_DOCUMENT = (
    '{\n  "resource": "https://mcp.example.com/mcp",\n'
    '  "authorization_servers": ["https://auth.example.com"],\n'
    '  "scopes_supported": ["notes:read"]\n}'
)
_FOUND = f"GET {_PATH}\n200 OK\nContent-Type: application/json\n\n{_DOCUMENT}"
_SETTINGS = (
    PYTHON,
    'AuthSettings(resource_server_url="https://mcp.example.com/mcp", …): the public URL, path and'
    " all.",
)
_ROUTER = (
    TYPESCRIPT,
    "mcpAuthMetadataRouter({ oauthMetadata, resourceServerUrl: new"
    ' URL("https://mcp.example.com/mcp") }), mounted at the root.',
)
_FORWARDED = (
    PROXY,
    "Configure the public URL by hand. A URL taken from the request needs the proxy's forwarded"
    " host and scheme, and a framework that trusts them.",
)

ALL: tuple[Explanation, ...] = (
    Explanation(
        "prm-missing",
        (
            _SETTINGS,
            _ROUTER,
            (
                FASTMCP,
                "RemoteAuthProvider(token_verifier=…, authorization_servers=[…], base_url=…)"
                " serves the document.",
            ),
            (
                NGINX,
                f"location = {_PATH} {{ default_type application/json; return 200"
                " '{\"resource\": …}'; }",
            ),
            (
                CADDY,
                f"handle {_PATH} {{ header Content-Type application/json; respond `{{…}}` 200 }}",
            ),
        ),
        f"GET {_PATH}\n404 Not Found",
        _FOUND,
    ),
    Explanation(
        "prm-status",
        (
            (
                ANY,
                "Let everybody read the well-known path: no token, no login, no bot check, no rate"
                " limit that one client reaches.",
            ),
            (
                CLOUDFLARE,
                "Skip bot management and managed challenges for /.well-known/* by a custom rule;"
                " with Access, add a bypass policy for that path.",
            ),
        ),
        f"GET {_PATH}\n403 Forbidden",
        _FOUND,
    ),
    Explanation(
        "prm-html",
        (
            (
                SPA,
                "The catch-all answers every path with index.html: route /.well-known/ to the"
                " server before it.",
            ),
            (
                NGINX,
                "Give /.well-known/ a location of its own beside the one with try_files …"
                " /index.html.",
            ),
            (CADDY, "handle /.well-known/* { reverse_proxy APP } before try_files … /index.html."),
            (
                "Next.js, Vercel",
                "Add the path as an API route or rewrite, and leave it out of the"
                " matcher of an authentication middleware.",
            ),
        ),
        f"GET {_PATH}\n200 OK\nContent-Type: text/html\n\n<!DOCTYPE html>",
        _FOUND,
    ),
    Explanation(
        "prm-content-type",
        (
            (
                NGINX,
                "default_type application/json in the location; a file without a suffix is"
                " otherwise application/octet-stream.",
            ),
            ("object storage", "Set the object's content type to application/json."),
        ),
        "Content-Type: application/octet-stream",
        "Content-Type: application/json",
    ),
    Explanation(
        "prm-json",
        (
            (
                ANY,
                "Make the document with a JSON library, not by joining strings, and let it be one"
                " object with each member once.",
            ),
        ),
        '{"resource": "https://mcp.example.com/mcp",}',
        _DOCUMENT,
    ),
    Explanation(
        "prm-redirect",
        (
            (
                ANY,
                "Serve the document at its own place. Redirects to another host name (www), to a"
                " path with a slash or to a login are the usual ones.",
            ),
        ),
        f"GET {_PATH}\n301 Moved Permanently\nLocation: https://www.example.com{_PATH}",
        _FOUND,
    ),
    Explanation(
        "prm-resource-missing",
        (_SETTINGS, _ROUTER),
        '{"authorization_servers": ["https://auth.example.com"]}',
        _DOCUMENT,
    ),
    Explanation(
        "prm-resource-foreign",
        (
            _FORWARDED,
            _SETTINGS,
            _ROUTER,
            (
                ANY,
                "A server of several names needs one document for each, chosen by the Host header.",
            ),
        ),
        'asked: https://mcp.example.com/mcp\n"resource": "http://10.0.3.7:8000/mcp"',
        '"resource": "https://mcp.example.com/mcp"',
    ),
    Explanation(
        "prm-resource-parent",
        (_SETTINGS, _ROUTER),
        'asked: https://mcp.example.com/mcp\n"resource": "https://mcp.example.com"',
        '"resource": "https://mcp.example.com/mcp"',
    ),
    Explanation(
        "prm-resource-slash",
        (
            (
                PYTHON,
                "URL types of pydantic write https://host as https://host/ in versions before"
                " url_preserve_empty_path was set: upgrade, or hand over a string.",
            ),
            (
                TYPESCRIPT,
                'new URL("https://host").href ends in a slash: publish the string that'
                " people use instead.",
            ),
        ),
        'asked: https://mcp.example.com\n"resource": "https://mcp.example.com/"',
        '"resource": "https://mcp.example.com"',
    ),
    Explanation(
        "prm-resource-http",
        (
            _FORWARDED,
            ("uvicorn", "--proxy-headers --forwarded-allow-ips=ADDRESS-OF-THE-PROXY"),
            ("Express", 'app.set("trust proxy", 1)'),
        ),
        '"resource": "http://mcp.example.com/mcp"',
        '"resource": "https://mcp.example.com/mcp"',
    ),
    Explanation(
        "prm-internal-host",
        (_FORWARDED,),
        '"authorization_servers": ["http://keycloak:8080/realms/main"]',
        '"authorization_servers": ["https://auth.example.com/realms/main"]',
    ),
    Explanation(
        "prm-no-as",
        (
            (PYTHON, 'AuthSettings(issuer_url="https://auth.example.com", …)'),
            (FASTMCP, 'RemoteAuthProvider(authorization_servers=["https://auth.example.com"], …)'),
        ),
        '{"resource": "https://mcp.example.com/mcp"}',
        _DOCUMENT,
    ),
    Explanation(
        "prm-as-not-issuer",
        (
            (
                ANY,
                "Write the issuer as the authorization server's own metadata spells it: the address"
                " before /.well-known/, without query and fragment.",
            ),
            (AUTH0, "The issuer ends in a slash: https://TENANT.auth0.com/"),
        ),
        '"authorization_servers": ["https://auth.example.com/.well-known/openid-configuration"]',
        '"authorization_servers": ["https://auth.example.com"]',
    ),
    Explanation(
        "prm-as-crosscheck",
        (
            (
                ANY,
                "Add the resource to protected_resources of the authorization server's metadata,"
                " the same string, or leave that member out.",
            ),
        ),
        '"protected_resources": ["https://mcp.example.com"]',
        '"protected_resources": ["https://mcp.example.com/mcp"]',
    ),
    Explanation(
        "prm-scope-syntax",
        (
            (
                ANY,
                "One scope for each entry: no blanks, quotes or backslashes in it (RFC 6749 §3.3).",
            ),
        ),
        '"scopes_supported": ["notes:read notes:write"]',
        '"scopes_supported": ["notes:read", "notes:write"]',
    ),
)
