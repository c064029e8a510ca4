"""Prints how long the screen stands still at worst, and whether an idle wait costs memory.

``python -m tests.bench.tui_bench`` prints ratios; with ``--check`` the exit code is 1 when one is
missed. A stall is the longest time in which the event loop did nothing else: while it lasts, no key
is answered. What is there before is taken out of the collector's sight, as the program itself does.
"""

from __future__ import annotations

import asyncio
import gc
import sys
import time
import tracemalloc
from argparse import ArgumentParser
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from statistics import median
from typing import Any

from mcp_auth_tui.model import Entered, Event, Exchanged, Level, Response, Stage, Started
from mcp_auth_tui.tui.screens.exchange import ExchangeScreen
from mcp_auth_tui.tui.screens.findings import FindingsScreen
from mcp_auth_tui.tui.screens.sequence import SequenceScreen
from mcp_auth_tui.tui.views.exchange import is_large
from mcp_auth_tui.tui.widgets.long_text import LongText
from tests.bench.run import Row, table
from tests.tui import fakes
from tests.tui.conftest import app_of, settled

FEW, MANY = 10, 500
SMALL, MIDDLE, LARGE = 2_000, 60_000, 2_000_000
HOUR = 3600
"""Ticks: the screen draws once a second while it waits."""
_BEAT = 0.001


class Heart:
    """Beats in the event loop and keeps the longest time between two beats (seconds)."""

    def __init__(self) -> None:
        self.longest = 0.0

    async def beat(self) -> None:
        last = time.perf_counter()
        while True:
            await asyncio.sleep(_BEAT)
            now = time.perf_counter()
            self.longest = max(self.longest, now - last - _BEAT)
            last = now


