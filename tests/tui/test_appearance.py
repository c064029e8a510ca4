"""The screen as a person likes it: what is used of it, and what is kept for the next run."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from textual.widgets import Input

from mcp_auth_tui.storage.preferences import Preferences
from mcp_auth_tui.storage.recent import State, read
from mcp_auth_tui.tui.app import STILL_TICK
from mcp_auth_tui.tui.screens.url import UrlForm
from mcp_auth_tui.tui.sitting import run_tui
from tests.tui import fakes
from tests.tui.conftest import app_of, settled, sign_in

A = "https://a.example/mcp"


def said(app: Any) -> list[str]:
    return [note.message for note in app._notifications]


async def choose_theme(app: Any, pilot: Any, name: str) -> None:
    await pilot.press("T")
    await settled(pilot, lambda: len(app.screen_stack) == 2)
    await pilot.press(*name)
    await settled(pilot)
    await pilot.press("enter")
    await settled(pilot, lambda: app.theme == name)


async def test_a_theme_that_is_chosen_is_worn_by_the_next_run(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    app = app_of(fakes.mismatch(), preferences=Preferences(path=path))
    async with app.run_test() as pilot:
        await settled(pilot, lambda: not app.driver.busy and app.driver.session.outcome is not None)
        await choose_theme(app, pilot, "nord")
        await settled(pilot, path.exists)
    assert app.appearance.keeper.close() == []
    kept, _ = read(path)
    assert kept == State("nord", (fakes.MCP,))
    again = app_of(
        fakes.mismatch(), preferences=Preferences(theme=kept.theme, path=path, kept=kept)
    )
    async with again.run_test() as pilot:
        assert again.current_theme.name == "nord"
        assert again.screen.styles.background.hex == again.theme_variables["background"]
        await settled(pilot)
    assert path.stat().st_mode & 0o777 == 0o600


async def test_a_theme_worn_from_the_start_looks_as_when_it_is_chosen_later() -> None:
    def drawn(app: Any) -> str:
        return re.sub(r"terminal-\d+", "terminal", app.export_screenshot())

    app = app_of(fakes.mismatch(), preferences=Preferences(theme="solarized-light"))
    async with app.run_test() as pilot:
        await settled(pilot, lambda: not app.driver.busy and app.driver.session.outcome is not None)
        first = drawn(app)
        app.theme = "nord"
        await settled(pilot)
        assert drawn(app) != first
        app.theme = "solarized-light"
        await settled(pilot)
        assert drawn(app) == first


async def test_a_theme_that_the_config_file_sets_is_worn_and_a_choice_is_told_to_be_for_now(
    tmp_path: Path,
) -> None:
    app = app_of(fakes.mismatch(), preferences=Preferences(theme="nord", theme_from="config.toml"))
    async with app.run_test() as pilot:
        await settled(pilot)
        assert app.theme == "nord"
        await choose_theme(app, pilot, "dracula")
        await settled(pilot)
        assert "Until you quit: config.toml sets the theme for every start." in said(app)


async def test_a_theme_that_does_not_exist_is_told_and_the_usual_one_is_shown(
    tmp_path: Path,
) -> None:
    app = app_of(fakes.mismatch(), preferences=Preferences(theme="nrod", theme_from="config.toml"))
    async with app.run_test() as pilot:
        await settled(pilot)
        assert app.theme == "textual-dark"
        told = "config.toml: there is no theme 'nrod': did you mean nord? The usual one is shown."
        assert said(app) == app.notes == [told]


async def test_every_note_is_told_on_the_screen_the_rest_by_their_number() -> None:
    app = app_of(fakes.mismatch(), preferences=Preferences(notes=("[b]1[/b]", "2", "3", "4", "5")))
    async with app.run_test() as pilot:
        await settled(pilot)
        assert said(app) == ["[b]1[/b] (4 more: they are printed when the screen is gone)"]


async def test_the_server_that_is_asked_is_kept_and_the_practice_server_is_not(
    tmp_path: Path,
) -> None:
    for practice, recent in (("", (fakes.MCP, A)), (fakes.MCP, (A,))):
        path = tmp_path / "state.json"
        preferences = Preferences(path=path, kept=State(recent=(A,)), practice=practice)
        app = app_of(fakes.mismatch(), preferences=preferences)
        async with app.run_test() as pilot:
            await settled(pilot, lambda app=app: not app.driver.busy)
            assert (
                app.appearance.servers == recent
                if practice
                else app.appearance.servers[0] == fakes.MCP
            )
        app.appearance.keeper.close()
    assert read(tmp_path / "state.json")[0] == State(recent=(fakes.MCP,))


async def test_nothing_is_written_when_nothing_may_be_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*args: Any) -> Any:
        raise AssertionError(args)

    monkeypatch.setattr("mcp_auth_tui.storage.recent.change", never)
    app = app_of(fakes.mismatch(), preferences=Preferences(path=None))
    async with app.run_test() as pilot:
        await settled(pilot, lambda: not app.driver.busy)
        await choose_theme(app, pilot, "nord")
        await settled(pilot)
        # Still offered as long as this run lasts.
        assert app.appearance.keeper.state == State("nord", (fakes.MCP,))
        assert said(app) == []


async def test_what_cannot_be_kept_is_told_and_the_run_goes_on(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    app = app_of(fakes.signed_in(), preferences=Preferences(path=tmp_path / "file" / "state.json"))
    async with app.run_test() as pilot:
        await sign_in(pilot)
        assert app.driver.code == 0
        (told,) = said(app)
        assert told.startswith(f"What is kept between runs cannot be kept in {tmp_path}/file/state")


def test_what_was_not_written_before_the_end_is_written_then(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "state.json"
    monkeypatch.setattr("mcp_auth_tui.tui.app.AuthApp.run", _left_at_once)
    make = fakes.Settings()
    preferences = Preferences(path=path, notes=("a note",))
    assert run_tui(fakes.config(), make, preferences=preferences).code == 7
    assert read(path)[0] == State("nord")
    path.write_text("mine")
    assert run_tui(fakes.config(), make, preferences=preferences).code == 7
    told = capsys.readouterr().err.splitlines()
    assert told[:2] == ["mcp-auth-tui: a note"] * 2
    assert told[2].startswith(f"mcp-auth-tui: {path} is not what mcp-auth-tui keeps")
    assert path.read_text() == "mine"


def _left_at_once(app: Any, **_: Any) -> int:
    """Choose a theme and quit before it is written."""
    import asyncio

    async def leave() -> None:
        task = asyncio.ensure_future(
            app.appearance.keeper.change(lambda kept: kept.wearing("nord"))
        )
        await asyncio.sleep(0)
        task.cancel()

    asyncio.run(leave())
    return 7


@pytest.mark.parametrize("still", [True, False])
async def test_reduced_motion_stops_animations_blinking_and_the_clock(
    still: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = app_of([], config=None, config_for=fakes.config, preferences=Preferences(still=still))
    app.animation_level = "none" if still else "full"
    ticks: list[float] = []
    original = app.set_interval

    def interval(seconds: float, *args: Any, **more: Any) -> Any:
        ticks.append(seconds)
        return original(seconds, *args, **more)

    monkeypatch.setattr(app, "set_interval", interval)
    async with app.run_test() as pilot:
        await settled(pilot, lambda: isinstance(app.screen, UrlForm))
        field = app.screen.query_one(Input)
        assert field.has_focus
        assert field.cursor_blink is not still
        assert ticks[0] == (STILL_TICK if still else 1.0)
        await pilot.press("escape")
        await settled(pilot, lambda: not isinstance(app.screen, UrlForm))
        app.query_one("#log-filter", Input).display = True
        app.screen.set_focus(app.query_one("#log-filter", Input))
        await settled(pilot)
        assert app.query_one("#log-filter", Input).cursor_blink is not still
        await pilot.press("ctrl+p")
        await settled(pilot, lambda: len(app.screen_stack) == 2)
        assert app.screen.query_one(Input).cursor_blink is not still


def test_reduced_motion_is_no_animation_for_the_library() -> None:
    assert app_of([], preferences=Preferences(still=True)).animation_level == "none"


async def test_without_colour_a_theme_is_kept_but_only_grey_is_drawn(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    path = tmp_path / "state.json"
    app = app_of(fakes.mismatch(), preferences=Preferences(theme="dracula", path=path))
    async with app.run_test() as pilot:
        await settled(pilot)
        assert app.no_color
        colours = {
            colour.get_truecolor()
            for line in app.screen._compositor.render_strips()
            for segment in line.apply_filter(app._filters[0], app.background_colors[1])
            if segment.style is not None
            for colour in (segment.style.color, segment.style.bgcolor)
            if colour is not None
        }
        assert colours
        assert all(red == green == blue for red, green, blue in colours)
