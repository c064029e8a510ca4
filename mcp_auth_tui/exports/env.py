"""Knows how to write a variable so that a shell and ``.env`` readers read the same value."""

from __future__ import annotations

from urllib.parse import quote

from mcp_auth_tui.model import Session
from mcp_auth_tui.text.patterns import pattern

_BARE = pattern(r"[A-Za-z0-9_.:/~+=@%,-]*")
# Readers of .env files disagree about these even inside single quotes (escapes, expansion).
_APART = pattern(r"['\\$\x00-\x1f\x7f]")


def env(session: Session) -> str:
    """Return ``MCP_URL``, ``MCP_TOKEN`` and ``MCP_AUTHORIZATION`` (the whole header value).

    Empty when there are no headers. Raises ValueError when a value cannot be written so that every
    reader gives it back; a token of RFC 6750 §2.1 always can.
    """
    if session.token is None or not session.headers:
        return ""
    values = {
        "MCP_URL": quote(session.url, safe=":/?#[]@!&()*+,;=%-._~"),
        "MCP_TOKEN": session.token.bearer.reveal(),
        "MCP_AUTHORIZATION": session.headers["Authorization"].reveal(),
    }
    return "".join(f"{name}={_written(name, value)}\n" for name, value in values.items())


def _written(name: str, value: str) -> str:
    # A shell expands a tilde at the start of a value and behind a colon.
    if _BARE.fullmatch(value) and not value.startswith("~") and ":~" not in value:
        return value
    if _APART.search(value):
        raise ValueError(f"{name} holds a character that .env readers do not agree about")
    return f"'{value}'"
