"""A set-up on loopback that holds its answer at one place until it is told what to do there.

Knows the places of the laboratory; must not know the program under test.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.hostile import Answer, Asked, serving
from tests.lab.behaviours import PLACES, Lab

SECONDS = 30.0
"""What a test waits for at the most."""
PERSON = "person"
"""The place where nothing is asked: the program waits for somebody."""
STAGES = (*(place for place in PLACES), PERSON)


class Held(Lab):
    """Holds the first answer at its place; used from another thread than the one it serves in."""

    def __init__(self, place: str) -> None:
        super().__init__(None)
        self._place = place
        self._go = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._cut = False
        self.met = Event()
        self.tokens: list[str] = []
        """The access tokens that went out."""
        self.last = 0.0
        """When the last request came, by the clock that never jumps."""
        self.port = 0
        """Where the program listens for the browser."""

    def go(self, *, cut: bool = False) -> None:
        """Let the answer go, or cut the network here and for good."""
        self._cut = cut
        self._loop.call_soon_threadsafe(self._go.set)

    async def _answered(self, asked: Asked, answer: Answer, writer: Any) -> bool:
        incoming = asked.incoming
        self.last = time.monotonic()
        if self._place in PLACES and PLACES[self._place](incoming) and not self.met.is_set():
            self.met.set()
            await self._go.wait()
        if self._cut:
            writer.transport.abort()
            return False
        if incoming.path == "/authorize":
            uri = parse_qs(incoming.query)["redirect_uri"][0]
            self.port = urlsplit(uri).port or 0
        document = answer.document()
        if incoming.path == "/token" and isinstance(document, dict):
            self.tokens.append(json.dumps(document["access_token"]).strip('"'))
        return await super()._answered(asked, answer, writer)


@contextmanager
def holding(place: str) -> Iterator[Held]:
    """Serve such a set-up in a thread."""
    ready, over, box = Event(), asyncio.Event(), list[Held]()

    async def served() -> None:
        async with serving(Held(place)) as held:
            box.append(held)
            ready.set()
            await over.wait()

    thread = Thread(target=asyncio.run, args=(served(),))
    thread.start()
    assert ready.wait(SECONDS)
    try:
        yield box[0]
    finally:
        box[0].go()
        box[0]._loop.call_soon_threadsafe(over.set)
        thread.join(SECONDS)
