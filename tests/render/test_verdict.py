"""One sentence about a run in every state: what is true, who has to act, which key helps."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from mcp_auth_tui.model import (
    CANCELLED,
    Ended,
    Exchanged,
    Failure,
    Finding,
    Level,
    Outcome,
    Ready,
    Released,
    Session,
    Slip,
    Stage,
    Started,
    Status,
    Whose,
)
from mcp_auth_tui.render.document import document
from mcp_auth_tui.render.document import event as members_of
from mcp_auth_tui.render.owner import owner
from mcp_auth_tui.render.report import markdown
from mcp_auth_tui.render.verdict import Verdict, verdict
from mcp_auth_tui.tui.actions import KEYS
from tests.tui import fakes


def folded(events: list[Any]) -> Session:
    session = Session()
    for event in events:
        session = session.apply(event)
    return session


def stopped(stop: Finding, outcome: Outcome = Outcome.FAILED) -> Verdict:
    return verdict(folded([*fakes.metadata(), Ended(outcome, fakes.NOW, stop, stop.exit)]))


def broken(id: str, whose: Whose, **more: Any) -> Finding:
    return fakes.finding(id, Level.FATAL, "It broke.", Stage.SERVER, whose=whose, **more)


SENT = fakes.exchange(1, Stage.PROBE, "POST", fakes.MCP, 401)
BROWSER = [*fakes.metadata(), *fakes.registration(), *fakes.browser()]


@pytest.mark.parametrize(
    ("events", "status", "sentence", "action"),
    [
        ([], Status.IDLE, "Nothing ran yet.", "run"),
        (fakes.metadata()[:2], Status.RUNNING, "Asking the MCP server what it wants.", "back"),
        (
            [*fakes.metadata()[:2], Ready(SENT.request)],
            Status.WAITING,
            "Request 1 waits for you.",
            "step",
        ),
        (
            [*fakes.metadata()[:2], Ready(SENT.request), Released(SENT.request)],
            Status.RUNNING,
            "Request 1 is on its way.",
            "",
        ),
        (
            BROWSER,
            Status.WAITING,
            "Sign in at auth.example.com in your browser: the run waits for you.",
            "paste",
        ),
        (
            [*BROWSER, Slip(broken("authz-paste", Whose.CLIENT))],
            Status.WAITING,
            "What was pasted is no answer: the run still waits for you.",
            "paste",
        ),
        (
            [*fakes.metadata(), Ended(Outcome.INTERRUPTED, fakes.NOW, None, 130)],
            Status.CANCELLED,
            "You cancelled the run: 1 warning before that.",
            "run_again",
        ),
        (
            fakes.signed_in(),
            Status.WARNED,
            "Header accepted: 1 warning on the way, the refusal does not say where the server's"
            " metadata is.",
            "findings",
        ),
    ],
    ids=["idle", "at work", "ready", "on its way", "sign-in", "slip", "cancelled", "good"],
)
def test_every_state_has_one_sentence_and_the_key_that_helps(
    events: list[Any], status: Status, sentence: str, action: str
) -> None:
    session = folded(events)
    found = verdict(session)
    assert (found.status, found.sentence, found.action) == (status, sentence, action)
    assert document(session)["verdict"] == sentence
    assert f"- Verdict: `{sentence}`\n" in markdown.report(session)


@pytest.mark.parametrize(
    ("findings", "sentence"),
    [
        ([], "Nothing that stops a client was found."),
        (
            [fakes.finding("as-null", Level.WARNING, "It is null.", Stage.SERVER)],
            "Nothing that stops a client was found: 1 warning on the way, it is null.",
        ),
        (
            [fakes.finding("as-legacy-paths", Level.INFO, "No document.", Stage.SERVER)],
            "There is no metadata, and whether the default paths work was not tried.",
        ),
    ],
    ids=["clean", "warned", "guessed"],
)
def test_an_inspection_says_what_it_found_and_promises_no_sign_in(
    findings: list[Finding], sentence: str
) -> None:
    session = folded([Started(fakes.MCP, fakes.NOW), *findings, Ended(Outcome.OK, fakes.NOW)])
    assert verdict(session).sentence == sentence


def test_a_verdict_that_leaves_the_program_holds_no_credential() -> None:
    message = f"The server said {fakes.ACCESS}."
    stop = replace(broken("token-error", Whose.ISSUER), message=message)
    events = [*fakes.signed_in()[:-1], Ended(Outcome.FAILED, fakes.NOW, stop, 1)]
    session = folded(events)
    assert fakes.ACCESS in verdict(session).sentence
    for text in (document(session)["verdict"], members_of(events[-1], session)["verdict"]):
        assert fakes.ACCESS not in text and text.startswith("The server said ‹")
    assert fakes.ACCESS not in markdown.report(session)


def test_what_stopped_a_run_names_who_acts_and_how() -> None:
    told = [
        stopped(broken("as-issuer-mismatch", Whose.ISSUER), Outcome.REFUSED),
        stopped(broken("rs-not-mcp", Whose.CLIENT)),
        stopped(broken("client-port-busy", Whose.CLIENT)),
        stopped(broken("net-connect", Whose.NETWORK)),
        stopped(broken("net-timeout", Whose.BETWEEN, next="Or allow more with --timeout.")),
        stopped(broken("authz-denied", Whose.NOBODY)),
        stopped(broken("client-bug", Whose.CLIENT)),
    ]
    assert [(each.sentence, each.action) for each in told] == [
        (
            "It broke: authorization server (auth.example.com) has to mend it.",
            "export",
        ),
        ("It broke: you (URL) can mend it.", "url"),
        ("It broke: you (settings) can mend it.", "settings"),
        ("It broke: you (network) can mend it.", "run"),
        ("It broke: something between (proxy, firewall) can mend it.", "settings"),
        ("It broke: it is your turn.", "run_again"),
        ("It broke: a fault of mcp-auth-tui itself.", "export"),
    ]


def test_a_request_that_hung_when_the_run_was_cancelled_is_named() -> None:
    hung = replace(SENT, number=4, result=Failure(CANCELLED, "No answer had come after 4.0 s."))
    ended = Ended(Outcome.INTERRUPTED, fakes.NOW, None, 130)
    told = verdict(folded([*fakes.metadata()[:2], Exchanged(hung), ended]))
    assert told.now == "You cancelled the run while exchange 4 had no answer"


def test_each_key_of_a_verdict_is_one_of_the_screen() -> None:
    names = {key.name for key in KEYS}
    used = {"run", "run_again", "step", "open_browser", "copy", "paste", "back", "findings"}
    assert {*used, "export", "url", "settings"} <= names


def test_everybody_who_can_have_to_act_has_a_name() -> None:
    session = folded(fakes.metadata())
    names = {whose: owner(session, broken("x", whose)) for whose in Whose}
    assert names == {
        Whose.SERVER: "MCP server (mcp.example.com)",
        Whose.ISSUER: "authorization server (auth.example.com)",
        Whose.CLIENT: "you (settings)",
        Whose.NETWORK: "you (network)",
        Whose.BETWEEN: "something between (proxy, firewall)",
        Whose.NOBODY: "",
    }


@pytest.mark.parametrize(
    ("level", "sentence", "status"),
    [
        (Level.ERROR, "1 failed", Status.WARNED),
        (Level.WARNING, "1 failed", Status.WARNED),
        (Level.INFO, "none failed", Status.DONE),
    ],
)
def test_a_run_that_probed_says_how_many_failed(
    level: Level, sentence: str, status: Status
) -> None:
    results = [
        fakes.finding("probe-garbage", Level.OK, "Kept.", Stage.VERIFY),
        fakes.finding("probe-origin", level, "Served.", Stage.VERIFY),
    ]
    run = [*fakes.metadata(), *results, Ended(Outcome.PROBED, fakes.NOW, None, 0)]
    told = verdict(folded(run))
    assert told.sentence == f"2 probes tried, and what was issued for them ended: {sentence}."
    assert (told.status, told.action) == (status, "probes")


CAUSE = "Google Cloud Run refuses a request without a token"


@pytest.mark.parametrize(
    ("message", "now"),
    [
        ("It broke.", "It broke"),
        (f"{CAUSE}: no 401 of MCP comes, and nothing else.", CAUSE),
        (f"{CAUSE}. The server refuses what comes then.", CAUSE),
        # What its first part does not say, and what has no first part, its rule says shorter.
        (
            f"No: {'it broke ' * 9}",
            "The server refuses a request without a token, but not with 401",
        ),
        ("It broke " * 9, "The server refuses a request without a token, but not with 401"),
    ],
)
def test_a_long_message_is_told_by_its_first_part_that_names_the_cause(
    message: str, now: str
) -> None:
    stop = replace(broken("rs-wrong-status", Whose.SERVER), message=message)
    assert stopped(stop).now == now
