"""Knows in which order the eras of MCP are tried (T3); must not know how a token is obtained.

A conversation opens with or without a token, lists what the server offers, calls a tool if asked,
and stops at the first 401 or 403: without a token that is the first contact, with one the proof.
"""

from __future__ import annotations

from dataclasses import replace

from mcp_auth_tui.model import Learned, Level
from mcp_auth_tui.model.oauth import Peer, Token
from mcp_auth_tui.protocol.actions import FlowStop, Protocol
from mcp_auth_tui.protocol.config import STATELESS
from mcp_auth_tui.protocol.judge import Judge
from mcp_auth_tui.protocol.mcp import http_sse, stateful, stateless
from mcp_auth_tui.protocol.mcp.exchange import Conversation, ConversationEnd
from mcp_auth_tui.protocol.tokens.dpop import Dpop

__all__ = ["ConversationEnd", "converse"]

# What may go wrong with a server that has accepted the token, and is not about authorization.
_OF_TRANSPORT = frozenset(
    {
        "net-connect",
        "net-dns",
        "net-http",
        "net-oversize",
        "net-rate-limited",
        "net-slow",
        "net-timeout",
        "net-tls",
        "rs-login-redirect",
        "rs-not-mcp",
        "rs-redirect-slash",
        "rs-session-lost",
        "rs-sse-silent",
    }
)
_GOOD = "The token was accepted before that: the headers are good."


def converse(
    judge: Judge,
    token: Token | None,
    *,
    era: str | None = None,
    opening: str = "",
    protected: str = "",
    dpop: Dpop | None = None,
) -> Protocol[ConversationEnd]:
    """Conversation to the server until a refusal or the end (T3: `auto` finds the era out).

    ``opening`` is the revision that `initialize` begins with, where an earlier conversation found
    one. Once a token was accepted, what goes wrong with the transport is a finding and no stop.
    """
    purpose = "with the token" if token else "no token"
    conversation = Conversation(judge, token, purpose, protected, dpop, opening=opening)
    try:
        end = yield from _in_order(conversation, era)
        return replace(end, accepted=conversation.accepted)
    except FlowStop as stopped:
        finding = stopped.finding
        if not conversation.accepted or judge.config.strict or finding.id not in _OF_TRANSPORT:
            raise
    yield replace(finding, level=Level.ERROR, message=f"{finding.message} {_GOOD}")
    peer = conversation.peer or Peer(era or "", conversation.opening)
    yield Learned("peer", peer)
    return ConversationEnd(peer.era, peer.revision, peer=peer)


def _in_order(conversation: Conversation, era: str | None) -> Protocol[ConversationEnd]:
    if era == "sse":
        return (yield from http_sse.converse(conversation))
    if era == "stateless" or (
        era is None and conversation.judge.config.opening_revision == STATELESS
    ):
        end = yield from stateless.converse(conversation)
        if end is not None:
            return end
    end = (yield from stateful.converse(conversation)) if conversation.old is None else None
    if conversation.old is not None:
        yield from conversation.judge.note(
            "rs-sse-on-post",
            seen=f"HTTP {conversation.old.status} with event: endpoint",
            exchange=conversation.old,
        )
    return end if end is not None else (yield from http_sse.converse(conversation))
