"""Knows the terminal under the screen: its size, a second net for controls, raw text on it."""

from __future__ import annotations

import os
import sys
import unicodedata
from collections.abc import Callable, Sequence
from functools import lru_cache
from zlib import crc32

from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.driver import Driver
from textual.filter import LineFilter

# "No mouse" lets the terminal itself select text; "wrap" makes it wrap a long line as one line.
_MOUSE_MODES = ("1000", "1003", "1015", "1006")
_HIDDEN = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}


class ControlFilter(LineFilter):
    """Removes control characters from what is about to be drawn (DESIGN 5, the second net).

    It also makes the lines of a long link one link. The filters before it are applied by it, since
    every filter of its own costs a new strip for each line that is drawn.
    """

    def __init__(self, before: Sequence[LineFilter] = ()) -> None:
        super().__init__()
        self.before = tuple(before)

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """Return the segments without controls, bidi overrides and zero-width characters."""
        for earlier in self.before:
            segments = earlier.apply(segments, background)
        if all(text.isprintable() and not (style and style.link) for text, style, _ in segments):
            return segments
        return [Segment(_visible(text), _one_link(style), rest) for text, style, rest in segments]


@lru_cache(256)
def _one_link(style: Style | None) -> Style | None:
    """Give a link an id made from its address: the same on every line (OSC 8).

    Rich makes a new id for every style that it combines, so a terminal would take each line for a
    link of its own.
    """
    if style is None or not style.link:
        return style
    linked = style.copy()
    linked._link_id = f"{crc32(style.link.encode()):08x}"
    return linked


def _visible(value: str) -> str:
    if value.isprintable():
        return value
    return "".join(char for char in value if unicodedata.category(char) not in _HIDDEN)


def driver_for(environ: dict[str, str] | None = None) -> type[Driver] | None:
    """Return a driver that asks stderr, where it draws, for the size; None keeps Textual's own.

    Textual asks stdout for the size, which inside ``H=$(mcp-auth-tui URL)`` is a pipe.
    """
    chosen = os.environ if environ is None else environ
    piped = sys.__stdout__ is None or not sys.__stdout__.isatty()
    if os.name != "posix" or "TEXTUAL_DRIVER" in chosen or not piped:
        return None
    from textual.drivers.linux_driver import LinuxDriver

    class StderrDriver(LinuxDriver):
        def _get_terminal_size(self) -> tuple[int, int]:
            try:
                size = os.get_terminal_size(sys.__stderr__.fileno() if sys.__stderr__ else 2)
            except OSError:
                return super()._get_terminal_size()
            return (size.columns or 80, size.lines or 24)

    return StderrDriver


def show_bare(write: Callable[[str], None], url: str) -> None:
    """Write a URL that is safe to link at the top of the terminal, wrapped by the terminal.

    Text that the terminal itself wrapped is selected as one line; text drawn line by line is not.
    """
    mouse_off = "".join(f"\x1b[?{mode}l" for mode in _MOUSE_MODES)
    write(f"{mouse_off}\x1b[?7h\x1b[H\x1b[0m\x1b]8;;{url}\x1b\\{url}\x1b]8;;\x1b\\\x1b[?7l")


def end_bare(write: Callable[[str], None]) -> None:
    """Give the mouse back to the screen."""
    write("".join(f"\x1b[?{mode}h" for mode in _MOUSE_MODES))
