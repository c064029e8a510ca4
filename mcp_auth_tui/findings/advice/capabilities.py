"""Knows how what an authorization server offers is mended (as-*); judges nothing."""

from __future__ import annotations

from mcp_auth_tui.findings.advice.advice import (
    ANY,
    AUTH0,
    COGNITO,
    ENTRA,
    KEYCLOAK,
    OIDC_PROVIDER,
    OKTA,
    PYTHON,
    WORKOS,
    Explanation,
)

_LEAVE_OUT = (ANY, "Drop members without a value when the document is written.")
_SERVER_WIDE = (
    KEYCLOAK,
    "The document lists what the realm can do, whatever the clients may: it cannot be shortened for"
    " one client. Switch the flow off in each client.",
)

ALL: tuple[Explanation, ...] = (
    Explanation(
        "as-issuer-form",
        ((ANY, "The issuer is a name: scheme, host, perhaps port and path, and nothing else."),),
        '"issuer": "https://auth.example.com/?tenant=acme"',
        '"issuer": "https://auth.example.com/acme"',
    ),
    Explanation(
        "as-docs-differ",
        ((ANY, "Make both from one source; mostly one of them is a copy that a front keeps."),),
        'openid-configuration: "token_endpoint": "https://idp.example.net/token"\n'
        'oauth-authorization-server: "token_endpoint": "https://auth.example.com/token"',
        "the same endpoints in both",
    ),
    Explanation(
        "as-endpoint-fragment",
        ((ANY, "An address of a single-page application (…/#/login) is no endpoint."),),
        '"authorization_endpoint": "https://auth.example.com/#/authorize"',
        '"authorization_endpoint": "https://auth.example.com/authorize"',
    ),
    Explanation(
        "as-endpoint-foreign",
        (
            (
                ANY,
                "Nothing has to be mended when both sites are yours (a login domain and an API"
                " domain). Otherwise look where the document comes from.",
            ),
        ),
        '"issuer": "https://auth.example.com", "token_endpoint": "https://token.example.net/t"',
        '"issuer": "https://auth.example.com", "token_endpoint": "https://auth.example.com/t"',
    ),
    Explanation(
        "as-changed",
        (
            (
                ANY,
                "When a server moves, publish the new issuer at one moment and tell people that"
                " they will sign in again; client ids of the old one are worth nothing.",
            ),
        ),
        "yesterday https://auth.example.com, today https://login.example.net, nobody was told",
        "the operator says so, and clients register at the new issuer",
    ),
    Explanation(
        "as-implicit",
        (
            _SERVER_WIDE,
            (OIDC_PROVIDER, "responseTypes: ['code'] in the configuration takes implicit away."),
            (ANY, "Publish the list: left out, it means authorization_code and implicit."),
        ),
        '"response_types_supported": ["code", "token id_token"]',
        '"response_types_supported": ["code"]',
    ),
    Explanation(
        "as-password-grant",
        (
            (
                KEYCLOAK,
                "The grant is called direct access grants. It can be switched off in each client;"
                " the document of the realm lists it all the same.",
            ),
            (AUTH0, "Switch the Password grant off among the application's advanced settings."),
            (OKTA, "Take Resource Owner Password out of the application's grant types."),
        ),
        '"grant_types_supported": ["authorization_code", "password"]',
        '"grant_types_supported": ["authorization_code", "refresh_token"]',
    ),
    Explanation(
        "as-no-code-grant",
        ((ANY, "Add it, or leave the list out: its default holds authorization_code."),),
        '"grant_types_supported": ["client_credentials"]',
        '"grant_types_supported": ["authorization_code", "client_credentials"]',
    ),
    Explanation(
        "as-no-refresh",
        (
            (
                ANY,
                "Without refresh tokens people sign in whenever the access token ends; do not make"
                " that one last for days instead.",
            ),
            (AUTH0, "Allow Offline Access in the API's settings; clients ask for offline_access."),
        ),
        '"grant_types_supported": ["authorization_code"]',
        '"grant_types_supported": ["authorization_code", "refresh_token"]',
    ),
    Explanation(
        "as-auth-methods-default",
        ((ANY, "Left out, the list means client_secret_basic alone (RFC 8414 §2)."),),
        "(token_endpoint_auth_methods_supported is not there)",
        '"token_endpoint_auth_methods_supported": ["none", "client_secret_basic"]',
    ),
    Explanation(
        "as-public-unsupported",
        (
            (
                PYTHON,
                "The metadata of its own authorization server lists the two methods with a secret,"
                " though it registers clients for none: pass the document on with none added.",
            ),
            (COGNITO, "Use an app client without a secret: public clients are what MCP has."),
        ),
        '"token_endpoint_auth_methods_supported": ["client_secret_post"]',
        '"token_endpoint_auth_methods_supported": ["none", "client_secret_post"]',
    ),
    Explanation(
        "as-jwt-auth-algs",
        ((ANY, "Name the algorithms beside private_key_jwt; RFC 8414 requires it."),),
        '"token_endpoint_auth_methods_supported": ["private_key_jwt"]',
        '"token_endpoint_auth_signing_alg_values_supported": ["ES256", "RS256"]',
    ),
    Explanation(
        "as-no-cimd",
        (
            (
                KEYCLOAK,
                "Client ID metadata documents are a feature of newer versions that has to be"
                " switched on (--features=cimd).",
            ),
            (WORKOS, "Connect supports them: its documentation says how to switch them on."),
            (
                ANY,
                "Fetch the document at the client_id with the same care as any address that a"
                " stranger names: https only, no private addresses, no redirects, a few KB.",
            ),
        ),
        '"registration_endpoint": "https://auth.example.com/register"',
        '"client_id_metadata_document_supported": true',
    ),
    Explanation(
        "as-dcr-only",
        (
            (
                ANY,
                "Keep registration for older clients, and support metadata documents beside it:"
                " they need no table of clients that grows with every program that comes by.",
            ),
            (WORKOS, "Connect supports both."),
        ),
        '"registration_endpoint": "https://auth.example.com/register"',
        '"registration_endpoint": "…", "client_id_metadata_document_supported": true',
    ),
    Explanation(
        "as-oidc-members",
        ((ANY, "Without OpenID Connect, publish oauth-authorization-server instead."),),
        '/.well-known/openid-configuration without "jwks_uri"',
        '"jwks_uri": "…", "subject_types_supported": ["public"],'
        ' "id_token_signing_alg_values_supported": ["RS256"]',
    ),
    Explanation(
        "as-empty-array",
        (_LEAVE_OUT,),
        '"ui_locales_supported": []',
        "(the member is not there)",
    ),
    Explanation(
        "as-null",
        (_LEAVE_OUT, ("pydantic", "model_dump(exclude_none=True)")),
        '"registration_endpoint": null',
        "(the member is not there)",
    ),
    Explanation(
        "as-scope-unknown",
        (
            (
                ANY,
                "scopes_supported may leave scopes out on purpose (RFC 8414 §2); it is a fault only"
                " when the sign-in ends in invalid_scope.",
            ),
            (
                ENTRA,
                "Scopes of an API are written api://APPLICATION-ID/NAME, and its document lists"
                " OpenID's own scopes only.",
            ),
        ),
        'challenge: scope="notes:read"\n"scopes_supported": ["openid"]',
        '"scopes_supported": ["openid", "notes:read"]',
    ),
    Explanation(
        "as-par-required",
        (
            (KEYCLOAK, "A client's advanced settings: Pushed authorization request required, off."),
            (
                OIDC_PROVIDER,
                "pushedAuthorizationRequests.requirePushedAuthorizationRequests: false",
            ),
        ),
        '"require_pushed_authorization_requests": true',
        '"pushed_authorization_request_endpoint": "…" and no demand for it',
    ),
    Explanation(
        "as-jar-required",
        ((ANY, "Demand signed requests of single clients, not of all."),),
        '"require_signed_request_object": true',
        '"require_signed_request_object": false',
    ),
    Explanation(
        "as-dpop-algs",
        ((ANY, "DPoP works with asymmetric keys alone: ES256 is what every client can do."),),
        '"dpop_signing_alg_values_supported": ["HS256"]',
        '"dpop_signing_alg_values_supported": ["ES256"]',
    ),
    Explanation(
        "as-idjag-grant",
        ((ANY, "An ID-JAG is redeemed with the jwt-bearer grant (RFC 7523)."),),
        '"authorization_grant_profiles_supported": ["urn:ietf:params:oauth:grant-profile:id-jag"]',
        '"grant_types_supported": ["urn:ietf:params:oauth:grant-type:jwt-bearer"]',
    ),
    Explanation(
        "as-cc-auth",
        ((ANY, "A program without a person proves who it is by a key, or by its secret."),),
        '"grant_types_supported": ["client_credentials"],'
        ' "token_endpoint_auth_methods_supported": ["none"]',
        '"token_endpoint_auth_methods_supported": ["private_key_jwt", "client_secret_basic"]',
    ),
)
