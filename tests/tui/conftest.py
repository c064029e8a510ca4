"""What every screen test needs: nothing of this machine's settings reaches the picture."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest
from textual.pilot import Pilot

from mcp_auth_tui.desktop import clipboard
from mcp_auth_tui.tui.app import AuthApp
from tests.tui import fakes


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NO_COLOR", "TEXTUAL_THEME", "TEXTUAL_ANIMATIONS", "TEXTUAL_DRIVER"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("textual.constants.TEXTUAL_ANIMATIONS", "none", raising=False)


@pytest.fixture(autouse=True)
def one_clock() -> Iterator[None]:
    """Tell the time of day as in Greenwich, wherever a picture is drawn."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TZ", "UTC")
        _set_zone()
        yield
    _set_zone()


def _set_zone() -> None:
    if hasattr(time, "tzset"):  # Windows has none
        time.tzset()


@pytest.fixture
def copied(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was copied, in place of any clipboard."""
    seen: list[str] = []

    async def copy(text: str, *, write_terminal: Any) -> clipboard.Copied:
        assert write_terminal is not None
        seen.append(text)
        return clipboard.Copied(how="copied by a test", ok=True)

    monkeypatch.setattr(clipboard, "copy", copy)
    return seen


def app_of(events: list[Any], *, stepping: bool = False, **more: Any) -> AuthApp:
    """Return an app that replays events; `app.fakes` holds the controllers it was given."""
    made: list[fakes.FakeController] = []

    def make(config: Any, steps: bool) -> Any:
        made.append(fakes.FakeController(events, stepping=steps))
        return made[-1]

    config = more.pop("config", fakes.config())
    settings = fakes.Settings(more.pop("config_for", fakes.config), more.pop("marks", ()))
    app = AuthApp(config, settings, stepping=stepping, clock=lambda: fakes.NOW + 42, **more)
    app.driver.assemble = make  # type: ignore[method-assign]
    app.fakes = made  # type: ignore[attr-defined]
    return app


async def settled(pilot: Pilot[Any], until: Callable[[], bool] = lambda: True) -> None:
    """Let everything under way be drawn; wait, at most some hundred rounds, until something."""
    for _ in range(300):
        await pilot.pause()
        if until():
            break
    else:
        raise AssertionError("it never came to that")
    for _ in range(4):
        await pilot.pause()


Before = Callable[[Pilot[Any]], Awaitable[None]]


async def sign_in(pilot: Pilot[Any]) -> None:
    """Go through the sign-in of `fakes.signed_in` by a paste."""
    app = pilot.app
    await settled(pilot, lambda: app.main.state.at_browser)  # type: ignore[attr-defined]
    await pilot.press("enter")
    await settled(pilot, lambda: app.main.state.signing_in)  # type: ignore[attr-defined]
    app.fakes[-1].come_back()  # type: ignore[attr-defined]
    await settled(pilot, lambda: not app.driver.busy)  # type: ignore[attr-defined]
