"""Knows which screens are pictured and how: ``python -m screenshots.make`` writes SVG and PNG.

``--readme`` rewrites the generated parts of README.md as well. PNG needs Chromium (playwright).
"""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import struct
import sys
import zlib
from argparse import ArgumentParser
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from hashlib import sha256
from math import ceil
from pathlib import Path
from typing import Any

from textual.pilot import Pilot

from mcp_auth_tui.options import Options
from mcp_auth_tui.settings import Settings
from mcp_auth_tui.tui.app import AuthApp
from screenshots.practice import AWAY, Practice, Run, config

HERE = Path(__file__).parent
WIDE, LOW = (120, 36), (80, 24)
_UNSET = ("NO_COLOR", "TEXTUAL_THEME", "TEXTUAL_ANIMATIONS", "TEXTUAL_DRIVER", "COLORTERM")
CHROMIUM = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
_ROUNDS = 400
_KEY = b"Source\0"
_MAGIC = b"\x89PNG\r\n\x1a\n"
_REMOTE = re.compile(r',\s*url\("https://[^"]*"\) format\("woff2?"\)')
_FONT = "Fira Code, DejaVu Sans Mono, Menlo, Consolas"

Keys = Callable[[Pilot[Any]], Awaitable[None]]


async def until(pilot: Pilot[Any], there: Callable[[], bool]) -> None:
    """Let the app draw until something is so; raises RuntimeError when it never is."""
    for _ in range(_ROUNDS):
        await pilot.pause()
        if there():
            break
    else:
        raise RuntimeError(f"the run never came to that: {_app(pilot).session.stop}")
    for _ in range(4):
        await pilot.pause()


def _app(pilot: Pilot[Any]) -> AuthApp:
    app = pilot.app
    if not isinstance(app, AuthApp):
        raise TypeError(app)
    return app


async def _ended(pilot: Pilot[Any]) -> None:
    app = _app(pilot)
    await until(pilot, lambda: not app.busy and app.session.outcome is not None)


async def _waiting(pilot: Pilot[Any]) -> None:
    app = _app(pilot)
    await until(pilot, lambda: app.state.at_browser or app.state.signing_in)
    if app.state.at_browser:
        await pilot.press("enter")
    await until(pilot, lambda: app.state.signing_in)


async def _done(pilot: Pilot[Any]) -> None:
    app = _app(pilot)
    await until(pilot, lambda: app.state.at_browser)
    await pilot.press("enter")
    await _ended(pilot)
    await pilot.press("5")
    await until(pilot, lambda: app.panel == 4)


async def _token(pilot: Pilot[Any]) -> None:
    await _done(pilot)
    app = _app(pilot)
    app.now = app.clock()
    await pilot.press("4")
    await until(pilot, lambda: app.panel == 3)


def _next(app: AuthApp) -> int:
    """Return the number of the request that waits to be sent, or 0."""
    return len(app.session.exchanges) + 1 if app.session.ready is not None else 0


async def _step(pilot: Pilot[Any]) -> None:
    app = _app(pilot)
    for sent in range(4):
        await until(pilot, lambda sent=sent: _next(app) == sent + 1)  # type: ignore[misc]
        if sent < 3:
            await pilot.press("s")


@dataclass(frozen=True, slots=True)
class Screen:
    """One picture: its size in cells, what is done before it is taken, and what it shows."""

    size: tuple[int, int]
    before: Keys
    shows: str
    far: bool = False
    stepping: bool = False
    faults: tuple[str, ...] = ()


SCREENS = {
    "done": Screen(WIDE, _done, "A whole run: five panels done, the headers, every request."),
    "browser": Screen(WIDE, _waiting, "Over SSH: the address, the ssh line, the field.", far=True),
    "mismatch": Screen(
        WIDE, _ended, "A run that stopped in the metadata.", faults=("issuer-mismatch",)
    ),
    "token": Screen(WIDE, _token, "What is known about the token; credentials are masked."),
    "step": Screen(WIDE, _step, "Step by step: the next request before it is sent.", stepping=True),
    "small": Screen(LOW, _waiting, "The same wait in 80 by 24 cells.", far=True),
}


def svg(name: str) -> str:
    """Return a screen as SVG text: the same in every run with the same Textual."""
    return picture(SCREENS[name])


