"""The screens as pictures at the sizes that count; update with ``--snapshot-update``."""

from __future__ import annotations

from typing import Any

import pytest
from textual.pilot import Pilot

from mcp_auth_tui.storage.preferences import Preferences
from mcp_auth_tui.storage.recent import State
from mcp_auth_tui.tui.screens.url import UrlForm
from tests.tui import fakes
from tests.tui.conftest import app_of, settled, sign_in

SIZES = [(80, 24), (120, 36), (60, 20)]
IDS = ["80x24", "120x36", "60x20"]


@pytest.fixture(params=SIZES, ids=IDS)
def size(request: pytest.FixtureRequest) -> tuple[int, int]:
    return request.param


@pytest.fixture(params=[*SIZES, (160, 50)], ids=[*IDS, "160x50"])
def any_size(request: pytest.FixtureRequest) -> tuple[int, int]:
    """Also the size from which on the ladder stands beside the detail."""
    return request.param


async def at_browser(pilot: Pilot[Any]) -> None:
    app: Any = pilot.app
    await settled(pilot, lambda: app.main.state.at_browser)
    await pilot.press("enter")
    await settled(pilot, lambda: app.main.state.signing_in)


async def ended(pilot: Pilot[Any]) -> None:
    app: Any = pilot.app
    await settled(pilot, lambda: not app.driver.busy and app.driver.session.outcome is not None)


def test_the_wait_for_the_browser(snap_compare: Any, any_size: tuple[int, int]) -> None:
    app = app_of([*fakes.metadata(), *fakes.registration(), *fakes.browser()])
    assert snap_compare(app, terminal_size=any_size, run_before=at_browser)


async def asked_for_code(pilot: Pilot[Any]) -> None:
    app: Any = pilot.app
    await settled(pilot, lambda: app.main.state.typing_code)


def test_the_code_of_a_device(snap_compare: Any, size: tuple[int, int]) -> None:
    app = app_of(fakes.device(), marks=("TLS certificates are NOT checked (--insecure)",))
    assert snap_compare(app, terminal_size=size, run_before=asked_for_code)


def test_a_failure_in_the_metadata(snap_compare: Any, any_size: tuple[int, int]) -> None:
    assert snap_compare(app_of(fakes.mismatch()), terminal_size=any_size, run_before=ended)


def test_the_headers_at_the_end(snap_compare: Any, any_size: tuple[int, int]) -> None:
    assert snap_compare(app_of(fakes.signed_in()), terminal_size=any_size, run_before=sign_in)


def test_the_consent_before_the_browser(snap_compare: Any, any_size: tuple[int, int]) -> None:
    async def consent(pilot: Pilot[Any]) -> None:
        app: Any = pilot.app
        await settled(pilot, lambda: app.main.state.at_browser)

    app = app_of(fakes.signed_in())
    assert snap_compare(app, terminal_size=any_size, run_before=consent)


def test_the_next_request_while_stepping(snap_compare: Any, any_size: tuple[int, int]) -> None:
    async def second(pilot: Pilot[Any]) -> None:
        app: Any = pilot.app
        await settled(pilot, lambda: app.driver.session.ready is not None)
        await pilot.press("s")
        await settled(
            pilot,
            lambda: len(app.driver.session.exchanges) == 1 and app.driver.session.ready is not None,
        )

    app = app_of(fakes.signed_in(), stepping=True)
    assert snap_compare(app, terminal_size=any_size, run_before=second)


def test_one_exchange(snap_compare: Any, size: tuple[int, int]) -> None:
    async def opened(pilot: Pilot[Any]) -> None:
        await sign_in(pilot)
        await pilot.press("x", "up", "enter")
        await settled(pilot)

    assert snap_compare(app_of(fakes.signed_in()), terminal_size=size, run_before=opened)


def test_a_request_that_is_edited(snap_compare: Any, size: tuple[int, int]) -> None:
    async def edited(pilot: Pilot[Any]) -> None:
        app: Any = pilot.app
        await settled(pilot, lambda: app.main.state.at_browser)
        await pilot.press("E")
        await settled(pilot)
        await pilot.press(*["down"] * 4, "d", "a", *"audience=x", "enter", "up", "enter")
        await settled(pilot)

    assert snap_compare(app_of(fakes.signed_in()), terminal_size=size, run_before=edited)


def test_an_exchange_that_was_sent_again(snap_compare: Any, size: tuple[int, int]) -> None:
    async def again(pilot: Pilot[Any]) -> None:
        app: Any = pilot.app
        await sign_in(pilot)
        app.main.open_exchange(2)
        await settled(pilot)
        await pilot.press("a")
        await settled(pilot, lambda: len(app.driver.session.exchanges) == 7)
        app.clear_notifications()
        await settled(pilot)

    assert snap_compare(app_of(fakes.signed_in()), terminal_size=size, run_before=again)


def test_the_form_for_the_url(snap_compare: Any, size: tuple[int, int]) -> None:
    async def form(pilot: Pilot[Any]) -> None:
        await settled(pilot, lambda: isinstance(pilot.app.screen, UrlForm))
        for field in pilot.app.screen.query("Input"):
            field.cursor_blink = False  # type: ignore[attr-defined]
        await settled(pilot)

    app = app_of([], config=None, config_for=fakes.config)
    assert snap_compare(app, terminal_size=size, run_before=form)


def test_the_form_with_servers_used_before(snap_compare: Any, size: tuple[int, int]) -> None:
    async def form(pilot: Pilot[Any]) -> None:
        await settled(pilot, lambda: isinstance(pilot.app.screen, UrlForm))
        await pilot.press("down", "down")
        await settled(pilot)

    recent = (
        "https://mcp.example.com/mcp",
        "https://mcp.other.example/mcp?",
        "http://127.0.0.1:9000/mcp",
        "https://a-long-host-name.of-a-department.example.com/with/a/longer/path/to/its/server/mcp",
        *(f"https://older-{number}.example.com/mcp" for number in range(8)),
    )
    preferences = Preferences(still=True, kept=State(recent=recent))
    app = app_of([], config=None, config_for=fakes.config, preferences=preferences)
    assert snap_compare(app, terminal_size=size, run_before=form)


def test_hostile_text(snap_compare: Any) -> None:
    app = app_of(fakes.hostile())
    assert snap_compare(app, terminal_size=(120, 36), run_before=ended)


def test_a_terminal_that_is_too_small(snap_compare: Any) -> None:
    assert snap_compare(app_of(fakes.mismatch()), terminal_size=(39, 9), run_before=ended)


def test_without_colour_glyph_and_word_still_tell(
    snap_compare: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    app = app_of(fakes.mismatch())
    assert app.no_color
    assert snap_compare(app, terminal_size=(80, 24), run_before=ended)
