"""Knows inspections as reports for the servers' owners, one behind the other on one page."""

from __future__ import annotations

from html import escape

from mcp_auth_tui.inspect.formats import Setting
from mcp_auth_tui.model import Session
from mcp_auth_tui.render.report import html, markdown

_EARLY = "Interrupted: not every URL was inspected."


class Markdown:
    """Markdown, fit for an issue."""

    def __init__(self, setting: Setting) -> None:
        self._marks = setting.marks

    def head(self) -> str:
        """Return the marks of the run, if any."""
        return "".join(f"**Marked run**: {mark}\n\n" for mark in self._marks)

    def one(self, session: Session) -> str:
        """Return the report of one URL."""
        return markdown.report(session)

    def tail(self, *, complete: bool) -> str:
        """Return nothing, or that it ended early."""
        return "" if complete else f"{_EARLY}\n"


class Html:
    """One self-contained page."""

    def __init__(self, setting: Setting) -> None:
        self._marks = setting.marks

    def head(self) -> str:
        """Return the head of the page, and the marks of the run."""
        marks = (f"<p><strong>Marked run</strong>: {escape(mark)}</p>\n" for mark in self._marks)
        return html.head() + "".join(marks)

    def one(self, session: Session) -> str:
        """Return the report of one URL."""
        return html.article(session)

    def tail(self, *, complete: bool) -> str:
        """Close the page."""
        return ("" if complete else f"<p><strong>{_EARLY}</strong></p>\n") + html.TAIL
