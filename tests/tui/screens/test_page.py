"""Full pages over the main screen: which keys count there, as delivered and as chosen."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from textual.widgets import Input

from mcp_auth_tui.storage.preferences import NONE
from mcp_auth_tui.tui.screens.discovery import DiscoveryScreen
from mcp_auth_tui.tui.screens.exchange import ExchangeScreen
from mcp_auth_tui.tui.screens.findings import FindingsScreen
from mcp_auth_tui.tui.screens.help import GuideScreen
from mcp_auth_tui.tui.screens.sequence import SequenceScreen
from tests.tui import fakes
from tests.tui.conftest import app_of, settled

PAGES = {
    "f": FindingsScreen,
    "d": DiscoveryScreen,
    "l": SequenceScreen,
    "question_mark": GuideScreen,
}


def told(app: Any) -> list[str]:
    return [note.message for note in app._notifications]


@pytest.mark.parametrize("key", PAGES)
async def test_on_a_page_the_keys_of_the_main_screen_say_where_they_belong(key: str) -> None:
    app = app_of(fakes.mismatch())
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot, lambda: not app.driver.busy)
        await pilot.press(key)
        await settled(pilot, lambda: isinstance(app.screen, PAGES[key]))
        for other in ("r", "n", "R", "3"):
            await pilot.press(other)
            await settled(pilot)
            assert told(app)[-1] == f"{other} is a key of the main screen: esc goes back to it."
        assert [type(each) for each in app.screen_stack[1:]] == [PAGES[key]]
        assert not app.driver.busy
        assert app.main.panel == 0
        await pilot.press(key)
        await settled(pilot, lambda: len(app.screen_stack) == 1)


async def test_on_a_page_secrets_theme_and_help_are_as_near_as_elsewhere() -> None:
    app = app_of(fakes.mismatch())
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot, lambda: not app.driver.busy)
        await pilot.press("x", "enter")
        await settled(pilot, lambda: isinstance(app.screen, ExchangeScreen))
        await pilot.press("v")
        await settled(pilot, lambda: app.main.reveal)
        await pilot.press("question_mark")
        await settled(pilot, lambda: isinstance(app.screen, GuideScreen))
        await pilot.press("question_mark")
        await settled(pilot, lambda: isinstance(app.screen, ExchangeScreen))
        assert told(app) == []


async def test_what_is_chosen_in_the_palette_over_a_page_is_done_on_the_main_screen() -> None:
    app = app_of(fakes.mismatch())
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot, lambda: not app.driver.busy)
        await pilot.press("l")
        await settled(pilot, lambda: isinstance(app.screen, SequenceScreen))
        for command in app.get_system_commands(app.screen):
            if command.title == "Zoom":
                command.callback()
        await settled(pilot, lambda: len(app.screen_stack) == 1)
        assert app.screen.has_class("-zoom")


async def test_keys_that_were_chosen_count_on_the_pages_too_and_stand_in_their_lines() -> None:
    keys = {"edit": "f2", "filter": "f3", "secrets": "f4", "findings": "g", "exchanges": "f6"}
    app = app_of(fakes.mismatch(), preferences=replace(NONE, keys=keys))
    async with app.run_test(size=(120, 36)) as pilot:
        await settled(pilot, lambda: not app.driver.busy)
        await pilot.press("g")
        await settled(pilot, lambda: isinstance(app.screen, FindingsScreen))
        await pilot.press("f")
        assert isinstance(app.screen, FindingsScreen)
        await pilot.press("g")
        await settled(pilot, lambda: len(app.screen_stack) == 1)
        await pilot.press("f6", "enter")
        await settled(pilot, lambda: isinstance(app.screen, ExchangeScreen))
        line = str(app.screen.query_one("Hints").render())
        assert "f3 filter" in line and "f2 edit" in line and "f4 secrets" in line
        await pilot.press("slash")
        assert not app.screen.query_one("#needle", Input).display
        await pilot.press("f3")
        await settled(pilot, lambda: app.screen.query_one("#needle", Input).display)
        await pilot.press("escape", "f4")
        await settled(pilot, lambda: app.main.reveal)
