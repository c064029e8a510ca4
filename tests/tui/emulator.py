"""A terminal that remembers characters, styles and links of its cells; knows no program."""

from __future__ import annotations

import re
from typing import Any

import pyte

_LINK = re.compile(r"(\x1b\]8;[^\x1b]*\x1b\\)")
_UNKNOWN = re.compile(r"\x1b\[[<>=][0-9;]*u|\x1b\[\?[0-9;]*\$p")
"""What pyte takes for text: questions about keyboard and modes."""

VARIATION = "\ufe0f"


class Emulator(pyte.Screen):
    """pyte with hyperlinks (OSC 8): the target stands where pyte keeps whether a cell blinks."""

    def __init__(self, columns: int, lines: int, *, emoji: int = 2) -> None:
        """Take the size, and how many cells an emoji with a variation selector has (1 or 2)."""
        super().__init__(columns, lines)
        self._stream = pyte.Stream(self)
        self._link = ""
        self._emoji = emoji
        self.feed("\x1b[?7l")  # as Textual asks of it: what is too long does not wrap

    def feed(self, text: str) -> None:
        """Take what a program writes."""
        for piece in _LINK.split(_UNKNOWN.sub("", text)):
            if piece.startswith("\x1b]8;"):
                self._link = piece[4:-2].partition(";")[2]
                self._mark()
            else:
                self._stream.feed(piece)

    def select_graphic_rendition(self, *attrs: int, **_: Any) -> None:
        super().select_graphic_rendition(*attrs)
        self._mark()

    def draw(self, data: str) -> None:
        if data.isascii():
            super().draw(data)
            return
        for character in data:
            if character == VARIATION and self._emoji == 2 and 0 < self.cursor.x < self.columns:
                self.buffer[self.cursor.y][self.cursor.x] = self.cursor.attrs._replace(data="")
                self.cursor.x += 1
            else:
                super().draw(character)

    def _mark(self) -> None:
        self.cursor.attrs = self.cursor.attrs._replace(blink=self._link)

    def cells(self) -> list[list[tuple[Any, ...]]]:
        """Return what is seen of each cell: of a blank no colour but its background's."""
        return [[_seen(self.buffer[y][x]) for x in range(self.columns)] for y in range(self.lines)]

    def spoil(self) -> None:
        """Write something else into every cell."""
        for y in range(self.lines):
            self.feed(f"\x1b[{y + 1};1H\x1b[0;7m" + "?" * self.columns + "\x1b[0m")


def _seen(cell: Any) -> tuple[Any, ...]:
    lines = (cell.underscore, cell.reverse, cell.strikethrough)
    if cell.data == " " and not any(lines):
        return " ", cell.bg, cell.blink or ""
    return (*cell[:-1], cell.blink or "")
