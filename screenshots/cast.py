"""Knows the recording of a whole run over SSH: ``python -m screenshots.cast`` writes `run.cast`.

It is asciicast v2 (docs.asciinema.org/manual/asciicast/v2). The program is the real one, on the
practice server of the pictures; what it drew is taken once it stands still, and only lines that
changed are written, so that the bytes are the same each time. Time is that of the script below.
"""

from __future__ import annotations

import asyncio
import io
import json
import re
import sys
from pathlib import Path
from typing import Any
from zlib import crc32

from rich.console import Console
from textual.pilot import Pilot

from mcp_auth_tui.model import Request, Response, Session, Timing
from screenshots.practice import MCP, NOW, Practice
from screenshots.shots import Subject, app_of, plain_environment, program, until

FILE = Path(__file__).with_name("run.cast")
WIDTH, HEIGHT = 80, 24
COMMAND = f"H=$(mcp-auth-tui {MCP}/mcp)"
ENTER, LEAVE = "\x1b[?1049h\x1b[?25l\x1b[H\x1b[2J", "\x1b[0m\x1b[?1049l\x1b[?25h"
_AFTER = '# "$H" is the header now: the screen was drawn on stderr'
_PROMPT = "you@build-box:~$ "
_SSH = Subject(lambda pilot: until(pilot, lambda: True), far=True)
_LINK = re.compile(r"\x1b]8;id=[^;]*;([^\x1b]+)\x1b")


class Paced(Practice):
    """The practice server, which answers when it is told to; the person is told apart from it."""

    sign_in = 0.0

    def __init__(self) -> None:
        super().__init__()
        self._turns = asyncio.Semaphore(0)

    def answer(self) -> None:
        """Let it answer one request."""
        self._turns.release()

    async def send(self, request: Request, enough: Any = None) -> tuple[Response, Timing]:
        """Answer as `Practice.send`, in its turn."""
        await self._turns.acquire()
        return await super().send(request, enough)


class Film:
    """The events of a recording, and the clock that they carry."""

    def __init__(self, pilot: Pilot[Any], practice: Paced) -> None:
        self.pilot, self.practice, self.app = pilot, practice, app_of(pilot)
        self.events: list[tuple[float, str, str]] = []
        self._at = 0.0
        self._lines = [""] * HEIGHT

    def put(self, what: str, code: str = "o") -> None:
        """Note an event at the time that it is now."""
        self.events.append((round(self._at, 3), code, what))

    def chapter(self, name: str) -> None:
        """Set a marker, to which a player can jump."""
        self.put(name, "m")

    def type(self, command: str) -> None:
        """Show a shell in which a line is typed."""
        self.put(_PROMPT)
        self._at += 0.8
        for letter in command:
            self.put(letter)
            self._at += 0.04
        self._at += 0.4
        self.put("\r\n")

    async def show(self, seconds: float = 0.0) -> None:
        """Draw what changed, then look at it for so long; the program's clock goes on meanwhile."""
        await self._draw()
        while seconds >= 1.0:
            seconds -= 1.0
            self._at += 1.0
            self.practice.wait(1.0)
            await self._draw()
        self._at += seconds

    async def _draw(self) -> None:
        self.app.main.now = self.app.driver.clock()
        await until(self.pilot, lambda: True)
        before, lines = [""], self._frame()
        while lines != before:  # on a busy machine a layout may come late
            await self.pilot.pause()
            before, lines = lines, self._frame()
        if changed := [n for n in range(HEIGHT) if lines[n] != self._lines[n]]:
            self.put("".join(lines[n] for n in changed))
        self._lines = lines

    def _frame(self) -> list[str]:
        """Return each line, with its place, as a terminal of 16 million colours gets it."""
        console = Console(
            width=WIDTH,
            height=HEIGHT,
            file=io.StringIO(),
            force_terminal=True,
            color_system="truecolor",
            record=True,
            legacy_windows=False,
        )
        # As `App.export_screenshot` does, which can only make SVG of it.
        console.print(
            self.app.screen._compositor.render_update(
                full=True, screen_stack=self.app._background_screens, simplify=True
            )
        )
        return _LINK.sub(_one_link, console.export_text(styles=True)).split("\n")[:HEIGHT]

    async def answers(self, number: int, seconds: float = 0.6) -> None:
        """Look at the requests up to a number one after the other, each sent and then answered."""
        while len(self.app.driver.session.exchanges) < number:
            sent = len(self.app.driver.session.exchanges)
            self.practice.answer()
            await until(self.pilot, lambda sent=sent: len(self.app.driver.session.exchanges) > sent)  # type: ignore[misc]
            await self.show(seconds)

    async def press(self, key: str, seconds: float) -> None:
        """Press a key, and look at what it shows."""
        await self.pilot.press(key)
        await self.show(seconds)


def _one_link(found: re.Match[str]) -> str:
    """Name a link after its address, as the screen does (`terminal.filter`); rich draws lots."""
    return f"\x1b]8;id={crc32(found[1].encode()):08x};{found[1]}\x1b"


async def _told(film: Film) -> None:
    """Go through the whole story: a run over SSH, then what there is to look at."""
    app = film.app
    film.type(COMMAND)
    film.put(ENTER)
    film.chapter("Metadata: what the server says about its sign-in")
    await film.show(0.6)
    await film.answers(3)
    film.chapter("Registration: the program becomes a client")
    await film.show(1.5)
    film.chapter("Browser: the address, and the way back to this machine")
    await film.answers(4, 0.0)
    await until(film.pilot, lambda: app.main.state.signing_in)
    await film.show(7.0)
    assert app.driver.session.browsed is not None
    query = await film.practice.authorize(app.driver.session.browsed.url)
    film.practice.listener.come(query)
    film.chapter("Token: the code is exchanged")
    await film.answers(5)
    film.chapter("Headers: the token is used once")
    await film.answers(7)
    await until(film.pilot, lambda: not app.driver.busy)
    await film.press("5", 3.0)
    film.chapter("Token: what is known about it")
    await film.press("4", 4.0)
    film.chapter("Places: where metadata was looked for, and what won")
    await film.press("d", 4.0)
    await film.pilot.press("escape")
    film.chapter("Ladder: the run between you, browser and servers")
    await film.press("l", 5.0)
    await film.pilot.press("escape")
    film.chapter("Headers: ready to copy or export")
    await film.press("5", 3.0)
    film.put(LEAVE)
    film.type(_AFTER)


async def _filmed() -> tuple[str, Session]:
    practice = Paced()
    async with program(_SSH, practice).run_test(size=(WIDTH, HEIGHT)) as pilot:
        film = Film(pilot, practice)
        await _told(film)
    header = {
        "version": 2,
        "width": WIDTH,
        "height": HEIGHT,
        "timestamp": int(NOW),
        "duration": film.events[-1][0],
        "command": COMMAND,
        "title": "mcp-auth-tui: from the URL of an MCP server to its headers, over SSH",
        "env": {"SHELL": "/bin/sh", "TERM": "xterm-256color"},
    }
    lines = (json.dumps(line, ensure_ascii=False) for line in (header, *film.events))
    return "\n".join(lines) + "\n", film.app.driver.session


def recorded() -> tuple[str, Session]:
    """Return the recording as text, and the run that it shows."""
    with plain_environment():
        return asyncio.run(_filmed())


def main() -> int:
    """Write the recording."""
    text, _ = recorded()
    FILE.write_text(text, encoding="utf-8")
    print(f"{FILE.name}: {text.count(chr(10)) - 1} events, {len(text.encode())} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
