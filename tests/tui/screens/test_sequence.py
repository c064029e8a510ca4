"""The ladder: its arrows from real exchanges, its screen, and its pictures at three sizes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import OptionList

from mcp_auth_tui.model import Ended, Entered, Exchanged, Outcome, Resumed, Session, Stage, Waiting
from mcp_auth_tui.tui.screens.exchange import ExchangeScreen
from mcp_auth_tui.tui.screens.sequence import SequenceScreen
from mcp_auth_tui.tui.views import sequence, sequence_lines
from mcp_auth_tui.tui.views.sequence import BROWSER, ISSUER, SERVER, YOU, Arrow, Step
from tests.tui import fakes
from tests.tui.conftest import app_of, settled, sign_in

SIZES = [(80, 24), (120, 36), (60, 20)]
IDS = ["80x24", "120x36", "60x20"]


def folded(events: list[Any]) -> Session:
    session = Session()
    for event in events:
        session = session.apply(event)
    return session


def drawn(session: Session, width: int) -> list[str]:
    return [
        line
        for step in sequence.steps(session)
        for line in sequence_lines.draw(step, width).plain.splitlines()
    ]


def test_a_whole_run_is_told_as_arrows_in_the_order_in_which_they_went() -> None:
    told = [
        (step.number, [(a.source, a.target, a.label, a.unseen) for a in step.arrows], step.note)
        for step in sequence.steps(folded(fakes.signed_in()))
    ]
    assert told == [
        (1, [(YOU, SERVER, "POST /mcp", False), (SERVER, YOU, "401 Bearer", False)], ""),
        (
            2,
            [
                (YOU, SERVER, "GET …/oauth-protected-resource/mcp", False),
                (SERVER, YOU, "200 resource metadata", False),
            ],
            "",
        ),
        (
            3,
            [
                (YOU, ISSUER, "GET …/oauth-authorization-server", False),
                (ISSUER, YOU, "200 issuer metadata", False),
            ],
            "",
        ),
        (4, [(YOU, ISSUER, "POST /register", False), (ISSUER, YOU, "201 client id", False)], ""),
        (
            0,
            [
                (YOU, BROWSER, "you open it", True),
                (BROWSER, ISSUER, "GET the page; sign in, agree", True),
            ],
            "",
        ),
        (
            0,
            [
                (ISSUER, BROWSER, "back to the redirect URI", True),
                (BROWSER, YOU, "code state", False),
            ],
            "",
        ),
        (
            5,
            [
                (YOU, ISSUER, "POST /token authorization_code", False),
                (ISSUER, YOU, "200 access token", False),
            ],
            "",
        ),
        (
            6,
            [
                (YOU, SERVER, "POST the first request with the token", False),
                (SERVER, YOU, "200 result", False),
            ],
            "",
        ),
        (0, [], "the headers are good"),
    ]


def test_a_pasted_address_comes_by_the_person_and_a_wrong_one_is_marked() -> None:
    wait = Waiting("the sign-in in the browser", fakes.NOW + 600)
    before = [*fakes.metadata(), *fakes.registration(), *fakes.browser()]
    wrong = Resumed("an address was pasted", "paste", ("response_type",))
    right = Resumed("an address was pasted", "paste", ("code", "state", "iss"))
    session = folded([*before, wrong, wait])
    assert sequence.steps(session)[-2:] == (
        Step((Arrow(BROWSER, YOU, "pasted: response_type", "", "$text-warning", True),),
             mark="!", mark_style="$text-warning"),
        Step(note="waiting: the sign-in in the browser", mark="…", mark_style="$text-accent"),
    )  # fmt: skip
    told = sequence.steps(session.apply(right))
    assert [arrow.label for arrow in told[-1].arrows] == [
        "back to the redirect URI",
        "pasted: code state iss",
    ]
    assert [step.mark for step in told[-2:]] == ["!", ""]


def test_an_answer_to_a_question_is_no_part_of_the_sign_in() -> None:
    session = folded(fakes.asking())
    assert session.moments == ()


def test_the_next_request_and_the_end_stand_below_what_happened() -> None:
    ready = folded(fakes.metadata())
    request = fakes.exchange(9, Stage.REGISTER, "POST", f"{fakes.AS}/register", 201).request
    waiting = replace(ready, ready=request)
    assert sequence.steps(waiting)[-1].arrows == (
        Arrow(YOU, ISSUER, "next: POST /register", style="bold", unseen=True),
    )
    stopped = folded(fakes.mismatch())
    assert sequence.steps(stopped)[-1].note == (
        "The document names another issuer than the address it was found by."
    )
    assert [step.mark for step in sequence.steps(stopped)][-2:] == ["✗", "✗"]
    cancelled = ready.apply(Ended(Outcome.INTERRUPTED, fakes.NOW, None, 130))
    assert sequence.steps(cancelled)[-1].note == "ended: interrupted"


@pytest.mark.parametrize("width", [36, 56, 76, 116])
def test_every_line_fits_and_every_life_line_stands_in_its_column(width: int) -> None:
    session = folded(fakes.signed_in())
    for line in drawn(session, width):
        assert len(line) <= width
        if "the headers are good" not in line:
            first, last = sequence_lines.lanes(width)[0], sequence_lines.lanes(width)[3]
            assert line[first] in "│├┤"
            assert line[last] in "│├┤"
    for line in sequence_lines.header(session, width).plain.splitlines():
        assert len(line) <= width


@pytest.mark.parametrize("width", [0, 1, 8, 15, 22, 24, 29])
def test_a_ladder_in_too_few_columns_is_cut_off_and_no_fault(width: int) -> None:
    session = folded(fakes.signed_in())
    arrows = [line for line in drawn(session, width) if "├" in line or "┤" in line]
    full = [line for line in drawn(session, sequence_lines.LEAST) if "├" in line or "┤" in line]
    assert arrows == full != []
    assert (
        sequence_lines.header(session, width).plain
        == sequence_lines.header(session, sequence_lines.LEAST).plain
    )


def test_at_eighty_columns_no_address_of_a_usual_run_is_cut() -> None:
    session = folded(fakes.signed_in())
    cut = [line for line in drawn(session, 75) if "…" in line.replace("…/", "")]
    assert [line.split("POST ")[-1][:17] for line in cut] == ["the first request"]


def test_hostile_text_stays_in_its_cells() -> None:
    """SPEC 6: terminal escape injection."""
    session = folded(fakes.hostile())
    wide = fakes.exchange(
        7, Stage.TOKEN, "POST", f"{fakes.AS}/token", 400, body={"error": "漢字\x1b[2J\u202e"}
    )
    session = session.apply(Entered(Stage.TOKEN)).apply(Exchanged(wide))
    for line in drawn(session, 76):
        assert "\x1b" not in line
        assert "\u202e" not in line
        assert len(line) <= 76
    assert any("◀── 400 ??" in line for line in drawn(session, 76))


async def test_the_ladder_grows_follows_the_newest_and_opens_the_exchange_of_an_arrow() -> None:
    app = app_of(fakes.signed_in())
    async with app.run_test() as pilot:
        await settled(pilot, lambda: app.main.state.at_browser)
        await pilot.press("l")
        await settled(pilot, lambda: isinstance(app.screen, SequenceScreen))
        ladder = app.screen
        shown = ladder.query_one(OptionList)
        before = shown.option_count
        app.driver.proceed()
        await settled(pilot, lambda: app.main.state.signing_in)
        app.fakes[-1].come_back()
        await settled(pilot, lambda: not app.driver.busy and shown.option_count == 9)
        assert before < 9
        assert shown.highlighted == 8
        await pilot.press("home", "down", "enter")
        await settled(pilot, lambda: isinstance(app.screen, ExchangeScreen))
        assert app.screen.number == 2
        await pilot.press("escape")
        await settled(pilot, lambda: app.screen is ladder)
        assert shown.highlighted == 1
        await pilot.press("down", "down", "down", "enter")
        await settled(pilot, lambda: app.screen is not ladder)
        assert app.main.panel == 2


async def test_before_the_first_request_the_key_says_that_nothing_was_sent() -> None:
    app = app_of([], config=None)
    async with app.run_test() as pilot:
        await settled(pilot, lambda: len(app.screen_stack) == 2)
        await pilot.press("escape")
        await settled(pilot, lambda: len(app.screen_stack) == 1)
        await pilot.press("l")
        await settled(pilot)
        assert [note.message for note in app._notifications] == ["Nothing was sent yet."]


@pytest.mark.parametrize("size", SIZES, ids=IDS)
def test_the_sequence_of_a_whole_run(snap_compare: Any, size: tuple[int, int]) -> None:
    async def ladder(pilot: Pilot[Any]) -> None:
        await sign_in(pilot)
        await pilot.press("l")
        await settled(pilot, lambda: isinstance(pilot.app.screen, SequenceScreen))

    assert snap_compare(app_of(fakes.signed_in()), terminal_size=size, run_before=ladder)


@pytest.mark.parametrize("size", SIZES, ids=IDS)
def test_the_sequence_of_a_run_that_was_refused(snap_compare: Any, size: tuple[int, int]) -> None:
    async def ladder(pilot: Pilot[Any]) -> None:
        app: Any = pilot.app
        await settled(pilot, lambda: not app.driver.busy and app.driver.session.outcome is not None)
        await pilot.press("l")
        await settled(pilot, lambda: isinstance(pilot.app.screen, SequenceScreen))

    assert snap_compare(app_of(fakes.mismatch()), terminal_size=size, run_before=ladder)
