"""Runs the program against behaviours of the laboratory and judges what came of it.

``python -m tests.lab.run [WORD…]`` runs each behaviour whose name has one of the words in it (all
without one) in lines, as JSON and on the screen (or those of ``--plain``, ``--json``, ``--screen``
that are given), and prints a table; ``--write`` keeps the outcomes in ``outcomes.toml``, which were
read one by one.
"""

from __future__ import annotations

import asyncio
import gc
import sys
import time
import tomllib
import tracemalloc
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mcp_auth_tui.model import Session
from mcp_auth_tui.settings.arguments import commands
from mcp_auth_tui.settings.editable import Settings
from mcp_auth_tui.settings.options import from_arguments
from tests.hostile import serving
from tests.lab.behaviours import Behaviour, Lab, behaviours
from tests.run.test_hostile import judged
from tests.runs import finished

OUTCOMES = Path(__file__).with_name("outcomes.toml")
FACES = ("plain", "json", "screen")
HASTE, PATIENCE = 0.5, 20.0
"""Seconds for one request: where only the time-out ends it, and where what is answered does."""
SECONDS = 15.0
"""No run may take longer: thirty requests that each hang until their time-out."""
BUSY = 10
"""Where that is more: so many times what a clean run takes, for then the machine is busy."""
STUCK = 300.0
"""Seconds after which a run is ended that has no end."""
GROWTH = 1.5
"""How much more memory than a clean run a run may hold at its worst."""
SLACK = 32 * 1024 * 1024
"""Octets: one answer at its largest, as octets, text and values, and what the server holds of it,
for it shares the process."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run came to."""

    exit: int
    stop: str
    """The finding that ended it; empty where it reached the headers."""

    @property
    def text(self) -> str:
        """As one word or two."""
        return f"{self.exit} {self.stop}".rstrip()


def words(behaviour: Behaviour | None, url: str, *more: str) -> tuple[str, ...]:
    """Return the command line of a run against a laboratory server."""
    timeout = HASTE if behaviour is not None and behaviour.slow else PATIENCE
    fixed = ("--browser", "follow", "--timeout", str(timeout), "--token-store", "none")
    return (url, *fixed, "--no-remember", *more)


async def told(behaviour: Behaviour | None, face: str, limit: float = SECONDS + 5) -> Outcome:
    """Run in lines or as JSON, and judge all that is written.

    Raises AssertionError, and TimeoutError after ``limit`` seconds.
    """
    async with serving(Lab(behaviour)) as lab:
        mode = "--json" if face == "json" else "--plain"
        run = await finished(*words(behaviour, lab.url, mode), limit=limit)
        judged(run, lab)
        assert behaviour is None or lab.played, "the behaviour was never met"
    return _outcome(run.session)


async def shown(behaviour: Behaviour | None, limit: float = SECONDS + 5) -> Outcome:
    """Run on the screen, open the last exchange, and quit; raises AssertionError, TimeoutError."""
    from mcp_auth_tui.tui.app import AuthApp
    from mcp_auth_tui.tui.screens.question import QuestionScreen

    async with serving(Lab(behaviour)) as lab:
        typed = words(behaviour, lab.url)
        args = commands.flow().parse_args(typed)
        options = from_arguments(args, {})
        config, _ = options.config(lab.url)
        settings = Settings(options, list(typed), commands.flow)
        app = AuthApp(config, settings, stepping=False, clock=time.time)
        async with asyncio.timeout(limit), app.run_test(size=(80, 24)) as pilot:
            while app.driver.busy or app.driver.session.outcome is None:
                if isinstance(app.screen, QuestionScreen):
                    await pilot.press("enter")  # the choice that is made where nobody is asked
                await pilot.pause(0.02)
            session = app.driver.session
            await _looked_at(pilot, session)
            text = "".join(segment.text for line in _lines(app) for segment in line)
            odd = {char for char in text if not char.isprintable()}
            assert not odd, f"{odd!r} on the screen"
        assert app.return_code in (0, None)
    return _outcome(session)


