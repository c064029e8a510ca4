"""Knows how the contents of JWT access tokens are mended (jwt-*); judges nothing."""

from __future__ import annotations

from mcp_auth_tui.findings.advice.advice import (
    ANY,
    AUTH0,
    COGNITO,
    ENTRA,
    FASTMCP,
    KEYCLOAK,
    OKTA,
    WORKOS,
    Explanation,
)

_MCP = "https://mcp.example.com/mcp"

ALL: tuple[Explanation, ...] = (
    Explanation(
        "jwt-aud",
        (
            (
                KEYCLOAK,
                "Add a client scope with an Audience mapper whose custom audience is the MCP URL,"
                " and ask for that scope; newer versions can take resource instead"
                " (--features=resource-indicators).",
            ),
            (
                AUTH0,
                "Make an API whose identifier is the MCP URL, and switch on the Resource Parameter"
                " Compatibility Profile (Settings, Advanced).",
            ),
            (
                ENTRA,
                "aud is the application's id, and never a URL, in tokens of version 2: check for"
                " that one at the server.",
            ),
            (OKTA, "aud is the audience of the authorization server: one server for one resource."),
            (COGNITO, "Access tokens have client_id and may have no aud: compare what is there."),
            (WORKOS, "Add the MCP URL as a resource indicator in the dashboard."),
        ),
        '"aud": "account"',
        f'"aud": "{_MCP}"',
    ),
    Explanation(
        "jwt-aud-many",
        ((ANY, "One token for each resource: a server could use it at the others otherwise."),),
        f'"aud": ["{_MCP}", "https://billing.example.com"]',
        f'"aud": "{_MCP}"',
    ),
    Explanation(
        "jwt-iss",
        (
            (
                FASTMCP,
                "OAuthProxy issues tokens of its own; a front of your own must not hand on those of"
                " the identity provider.",
            ),
            (
                ENTRA,
                "Tokens of version 1 have https://sts.windows.net/TENANT/ as iss: set"
                " requestedAccessTokenVersion to 2 in the application's manifest.",
            ),
            (AUTH0, "iss ends in a slash, and with a custom domain it is that domain."),
        ),
        'issuer: https://auth.example.com\n"iss": "https://idp.example.net"',
        'issuer: https://auth.example.com\n"iss": "https://auth.example.com"',
    ),
    Explanation(
        "jwt-alg",
        ((AUTH0, "The API's settings: Signing Algorithm RS256, not HS256."),),
        '{"alg": "none"}',
        '{"alg": "RS256", "kid": "…"}',
    ),
    Explanation(
        "jwt-typ",
        ((AUTH0, "The API's settings: the token profile RFC 9068."),),
        '{"alg": "RS256", "typ": "JWT"}',
        '{"alg": "RS256", "typ": "at+jwt"}',
    ),
    Explanation(
        "jwt-claims",
        (
            (AUTH0, "The token profile RFC 9068 has all of them."),
            (ANY, "azp or cid in the place of client_id is what older profiles have."),
        ),
        '{"iss": "…", "aud": "…", "azp": "abc"}',
        '{"iss": "…", "aud": "…", "sub": "…", "client_id": "abc", "iat": 1, "exp": 2, "jti": "…"}',
    ),
    Explanation(
        "jwt-exp",
        ((ANY, "exp and iat are seconds, not milliseconds; let the clock be set by NTP."),),
        '"expires_in": 3600\n"exp": 1790000000000',
        '"expires_in": 3600\n"exp": 1790003600',
    ),
    Explanation(
        "jwt-is-id-token",
        ((ANY, "An ID token tells the client who signed in; no server should take it."),),
        '"access_token": (aud is the client id, nonce is there)',
        '"access_token": (aud is the MCP server), "id_token": (aud is the client id)',
    ),
    Explanation(
        "jwt-pii",
        (
            (KEYCLOAK, "Take the scopes profile and email away from the client's default scopes."),
            (ANY, "The server can ask for more by introspection or userinfo when it needs it."),
        ),
        '"email": "ada@example.com", "name": "Ada"',
        '"sub": "7f1c…"',
    ),
)
