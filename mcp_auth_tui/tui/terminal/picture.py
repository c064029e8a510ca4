"""Knows what stands on the terminal and writes only what differs; must not know what it means.

Textual writes the whole region of whatever may have changed: a border that lights up is its panel,
a page that opens is the screen. Over SSH those octets are the wait. So each of its updates is
compared, cell by cell, with what was written before, and only the difference goes out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import groupby
from operator import itemgetter
from typing import TypeAlias, cast

from rich.cells import get_character_cell_size
from rich.color import ColorSystem
from rich.console import COLOR_SYSTEMS, Console, RenderableType
from rich.style import Style
from textual._compositor import ChopsUpdate, CompositorUpdate, InlineUpdate, LayoutUpdate
from textual.strip import Strip

from mcp_auth_tui.text.patterns import pattern

GAP = 4
"""Cells: what did not change between two changes is written again rather than jumped over."""
MOST_KINDS = 256
"""Characters of one look whose cells are kept."""
_ON_BLANKS = frozenset({"4", "7", "9", "21", "51", "52", "53"})
"""Attributes that are seen without a character: lines, frames, and colours that change places."""
_ATTRIBUTE = "(?:[1-9]|21|5[1-3])"
_SGR = pattern(
    rf"((?:{_ATTRIBUTE}(?:;{_ATTRIBUTE})*)?);?"
    r"((?:38;5;\d+|38;2;\d+;\d+;\d+|3[0-79]|9[0-7])?);?"
    r"((?:48;5;\d+|48;2;\d+;\d+;\d+|4[0-79]|10[0-7])?)"
)


class Look:
    """How a cell is drawn: SGR parameters in three parts, and its link (OSC 8, ``id=…;https://…``).

    `look_of` makes one of each kind, so that two are compared by who they are.
    """

    __slots__ = ("attributes", "background", "blank", "cells", "foreground", "link", "parts")

    def __init__(self, sgr: str, link: str) -> None:
        found = _SGR.fullmatch(sgr)
        parts = (sgr, "", "") if found is None else found.groups()
        self.attributes = parts[0]
        self.foreground = parts[1].removesuffix("39")
        self.background = parts[2].removesuffix("49")
        self.link = link
        self.parts = (self.attributes, self.foreground, self.background)
        seen = bool(link) or not _ON_BLANKS.isdisjoint(self.attributes.split(";"))
        bare = seen or not (self.attributes or self.foreground)
        self.blank: Look = self if bare else look_of(self.background, "")
        """The look of a blank: no colour is seen of it but its background's."""
        self.cells = Cells(self)


class Cells(dict[str, "Cell"]):
    """The cells of one look by their character: a screen has thousands, and a few kinds."""

    def __init__(self, look: Look) -> None:
        super().__init__()
        self._look = look

    def __missing__(self, character: str) -> Cell:
        cell = (character, self._look.blank if character == " " else self._look, 0)
        if len(self) < MOST_KINDS:
            self[character] = cell
        return cell


@lru_cache(4096)
def look_of(sgr: str, link: str) -> Look:
    """Return the look of SGR parameters as Textual writes them."""
    return Look(sgr, link)


PLAIN = look_of("", "")
Cell: TypeAlias = tuple[str, Look, int]
"""A character, its look, and 0. Or, where terminals may count the cells of a text differently: the
text as it is written, and which of its cells this is, from 1."""
UNKNOWN: Cell = ("", PLAIN, -1)


def _look(style: Style | None, colours: ColorSystem) -> Look:
    if not style:
        return PLAIN
    link = f"id={style.link_id};{style.link}" if style.link else ""
    return look_of(Strip.render_ansi(style, colours), link)


@lru_cache(4096)
def _is_narrow(text: str) -> bool:
    """Return whether each character takes one cell on any terminal."""
    return text.isascii() or all(get_character_cell_size(character) == 1 for character in text)


class Picture:
    """The cells of the terminal, as far as they are known."""

    def __init__(self) -> None:
        self._rows: list[list[Cell]] = []
        self._width = 0

    def forget(self) -> None:
        """Know nothing from now on: somebody else wrote to the terminal, or it was cleared."""
        self._rows = []

    def changes(self, update: RenderableType | None) -> RenderableType | None:
        """Return an update that writes only what differs, and remembers it as it is written."""
        if isinstance(update, LayoutUpdate | ChopsUpdate | InlineUpdate):
            return cast("RenderableType", Changes(self, update))  # Textual asks no more of it
        if update is not None:
            self.forget()
        return update

    def has_size(self, width: int, height: int) -> bool:
        """Return whether so many cells are known; if not, there are so many unknown ones now."""
        if (self._width, len(self._rows)) == (width, height):
            return True
        self._width = width
        self._rows = [[UNKNOWN] * width for _ in range(height)]
        return False

    def put(self, pen: Pen, x: int, y: int, strip: Strip) -> None:
        """Write what differs of a strip whose first cell is this one."""
        row = self._rows[y]
        narrow = all(_is_narrow(text) for text, _, _ in strip)
        new = (_narrow if narrow else _whole)(strip, pen)[: len(row) - x]
        end = x + len(new)
        old = row[x:end]
        if old == new:
            return
        row[x:end] = new
        if narrow:
            for first, last in _runs(old, new):
                pen.write(x + first, y, new[first:last])
        else:
            pen.write_whole(x, y, strip)
        if not narrow or any(index > 0 for _, _, index in old):
            # It may take more cells on this terminal, and stand in those to its right.
            row[end:] = [UNKNOWN] * (len(row) - end)


def _narrow(strip: Strip, pen: Pen) -> list[Cell]:
    cells: list[Cell] = []
    for text, style, _ in strip:
        cells += map(_look(style, pen.colours).cells.__getitem__, text)
    return cells


def _whole(strip: Strip, pen: Pen) -> list[Cell]:
    text = strip.render(pen.console)
    return [(text, PLAIN, index) for index in range(1, strip.cell_length + 1)]


def _runs(old: list[Cell], new: list[Cell]) -> Iterator[tuple[int, int]]:
    """Yield first and end of each part that differs; parts that are close count as one."""
    first = last = -1
    for index, (before, after) in enumerate(zip(old, new, strict=True)):
        if before == after:
            continue
        if first < 0:
            first = index
        elif index - last > GAP:
            yield first, last
            first = index
        last = index + 1
    yield first, last


class Pen:
    """Writes cells: where it stands, and how it writes there."""

    def __init__(self, console: Console, *, relative: bool) -> None:
        """Begin at the first cell; a relative pen knows no other place of the terminal."""
        self.console = console
        self.colours = COLOR_SYSTEMS[console.color_system or "truecolor"]
        self._relative = relative
        self._at: tuple[int | None, int] = (0 if relative else None, 0)
        self._look = PLAIN
        self._link = ""
        self._written: list[str] = []

    def write(self, x: int, y: int, cells: Sequence[Cell]) -> None:
        """Write characters that take a cell each."""
        self._move(x, y)
        for look, run in groupby(cells, itemgetter(1)):
            text = "".join(map(itemgetter(0), run))
            if look is not self._look.blank or look.link or not text.isspace():
                self._dress(look)
            self._written.append(text)
        self._at = (x + len(cells), y)

    def write_whole(self, x: int, y: int, strip: Strip) -> None:
        """Write a strip as Textual does; where the terminal then stands is not known."""
        self._dress(PLAIN)
        self._move(x, y)
        self._written.append(strip.render(self.console))
        self._at = (None, y)

    def end(self) -> str:
        """Return everything; nothing that was set is left, and a relative pen is back."""
        self._dress(PLAIN)
        if self._relative:
            self._move(0, 0)
        return "".join(self._written)

    def _move(self, x: int, y: int) -> None:
        if self._at == (x, y):
            return
        self._target("")  # no cell between belongs to it
        if not self._relative:
            self._written.append(f"\x1b[{y + 1};{x + 1}H")
            return
        down = y - self._at[1]
        if down:
            self._written.append(f"\x1b[{abs(down)}{'B' if down > 0 else 'A'}")
        self._written.append("\r" + (f"\x1b[{x}C" if x else ""))

    def _dress(self, look: Look) -> None:
        self._target(look.link)
        if look.parts != self._look.parts:
            self._written.append(f"\x1b[{_sgr(self._look, look)}m")
        self._look = look

    def _target(self, link: str) -> None:
        if link != self._link:
            self._written.append(f"\x1b]8;{link or ';'}\x1b\\")
            self._link = link


def _sgr(now: Look, then: Look) -> str:
    """Return the parameters that lead from one look to another."""
    if then.parts == PLAIN.parts:
        return "0"
    if then.attributes != now.attributes:
        return ";".join(part for part in ("0", *then.parts) if part)
    changed = []
    if then.foreground != now.foreground:
        changed.append(then.foreground or "39")
    if then.background != now.background:
        changed.append(then.background or "49")
    return ";".join(changed)


class Changes(CompositorUpdate):
    """One of Textual's updates, written as its difference from the picture."""

    def __init__(self, picture: Picture, update: LayoutUpdate | ChopsUpdate | InlineUpdate) -> None:
        self._picture = picture
        self._update = update

    def render_segments(self, console: Console) -> str:
        """Return what has to be written, and remember it."""
        if isinstance(self._update, InlineUpdate):
            return self._inline(self._update, console)
        pen = Pen(console, relative=False)
        self._picture.has_size(*_size(self._update))
        for x, y, strip in _pieces(self._update):
            self._picture.put(pen, x, y, strip)
        return pen.end()

    def _inline(self, update: InlineUpdate, console: Console) -> str:
        """Write below the prompt; the lines are there once Textual itself has written them."""
        pen = Pen(console, relative=True)
        there = self._picture.has_size(update.strips[0].cell_length, len(update.strips))
        for y, strip in enumerate(update.strips):
            self._picture.put(pen, 0, y, strip)
        if not there or update.clear:
            return update.render_segments(console)
        return pen.end() + "\x1b[6n"  # as Textual does, to learn where it is for the mouse


def _size(update: LayoutUpdate | ChopsUpdate) -> tuple[int, int]:
    """Return columns and lines of the screen that an update belongs to."""
    if isinstance(update, LayoutUpdate):
        return update.region.right, update.region.bottom
    return update.chop_ends[0][-1], len(update.chops)


def _pieces(update: LayoutUpdate | ChopsUpdate) -> Iterator[tuple[int, int, Strip]]:
    """Yield first column, line and content of each part that Textual would write."""
    if isinstance(update, LayoutUpdate):
        for y, line in enumerate(update.strips, update.region.y):
            x = update.region.x
            for strip in line:
                yield x, y, strip
                x += strip.cell_length
        return
    for y, first, last in update.spans:
        for end, (x, piece) in zip(update.chop_ends[y], update.chops[y].items(), strict=True):
            if piece is not None and x < last and end > first:
                yield x, y, piece if end <= last else piece.crop(0, last - x)
