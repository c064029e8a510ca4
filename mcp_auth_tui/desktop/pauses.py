"""Knows an event loop that counts no time in which nobody ran it; must not know what it waits for.

A program that is stopped (``kill -STOP``, ctrl+z), and a machine that sleeps, come back to limits
that are over, while what they waited for lies there unread.
"""

from __future__ import annotations

import asyncio
import os
import selectors
import time
from collections.abc import Coroutine
from typing import Any, TypeVar

from mcp_auth_tui.desktop import collector

Result = TypeVar("Result")
OVERDUE = 0.5
"""Seconds that a wait may end late, or work stand still; after more the program was stopped."""


class _Selector(selectors.DefaultSelector):
    """Adds up the seconds in which the program stood still.

    Those of waits that ended much later than was asked for, and of work between two waits for
    which no processor worked.
    """

    lost = 0.0
    _awake: tuple[float, float] | None = None
    """When the wait before ended, and how long the processor had worked by then."""

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        began = time.monotonic()
        self.look_back(began)
        found = super().select(timeout)
        ended = time.monotonic()
        if timeout is not None:
            spent = ended - began
            self.lost += spent if spent > timeout + OVERDUE else 0.0
        self._awake = ended, time.thread_time()
        return found

    def look_back(self, now: float) -> None:
        """Count how long the work since the last wait stood still, if it did."""
        if self._awake is None or now - self._awake[0] <= OVERDUE:
            return
        (since, before), worked = self._awake, time.thread_time()
        still = now - since - (worked - before)
        if still > OVERDUE:
            self.lost += still
            self._awake = now, worked


class PatientLoop(asyncio.SelectorEventLoop):
    """An event loop whose limits begin again where they stood."""

    def __init__(self) -> None:
        self._waits = _Selector()
        super().__init__(self._waits)

    def time(self) -> float:
        """Return the seconds in which the program worked, or waited as long as it meant to."""
        now = super().time()
        # Also here: the loop asks right behind a wait which limits are over.
        self._waits.look_back(now)
        return now - self._waits.lost


def loop() -> asyncio.AbstractEventLoop:
    """Return a patient loop where a program can be stopped, else the system's usual one."""
    return PatientLoop() if os.name == "posix" else asyncio.new_event_loop()


def run(main: Coroutine[Any, Any, Result]) -> Result:
    """Run what a command does, as `asyncio.run` does, with a patient loop."""
    collector.work()
    with asyncio.Runner(loop_factory=loop) as runner:
        return runner.run(main)
