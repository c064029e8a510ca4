"""The whole flow against a world in memory (SPEC 2; the conformance suite's scenarios)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

import pytest

from mcp_auth_tui.model import (
    Entered,
    Failure,
    Left,
    Level,
    Outcome,
    Secret,
    Session,
    Stage,
    Status,
)
from mcp_auth_tui.protocol import actions, flow
from mcp_auth_tui.protocol.config import Config
from mcp_auth_tui.protocol.strict_json import loads
from tests.findings.site import Site, at
from tests.protocol.script import (
    AS,
    MCP,
    NOT_FOUND,
    NOTES,
    OAUTH,
    OIDC,
    PRM,
    PRM_ROOT,
    REDIRECT,
    World,
    challenged,
    client,
    contact,
    form_of,
    header,
    headers_of,
    json,
    metadata,
    metadata_at,
    only,
    played,
    prm,
    queries,
    raw,
    resource,
    server,
    token,
)

CIMD = "https://conformance-test.local/client-metadata.json"


def mcp_paths(world: World) -> list[str]:
    return [item.removeprefix("GET https://") for item in world.asked if item.startswith("GET")]


def test_the_shortest_flow_asks_each_place_once_and_in_order() -> None:
    """T1, T4, C1, P1: every request of a run against a server of 2025-11-25."""
    world = World()
    ran = world.run(spec="2025-11-25")
    assert ran.returned() is Outcome.OK
    assert world.asked == [
        f"POST {MCP}",
        f"GET {PRM}",
        f"GET {OAUTH}",
        f"POST {AS}/register",
        f"POST {AS}/token",
        f"POST {MCP}",
        f"POST {MCP}",
        f"POST {MCP}",
    ]
    assert world.methods == ["initialize", "initialize", "notifications/initialized", "tools/list"]


def test_the_stages_are_entered_and_left_in_order() -> None:
    ran = World().run(spec="2025-11-25")
    marks = [note for note in ran.notes if isinstance(note, Entered | Left)]
    assert [mark.stage for mark in marks] == [stage for stage in Stage for _ in range(2)]
    assert [type(mark) for mark in marks] == [Entered, Left] * len(Stage)


def test_a_clean_server_gives_no_warning() -> None:
    ran = World(registers={"token_endpoint_auth_method": "none"}).run(spec="2025-11-25")
    assert ran.broken == []
    left = [note.status for note in ran.notes if isinstance(note, Left)]
    assert left == [Status.DONE] * len(Stage)


def test_a_stateless_server_is_found_out_and_spoken_to_in_its_own_way() -> None:
    """T3: a 401 to server/discover says nothing about the era; the same request goes again."""
    world = World(era="stateless")
    assert world.run().returned() is Outcome.OK
    assert world.methods == ["server/discover", "server/discover", "tools/list"]


def test_an_older_server_is_found_out_after_the_token() -> None:
    """T3: the stateful mock answers 401, and 400 -32000 once the token is there."""
    world = World()
    ran = world.run()
    assert ran.returned() is Outcome.OK
    assert world.methods == [
        "server/discover",
        "server/discover",
        "initialize",
        "notifications/initialized",
        "tools/list",
    ]
    assert only(ran.learned("revision")) == "2025-11-25"


@pytest.mark.parametrize("era", ["initialize", "stateless"])
def test_an_open_start_and_a_protected_list_still_lead_to_a_sign_in(era: str) -> None:
    """T4: the 401 may come with any request."""
    world = World(era=era, protected={"tools/list": ""})
    ran = world.run()
    assert ran.returned() is Outcome.OK
    assert ran.broken.count("rs-partial-auth") == 1
    assert len(world.authorizations) == 1


def test_an_open_server_starts_no_flow_C6() -> None:
    world = World(protected={})
    ran = world.run(spec="2025-11-25")
    assert ran.returned() is Outcome.OPEN
    assert ran.broken == ["rs-open", "rs-open-metadata"]
    assert {item.partition(" ")[2] for item in world.asked} == {MCP, PRM}


def test_an_open_server_can_be_made_to_run_the_flow_C6() -> None:
    world = World(protected={})
    assert world.run(force=True).returned() is Outcome.OK
    assert len(world.authorizations) == 1


def test_metadata_default_never_asks_the_root_document() -> None:
    """P2, metadata-default: the document that the challenge names ends the search."""
    world = World(pages={PRM: json(200, prm()), PRM_ROOT: json(200, prm())})
    ran = world.run()
    assert ran.returned() is Outcome.OK
    assert world.asked_at(Stage.RESOURCE) == [f"GET {PRM}"]
    assert ran.tried[:2] == [(PRM, "used"), (PRM_ROOT, "not tried")]


def test_metadata_var1_builds_the_place_and_falls_through_to_openid() -> None:
    """P2, A1, A3, metadata-var1."""
    world = World(challenge="Bearer", documents={OIDC: metadata()})
    assert world.run().returned() is Outcome.OK
    assert world.asked_at(Stage.RESOURCE, Stage.SERVER) == [
        f"GET {PRM}",
        f"GET {OAUTH}",
        f"GET {OIDC}",
    ]


def test_metadata_var2_keeps_the_bare_origin_and_the_tenant() -> None:
    """P2, A2, Z3, P7, metadata-var2: root document, resource without a slash, issuer with path."""
    issuer = f"{AS}/tenant1"
    place = f"{AS}/.well-known/oauth-authorization-server/tenant1"
    document = prm(resource="https://mcp.example", authorization_servers=[issuer])
    world = World(
        challenge="Bearer",
        pages={PRM_ROOT: json(200, document)},
        documents={place: metadata(issuer)},
        callback=lambda asked: urlencode({"code": "c", "state": asked["state"], "iss": issuer}),
    )
    ran = world.run()
    assert ran.returned() is Outcome.OK
    assert world.asked_at(Stage.RESOURCE, Stage.SERVER) == [
        f"GET {PRM}",
        f"GET {PRM_ROOT}",
        f"GET {place}",
    ]
    assert only(world.authorizations)["resource"] == "https://mcp.example"
    posted = only(item for item in world.sent if item.url == f"{AS}/token")
    assert dict(form_of(posted))["resource"] == "https://mcp.example"
    assert "prm-resource-parent" in ran.broken


def test_metadata_var3_tries_three_places_and_never_the_root() -> None:
    """P1, A2, A4, metadata-var3: the document lies where only the challenge says."""
    place, issuer = "https://mcp.example/custom/metadata/location.json", f"{AS}/tenant1"
    last = f"{AS}/tenant1/.well-known/openid-configuration"
    world = World(
        challenge=f'Bearer resource_metadata="{place}"',
        pages={place: json(200, prm(authorization_servers=[issuer]))},
        documents={last: metadata(issuer), OAUTH: metadata()},
        callback=lambda asked: urlencode({"code": "c", "state": asked["state"], "iss": issuer}),
    )
    assert world.run().returned() is Outcome.OK
    assert world.asked_at(Stage.RESOURCE, Stage.SERVER) == [
        f"GET {place}",
        f"GET {AS}/.well-known/oauth-authorization-server/tenant1",
        f"GET {AS}/.well-known/openid-configuration/tenant1",
        f"GET {last}",
    ]


def test_the_client_metadata_document_goes_before_registration_G1() -> None:
    """basic-cimd: the URL is the client id, and nothing is registered."""
    world = World(documents={OAUTH: metadata(client_id_metadata_document_supported=True)})
    assert world.run(client_metadata_url=CIMD).returned() is Outcome.OK
    assert only(world.authorizations)["client_id"] == CIMD
    assert f"POST {AS}/register" not in world.asked


@pytest.mark.parametrize(
    ("challenge", "supported", "scope"),
    [
        pytest.param('Bearer scope="mcp:basic"', ["other"], "mcp:basic", id="challenge"),
        pytest.param("Bearer", ["mcp:basic", "mcp:read"], "mcp:basic mcp:read", id="all of PRM"),
        pytest.param("Bearer", ..., None, id="omitted"),
    ],
)
def test_the_scope_is_of_the_challenge_else_of_the_metadata_else_none(
    challenge: str, supported: Any, scope: str | None
) -> None:
    """Z4, C4: scope-from-www-authenticate, -from-scopes-supported, -omitted-when-undefined."""
    world = World(challenge=challenge, pages={PRM: json(200, prm(scopes_supported=supported))})
    assert world.run().returned() is Outcome.OK
    assert only(world.authorizations).get("scope") == scope


def test_a_step_up_asks_for_the_union_and_repeats_the_request() -> None:
    """S1, scope-step-up: tools/list takes mcp:basic, tools/call answers 403 and names mcp:write."""
    world = World(
        pages={PRM: json(200, prm(scopes_supported=["unrelated"]))},
        protected={"tools/list": "mcp:basic", "tools/call": "mcp:write"},
    )
    ran = world.run(spec="2025-11-25", call="test-tool")
    assert ran.returned() is Outcome.OK
    assert [item["scope"] for item in world.authorizations] == ["mcp:basic", "mcp:basic mcp:write"]
    assert world.methods[-1] == "tools/call"
    assert world.methods.count("tools/call") == 2
    assert ran.learned("peer")[-1].called == '{"content": []}'


def test_a_new_verifier_and_state_for_every_attempt() -> None:
    """Z1, Z2: nothing of the first authorization request is used in the second."""
    world = World(protected={"tools/list": "mcp:basic", "tools/call": "mcp:write"})
    world.run(call="test-tool")
    for name in ("state", "code_challenge"):
        assert len({item[name] for item in world.authorizations}) == 2
    assert len([item for item in world.performed if isinstance(item, actions.Bind)]) == 1


def test_the_same_scope_is_not_asked_for_again_S2() -> None:
    """scope-retry-limit: the server answers 403 with the same scope for ever."""
    world = World(protected={"*": "never:granted"}, challenge='Bearer scope="mcp:basic"')
    world.tokens = _Poor()
    ran = world.run()
    assert ran.stopped().id == "rs-stepup-limit"
    assert len(world.authorizations) == 2


class _Poor(dict[str, str]):
    """Tokens that never get a scope."""

    def __getitem__(self, key: str) -> str:
        return ""


def test_three_authorizations_are_the_most_S2() -> None:
    """A server that names a new scope each time."""
    world = World(challenge='Bearer scope="s0"')
    refused = iter(("s1", "s2", "s3", "s4", "s5"))

    class _Greedy(dict[str, str]):
        def get(self, key: str, default: Any = None) -> Any:
            return None if key == "*" else next(refused) if world.tokens else ""

    world.protected = _Greedy()
    ran = world.run(spec="2025-11-25")
    assert ran.stopped().id == "rs-stepup-limit"
    assert [item["scope"] for item in world.authorizations] == ["s0", "s0 s1", "s0 s1 s2"]


def test_a_step_up_that_is_declined_ends_the_run_S1() -> None:
    world = World(protected={"*": "mcp:write"}, answer="no")
    assert world.run().stopped().id == "rs-stepup-limit"
    assert len(world.authorizations) == 1


def test_a_403_with_insufficient_scope_at_first_contact_starts_the_flow_C6() -> None:
    world = World()
    world._refused = lambda request, method: (  # type: ignore[method-assign]
        None
        if header(request, "Authorization")
        else json(403, {}, ("www-authenticate", 'Bearer error="insufficient_scope", scope="x"'))
    )
    assert world.run().returned() is Outcome.OK
    assert only(world.authorizations)["scope"] == "x"


def announces(world: World, place: str) -> None:
    """Make the challenge of every 403 name this place for the metadata."""
    refusal = world._refused

    def refused(request: Any, method: str) -> Any:
        answer = refusal(request, method)
        if answer is None or answer.status != 403:
            return answer
        return challenged(403, answer.header("www-authenticate").replace(PRM, place))

    world._refused = refused  # type: ignore[method-assign]


def test_a_step_up_fetches_metadata_that_its_challenge_names_anew() -> None:
    """C5: the 403 names another document; it is fetched and judged before the next sign-in."""
    other = "https://mcp.example/.well-known/oauth-protected-resource/v2"
    world = World(protected={"tools/list": "", "tools/call": "mcp:write"})
    world.pages[other] = json(200, prm(resource="https://mcp.example"))
    announces(world, other)
    ran = world.run(call="test-tool")
    assert ran.returned() is Outcome.OK
    assert world.asked_at(Stage.RESOURCE) == [f"GET {PRM}", f"GET {other}"]
    assert [item["resource"] for item in world.authorizations] == [MCP, "https://mcp.example"]
    assert world.asked.count(f"POST {AS}/register") == 1


def test_a_step_up_stops_at_announced_metadata_for_another_place_C5() -> None:
    """The new document is judged like the first one (P5)."""
    other = "https://mcp.example/.well-known/oauth-protected-resource/v2"
    world = World(protected={"tools/list": "", "tools/call": "mcp:write"})
    world.pages[other] = json(200, prm(resource="https://evil.example/mcp"))
    announces(world, other)
    assert world.run(call="test-tool").stopped().id == "prm-resource-foreign"
    assert len(world.authorizations) == 1


def test_after_a_move_to_another_server_nothing_of_the_old_one_is_used_M1() -> None:
    """authorization-server-migration: the old token gets 401 and the metadata names another."""
    new = "https://as2.example"
    moved = metadata_at(new)
    world = World(
        callback=lambda asked: urlencode(
            {"code": "c", "state": asked["state"], "iss": new if world.base == new else AS}
        )
    )
    answer = world._mcp

    def move(request: Any) -> Any:
        given = answer(request)
        if given.status == 200 and world.methods[-1] == "tools/list" and world.base == AS:
            world.base = new
            world.registers = {"client_id": "registered-2"}
            world.pages[PRM] = json(200, prm(authorization_servers=[new]))
            world.pages[f"{new}/.well-known/oauth-authorization-server"] = json(200, moved)
            world.tokens = {"spent": ""}
        return given

    world._mcp = move  # type: ignore[method-assign]
    ran = world.run(spec="2025-11-25", call="test-tool")
    assert ran.returned() is Outcome.OK
    assert [item["client_id"] for item in world.authorizations] == ["registered-1", "registered-2"]
    assert world.asked.count(f"GET {PRM}") == 2
    old = [item for item in world.sent if item.url.startswith(new) and "registered-1" in repr(item)]
    assert old == []
    assert world.methods[-1] == "tools/call"


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post", "none"])
def test_the_token_endpoint_sees_the_method_that_was_registered_K2(method: str) -> None:
    """token-endpoint-auth-basic, -post and -none; a secret is left out for none."""
    world = World(
        documents={OAUTH: metadata(token_endpoint_auth_methods_supported=[method])},
        registers={
            "client_secret": "s3cret",
            "client_secret_expires_at": 0,
            "token_endpoint_auth_method": method,
        },
    )
    assert world.run().returned() is Outcome.OK
    posted = only(item for item in world.sent if item.url == f"{AS}/token")
    form, basic = dict(form_of(posted)), header(posted, "Authorization")
    credentials = (basic, form.get("client_id"), form.get("client_secret"))
    assert (
        credentials
        == {
            "client_secret_basic": ("Basic cmVnaXN0ZXJlZC0xOnMzY3JldA==", None, None),
            "client_secret_post": (None, "registered-1", "s3cret"),
            "none": (None, "registered-1", None),
        }[method]
    )


def test_a_client_made_by_hand_is_used_without_registration_G1() -> None:
    """pre-registration: no registration endpoint, Basic only."""
    document = metadata(
        registration_endpoint=..., token_endpoint_auth_methods_supported=["client_secret_basic"]
    )
    world = World(documents={OAUTH: document})
    ran = world.run(client_id="me", client_secret=Secret("s3cret"))
    assert ran.returned() is Outcome.OK
    posted = only(item for item in world.sent if item.url == f"{AS}/token")
    assert header(posted, "Authorization") == "Basic bWU6czNjcmV0"


def test_metadata_of_another_resource_ends_before_any_authorization_P5() -> None:
    """resource-mismatch."""
    world = World(pages={PRM: json(200, prm(resource="https://evil.example/mcp"))})
    stop = world.run().stopped()
    assert (stop.id, stop.exit) == ("prm-resource-foreign", 4)
    assert world.asked == [f"POST {MCP}", f"GET {PRM}"]
    assert world.authorizations == []


@pytest.mark.parametrize(
    ("listed", "scope"),
    [(["offline_access"], "mcp:basic offline_access"), (["x"], "mcp:basic"), (..., "mcp:basic")],
)
def test_offline_access_only_where_the_authorization_server_lists_it_Z5(
    listed: Any, scope: str
) -> None:
    """offline-access-scope and offline-access-not-supported."""
    world = World(era="stateless", documents={OAUTH: metadata(scopes_supported=listed)})
    assert world.run(spec="2026-07-28").returned() is Outcome.OK
    assert only(world.authorizations)["scope"] == scope


ISS = [
    pytest.param(True, AS, None, id="iss-supported"),
    pytest.param(False, None, None, id="iss-not-advertised"),
    pytest.param(True, None, "authz-iss-absent", id="iss-supported-missing"),
    pytest.param(True, "https://evil.example", "authz-iss-differs", id="iss-wrong-issuer"),
    pytest.param(False, "https://evil.example", "authz-iss-differs", id="iss-unexpected"),
    pytest.param(True, f"{AS}/", "authz-iss-differs", id="iss-normalized"),
    pytest.param(False, AS, None, id="present and right though not promised"),
]


@pytest.mark.parametrize("follow", [False, True])
@pytest.mark.parametrize(("promised", "iss", "stops"), ISS)
def test_the_issuer_of_the_answer_is_checked_before_the_code_goes_anywhere(
    promised: bool, iss: str | None, stops: str | None, follow: bool
) -> None:
    """B4, B5: every row of the table."""
    world = World(
        documents={OAUTH: metadata(authorization_response_iss_parameter_supported=promised)},
        callback=lambda asked: urlencode(
            {"code": "c", "state": asked["state"], **({"iss": iss} if iss else {})}
        ),
    )
    ran = world.run(follow=follow)
    if stops is None:
        assert ran.returned() is Outcome.OK
    else:
        assert (ran.stopped().id, ran.stopped().exit) == (stops, 4)
        assert f"POST {AS}/token" not in world.asked
    assert len(world.authorizations) == 1


@pytest.mark.parametrize(
    ("answer", "stops", "seen"),
    [
        ("code=c&state=other", "authz-state", "1 × state, not ours; parameters: code, state"),
        ("code=c", "authz-state", "no state; parameters: code"),
        ("", "authz-empty", "the redirect has no query"),
    ],
)
def test_a_redirect_that_was_followed_and_is_not_ours_ends_the_run_and_is_told_once(
    answer: str, stops: str, seen: str
) -> None:
    ran = World(callback=lambda asked: answer).run(follow=True)
    assert (ran.stopped().id, ran.stopped().seen) == (stops, seen)
    assert stops not in ran.broken


def test_a_document_of_another_issuer_is_not_used_A5() -> None:
    """metadata-issuer-mismatch: none of its endpoints is asked."""
    document = metadata("https://other.example", authorization_endpoint=f"{AS}/evil/authorize")
    world = World(documents={OAUTH: document})
    stop = world.run().stopped()
    assert (stop.id, stop.exit, stop.seen) == ("as-issuer-mismatch", 4, "https://other.example")
    assert world.asked == [f"POST {MCP}", f"GET {PRM}", f"GET {OAUTH}", f"GET {OIDC}"]


LEGACY = "https://mcp.example"
LEGACY_OAUTH = f"{LEGACY}/.well-known/oauth-authorization-server"


@pytest.mark.parametrize("spec", ["auto", "2025-03-26"])
def test_without_resource_metadata_the_origin_is_the_issuer_L1(spec: str) -> None:
    """2025-03-26-oauth-metadata-backcompat."""
    document = metadata(
        LEGACY,
        authorization_endpoint=f"{LEGACY}/oauth/authorize",
        token_endpoint=f"{LEGACY}/oauth/token",
        registration_endpoint=f"{LEGACY}/oauth/register",
    )
    world = World(
        challenge="Bearer",
        pages={},
        documents={LEGACY_OAUTH: document},
        base=f"{LEGACY}/oauth",
        callback=lambda asked: urlencode({"code": "c", "state": asked["state"], "iss": LEGACY}),
    )
    ran = world.run(spec=spec)
    assert ran.returned() is Outcome.OK
    assert world.asked_at(Stage.RESOURCE, Stage.SERVER) == [
        f"GET {PRM}",
        f"GET {PRM_ROOT}",
        f"GET {LEGACY_OAUTH}",
    ]
    assert only(world.authorizations)["resource"] == MCP


@pytest.mark.parametrize("spec", ["auto", "2025-03-26"])
def test_without_any_metadata_the_default_paths_are_used_L2(spec: str) -> None:
    """L3, L4, 2025-03-26-oauth-endpoint-fallback: PKCE and resource all the same."""
    world = World(
        challenge="Bearer",
        pages={},
        documents={},
        base=LEGACY,
        callback=lambda asked: urlencode({"code": "c", "state": asked["state"]}),
    )
    ran = world.run(spec=spec)
    assert ran.returned() is Outcome.OK
    assert mcp_paths(world) == [
        "mcp.example/.well-known/oauth-protected-resource/mcp",
        "mcp.example/.well-known/oauth-protected-resource",
        "mcp.example/.well-known/oauth-authorization-server",
        "mcp.example/.well-known/openid-configuration",
        "mcp.example/mcp/.well-known/oauth-protected-resource",
    ]
    assert f"POST {LEGACY}/register" in world.asked
    assert f"POST {LEGACY}/token" in world.asked
    asked = only(world.authorizations)
    assert (asked["code_challenge_method"], asked["resource"]) == ("S256", MCP)
    legacy = only(item for item in ran.findings if item.id == "as-legacy-paths")
    assert "PKCE S256 cannot be seen" in legacy.message


def test_the_legacy_path_can_leave_resource_out_L4() -> None:
    world = World(
        challenge="Bearer",
        pages={},
        documents={},
        base=LEGACY,
        callback=lambda asked: urlencode({"code": "c", "state": asked["state"]}),
    )
    assert world.run(send_resource=False).returned() is Outcome.OK
    assert "resource" not in only(world.authorizations)


@pytest.mark.parametrize("spec", ["2025-06-18", "2025-11-25", "2026-07-28"])
def test_a_chosen_newer_revision_has_no_legacy_path_L1(spec: str) -> None:
    """What stands at its place is looked at, and told; it is not used."""
    world = World(challenge="Bearer", pages={}, documents={LEGACY_OAUTH: metadata(LEGACY)})
    ran = world.run(spec=spec)
    stop = ran.stopped()
    assert stop.id == "prm-missing"
    assert stop.seen == (
        f"{LEGACY_OAUTH} has a document of the issuer {LEGACY};"
        f" {PRM}: HTTP 404; {PRM_ROOT}: HTTP 404"
    )
    assert f"--issuer {LEGACY}." in stop.meanwhile
    assert world.asked[-1] == f"GET {LEGACY_OAUTH}"
    assert ran.learned("server") == []


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_by_a_slash_alone_is_gone_along_with_before_there_is_a_token(
    status: int,
) -> None:
    """As Starlette, Django and nginx redirect. A later stage starts at the same place again."""
    world = World(pages={f"{MCP}/": raw(status, b"", ("location", "/mcp")), PRM: json(200, prm())})
    ran = world.run(url=f"{MCP}/")
    assert ran.returned() is Outcome.OK
    assert ran.learned("url") == [MCP]
    (told,) = [item for item in ran.findings if item.id == "rs-redirect-slash"]
    assert (told.level, told.seen) == (Level.INFO, f"HTTP {status} to {MCP}")
    assert [item.url for item in world.sent if item.url.startswith(MCP)][:2] == [f"{MCP}/", MCP]
    assert [item.url for item in world.sent].count(f"{MCP}/") == 1
    known = replace(Session(), **{name: ran.learned(name)[-1] for name in ("contact", "resource")})
    again = World()
    assert again.run(known, Stage.SERVER, url=f"{MCP}/").returned() is Outcome.OK
    assert f"{MCP}/" not in [item.url for item in again.sent]


def test_a_server_that_redirects_to_and_fro_ends_the_run() -> None:
    pages = {f"{MCP}/": raw(307, b"", ("location", "/mcp"))}
    world = Site(pages=pages, answers=at(MCP, raw(307, b"", ("location", "/mcp/"))))
    stop = world.run(url=f"{MCP}/").stopped()
    assert (stop.id, stop.seen) == ("rs-redirect-slash", f"HTTP 307 to {MCP}/")
    assert len(world.sent) == 2


@pytest.mark.parametrize("spec", ["auto", "2025-11-25"])
def test_an_issuer_by_hand_is_asked_though_there_is_no_resource_metadata_A10(spec: str) -> None:
    world = World(challenge="Bearer", pages={})
    ran = world.run(spec=spec, issuer=AS)
    assert ran.returned() is Outcome.OK
    assert world.asked_at(Stage.SERVER) == [f"GET {OAUTH}"]
    assert {"prm-missing", "client-overridden"} <= set(ran.broken)


def test_the_token_is_in_the_header_of_every_request_and_in_no_address() -> None:
    """U1: also in the notification and in the DELETE at the end."""
    world = World()
    hello = world._mcp

    def with_session(request: Any) -> Any:
        answer = hello(request)
        if request.json and request.json["method"] == "initialize" and answer.status == 200:
            return json(200, loads(answer.text), ("mcp-session-id", "s-1"))
        return answer

    world._mcp = with_session  # type: ignore[method-assign]
    assert world.run(spec="2025-11-25").returned() is Outcome.OK
    verified = [item for item in world.sent if item.stage is Stage.VERIFY]
    assert [item.method for item in verified] == ["POST", "POST", "POST", "DELETE"]
    assert {header(item, "Authorization") for item in verified} == {"Bearer test-token-1"}
    assert [header(item, "Mcp-Session-Id") for item in verified] == [None, "s-1", "s-1", "s-1"]
    assert not any("test-token-1" in item.url for item in world.sent)


def test_the_token_is_sent_to_the_mcp_server_alone_U2() -> None:
    world = World(protected={"tools/list": "mcp:basic", "tools/call": "mcp:write"})
    world.run(call="test-tool")
    carrying = {
        item.url
        for item in world.sent
        if any("test-token" in value for value in (header(item, "Authorization") or "",))
    }
    assert carrying == {MCP}
    others = [item for item in world.sent if item.url != MCP]
    assert not any("test-token" in str(form_of(item)) for item in others)


def test_metadata_is_asked_for_without_credentials_A9() -> None:
    world = World()
    world.run()
    documents = [item for item in world.sent if item.method == "GET"]
    names = [[name for name, _ in headers_of(item)] for item in documents]
    assert names == [["Accept", "MCP-Protocol-Version"]] * 2


def test_the_listener_is_bound_before_the_client_is_registered_G8() -> None:
    """G8: what was bound is what is registered and what is sent."""
    world = World()
    world.run(spec="2025-11-25")
    kinds = [type(item).__name__ for item in world.performed]
    register = next(
        number
        for number, item in enumerate(world.performed)
        if isinstance(item, actions.Send) and item.request.url == f"{AS}/register"
    )
    assert kinds.index("Bind") < register
    body = next(item for item in world.sent if item.url == f"{AS}/register").json or {}
    assert body["redirect_uris"] == [REDIRECT]
    assert only(world.authorizations)["redirect_uri"] == REDIRECT


def test_what_the_answer_is_judged_by_is_kept_before_the_browser_opens() -> None:
    """Z6, Z8: the attempt is learned (and can be shown) before Browse, with its whole record."""
    generator = flow.run(Config(url=MCP))
    world, seen = World(), []
    item = next(generator)
    while not isinstance(item, actions.Browse):
        seen.append(item)
        reply = None if isinstance(item, NOTES) else world.perform(item)
        item = generator.send(reply)
    attempt = only(n.value for n in seen if getattr(n, "name", "") == "attempt")
    assert attempt == item.attempt
    parameters = {key: only(value) for key, value in queries(attempt.url).items()}
    assert (attempt.issuer, attempt.token_endpoint, attempt.iss_promised) == (
        AS,
        f"{AS}/token",
        True,
    )
    assert parameters["state"] == attempt.state.reveal()
    assert parameters["client_id"] == attempt.client_id == "registered-1"
    assert parameters["redirect_uri"] == attempt.redirect_uri == REDIRECT
    assert parameters["scope"] == attempt.scope == "mcp:basic"
    assert parameters["resource"] == attempt.resource == MCP


def test_the_page_waits_until_the_exchange_succeeded() -> None:
    world = World()
    world.run()
    answers = [
        (number, item.page)
        for number, item in enumerate(world.performed)
        if isinstance(item, actions.Answer)
    ]
    assert [page for _, page in answers] == ["received", "done"]
    token_request = next(
        number
        for number, item in enumerate(world.performed)
        if isinstance(item, actions.Send) and item.request.url == f"{AS}/token"
    )
    assert answers[0][0] < token_request < answers[1][0]


KNOWN = Session(
    contact=contact(("scope", "mcp:basic")),
    resource=resource(),
    server=server(),
    client=client(id="kept", redirect_uri="http://127.0.0.1:9/callback"),
    token=token(scope_granted="mcp:basic"),
)


@pytest.mark.parametrize(
    ("start", "first"),
    [
        (Stage.RESOURCE, f"GET {PRM}"),
        (Stage.SERVER, f"GET {OAUTH}"),
        (Stage.REGISTER, f"POST {AS}/register"),
        (Stage.AUTHORIZE, f"GET {AS}/authorize"),
    ],
)
def test_a_run_from_a_stage_on_keeps_what_earlier_stages_found(start: Stage, first: str) -> None:
    world = World()
    assert world.run(KNOWN, start, spec="2025-11-25").returned() is Outcome.OK
    assert world.asked[0] == first


def test_a_run_from_the_browser_on_binds_the_registered_address_again_G8() -> None:
    world = World()
    world.run(KNOWN, Stage.AUTHORIZE)
    bound = only(item for item in world.performed if isinstance(item, actions.Bind))
    assert bound.redirect_uri == "http://127.0.0.1:9/callback"
    assert only(world.authorizations)["client_id"] == "kept"


def test_a_run_from_verify_on_uses_the_token_at_once() -> None:
    world = World()
    world.tokens["access-token-1"] = "mcp:basic"
    assert world.run(KNOWN, Stage.VERIFY, spec="2025-11-25").returned() is Outcome.OK
    assert set(world.asked) == {f"POST {MCP}"}
    assert not any(isinstance(item, actions.Bind) for item in world.performed)


def test_a_step_up_in_a_run_from_verify_on_binds_first_G8() -> None:
    """S1: the listener of the run before is gone."""
    world = World(protected={"tools/list": "", "tools/call": "mcp:write"})
    world.tokens["access-token-1"] = "mcp:basic"
    ran = world.run(KNOWN, Stage.VERIFY, spec="2025-11-25", call="test-tool")
    assert ran.returned() is Outcome.OK
    kinds = [type(item) for item in world.performed]
    assert kinds.index(actions.Bind) < kinds.index(actions.Browse)
    assert only(world.authorizations)["scope"] == "mcp:basic mcp:write"


def test_a_busy_port_stops_before_anything_is_registered() -> None:
    world = World()
    perform = world.perform

    def busy(action: Any) -> Any:
        if isinstance(action, actions.Bind):
            return Failure("client-port-busy", "port 4321 is taken")
        return perform(action)

    ran = played(flow.run(Config(url=MCP, port=4321)), busy)
    assert (ran.stopped().id, ran.stopped().seen) == ("client-port-busy", "port 4321 is taken")
    assert f"POST {AS}/register" not in world.asked


def test_a_server_that_does_not_exist_is_no_flow_C6() -> None:
    world = World()
    world._mcp = lambda request: NOT_FOUND  # type: ignore[method-assign]
    generator = flow.run(Config(url=MCP, spec="2025-11-25"))

    def perform(action: Any) -> Any:
        if isinstance(action, actions.Open):
            return world.perform(actions.Send(action.request))
        return world.perform(action)

    assert played(generator, perform).stopped().id == "rs-not-mcp"
    assert set(world.asked) == {f"POST {MCP}", f"GET {MCP}"}
