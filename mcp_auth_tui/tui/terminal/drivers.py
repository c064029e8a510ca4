"""Knows how the screen gets onto the terminal: whole, below the prompt, asleep; no widgets."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, TextIO

from textual.driver import Driver

from mcp_auth_tui.desktop.output import abandon
from mcp_auth_tui.desktop.signals import ending, heed

if TYPE_CHECKING:
    from textual.app import App

SHARE = (2, 3)
"""The part of a terminal's lines that a screen below the prompt takes."""
INLINE_LINES = (16, 28)
"""Its least and its most lines; a terminal with fewer gives all."""
LOOK_SECONDS = 2.0
"""Between two looks at whether the terminal is still there."""


def driver_for(
    environ: dict[str, str] | None = None, *, inline: bool = False
) -> type[Driver] | None:
    """Return a driver that outlives its terminal; None keeps Textual's own.

    It asks stderr, where it draws, for the size: Textual asks stdout, which inside
    ``H=$(mcp-auth-tui URL)`` is a pipe.
    """
    chosen = os.environ if environ is None else environ
    if os.name != "posix" or "TEXTUAL_DRIVER" in chosen:
        return None
    if inline:
        return _inline()
    from textual.drivers.linux_driver import LinuxDriver

    class StderrDriver(LinuxDriver):
        def __init__(self, app: App[Any], **options: Any) -> None:
            super().__init__(app, **options)
            self._file: Any = Outlet(self._file)

        def _get_terminal_size(self) -> tuple[int, int]:
            return _size() or super()._get_terminal_size()

    return StderrDriver


class Outlet:
    """What is drawn on; when it is gone, what is written to it goes nowhere.

    Else the thread that writes would end by an exception, and the screen wait for it for ever.
    """

    def __init__(self, file: TextIO) -> None:
        self._file = file

    def write(self, text: str) -> int:
        """Write some of what is drawn."""
        return self._tried(lambda: self._file.write(text))

    def flush(self) -> None:
        """See it off."""
        self._tried(self._file.flush)

    def fileno(self) -> int:
        """Return its descriptor."""
        return self._file.fileno()

    def isatty(self) -> bool:
        """Return whether it is a terminal."""
        return self._file.isatty()

    def _tried(self, act: Callable[[], int | None]) -> int:
        try:
            return act() or 0
        except OSError:
            abandon(self._file.fileno())
            return 0


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

        def __init__(self, app: App[Any], **options: Any) -> None:
            super().__init__(app, **options)
            self._file: Any = Outlet(self._file)

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


def heed_signals(
    driver: Driver | None, leave: Callable[[], None], stop: Callable[[], None]
) -> None:
    """Let signals, and a terminal that goes away, end or stop the program in order.

    Otherwise the terminal would be left with its second screen and the mouse reported. Textual acts
    by SIGTSTP and SIGCONT within whatever goes on, and takes each SIGCONT for the end of a sleep.
    """
    if driver is None or driver.is_web or driver.is_headless or os.name != "posix":
        return  # Textual's driver for browsers has its own way
    loop = asyncio.get_running_loop()
    heed(loop, dict.fromkeys(ending("SIGTERM", "SIGHUP"), leave))
    heed(loop, {signal.SIGTSTP: stop, signal.SIGCONT: partial(_continued, driver)})
    _watch(loop, leave)


def _continued(driver: Driver) -> None:
    """Take the terminal again after a stop that nobody could prepare for (SIGSTOP)."""
    if not os.isatty(0):
        return  # a terminal that goes away sends it too
    driver.suspend_application_mode()
    driver.resume_application_mode()  # the size is told then, and all is drawn anew


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
    # What wakes it up is expected here, and is no reason to take the terminal twice.
    numbers = (signal.SIGTSTP, signal.SIGCONT)
    before = [(number, signal.signal(number, signal.SIG_IGN)) for number in numbers]
    try:
        os.killpg(0, signal.SIGTSTP)
        os.kill(os.getpid(), signal.SIGSTOP)
    finally:
        for number, handler in before:
            signal.signal(number, handler)
            signal.siginterrupt(number, False)
    slept = time.monotonic() - began
    _unwind(slept)
    return slept


def _unwind(slept: float) -> None:
    """Let every limit of the loop begin again where it stood: nobody waited meanwhile."""
    loop = asyncio.get_running_loop()
    passed = loop.time
    loop.time = lambda: passed() - slept  # type: ignore[method-assign]
