"""Authorization server metadata: where it is looked for and when it is used (SPEC 2.4, 2.5)."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_auth_tui.model import Failure, Level, Stage, Whose
from mcp_auth_tui.protocol.discovery import server
from mcp_auth_tui.protocol.discovery.server import places
from tests.protocol.discovery.test_resource import JSON
from tests.protocol.script import (
    AS,
    NOT_FOUND,
    OAUTH,
    OIDC,
    Page,
    Script,
    headers_of,
    json,
    judge,
    metadata,
    raw,
)

WELL_KNOWN = f"{AS}/.well-known"
TENANT = f"{AS}/t"
TENANT_PLACES = [
    f"{WELL_KNOWN}/oauth-authorization-server/t",
    f"{WELL_KNOWN}/openid-configuration/t",
    f"{AS}/t/.well-known/openid-configuration",
]


def discovering(issuer: str = AS, **settings: Any) -> Script:
    return Script(server.discover_server(judge(Stage.SERVER, **settings), issuer))


def document(*, settings: Any = None, **members: Any) -> Script:
    script = discovering(**(settings or {}))
    script.gets((OAUTH, json(200, metadata(**members))))
    return script


@pytest.mark.parametrize(
    ("issuer", "order"),
    [
        (AS, [OAUTH, OIDC]),
        (f"{AS}/", [OAUTH, OIDC]),
        (TENANT, TENANT_PLACES),
        (f"{TENANT}/", TENANT_PLACES),
        (
            "https://as.example:8443/A/b%2Fc",
            [
                "https://as.example:8443/.well-known/oauth-authorization-server/A/b%2Fc",
                "https://as.example:8443/.well-known/openid-configuration/A/b%2Fc",
                "https://as.example:8443/A/b%2Fc/.well-known/openid-configuration",
            ],
        ),
    ],
)
def test_the_places_of_an_issuer_in_order(issuer: str, order: list[str]) -> None:
    """A2, A3, A4: port and case-sensitive path as given, one slash at the end stripped."""
    assert list(places(issuer)) == order


def test_each_place_is_asked_once_and_never_the_root_for_a_path_A4() -> None:
    script = discovering(TENANT)
    script.gets(*((place, NOT_FOUND) for place in TENANT_PLACES))
    stop = script.stopped()
    assert stop.id == "as-missing"
    assert stop.seen == "; ".join(f"{place}: HTTP 404" for place in TENANT_PLACES)


def test_a_place_that_redirects_to_nothing_is_told_once_and_is_where_the_document_belongs() -> None:
    there = f"{AS}/.well-known/openid-configuration"
    script = discovering()
    script.gets((OAUTH, raw(302, b"", ("location", there))), (there, NOT_FOUND), (there, NOT_FOUND))
    stop = script.stopped()
    assert stop.seen == f"{there}: HTTP 404"
    assert stop.next == f"Serve the document at {OAUTH}, without a token."


@pytest.mark.parametrize("index", range(3))
def test_the_first_document_with_the_right_issuer_ends_the_search_A2(index: int) -> None:
    script = discovering(TENANT)
    script.gets(*((place, NOT_FOUND) for place in TENANT_PLACES[:index]))
    script.gets((TENANT_PLACES[index], json(200, metadata(TENANT))))
    assert script.returned().url == TENANT_PLACES[index]
    verdicts = ["lost"] * index + ["used"] + ["not tried"] * (2 - index)
    assert script.tried == list(zip(TENANT_PLACES, verdicts, strict=True))


def test_before_2025_11_25_there_is_only_rfc_8414_A1() -> None:
    script = discovering(spec="2025-06-18")
    script.gets((OAUTH, NOT_FOUND))
    assert script.stopped().id == "as-missing"


def test_metadata_is_asked_for_without_credentials_A9() -> None:
    request = discovering().sends("GET", OAUTH, NOT_FOUND)
    assert [name for name, _ in headers_of(request)] == ["Accept", "MCP-Protocol-Version"]


# --- the issuer (A5) -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("named", "id", "hint"),
    [
        (f"{AS}/", "as-issuer-slash", "slash at the end only"),
        ("http://as.example", "as-issuer-mismatch", "http and https only"),
        (f"{AS}/t", "as-issuer-mismatch", "path only"),
        (f"{AS}/{{tenantid}}/v2.0", "as-issuer-mismatch", "placeholder"),
        ("https://az.example", "as-issuer-mismatch", "from character 10 on"),
        ("https://AS.example", "as-issuer-mismatch", ""),
        (f"{AS}:443", "as-issuer-mismatch", ""),
        (..., "as-issuer-missing", ""),
        (None, "as-issuer-missing", ""),
        (5, "as-issuer-mismatch", ""),
        ([AS], "as-issuer-mismatch", ""),
    ],
)
def test_another_issuer_is_refused_with_a_hint(named: Any, id: str, hint: str) -> None:
    """A5, P7: identical or discarded."""
    script = discovering()
    page = json(200, metadata(issuer=named))
    script.gets((OAUTH, page), (OIDC, NOT_FOUND))
    stop = script.stopped()
    assert (stop.id, stop.exit) == (id, 4)
    assert hint in stop.message


def test_a_discarded_document_does_not_end_the_search_A5() -> None:
    script = discovering()
    script.gets((OAUTH, json(200, metadata("https://x.example"))), (OIDC, json(200, metadata())))
    assert script.returned().url == OIDC


def test_an_issuer_with_a_slash_is_compared_as_it_is_A5() -> None:
    script = discovering(f"{AS}/")
    script.gets((OAUTH, json(200, metadata(f"{AS}/"))))
    assert script.returned().issuer == f"{AS}/"


@pytest.mark.parametrize("second", [NOT_FOUND, json(200, metadata("https://x.example"))])
def test_a_lifted_mismatch_uses_the_document_and_marks_the_run_A10(second: Page) -> None:
    allow = frozenset({"as-issuer-mismatch"})
    script = discovering(allow=allow)
    script.gets((OAUTH, json(200, metadata("https://x.example"))), (OIDC, second))
    found = script.returned()
    assert (found.issuer, found.url) == ("https://x.example", OAUTH)
    assert script.broken == ["as-issuer-mismatch", "client-overridden"]


# --- endpoints (A7, A8, Z7) ----------------------------------------------------------------------

ENDPOINTS = ("authorization_endpoint", "token_endpoint", "registration_endpoint")


@pytest.mark.parametrize("name", ENDPOINTS)
@pytest.mark.parametrize(
    ("value", "id"),
    [
        ("http://as.example/x", "as-endpoint-http"),
        ("javascript:alert(1)", "as-endpoint-scheme"),
        ("data:text/html,x", "as-endpoint-scheme"),
        ("file:///etc/passwd", "as-endpoint-scheme"),
        ("/authorize", "as-endpoint-scheme"),
        ("https://as.example/$(id)", "as-endpoint-scheme"),
        ("https://as.example/a b", "as-endpoint-scheme"),
        ("https://as.example/`id`", "as-endpoint-scheme"),
        ("https://user@as.example/x", "as-endpoint-scheme"),
        ("-https://as.example/x", "as-endpoint-scheme"),
        (5, "as-endpoint-scheme"),
        (["https://as.example/x"], "as-endpoint-scheme"),
        ("https://as.example/x#y", "as-endpoint-fragment"),
        ("https://10.1.2.3/x", "as-endpoint-private"),
        ("https://localhost/x", "as-endpoint-private"),
        ("http://127.0.0.1/x", "as-endpoint-private"),
    ],
)
def test_an_endpoint_that_must_not_be_used_is_refused(name: str, value: Any, id: str) -> None:
    """A7, Z8, P9: before anything asks, opens or links it."""
    stop = document(**{name: value}).stopped()
    assert (stop.id, stop.exit, stop.pointer) == (id, 4, f"/{name}")


def test_a_scheme_that_is_never_opened_cannot_be_allowed_by_hand_A7() -> None:
    settings = {"allow": frozenset({"as-endpoint-scheme"})}
    stop = document(settings=settings, authorization_endpoint="javascript:alert(1)").stopped()
    assert stop.id == "as-endpoint-scheme"


def test_http_is_right_on_loopback_A7() -> None:
    issuer = "http://localhost:9000"
    script = discovering(issuer, url="http://localhost:8000/mcp")
    members = dict.fromkeys(ENDPOINTS, f"{issuer}/x")
    place = f"{issuer}/.well-known/oauth-authorization-server"
    script.gets((place, json(200, metadata(issuer, **members))))
    assert script.returned().token_endpoint == f"{issuer}/x"


@pytest.mark.parametrize(
    ("name", "id"),
    [("authorization_endpoint", "as-no-authorize"), ("token_endpoint", "as-no-token")],
)
@pytest.mark.parametrize("value", [..., None])
def test_the_code_flow_needs_both_endpoints_A8(name: str, id: str, value: Any) -> None:
    assert document(**{name: value}).stopped().id == id


@pytest.mark.parametrize(
    ("value", "told"), [(..., "absent"), (["token"], "token"), ([], "absent"), ("code", "absent")]
)
def test_a_document_without_the_response_type_code_is_told_A8(value: Any, told: str) -> None:
    script = document(response_types_supported=value)
    assert [(f.id, f.seen) for f in script.findings if f.id == "as-response-types"] == [
        ("as-response-types", told)
    ]


def test_grants_without_the_code_flow_are_told_A8() -> None:
    assert "as-no-code-grant" in document(grant_types_supported=["password"]).broken
    assert "as-no-code-grant" not in document().broken


@pytest.mark.parametrize(
    "query", ["client_id=x", "state=", "redirect_uri", "a=b&scope=x", "%73tate=1", "resource=r"]
)
def test_an_endpoint_that_carries_our_parameters_is_refused_Z7(query: str) -> None:
    stop = document(authorization_endpoint=f"{AS}/authorize?{query}").stopped()
    assert (stop.id, stop.exit) == ("as-endpoint-params", 4)


def test_another_query_of_the_endpoint_is_kept_Z7() -> None:
    url = f"{AS}/authorize?tenant=1"
    assert document(authorization_endpoint=url).returned().authorization_endpoint == url


# --- PKCE (A6) -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("methods", "id"),
    [
        (..., "as-pkce-absent"),
        (None, "as-pkce-absent"),
        ([], "as-pkce-absent"),
        ("S256", "as-pkce-absent"),
        ([5], "as-pkce-absent"),
        (["plain"], "as-pkce-no-s256"),
        (["s256"], "as-pkce-no-s256"),
    ],
)
@pytest.mark.parametrize("place", [OAUTH, OIDC])
def test_a_server_without_s256_is_refused_A6(methods: Any, id: str, place: str) -> None:
    """Also when the document is an OpenID one."""
    script = discovering()
    if place == OIDC:
        script.gets((OAUTH, NOT_FOUND))
    script.gets((place, json(200, metadata(code_challenge_methods_supported=methods))))
    assert (script.stopped().id, script.stopped().exit) == (id, 4)


def test_plain_beside_s256_is_told_A6() -> None:
    script = document(code_challenge_methods_supported=["plain", "S256"])
    assert script.returned()
    assert script.broken == ["as-pkce-plain"]


def test_before_2025_11_25_a_missing_promise_is_only_told_A6() -> None:
    script = document(settings={"spec": "2025-06-18"}, code_challenge_methods_supported=...)
    assert script.returned()
    assert "as-pkce-absent" in script.broken


# --- faults --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("page", "id"),
    [
        (raw(200, "<html>", ("content-type", "text/html")), "as-html"),
        (raw(200, "[]"), "as-json"),
        (raw(200, '{"issuer":"a","issuer":"b"}'), "as-json"),
    ],
)
def test_a_broken_document_is_named_L5(page: Page, id: str) -> None:
    script = discovering()
    script.gets((OAUTH, page), (OIDC, NOT_FOUND))
    assert script.stopped().id == id


def test_no_answer_is_tried_once_more_and_ends_the_run() -> None:
    lost = Failure("net-timeout", "10 s")
    script = discovering()
    script.gets((OAUTH, lost), (OAUTH, lost))
    assert (script.stopped().id, script.stopped().exit) == ("net-timeout", 5)


# --- the path of 2025-03-26 ----------------------------------------------------------------------

ORIGIN = "https://mcp.example"
LEGACY = f"{ORIGIN}/.well-known/oauth-authorization-server"


def legacy(page: Page, **settings: Any) -> Script:
    script = Script(server.legacy_server(judge(Stage.SERVER, revision="2025-03-26", **settings)))
    script.gets((LEGACY, page))
    return script


def test_the_origin_of_the_mcp_url_is_the_issuer_L1() -> None:
    assert legacy(json(200, metadata(ORIGIN))).returned().issuer == ORIGIN
    stop = legacy(json(200, metadata(AS))).stopped()
    assert stop.id == "as-issuer-mismatch"
    assert f"where the MCP server names none, it has to be {ORIGIN}" in stop.message
    assert f"names {AS} in authorization_servers" in stop.next
    assert stop.whose is Whose.SERVER  # its own document, whomever it names


def test_a_proxy_that_passes_on_the_issuer_behind_it_is_told_to_name_itself() -> None:
    """fastapi-mcp 0.4.0 with setup_proxies: the document of its provider, two endpoints changed."""
    document = {
        "issuer": AS,
        "authorization_endpoint": f"{ORIGIN}/oauth/authorize",
        "token_endpoint": f"{AS}/oauth2/token",
        "scopes_supported": ["openid", "profile", "email"],
        "response_types_supported": ["code"],
        "grant_types_supported": ["authorization_code", "refresh_token"],
        "registration_endpoint": f"{ORIGIN}/oauth/register",
    }
    stop = legacy(json(200, document)).stopped()
    assert (stop.id, stop.whose, stop.next) == (
        "as-issuer-mismatch",
        Whose.SERVER,
        f'Set "issuer" to {ORIGIN} in this document: its authorization_endpoint is there too.',
    )
    told = legacy(json(200, {**document, "authorization_endpoint": 7})).stopped()
    assert told.next.endswith("its registration_endpoint is there too.")


def test_on_the_path_of_2025_03_26_an_origin_with_a_slash_is_the_same_issuer_L1() -> None:
    """As MCP Python SDK 1.x writes it; both spellings lead to the same place (RFC 8414 §3.1)."""
    script = legacy(json(200, metadata(f"{ORIGIN}/")))
    assert script.returned().issuer == f"{ORIGIN}/"
    assert not script.broken
    assert legacy(json(200, metadata(f"{ORIGIN}//"))).stopped().id == "as-issuer-slash"


def test_without_a_document_the_default_paths_are_taken_L2() -> None:
    """L3: and it is said that PKCE cannot be checked from here."""
    script = legacy(NOT_FOUND)
    found = script.returned()
    assert (
        found.issuer,
        found.url,
        found.authorization_endpoint,
        found.token_endpoint,
        found.registration_endpoint,
    ) == (ORIGIN, None, f"{ORIGIN}/authorize", f"{ORIGIN}/token", f"{ORIGIN}/register")
    assert script.broken == ["as-legacy-paths"]


@pytest.mark.parametrize(
    ("page", "id"),
    [
        (raw(200, "<html>", ("content-type", "text/html")), "as-html"),
        (raw(200, "{"), "as-json"),
        (raw(403), "as-missing"),
    ],
)
def test_a_broken_document_is_no_absence_L5(page: Page, id: str) -> None:
    assert legacy(page).stopped().id == id


@pytest.mark.parametrize(
    ("grants", "kinds", "level"),
    [
        (["authorization_code", "implicit"], ["code", "code id_token", "id_token"], Level.INFO),
        (["authorization_code", "implicit"], ["code", "token"], Level.WARNING),
        (["authorization_code"], ["code", "code token"], Level.WARNING),
        (["authorization_code", "implicit"], ..., Level.WARNING),
        (..., ["code"], Level.INFO),
        (["authorization_code"], ["code", "id_token"], Level.OK),
    ],
)
def test_only_access_tokens_in_the_url_are_a_fault_of_a_server_that_lists_implicit(
    grants: Any, kinds: Any, level: Level
) -> None:
    """RFC 9700 §2.1.2 names the response types that issue access tokens; id_token is none."""
    script = document(grant_types_supported=grants, response_types_supported=kinds)
    (found,) = [item for item in script.findings if item.id == "as-implicit"]
    assert found.level is level


@given(st.dictionaries(st.sampled_from(sorted(metadata())), JSON))
def test_wrong_types_in_any_member_give_findings_or_a_stop(members: dict[str, Any]) -> None:
    """A5-A8: never another exception."""
    script = discovering()
    script.gets((OAUTH, json(200, {**metadata(), **members})))
    if script.action is not None:
        script.gets((OIDC, NOT_FOUND))
    assert script.stop is not None or script.returned().issuer == AS
