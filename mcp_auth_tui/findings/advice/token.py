"""Knows how answers of a token endpoint are mended (token-*); judges nothing."""

from __future__ import annotations

from mcp_auth_tui.findings.advice.advice import (
    ANY,
    AUTH0,
    CLIENT,
    COGNITO,
    ENTRA,
    KEYCLOAK,
    OIDC_PROVIDER,
    OKTA,
    Explanation,
)

_BASE = '{"access_token": "…", "token_type": "Bearer", "expires_in": 3600}'

ALL: tuple[Explanation, ...] = (
    Explanation(
        "token-status",
        ((ANY, "An error under 200 is taken for a token without its members."),),
        '200 OK\n{"error": "invalid_grant"}',
        '400 Bad Request\n{"error": "invalid_grant"}',
    ),
    Explanation(
        "token-content-type",
        (("GitHub", "Its answer is a form unless the request says Accept: application/json."),),
        "Content-Type: application/x-www-form-urlencoded\n\naccess_token=…",
        f"Content-Type: application/json\n\n{_BASE}",
    ),
    Explanation(
        "token-cacheable",
        ((ANY, "A proxy's or CDN's rule for JSON must leave /token out."),),
        f"200 OK\nCache-Control: max-age=60\n\n{_BASE}",
        f"200 OK\nCache-Control: no-store\n\n{_BASE}",
    ),
    Explanation(
        "token-no-access",
        ((ANY, "The answer is one flat object, not wrapped into data."),),
        '{"data": {"access_token": "…"}}',
        _BASE,
    ),
    Explanation(
        "token-no-type",
        (),
        '{"access_token": "…"}',
        '{"access_token": "…", "token_type": "Bearer"}',
    ),
    Explanation(
        "token-type-unknown",
        ((ANY, "JWT is the form of a token, and no type of it."),),
        '"token_type": "JWT"',
        '"token_type": "Bearer"',
    ),
    Explanation(
        "token-expiry",
        ((ANY, "Seconds from now, as a number: no text, no date."),),
        '"expires_in": "3600"',
        '"expires_in": 3600',
    ),
    Explanation(
        "token-long-lived",
        (
            (KEYCLOAK, "Realm settings, Tokens: Access token lifespan."),
            (AUTH0, "The API's settings: Maximum Access Token Lifetime; its default is a day."),
            (OKTA, "The access policy's rule of the authorization server."),
            (COGNITO, "The app client's access token expiration."),
        ),
        '"expires_in": 2592000',
        '"expires_in": 3600, "refresh_token": "…"',
    ),
    Explanation(
        "token-scope-differs",
        (),
        'asked: notes:read notes:write\n{"access_token": (scope notes:read), …}',
        'asked: notes:read notes:write\n{"access_token": …, "scope": "notes:read"}',
    ),
    Explanation(
        "token-scope-array",
        (),
        '"scope": ["notes:read", "notes:write"]',
        '"scope": "notes:read notes:write"',
    ),
    Explanation(
        "token-scope-narrow",
        (
            (KEYCLOAK, "Assign the client scope to the client; others are left out silently."),
            (AUTH0, "With RBAC on, the person gets only the permissions of his roles."),
        ),
        'asked: notes:read notes:write\n"scope": "notes:read"',
        'asked: notes:read notes:write\n"scope": "notes:read notes:write"',
    ),
    Explanation(
        "token-scope-wide",
        (
            (KEYCLOAK, "Default client scopes are always granted: make them optional."),
            (ENTRA, "It grants all that was consented to for the resource, whatever is asked."),
        ),
        'asked: notes:read\n"scope": "notes:read notes:write"',
        'asked: notes:read\n"scope": "notes:read"',
    ),
    Explanation(
        "token-refresh-static",
        (
            (KEYCLOAK, "Realm settings, Tokens: Revoke refresh token on, reuse 0."),
            (AUTH0, "The application's settings: Refresh Token Rotation."),
            (OKTA, "The application's settings: rotate the token after every use."),
            (OIDC_PROVIDER, "rotateRefreshToken rotates for public clients by default."),
        ),
        'sent: refresh_token=r1\n{…, "refresh_token": "r1"}',
        'sent: refresh_token=r1\n{…, "refresh_token": "r2"}, and r1 is refused from then on',
    ),
    Explanation(
        "token-refresh-wider",
        (),
        'granted: notes:read\nrefresh: "scope": "notes:read notes:write"',
        'granted: notes:read\nrefresh: "scope": "notes:read"',
    ),
    Explanation(
        "token-refresh-unasked",
        (),
        'registered: ["authorization_code"]\n{…, "refresh_token": "…"}',
        'registered: ["authorization_code", "refresh_token"]\n{…, "refresh_token": "…"}',
    ),
    Explanation(
        "token-refresh-cc",
        (
            (
                KEYCLOAK,
                "The client's settings: Use refresh tokens for client credentials grant, off.",
            ),
        ),
        'grant_type=client_credentials\n{…, "refresh_token": "…"}',
        f"grant_type=client_credentials\n{_BASE}",
    ),
    Explanation(
        "token-error-form",
        ((ANY, "Catch a framework's own errors (422, 500, pages) at this route."),),
        "500 Internal Server Error\nContent-Type: text/html",
        '400 Bad Request\nContent-Type: application/json\n\n{"error": "invalid_grant"}',
    ),
    Explanation(
        "token-redirect",
        ((ANY, "Usual causes: a slash at the end, http to https, www."),),
        "POST /token\n308 Permanent Redirect\nLocation: https://auth.example.com/token/",
        '"token_endpoint": "https://auth.example.com/token/"',
    ),
    Explanation(
        "token-syntax",
        (
            (
                ANY,
                "Tokens that are joined of parts: put a dot between them, or encode the whole as"
                " base64url. A colon is a common mistake; most servers take it all the same.",
            ),
        ),
        '"access_token": "user:grant:secret"',
        '"access_token": "YWJjIGRlZg"',
    ),
    Explanation(
        "token-size",
        (
            (ENTRA, "Groups in tokens: limit the claim to the groups assigned to the application."),
            (KEYCLOAK, "Full scope allowed, off: otherwise every role is in the token."),
        ),
        "a token of 12 KB, and a proxy that answers 431 or 400",
        "a token of 1 KB",
    ),
    Explanation(
        "token-error",
        (
            (
                ANY,
                "invalid_grant: the code was used, is old, or belongs to another client, redirect"
                " address or verifier. invalid_client: the secret or the method is wrong."
                " invalid_target: the resource is unknown.",
            ),
            (CLIENT, "The exchange shows what was sent; --auth-method chooses another method."),
            (
                "several instances behind a load balancer",
                "Codes kept in the memory of one are unknown to the others: share them.",
            ),
        ),
        'POST /token\n400 Bad Request\n{"error": "invalid_grant"}',
        f"POST /token\n200 OK\n{_BASE}",
    ),
    Explanation(
        "token-refresh-refused",
        (
            (
                ANY,
                "The grant has ended, was taken back, or the token was used twice: two programs"
                " with one refresh token put each other out.",
            ),
        ),
        'grant_type=refresh_token\n400 Bad Request\n{"error": "invalid_grant"}',
        f"grant_type=refresh_token\n200 OK\n{_BASE}",
    ),
)
