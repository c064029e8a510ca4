"""How each rule for an authorization server's metadata and registration is broken and kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mcp_auth_tui.model import Request, Secret
from tests.findings.case import STATELESS, Case, case
from tests.findings.site import CIMD, OAUTH, Site, at, callback, site
from tests.protocol.script import (
    AS,
    NO_STORE,
    OIDC,
    PRM,
    REDIRECT,
    Page,
    body_of,
    challenged,
    header,
    json,
    metadata,
    metadata_at,
    prm,
    raw,
)

SCOPED = 'scope="mcp:basic"'
REGISTER = f"{AS}/register"
_OWN = {
    "client_id": CIMD,
    "client_name": "mcp-auth-tui",
    "redirect_uris": [REDIRECT],
    "token_endpoint_auth_method": "none",
}
_CODE_ONLY = {"grant_types_supported": ["authorization_code"]}
_DEVICE = {
    "device_authorization_endpoint": f"{AS}/device",
    "grant_types_supported": [
        "authorization_code",
        "refresh_token",
        "urn:ietf:params:oauth:grant-type:device_code",
    ],
}
BASIC = {"client_id": "me", "client_secret": Secret("a-secret")}


def offering(**members: Any) -> Callable[[], Site]:
    return lambda: site(server=members)


def openid(**members: Any) -> dict[str, Any]:
    return metadata(
        **{
            "jwks_uri": f"{AS}/jwks",
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            **members,
        }
    )


def at_oauth(page: Page) -> Callable[[], Site]:
    """The place of RFC 8414 gives this; the OpenID document is good."""
    return lambda: site(pages={PRM: json(200, prm()), OAUTH: page}, documents={OIDC: openid()})


def documents(by_url: dict[str, Any]) -> Callable[[], Site]:
    return lambda: site(documents=by_url)


def registering(**members: Any) -> Callable[[], Site]:
    return lambda: site(registers=members)


def register_page(page: Page, **members: Any) -> Callable[[], Site]:
    return lambda: site(server=members, answers=at(REGISTER, page))


def refusing_scopes(request: Request) -> Page | None:
    """Refuse a registration that names scopes."""
    if request.url != REGISTER or "scope" not in body_of(request):
        return None
    return json(400, {"error": "invalid_client_metadata", "error_description": "invalid scope"})


def refusing_refresh(request: Request) -> Page | None:
    """Refuse a registration that names a grant which the metadata does not list."""
    if request.url != REGISTER or "refresh_token" not in body_of(request)["grant_types"]:
        return None
    return json(400, {"error": "invalid_client_metadata", "error_description": "grant type"})


def refusing_versions(request: Request) -> Page | None:
    """Refuse a registration that names its software."""
    if request.url != REGISTER or "software_version" not in body_of(request):
        return None
    return json(400, {"error": 'Unrecognized field "software_version"'})


def demanding_a_redirect(request: Request) -> Page | None:
    """Register no device without a redirect URI; then no code is ever typed."""
    if request.url == f"{AS}/device":
        return json(400, {"error": "access_denied"})
    if request.url != REGISTER or "redirect_uris" in body_of(request):
        return None
    return json(400, {"error": "invalid_redirect_uri"})


def no_device(request: Request) -> Page | None:
    """Begin no device authorization."""
    return json(400, {"error": "access_denied"}) if request.url == f"{AS}/device" else None


def registration(*headers: tuple[str, str], status: int = 201, **members: Any) -> Page:
    answer = {
        "client_id": "registered-1",
        "redirect_uris": [REDIRECT],
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "token_endpoint_auth_method": "none",
        **members,
    }
    return json(status, answer, *headers)


def own(page: Page | None = None, **members: Any) -> Callable[[], Site]:
    """The document of the client itself, with members changed, or in place of it a page."""
    document = {**_OWN, **members}
    good = json(200, {key: value for key, value in document.items() if value is not ...})
    return lambda: site(answers=at(CIMD, good if page is None else page))


def moved() -> Site:
    """The resource names another authorization server once a token was tried."""
    changed = site()
    refused = challenged(401, f'Bearer resource_metadata="{PRM}", {SCOPED}, error="invalid_token"')

    def answer(request: Any) -> Page | None:
        if not header(request, "Authorization"):
            return None
        changed.pages[PRM] = json(200, prm(authorization_servers=["https://new.example"]))
        return refused

    changed.answers = answer
    return changed


def legacy() -> Site:
    base = "https://mcp.example"
    return site(
        pages={}, documents={}, base=base, challenge=f"Bearer {SCOPED}", callback=callback(iss=...)
    )


def legacy_with_metadata() -> Site:
    base = "https://mcp.example"
    changed = legacy()
    place = f"{base}/.well-known/oauth-authorization-server"
    changed.pages[place] = json(200, metadata_at(base))
    changed.callback = callback(iss=base)
    return changed


def proved(*algorithms: str) -> Callable[[], Site]:
    return lambda: site(server={"dpop_signing_alg_values_supported": list(algorithms)})


_JAG = "urn:ietf:params:oauth:grant-profile:id-jag"
_JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_CODE = ["authorization_code", "refresh_token"]
_HTML = raw(200, "<!doctype html>", ("content-type", "text/html"))
_SECRET = {"client_secret": "s", "client_secret_expires_at": 0}
_WITH_BASIC = {**_SECRET, "token_endpoint_auth_method": "client_secret_basic"}
_MINE = {"client_metadata_url": CIMD}
_LARGE = f"https://client.example/{'x' * 6000}"

CASES: tuple[Case, ...] = (
    case("as-missing", documents({})),
    case("as-status", at_oauth(raw(403))),
    case("as-html", at_oauth(_HTML)),
    case("as-content-type", at_oauth(json(200, metadata(), kind="text/plain"))),
    case("as-json", at_oauth(json(200, [metadata()]))),
    case("as-issuer-missing", offering(issuer=...)),
    case("as-issuer-form", offering(issuer=f"{AS}#x"), "as-issuer-mismatch"),
    case("as-issuer-mismatch", offering(issuer="https://elsewhere.example")),
    case("as-issuer-slash", offering(issuer=f"{AS}/")),
    case("as-no-authorize", offering(authorization_endpoint=...)),
    case("as-no-token", offering(token_endpoint=...)),
    case("as-endpoint-http", offering(token_endpoint="http://as.example/token")),
    case("as-endpoint-scheme", offering(authorization_endpoint="javascript:alert(1)")),
    case("as-endpoint-private", offering(token_endpoint="https://10.0.0.5/token")),
    case("as-endpoint-fragment", offering(token_endpoint=f"{AS}/token#x")),
    case("as-endpoint-params", offering(authorization_endpoint=f"{AS}/authorize?client_id=x")),
    case(
        "as-endpoint-foreign",
        offering(registration_endpoint="https://elsewhere.net/register"),
        kept=offering(registration_endpoint="https://login.as.example/register"),
    ),
    case("as-response-types", offering(response_types_supported=...)),
    case("as-pkce-absent", offering(code_challenge_methods_supported=...)),
    case("as-pkce-no-s256", offering(code_challenge_methods_supported=["plain"])),
    case("as-pkce-plain", offering(code_challenge_methods_supported=["S256", "plain"])),
    case("as-implicit", offering(response_types_supported=["code", "token id_token"])),
    case("as-password-grant", offering(grant_types_supported=[*_CODE, "password"])),
    case("as-no-code-grant", offering(grant_types_supported=["refresh_token"])),
    case("as-no-refresh", offering(grant_types_supported=["authorization_code"])),
    case("as-auth-methods-default", offering(token_endpoint_auth_methods_supported=...)),
    case(
        "as-public-unsupported",
        offering(token_endpoint_auth_methods_supported=["client_secret_basic"]),
        **BASIC,
    ),
    case(
        "as-jwt-auth-algs",
        offering(token_endpoint_auth_methods_supported=["none", "private_key_jwt"]),
        kept=offering(
            token_endpoint_auth_methods_supported=["none", "private_key_jwt"],
            token_endpoint_auth_signing_alg_values_supported=["ES256"],
        ),
    ),
    case(
        "as-iss-not-promised",
        lambda: site(
            server={"authorization_response_iss_parameter_supported": ...},
            callback=callback(iss=...),
            era="stateless",
        ),
        kept=lambda: site(era="stateless"),
        **STATELESS,
    ),
    case(
        "as-no-registration",
        offering(registration_endpoint=..., client_id_metadata_document_supported=...),
        **BASIC,
    ),
    case("as-no-cimd", offering(client_id_metadata_document_supported=...)),
    case(
        "as-dcr-only",
        lambda: site(server={"client_id_metadata_document_supported": ...}, era="stateless"),
        kept=lambda: site(era="stateless"),
        **STATELESS,
    ),
    case("as-oidc-members", documents({OIDC: metadata()}), kept=documents({OIDC: openid()})),
    case("as-empty-array", offering(ui_locales_supported=[])),
    case("as-null", offering(service_documentation=None)),
    case(
        "as-scope-unknown",
        offering(scopes_supported=["other"]),
        kept=offering(scopes_supported=["other", "mcp:basic"]),
    ),
    case(
        "as-par-required",
        offering(
            require_pushed_authorization_requests=True,
            pushed_authorization_request_endpoint=f"{AS}/par",
        ),
    ),
    case("as-jar-required", offering(require_signed_request_object=True)),
    case("as-dpop-algs", proved("ES256", "HS256"), kept=proved("ES256", "EdDSA")),
    case(
        "as-idjag-grant",
        offering(authorization_grant_profiles_supported=[_JAG]),
        kept=offering(
            authorization_grant_profiles_supported=[_JAG],
            grant_types_supported=[*_CODE, _JWT_BEARER],
        ),
    ),
    case(
        "as-cc-auth",
        offering(
            grant_types_supported=[*_CODE, "client_credentials"],
            token_endpoint_auth_methods_supported=["none"],
        ),
        kept=offering(grant_types_supported=[*_CODE, "client_credentials"]),
    ),
    case(
        "as-legacy-paths",
        legacy,
        "prm-missing",
        "rs-challenge-no-prm",
        kept=legacy_with_metadata,
    ),
    case("as-changed", moved, client_id="me"),
    case("dcr-status", register_page(registration(NO_STORE, status=200))),
    case(
        "dcr-error-shape",
        register_page(raw(400, "no")),
        "dcr-refused",
        kept=register_page(json(400, {"error": "invalid_client_metadata"})),
    ),
    case("dcr-no-client-id", registering(client_id=...)),
    case("dcr-client-id-type", registering(client_id=42)),
    case(
        "dcr-scope-refused",
        lambda: site(answers=refusing_scopes),
    ),
    case(
        "dcr-refresh-refused",
        lambda: site(server=_CODE_ONLY, answers=refusing_refresh),
        "as-no-refresh",
        kept=lambda: site(server=_CODE_ONLY),
    ),
    case(
        "dcr-member-refused",
        lambda: site(answers=refusing_versions),
    ),
    case(
        "dcr-redirect-demanded",
        lambda: site(server=_DEVICE, answers=demanding_a_redirect),
        "authz-error",
        kept=lambda: site(server=_DEVICE, answers=no_device),
        grant="device_code",
    ),
    case(
        "dcr-method-silent",
        registering(token_endpoint_auth_method=...),
        "dcr-echo",
    ),
    case(
        "dcr-secret-expiry",
        registering(client_secret="s", token_endpoint_auth_method="client_secret_basic"),
        kept=registering(**_WITH_BASIC),
    ),
    case("dcr-secret-mismatch", registering(**_SECRET)),
    case("dcr-echo", registering(grant_types=...)),
    case("dcr-null", registering(client_uri=None)),
    case("dcr-redirects-changed", registering(redirect_uris=["http://localhost/callback"])),
    case(
        "dcr-method-unlisted",
        registering(**_SECRET, token_endpoint_auth_method="client_secret_post"),
    ),
    case(
        "dcr-cacheable",
        register_page(registration(**_SECRET, token_endpoint_auth_method="client_secret_basic")),
        kept=register_page(
            registration(NO_STORE, **_SECRET, token_endpoint_auth_method="client_secret_basic")
        ),
    ),
    case("dcr-loopback-refused", register_page(json(400, {"error": "invalid_redirect_uri"}))),
    case("dcr-needs-token", register_page(json(401, {"error": "invalid_token"}))),
    case(
        "dcr-mgmt-partial",
        registering(registration_client_uri="/register/1", registration_access_token="t"),
        kept=registering(registration_client_uri=f"{REGISTER}/1", registration_access_token="t"),
    ),
    case("dcr-id-like-url", registering(client_id="https://as.example/clients/1")),
    case("dcr-refused", register_page(json(400, {"error": "invalid_client_metadata"}))),
    case(
        "cimd-own-url-form",
        own(),
        kept=own(),
        kept_settings=_MINE,
        client_metadata_url="https://client.example",
    ),
    case("cimd-own-id-mismatch", own(client_id=f"{CIMD}?v=1"), kept=own(), **_MINE),
    case("cimd-own-required-members", own(client_name=...), kept=own(), **_MINE),
    case("cimd-own-secret", own(client_secret="s"), kept=own(), **_MINE),
    case(
        "cimd-own-symmetric-auth",
        own(token_endpoint_auth_method="client_secret_basic"),
        kept=own(token_endpoint_auth_method="private_key_jwt"),
        **_MINE,
    ),
    case(
        "cimd-own-redirect-absent",
        own(redirect_uris=["http://localhost/callback"]),
        # RFC 8252 §7.3: of a loopback address the port is free.
        kept=own(redirect_uris=["http://127.0.0.1/callback"]),
        **_MINE,
    ),
    case(
        "cimd-own-redirected",
        own(raw(301, b"", ("location", "https://client.example/other.json"))),
        kept=own(),
        **_MINE,
    ),
    case(
        "cimd-own-content-type",
        own(json(200, _OWN, kind="text/plain")),
        kept=own(),
        **_MINE,
    ),
    case(
        "cimd-own-too-large",
        own(client_uri=f"https://client.example/{_LARGE}"),
        kept=own(),
        **_MINE,
    ),
)
