"""Knows what is open and what is mended after some rounds of a watch; not how that looks."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from mcp_auth_tui.records import dataclass
from mcp_auth_tui.render.changes import ALTERED, GONE, NEW

if TYPE_CHECKING:
    from mcp_auth_tui.inspect.rounds import Round
    from mcp_auth_tui.model import Finding

UNCHECKED = "?"
"""The sign before what the last round did not get to."""
_MOST = 100
"""So much of what is mended is kept: a watch may go on for days."""


@dataclass(frozen=True, slots=True)
class BoardEntry:
    """One finding of a watch."""

    finding: Finding
    sign: str
    """What the last news said of it (`render.changes`); empty where they said nothing."""
    at: float
    """Since when it is so, in seconds since the epoch."""


class Board:
    """What is open, the worst first, and what is mended, the newest first: a fold of rounds."""

    def __init__(self) -> None:
        self.open: tuple[BoardEntry, ...] = ()
        self.mended: deque[BoardEntry] = deque(maxlen=_MOST)

    def add(self, told: Round) -> None:
        """Take a round in."""
        changes = told.changes
        stood = {item.finding: item for item in self.open}
        fresh = bool(changes)
        altered = {now for _, now in changes.altered}
        entries = []
        for old, now in changes.same:
            before = stood.get(old)
            since, sign = (before.at, before.sign) if before else (told.at, "")
            if now in altered:
                since, sign = told.at, ALTERED
            elif fresh or sign == UNCHECKED:
                sign = ""
            entries.append(BoardEntry(now, sign, since))
        sign = "" if told.number == 1 else NEW
        entries += [BoardEntry(item, sign, told.at) for item in changes.new]
        for item in changes.unchecked:
            before = stood.get(item)
            entries.append(BoardEntry(item, UNCHECKED, before.at if before else told.at))
        if not told.away or told.number == 1:
            self.open = tuple(sorted(entries, key=lambda item: item.finding.level.rank))
        self.mended.extendleft(BoardEntry(item, GONE, told.at) for item in changes.mended)
