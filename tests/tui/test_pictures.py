"""Every part of the screen as a picture at the three sizes; update with ``--snapshot-update``.

Most are taken of the real program on the practice server; ``fakes`` has what that never answers.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from functools import reduce
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import OptionList

from mcp_auth_tui.desktop import ssh
from mcp_auth_tui.model import Exchanged, Session, Stage
from mcp_auth_tui.tui.app import AuthApp
from screenshots.practice import Practice
from screenshots.shots import THEMES, Subject, app_of, done, ended, program, until, waiting
from tests.tui import conftest, fakes

SIZES = {"120x36": (120, 36), "80x24": (80, 24), "60x20": (60, 20)}
HERE = Path(__file__).parent

Before = Callable[[Pilot[Any]], Awaitable[None]]


@dataclass(frozen=True)
class Scene:
    """A screen: the app that shows it, and what is done to come to it."""

    app: Callable[[], AuthApp]
    before: Before


def practised(*faults: str, **more: Any) -> Callable[[], AuthApp]:
    def made() -> AuthApp:
        subject = Subject(done, faults=faults, **more)
        return program(subject, Practice(*faults))

    return made


def faked(events: list[Any]) -> Callable[[], AuthApp]:
    return lambda: conftest.app_of(events)


def then(first: Before, *keys: str, screens: int = 2) -> Before:
    """Go somewhere, press keys, and wait until so many screens lie on one another."""

    async def before(pilot: Pilot[Any]) -> None:
        await first(pilot)
        for key in keys:
            await pilot.press(key)
            await until(pilot, lambda: True)
        app = app_of(pilot)
        await until(pilot, lambda: len(app.screen_stack) == screens)
        for field in app.screen.query("Input"):
            field.cursor_blink = False  # type: ignore[attr-defined]
        app.main.now = app.driver.clock()  # a tick may have come or not
        await until(pilot, lambda: True)

    return before


def opened(number: int, *keys: str, screens: int = 2) -> Before:
    """Come to the end of a run, open an exchange, and press keys there."""

    async def before(pilot: Pilot[Any]) -> None:
        app = app_of(pilot)
        if hasattr(app, "fakes"):
            await conftest.sign_in(pilot)
        else:
            await done(pilot)
        app.main.open_exchange(number)

    return then(before, *keys, screens=screens)


async def in_the_light(pilot: Pilot[Any]) -> None:
    app_of(pilot).theme = THEMES["light"]
    await done(pilot)


async def refreshed(pilot: Pilot[Any]) -> None:
    await done(pilot)
    app = app_of(pilot)
    await pilot.press("4", "R")
    await until(pilot, lambda: not app.driver.busy and app.driver.session.previous is not None)
    app.main.now = app.driver.clock()
    await pilot.press("4")


async def pasted(pilot: Pilot[Any]) -> None:
    """Paste the sign-in address itself, as people do."""
    await waiting(pilot)
    app = app_of(pilot)
    assert app.driver.session.browsed is not None
    app.query_one("#paste").value = app.driver.session.browsed.url  # type: ignore[attr-defined]
    await pilot.press("p", "enter")
    await until(pilot, lambda: len(app.driver.session.moments) > 1)
    app.clear_notifications()


async def with_jwt(pilot: Pilot[Any]) -> None:
    await ended(pilot)
    body = {"access_token": fakes.jwt(fakes.CLAIMS), "token_type": "Bearer", "expires_in": 3600}
    item = fakes.exchange(5, Stage.TOKEN, "POST", f"{fakes.AS}/token", 200, body=body)
    app_of(pilot).driver.apply(Exchanged(item))
    app_of(pilot).main.open_exchange(5)


async def large(pilot: Pilot[Any]) -> None:
    await ended(pilot)
    body = {"keys": [{"kty": "EC", "kid": f"key {n}", "x": "y" * 60} for n in range(20_000)]}
    item = fakes.exchange(5, Stage.SERVER, "GET", f"{fakes.AS}/keys", 200, body=body)
    app_of(pilot).driver.apply(Exchanged(item))
    app_of(pilot).main.open_exchange(5)
    await until(pilot, lambda: bool(app_of(pilot).screen.query("LongText")))


async def crowded(pilot: Pilot[Any]) -> None:
    """500 exchanges, and only those of one place shown."""
    await ended(pilot)
    app = app_of(pilot)
    for number in range(10, 510):
        url = f"{fakes.AS}/keys/{number}" if number % 50 == 0 else f"{fakes.MCP}/{number}"
        status = 200 if number % 100 else 503
        app.driver.apply(Exchanged(fakes.exchange(number, Stage.SERVER, "GET", url, status)))
    await pilot.press("slash", *"/keys/", "enter")


def watching() -> AuthApp:
    """Return a watch of a server that its owner mends between the first and the second look."""
    mended = [event for event in fakes.mismatch() if getattr(event, "id", "") != "rs-no-prm-url"]
    rounds = iter([fakes.mismatch(), mended])

    async def look() -> Session:
        return reduce(Session.apply, next(rounds), Session())

    app = conftest.app_of([], watch=60.0)  # seconds, in which no picture takes a third look
    app.watching.looks = lambda config: look  # type: ignore[method-assign]
    return app


async def mended(pilot: Pilot[Any]) -> None:
    """Look a second time."""
    app = app_of(pilot)
    await until(pilot, lambda: bool(app.screen.query("#watch-list")))
    options = app.screen.query_one("#watch-list", OptionList)
    await until(pilot, lambda: str(options.border_title) == "Open: 1 error and 1 warning")
    await pilot.press("enter")
    await until(pilot, lambda: str(options.border_title) == "Open: 1 error, 1 mended")


SIGNING = practised(far=True)
WEB = [
    replace(event, forward="", note=ssh.Way(web=True).note, how="No browser was opened.")
    if event.__class__.__name__ == "Browsed"
    else event
    for event in [*fakes.metadata(), *fakes.registration(), *fakes.browser()]
]
SCENES = {
    "a code is sent again": Scene(practised(), opened(5, "a", screens=3)),
    "ladder while it waits": Scene(SIGNING, then(waiting, "l")),
    "exchange": Scene(practised(), opened(3)),
    "exchange request": Scene(practised(), opened(5, "tab")),
    "exchange folded": Scene(practised(), opened(3, "minus")),
    "exchange filtered": Scene(practised(), opened(3, "slash", *"endpoint")),
    "exchange with a JWT": Scene(practised("issuer-mismatch"), then(with_jwt)),
    "exchange of 2 MB": Scene(practised("issuer-mismatch"), then(large)),
    "card of an opaque token": Scene(practised(), then(done, "4", screens=1)),
    "card after a refresh": Scene(practised(), then(refreshed, screens=1)),
    "bare address": Scene(SIGNING, then(waiting, "u")),
    "qr": Scene(SIGNING, then(waiting, "b")),
    "address to a file": Scene(SIGNING, then(waiting, "w")),
    "wrong paste": Scene(SIGNING, then(pasted, screens=1)),
    "in a web browser": Scene(faked(WEB), then(waiting, screens=1)),
    "guide": Scene(practised("issuer-mismatch"), then(ended, "question_mark")),
    "palette": Scene(practised(), then(done, "ctrl+p")),
    "findings": Scene(practised("issuer-mismatch"), then(ended, "f")),
    "export": Scene(practised(), then(done, "e")),
    "quit asks": Scene(SIGNING, then(waiting, "q")),
    "a key that is off": Scene(practised("issuer-mismatch"), then(ended, "p", screens=1)),
    "light": Scene(practised(), then(in_the_light, screens=1)),
    "watch": Scene(watching, then(mended)),
    "log of 500": Scene(practised("issuer-mismatch"), then(crowded, screens=1)),
}


@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)
@pytest.mark.parametrize("scene", SCENES.values(), ids=[name.replace(" ", "-") for name in SCENES])
def test_it_looks_as_it_was_kept(snap_compare: Any, scene: Scene, size: tuple[int, int]) -> None:
    assert snap_compare(scene.app(), terminal_size=size, run_before=scene.before)


PARTS = {
    "step, look, edit, send": (
        "test_snapshots/test_the_next_request_while_stepping",
        "test_snapshots/test_a_request_that_is_edited",
        "test_snapshots/test_an_exchange_that_was_sent_again",
        "a code is sent again",
    ),
    "sequence": (
        "screens/test_sequence/test_the_sequence_of_a_whole_run",
        "screens/test_sequence/test_the_sequence_of_a_run_that_was_refused",
        "ladder while it waits",
    ),
    "exchange": (
        "test_snapshots/test_one_exchange",
        "exchange folded",
        "exchange filtered",
        "exchange with a JWT",
    ),
    "discovery": ("screens/test_discovery/test_the_table_after_a_scan",),
    "token card": (
        "panels/test_token/test_the_card_of_a_checked_jwt",
        "card of an opaque token",
        "card after a refresh",
    ),
    "over SSH": (
        "test_snapshots/test_the_wait_for_the_browser",
        "test_snapshots/test_the_code_of_a_device",
        *("bare address", "qr", "address to a file", "wrong paste"),
    ),
    "comfort": (
        "test_snapshots/test_the_form_with_servers_used_before",
        "screens/test_settings/test_the_form",
        *("guide", "palette", "findings", "export", "quit asks", "a key that is off", "light"),
    ),
    "never stuck": ("exchange of 2 MB", "log of 500"),
    "in a browser": ("in a web browser",),
    "watch": ("watch",),
}
"""The parts of the screen with their pictures; those with a slash stand in another file.

The tenth part, the pictures of the README, is kept by tests/test_screenshots.py.
"""


@pytest.mark.parametrize("part", PARTS)
def test_each_part_of_the_screen_is_kept_at_three_sizes(part: str) -> None:
    for name in PARTS[part]:
        here = f"test_pictures/test_it_looks_as_it_was_kept[{name.replace(' ', '-')}-"
        *folder, module, picture = (f"{name}[" if "/" in name else here).split("/")
        kept = HERE.joinpath(*folder, "__snapshots__", module)
        assert "/" in name or name in SCENES
        assert [size for size in SIZES if not (kept / f"{picture}{size}].svg").is_file()] == []
