"""Knows how the steps of the ladder are drawn; pure, must not know widgets or what they mean."""

from __future__ import annotations

from rich.cells import cell_len
from textual.content import Content

from mcp_auth_tui.model import Session
from mcp_auth_tui.text import terminal, units
from mcp_auth_tui.tui.views.content import DIM, fold
from mcp_auth_tui.tui.views.sequence import Arrow, Step

_NAMES = (
    ("you", "browser", "MCP server", "authorization server"),
    ("you", "browser", "MCP", "auth. server"),
)
_MARGIN = 7
"""Cells before the first lane: the number of an exchange and the mark of what was found."""
LEAST = 30
"""Cells that a ladder takes at the least; in less of them its right part is not seen."""


def lanes(width: int) -> tuple[int, int, int, int]:
    """Return the columns of the four parties in so many cells."""
    first, last = _MARGIN, max(width - 4, _MARGIN + 12)
    span = last - first
    # What goes between you and the browser has few words, and they are not to be cut.
    browser = 0.37 if width >= 68 else 0.41
    return first, first + round(span * browser), first + round(span * 0.65), last


def header(session: Session, width: int) -> Content:
    """Return the names of the parties above their lanes, and below them their hosts."""
    width = max(width, LEAST)
    at = lanes(width)
    issuers = session.resource.issuers[:1] if session.resource else ()
    issuer = session.server.issuer if session.server else "".join(issuers)
    hosts = ("", "", units.host_of(session.url), units.host_of(issuer) if issuer else "")
    names = _NAMES[0] if width >= 68 else _NAMES[1]
    room = at[3] - at[2] + (width - at[3]) - 2
    return Content("\n").join(
        [
            _columns(names, at, width, width).stylize("bold"),
            _columns(hosts, at, width, room).stylize(DIM),
        ]
    )


def _columns(words: tuple[str, ...], at: tuple[int, ...], width: int, room: int) -> Content:
    line = ""
    for index, (word, column) in enumerate(zip(words, at, strict=True)):
        text = _plain(word, room)
        start = column if index == 0 else column - len(text) // 2
        start = max(min(start, width - len(text)), len(line) + 1 if line else 0)
        line = f"{line:{start}}{_plain(text, width - start)}"
    return Content(line.ljust(width))


def height(step: Step, width: int) -> int:
    """Return the lines that `draw` takes."""
    return len(step.arrows) + (len(_note_lines(step, width)) if step.note else 0)


def _note_lines(step: Step, width: int) -> list[str]:
    return fold(step.note, width - _MARGIN - 1)[:4]


def draw(step: Step, width: int) -> Content:
    """Return a step in so many cells: one line for an arrow, more for a long sentence.

    One of an earlier run is dim.
    """
    number = str(step.number) if step.number else ""
    head = Content.assemble((f"{number:>4} ", DIM), (f"{step.mark:<1} ", step.mark_style))
    lines: list[Content] = []
    if step.note:
        for line in _note_lines(step, width):
            lines.append(Content.styled(line, "bold" if step.mark else DIM))
    lines += [_line(arrow, width) for arrow in step.arrows]
    margin = Content(" " * _MARGIN)
    parts = [(head if index == 0 else margin) + line for index, line in enumerate(lines)]
    drawn = Content("\n").join(parts)
    return Content.styled(drawn.plain, DIM) if step.earlier else drawn


def _line(arrow: Arrow, width: int) -> Content:
    width = max(width, LEAST)
    at = [column - _MARGIN for column in lanes(width)]
    cells = [" "] * (width - _MARGIN)
    for column in at:
        cells[column] = "│"
    left, right = sorted((at[arrow.source], at[arrow.target]))
    forward = arrow.target > arrow.source
    dash = "┄" if arrow.unseen else "─"
    cells[left + 1 : right] = dash * (right - left - 1)
    cells[right - 1 if forward else left + 1] = "▶" if forward else "◀"
    cells[at[arrow.source]] = "├" if forward else "┤"
    lead = 2 if width >= 68 else 1
    start = left + 1 + lead if forward else left + 2 + lead
    end = right - 2 if forward else right - lead
    needed = cell_len(arrow.label) + 2
    tail = f" {arrow.tail} " if arrow.tail else ""
    if end - start - len(tail) - 1 < min(needed, 12):
        tail = ""
    label = _plain(arrow.label, max(end - start - len(tail) - 2 - bool(tail), 1))
    cells[start : start + len(label) + 2] = f" {label} "
    if tail:
        cells[end - len(tail) : end] = tail
    line = Content("".join(cells)).stylize(DIM)
    line = line.stylize(DIM if arrow.unseen else "$text-primary", left, right + 1)
    line = line.stylize(arrow.style or "$foreground", start, start + len(label) + 2)
    return line.stylize(DIM, end - len(tail), end) if tail else line


def _plain(value: str, room: int) -> str:
    """Return harmless text of one cell a character, cut to its room."""
    text = terminal.one_line(value, None)
    if not text.isascii():
        text = "".join(char if cell_len(char) == 1 else "?" for char in text)
    return text if len(text) <= room else f"{text[: max(room - 1, 0)]}…"
