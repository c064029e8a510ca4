"""Knows how a recording is played on the program's own screen, as a run under way; sends nothing.

``mcp-auth-tui replay`` shows where a recording ends; here the screen drives it, so that a picture
can be taken of any moment of it, with the keys that are offered there.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

from mcp_auth_tui.model import Ended, Event, Exchanged, Ready, Session, Stage, Started
from mcp_auth_tui.protocol.config import Config
from mcp_auth_tui.recordings import reader
from screenshots.practice import NOW, Practice, Run

FOLDER = Path(__file__).with_name("recordings")


def file_of(name: str) -> Path:
    """Return the file of one of our recordings."""
    return FOLDER / f"{name}.jsonl"


def read(name: str) -> tuple[Event, ...]:
    """Return the events of one of our recordings."""
    found = reader.read(file_of(name))
    if found.fault:
        raise ValueError(found.fault)
    return found.events


class Clock:
    """Seconds since the epoch, as of the event that was played last."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        """Return it."""
        return self.now

    def follow(self, event: Event) -> None:
        """Go on to when an event happened."""
        match event:
            case Started(at=at) | Ended(at=at):
                self.now = at
            case Exchanged(exchange=exchange):
                self.now = round(exchange.started + exchange.seconds, 6)  # as it was written


class Playback(Run):
    """A controller that yields what was recorded, and waits where a person lets something go.

    One that stops before its end, as while a browser is open, waits there.
    """

    def __init__(
        self, events: tuple[Event, ...], config: Config, clock: Clock, *, far: bool, stepping: bool
    ) -> None:
        super().__init__(config, Practice(), far=far, stepping=stepping)
        self._events = events
        self._moment = clock
        self._let_go = asyncio.Semaphore(0)

    async def run(
        self, known: Session | None = None, start: Stage = Stage.PROBE
    ) -> AsyncGenerator[Event, None]:
        """Yield the events in their order."""
        for event in self._events:
            self._moment.follow(event)
            self.session = self.session.apply(event)
            yield event
            if isinstance(event, Ready):
                await self._let_go.acquire()
        if self.session.outcome is None:
            await asyncio.Event().wait()

    def step(self, request: Any = None, *, unopened: bool = False) -> None:
        """Go on behind what is ready."""
        self._let_go.release()

    def go(self) -> None:
        """Go on behind what is ready."""
        self._let_go.release()

    def pause(self) -> None:
        """It stops at whatever is ready by itself."""
