"""Knows what is said on stderr while many URLs are inspected; must not know what was found."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

from mcp_auth_tui.text import units

_CLEAR = "\r\x1b[K"
_OFTEN = 0.1
_SELDOM = 10.0


class Progress:
    """On a terminal one line that is written over; elsewhere a line every ten seconds."""

    def __init__(
        self,
        total: int,
        *,
        terminal: bool,
        write: Callable[[str], None] | None = None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._total = total
        self._terminal = terminal
        self._write = write or write_stderr
        self._now = now
        self._began = self._last = now()
        self._shown = False
        self.done = 0
        self.failed = 0

    def clear(self) -> None:
        """Take the line away, before something else is written on the same terminal."""
        if self._shown:
            self._write(_CLEAR)
            self._shown = False

    def add(self, *, failed: bool) -> None:
        """Count one more URL that is done."""
        self.done += 1
        self.failed += failed
        now = self._now()
        if self._total > 1 and now - self._last >= (_OFTEN if self._terminal else _SELDOM):
            self._last = now
            self._say()

    def end(self) -> None:
        """Say the sum."""
        self.clear()
        if self._total > 1:
            took = units.duration(self._now() - self._began)
            self._write(f"{self._counted()} in {took}\n")

    def _say(self) -> None:
        if self._terminal:
            self._write(f"{_CLEAR}{self._counted()}")
            self._shown = True
        else:
            self._write(f"{self._counted()}\n")

    def _counted(self) -> str:
        return f"{self.done} of {self._total} URLs inspected, {self.failed} failed"


def write_stderr(value: str) -> None:
    """Write to stderr; where nobody listens nothing is lost but the talk."""
    if sys.stderr is None:
        return
    try:
        sys.stderr.write(value)
        sys.stderr.flush()
    except OSError:
        # Nobody listens; the results are what counts.
        return
