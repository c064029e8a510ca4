"""What happened in a run, as frozen values: the fold of its events."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from mcp_auth_tui import findings
from mcp_auth_tui.model import (
    Browsed,
    Ended,
    Entered,
    Exchange,
    Exchanged,
    Failure,
    Field,
    Kind,
    Learned,
    Left,
    Level,
    Outcome,
    Ready,
    Released,
    Request,
    Response,
    Resumed,
    Secret,
    Session,
    Stage,
    StageState,
    Started,
    Status,
    Tried,
    Waiting,
)
from tests.protocol.script import MCP, client, raw, token

FINDING = findings.finding("token-cacheable", Stage.TOKEN, seen="x")
STOP = findings.fatal(findings.finding("as-missing", Stage.SERVER))
REQUEST = Request(
    Stage.TOKEN,
    "token request",
    "POST",
    MCP,
    Kind.TOKEN,
    (Field("Authorization", Secret("Basic hunter2hunter2")),),
    form=(Field("code", Secret("the-code-1")), Field("a", "b")),
)
EXCHANGE = Exchange(1, REQUEST, Response(200), 10.0, 0.25)


def folded(*events: Any) -> Session:
    session = Session()
    for event in (Started(MCP, 5.0), *events):
        session = session.apply(event)
    return session


def test_a_secret_shows_itself_only_when_asked() -> None:
    secret = Secret("hunter2")
    for shown in (str(secret), repr(secret), f"{secret}", repr([secret]), repr(REQUEST)):
        assert "hunter2" not in shown
    assert secret.reveal() == "hunter2"
    assert secret == Secret("hunter2")
    assert secret != Secret("hunter3")
    assert secret != "hunter2"
    assert len({secret, Secret("hunter2")}) == 1


def test_no_value_of_the_flow_shows_its_secrets() -> None:
    held = client(secret=Secret("s3cr3t"), registration_token=Secret("reg-token"))
    assert "s3cr3t" not in repr(held)
    assert "reg-token" not in repr(held)
    assert "access-token-1" not in repr(token())


def test_levels_are_ranked_from_the_worst() -> None:
    assert sorted(Level, key=lambda level: level.rank) == [
        Level.FATAL,
        Level.ERROR,
        Level.WARNING,
        Level.INFO,
        Level.OK,
    ]


def test_headers_are_found_by_name_and_kept_in_order() -> None:
    response = raw(200, "é", ("content-type", "Text/HTML; charset=utf-8"), ("a", "1"), ("a", "2"))
    assert (response.header("a"), response.all("a"), response.header("b")) == (
        "1",
        ("1", "2"),
        None,
    )
    assert (response.media_type, response.text) == ("text/html", "é")
    assert Response(200).media_type == ""
    assert Response(200, (), b"\xff").text == "\ufffd"


def test_an_exchange_is_a_response_or_a_failure() -> None:
    assert (EXCHANGE.response, EXCHANGE.failure, EXCHANGE.status) == (Response(200), None, 200)
    lost = replace(EXCHANGE, result=Failure("net-dns", "x"))
    assert (lost.response, lost.failure, lost.status) == (None, Failure("net-dns", "x"), 0)


def test_a_run_starts_clean_and_keeps_what_is_known() -> None:
    held = token()
    session = Session(url="old", findings=(FINDING,)).apply(
        Started(MCP, 7.0, known=(("token", held),), skipped=(Stage.PROBE,))
    )
    assert (session.url, session.started, session.findings, session.token) == (MCP, 7.0, (), held)
    assert session.stages[Stage.PROBE].status is Status.KEPT
    assert session.stages[Stage.TOKEN] == StageState()
    assert session.secrets == {Secret("access-token-1")}


def test_a_stage_runs_waits_and_ends() -> None:
    entered = folded(Entered(Stage.AUTHORIZE))
    assert entered.current is Stage.AUTHORIZE
    waiting = entered.apply(Waiting("sign in", 99.0))
    assert (waiting.stages[Stage.AUTHORIZE].status, waiting.waiting) == (
        Status.WAITING,
        Waiting("sign in", 99.0),
    )
    resumed = waiting.apply(Resumed("callback"))
    assert (resumed.stages[Stage.AUTHORIZE].status, resumed.waiting) == (Status.RUNNING, None)
    left = resumed.apply(Left(Stage.AUTHORIZE, Status.DONE, "signed in"))
    assert left.stages[Stage.AUTHORIZE] == StageState(Status.DONE, "signed in")
    assert left.current is None


def test_what_was_let_go_is_on_its_way_until_it_is_answered() -> None:
    waiting = folded(Entered(Stage.TOKEN), Ready(EXCHANGE.request))
    assert (waiting.ready, waiting.sending, waiting.upcoming) == (EXCHANGE.request, None, 1)
    released = waiting.apply(Released(EXCHANGE.request))
    assert (released.ready, released.sending, released.upcoming) == (None, EXCHANGE.request, 1)
    answered = released.apply(Exchanged(EXCHANGE))
    assert (answered.ready, answered.sending, answered.upcoming) == (None, None, 2)


def test_exchanges_add_their_time_and_secrets_and_take_the_gate_away() -> None:
    session = folded(Entered(Stage.TOKEN), Ready("next"), Exchanged(EXCHANGE), Exchanged(EXCHANGE))
    assert session.exchanges == (EXCHANGE, EXCHANGE)
    assert session.stages[Stage.TOKEN].seconds == 0.5
    assert session.ready is None
    assert session.secrets == {Secret("Basic hunter2hunter2"), Secret("the-code-1")}
    assert session.redactor().text("x the-code-1 y") == f"x {Secret('the-code-1')} y"


def test_findings_places_and_values_are_kept_in_order() -> None:
    place = Tried(Stage.SERVER, "metadata", "u", "used", "first")
    browsed = Browsed("u", "opened", True, "r")
    session = folded(FINDING, STOP, place, Learned("client", client()), browsed)
    assert session.findings == (FINDING, STOP)
    assert (session.tried, session.client, session.browsed) == ((place,), client(), browsed)
    assert session.counts()[Level.FATAL] == 1
    assert session.counts(Stage.TOKEN)[Level.FATAL] == 0


def test_what_ends_a_run_takes_the_place_of_what_it_repeats_of_the_same_exchange() -> None:
    told = findings.finding("as-html", Stage.SERVER, seen="one", exchange=4)
    stop = findings.fatal(findings.finding("as-html", Stage.SERVER, seen="one; two", exchange=4))
    others = [
        findings.ok("as-html", Stage.SERVER, exchange=4),
        findings.finding("as-html", Stage.SERVER, exchange=3),
        findings.finding("as-json", Stage.SERVER, exchange=4),
        findings.finding("as-html", Stage.SERVER, exchange=4, pointer="/x"),
    ]
    session = folded(told, *others, stop)
    assert session.findings == (*others, stop)
    assert session.counts()[Level.FATAL] == 1


def test_what_is_about_no_exchange_repeats_nothing() -> None:
    stray = findings.finding("authz-state", Stage.AUTHORIZE, level=Level.WARNING)
    stop = findings.fatal(findings.finding("authz-state", Stage.AUTHORIZE))
    assert folded(stray, stray, stop).findings == (stray, stray, stop)


def test_the_end_marks_the_stage_that_failed() -> None:
    session = folded(Entered(Stage.SERVER), Waiting("x", 1.0), Ended(Outcome.FAILED, 9.0, STOP, 1))
    assert (session.outcome, session.ended, session.stop, session.exit) == (
        Outcome.FAILED,
        9.0,
        STOP,
        1,
    )
    assert session.stages[Stage.SERVER] == StageState(Status.FAILED, STOP.message)
    assert (session.waiting, session.ready, session.current) == (None, None, None)


def test_a_good_end_fails_no_stage() -> None:
    session = folded(Entered(Stage.VERIFY), Ended(Outcome.OK, 9.0))
    assert session.stages[Stage.VERIFY].status is Status.RUNNING


@pytest.mark.parametrize(
    ("outcome", "headers"),
    [
        (Outcome.OK, {"Authorization": Secret("Bearer access-token-1")}),
        (Outcome.FAILED, {"Authorization": Secret("Bearer access-token-1")}),
        (Outcome.INTERRUPTED, {"Authorization": Secret("Bearer access-token-1")}),
        (Outcome.REFUSED, {}),
    ],
)
def test_the_headers_outlive_a_failure_but_no_refusal(outcome: Outcome, headers: Any) -> None:
    """U1: the scheme is Bearer, whatever the case of the type in the answer."""
    session = folded(Learned("token", token(type="bearer")), Ended(outcome, 9.0))
    assert session.headers == headers
    assert folded().headers == {}


def test_a_recorded_run_replays_to_the_same_value() -> None:
    events = (
        Entered(Stage.TOKEN),
        Exchanged(EXCHANGE),
        FINDING,
        Learned("token", token()),
        Left(Stage.TOKEN, Status.WARNED, "x"),
        Ended(Outcome.OK, 9.0),
    )
    assert folded(*events) == folded(*events)


def test_a_shown_body_is_harmless_and_without_secrets() -> None:
    """By the name of the member, and by value wherever it stands."""
    session = folded(Learned("token", token()))
    body = b'{"refresh_token":"rt-rt-rt","note":"access-token-1 \x1b[31m"}'
    shown = session.redactor().body(body, "text/plain")
    assert "rt-rt-rt" not in shown
    assert "access-token-1" not in shown
    assert "\x1b" not in shown
