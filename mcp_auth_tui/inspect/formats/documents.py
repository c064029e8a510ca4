"""Knows inspections as JSON: the document of ``--json`` for each URL (DESIGN 3)."""

from __future__ import annotations

from mcp_auth_tui.inspect.formats import Setting
from mcp_auth_tui.model import Session
from mcp_auth_tui.render.document import document, dumped


class JsonLines:
    """One document a line."""

    def __init__(self, setting: Setting) -> None:
        self._setting = setting

    def head(self) -> str:
        """Return nothing."""
        return ""

    def one(self, session: Session) -> str:
        """Return the document of one URL on one line."""
        return f"{dumped(document(session, marks=self._setting.marks))}\n"

    def tail(self, *, complete: bool) -> str:
        """Return nothing: a line that is missing was not written."""
        return ""


class Json:
    """One array of documents, for one URL too."""

    def __init__(self, setting: Setting) -> None:
        self._setting = setting
        self._begun = False

    def head(self) -> str:
        """Open the array."""
        return "["

    def one(self, session: Session) -> str:
        """Return the document of one URL."""
        comma, self._begun = ",\n" if self._begun else "\n", True
        return comma + dumped(document(session, marks=self._setting.marks), indent=2)

    def tail(self, *, complete: bool) -> str:
        """Close the array."""
        return "\n]\n"
