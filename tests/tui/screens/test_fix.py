"""The page of a fix: from where it is reached, how it reads on a small screen, what is copied."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Static

from mcp_auth_tui.model import Ended, Event, Exchanged, Level, Outcome, Response, Stage, Started
from mcp_auth_tui.tui.reasons import NO_FIX
from mcp_auth_tui.tui.screens.findings import FindingsScreen
from mcp_auth_tui.tui.screens.fix import FixScreen
from tests.findings.case import Run
from tests.findings.test_cases import CASES
from tests.tui import fakes
from tests.tui.conftest import app_of, settled


def run_of(id: str) -> list[Event]:
    """What happened at the server that breaks a rule."""
    run = next(row.broken for row in CASES if row.id == id)
    assert isinstance(run, Run)
    site = run.site()
    script = site.run(**run.settings)
    crossed = (Exchanged(item) for item in site.crossed)
    return [Started(site.url, fakes.NOW), *crossed, *script.notes, Ended(Outcome.OK, fakes.NOW)]


async def shown(pilot: Pilot[Any], *keys: str) -> FixScreen:
    """Wait for the end of the run and open the page."""
    app: Any = pilot.app
    await settled(pilot, lambda: not app.driver.busy and app.driver.session.outcome is not None)
    await pilot.press(*keys)
    await settled(pilot, lambda: isinstance(app.screen, FixScreen))
    screen: FixScreen = app.screen
    return screen


def text(screen: FixScreen) -> str:
    return str(screen.query_one("#fix-text", Static).content)


def keys(screen: FixScreen) -> str:
    return str(screen.query_one("Hints").render())


async def opened(pilot: Pilot[Any]) -> None:
    await shown(pilot, "m")


@pytest.mark.parametrize("size", [(80, 24), (120, 36), (160, 50)], ids=lambda size: str(size[0]))
def test_a_member_that_changes(snap_compare: Any, size: tuple[int, int]) -> None:
    assert snap_compare(app_of(fakes.mismatch()), terminal_size=size, run_before=opened)


def test_a_header_and_a_new_document(snap_compare: Any) -> None:
    app = app_of(run_of("rs-prm-url-foreign"))
    assert snap_compare(app, terminal_size=(80, 24), run_before=opened)


async def test_the_document_is_copied_whole_and_corrected(copied: list[str]) -> None:
    app = app_of(fakes.mismatch())
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await shown(pilot, "m")
        assert "c copies the corrected document" in keys(screen)
        await pilot.press("c")
        await settled(pilot, lambda: bool(copied))
        assert json.loads(copied[0]) == fakes.META
        await settled(pilot, lambda: bool(app._notifications))
        (note,) = app._notifications
        assert note.message == "The corrected document: copied by a test"


async def test_of_several_parts_each_is_copied_in_turn(copied: list[str]) -> None:
    app = app_of(run_of("rs-prm-url-foreign"))
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await shown(pilot, "m")
        assert "c copies the right header line, again: the other 2" in keys(screen)
        for number in range(1, 5):
            await pilot.press("c")
            await settled(pilot, lambda number=number: len(copied) == number)  # type: ignore[misc]
        assert copied[0].startswith("WWW-Authenticate: Bearer resource_metadata=")
        assert copied[1] == "HTTP 200 OK\nContent-Type: application/json"
        assert json.loads(copied[2])["resource"] == "https://mcp.example/mcp"
        assert copied[3] == copied[0]


async def test_it_is_reached_from_the_list_of_findings_for_the_one_that_is_chosen() -> None:
    bare = fakes.finding("rs-challenge-no-prm", Level.WARNING, "No address.", Stage.PROBE, 1)
    *events, end = fakes.mismatch()
    app = app_of([*events, bare, end])
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await shown(pilot, "f", "j", "j", "m")
        assert "rs-challenge-no-prm" in text(screen)
        assert "+ WWW-Authenticate: Bearer" in text(screen)
        await pilot.press("left")
        await settled(pilot, lambda: "as-issuer-mismatch" in text(screen))
        await pilot.press("escape")
        await settled(pilot, lambda: isinstance(app.screen, FindingsScreen))
        await pilot.press("j", "m")
        assert isinstance(app.screen, FindingsScreen)
        (note,) = app._notifications
        assert note.message == "No answer of a server has to change for this one."


async def test_where_nothing_is_to_be_mended_the_key_says_so() -> None:
    app = app_of([Started("https://mcp.example/mcp", fakes.NOW), Ended(Outcome.OPEN, fakes.NOW)])
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot, lambda: app.driver.session.outcome is not None)
        await pilot.press("m")
        (note,) = app._notifications
        assert note.message == "Nothing is wrong so far."


async def test_where_what_is_wrong_is_mended_by_no_answer_the_key_says_so() -> None:
    open_ = fakes.finding("rs-open", Level.INFO, "It is open.", Stage.PROBE)
    app = app_of([Started(fakes.MCP, fakes.NOW), open_, Ended(Outcome.OPEN, fakes.NOW)])
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot, lambda: app.driver.session.outcome is not None)
        await pilot.press("m")
        (note,) = app._notifications
        assert note.message == NO_FIX


async def test_what_cannot_be_corrected_says_why_and_what_to_do() -> None:
    events = [
        replace(item, exchange=replace(item.exchange, result=Response(200, (), b'{"a":1,"a":2}')))
        if isinstance(item, Exchanged) and item.exchange.number == 3
        else item
        for item in fakes.mismatch()
    ]
    app = app_of(events)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await shown(pilot, "m")
        told = " ".join(text(screen).split())
        assert "the member 'a' stands there twice" in told
        assert "Make the issuer in the document equal" in told
        assert "copies" not in keys(screen)
        await pilot.press("c")
        (note,) = app._notifications
        assert "stands there twice" in note.message


async def test_a_long_line_is_wrapped_with_its_mark_and_every_row_fits() -> None:
    app = app_of(run_of("rs-401-no-challenge"))
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await shown(pilot, "m")
        rows = [line for line in text(screen).splitlines() if line.startswith("+")]
        assert rows[0].startswith("+ WWW-Authenticate: Bearer resource_metadata=")
        assert rows[1].startswith("+   ↳ ")
        assert max(len(line) for line in text(screen).splitlines()) <= 74


async def test_what_is_worst_comes_first_where_nothing_stopped_the_run() -> None:
    found = fakes.finding("dcr-status", Level.ERROR, "Another status.", Stage.REGISTER, 3)
    *events, end = fakes.mismatch()
    app = app_of([*events[:-1], found, replace(end, stop=None)])  # type: ignore[type-var]
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await shown(pilot, "m")
        assert "dcr-status" in text(screen)