def picture(screen: Screen) -> str:
    """Return what a screen looks like now; nothing of this machine's settings reaches it."""
    kept = {key: os.environ.pop(key) for key in _UNSET if key in os.environ}
    try:
        return asyncio.run(_taken(screen))
    finally:
        os.environ.update(kept)


async def _taken(screen: Screen) -> str:
    practice = Practice(*screen.faults)

    class Practised(Settings):
        def controller(self, config: Any, stepping: bool) -> Run:
            return Run(config, practice, far=screen.far, stepping=stepping)

    def clock() -> float:
        return practice.clock() + AWAY * screen.far

    app = AuthApp(config(), Practised(Options()), stepping=screen.stepping, clock=clock)
    app.animation_level = "none"
    app.theme = "textual-dark"
    async with app.run_test(size=screen.size) as pilot:
        await screen.before(pilot)
        for field in app.screen.query("Input"):
            field.cursor_blink = False  # type: ignore[attr-defined]
        await until(pilot, lambda: True)
        return _still(app.export_screenshot(title="mcp-auth-tui"))


def _still(made: str) -> str:
    """Take out what a viewer would load from elsewhere: a picture asks nobody for a font."""
    made = _REMOTE.sub("", made).replace("font-family: Fira Code,", f"font-family: {_FONT},")
    return "\n".join(line.rstrip() for line in made.splitlines()) + "\n"


def png(pictures: dict[str, str]) -> dict[str, bytes]:
    """Return SVG texts as Chromium draws them; each PNG holds the hash of its SVG."""
    from playwright.sync_api import sync_playwright

    installed = (shutil.which(name) for name in ("chromium", "chromium-browser"))
    drawn = {}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=next(filter(None, installed), None), args=CHROMIUM
        )
        page = browser.new_page()
        for name, drawing in pictures.items():
            width, height = size_of(drawing)
            page.set_viewport_size({"width": width, "height": height})
            page.set_content(f"<style>body{{margin:0}}svg{{width:{width}px}}</style>{drawing}")
            drawn[name] = _with_source(page.screenshot(omit_background=True), drawing)
        browser.close()
    return drawn


def size_of(drawing: str) -> tuple[int, int]:
    """Return width and height of an SVG in pixels."""
    found = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', drawing)
    if found is None:
        raise ValueError("an SVG without a viewBox")
    return ceil(float(found[1])), ceil(float(found[2]))


def source_of(drawn: bytes) -> str:
    """Return the hash of the SVG that a PNG was drawn from, or nothing."""
    head = len(_MAGIC) + 25
    data = drawn[head + 8 : head + 8 + int.from_bytes(drawn[head : head + 4])]
    return data.removeprefix(_KEY).decode() if data.startswith(_KEY) else ""


def _with_source(drawn: bytes, drawing: str) -> bytes:
    """Note in a PNG which SVG it was drawn from (a tEXt chunk after the header chunk)."""
    data = _KEY + sha256(drawing.encode()).hexdigest().encode()
    chunk = b"tEXt" + data
    whole = struct.pack(">I", len(data)) + chunk + struct.pack(">I", zlib.crc32(chunk))
    head = len(_MAGIC) + 25
    return drawn[:head] + whole + drawn[head:]


def main() -> int:
    """Write every picture, and with ``--readme`` the generated parts of README.md."""
    parser = ArgumentParser(prog="python -m screenshots.make", description=__doc__)
    parser.add_argument("only", nargs="*", metavar="NAME", help=", ".join(SCREENS))
    parser.add_argument("--readme", action="store_true", help="rewrite README.md as well")
    parser.add_argument("--svg", action="store_true", help="SVG only")
    args = parser.parse_args()
    if unknown := set(args.only) - SCREENS.keys():
        parser.error(f"there is no screen {', '.join(sorted(unknown))}")
    pictures = {name: svg(name) for name in args.only or SCREENS}
    for name, drawing in pictures.items():
        (HERE / f"{name}.svg").write_text(drawing, encoding="utf-8")
    for name, drawn in ({} if args.svg else png(pictures)).items():
        (HERE / f"{name}.png").write_bytes(drawn)
    if args.readme:
        from tests import readme

        readme.write()
    return 0


if __name__ == "__main__":
    sys.exit(main())
