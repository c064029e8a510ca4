"""Knows a watch as `Content`: its state, and each finding with its sign; pure, judges nothing."""

from __future__ import annotations

from textual.content import Content

from mcp_auth_tui.inspect.board import UNCHECKED, Board, BoardEntry
from mcp_auth_tui.inspect.rounds import Round
from mcp_auth_tui.inspect.watch import silence
from mcp_auth_tui.model import Session
from mcp_auth_tui.render.changes import ALTERED, GONE, NEW, worst
from mcp_auth_tui.text import units
from mcp_auth_tui.tui.views.content import DIM, LEVEL, words

SIGNS = {
    GONE: "$text-success",
    NEW: "bold $text-error",
    ALTERED: "bold $text-warning",
    UNCHECKED: DIM,
}


def state(told: Round | None, seconds: float) -> Content:
    """Return how the server stands after the last round, and how often it is looked at."""
    often = f" · every {units.duration(seconds)}"
    if told is None:
        return Content.assemble(("▸ first look", "bold $text-primary"), (often, DIM))
    when = f"{units.time_of_day(told.at)} · round {told.number}, {units.duration(told.seconds)}"
    if told.away:
        stop = told.session.stop
        why = told.session.redactor().text(stop.seen or stop.message) if stop is not None else ""
        return Content.assemble(
            (f"✗ {silence(told)}", "bold $text-error"),
            (f" · {units.time_of_day(told.at)} · ", DIM),
            words(why),
        )
    quiet = 0 if told.news else told.unchanged + 1
    since = f", nothing new in {units.count(quiet, 'round')}" if quiet else ""
    glyph, style = ("✓", "$text-success") if not told.session.exit else ("!", "$text-warning")
    back = f" again after {units.duration(told.gone)}" if told.turned and told.gone else ""
    return Content.assemble((f"{glyph} answers{back}", style), (f" · {when}{since}{often}", DIM))


def heading(board: Board) -> Content:
    """Return what is open and what is mended, in numbers."""
    open_ = worst(tuple(item.finding for item in board.open))
    mended = f", {len(board.mended)} mended" if board.mended else ""
    return Content(f"Open: {open_}{mended}")


def line(session: Session, entry: BoardEntry) -> Content:
    """Return a finding with its sign and since when it is so."""
    glyph, style = LEVEL[entry.finding.level]
    when = units.time_of_day(entry.at)
    message = session.redactor().text(entry.finding.message)
    gone = entry.sign == GONE
    return Content.assemble(
        (f"{entry.sign or ' '} ", SIGNS.get(entry.sign, "")),
        (f"{when} ", DIM),
        (f"{'✓' if gone else glyph} ", "$text-success" if gone else style),
        words(message, DIM if gone or entry.sign == UNCHECKED else ""),
    )
