"""Knows the terminal under the screen: a second net for controls, raw text on it."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from zlib import crc32

from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.filter import LineFilter

# "No mouse" lets the terminal itself select text; "wrap" makes it wrap a long line as one line.
_MOUSE_MODES = ("1000", "1003", "1015", "1006")
_HIDDEN = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}


class ControlFilter(LineFilter):
    """Removes control characters from what is about to be drawn (DESIGN 5, the second net).

    It also makes the lines of a long link one link. The filters before it are applied by it, since
    every filter of its own costs a new strip for each line that is drawn.
    """

    def __init__(self, before: Sequence[LineFilter] = (), *, links: bool = True) -> None:
        super().__init__()
        self.before = tuple(before)
        self._linked = _one_link if links else _no_link

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """Return the segments without controls, bidi overrides and zero-width characters."""
        for earlier in self.before:
            segments = earlier.apply(segments, background)
        if all(text.isprintable() and not (style and style.link) for text, style, _ in segments):
            return segments
        linked = self._linked
        return [Segment(_visible(text), linked(style), rest) for text, style, rest in segments]


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


@lru_cache(256)
def _no_link(style: Style | None) -> Style | None:
    return style.update_link(None) if style is not None and style.link else style


def supports_links(environ: Mapping[str, str]) -> bool:
    """Return whether OSC 8 can be written: GNU screen writes a target of over 768 octets as text.

    Over SSH only TERM tells of it; it may also mean a tmux, which then has its links to do without.
    """
    named = environ.get("STY") or environ.get("TERM", "").startswith("screen")
    return bool(environ.get("TMUX")) or not named


def _visible(value: str) -> str:
    if value.isprintable():
        return value
    return "".join(char for char in value if unicodedata.category(char) not in _HIDDEN)


def show_bare(write: Callable[[str], None], url: str, *, links: bool = True) -> None:
    """Write a URL that is safe to link at the top of the terminal, wrapped by the terminal.

    Text that the terminal itself wrapped is selected as one line; text drawn line by line is not.
    """
    mouse_off = "".join(f"\x1b[?{mode}l" for mode in _MOUSE_MODES)
    link = f"\x1b]8;;{url}\x1b\\{url}\x1b]8;;\x1b\\" if links else url
    write(f"{mouse_off}\x1b[?7h\x1b[H\x1b[0m{link}\x1b[?7l")


def end_bare(write: Callable[[str], None]) -> None:
    """Give the mouse back to the screen."""
    write("".join(f"\x1b[?{mode}h" for mode in _MOUSE_MODES))
