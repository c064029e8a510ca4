"""Knows how a server's answers to tokens and its finer points are mended (rs-*); judges nothing."""

from __future__ import annotations

from mcp_auth_tui.findings.advice.advice import (
    ANY,
    CADDY,
    FASTMCP,
    KEYCLOAK,
    NGINX,
    PYTHON,
    TYPESCRIPT,
    Explanation,
)

_PLACE = "https://mcp.example.com/.well-known/oauth-protected-resource/mcp"
_NAMED = f'resource_metadata="{_PLACE}"'
_LACKING = f'WWW-Authenticate: Bearer error="insufficient_scope", scope="notes:write", {_NAMED}'
_INVALID = f'WWW-Authenticate: Bearer error="invalid_token", {_NAMED}'
_FORBIDDEN = (
    TYPESCRIPT,
    "requireBearerAuth answers 403 with the whole challenge for what requiredScopes names; a check"
    " of your own inside a tool must do the same before the MCP answer is begun.",
)

ALL: tuple[Explanation, ...] = (
    Explanation(
        "rs-open",
        (
            (ANY, "Nothing has to be mended when everybody may use the server."),
            (FASTMCP, "Give the server auth=…; without it every request is let in."),
            (
                PYTHON,
                "Give the server AuthSettings and a token verifier; without both it lets every"
                " request in.",
            ),
        ),
        "POST /mcp initialize (no token)\n200 OK",
        f"POST /mcp initialize (no token)\n401 Unauthorized\nWWW-Authenticate: Bearer {_NAMED}",
    ),
    Explanation(
        "rs-challenge-charset",
        (
            (
                ANY,
                "Write plain ASCII into error_description; a translated text belongs in the body.",
            ),
        ),
        'WWW-Authenticate: Bearer error_description="jeton expiré", scope="read,write"',
        'WWW-Authenticate: Bearer error_description="the token has expired", scope="read write"',
    ),
    Explanation(
        "rs-prm-url-nonstandard",
        (
            (
                ANY,
                "For https://HOST/PATH the place is https://HOST/.well-known/"
                "oauth-protected-resource/PATH: the well-known part comes first.",
            ),
            (NGINX, "location = /.well-known/oauth-protected-resource/mcp { proxy_pass …; }"),
        ),
        'resource_metadata="https://mcp.example.com/mcp/.well-known/oauth-protected-resource"',
        _NAMED,
    ),
    Explanation(
        "rs-challenge-offline",
        ((ANY, "List offline_access at the authorization server's scopes_supported only."),),
        f'WWW-Authenticate: Bearer scope="notes:read offline_access", {_NAMED}',
        f'WWW-Authenticate: Bearer scope="notes:read", {_NAMED}',
    ),
    Explanation(
        "rs-challenge-error-absent",
        (
            (
                ANY,
                "Where the header is made, tell “no token” from “bad token”; only the second has"
                " an error.",
            ),
        ),
        f"POST /mcp (expired token)\n401 Unauthorized\nWWW-Authenticate: Bearer {_NAMED}",
        f"POST /mcp (expired token)\n401 Unauthorized\n{_INVALID}",
    ),
    Explanation(
        "rs-version-masks-auth",
        ((ANY, "Put the check of the token before the parser of MCP headers and bodies."),),
        "POST /mcp (no token, unknown version)\n400 Bad Request",
        "POST /mcp (no token, unknown version)\n401 Unauthorized\n"
        f"WWW-Authenticate: Bearer {_NAMED}",
    ),
    Explanation(
        "rs-invalid-token-not-401",
        (
            (
                ANY,
                "An exception of the JWT library that nobody catches becomes a 500: catch it where"
                " the token is read and answer 401.",
            ),
            ("an API gateway", "Many answer 403 to a bad token by default: map it to 401."),
        ),
        "POST /mcp (expired token)\n403 Forbidden",
        f"POST /mcp (expired token)\n401 Unauthorized\n{_INVALID}",
    ),
    Explanation(
        "rs-scope-as-401",
        (_FORBIDDEN,),
        "POST /mcp tools/call (good token)\n401 Unauthorized\n"
        'WWW-Authenticate: Bearer scope="notes:write"',
        f"POST /mcp tools/call (good token)\n403 Forbidden\n{_LACKING}",
    ),
    Explanation(
        "rs-403-no-challenge",
        (
            _FORBIDDEN,
            (
                NGINX,
                "add_header leaves a 403 out unless it ends in always, and error_page replaces"
                " the application's header fields.",
            ),
        ),
        "403 Forbidden\nContent-Type: text/html",
        f"403 Forbidden\n{_LACKING}",
    ),
    Explanation(
        "rs-403-incomplete",
        (_FORBIDDEN,),
        '403 Forbidden\nWWW-Authenticate: Bearer error="insufficient_scope"',
        f"403 Forbidden\n{_LACKING}",
    ),
    Explanation(
        "rs-stepup-loop",
        (
            (
                ANY,
                "Print the scopes that the server reads from the token beside those it wants. Some"
                " issuers call the claim scp, some make it a list.",
            ),
            (
                KEYCLOAK,
                "scope of the token holds the client scopes whose “include in token scope” is on;"
                " roles are in realm_access and resource_access.",
            ),
        ),
        'token: scope "notes:write"\n403 Forbidden, scope="notes:write"',
        'token: scope "notes:write"\n200 OK',
    ),
    Explanation(
        "rs-stepup-drip",
        ((ANY, "Collect what the operation needs before the first check answers."),),
        '403 scope="notes:read", then 403 scope="notes:write"',
        '403 scope="notes:read notes:write"',
    ),
    Explanation(
        "rs-stepup-catalog",
        ((ANY, "Keep the needed scopes with each operation, not one list for the server."),),
        'scope="notes:read notes:write users:admin billing"',
        'scope="notes:write"',
    ),
    Explanation(
        "rs-stepup-limit",
        (
            (
                ANY,
                "Compare what the challenge demanded with scope in the token answer. A scope that"
                " is never granted is unknown to the authorization server, not allowed for this"
                " client, or not for this person.",
            ),
            (
                KEYCLOAK,
                "Assign the client scope to the client as optional; a scope that is not assigned"
                " is refused or left out.",
            ),
        ),
        '403 scope="notes:write", a sign-in, 403 scope="notes:write", …',
        '403 scope="notes:write", a sign-in, 200 OK',
    ),
    Explanation(
        "rs-token-echo",
        (
            (
                ANY,
                "Look for a tool that shows its request's header fields, and for error pages of a"
                " debug mode.",
            ),
        ),
        '{"headers": {"authorization": "Bearer eyJ…"}}',
        '{"headers": {"authorization": "(left out)"}}',
    ),
    Explanation(
        "rs-redirects-token",
        (
            (
                "Starlette and FastAPI",
                "A mount answers /mcp with a redirect to /mcp/, and behind a TLS proxy to http:"
                " serve both paths, and start uvicorn with --proxy-headers.",
            ),
            (CADDY, "redir and try_files must leave the MCP path out; use handle for it."),
        ),
        "POST /mcp\n307 Temporary Redirect\nLocation: http://mcp.example.com/mcp/",
        "POST /mcp\n200 OK",
    ),
)
