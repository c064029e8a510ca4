"""How each rule for the callback, the token, proofs and the run itself is broken and kept."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from mcp_auth_tui.model import Failure, Request, Response, Secret
from mcp_auth_tui.model.oauth import CertificateFacts
from mcp_auth_tui.protocol.actions import Callback
from tests.findings.case import STATELESS, Case, case
from tests.findings.cases_resource import NAMED, SCOPED, dpop_site
from tests.findings.cases_server import BASIC
from tests.findings.site import (
    EPOCH,
    IDP,
    LATE,
    THUMB,
    Site,
    at,
    callback,
    jwt,
    site,
    stray,
)
from tests.protocol.script import (
    AS,
    MCP,
    NO_STORE,
    PRM,
    REDIRECT,
    Page,
    form_of,
    header,
    json,
    prm,
    raw,
)

TOKEN = f"{AS}/token"
CLIENT = "client_credentials"
JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
ID_JAG = "urn:ietf:params:oauth:token-type:id-jag"
PROFILE = "urn:ietf:params:oauth:grant-profile:id-jag"
REFRESH: dict[str, Any] = {"refresh": True}
GRANTS = ["authorization_code", "refresh_token", CLIENT, JWT_BEARER]
MACHINE = {**BASIC, "grant": CLIENT}
PERSON: dict[str, Any] = {
    "grant": "id-jag",
    "client_id": "me",
    "client_secret": Secret("a-secret"),
    "subject_token": Secret("id-token-of-ada"),
    "idp_token_endpoint": IDP,
    "idp_client_id": "me-at-idp",
    "idp_issuer": "https://idp.example",
}
WORKLOAD = {"grant": "jwt-bearer", "client_id": "me"}


def coming(**changes: Any) -> Callable[[], Site]:
    return lambda: site(callback=callback(**changes))


def failing(error: str, **changes: Any) -> Callable[[], Site]:
    return coming(code=..., error=error, **changes)


def arriving(*arrivals: Any) -> Callable[[], Site]:
    return lambda: site(arrivals=list(arrivals))


def issuing(**members: Any) -> Callable[[], Site]:
    return lambda: site(issues=members)


def issued(header: dict[str, Any] | None = None, **claims: Any) -> Callable[[], Site]:
    return lambda: site(issues={"access_token": jwt(header, **claims)})


def token_page(page: Page) -> Callable[[], Site]:
    return lambda: site(answers=at(TOKEN, page))


def authorize_page(page: Page) -> Callable[[], Site]:
    """What the authorization endpoint answers who asks it before a browser does."""
    return lambda: site(pages={PRM: json(200, prm()), f"{AS}/authorize": page})


def by_id_token() -> Site:
    """The MCP server takes the ID token."""
    identity = jwt({"typ": "JWT"}, aud="registered-1")
    world = site(issues={"id_token": identity})
    world.tokens[identity] = "mcp:basic"
    return world


# The secret is one that the encoding of Basic alters.
BOTH: dict[str, Any] = {"client_id": "me", "client_secret": Secret("a/b")}


def reading(way: str) -> Callable[[Request], Page | None]:
    """Take the client in one way of authentication alone: ``raw`` is Basic without decoding."""

    def answer(request: Request) -> Page | None:
        given = header(request, "Authorization") or ""
        raw_basic = f"Basic {b64encode(b'me:a/b').decode()}"
        good = given == raw_basic if way == "raw" else "client_secret" in dict(form_of(request))
        if request.url != TOKEN or good:
            return None
        missing = {"error": "invalid_client"}
        if way != "raw":
            missing["error_description"] = "client_id is required"
        return json(401, missing, NO_STORE, ("www-authenticate", 'Basic realm="as"'))

    return answer


def answered(*headers: tuple[str, str], status: int = 200, kind: str = "application/json") -> Page:
    token = {"access_token": "test-token-1", "token_type": "Bearer", "expires_in": 3600}
    return json(status, token, *headers, kind=kind)


def token_once(page: Page) -> Callable[[], Site]:
    """This page comes in place of the token answer, and its token is good."""

    def make() -> Site:
        world = token_page(page)()
        world.tokens = {}
        world.__post_init__()
        world.tokens["test-token-1"] = "mcp:basic"
        return world

    return make


def refreshed(**members: Any) -> Callable[[], Site]:
    """The first token is good; what refreshing it brings has these members."""

    def make() -> Site:
        world = site(issues={"refresh_token": "r-1"})
        token = {
            "access_token": "test-token-2",
            "token_type": "Bearer",
            "expires_in": 3600,
            "refresh_token": "r-2",
            **members,
        }
        world.tokens["test-token-2"] = "mcp:basic mcp:more"
        world.answers = at(TOKEN, json(200, token, NO_STORE), "refresh_token")
        return world

    return make


def machine(**members: Any) -> Callable[[], Site]:
    return lambda: site(server={"grant_types_supported": GRANTS}, issues=members)


def proving(access: str, **changes: Any) -> Callable[[], Site]:
    def make() -> Site:
        world = dpop_site()
        world.issues = {"access_token": access, **changes}
        return world

    return make


def demanding(status: int, *headers: tuple[str, str]) -> Callable[[], Site]:
    """The token endpoint wants a nonce once."""

    def make() -> Site:
        world, left = dpop_site(), [json(status, {"error": "use_dpop_nonce"}, *headers)]

        def answer(request: Request) -> Page | None:
            return left.pop() if left and request.url == TOKEN else None

        world.answers = answer
        return world

    return make


def vouching(
    answer: dict[str, Any] | None = None, header: dict[str, Any] | None = None, **claims: Any
) -> Callable[[], Site]:
    """The identity provider gives this ID-JAG."""
    jag = jwt(
        {"typ": "oauth-id-jag+jwt", **(header or {})},
        **{"aud": AS, "resource": MCP, "client_id": "me", "exp": EPOCH + 300, **claims},
    )
    token = {
        "issued_token_type": ID_JAG,
        "access_token": jag,
        "token_type": "N_A",
        "expires_in": 300,
        **(answer or {}),
    }
    listed = {"grant_types_supported": GRANTS}
    return lambda: site(server=listed, answers=at(IDP, json(200, token, NO_STORE)))


def profiled(*profiles: str) -> Callable[[], Site]:
    def make() -> Site:
        listed = {
            "grant_types_supported": GRANTS,
            "authorization_grant_profiles_supported": list(profiles),
        }
        return replace(vouching()(), documents={}, **_documents(listed))

    return make


def _documents(listed: dict[str, Any]) -> dict[str, Any]:
    return {"pages": site(server=listed).pages}


def at_mcp(page: Page) -> Callable[[], Site]:
    return lambda: site(answers=at(MCP, page))


def at_prm(page: Page) -> Callable[[], Site]:
    return lambda: site(pages={PRM: page, f"{MCP}/x": NOT_FOUND})


def pasted(address: str) -> Any:
    """What is pasted, with code, state and issuer of the request behind the address."""

    def paste(asked: dict[str, str]) -> Callback:
        return Callback("", "paste", f"{address}?{callback()(asked)}")

    return paste


def algs_site(algs: str) -> Callable[[], Site]:
    def make() -> Site:
        world = dpop_site()
        world.challenge = f"DPoP {NAMED}, {SCOPED}{algs}"
        return world

    return make


def _page(request: Request) -> Page | None:
    signing_in = request.url.startswith(f"{AS}/authorize?")
    return raw(200, "<form>", ("content-type", "text/html")) if signing_in else None


NOT_FOUND = raw(404)
_WITH_QUERY = {"redirect_uri": f"{REDIRECT}?app=1"}
_SCOPE = "mcp:basic"
_TWO = f'Bearer {NAMED}, scope="a b"'
_JWT = jwt(cnf={"jkt": THUMB})
_DOWN = raw(302, b"", ("location", PRM.replace("https", "http")))

CASES: tuple[Case, ...] = (
    case("authz-state", arriving(stray())),
    case("authz-iss-absent", coming(iss=...)),
    case("authz-iss-differs", coming(iss=f"{AS}/")),
    case(
        "authz-iss-unpromised",
        lambda: site(server={"authorization_response_iss_parameter_supported": ...}),
        "as-iss-not-promised",
    ),
    case(
        "authz-iss-error-absent",
        lambda: site(
            server={"authorization_response_iss_parameter_supported": ...},
            callback=callback(code=..., error="server_error", iss=...),
            era="stateless",
        ),
        "as-iss-not-promised",
        "authz-error",
        kept=lambda: site(callback=callback(code=..., error="server_error"), era="stateless"),
        **STATELESS,
    ),
    case(
        "authz-dup-param",
        lambda: site(callback=lambda asked: f"{callback()(asked)}&code=other"),
    ),
    case("authz-code-and-error", coming(error="server_error")),
    case("authz-empty", coming(code=...)),
    case("authz-token-in-url", coming(access_token="secret-token")),
    case("authz-post", arriving(stray(method="POST"))),
    case(
        "authz-redirect-altered",
        coming(),
        kept=coming(app="1"),
        **_WITH_QUERY,
    ),
    case(
        "authz-error-form",
        failing("it_went_wrong"),
        "authz-error",
        kept=failing("server_error"),
    ),
    case("authz-resource-refused", failing("invalid_target")),
    case("authz-instant", lambda: site(pause=0.1)),
    case("authz-denied", failing("access_denied")),
    case("authz-error", failing("server_error")),
    case("authz-client-refused", authorize_page(raw(400, "Unknown client")), client_id="me"),
    case("authz-page", authorize_page(raw(503, "no database")), client_id="me"),
    case("authz-timeout", arriving(LATE)),
    case("authz-paste", arriving(*[Callback("", "paste", "a-bare-code-of-some-length")] * 2)),
    case(
        "token-status",
        token_once(answered(NO_STORE, status=201)),
        kept=token_once(answered(NO_STORE)),
    ),
    case("token-content-type", token_once(answered(NO_STORE, kind="text/plain"))),
    case("token-cacheable", token_once(answered())),
    case("token-no-access", issuing(access_token=...)),
    case("token-no-type", issuing(token_type=...)),
    case("token-type-unknown", issuing(token_type="mac")),
    case("token-expiry", issuing(expires_in=...)),
    case("token-long-lived", issuing(expires_in=7 * 86_400)),
    case(
        "token-scope-differs",
        issued(scope="mcp:other"),
        kept=issued(scope="mcp:basic openid"),
    ),
    case("token-scope-array", issuing(scope=[_SCOPE])),
    case(
        "token-scope-commas",
        lambda: site({"scopes_supported": ["a", "b"]}, challenge=_TWO, issues={"scope": "a,b"}),
        kept=lambda: site({"scopes_supported": ["a", "b"]}, challenge=_TWO),
    ),
    case(
        "token-scope-narrow",
        lambda: site({"scopes_supported": ["a", "b"]}, challenge=_TWO, issues={"scope": "a"}),
        kept=lambda: site({"scopes_supported": ["a", "b"]}, challenge=_TWO),
    ),
    case("token-scope-wide", issuing(scope=f"{_SCOPE} mcp:more"), kept=issuing(scope=_SCOPE)),
    case("token-refresh-static", refreshed(refresh_token="r-1"), kept=refreshed(), **REFRESH),
    case(
        "token-refresh-wider",
        refreshed(scope=f"{_SCOPE} mcp:more"),
        "token-scope-wide",
        kept=refreshed(scope=_SCOPE),
        **REFRESH,
    ),
    case(
        "token-refresh-unasked",
        lambda: site(
            registers={"grant_types": ["authorization_code"]}, issues={"refresh_token": "r-1"}
        ),
        kept=issuing(refresh_token="r-1"),
    ),
    case("token-refresh-cc", machine(refresh_token="r-1"), kept=machine(), **MACHINE),
    case("token-error-form", token_page(raw(400, "<html>")), "token-error"),
    case(
        "token-auth-method",
        lambda: site(
            server={
                "token_endpoint_auth_methods_supported": [
                    "none",
                    "client_secret_basic",
                    "client_secret_post",
                ]
            },
            answers=reading("client_secret_post"),
        ),
        **BOTH,
    ),
    case("token-basic-encoding", lambda: site(answers=reading("raw")), **BOTH),
    case("token-no-refresh", issuing(), kept=refreshed(), **REFRESH),
    case("token-redirect", token_page(raw(307, b"", ("location", f"{AS}/token2")))),
    case("token-syntax", issuing(access_token="a:b")),
    case("token-size", issuing(access_token="a" * 5000)),
    case("token-error", token_page(json(400, {"error": "invalid_grant"}, NO_STORE))),
    case(
        "token-refresh-refused",
        lambda: site(
            issues={"refresh_token": "r-1"},
            answers=at(TOKEN, json(400, {"error": "invalid_grant"}, NO_STORE), "refresh_token"),
        ),
        kept=refreshed(),
        **REFRESH,
    ),
    case("jwt-aud", issued(aud="https://other.example/mcp"), kept=issued(aud=[MCP])),
    case(
        "jwt-aud-many",
        issued(aud=[MCP, "https://other.example/mcp"]),
        kept=issued(aud=[MCP, f"{AS}/userinfo"]),
    ),
    case("jwt-iss", issued(iss="https://idp.example"), kept=issued()),
    case("jwt-alg", issued({"alg": "none"}), kept=issued({"alg": "EdDSA"})),
    case("jwt-typ", issued({"typ": "JWT"}), kept=issued({"typ": "application/at+JWT"})),
    case("jwt-claims", issued(jti=...), kept=issued()),
    case("jwt-exp", issued(exp=EPOCH + 86_400), kept=issued()),
    case(
        "jwt-is-id-token",
        issued({"typ": "JWT"}, aud="registered-1", nonce="n"),
        "jwt-typ",
        kept=issued(),
    ),
    case("jwt-pii", issued(email="ada@example.com"), kept=issued()),
    case(
        "dpop-bearer-returned",
        lambda: site(),
        kept=lambda: site(scheme="DPoP"),
        dpop="on",
    ),
    case("dpop-cnf", proving(jwt()), "prm-dpop-required", kept=proving(_JWT)),
    case(
        "token-cnf",
        issued(cnf={"x5t#S256": "of-the-proxy"}),
        kept=issued(cnf={"x5t#S256": "of-the-client"}),
        certificate=CertificateFacts("of-the-client", "CN=ada", self_issued=False),
    ),
    case(
        "client-no-id-token",
        site,
        kept=by_id_token,
        id_token=True,
    ),
    case(
        "dpop-nonce",
        demanding(401, ("dpop-nonce", "n1")),
        "prm-dpop-required",
        kept=demanding(400, ("dpop-nonce", "n1")),
    ),
    case("dpop-algs-param", algs_site(""), "prm-dpop-required", kept=algs_site(', algs="ES256"')),
    case(
        "idjag-issued-type",
        vouching({"issued_token_type": "urn:ietf:params:oauth:token-type:access_token"}),
        kept=vouching(),
        **PERSON,
    ),
    case("idjag-token-type", vouching({"token_type": "Bearer"}), kept=vouching(), **PERSON),
    case("idjag-typ", vouching(None, {"typ": "JWT"}), kept=vouching(), **PERSON),
    case("idjag-aud", vouching(aud="https://other.example"), kept=vouching(), **PERSON),
    case("idjag-resource", vouching(resource=f"{MCP}2"), kept=vouching(), **PERSON),
    case("idjag-client-id", vouching(client_id="other"), kept=vouching(), **PERSON),
    case("idjag-long-lived", vouching(exp=EPOCH + 86_400), kept=vouching(), **PERSON),
    case("ext-undeclared", profiled("urn:other"), kept=profiled(PROFILE), **PERSON),
    case("net-tls", at_mcp(Failure("net-tls", "the certificate has expired"))),
    case("net-downgrade", at_prm(_DOWN)),
    case("net-dns", at_mcp(Failure("net-dns", "no such host"))),
    case("net-connect", at_mcp(Failure("net-connect", "refused"))),
    case("net-timeout", at_mcp(Failure("net-timeout", "no answer"))),
    case("net-slow", at_mcp(Failure("net-slow", "half an answer"))),
    case("net-rate-limited", at_mcp(raw(429, b"", ("retry-after", "5")))),
    case(
        "net-oversize",
        lambda: site(
            challenge=f"Bearer {SCOPED}",
            pages={
                PRM: Response(200, (("content-type", "application/json"),), b"{", True),
                PRM.removesuffix("/mcp"): json(200, prm()),
            },
        ),
        "rs-challenge-no-prm",
    ),
    case("net-http", at_mcp(raw(500))),
    case("client-port-busy", lambda: site(bound=Failure("client-port-busy", "taken"))),
    case(
        "client-store",
        lambda: replace(refreshed()(), turn=Failure("client-store", "No space left on device")),
        kept=refreshed(),
        **REFRESH,
    ),
    case("client-no-person", lambda: site(answers=_page), kept_settings={}, follow=True),
    case("client-overridden", site, kept_settings={}, send_resource=False),
    case("client-insecure", site, kept_settings={}, insecure=True),
    case(
        "client-url",
        site,
        kept_settings={"issuer": AS},
        issuer="https://as.example?x=1",
    ),
    case(
        "client-key",
        lambda: replace(dpop_site(), signature=Failure("client-key", "no such key")),
        "prm-dpop-required",
        kept=dpop_site,
    ),
    case("client-grant", site, kept_settings={}, grant=CLIENT),
    case(
        "client-assertion",
        machine(),
        kept=machine(),
        kept_settings={**WORKLOAD, "assertion": Secret(jwt(aud=AS))},
        **WORKLOAD,
        assertion=Secret("no jwt"),
    ),
    case(
        "client-assertion-aud",
        machine(),
        kept=machine(),
        kept_settings={**WORKLOAD, "assertion": Secret(jwt(aud=AS))},
        **WORKLOAD,
        assertion=Secret(jwt(aud="https://other.example")),
    ),
)
