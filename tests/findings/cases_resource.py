"""How each rule for the MCP server and its metadata (rs-*, prm-*) is broken and kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mcp_auth_tui.model import Request
from tests.findings.case import STATELESS, Case, case
from tests.findings.old_transport import ENDPOINT, SSE, Sse
from tests.findings.site import Site, at, jwt, site, with_token
from tests.protocol.script import (
    AS,
    HELLO,
    MCP,
    PRM,
    PRM_ROOT,
    Page,
    body_of,
    challenged,
    error,
    header,
    json,
    prm,
    raw,
    result,
)

NAMED = f'resource_metadata="{PRM}"'
SCOPED = 'scope="mcp:basic"'
WHOLE = f"Bearer {NAMED}, {SCOPED}"


def challenge(text: str, **changes: Any) -> Callable[[], Site]:
    return lambda: site(challenge=text, **changes)


def anywhere(page: Page, **changes: Any) -> Callable[[], Site]:
    """Every request to the MCP server is answered so."""

    def answer(request: Request) -> Page | None:
        return page if request.url == MCP else None

    return lambda: site(answers=answer, **changes)


def refusing(*pages: Page, **changes: Any) -> Callable[[], Site]:
    """The first requests for the tools with a token are answered so."""

    def make() -> Site:
        left = list(pages)

        def answer(request: Request) -> Page | None:
            asked = request.url == MCP and body_of(request).get("method") == "tools/list"
            return left.pop(0) if left and asked and header(request, "Authorization") else None

        return site(answers=answer, **changes)

    return make


def needing(scope: str, more: str = f", {NAMED}") -> Page:
    return challenged(403, f'Bearer error="insufficient_scope", scope="{scope}"{more}')


def token_refused(page: Page) -> Callable[[], Site]:
    return lambda: site(answers=with_token(page))


def documented(**members: Any) -> Callable[[], Site]:
    return lambda: site(members)


def at_path(page: Page, **more: Page) -> Callable[[], Site]:
    """The place that the challenge names gives this; the root place is good."""
    return lambda: site(pages={PRM: page, PRM_ROOT: json(200, prm()), **more})


def echoing(request: Request) -> Page | None:
    token = header(request, "Authorization")
    asked = body_of(request)
    if not token or asked.get("method") != "tools/list":
        return None
    tool = {"name": "t", "description": token, "inputSchema": {"type": "object"}}
    result = {"tools": [tool]}
    return json(200, {"jsonrpc": "2.0", "id": asked["id"], "result": result})


def masking(request: Request) -> Page | None:
    known = body_of(request).get("method") == "server/discover"
    return error(request, 400, -32021, "capability missing") if known else None


def forbidding(request: Request) -> Page | None:
    named = body_of(request).get("method") if request.url == MCP else ""
    return error(request, 200, -32001, "Unauthorized") if named == "server/discover" else None


def dpop_site(**members: Any) -> Site:
    return site(
        {"dpop_bound_access_tokens_required": True, **members},
        {"dpop_signing_alg_values_supported": ["ES256"]},
        scheme="DPoP",
        challenge=f'DPoP {NAMED}, {SCOPED}, algs="ES256"',
    )


def with_query() -> Site:
    url = f"{MCP}?tenant=1"
    place = f"{PRM}?tenant=1"
    return site(url=url, pages={place: json(200, prm(resource=url))}, challenge=f"Bearer {SCOPED}")


def plain_query() -> Site:
    return site(challenge=f"Bearer {SCOPED}")


_REDIRECT = raw(302, b"", ("location", PRM_ROOT))
_FOREIGN = "https://other.example/prm"
_LOGIN = raw(302, b"", ("location", "https://mcp.example/login"))
_CATALOGUE = "mcp:basic mcp:more mcp:most"
_THREE = {"scopes_supported": _CATALOGUE.split()}


def catalogue_site(*pages: Page) -> Callable[[], Site]:
    def make() -> Site:
        world = refusing(*pages)()
        world.pages[PRM] = json(200, prm(**_THREE))
        world.challenge = f"Bearer {NAMED}"
        world.issues = {"scope": "mcp:basic"}
        return world

    return make


def no_header(request: Request) -> Page | None:
    bare = request.url == MCP and not header(request, "Authorization")
    return raw(401) if bare else None


def wanting_key() -> Site:
    """It asks for a key, and says beside that where its metadata is not."""
    page = json(401, {"error": "Missing API key"}, ("www-authenticate", f"Bearer {SCOPED}"))

    def answer(request: Request) -> Page | None:
        return page if request.url == MCP and not header(request, "Authorization") else None

    return site(answers=answer)


def revision_refused() -> Site:
    def answer(request: Request) -> Page | None:
        asked = body_of(request).get("params", {}).get("protocolVersion")
        if not header(request, "Authorization") or asked != "2025-11-25":
            return None
        return error(request, 400, -32602, "Bad protocol version", {"supported": ["2025-06-18"]})

    return site(answers=answer)


def session_lost() -> Site:
    """The first session is gone at once."""

    def answer(request: Request) -> Page | None:
        if body_of(request).get("method") == "initialize" and header(request, "Authorization"):
            number = sum(body_of(item).get("method") == "initialize" for item in made.sent)
            return result(request, HELLO, ("mcp-session-id", f"s{number}"))
        return raw(404) if header(request, "Mcp-Session-Id") == "s1" else None

    made = site(answers=answer)
    return made


def old_transport(*, on_post: bool = False, answering: bool = True) -> Callable[[], Site]:
    event = raw(200, ENDPOINT, SSE) if on_post else raw(405)
    return lambda: Sse(post=event, answering=answering)


CASES: tuple[Case, ...] = (
    case("rs-open", lambda: site(protected={}, pages={})),
    case(
        "rs-open-metadata",
        lambda: site(protected={}),
        "rs-open",
        kept=lambda: site(protected={}, pages={}),
    ),
    case("rs-wants-key", wanting_key, "rs-challenge-no-prm"),
    case("rs-revision-refused", revision_refused),
    case("rs-session-lost", session_lost),
    case("rs-sse-on-post", old_transport(on_post=True), kept=old_transport()),
    case("rs-sse-silent", old_transport(answering=False), kept=old_transport()),
    case("rs-partial-auth", lambda: site(protected={"tools/list": ""})),
    case(
        "rs-endpoint-http",
        lambda: site(url="http://mcp.example/mcp"),
        kept_settings={},
        url="http://mcp.example/mcp",
    ),
    case("rs-401-no-challenge", lambda: site(answers=no_header)),
    case("rs-challenge-syntax", challenge(f"Bearer resource_metadata={PRM}, {SCOPED}")),
    case("rs-challenge-dup-param", challenge(f"{WHOLE}, {SCOPED}")),
    case("rs-challenge-charset", challenge(f'{WHOLE}, error_description="café"')),
    case("rs-challenge-scheme", challenge(WHOLE.replace("Bearer", "Digest"))),
    case("rs-challenge-bare", challenge("Bearer")),
    case("rs-challenge-no-prm", challenge(f"Bearer {SCOPED}")),
    case("rs-challenge-no-scope", challenge(f"Bearer {NAMED}")),
    case("rs-prm-url-bad", challenge(WHOLE.replace("https:", "http:"))),
    case(
        "rs-prm-url-dead",
        lambda: site(challenge=WHOLE.replace(PRM, PRM_ROOT), pages={PRM: json(200, prm())}),
    ),
    case("rs-not-mcp", anywhere(raw(200, "<html>", ("content-type", "text/html")))),
    case(
        "rs-prm-url-foreign",
        lambda: site(challenge=WHOLE.replace(PRM, _FOREIGN), pages={_FOREIGN: json(200, prm())}),
    ),
    case(
        "rs-prm-url-nonstandard",
        lambda: site(
            challenge=WHOLE.replace(PRM, f"{MCP}/prm"), pages={f"{MCP}/prm": json(200, prm())}
        ),
    ),
    case(
        "rs-challenge-offline",
        challenge(f'Bearer {NAMED}, scope="mcp:basic offline_access"', era="stateless"),
        kept=challenge(WHOLE, era="stateless"),
        **STATELESS,
    ),
    case("rs-challenge-error-early", challenge(f'{WHOLE}, error="invalid_token"')),
    case(
        "rs-challenge-error-absent",
        token_refused(challenged(401, WHOLE)),
        "rs-fresh-token-refused",
        kept=token_refused(challenged(401, f'{WHOLE}, error="invalid_token"')),
    ),
    case("rs-wrong-status", anywhere(challenged(500, WHOLE))),
    case(
        "rs-redirect-slash",
        lambda: site(answers=at(f"{MCP}/", raw(307, b"", ("location", "/mcp")))),
        kept_settings={},
        url=f"{MCP}/",
    ),
    case("rs-login-redirect", anywhere(_LOGIN)),
    case("rs-200-auth-error", lambda: site(answers=forbidding)),
    case(
        "rs-invalid-token-not-401",
        token_refused(challenged(403, 'Bearer error="invalid_token"')),
        "rs-fresh-token-refused",
    ),
    case(
        "rs-scope-as-401",
        refusing(challenged(401, f'Bearer error="insufficient_scope", scope="mcp:more", {NAMED}')),
        kept=refusing(needing("mcp:more")),
    ),
    case(
        "rs-403-no-challenge",
        token_refused(raw(403)),
        kept=refusing(needing("mcp:more")),
    ),
    case(
        "rs-403-incomplete",
        refusing(needing("mcp:more", "")),
        kept=refusing(needing("mcp:more")),
    ),
    case("rs-stepup-loop", refusing(needing("mcp:basic")), "rs-stepup-limit"),
    case(
        "rs-stepup-drip",
        refusing(needing("mcp:more"), needing("mcp:most"), era="stateless"),
        kept=refusing(needing("mcp:more mcp:most"), era="stateless"),
        **STATELESS,
    ),
    case(
        "rs-stepup-catalog",
        catalogue_site(needing(_CATALOGUE)),
        "rs-challenge-no-scope",
        "token-scope-narrow",
        kept=catalogue_site(needing("mcp:more")),
    ),
    case(
        "rs-stepup-limit",
        refusing(needing("mcp:more"), needing("mcp:more"), issues={"scope": "mcp:basic"}),
        "token-scope-narrow",
        kept=refusing(needing("mcp:more")),
    ),
    case(
        "rs-fresh-token-refused",
        token_refused(challenged(401, f'{WHOLE}, error="invalid_token"')),
    ),
    case("rs-token-echo", lambda: site(answers=echoing)),
    case(
        "rs-redirects-token",
        token_refused(raw(307, b"", ("location", "https://other.example/mcp"))),
    ),
    case("rs-version-masks-auth", lambda: site(answers=masking), "rs-partial-auth"),
    case(
        "prm-missing",
        lambda: site(pages={}),
        "rs-prm-url-dead",
        spec="2025-06-18",
    ),
    case("prm-status", at_path(raw(403)), "rs-prm-url-dead"),
    case(
        "prm-html",
        at_path(raw(200, "<!doctype html>", ("content-type", "text/html"))),
        "rs-prm-url-dead",
    ),
    case("prm-content-type", at_path(json(200, prm(), kind="text/plain"))),
    case("prm-json", at_path(json(200, [prm()])), "rs-prm-url-dead"),
    case("prm-redirect", at_path(_REDIRECT)),
    case("prm-resource-missing", documented(resource=...)),
    case("prm-resource-foreign", documented(resource="https://other.example/mcp")),
    case("prm-resource-parent", documented(resource="https://mcp.example")),
    case("prm-resource-slash", documented(resource=f"{MCP}/")),
    case(
        "prm-resource-http",
        documented(resource="http://mcp.example/mcp"),
        "prm-resource-foreign",
    ),
    case("prm-resource-fragment", documented(resource=f"{MCP}#x")),
    case(
        "prm-resource-query",
        with_query,
        "rs-challenge-no-prm",
        kept=plain_query,
        kept_settings={},
        url=f"{MCP}?tenant=1",
    ),
    case("prm-internal-host", documented(jwks_uri="https://10.0.0.5/jwks")),
    case("prm-no-as", documented(authorization_servers=[])),
    case("prm-as-not-issuer", documented(authorization_servers=[f"{AS}?x=1", AS])),
    case("prm-as-several", documented(authorization_servers=[AS, "https://other.example"])),
    case("prm-empty-array", documented(resource_signing_alg_values_supported=[])),
    case("prm-null", documented(resource_name=None)),
    case("prm-no-scopes", documented(scopes_supported=...)),
    case("prm-scope-broad", documented(scopes_supported=["full-access"])),
    case(
        "prm-scope-offline",
        lambda: site({"scopes_supported": ["mcp:basic", "offline_access"]}, era="stateless"),
        kept=lambda: site(era="stateless"),
        **STATELESS,
    ),
    case("prm-scope-syntax", documented(scopes_supported=["mcp:basic mcp:more"])),
    case(
        "prm-bearer-methods",
        documented(bearer_methods_supported=["header", "query"]),
        kept=documented(bearer_methods_supported=["header", "body"]),
    ),
    case(
        "prm-alg-none",
        documented(resource_signing_alg_values_supported=["ES256", "none"]),
        kept=documented(resource_signing_alg_values_supported=["ES256"]),
    ),
    case(
        "prm-jwks-http",
        documented(jwks_uri="http://mcp.example/jwks"),
        kept=documented(jwks_uri="https://mcp.example/jwks"),
    ),
    case("prm-signed-unchecked", documented(signed_metadata=jwt(resource=MCP))),
    case(
        "prm-as-crosscheck",
        lambda: site(server={"protected_resources": ["https://other.example/mcp"]}),
        kept=lambda: site(server={"protected_resources": [MCP]}),
    ),
    case("prm-dpop-required", dpop_site),
)