async def _looked_at(pilot: Any, session: Session) -> None:
    """Go through the pages of a run, as a person does who wants to know why."""
    for key in ("f", "escape", "l", "escape", "x", "end", "enter", "escape"):
        await pilot.press(key)
        await pilot.pause()


def _lines(app: Any) -> Iterable[Any]:
    return (list(line) for line in app.screen._compositor.render_strips())


def _outcome(session: Session) -> Outcome:
    stop = session.stop
    return Outcome(session.exit, stop.id if stop is not None else "")


def expected() -> Mapping[str, Outcome]:
    """Return the outcomes that were read and found right, by the name of the behaviour."""
    rows = tomllib.loads(OUTCOMES.read_text(encoding="utf-8"))
    return {name: Outcome(row["exit"], row.get("stop", "")) for name, row in rows.items()}


def judge(behaviour: Behaviour | None, face: str) -> tuple[Outcome, float, int]:
    """Run one behaviour with one face; returns its outcome, seconds and octets at the most."""
    tracemalloc.reset_peak()
    before = tracemalloc.get_traced_memory()[0] if tracemalloc.is_tracing() else 0
    began = time.monotonic()
    screen = face == "screen"
    body = shown(behaviour, STUCK) if screen else told(behaviour, face, STUCK)
    outcome = asyncio.run(body)
    seconds = time.monotonic() - began
    peak = tracemalloc.get_traced_memory()[1] - before if tracemalloc.is_tracing() else 0
    return outcome, seconds, peak


def clean(face: str) -> tuple[float, int]:
    """Return the seconds and octets of a run against a server without a fault."""
    judge(None, face)  # what is loaded once is no part of a run
    _, seconds, peak = judge(None, face)
    return seconds, peak


def main(arguments: list[str]) -> int:
    """Run what was asked for and print a line each."""
    write = "--write" in arguments
    faces = [face for face in FACES if f"--{face}" in arguments] or FACES
    sought = [item for item in arguments if not item.startswith("--")]
    table = behaviours()
    chosen = [row for name, row in table.items() if not sought or any(s in name for s in sought)]
    known = {} if write else expected()
    outcomes: dict[str, Outcome] = {}
    faults = 0
    tracemalloc.start(1)
    usual = {face: clean(face) for face in faces}
    longest = {face: max(SECONDS, BUSY * seconds) for face, (seconds, _) in usual.items()}
    largest = {face: GROWTH * octets + SLACK for face, (_, octets) in usual.items()}
    for row in chosen:
        cells = []
        for face in faces:
            gc.collect()
            try:
                outcome, seconds, peak = judge(row, face)
            except (AssertionError, TimeoutError, Exception) as error:
                faults += 1
                cells.append(f"{face}: FAULT {type(error).__name__} {str(error)[:300]}")
                continue
            right = outcomes.setdefault(row.name, known.get(row.name, outcome))
            marks = [
                f"NOT {right.text}" if outcome != right else "",
                f"{seconds:.1f} s TOO LONG" if seconds > longest[face] else "",
                f"{peak >> 20} MB TOO MUCH" if peak > largest[face] else "",
            ]
            faults += any(marks)
            cells.append(" ".join([outcome.text, *filter(None, marks)]))
        told_once = cells[0] if len(set(cells)) == 1 else " | ".join(cells)
        sys.stdout.write(f"{row.name:60} {told_once}\n")
        sys.stdout.flush()
    sys.stdout.write(f"{len(chosen)} behaviours, {len(faces)} faces, {faults} faults\n")
    if write and not sought:
        rows = [
            f'["{name}"]\nexit = {item.exit}\n' + (f'stop = "{item.stop}"\n' if item.stop else "")
            for name, item in outcomes.items()
        ]
        OUTCOMES.write_text("\n".join(rows), encoding="utf-8")
    return int(faults > 0)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
