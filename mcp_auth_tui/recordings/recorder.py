"""Knows how the events of a run are written to a file as they come; must not know who watches it.

A line is there whole as soon as its event was told, so that a run that is killed leaves a file that
can be read. When the run has ended the file is written anew: what only later showed to be a
credential is then masked in the lines before, too.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from mcp_auth_tui import __version__
from mcp_auth_tui.desktop.output import reason, write_file
from mcp_auth_tui.model import Ended, Event, Session, Started
from mcp_auth_tui.recordings.codec import shape
from mcp_auth_tui.recordings.masking import door
from mcp_auth_tui.render.document import dumped

SCHEMA = "mcp-auth-tui-recording/"
VERSION = 1
"""It grows when a reader of an earlier one would show something wrong; members may be added."""


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
        self._known: frozenset[Any] = frozenset()
        """The credentials that were known when the whole file was written."""
        self._ended = False
        self._lost = False

    def write(self, event: Event, session: Session) -> str:
        """Write one event; ``session`` is the session after it.

        Returns a sentence when it cannot be written, once; else nothing.
        """
        if self._lost:
            return ""
        if isinstance(event, Started):
            self._events, self._ended = [], False
        self._events.append(event)
        self._ended = self._ended or isinstance(event, Ended)
        fresh = len(self._events) == 1
        try:
            if fresh or (self._ended and session.secrets != self._known):
                text = recording(self._events, session, reveal=self._reveal)
                write_file(self._path, text)
                self._known = session.secrets
            else:
                self._append(lines((event,), session, reveal=self._reveal))
        except (OSError, ValueError) as error:
            self._lost = True
            return f"The recording ends here, {self._path} takes no more: {reason(error)}."
        return ""

    def _append(self, text: str) -> None:
        flags = os.O_WRONLY | os.O_APPEND | getattr(os, "O_NOFOLLOW", 0)
        handle = os.open(self._path, flags | getattr(os, "O_BINARY", 0))
        try:
            left = memoryview(text.encode("ascii"))
            while left:
                left = left[os.write(handle, left) :]
        finally:
            os.close(handle)
