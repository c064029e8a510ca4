"""Knows how registrations and client documents are mended (dcr-*, cimd-own-*); judges nothing."""

from __future__ import annotations

from mcp_auth_tui.findings.advice.advice import (
    ANY,
    CLIENT,
    FASTMCP,
    KEYCLOAK,
    OKTA,
    PYTHON,
    Explanation,
)

_URL = "https://app.example.com/oauth/client.json"
_BACK = '"redirect_uris": ["http://127.0.0.1:43117/callback"]'
_BY_HAND = (
    CLIENT,
    "Until it is mended, register a client by hand and give its id with --client-id.",
)
_HEADERS = (
    ANY,
    "Set the header field where the answer is made; a proxy's rule for JSON must not replace it.",
)

ALL: tuple[Explanation, ...] = (
    Explanation(
        "dcr-status",
        ((ANY, "Frameworks answer 200 unless told otherwise: name the status of this route."),),
        'POST /register\n200 OK\n{"client_id": "…"}',
        'POST /register\n201 Created\n{"client_id": "…"}',
    ),
    Explanation(
        "dcr-error-shape",
        (
            (
                ANY,
                "A framework's own answer to bad input (422, a page, a list of faults) must become"
                " this form; error is invalid_redirect_uri or invalid_client_metadata.",
            ),
        ),
        '422 Unprocessable Entity\n{"detail": [{"loc": ["body", "redirect_uris"]}]}',
        '400 Bad Request\n{"error": "invalid_redirect_uri", "error_description": "…"}',
    ),
    Explanation(
        "dcr-no-client-id",
        ((ANY, "The answer is one flat object; do not wrap it into data or client."), _BY_HAND),
        '201 Created\n{"data": {"client_id": "abc"}}',
        '201 Created\n{"client_id": "abc"}',
    ),
    Explanation(
        "dcr-secret-expiry",
        ((ANY, "The member is required as soon as there is a secret; 0 means that it stays."),),
        '{"client_id": "abc", "client_secret": "…"}',
        '{"client_id": "abc", "client_secret": "…", "client_secret_expires_at": 0}',
    ),
    Explanation(
        "dcr-secret-mismatch",
        ((ANY, "Decide by token_endpoint_auth_method of the request whether to make a secret."),),
        '{"token_endpoint_auth_method": "none", "client_secret": "…"}',
        '{"token_endpoint_auth_method": "none"}',
    ),
    Explanation(
        "dcr-echo",
        ((ANY, "Return what was stored, with the defaults that were filled in."),),
        '{"client_id": "abc"}',
        f'{{"client_id": "abc", {_BACK}, "grant_types": ["authorization_code"], …}}',
    ),
    Explanation(
        "dcr-null",
        (
            ("pydantic", "model_dump(exclude_none=True)"),
            (ANY, "An empty text is no URL either: leave the member out."),
        ),
        '{"client_id": "abc", "client_uri": null, "logo_uri": ""}',
        '{"client_id": "abc"}',
    ),
    Explanation(
        "dcr-redirects-changed",
        (
            (
                PYTHON,
                "URL types may add a slash to an address without a path: keep the string that"
                " came.",
            ),
        ),
        f'sent: {_BACK}\n"redirect_uris": ["http://localhost:43117/callback"]',
        f"sent: {_BACK}\n{_BACK}",
    ),
    Explanation(
        "dcr-method-unlisted",
        (
            (
                PYTHON,
                "Its own authorization server registers none and lists the two methods with a"
                " secret only: publish the metadata with none added.",
            ),
        ),
        'metadata: ["client_secret_post"]\nanswer: "token_endpoint_auth_method": "none"',
        'metadata: ["none", "client_secret_post"]\nanswer: "token_endpoint_auth_method": "none"',
    ),
    Explanation(
        "dcr-cacheable",
        (_HEADERS,),
        '201 Created\n{"client_id": "abc", "client_secret": "…"}',
        '201 Created\nCache-Control: no-store\n\n{"client_id": "abc", "client_secret": "…"}',
    ),
    Explanation(
        "dcr-needs-token",
        (
            (
                OKTA,
                "Registration is an administrator's call with an API token: register one public"
                " application for MCP and publish its client id.",
            ),
            (
                KEYCLOAK,
                "Anonymous registration is limited by policies (Clients, Client registration); an"
                " initial access token gets around them.",
            ),
            (FASTMCP, "OAuthProxy or OIDCProxy registers clients in front of such a server."),
            _BY_HAND,
        ),
        "POST /register\n401 Unauthorized",
        "POST /register\n201 Created",
    ),
    Explanation(
        "dcr-mgmt-partial",
        ((ANY, "Send both members of RFC 7592, or neither."),),
        '"registration_client_uri": "/register/abc"',
        '"registration_client_uri": "https://auth.example.com/register/abc",'
        ' "registration_access_token": "…"',
    ),
    Explanation(
        "dcr-id-like-url",
        ((ANY, "An id that begins with https:// would be fetched as a document: use a UUID."),),
        '"client_id": "https://auth.example.com/clients/abc"',
        '"client_id": "7d3c1f2e"',
    ),
    Explanation(
        "dcr-loopback-refused",
        (
            (
                ANY,
                "Native clients listen on a loopback address with a port that they learn late:"
                " allow http://127.0.0.1 and http://[::1] with any port (RFC 8252 §7.3).",
            ),
            (
                KEYCLOAK,
                "The trusted hosts policy for anonymous registration refuses them by default:"
                " add the host, or allow it for loopback.",
            ),
        ),
        '{"error": "invalid_redirect_uri"}',
        '201 Created\n{"client_id": "…", "redirect_uris": ["http://127.0.0.1:43117/callback"]}',
    ),
    Explanation(
        "dcr-refused",
        (
            (
                KEYCLOAK,
                "The policy Trusted hosts has no host by default, which refuses every anonymous"
                " registration: add the hosts of clients, and localhost for their redirects.",
            ),
            (ANY, "Accept application_type native with a loopback redirect and any port."),
            _BY_HAND,
        ),
        'POST /register\n400 Bad Request\n{"error": "invalid_client_metadata"}',
        "POST /register\n201 Created",
    ),
    Explanation(
        "cimd-own-url-form",
        ((CLIENT, "Use a plain address with a path, without # and user name."),),
        "https://app.example.com",
        _URL,
    ),
    Explanation(
        "cimd-own-id-mismatch",
        ((CLIENT, "www, a slash at the end and the case of letters all count."),),
        '"client_id": "https://www.app.example.com/oauth/client.json"',
        f'"client_id": "{_URL}"',
    ),
    Explanation(
        "cimd-own-required-members",
        (),
        f'{{"client_id": "{_URL}"}}',
        f'{{"client_id": "{_URL}", "client_name": "My client", {_BACK}}}',
    ),
    Explanation(
        "cimd-own-secret",
        ((CLIENT, "The document is public: whoever reads it has the secret."),),
        '"client_secret": "…"',
        '"token_endpoint_auth_method": "none"',
    ),
    Explanation(
        "cimd-own-symmetric-auth",
        (),
        '"token_endpoint_auth_method": "client_secret_basic"',
        '"token_endpoint_auth_method": "private_key_jwt", "jwks_uri": "https://app.example.com/jwks"',
    ),
    Explanation(
        "cimd-own-redirect-absent",
        (
            (
                CLIENT,
                "This program's default is http://127.0.0.1:PORT/callback: take a fixed port with"
                " --port and list that address.",
            ),
        ),
        '"redirect_uris": ["https://app.example.com/callback"]',
        _BACK,
    ),
    Explanation(
        "cimd-own-redirected",
        (
            (
                CLIENT,
                "Authorization servers do not follow redirects here: publish the last address.",
            ),
        ),
        f"GET {_URL}\n301 Moved Permanently",
        f"GET {_URL}\n200 OK",
    ),
    Explanation(
        "cimd-own-content-type",
        ((CLIENT, "Static hosts go by the file's name: let it end in .json."),),
        "Content-Type: text/plain",
        "Content-Type: application/json",
    ),
    Explanation(
        "cimd-own-too-large",
        ((CLIENT, "Put a logo behind logo_uri, not into it."),),
        '"logo_uri": "data:image/png;base64,iVBOR…"',
        '"logo_uri": "https://app.example.com/logo.png"',
    ),
)
