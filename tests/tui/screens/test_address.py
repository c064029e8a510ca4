"""Taking the sign-in address elsewhere: as a picture and as a file."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Input, Static

from mcp_auth_tui.desktop import qr
from mcp_auth_tui.tui.screens.address_file import FileScreen
from mcp_auth_tui.tui.screens.qr_code import PictureScreen
from tests.tui import fakes
from tests.tui.conftest import app_of, settled

WAITING = [*fakes.metadata(), *fakes.registration(), *fakes.browser()]


async def at_sign_in(pilot: Pilot[Any]) -> None:
    app: Any = pilot.app
    await settled(pilot, lambda: app.main.state.at_browser or app.main.state.signing_in)
    if app.main.state.at_browser:
        await pilot.press("enter")
    await settled(pilot, lambda: app.main.state.signing_in)


def shown(app: Any) -> str:
    return str(app.screen.query_one("#picture", Static).content.plain)


async def test_the_address_is_a_qr_code_where_it_fits() -> None:
    app = app_of(WAITING)
    async with app.run_test(size=(120, 50)) as pilot:
        await at_sign_in(pilot)
        await pilot.press("b")
        await settled(pilot, lambda: isinstance(app.screen, PictureScreen))
        assert tuple(shown(app).split("\n")) == qr.lines(fakes.URL, 120, 48)
        assert app.screen.query_one("#picture").region.width == len(shown(app).split("\n")[0])
        await pilot.press("escape")
        await settled(pilot, lambda: len(app.screen_stack) == 1)


async def test_where_it_does_not_fit_it_says_what_it_needs_and_resizing_shows_it() -> None:
    app = app_of(WAITING)
    async with app.run_test(size=(80, 24)) as pilot:
        await at_sign_in(pilot)
        await pilot.press("b")
        await settled(pilot, lambda: isinstance(app.screen, PictureScreen))
        told = " ".join(shown(app).split())
        whole = qr.lines(fakes.URL, 400, 400)
        assert f"needs {len(whole[0])}×{len(whole) + 2} cells; this terminal has 80×24" in told
        await pilot.resize_terminal(120, 50)
        await settled(pilot, lambda: "█" in shown(app))


async def test_the_address_goes_to_a_file_that_only_its_owner_reads(tmp_path: Path) -> None:
    app = app_of(WAITING)
    target = tmp_path / "address.txt"
    async with app.run_test() as pilot:
        await at_sign_in(pilot)
        told = []
        for name in (str(tmp_path / "missing" / "x"), str(target)):
            await pilot.press("w")
            await settled(pilot, lambda: isinstance(app.screen, FileScreen))
            app.screen.query_one(Input).value = name
            await pilot.press("enter")
            await settled(pilot, lambda: len(app.screen_stack) == 1)
            told += [note.message for note in app._notifications]
        assert target.read_text() == f"{fakes.URL}\n"
        assert stat.S_IMODE(target.stat().st_mode) == 0o600
        assert told == [
            f"Not saved: there is no folder {tmp_path / 'missing'}",
            f"Saved to {target}; only you can read it (0600).",
        ]


@pytest.mark.parametrize("key", ["b", "w"])
async def test_without_an_address_the_keys_say_so(key: str) -> None:
    app = app_of(fakes.mismatch())
    async with app.run_test() as pilot:
        await settled(pilot, lambda: not app.driver.busy and app.driver.session.outcome is not None)
        await pilot.press(key)
        await settled(pilot)
        assert [note.message for note in app._notifications] == [
            "There is no address to open now: this is for the sign-in."
        ]


@pytest.mark.parametrize("size", [(80, 24), (120, 50)], ids=["80x24", "120x50"])
def test_the_qr_code_of_the_address(snap_compare: Any, size: tuple[int, int]) -> None:
    async def picture(pilot: Pilot[Any]) -> None:
        await at_sign_in(pilot)
        await pilot.press("b")
        await settled(pilot, lambda: isinstance(pilot.app.screen, PictureScreen))

    assert snap_compare(app_of(WAITING), terminal_size=size, run_before=picture)
