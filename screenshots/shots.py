"""Knows which screens are pictured, how each is come to, and how it becomes SVG; writes no files.

Each picture is taken of a recording (`recordings/`, made here, too) that is played on the screen.
Nothing of this machine, its clock or its settings reaches a picture or a recording.
"""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from textual.pilot import Pilot

from mcp_auth_tui.model import Event
from mcp_auth_tui.protocol.config import Config
from mcp_auth_tui.recordings.recorder import recording
from mcp_auth_tui.settings.editable import Settings
from mcp_auth_tui.settings.options import Options
from mcp_auth_tui.tui.app import AuthApp
from screenshots import playback
from screenshots.playback import Clock, Playback
from screenshots.practice import AWAY, Practice, Run, config

SIZES = {"120x36": (120, 36), "80x24": (80, 24)}
THEMES = {"dark": "textual-dark", "light": "textual-light"}
_UNSET = ("NO_COLOR", "TEXTUAL_THEME", "TEXTUAL_ANIMATIONS", "TEXTUAL_DRIVER", "COLORTERM")
_ROUNDS = 400
_REMOTE = re.compile(r',\s*url\("https://[^"]*"\) format\("woff2?"\)')
_LINE_END = re.compile(r"<text [^>]*>\n</text>")
_BACK = re.compile(
    r'<rect fill="([^"]*)" x="([^"]*)" y="([^"]*)" width="([^"]*)" height="24.65" '
    r'shape-rendering="crispEdges"/>'
)
_BACKS = re.compile(f"(?:{_BACK.pattern})+")
_FONT = "Fira Code, DejaVu Sans Mono, Menlo, Consolas"

Keys = Callable[[Pilot[Any]], Awaitable[None]]


def app_of(pilot: Pilot[Any]) -> AuthApp:
    """Return the program that a pilot steers."""
    app = pilot.app
    if not isinstance(app, AuthApp):
        raise TypeError(app)
    return app


async def until(pilot: Pilot[Any], there: Callable[[], bool]) -> None:
    """Let the app draw until something is so; raises RuntimeError when it never is."""
    for _ in range(_ROUNDS):
        await pilot.pause()
        if there():
            break
    else:
        raise RuntimeError(f"the run never came to that: {app_of(pilot).driver.session.stop}")
    for _ in range(4):
        await pilot.pause()


async def ended(pilot: Pilot[Any]) -> None:
    """Wait until the run is over."""
    app = app_of(pilot)
    await until(pilot, lambda: not app.driver.busy and app.driver.session.outcome is not None)


async def waiting(pilot: Pilot[Any]) -> None:
    """Go on to where a person signs in."""
    app = app_of(pilot)
    await until(pilot, lambda: app.main.state.at_browser or app.main.state.signing_in)
    if app.main.state.at_browser:
        await pilot.press("enter")
    await until(pilot, lambda: app.main.state.signing_in)


async def done(pilot: Pilot[Any]) -> None:
    """Sign in, and look at the headers."""
    app = app_of(pilot)
    await until(pilot, lambda: app.main.state.at_browser)
    await pilot.press("enter")
    await ended(pilot)
    await pilot.press("5")
    await until(pilot, lambda: app.main.panel == 4)


async def _token(pilot: Pilot[Any]) -> None:
    await done(pilot)
    await pilot.press("4")
    await until(pilot, lambda: app_of(pilot).main.panel == 3)


async def _sequence(pilot: Pilot[Any]) -> None:
    await done(pilot)
    await pilot.press("l")
    await until(pilot, lambda: len(app_of(pilot).screen_stack) == 2)


def _next(app: AuthApp) -> int:
    """Return the number of the request that waits to be sent, or 0."""
    return len(app.driver.session.exchanges) + 1 if app.driver.session.ready is not None else 0


async def _step(pilot: Pilot[Any]) -> None:
    app = app_of(pilot)
    for sent in range(4):
        await until(pilot, lambda sent=sent: _next(app) == sent + 1)  # type: ignore[misc]
        if sent < 3:
            await pilot.press("s")


@dataclass(frozen=True, slots=True)
class Subject:
    """One thing to show: what is done before the picture, on which practice server."""

    before: Keys
    far: bool = False
    """The person sits at another machine, over SSH."""
    stepping: bool = False
    faults: tuple[str, ...] = ()
    later: float = 0.0
    """Seconds for which the screen has been looked at."""


RUNS = {
    "signed-in": Subject(done),
    "over-ssh": Subject(waiting, far=True),
    "issuer-mismatch": Subject(ended, faults=("issuer-mismatch",)),
    "step-by-step": Subject(_step, stepping=True),
}
"""Every recording, by the name of its file."""
SUBJECTS = {
    "metadata": ("issuer-mismatch", Subject(ended)),
    "browser": ("over-ssh", Subject(waiting, far=True, later=AWAY)),
    "token": ("signed-in", Subject(_token)),
    "headers": ("signed-in", Subject(done)),
    "sequence": ("signed-in", Subject(_sequence)),
    "step": ("step-by-step", Subject(_step, stepping=True)),
}
"""What is pictured, and of which recording."""
NAMES = tuple(f"{name}-{size}-{theme}" for name in SUBJECTS for size in SIZES for theme in THEMES)
"""Every picture, by the name of its files."""


