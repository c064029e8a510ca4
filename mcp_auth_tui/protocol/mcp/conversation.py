"""Knows in which order the eras of MCP are tried (T3); must not know how a token is obtained.

A conversation opens with or without a token, lists what the server offers, calls a tool if asked,
and stops at the first 401 or 403: without a token that is the first contact, with one the proof.
"""

from __future__ import annotations

from mcp_auth_tui.model.oauth import Token
from mcp_auth_tui.protocol.actions import Protocol
from mcp_auth_tui.protocol.config import STATELESS
from mcp_auth_tui.protocol.judge import Judge
from mcp_auth_tui.protocol.mcp import http_sse, stateful, stateless
from mcp_auth_tui.protocol.mcp.exchange import Conversation, ConversationEnd
from mcp_auth_tui.protocol.tokens.dpop import Dpop


def converse(
    judge: Judge,
    token: Token | None,
    *,
    era: str | None = None,
    protected: str = "",
    dpop: Dpop | None = None,
) -> Protocol[ConversationEnd]:
    """Talk to the server until a refusal or the end (T3: `auto` finds the era out)."""
    purpose = "with the token" if token else "no token"
    conversation = Conversation(judge, token, purpose, protected, dpop)
    if era == "sse":
        return (yield from http_sse.converse(conversation))
    if era == "stateless" or (era is None and judge.config.opening_revision == STATELESS):
        end = yield from stateless.converse(conversation)
        if end is not None:
            return end
    end = yield from stateful.converse(conversation)
    return end if end is not None else (yield from http_sse.converse(conversation))
