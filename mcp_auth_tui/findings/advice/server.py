"""Knows how authorization server metadata is mended (as-*); judges nothing."""

from __future__ import annotations

from mcp_auth_tui.findings.advice.advice import (
    ANY,
    AUTH0,
    CADDY,
    COGNITO,
    ENTRA,
    FASTMCP,
    GOOGLE,
    KEYCLOAK,
    NGINX,
    OKTA,
    PROXY,
    PYTHON,
    SPA,
    WORKOS,
    Explanation,
)

_PLACE = "/.well-known/oauth-authorization-server"
_FRONT = (
    "a server that cannot be changed",
    "Put a small front before it that publishes the metadata with the member, at an issuer of its"
    " own; it must keep to what it promises.",
)

ALL: tuple[Explanation, ...] = (
    Explanation(
        "as-missing",
        (
            (
                ANY,
                "For the issuer https://auth.example.com/tenant the document is looked for at"
                f" {_PLACE}/tenant, at /.well-known/openid-configuration/tenant and at"
                " /tenant/.well-known/openid-configuration, in this order.",
            ),
            (
                OKTA,
                "Name the authorization server, not the organisation: the issuer is"
                " https://DOMAIN/oauth2/default.",
            ),
            (KEYCLOAK, "The issuer is https://HOST/realms/REALM, without a slash at the end."),
            (
                COGNITO,
                "The issuer is https://cognito-idp.REGION.amazonaws.com/POOL-ID, not the domain of"
                " the sign-in pages.",
            ),
            (ENTRA, "The issuer is https://login.microsoftonline.com/TENANT-ID/v2.0."),
        ),
        f"issuer: https://auth.example.com/tenant\nGET {_PLACE}/tenant\n404 Not Found",
        f"GET {_PLACE}/tenant\n200 OK\nContent-Type: application/json",
    ),
    Explanation(
        "as-misplaced",
        (
            (
                ANY,
                f"The well-known part stands between host and path: {_PLACE}/tenant. Only"
                " openid-configuration may stand behind the path too.",
            ),
        ),
        f"https://auth.example.com/tenant{_PLACE}",
        f"https://auth.example.com{_PLACE}/tenant",
    ),
    Explanation(
        "as-status",
        ((ANY, "Let everybody read the well-known paths: no login, no bot check, no allow list."),),
        f"GET {_PLACE}\n401 Unauthorized",
        f"GET {_PLACE}\n200 OK",
    ),
    Explanation(
        "as-html",
        (
            (
                SPA,
                "Route /.well-known/ to the server before the catch-all that answers every path"
                " with index.html; a path that is not there must be a 404.",
            ),
            (CADDY, "handle /.well-known/* { reverse_proxy APP } before try_files … /index.html."),
        ),
        f"GET {_PLACE}\n200 OK\nContent-Type: text/html",
        f"GET {_PLACE}\n200 OK\nContent-Type: application/json",
    ),
    Explanation(
        "as-content-type",
        ((NGINX, "A file without a suffix: default_type application/json in its location."),),
        "Content-Type: text/plain",
        "Content-Type: application/json",
    ),
    Explanation(
        "as-json",
        ((ANY, "Make the document with a JSON library: one object, each member once, UTF-8."),),
        '{"issuer": "https://auth.example.com", "issuer": "https://auth.example.com"}',
        '{"issuer": "https://auth.example.com"}',
    ),
    Explanation(
        "as-issuer-missing",
        ((ANY, "Add issuer: the string that stands in authorization_servers, unchanged."),),
        '{"token_endpoint": "https://auth.example.com/token"}',
        '{"issuer": "https://auth.example.com", "token_endpoint": "https://auth.example.com/token"}',
    ),
    Explanation(
        "as-issuer-mismatch",
        (
            (
                PROXY,
                "The server names itself by its inner address. Configure its public URL: for"
                " Keycloak KC_HOSTNAME and --proxy-headers.",
            ),
            (
                ENTRA,
                "Name the tenant: the document of /common or /organizations has the placeholder"
                " {tenantid} in its issuer. With v2.0 the issuer is"
                " https://login.microsoftonline.com/TENANT-ID/v2.0.",
            ),
            (
                "a front that passes on the metadata of an identity provider",
                "It must put its own issuer into the document, or not be the issuer.",
            ),
        ),
        'authorization_servers: https://auth.example.com\n"issuer": "http://keycloak:8080/realms/main"',
        "authorization_servers: https://auth.example.com/realms/main\n"
        '"issuer": "https://auth.example.com/realms/main"',
    ),
    Explanation(
        "as-issuer-slash",
        (
            (
                AUTH0,
                "The issuer ends in a slash: write https://TENANT.auth0.com/ into"
                " authorization_servers.",
            ),
            ("Google", "The issuer is https://accounts.google.com, without a slash."),
            (
                PYTHON,
                "Hand over the issuer as a string; URL types may add a slash to one without a"
                " path.",
            ),
            (
                "C# and JavaScript",
                "Uri.ToString() and new URL(…).href add a slash: keep the string.",
            ),
        ),
        'authorization_servers: https://auth.example.com/\n"issuer": "https://auth.example.com"',
        'authorization_servers: https://auth.example.com\n"issuer": "https://auth.example.com"',
    ),
    Explanation(
        "as-pkce-absent",
        (
            (
                KEYCLOAK,
                "Its documents list the methods; an old version or a front that makes its own"
                " document may leave them out.",
            ),
            (
                f"{ENTRA}, {COGNITO}",
                "They support PKCE, but their OpenID documents do not say so: see the front below.",
            ),
            (
                FASTMCP,
                "OAuthProxy and OIDCProxy are such a front: they publish metadata with S256.",
            ),
            _FRONT,
        ),
        '{"issuer": "https://auth.example.com", "response_types_supported": ["code"]}',
        '"code_challenge_methods_supported": ["S256"]',
    ),
    Explanation(
        "as-pkce-no-s256",
        (
            (ANY, "Support S256 and list it; plain protects nothing once the request is seen."),
            _FRONT,
        ),
        '"code_challenge_methods_supported": ["plain"]',
        '"code_challenge_methods_supported": ["S256"]',
    ),
    Explanation(
        "as-pkce-plain",
        (
            (
                KEYCLOAK,
                "The document lists both; the client policy or the client's setting Proof Key"
                " for Code Exchange Code Challenge Method makes S256 the only one that is"
                " accepted.",
            ),
        ),
        '"code_challenge_methods_supported": ["plain", "S256"]',
        '"code_challenge_methods_supported": ["S256"]',
    ),
    Explanation(
        "as-no-authorize",
        ((ANY, "Add authorization_endpoint, an absolute https URL."),),
        '{"issuer": "https://auth.example.com", "token_endpoint": "https://auth.example.com/token"}',
        '"authorization_endpoint": "https://auth.example.com/authorize"',
    ),
    Explanation(
        "as-no-token",
        ((ANY, "Add token_endpoint, an absolute https URL."),),
        '{"authorization_endpoint": "https://auth.example.com/authorize"}',
        '"token_endpoint": "https://auth.example.com/token"',
    ),
    Explanation(
        "as-endpoint-http",
        (
            (
                PROXY,
                "Configure the public https URL, or forward the scheme and trust it: Keycloak"
                " --proxy-headers=xforwarded, uvicorn --proxy-headers, Express trust proxy.",
            ),
        ),
        '"token_endpoint": "http://auth.example.com/token"',
        '"token_endpoint": "https://auth.example.com/token"',
    ),
    Explanation(
        "as-endpoint-scheme",
        (
            (
                ANY,
                "Only absolute https URLs can be endpoints. A javascript:, data: or file: address"
                " is an attack on clients, or a template that nobody filled in.",
            ),
        ),
        '"authorization_endpoint": "javascript:alert(1)"',
        '"authorization_endpoint": "https://auth.example.com/authorize"',
    ),
    Explanation(
        "as-endpoint-private",
        (
            (
                PROXY,
                "Publish public host names: the browser of the person and the client must both"
                " reach them.",
            ),
        ),
        '"token_endpoint": "https://10.0.0.5/token"',
        '"token_endpoint": "https://auth.example.com/token"',
    ),
    Explanation(
        "as-endpoint-params",
        (
            (
                ANY,
                "Leave the query to the client: take client_id, redirect_uri, scope and the like"
                " out of the endpoint.",
            ),
        ),
        '"authorization_endpoint": "https://auth.example.com/authorize?client_id=abc"',
        '"authorization_endpoint": "https://auth.example.com/authorize"',
    ),
    Explanation(
        "as-response-types",
        ((ANY, "List code; the member is required (RFC 8414 §2)."),),
        '{"issuer": "https://auth.example.com"}',
        '"response_types_supported": ["code"]',
    ),
    Explanation(
        "as-no-registration",
        (
            (
                ANY,
                "Support client ID metadata documents"
                " (client_id_metadata_document_supported: true), or publish a"
                " registration_endpoint; else tell people where to get a client id.",
            ),
            (
                f"{ENTRA}, {COGNITO}, {GOOGLE}",
                "They have no registration for strangers: register one application and publish its"
                " id, or put a front before them.",
            ),
            (FASTMCP, "OAuthProxy and OIDCProxy register clients in front of such a provider."),
            (AUTH0, "Switch on dynamic client registration in the tenant's settings."),
            (WORKOS, "Connect, Configuration: Dynamic Client Registration."),
            (
                KEYCLOAK,
                "Client registration policies for anonymous access must allow the redirect URI;"
                " the endpoint is /realms/REALM/clients-registrations/openid-connect.",
            ),
        ),
        '{"issuer": "https://auth.example.com"}',
        '"client_id_metadata_document_supported": true',
    ),
    Explanation(
        "as-iss-not-promised",
        (
            (
                ANY,
                "Send iss with every authorization response, errors too, and say so"
                " (RFC 9207 §2.3). Do not promise it before it is sent.",
            ),
            (AUTH0, "Settings, Advanced: Include Issuer in Authorization Responses."),
        ),
        "302 Location: http://127.0.0.1:43117/callback?code=…&state=…",
        '"authorization_response_iss_parameter_supported": true\n'
        "302 Location: http://127.0.0.1:43117/callback?code=…&state=…&iss=https%3A%2F%2Fauth.example.com",
    ),
    Explanation(
        "as-legacy-paths",
        (
            (
                ANY,
                "The default paths were dropped after revision 2025-03-26: publish protected"
                " resource metadata on the MCP server and RFC 8414 metadata on the issuer.",
            ),
        ),
        f"GET {_PLACE}\n404 Not Found\nGET /authorize\n200 OK",
        f"GET {_PLACE}\n200 OK",
    ),
)
