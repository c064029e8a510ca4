"""Protected resource metadata: where it is looked for and when it is used (SPEC 2.3)."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_auth_tui.model import Failure, Stage
from mcp_auth_tui.protocol import actions
from mcp_auth_tui.protocol.discovery import resource, resource_document
from mcp_auth_tui.protocol.discovery.resource import places
from mcp_auth_tui.protocol.discovery.resource_document import compare
from tests.protocol.script import (
    AS,
    MCP,
    NOT_FOUND,
    PRM,
    PRM_ROOT,
    Page,
    Script,
    contact,
    headers_of,
    json,
    judge,
    prm,
    raw,
)
from tests.protocol.script import resource as found_resource

HEADER = "https://mcp.example/custom/location.json"
LOST = Failure("net-connect", "refused")


def discovering(*named: str, **settings: Any) -> Script:
    params = (*(("resource_metadata", item) for item in named), ("scope", "mcp:read"))
    return Script(resource.discover_resource(judge(Stage.RESOURCE, **settings), contact(*params)))


def document(**members: Any) -> Script:
    """The script after the document that the challenge names was read."""
    settings = members.pop("settings", {})
    script = discovering(PRM, **settings)
    script.gets((PRM, json(200, prm(**members))))
    return script


@pytest.mark.parametrize(
    ("members", "params", "told"),
    [
        ({}, (), True),
        ({}, (("scope", "mcp:read"),), False),
        ({"scopes_supported": []}, (), False),
        ({"scopes_supported": ...}, (), False),
    ],
)
def test_only_a_server_that_has_scopes_is_told_that_its_challenge_names_none(
    members: dict[str, Any], params: tuple[tuple[str, str], ...], told: bool
) -> None:
    first = contact(("resource_metadata", PRM), *params)
    for again in (False, True):
        script = Script(resource.discover_resource(judge(Stage.RESOURCE), first, again=again))
        script.gets((PRM, json(200, prm(**members))))
        script.returned()
        # A refusal of a token is no such challenge.
        assert ("rs-challenge-no-scope" in script.broken) is (told and not again)


@pytest.mark.parametrize(
    ("url", "named", "order"),
    [
        (MCP, (), [PRM, PRM_ROOT]),
        (f"{MCP}/", (), [PRM, f"{PRM}/", PRM_ROOT]),
        (f"{MCP}/?a=b", (), [f"{PRM}?a=b", f"{PRM}/?a=b", PRM_ROOT]),
        (f"{MCP}?a=b", (), [f"{PRM}?a=b", PRM_ROOT]),
        ("https://mcp.example", (), [PRM_ROOT]),
        ("https://mcp.example/", (), [PRM_ROOT]),
        (
            "https://mcp.example:8443/a/B",
            (),
            [
                "https://mcp.example:8443/.well-known/oauth-protected-resource/a/B",
                "https://mcp.example:8443/.well-known/oauth-protected-resource",
            ],
        ),
        (MCP, (HEADER,), [HEADER, PRM, PRM_ROOT]),
        (MCP, (PRM,), [PRM, PRM_ROOT]),
        (MCP, (PRM_ROOT,), [PRM_ROOT, PRM]),
        (MCP, (HEADER, PRM_ROOT), [HEADER, PRM_ROOT, PRM]),
        ("https://mcp.example/", (PRM_ROOT,), [PRM_ROOT]),
    ],
)
def test_the_places_in_order_and_none_twice(
    url: str, named: tuple[str, ...], order: list[str]
) -> None:
    """P1, P2, C6: what the challenge names goes first, in its order."""
    assert [place.url for place in places(url, named)] == order


def test_the_search_ends_at_the_first_document_P2() -> None:
    script = discovering()
    script.gets((PRM, json(200, prm(scopes_supported=["a"]))))
    found = script.returned()
    assert (found.identifier, found.url, found.issuers, found.scopes) == (MCP, PRM, (AS,), ("a",))
    assert script.tried == [(PRM, "used"), (PRM_ROOT, "not tried")]


@pytest.mark.parametrize(
    ("url", "named", "told"),
    [
        ("https://mcp.example/svc/mcp", "/mcp", "path to be /mcp, and it is reached at /svc/mcp"),
        ("https://mcp.example/svc/mcp", "/other", "Serve the document at that address"),
        ("https://mcp.example/mcp", "", "Serve the document at that address"),
    ],
)
def test_an_address_that_lacks_the_prefix_of_the_path_says_what_the_server_does_not_know(
    url: str, named: str, told: str
) -> None:
    """An application that is mounted below a path, or behind a proxy that takes a prefix away."""
    script = discovering(f"{PRM_ROOT}{named}", url=url)
    script.gets((f"{PRM_ROOT}{named}", NOT_FOUND))
    (dead,) = [item for item in script.findings if item.id == "rs-prm-url-dead"]
    assert told in dead.next


def test_metadata_that_differs_by_http_alone_tells_of_the_proxy_before_it() -> None:
    stop = document(resource=MCP.replace("https", "http")).stopped()
    assert stop.id == "prm-resource-foreign"
    assert "X-Forwarded-Proto" in stop.next


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 410])
def test_a_4xx_leads_to_the_next_place_without_a_second_try_P3(status: int) -> None:
    script = discovering()
    script.gets((PRM, raw(status)), (PRM_ROOT, json(200, prm())))
    assert script.returned().url == PRM_ROOT
    assert script.tried == [(PRM, "lost"), (PRM_ROOT, "used")]
    assert ("prm-status" in script.broken) is (status not in (404, 410))


@pytest.mark.parametrize("fault", [raw(500), raw(502), LOST])
def test_a_5xx_or_no_answer_is_tried_once_more_P3(fault: Page) -> None:
    script = discovering()
    script.gets((PRM, fault), (PRM, json(200, prm())))
    assert script.returned().url == PRM


@pytest.mark.parametrize(("fault", "id"), [(raw(502), "prm-status"), (LOST, "net-connect")])
def test_a_fault_that_stays_ends_the_run_P3(fault: Page, id: str) -> None:
    """L5: it is not taken for a server of 2025-03-26."""
    script = discovering()
    script.gets((PRM, fault), (PRM, fault))
    assert script.stopped().id == id


def test_a_dead_place_of_the_challenge_is_reported_and_the_others_are_tried() -> None:
    """P3: rs-prm-url-dead, then the well-known places, marked."""
    script = discovering(HEADER)
    script.gets((HEADER, NOT_FOUND), (PRM, json(200, prm())))
    assert script.returned().url == PRM
    assert script.broken == ["rs-prm-url-nonstandard", "rs-prm-url-dead"]


@pytest.mark.parametrize("fault", [raw(500), LOST])
def test_a_place_of_the_challenge_that_does_not_answer_is_tried_twice_P3(fault: Page) -> None:
    script = discovering(HEADER)
    script.gets((HEADER, fault), (HEADER, fault), (PRM, json(200, prm())))
    assert "rs-prm-url-dead" in script.broken
    assert script.returned().url == PRM


@pytest.mark.parametrize(
    "url",
    [
        "/.well-known/oauth-protected-resource",
        "http://mcp.example/prm",
        "javascript:alert(1)",
        "https://mcp.example/prm#x",
        "https://user@mcp.example/prm",
        "https://",
        "file:///etc/passwd",
    ],
)
def test_an_unusable_place_is_not_asked_P9(url: str) -> None:
    script = discovering(url)
    script.gets((PRM, json(200, prm())))
    assert script.broken == ["rs-prm-url-bad"]
    assert script.tried[0] == (url, "lost")


def test_a_place_on_another_origin_is_asked_and_told() -> None:
    other = "https://elsewhere.example/prm"
    script = discovering(other)
    script.gets((other, json(200, prm())))
    assert script.broken == ["rs-prm-url-foreign"]


def test_all_places_of_a_repeated_parameter_are_tried_in_order_C6() -> None:
    script = discovering(HEADER, PRM_ROOT)
    script.gets((HEADER, NOT_FOUND), (PRM_ROOT, json(200, prm())))
    assert script.returned().url == PRM_ROOT


def test_the_request_carries_no_credentials_A9() -> None:
    script = discovering()
    request = script.sends("GET", PRM, json(200, prm()))
    assert headers_of(request) == [
        ("Accept", "application/json"),
        ("MCP-Protocol-Version", "2026-07-28"),
    ]
    assert (request.form, request.json) == (None, None)


# --- the document (P4) ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("page", "id"),
    [
        (raw(200, "<!doctype html>", ("content-type", "text/html")), "prm-html"),
        (raw(200, "<html>", ("content-type", "application/json")), "prm-html"),
        (raw(200, "[]", ("content-type", "application/json")), "prm-json"),
        (raw(200, '{"a":1,"a":2}'), "prm-json"),
        (raw(200, b'{"a":"\xff"}'), "prm-json"),
        (raw(200, ""), "prm-json"),
        (raw(200, '{"a":NaN}'), "prm-json"),
        (raw(200, '{"resource":"\\ud800"}'), "prm-json"),
        (json(201, prm()), "prm-status"),
    ],
)
def test_what_is_no_document_is_reported_and_never_the_legacy_path(page: Page, id: str) -> None:
    """P4, L5: something is there and broken, so the run ends."""
    script = discovering()
    script.gets((PRM, page), (PRM_ROOT, NOT_FOUND))
    assert script.stopped().id == id
    assert id in script.broken


def test_a_wrong_content_type_is_tolerated_and_unknown_members_ignored_P4() -> None:
    script = discovering()
    script.gets((PRM, json(200, prm(unknown=[1]), kind="text/plain")))
    assert script.returned().identifier == MCP
    assert script.broken == ["prm-content-type"]


# --- nothing there (L1, L5, SPEC 3) --------------------------------------------------------------


def test_nothing_anywhere_is_the_path_of_2025_03_26_L1() -> None:
    script = discovering()
    script.gets((PRM, NOT_FOUND), (PRM_ROOT, raw(410)))
    assert script.returned().legacy
    assert script.returned().identifier == MCP
    (finding,) = script.findings
    assert finding.id == "prm-missing"
    assert finding.seen == f"{PRM}: HTTP 404; {PRM_ROOT}: HTTP 410"


@pytest.mark.parametrize("status", [401, 403, 400])
def test_any_other_answer_than_absence_is_no_legacy_server_L5(status: int) -> None:
    script = discovering()
    script.gets((PRM, NOT_FOUND), (PRM_ROOT, raw(status)))
    assert script.stopped().id == "prm-status"


def test_an_unusable_place_in_the_challenge_is_no_legacy_server_L5() -> None:
    """A server that names resource_metadata, however badly, is none of 2025-03-26."""
    script = discovering("http://mcp.example/prm")
    script.gets((PRM, NOT_FOUND), (PRM_ROOT, NOT_FOUND))
    assert script.stopped().id == "prm-missing"
    assert "http://mcp.example/prm" in script.stopped().seen


def test_an_issuer_by_hand_goes_on_without_metadata_A10() -> None:
    script = discovering(spec="2025-11-25", issuer="https://hand.example")
    script.gets((PRM, NOT_FOUND), (PRM_ROOT, NOT_FOUND))
    assert script.returned().identifier == MCP
    chosen = Script(
        resource_document.choose_issuer(
            judge(Stage.SERVER, issuer="https://hand.example"), script.returned()
        )
    )
    assert chosen.returned() == "https://hand.example"
    assert chosen.broken == ["client-overridden"]


# --- resource (P5, P7) ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "relation"),
    [
        (MCP, "equal"),
        (f"{MCP}/", "slash"),
        ("https://mcp.example", "parent"),
        ("https://mcp.example/", "parent"),
        ("HTTPS://MCP.example:443/mcp", "parent"),
        ("https://mcp.example/m", "foreign"),
        ("https://mcp.example/mcp2", "foreign"),
        ("https://mcp.example/mcp/deeper", "foreign"),
        ("https://mcp.example/MCP", "foreign"),
        ("https://mcp.example/%6dcp", "foreign"),
        ("https://mcp.example/other/../mcp", "foreign"),
        ("https://mcp.example:8443/mcp", "foreign"),
        ("http://mcp.example/mcp", "foreign"),
        ("https://evil.example/mcp", "foreign"),
        ("https://mcp.example.evil.example/mcp", "foreign"),
        ("https://mcp.example@evil.example/mcp", "foreign"),
        ("mcp", "foreign"),
        ("", "foreign"),
        ("https://[", "foreign"),
    ],
)
def test_how_a_resource_relates_to_the_url(value: str, relation: str) -> None:
    """P5, P7: same origin, and the same path or a whole-segment prefix; nothing is normalised."""
    assert compare(value, MCP) == relation


def test_a_deep_parent_is_a_whole_segment_P5() -> None:
    assert compare("https://h.example/a/b", "https://h.example/a/b/c") == "parent"
    assert compare("https://h.example/a/b", "https://h.example/a/bc") == "foreign"


@pytest.mark.parametrize(
    ("value", "id"),
    [
        ("https://evil.example/mcp", "prm-resource-foreign"),
        (f"{MCP}#x", "prm-resource-fragment"),
        (..., "prm-resource-missing"),
        (None, "prm-resource-missing"),
        ("", "prm-resource-missing"),
        ([MCP], "prm-resource-missing"),
    ],
)
def test_a_wrong_resource_is_refused_before_anything_else_P5(value: Any, id: str) -> None:
    script = document(resource=value, authorization_servers=None)
    assert (script.stopped().id, script.stopped().exit) == (id, 4)


@pytest.mark.parametrize(
    ("value", "id"),
    [("https://mcp.example", "prm-resource-parent"), (f"{MCP}/", "prm-resource-slash")],
)
def test_a_parent_is_used_as_it_is_spelled_with_a_warning(value: str, id: str) -> None:
    """P5, P7, Z3: strict mode refuses it."""
    script = document(resource=value)
    assert script.returned().identifier == value
    assert script.broken == [id]
    assert document(resource=value, settings={"strict": True}).stopped().id == id


def test_a_refusal_lifted_by_hand_marks_the_run_A10() -> None:
    script = document(
        resource="https://evil.example/mcp",
        settings={"allow": frozenset({"prm-resource-foreign"})},
    )
    assert script.returned().identifier == "https://evil.example/mcp"
    assert script.broken == ["prm-resource-foreign", "client-overridden"]


# --- authorization_servers (P6) ------------------------------------------------------------------


@pytest.mark.parametrize("value", [..., None, [], {}, "https://as.example", [None], [1, {}]])
def test_a_document_without_an_authorization_server_ends_the_run_P6(value: Any) -> None:
    assert document(authorization_servers=value).stopped().id == "prm-no-as"


@pytest.mark.parametrize(
    ("value", "kind", "right"),
    [
        (AS, "a string", f'["{AS}"]'),
        ({"a": 1}, "an object", '["https://auth.example.com"]'),
        ([None], "a list of no text", '["https://auth.example.com"]'),
        (True, "a boolean", '["https://auth.example.com"]'),
        (7, "a number", '["https://auth.example.com"]'),
    ],
)
def test_authorization_servers_of_another_type_are_told_as_that_P6(
    value: Any, kind: str, right: str
) -> None:
    """Something is named there: its form is what is wrong."""
    stop = document(authorization_servers=value).stopped()
    assert stop.message == f"authorization_servers is {kind}; it must be a list of issuer URLs."
    assert stop.seen.endswith(f": {kind}")
    assert stop.next == f'Write "authorization_servers": {right}.'
    assert document(authorization_servers=[]).stopped().message.startswith("The metadata names no")


def test_an_issuer_given_by_hand_that_is_no_url_is_told_as_that() -> None:
    stop = choosing(AS, issuer="foo").stopped()
    assert (stop.id, stop.exit) == ("client-url", 2)
    assert stop.message == "The URL of the authorization server cannot be used."
    assert "--issuer" in stop.next
    assert "MCP endpoint" not in stop.next


@pytest.mark.parametrize(
    "value",
    [
        "http://as.example",
        f"{AS}?x=1",
        f"{AS}#x",
        "javascript:alert(1)",
        "as.example",
        "https://user:pw@as.example",
        "https://as.example/\nx",
    ],
)
def test_an_entry_that_is_no_issuer_is_not_used_P6(value: str) -> None:
    """P9: nor is it asked."""
    assert document(authorization_servers=[value]).stopped().id == "prm-as-not-issuer"
    script = document(authorization_servers=[value, AS])
    assert script.returned().issuers == (AS,)
    assert script.broken == ["prm-as-not-issuer"]


@pytest.mark.parametrize(
    "issuer", ["https://10.0.0.1", "https://169.254.169.254", "https://localhost:9", "https://as"]
)
def test_an_internal_host_in_a_public_document_is_told_P9(issuer: str) -> None:
    assert "prm-internal-host" in document(authorization_servers=[issuer]).broken


def choosing(*issuers: str, **settings: Any) -> Script:
    return Script(
        resource_document.choose_issuer(
            judge(Stage.SERVER, **settings), found_resource(issuers=issuers)
        )
    )


def test_the_only_issuer_is_taken_without_asking_P6() -> None:
    assert choosing(AS).returned() == AS


@pytest.mark.parametrize(("said", "chosen"), [("b", "b"), (None, "a"), ("nonsense", "a")])
def test_a_person_chooses_among_several_else_the_first_P6(said: str | None, chosen: str) -> None:
    script = choosing("a", "b")
    assert script.wants(actions.Ask).question.choices == ("a", "b")
    assert script.wants(actions.Ask).question.default == "a"
    script.reply(said)
    assert script.returned() == chosen
    assert script.broken == ["prm-as-several"]


def test_of_thousands_a_person_is_offered_what_can_be_read_P6() -> None:
    question = choosing(*map(str, range(4000))).wants(actions.Ask).question
    assert question.choices == tuple(map(str, range(50)))
    assert question.detail.endswith(" 3,950 more are not offered here: --issuer takes each.")


def test_a_configured_issuer_goes_first_P6() -> None:
    """A10: and one that the document does not name marks the run."""
    other = "https://other.example"
    assert choosing(AS, other, issuer=other).returned() == other
    script = choosing(AS, issuer=other)
    assert script.returned() == other
    assert script.broken == ["client-overridden"]


# --- other members -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("listed", "used", "broken"),
    [
        (["a", "b:c/d"], ("a", "b:c/d"), []),
        (["a", 1, "b c", "", 'q"', "é", "\x1b"], ("a",), ["prm-scope-syntax"]),
        (None, (), ["prm-null"]),
        ("a b", (), ["prm-scope-syntax"]),
    ],
)
def test_only_scope_tokens_are_asked_for(listed: Any, used: tuple[str, ...], broken: Any) -> None:
    """Z4, RFC 6749 §3.3: what is no scope token is reported and left out."""
    script = document(scopes_supported=listed)
    assert script.returned().scopes == used
    assert script.broken == broken


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)
MEMBERS = (
    "resource",
    "authorization_servers",
    "scopes_supported",
    "bearer_methods_supported",
    "dpop_bound_access_tokens_required",
    "jwks_uri",
)


@given(st.dictionaries(st.sampled_from(MEMBERS), JSON))
def test_wrong_types_in_any_member_give_findings_or_a_stop(members: dict[str, Any]) -> None:
    """P4: never another exception."""
    script = document(**members)
    assert script.stop is not None or script.returned().identifier == members.get("resource", MCP)