@asynccontextmanager
async def listening() -> AsyncIterator[Heart]:
    """Listen to the heart while something happens."""
    heart = Heart()
    task = asyncio.ensure_future(heart.beat())
    await asyncio.sleep(_BEAT * 3)
    heart.longest = 0.0
    try:
        yield heart
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def flood(number: int, size: int = 200) -> list[Event]:
    """Return a run with so many exchanges and findings, each body JSON of about so many octets."""
    item = '"a": "' + "x" * 60 + '"'
    body = ("[" + ",".join(["{" + item + "}"] * max(size // 70, 1)) + "]").encode()
    made: list[Event] = [Started(fakes.MCP, fakes.NOW), Entered(Stage.PROBE)]
    for index in range(1, number + 1):
        one = fakes.exchange(index, Stage.PROBE, "POST", f"{fakes.MCP}?{index}", 200)
        made.append(Exchanged(replace(one, result=replace(_response(one.result), body=body))))
        made.append(
            fakes.finding(f"x-{index}", Level.WARNING, f"It is wrong {index}", Stage.PROBE, index)
        )
    return made


def _response(result: Any) -> Response:
    assert isinstance(result, Response)
    return result


Act = Callable[[Any, Any], Awaitable[None]]


async def stall(number: int, size: int, act: Act, before: Act | None = None) -> float:
    """Return the longest stall (seconds) while something is done on a screen with a flood."""
    app = app_of([])
    async with app.run_test(size=(120, 36)) as pilot:
        await settled(pilot, lambda: not app.driver.busy)
        session = app.driver.session
        for event in flood(number, size):
            session = session.apply(event)
        app.driver.session = session
        app.follower.update_run()
        await settled(pilot)
        if before is not None:
            await before(app, pilot)
        gc.collect()
        gc.freeze()
        try:
            async with listening() as heart:
                await act(app, pilot)
                await settled(pilot)
        finally:
            gc.unfreeze()
        return heart.longest


async def one_more(app: Any, pilot: Any) -> None:
    """An exchange arrives."""
    number = len(app.driver.session.exchanges) + 1
    made = fakes.exchange(number, Stage.PROBE, "POST", f"{fakes.MCP}?{number}", 200)
    app.driver.apply(Exchanged(made))


async def ladder(app: Any, pilot: Any) -> None:
    """The sequence view is opened."""
    await pilot.press("l")
    await settled(pilot, lambda: isinstance(app.screen, SequenceScreen))


async def findings(app: Any, pilot: Any) -> None:
    """The list of findings is opened."""
    await pilot.press("f")
    await settled(pilot, lambda: isinstance(app.screen, FindingsScreen))


async def resized(app: Any, pilot: Any) -> None:
    """The window changes twice."""
    await pilot.resize_terminal(100, 30)
    await settled(pilot)
    await pilot.resize_terminal(121, 37)


async def ticked(app: Any, pilot: Any) -> None:
    """A second passes."""
    app.main.now += 1


async def body(app: Any, pilot: Any) -> None:
    """The last exchange is opened, and its body is there."""
    app.main.open_exchange(len(app.driver.session.exchanges))
    await settled(pilot, lambda: isinstance(app.screen, ExchangeScreen))
    screen = app.screen
    if is_large(screen.exchange):
        shown = screen.query(LongText)
        await settled(pilot, lambda: bool(shown) and shown.first().virtual_size.height > 1)


async def idle(ticks: int) -> list[int]:
    """Wait for the sign-in so many ticks, shortened; memory (octets) after each third of it.

    The clock goes through the same ten minutes six times: what is cached by its text (Textual
    does so, with a limit) is there after the first, and what still grows is kept without a limit.
    """
    app = app_of([*fakes.metadata(), *fakes.registration(), *fakes.browser()])
    clock = [fakes.NOW]
    app.driver.clock = lambda: clock[0]
    taken: list[int] = []
    async with app.run_test(size=(120, 36)) as pilot:
        await settled(pilot, lambda: app.main.state.at_browser or app.main.state.signing_in)
        if app.main.state.at_browser:
            await pilot.press("enter")
            await settled(pilot, lambda: app.main.state.signing_in)
        tracemalloc.start()
        try:
            for tick in range(1, ticks + 1):
                clock[0] = fakes.NOW + tick * 3600 / ticks % 600
                app.follower.tick()
                await pilot.pause()
                if tick % max(ticks // 3, 1) == 0:
                    gc.collect()
                    taken.append(tracemalloc.get_traced_memory()[0])
        finally:
            tracemalloc.stop()
    return taken[:3]


@dataclass(frozen=True, slots=True)
class Case:
    """A thing to do on a small and on a large session, and how much longer it may stall."""

    figure: str
    act: Act
    small: tuple[int, int]
    large: tuple[int, int]
    most: float
    before: Act | None = None


CASES = (
    Case("an exchange arrives, 500 in the log against 10", one_more, (FEW, 200), (MANY, 200), 2.0),
    Case("a second passes, 500 in the log against 10", ticked, (FEW, 200), (MANY, 200), 2.0),
    Case("the window changes, 500 in the log against 10", resized, (FEW, 200), (MANY, 200), 2.0),
    Case("the ladder opens, 500 exchanges against 10", ladder, (FEW, 200), (MANY, 200), 3.0),
    Case(
        "an exchange arrives in the open ladder, 500 against 10",
        one_more, (FEW, 200), (MANY, 200), 3.0, ladder,
    ),
    Case("the findings open, 500 against 10", findings, (FEW, 200), (MANY, 200), 3.0),
    Case("an exchange opens, a body of 60 KB against 2 KB", body, (1, SMALL), (1, MIDDLE), 2.0),
    Case("an exchange opens, a body of 2 MB against 2 KB", body, (1, SMALL), (1, LARGE), 2.0),
)  # fmt: skip


async def measured(case: Case, rounds: int) -> Row:
    """Measure both sides in turn and compare the medians."""
    pairs = [
        (
            await stall(*case.large, case.act, case.before),
            await stall(*case.small, case.act, case.before),
        )
        for _ in range(rounds)
    ]
    large, small = (median(side) for side in zip(*pairs, strict=True))
    told = (f"{large * 1000:.0f} ms", f"{small * 1000:.0f} ms", f"{large / small:.2f}")
    return Row(case.figure, *told, f"≤ {case.most:g}", large / small <= case.most)


async def rows(rounds: int, ticks: int) -> list[Row]:
    """Measure everything."""
    made = [await measured(case, rounds) for case in CASES]
    first, second, third = await idle(ticks)
    for name, late, early in (("second", second, first), ("last", third, second)):
        told = (f"{late / 1000:.0f} KB", f"{early / 1000:.0f} KB", f"{late / early:.3f}")
        figure = f"traced memory, {ticks} ticks of waiting: after the {name} third and before it"
        made.append(Row(figure, *told, "≤ 1.02", late / early <= 1.02))
    return made


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, print, and return 1 when ``--check`` was given and a target is missed."""
    parser = ArgumentParser(description=__doc__, prog="python -m tests.bench.tui_bench")
    parser.add_argument("--check", action="store_true", help="exit code 1 for a missed target")
    parser.add_argument("--rounds", type=int, default=5, help="screens on each side (5)")
    parser.add_argument("--ticks", type=int, default=HOUR, help="seconds of the idle wait (3600)")
    given = parser.parse_args(argv)
    found = asyncio.run(rows(given.rounds, given.ticks))
    print(table(found))
    return int(given.check and any(row.held is False for row in found))


if __name__ == "__main__":
    sys.exit(main())
