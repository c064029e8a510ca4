"""Everything without the keyboard: clicks on what the eye finds."""

from __future__ import annotations

from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widget import Widget
from textual.widgets import Input, OptionList

from mcp_auth_tui.tui import actions
from mcp_auth_tui.tui.screens.address_file import FileScreen
from mcp_auth_tui.tui.screens.confirm import Confirm
from mcp_auth_tui.tui.screens.discovery import DiscoveryScreen
from mcp_auth_tui.tui.screens.exchange import ExchangeScreen
from mcp_auth_tui.tui.screens.export import ExportScreen
from mcp_auth_tui.tui.screens.findings import FindingsScreen
from mcp_auth_tui.tui.screens.help import GuideScreen
from mcp_auth_tui.tui.screens.picker import PickScreen
from mcp_auth_tui.tui.screens.qr_code import PictureScreen
from mcp_auth_tui.tui.screens.request_editor import EditScreen
from mcp_auth_tui.tui.screens.sequence import SequenceScreen
from mcp_auth_tui.tui.screens.settings import SettingsScreen
from mcp_auth_tui.tui.screens.url import UrlForm
from mcp_auth_tui.tui.widgets.hints import Hints
from mcp_auth_tui.tui.widgets.panel import PasteInput
from tests.tui import fakes
from tests.tui.conftest import app_of, settled, sign_in
from tests.tui.screens.test_settings import app_with

WAITING = [*fakes.metadata(), *fakes.registration(), *fakes.browser()]

pytestmark = pytest.mark.usefixtures("copied")


def spot(widget: Widget, words: str) -> tuple[int, int]:
    """Where some words are drawn, in the cells of the screen."""
    region = widget.content_region
    for y in range(region.height):
        line = "".join(segment.text for segment in widget.render_line(y))
        if words in line:
            return region.x + line.index(words), region.y + y
    raise AssertionError(f"{words!r} is not to be seen in {widget}")


async def click(pilot: Pilot[Any], widget: Widget, words: str) -> None:
    x, y = spot(widget, words)
    assert await pilot.click(offset=(x, y))
    await settled(pilot)


async def click_hint(pilot: Pilot[Any], words: str) -> None:
    await click(pilot, pilot.app.screen.query_one(Hints), words)


async def click_key(pilot: Pilot[Any], words: str) -> None:
    await click(pilot, pilot.app.main.query_one("#keys"), words)


async def shown(pilot: Pilot[Any], kind: type) -> Any:
    await settled(pilot, lambda: isinstance(pilot.app.screen, kind))
    await settled(pilot)
    return pilot.app.screen


async def home(pilot: Pilot[Any]) -> None:
    await settled(pilot, lambda: len(pilot.app.screen_stack) == 1)


async def test_a_sign_in_from_the_consent_to_the_headers_by_clicks_alone(
    copied: list[str],
) -> None:
    app = app_of(fakes.signed_in())
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot, lambda: app.main.state.at_browser)
        await click_key(pilot, "sign in")
        await settled(pilot, lambda: app.main.state.signing_in)
        await click_key(pilot, "copy URL")
        assert copied == [fakes.URL]
        await click_key(pilot, "paste")
        await settled(pilot, lambda: isinstance(app.focused, PasteInput))
        app.query_one(PasteInput).insert_pasted("pasted")
        await settled(pilot)
        await click_key(pilot, "send")
        await settled(pilot, lambda: ("paste", "pasted") in app.fakes[0].asked)
        app.fakes[0].come_back()
        await settled(pilot, lambda: not app.driver.busy)
        assert await pilot.click("#panel-1")
        await settled(pilot, lambda: app.main.panel == 1)
        await click_key(pilot, "export")
        await shown(pilot, ExportScreen)
        await click_hint(pilot, "copies")
        await home(pilot)
        assert copied[1] == f"Authorization: Bearer {fakes.ACCESS}\n"
        await click_key(pilot, "quit")
        await settled(pilot, lambda: app._exit)
    assert app.return_value == 0


async def test_the_paste_field_is_left_by_a_click() -> None:
    app = app_of(WAITING)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot, lambda: app.main.state.at_browser)
        await pilot.press("enter")
        await settled(pilot, lambda: app.main.state.signing_in)
        await click_key(pilot, "paste")
        await settled(pilot, lambda: isinstance(app.focused, PasteInput))
        await click_key(pilot, "leave the field")
        await settled(pilot, lambda: not isinstance(app.focused, Input))
        assert app.driver.busy


@pytest.mark.parametrize("size", [(80, 24), (120, 36), (60, 20)], ids=str)
async def test_every_screen_over_the_main_one_is_closed_by_a_click(size: tuple[int, int]) -> None:
    app = app_of(fakes.signed_in())
    async with app.run_test(size=size) as pilot:
        await settled(pilot, lambda: app.main.state.at_browser)
        await pilot.press("enter")
        await settled(pilot, lambda: app.main.state.signing_in)
        await pilot.press("b")
        await shown(pilot, PictureScreen)
        assert await pilot.click(offset=(5, 5))
        await home(pilot)
        await pilot.press("w")
        await shown(pilot, FileScreen)
        await click_hint(pilot, "esc back")
        await home(pilot)
        await pilot.press("q")
        await shown(pilot, Confirm)
        assert await pilot.click("#no")
        await home(pilot)
        app.fakes[-1].come_back()
        await settled(pilot, lambda: not app.driver.busy)
        for key, kind, word in (
            ("f", FindingsScreen, "esc back"),
            ("d", DiscoveryScreen, "esc back"),
            ("l", SequenceScreen, "esc back"),
            ("e", ExportScreen, "esc back"),
            ("n", UrlForm, "close"),
            ("comma", SettingsScreen, "esc back"),
            ("question_mark", GuideScreen, "esc back"),
        ):
            await pilot.press(key)
            await shown(pilot, kind)
            await click_hint(pilot, word)
            await home(pilot)


