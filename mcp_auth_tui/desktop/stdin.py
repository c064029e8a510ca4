"""Knows how lines come in on stdin beside a running event loop; must not know what they mean."""

from __future__ import annotations

import asyncio
import os
import select
import stat
from collections.abc import Callable
from contextlib import suppress
from enum import Enum
from threading import Thread
from typing import Any

MAX_LINE = 65536
STDIN = 0


class Stdin(Enum):
    """What stands behind standard input."""

    TERMINAL = "terminal"
    PIPE = "pipe"
    """A pipe or a socket that somebody still holds open, or that still holds something."""
    NOTHING = "nothing"
    """A file, a device, a pipe at its end, or no stdin at all: nobody answers there."""


def look(descriptor: int = STDIN) -> Stdin:
    """Tell who could answer on stdin, without reading from it."""
    try:
        if os.isatty(descriptor):
            return Stdin.TERMINAL
        mode = os.fstat(descriptor).st_mode
    except OSError:
        return Stdin.NOTHING
    if not (stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)):
        return Stdin.NOTHING
    return Stdin.NOTHING if _at_end(descriptor) else Stdin.PIPE


def _at_end(descriptor: int) -> bool:
    if not hasattr(select, "poll"):
        return False
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    happened = sum(event for _, event in poll.poll(0))
    return bool(happened & select.POLLHUP) and not happened & select.POLLIN


class Keyboard:
    """Reads stdin line by line in a thread of its own, from the moment somebody waits for it.

    A script that reads its own list from the same stdin so loses no line to a run that needs none.
    The thread is a daemon on the bare descriptor: a pipe that never ends holds nothing up.
    """

    def __init__(
        self, heard: Callable[[str], None], ended: Callable[[], None], descriptor: int = STDIN
    ) -> None:
        """Take what to call, in the loop, for each line and at the end of stdin."""
        self._descriptor = descriptor
        self._heard = heard
        self._ended = ended
        self._started = False
        self._quiet: list[Any] | None = None

    def start(self) -> None:
        """Begin to read; a second call does nothing."""
        if not self._started and _in_foreground(self._descriptor):
            self._started = True
            loop = asyncio.get_running_loop()
            Thread(target=self._read, args=(loop,), name="keyboard", daemon=True).start()

    def _read(self, loop: asyncio.AbstractEventLoop) -> None:
        def call(function: Callable[..., None], *arguments: str) -> None:
            # The run may be over, and its loop closed, while this thread still hears something.
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(function, *arguments)

        held = b""
        while True:
            try:
                chunk = os.read(self._descriptor, 4096)
            except OSError:
                chunk = b""
            *lines, held = (held + chunk).split(b"\n")
            if not chunk and held:
                lines.append(held)
            for line in lines:
                call(self._heard, line[:MAX_LINE].decode("utf-8", "replace").strip("\r"))
            held = held[:MAX_LINE]
            if not chunk:
                call(self._ended)
                return

    def hide(self) -> None:
        """Show no longer what is typed (a secret); on a terminal that can do it."""
        with suppress(ImportError, OSError):
            import termios

            try:
                before = termios.tcgetattr(self._descriptor)
                hidden = list(before)
                hidden[3] = before[3] & ~termios.ECHO
                termios.tcsetattr(self._descriptor, termios.TCSADRAIN, hidden)
            except termios.error:
                return
            self._quiet = before

    def show(self) -> None:
        """Show again what is typed; safe to call at any time."""
        if self._quiet is None:
            return
        import termios

        with suppress(termios.error):
            termios.tcsetattr(self._descriptor, termios.TCSADRAIN, self._quiet)
        self._quiet = None


def _in_foreground(descriptor: int) -> bool:
    """A job in the background that reads the terminal is stopped by it."""
    if not os.isatty(descriptor) or not hasattr(os, "tcgetpgrp"):
        return True
    try:
        return os.tcgetpgrp(descriptor) == os.getpgrp()
    except OSError:
        return True
