"""Knows inspections as JSON: the document of ``--json`` for each URL (DESIGN 3)."""

from __future__ import annotations

from mcp_auth_tui.inspect.formats import Form
from mcp_auth_tui.model import Session
from mcp_auth_tui.render.document import document, dumped


class JsonLines(Form):
    """One document a line; one that is missing was not written."""

    def one(self, session: Session) -> str:
        """Return the document of one URL on one line."""
        return f"{dumped(document(session, marks=self._setting.marks))}\n"


class Json(Form):
    """One array of documents, for one URL too."""

    def head(self) -> str:
        """Open the array."""
        return "["

    def one(self, session: Session) -> str:
        """Return the document of one URL."""
        return self._comma() + dumped(document(session, marks=self._setting.marks), indent=2)

    def tail(self, *, complete: bool) -> str:
        """Close the array."""
        return "\n]\n"
