"""Knows what a tool's own error says of a credential; must not know how a tool is called."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mcp_auth_tui.findings.rule import REPORT
from mcp_auth_tui.model import Exchange
from mcp_auth_tui.protocol import excerpt
from mcp_auth_tui.protocol.actions import Protocol
from mcp_auth_tui.protocol.judge import Judge
from mcp_auth_tui.text.patterns import pattern

# What a tool says of a credential that was refused.
_OF_CREDENTIAL = pattern(
    r"(?i)\b(http|status|code|error)\b.{0,12}\b401\b|\binvalid_token\b"
    r"|\bunauthori[sz]ed\b|\bunauthenticated\b|\bnot authenticated\b"
    r"|\binvalid (access|bearer|auth\w*|refresh) token\b"
    r"|\binvalid[-_ ](authori[sz]ation|credentials)\b"
    r"|\btoken (has |is |was )?(been )?(expired|revoked)\b"
)


def note_refusal(
    judge: Judge, exchange: Exchange, tool: str, result: Mapping[str, Any]
) -> Protocol[None]:
    """Tell of a tool whose error says that something behind the server refused a credential."""
    content = result.get("content")
    items = content if isinstance(content, list) else []
    texts = (item.get("text") for item in items if isinstance(item, dict))
    said = excerpt.clean(" ".join(text for text in texts if isinstance(text, str)), exchange)
    if _OF_CREDENTIAL.search(said):
        yield from judge.note(
            "rs-200-auth-error",
            seen=f"HTTP {exchange.status} to tools/call of {tool}, isError: “{said}”",
            message=f"The tool {tool} was refused by what it asked in turn, and the server answers"
            " with success.",
            next="Where the token of the client was refused behind the server, answer 401 with a"
            " challenge: then clients sign in again. Where it was a credential of the server's own,"
            " renew that one.",
            meanwhile=f"The header is good. See whether a new sign-in helps. {REPORT}",
            exchange=exchange,
            pointer="/result/isError",
        )
