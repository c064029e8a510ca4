"""Knows how a text of any length is shown without a pause; must not know what the text is.

Textual's own text area takes seconds for 2 MB: it measures every line before the first is seen.
"""

from __future__ import annotations

import asyncio

from rich.cells import chop_cells
from rich.text import Text
from textual.binding import Binding
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.selection import Selection
from textual.strip import Strip

_AT_ONCE = 200_000
"""Characters that are wrapped within a few milliseconds."""


class LongText(ScrollView, can_focus=True):
    """A harmless text, wrapped at the width there is; only the lines in sight are drawn."""

    BINDINGS = [  # noqa: RUF012
        Binding("j", "scroll_down", "Down", show=False),
        Binding("k", "scroll_up", "Up", show=False),
    ]

    def __init__(self, body: str) -> None:
        super().__init__(classes="document-area")
        self.body = body
        self._whole, self._needle = body, ""
        self._lines: list[str] = []
        self._width = 0

    def on_resize(self) -> None:
        """Wrap for the new width; a long text beside, for that takes longer than a frame."""
        width = self.scrollable_content_region.width
        if width <= 0 or width == self._width:
            return
        self._width = width
        if len(self.body) <= _AT_ONCE:
            self._wrapped(wrapped(self.body, width))
        else:
            self.run_worker(self._wrap(width), exclusive=True, group="wrap")

    def narrow(self, needle: str) -> None:
        """Show only the lines that hold a text (in lower case); all without one."""
        if needle == self._needle:
            return
        self._needle = needle
        # Beside, and only for the last letter: each takes longer than a frame in 2 MB.
        self.run_worker(self._narrow(needle), exclusive=True, group="wrap")

    async def _narrow(self, needle: str) -> None:
        whole = self._whole
        self.body = await asyncio.to_thread(holding, whole, needle) if needle else whole
        self.scroll_home(animate=False)
        self._width = self.scrollable_content_region.width
        await self._wrap(self._width)

    async def _wrap(self, width: int) -> None:
        self._wrapped(await asyncio.to_thread(wrapped, self.body, width))

    def _wrapped(self, lines: list[str]) -> None:
        self._lines = lines
        self.virtual_size = Size(self._width, len(lines))
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """Draw one line of what is in sight."""
        index = self.scroll_offset.y + y
        style = self.rich_style
        if index >= len(self._lines):
            return Strip.blank(self._width, style)
        line = Text(self._lines[index], no_wrap=True, end="")
        selection = self.text_selection
        if selection is not None and (span := selection.get_span(index)) is not None:
            start, end = span
            chosen = self.screen.get_component_rich_style("screen--selection")
            line.stylize(chosen, start, len(line) if end == -1 else end)
        strip = Strip(line.render(self.app.console))
        strip = strip.adjust_cell_length(self._width).apply_style(style)
        return strip.apply_offsets(0, index)

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        """Return what the mouse selected."""
        return selection.extract("\n".join(self._lines)), "\n"

    def selection_updated(self, selection: Selection | None) -> None:
        """Draw what is selected in its colour."""
        self.refresh()


def holding(body: str, needle: str) -> str:
    """Return the lines of a text that hold another one, in lower case; says when none does."""
    lines = [line for line in body.split("\n") if needle in line.lower()]
    return "\n".join(lines) or "no line of the body has this text"


def wrapped(body: str, width: int) -> list[str]:
    """Break a text into lines of at most so many cells; tabs are four blanks at most."""
    lines: list[str] = []
    for line in body.expandtabs(4).split("\n"):
        if len(line) <= width and line.isascii():
            lines.append(line)
        elif line.isascii():
            lines += [line[at : at + width] for at in range(0, len(line), width)]
        else:
            lines += chop_cells(line, width) or [""]
    return lines
