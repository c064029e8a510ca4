"""A recorded run on the screen: every page is there, and nothing is sent."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from textual.pilot import Pilot

from mcp_auth_tui.exports import EXPORTS
from mcp_auth_tui.model import Event
from mcp_auth_tui.recordings.codec import shape
from mcp_auth_tui.recordings.reader import Recording, read
from mcp_auth_tui.recordings.recorder import recording
from mcp_auth_tui.render.document import document, dumped
from mcp_auth_tui.render.plain import Plain
from mcp_auth_tui.settings.arguments.names import REPORTS
from mcp_auth_tui.tui.actions import KEYS, LETTERS, SENDING
from mcp_auth_tui.tui.panels import detail
from mcp_auth_tui.tui.panels.status import panel_facts
from mcp_auth_tui.tui.panels.table import PANELS
from mcp_auth_tui.tui.reasons import RECORDED
from mcp_auth_tui.tui.views import exchange, request, sequence, sequence_lines
from mcp_auth_tui.tui.views.content import Look
from tests.recordings.runs import ANY_RUN, folded
from tests.tui import fakes
from tests.tui.conftest import app_of, settled

FAULT = "Line 60 is cut off. What stands before it is shown."
LOOK = Look(100, letters=LETTERS)


def replayed(events: list[Event], fault: str = "") -> Any:
    """The program that shows a recorded run, which was masked on its way."""
    found = Recording("0.1.0", True, tuple(events), folded(events), fault)
    return app_of([], config=None, recording=found)


@pytest.fixture
def kept(tmp_path: Path) -> Recording:
    run = fakes.signed_in()
    path = tmp_path / "run.jsonl"
    path.write_text(recording(run, folded(run)), encoding="ascii")
    return read(path)


async def shown(pilot: Pilot[Any]) -> None:
    app: Any = pilot.app
    await settled(pilot, lambda: app.main.recorded != ())


@pytest.mark.parametrize("size", [(80, 24), (120, 36)], ids=["80x24", "120x36"])
def test_it_says_that_it_is_a_recording(
    snap_compare: Any, size: tuple[int, int], kept: Recording
) -> None:
    app = app_of([], config=None, recording=kept)
    assert snap_compare(app, terminal_size=size, run_before=shown)


@pytest.mark.parametrize("size", [(80, 24), (120, 36)], ids=["80x24", "120x36"])
def test_one_that_breaks_off_is_shown_as_far_as_it_goes(
    snap_compare: Any, size: tuple[int, int]
) -> None:
    app = replayed([*fakes.metadata(), *fakes.registration(), *fakes.browser()], FAULT)
    assert snap_compare(app, terminal_size=size, run_before=shown)


async def test_keys_that_would_send_say_that_it_is_one(kept: Recording) -> None:
    app = app_of([], config=None, recording=kept)
    async with app.run_test(size=(80, 24)) as pilot:
        await shown(pilot)
        for key in KEYS:
            if key.name in SENDING | {"probes"} and key.name != "sign_in":
                app.clear_notifications()
                app._perform(key.name)
                await pilot.pause()
                assert [note.message for note in app._notifications] == [RECORDED], key.name
                assert app.screen is app.main
        assert app.driver.session == kept.session
        assert app.fakes == []


def test_each_key_is_known_to_send_something_or_to_send_nothing() -> None:
    local = {
        *(
            "zoom",
            "exchanges",
            "filter",
            "secrets",
            "theme",
            "help",
            "topics",
            "palette",
            "suspend",
            "redraw",
            "step_back",
            "step_forward",
        ),
        *("quit", "back", "findings", "discovery", "sequence", "export", "record", "copy"),
        *("copy_address", "show_address", "qr_code", "save_address", "fix"),
        *(name for name in (key.name for key in KEYS) if name.startswith("panel_")),
        "probes",  # it lists what was tried; where nothing was it says so (above)
    }
    assert {key.name for key in KEYS} - SENDING == local


async def test_an_exchange_of_it_is_not_sent_again(kept: Recording) -> None:
    app = app_of([], config=None, recording=kept)
    async with app.run_test(size=(120, 36)) as pilot:
        await shown(pilot)
        await pilot.press("x", "enter")
        for key in ("a", "E"):
            app.clear_notifications()
            await pilot.press(key)
            await pilot.pause()
            assert [note.message for note in app._notifications] == [RECORDED]
        assert len(app.driver.session.exchanges) == len(kept.session.exchanges)


async def test_every_page_of_it_opens(kept: Recording) -> None:
    app = app_of([], config=None, recording=kept)
    async with app.run_test(size=(120, 36)) as pilot:
        await shown(pilot)
        for key in ("f", "l", "d", "e", "question_mark"):
            await pilot.press(key)
            await settled(pilot, lambda: app.screen is not app.main)
            await pilot.press("escape")
            await settled(pilot, lambda: app.screen is app.main)


async def test_its_export_menu_offers_what_tells_of_the_run_alone(kept: Recording) -> None:
    app = app_of([], config=None, recording=kept)
    async with app.run_test(size=(120, 36)) as pilot:
        await shown(pilot)
        await pilot.press("e")
        await pilot.pause()
        options = app.screen.query_one("#exports").options
        assert [option.id for option in options][:2] == ["report", "report-html"]


async def test_s_writes_what_happened_so_far(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    run = [*fakes.metadata(), *fakes.registration(), *fakes.browser()]
    app = app_of(run)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot, lambda: app.main.state.at_browser)
        await pilot.press("S")
        await settled(pilot, lambda: app.screen is not app.main)
        await pilot.press("enter")
        await settled(pilot, lambda: (tmp_path / "mcp-run.jsonl").exists())
        found = read(tmp_path / "mcp-run.jsonl")
    assert found.events[0] == run[0]
    assert (found.fault, found.masked) == ("", True)
    assert fakes.STATE not in (tmp_path / "mcp-run.jsonl").read_text()


def faces(events: list[Event]) -> Iterator[object]:
    session = folded(events)
    plain, so_far = Plain(lambda line: None), folded([])
    for event in events:
        so_far = so_far.apply(event)
        plain.show(event, so_far)
    yield dumped(document(session))
    yield from (EXPORTS[name].render(session) for name in REPORTS)
    for panel in PANELS:
        yield panel_facts(session, panel, LOOK)
        yield detail.page(session, panel, LOOK)
    yield [sequence_lines.draw(step, 100) for step in sequence.steps(session)]
    for item in session.exchanges:
        yield request.exchange_line(session, item, LOOK)
        view = exchange.View(session, LOOK)
        yield (exchange.request(item, view), exchange.answer(item, view))


@settings(max_examples=60, deadline=None)
@given(ANY_RUN)
def test_whatever_a_recording_holds_it_can_be_shown(events: list[Event]) -> None:
    lines = recording(events, folded(events), reveal=True).splitlines()[1:]
    read_again = [shape(Event).load(json.loads(line), "") for line in lines]
    for face in faces(read_again):
        assert face is not None
