"""Knows inspections as reports for the servers' owners, one behind the other on one page."""

from __future__ import annotations

from html import escape

from mcp_auth_tui.inspect.formats import Form
from mcp_auth_tui.model import Session
from mcp_auth_tui.render.report import html, markdown

_EARLY = "Interrupted: not every URL was inspected."


class Markdown(Form):
    """Markdown, fit for an issue."""

    def head(self) -> str:
        """Return the marks of the run, if any."""
        return "".join(f"**Marked run**: {mark}\n\n" for mark in self._setting.marks)

    def one(self, session: Session) -> str:
        """Return the report of one URL."""
        return markdown.report(session)

    def tail(self, *, complete: bool) -> str:
        """Return nothing, or that it ended early."""
        return "" if complete else f"{_EARLY}\n"


class Html(Form):
    """One self-contained page."""

    def head(self) -> str:
        """Return the head of the page, and the marks of the run."""
        marks = (
            f"<p><strong>Marked run</strong>: {escape(mark)}</p>\n" for mark in self._setting.marks
        )
        return html.head() + "".join(marks)

    def one(self, session: Session) -> str:
        """Return the report of one URL."""
        return html.article(session)

    def tail(self, *, complete: bool) -> str:
        """Close the page."""
        return ("" if complete else f"<p><strong>{_EARLY}</strong></p>\n") + html.TAIL