async def test_an_exchange_is_opened_turned_filtered_and_closed_by_clicks() -> None:
    app = app_of(fakes.signed_in())
    async with app.run_test(size=(80, 24)) as pilot:
        await sign_in(pilot)
        log = app.query_one("#log")
        assert await pilot.click("#log", offset=(4, 1))
        screen = await shown(pilot, ExchangeScreen)
        assert log is not None
        number = screen.number
        await click_hint(pilot, "→")
        assert screen.number == number + 1
        await click_hint(pilot, "←")
        assert screen.number == number
        await click_hint(pilot, "side")
        assert screen.side == 0
        await click_hint(pilot, "filter")
        assert screen.query_one("#needle").display
        await click_hint(pilot, "esc back")
        await click_hint(pilot, "esc back")
        await home(pilot)


async def test_a_finding_is_opened_by_its_hint() -> None:
    app = app_of(fakes.mismatch())
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot, lambda: not app.driver.busy and app.driver.session.outcome is not None)
        await click_key(pilot, "findings")
        screen = await shown(pilot, FindingsScreen)
        assert screen.query_one(OptionList).highlighted == 0
        await click_hint(pilot, "opens the exchange")
        await shown(pilot, ExchangeScreen)


async def test_a_request_is_edited_by_clicks() -> None:
    app = app_of(fakes.signed_in())
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot, lambda: app.main.state.at_browser)
        await click_key(pilot, "edit")
        screen = await shown(pilot, EditScreen)
        assert await pilot.click("#rows", offset=(8, 7))
        await settled(pilot)
        assert screen.query_one("#edit").display
        await click_hint(pilot, "leaves it as it was")
        assert not screen.query_one("#edit").display
        await click_hint(pilot, "drop")
        await click_hint(pilot, "esc back")
        await home(pilot)


async def test_a_setting_is_picked_and_the_run_started_by_clicks() -> None:
    app = app_with(fakes.mismatch())
    async with app.run_test(size=(120, 36)) as pilot:
        await settled(pilot, lambda: not app.driver.busy and app.driver.session.outcome is not None)
        await click_key(pilot, "settings")
        screen = await shown(pilot, SettingsScreen)
        await click(pilot, screen.query_one("#settings"), "--export")
        picks = await shown(pilot, PickScreen)
        await click(pilot, picks.query_one("#picks"), "curl")
        await settled(pilot, lambda: app.screen is screen and not screen._checking)
        assert app.driver.settings.options.export == "curl"
        await click(pilot, screen.query_one("#settings"), "--export")
        await shown(pilot, PickScreen)
        await click_hint(pilot, "esc back")
        await click_hint(pilot, "run")
        await settled(pilot, lambda: len(app.driver.settings.made) == 2)


async def test_from_the_url_form_the_settings_are_changed_and_the_run_starts_there() -> None:
    app = app_of(fakes.signed_in(), config=None)
    async with app.run_test(size=(80, 24)) as pilot:
        form = await shown(pilot, UrlForm)
        await pilot.press(*fakes.MCP)
        assert await pilot.click("#settings-button")
        screen = await shown(pilot, SettingsScreen)
        assert f"mcp-auth-tui {fakes.MCP}" in str(screen.query_one("#setting-command").content)
        await pilot.press("escape")
        await settled(pilot, lambda: app.screen is form)
        await pilot.press("ctrl+o")
        await shown(pilot, SettingsScreen)
        await pilot.press("s")
        await settled(pilot, lambda: app.driver.session.ready is not None)
        assert app.driver.stepping


async def test_in_the_help_a_click_on_a_key_does_what_it_does() -> None:
    """Where the bar has no room for a key, the help has."""
    app = app_of(fakes.signed_in())
    async with app.run_test(size=(60, 20)) as pilot:
        await sign_in(pilot)
        await click_key(pilot, "help")
        screen = await shown(pilot, GuideScreen)
        scroll = screen.query_one("#guide-scroll")
        text = screen.query_one("#guide-text")
        lines = str(text.content.plain).splitlines()
        at = next(i for i, line in enumerate(lines) if line.startswith("l ") and "ladder" in line)
        scroll.scroll_to(y=at - 3, animate=False)
        await settled(pilot)
        x, y = text.region.x + 1, text.region.y + at
        assert await pilot.click(offset=(x, y))
        await shown(pilot, SequenceScreen)


async def test_the_help_dims_keys_that_are_off_and_says_why() -> None:
    app = app_of(fakes.mismatch())
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot, lambda: not app.driver.busy and app.driver.session.outcome is not None)
        await pilot.press("question_mark")
        screen = await shown(pilot, GuideScreen)
        told = str(screen.query_one("#guide-text").content.plain)
        flat = " ".join(told.split())
        for key in actions.KEYS:
            if key.keys and key.shown:
                off = key.off(app.main.state)
                assert not off or f"off: {off}" in flat, key
        assert told.count("off: ") == sum(
            bool(key.keys and key.shown and key.off(app.main.state)) for key in actions.KEYS
        )