def recorded(name: str) -> str:
    """Make a recording: the program's own screen drives a run on the practice server.

    It is not masked: its credentials are worth nothing, and an address is pictured as it is opened.
    """
    subject = RUNS[name]
    app = program(subject, Practice(*subject.faults))

    async def run() -> None:
        async with app.run_test(size=SIZES["120x36"]) as pilot:
            await subject.before(pilot)

    with plain_environment():
        asyncio.run(run())
    return recording(app.driver.events, app.driver.session, reveal=True)


def drawn(name: str, size: str) -> dict[str, str]:
    """Return a subject as SVG texts by the names of their files, one for each theme."""
    run, subject = SUBJECTS[name]
    made = pictures(playback.read(run), subject, SIZES[size])
    return {f"{name}-{size}-{theme}": text for theme, text in made.items()}


def pictures(events: tuple[Event, ...], subject: Subject, size: tuple[int, int]) -> dict[str, str]:
    """Return what a recorded run looks like in each theme, where a subject stops it."""
    moment = Clock()
    app = _app(subject, moment)

    def assemble(config: Config, stepping: bool) -> Playback:
        return Playback(events, config, moment, far=subject.far, stepping=stepping)

    app.driver.assemble = assemble  # type: ignore[method-assign]
    with plain_environment():
        return asyncio.run(_taken(app, subject, size))


def live(subject: Subject, size: tuple[int, int]) -> dict[str, str]:
    """Return what a run itself looks like in each theme, where a subject stops it."""
    with plain_environment():
        return asyncio.run(_taken(program(subject, Practice(*subject.faults)), subject, size))


@contextmanager
def plain_environment() -> Iterator[None]:
    """Keep what this machine's owner likes out of a picture."""
    kept = {key: os.environ.pop(key) for key in _UNSET if key in os.environ}
    try:
        yield
    finally:
        os.environ.update(kept)


def program(subject: Subject, practice: Practice) -> AuthApp:
    """Return the program, with its own screen, about to run on a practice server."""
    app = _app(subject, practice.clock)

    def assemble(config: Config, stepping: bool) -> Run:
        return Run(config, practice, far=subject.far, stepping=stepping)

    app.driver.assemble = assemble  # type: ignore[method-assign]
    return app


def _app(subject: Subject, clock: Callable[[], float]) -> AuthApp:
    def later() -> float:
        return clock() + subject.later

    app = AuthApp(config(), Settings(Options()), stepping=subject.stepping, clock=later)
    app.animation_level = "none"
    app.theme = THEMES["dark"]
    return app


async def _taken(app: AuthApp, subject: Subject, size: tuple[int, int]) -> dict[str, str]:
    made = {}
    async with app.run_test(size=size) as pilot:
        await subject.before(pilot)
        app.main.now = app.driver.clock()  # a tick may have come or not
        for name, theme in THEMES.items():
            app.theme = theme
            for field in app.screen.query("Input"):
                field.cursor_blink = False  # type: ignore[attr-defined]
            await until(pilot, lambda: True)
            still = _still(app.export_screenshot(title="mcp-auth-tui", simplify=True))
            made[name] = _in_the_light(still) if name == "light" else still
    return made


def _still(made: str) -> str:
    """Take out what a viewer would load from elsewhere: a picture asks nobody for a font.

    Neighbours of one background become one, which halves what the picture takes.
    """
    made = _REMOTE.sub("", made).replace("font-family: Fira Code,", f"font-family: {_FONT},")
    made = _BACKS.sub(_joined, _LINE_END.sub("", made))
    return "\n".join(line.rstrip() for line in made.splitlines()) + "\n"


def _in_the_light(made: str) -> str:
    """Return a picture whose window is as light as what it shows."""
    return made.replace('<rect fill="#292929"', '<rect fill="#c8c8c8"').replace(
        "#c5c8c6", "#303030"
    )


def _joined(row: re.Match[str]) -> str:
    """Return a row of backgrounds, each as wide as it goes on in the same colour."""
    wide: list[tuple[str, str, str, float]] = []
    for fill, x, y, width in _BACK.findall(row[0]):
        if wide and wide[-1][0] == fill and wide[-1][2] == y:
            first = wide[-1][1]
            wide[-1] = (fill, first, y, float(x) + float(width) - float(first))
        else:
            wide.append((fill, x, y, float(width)))
    return "".join(
        f'<rect fill="{fill}" x="{x}" y="{y}" width="{width:g}" height="24.65"'
        ' shape-rendering="crispEdges"/>'
        for fill, x, y, width in wide
    )
