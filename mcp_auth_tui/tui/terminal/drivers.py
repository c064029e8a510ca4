"""Knows how the screen gets onto the terminal: whole, below the prompt, asleep; no widgets."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress

from textual.driver import Driver

SHARE = (2, 3)
"""The part of a terminal's lines that a screen below the prompt takes."""
INLINE_LINES = (16, 28)
"""Its least and its most lines; a terminal with fewer gives all."""
LOOK_SECONDS = 2.0
"""Between two looks at whether the terminal is still there."""


def driver_for(
    environ: dict[str, str] | None = None, *, inline: bool = False
) -> type[Driver] | None:
    """Return a driver that asks stderr, where it draws, for the size; None keeps Textual's own.

    Textual asks stdout for the size, which inside ``H=$(mcp-auth-tui URL)`` is a pipe.
    """
    chosen = os.environ if environ is None else environ
    if os.name != "posix" or "TEXTUAL_DRIVER" in chosen:
        return None
    if inline:
        return _inline()
    if sys.__stdout__ is not None and sys.__stdout__.isatty():
        return None
    from textual.drivers.linux_driver import LinuxDriver

    class StderrDriver(LinuxDriver):
        def _get_terminal_size(self) -> tuple[int, int]:
            return _size() or super()._get_terminal_size()

    return StderrDriver


def _size() -> tuple[int, int] | None:
    try:
        size = os.get_terminal_size(sys.__stderr__.fileno() if sys.__stderr__ else 2)
    except OSError:
        return None
    return (size.columns or 80, size.lines or 24)


def lines_below(lines: int) -> int:
    """Return how many lines of a terminal a screen below the prompt takes."""
    least, most = INLINE_LINES
    return min(max(lines * SHARE[0] // SHARE[1], least), most, lines)


def _inline() -> type[Driver]:
    from textual.drivers.linux_inline_driver import LinuxInlineDriver

    class InlineDriver(LinuxInlineDriver):
        """Says that the terminal is as low as the part that is drawn on, and can sleep."""

        _stood = (0, 0)

        def _get_terminal_size(self) -> tuple[int, int]:
            columns, lines = _size() or super()._get_terminal_size()
            return columns, lines_below(lines)

        @property
        def can_suspend(self) -> bool:
            return True

        def suspend_application_mode(self) -> None:
            """Take the picture away: the shell goes on where it began."""
            self._stood = self._app.cursor_position
            self.write("\x1b[A" * self._stood[1] + "\r")
            super().suspend_application_mode()

        def resume_application_mode(self) -> None:
            """Stand where the app believes that the cursor is."""
            super().resume_application_mode()
            x, y = self._stood
            self.write("\n" * y + "\x1b[C" * x)

    return InlineDriver


def awake(driver: Driver | None) -> str:
    """Return why this program cannot be put to sleep; empty where a shell can wake it again."""
    if driver is not None and driver.is_web:
        return "This screen is shown in a browser: no shell waits under it."
    if driver is None or not driver.can_suspend or os.name != "posix":
        return "This terminal cannot put a program to sleep."
    group = os.getpgrp()
    piped = sys.__stdout__ is None or not sys.__stdout__.isatty()
    if piped and group != os.getpid():
        return "The shell waits for what this program prints ($(…)): it could not wake it up."
    if group == os.getsid(0):
        return "No shell started this program, so nothing could wake it up again."
    return ""


def ended_by(driver: Driver | None, leave: Callable[[], None]) -> None:
    """Let SIGTERM, and a terminal that goes away, end the program in order.

    Otherwise the terminal would be left with its second screen and the mouse reported.
    """
    if driver is None or driver.is_web or driver.is_headless or os.name != "posix":
        return  # Textual's driver for browsers has its own way
    loop = asyncio.get_running_loop()
    with suppress(NotImplementedError, RuntimeError, ValueError):
        for number in (signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, leave)
    _watch(loop, leave)


def _watch(loop: asyncio.AbstractEventLoop, leave: Callable[[], None]) -> None:
    """Look now and then whether the terminal is still there.

    SIGHUP comes only to who has it as its controlling terminal. Without that Textual would read
    at the end of the file for ever, with all of a processor.
    """

    def look() -> None:
        if os.isatty(0):
            loop.call_later(LOOK_SECONDS, look)
        else:
            leave()

    if os.isatty(0):
        loop.call_later(LOOK_SECONDS, look)


def sleep() -> float:
    """Stop this process, and whoever started it in the same job, until somebody wakes it.

    Returns for how many seconds it slept; they do not count for what the event loop waits for.
    """
    began = time.monotonic()
    # The others of the job are asked as the terminal would; this one has left the screen already.
    before = signal.signal(signal.SIGTSTP, signal.SIG_IGN)
    try:
        os.killpg(0, signal.SIGTSTP)
    finally:
        signal.signal(signal.SIGTSTP, before)
    os.kill(os.getpid(), signal.SIGSTOP)
    slept = time.monotonic() - began
    _unwind(slept)
    return slept


def _unwind(slept: float) -> None:
    """Let every limit of the loop begin again where it stood: nobody waited meanwhile."""
    loop = asyncio.get_running_loop()
    passed = loop.time
    loop.time = lambda: passed() - slept  # type: ignore[method-assign]
