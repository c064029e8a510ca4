"""Knows inspections as one HTTP Archive, a page for each URL; must not know what is in an entry."""

from __future__ import annotations

from typing import Any

from mcp_auth_tui.inspect.formats import Form, Setting
from mcp_auth_tui.model import Session
from mcp_auth_tui.render import har
from mcp_auth_tui.render.document import dumped


class Har(Form):
    """HAR 1.2; the pages stand behind the entries, which are written as they come."""

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting)
        self._pages: list[dict[str, Any]] = []

    def head(self) -> str:
        """Open the archive."""
        return f'{{"log": {dumped(har.head())[:-1]}, "entries": ['

    def one(self, session: Session) -> str:
        """Return the exchanges of one URL."""
        id = f"url-{len(self._pages) + 1}"
        self._pages.append(har.page(session, id))
        return "".join(self._comma() + dumped(entry) for entry in har.entries(session, id))

    def tail(self, *, complete: bool) -> str:
        """Close the archive."""
        marks = [*self._setting.marks, *([] if complete else ["interrupted"])]
        rest = {"pages": self._pages, **({"comment": "; ".join(marks)} if marks else {})}
        return f"\n], {dumped(rest)[1:]}}}\n"
