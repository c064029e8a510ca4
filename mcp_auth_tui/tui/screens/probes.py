"""Knows the screen that lists what probes showed; must not know how anything is probed."""

from __future__ import annotations

from typing import ClassVar

from textual.content import Content
from textual.widgets import OptionList

from mcp_auth_tui.model import Finding, Level, Session
from mcp_auth_tui.tui.screens.findings import FindingsScreen
from mcp_auth_tui.tui.views.content import DIM, LEVEL, words
from mcp_auth_tui.tui.views.finding import worst_first

PREFIX = "probe-"


class ProbesScreen(FindingsScreen):
    """What failed first, then what stays open, then what passed; each in full below."""

    ON_PAGE: ClassVar = {"probes": "screen.dismiss(None)"}

    @staticmethod
    def line(session: Session, item: Finding, width: int) -> Content:
        """Return the probe and what it showed; what it was about is told in full below."""
        glyph, style = LEVEL[item.level]
        text = session.redactor().text(item.message if item.level is not Level.OK else item.seen)
        name = item.id.removeprefix(PREFIX)
        return Content.assemble((f"{glyph} ", style), words(f"{name:<22}", DIM), words(text))

    def listed(self) -> list[Finding]:
        """Return the results of the probes."""
        return results(self.session)

    def fill(self, options: OptionList, width: int) -> None:
        """List them, and count them in the title."""
        super().fill(options, width)
        levels = [item.level for item in results(self.session)]
        passed, undecided = levels.count(Level.OK), levels.count(Level.INFO)
        failed = len(levels) - passed - undecided
        options.border_title = f"Probes: {failed} failed, {passed} passed, {undecided} not decided"


def results(session: Session) -> list[Finding]:
    """Return the results of a session's probes, the worst first."""
    return [item for item in worst_first(session) if item.id.startswith(PREFIX)]
