"""Device authorization (SPEC X1; RFC 8628): the code, the polling, and every way it ends."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_auth_tui.model import Failure, Resumed, Secret, Stage, Waiting
from mcp_auth_tui.model.oauth import DeviceCode
from mcp_auth_tui.protocol.actions import Sleep
from mcp_auth_tui.protocol.authorization import device
from mcp_auth_tui.protocol.tokens.endpoint import Endpoint
from tests.protocol.discovery.test_resource import JSON
from tests.protocol.script import (
    AS,
    MCP,
    NO_STORE,
    Page,
    Script,
    client,
    form_of,
    json,
    judge,
    only,
    raw,
    server,
)

GRANT = "urn:ietf:params:oauth:grant-type:device_code"
URL, TOKEN = f"{AS}/device", f"{AS}/token"
CODE = {
    "device_code": "dc-1",
    "user_code": "WDJB-MJHT",
    "verification_uri": f"{AS}/go",
    "verification_uri_complete": f"{AS}/go?user_code=WDJB-MJHT",
    "expires_in": 600,
    "interval": 7,
}
GOOD = {"access_token": "at", "token_type": "Bearer", "expires_in": 60}
PENDING = json(400, {"error": "authorization_pending"})
SLOWER = json(400, {"error": "slow_down"})


def begun(*, offered: Any = URL, scope: str | None = "a b", **settings: Any) -> Script:
    made = server(device_authorization_endpoint=offered)
    asker = Endpoint(judge(Stage.AUTHORIZE, **settings), made, client(redirect_uri=""))
    return Script(device.authorize(asker, MCP, scope, "from the challenge"))


def coded(wait: float = 600.0, **members: Any) -> Script:
    script = begun(wait=wait)
    body = {key: value for key, value in {**CODE, **members}.items() if value is not ...}
    script.sends("POST", URL, json(200, body, NO_STORE))
    return script


def slept(script: Script) -> float:
    seconds: float = script.wants(Sleep).seconds
    script.reply(None)
    return seconds


def test_the_code_is_shown_and_polled_for_until_it_is_typed_X1() -> None:
    """X1, Z3, Z4: scope and resource go with the first request, resource with each poll."""
    script = begun()
    asked = script.sends("POST", URL, json(200, CODE, NO_STORE))
    assert form_of(asked) == [("scope", "a b"), ("resource", MCP), ("client_id", "client-1")]
    assert script.learned("device") == [
        DeviceCode("WDJB-MJHT", f"{AS}/go", f"{AS}/go?user_code=WDJB-MJHT", 1601.5, Secret("dc-1"))
    ]
    assert only(item for item in script.notes if isinstance(item, Waiting)).until == 1601.5
    for page in (PENDING, json(200, GOOD, NO_STORE)):
        assert slept(script) == 7
        polled = script.sends("POST", TOKEN, page)
        assert form_of(polled) == [
            ("grant_type", GRANT),
            ("device_code", "dc-1"),
            ("resource", MCP),
            ("client_id", "client-1"),
        ]
    exchange, answer = script.returned()
    assert (exchange.status, answer) == (200, GOOD)
    assert only(item for item in script.notes if isinstance(item, Resumed))


def test_slow_down_adds_five_seconds_each_time_for_good_X1() -> None:
    """X1: RFC 8628 section 3.5."""
    script, waits = coded(), []
    for page in (PENDING, SLOWER, PENDING, SLOWER, json(200, GOOD)):
        waits.append(slept(script))
        script.sends("POST", TOKEN, page)
    assert waits == [7, 7, 12, 12, 17]
    assert script.returned()


def test_a_state_that_stands_in_the_description_of_another_error_is_read_and_told_once_X1() -> None:
    """authgent-server 0.3.4: each poll is invalid_grant until the code was accepted."""
    waiting = json(400, {"error": "invalid_grant", "error_description": "authorization_pending"})
    script = coded()
    for page in (waiting, waiting, json(200, GOOD, NO_STORE)):
        slept(script)
        script.sends("POST", TOKEN, page)
    assert script.returned()[1] == GOOD
    found = only(item for item in script.findings if item.id == "token-error-form")
    assert found.seen == '"invalid_grant", and authorization_pending in error_description'
    denied = coded()
    slept(denied)
    said = {"error": "invalid_grant", "error_description": "access_denied"}
    denied.sends("POST", TOKEN, json(400, said))
    assert denied.stopped().id == "authz-denied"


@pytest.mark.parametrize(
    ("interval", "seconds"), [(..., 5), (0, 0), (90, 90), ("3", 5), (True, 5), (-1, 5), (1e9, 600)]
)
def test_the_interval_is_the_servers_and_five_seconds_without_one_X1(
    interval: Any, seconds: float
) -> None:
    assert slept(coded(interval=interval)) == seconds


def test_a_code_that_was_declined_ends_the_run_X1() -> None:
    script = coded()
    slept(script)
    script.sends("POST", TOKEN, json(400, {"error": "access_denied"}))
    assert (script.stopped().id, script.stopped().exit) == ("authz-denied", 1)


def test_a_code_that_the_server_says_has_expired_ends_the_run_X1() -> None:
    script = coded()
    slept(script)
    script.sends("POST", TOKEN, json(400, {"error": "expired_token"}))
    stop = script.stopped()
    assert (stop.id, stop.seen) == (
        "authz-timeout",
        "the code WDJB-MJHT expired before it was typed",
    )
    assert "Run again" in stop.next


@pytest.mark.parametrize("page", [PENDING, SLOWER], ids=["pending", "slow down"])
def test_a_server_that_never_says_expired_is_not_polled_for_ever_X1(page: Page) -> None:
    script = coded(expires_in=2)
    for _ in range(3):
        if script.stop is not None:
            break
        slept(script)
        script.sends("POST", TOKEN, page)
    assert script.stopped().id == "authz-timeout"


def test_the_wait_of_the_person_bounds_the_code_too_X1() -> None:
    assert only(coded(wait=30.0).learned("device")).until == 1031.5


@pytest.mark.parametrize(
    ("page", "id", "part"),
    [
        (json(400, {"error": "invalid_grant"}), "token-error", "invalid_grant"),
        (json(401, {"error": "invalid_client"}), "token-error", "invalid_client"),
        (raw(400, "<p>no"), "token-error", "HTTP 400: a web page, “no”"),
        (raw(503, "busy", ("retry-after", "7")), "net-rate-limited", "7"),
        (raw(302, "", ("location", f"{AS}/x")), "token-redirect", f"{AS}/x"),
    ],
)
def test_any_other_answer_to_a_poll_ends_the_run_X1(page: Page, id: str, part: str) -> None:
    script = coded()
    slept(script)
    script.sends("POST", TOKEN, page)
    stop = script.stopped()
    assert stop.id == id
    assert part in stop.seen


def test_a_server_without_device_authorization_is_not_asked_for_it_X1() -> None:
    stop = begun(offered=...).stopped()
    assert (stop.id, stop.whose) == ("client-grant", "client")
    assert "--grant authorization_code" in stop.next


def test_an_endpoint_that_must_not_be_asked_is_refused_A7() -> None:
    stop = begun(offered="http://as.example/device").stopped()
    assert (stop.id, stop.exit) == ("as-endpoint-scheme", 4)


@pytest.mark.parametrize("name", ["device_code", "user_code", "verification_uri"])
def test_an_answer_without_a_required_member_ends_the_run_X1(name: str) -> None:
    stop = coded(**{name: ...}).stopped()
    assert (stop.id, stop.expected) == (
        "authz-error",
        "device_code, user_code and verification_uri (RFC 8628 §3.2)",
    )


@pytest.mark.parametrize("name", ["verification_uri", "verification_uri_complete"])
def test_an_address_that_must_not_be_opened_is_refused_Z8(name: str) -> None:
    stop = coded(**{name: "javascript:alert(1)"}).stopped()
    assert (stop.id, stop.exit) == ("as-endpoint-scheme", 4)


def test_the_older_name_of_the_address_is_read_X1() -> None:
    script = coded(
        verification_uri=..., verification_url=f"{AS}/old", verification_uri_complete=...
    )
    assert only(script.learned("device")).verification_uri == f"{AS}/old"


@pytest.mark.parametrize("lifetime", [..., 0, -1, "600", True])
def test_a_lifetime_that_is_none_is_told_and_the_wait_counts_X1(lifetime: Any) -> None:
    script = coded(wait=100.0, expires_in=lifetime)
    assert script.broken == ["token-expiry"]
    assert only(script.learned("device")).until == 1101.5


def test_a_refused_device_authorization_request_names_the_reason_X1() -> None:
    script = begun()
    page = {"error": "unauthorized_client", "error_description": "not for you"}
    script.sends("POST", URL, json(400, page))
    stop = script.stopped()
    assert stop.id == "authz-error"
    assert "unauthorized_client: not for you" in stop.seen
    assert "Allow this client the grant" in stop.next


def test_a_poll_that_finds_no_answer_is_no_end_and_a_time_out_doubles_the_interval_X1() -> None:
    """X1: RFC 8628 section 3.5."""
    script, waits = coded(), []
    gone = Failure("net-connect", "The server closed the connection without an answer.")
    late = Failure("net-timeout", "No answer came.")
    slow = Failure("net-slow", "Half an answer came.")
    for page in (gone, PENDING, late, PENDING, slow, json(200, GOOD)):
        waits.append(slept(script))
        script.sends("POST", TOKEN, page)
    assert waits == [7, 7, 7, 14, 14, 28]
    assert script.returned()


def test_polls_that_never_find_an_answer_end_the_run_X1() -> None:
    script = coded()
    for _ in range(4):
        slept(script)
        script.sends("POST", TOKEN, Failure("net-connect", "Nobody is there."))
    assert script.stopped().id == "net-connect"


@given(st.dictionaries(st.sampled_from([*CODE, "error"]), JSON, max_size=4))
def test_wrong_types_in_any_member_give_a_code_or_a_stop_X1(members: dict[str, Any]) -> None:
    script = begun()
    script.sends("POST", URL, json(200, {**CODE, **members}, NO_STORE))
    assert script.stop is not None or script.learned("device")


@pytest.mark.parametrize("member", ["expires_in", "interval"])
@pytest.mark.parametrize("number", [10**400, -(10**400), 1e308])
def test_a_number_that_no_clock_holds_is_no_fault_of_ours_X1(member: str, number: Any) -> None:
    script = coded(**{member: number})
    assert 0 <= slept(script) <= 600
