"""Knows how the events of a run are written to a file as they come; must not know who watches it.

A line is there whole as soon as its event was told, so that a run that is killed leaves a file that
can be read; to mask a large body takes seconds, which a thread spends. When the run has ended the
file is written anew: what only later showed to be a credential is then masked in the lines before,
too.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mcp_auth_tui import __version__
from mcp_auth_tui.desktop.output import reason, write_file
from mcp_auth_tui.model import Ended, Event, Exchanged, Session, Started
from mcp_auth_tui.recordings.codec import shape
from mcp_auth_tui.recordings.masking import door
from mcp_auth_tui.render.document import dumped

if TYPE_CHECKING:
    from concurrent.futures import Future, ThreadPoolExecutor

SCHEMA = "mcp-auth-tui-recording/"
VERSION = 1
"""It grows when a reader of an earlier one would show something wrong; members may be added."""
LARGE = 32_768
"""Octets of bodies from which on a thread masks them: 20 ms of work."""


def head(*, masked: bool) -> dict[str, Any]:
    """Return the first line of a recording."""
    return {"schema": f"{SCHEMA}{VERSION}", "program": __version__, "masked": masked}


def lines(events: Iterable[Event], session: Session, *, reveal: bool = False) -> str:
    """Return events of a run as lines of JSON, masked by all that the session knows."""
    out, kind = door(session, reveal=reveal), shape(Event)
    return "".join(f"{dumped(kind.dump(event, out))}\n" for event in events)


def recording(events: Iterable[Event], session: Session, *, reveal: bool = False) -> str:
    """Return a whole recording."""
    return f"{dumped(head(masked=not reveal))}\n{lines(events, session, reveal=reveal)}"


class Recorder:
    """Writes what happens to one file, readable by its owner alone; it holds the latest run.

    A file that cannot be written ends the recording, not the run.
    """

    def __init__(self, path: Path, *, reveal: bool = False) -> None:
        self._path = path
        self._reveal = reveal
        self._events: list[Event] = []
        self._octets = 0
        """Of the bodies of the run so far."""
        self._known: frozenset[Any] = frozenset()
        """The credentials that were known when the whole file was written."""
        self._ended = False
        self._lost = ""
        """Why nothing more is written."""
        self._told = False
        self._thread: ThreadPoolExecutor | None = None
        self._last: Future[None] | None = None

    def write(self, event: Event, session: Session) -> str:
        """Write one event; ``session`` is the session after it.

        Returns a sentence when it, or one before it, could not be written, once; else nothing.
        """
        if self._lost:
            return self._problem()
        if isinstance(event, Started):
            self._events, self._ended, self._octets = [], False, 0
        self._events.append(event)
        self._ended = self._ended or isinstance(event, Ended)
        octets = _octets(event)
        self._octets += octets
        fresh, ended = len(self._events) == 1, self._ended
        whole = (*self._events,) if fresh or ended else ()
        busy = self._last is not None and not self._last.done()
        if busy or (self._octets if ended else octets) > LARGE:
            self._last = self._worker().submit(self._put, event, whole, session, fresh)
        else:
            self._put(event, whole, session, fresh)
        return self._problem()

    async def settled(self) -> str:
        """Wait until all is written; return a sentence as `write` does."""
        if self._last is not None:
            await asyncio.wrap_future(self._last)
        return self._problem()

    def _worker(self) -> ThreadPoolExecutor:
        """Return the one thread, which the end of the program waits for: lines keep their order."""
        if self._thread is None:
            from concurrent.futures import ThreadPoolExecutor

            self._thread = ThreadPoolExecutor(1, thread_name_prefix="recorder")
        return self._thread

    def _put(self, event: Event, whole: tuple[Event, ...], session: Session, fresh: bool) -> None:
        """Write a line, or the whole file where there is none, or more is known to be secret."""
        if self._lost:
            return
        try:
            if fresh or (whole and session.secrets != self._known):
                write_file(self._path, recording(whole, session, reveal=self._reveal))
                self._known = session.secrets
            else:
                self._append(lines((event,), session, reveal=self._reveal))
        except (OSError, ValueError) as error:
            self._lost = f"The recording ends here, {self._path} takes no more: {reason(error)}."

    def _problem(self) -> str:
        told, self._told = self._told, bool(self._lost)
        return "" if told else self._lost

    def _append(self, text: str) -> None:
        flags = os.O_WRONLY | os.O_APPEND | getattr(os, "O_NOFOLLOW", 0)
        handle = os.open(self._path, flags | getattr(os, "O_BINARY", 0))
        try:
            left = memoryview(text.encode("ascii"))
            while left:
                left = left[os.write(handle, left) :]
        finally:
            os.close(handle)


def _octets(event: Event) -> int:
    """Return how large the body is that an event brings."""
    response = event.exchange.response if isinstance(event, Exchanged) else None
    return len(response.body) if response is not None else 0
