"""Knows how `initialize` opens a conversation, over either of the older transports (T1).

It must not know how a message travels: `stateful` and `http_sse` do.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NoReturn

from mcp_auth_tui.model import Exchange
from mcp_auth_tui.protocol import error_answer
from mcp_auth_tui.protocol.actions import Protocol
from mcp_auth_tui.protocol.config import NEWEST_INITIALIZE, REVISIONS, Config
from mcp_auth_tui.protocol.judge import Judge
from mcp_auth_tui.protocol.mcp import jsonrpc, revisions
from mcp_auth_tui.protocol.mcp.exchange import Conversation, Transport
from mcp_auth_tui.protocol.mcp.jsonrpc import RpcResponse
from mcp_auth_tui.protocol.mcp.refusals import excerpt_of


def initialize(
    conversation: Conversation, transport: Transport
) -> Protocol[tuple[Exchange, RpcResponse | None]]:
    """Open with ``initialize``, once more at an older revision where the first is refused for it.

    Returns the last exchange and its answer; raises `FlowStop` where the revision is refused and no
    other is named.
    """
    revision = conversation.opening or (
        spec if (spec := conversation.judge.config.spec) in REVISIONS[:-1] else NEWEST_INITIALIZE
    )
    exchange, answer = yield from transport.ask(
        "initialize", opening_params(conversation.judge.config, revision)
    )
    # One product answers 401 there, with the token, and names the revisions that it knows.
    refused = answer or (RpcResponse() if conversation.token is not None else None)
    if refused is None or (refusal := revisions.refusal(exchange, refused)) is None:
        return exchange, answer
    if answer is None and not refusal.common:
        return exchange, answer
    if not refusal.common:
        _refused_for_good(conversation, exchange, refused, refusal)
    yield from conversation.judge.note(
        "rs-revision-refused",
        seen=f"{_words(exchange, refused, refusal)}; asked again with {refusal.common}",
        exchange=exchange,
    )
    conversation.opening = refusal.common
    exchange, answer = yield from transport.ask(
        "initialize", opening_params(conversation.judge.config, refusal.common)
    )
    if answer is not None and (again := revisions.refusal(exchange, answer)) is not None:
        _refused_for_good(conversation, exchange, answer, again)
    return exchange, answer


def _words(exchange: Exchange, answer: RpcResponse, refusal: revisions.Refusal) -> str:
    seen = error_answer.seen(f"HTTP {exchange.status}", exchange)
    seen = excerpt_of(exchange, answer) if answer.code is not None else seen
    return f"{seen} (asked for: {refusal.asked})"


def _refused_for_good(
    conversation: Conversation, exchange: Exchange, answer: RpcResponse, refusal: revisions.Refusal
) -> NoReturn:
    conversation.judge.stop(
        "rs-revision-refused",
        seen=_words(exchange, answer, refusal),
        meanwhile=f"Run again with --spec {refusal.older}." if refusal.older else "",
        exchange=exchange,
    )


def opening_params(config: Config, revision: str) -> dict[str, Any]:
    """Return the parameters of ``initialize`` that propose a revision."""
    return {
        "protocolVersion": revision,
        "capabilities": {},
        "clientInfo": jsonrpc.client_info(config.version),
    }


def negotiated_revision(judge: Judge, exchange: Exchange, result: Mapping[str, Any]) -> str:
    """Return the revision that the server chose; raises `FlowStop` when we do not speak it."""
    revision = result.get("protocolVersion")
    if revision in (*REVISIONS, "2024-11-05"):
        return str(revision)
    judge.stop(
        "rs-not-mcp",
        seen=f"protocolVersion: {revision!r}",
        expected=f"one of {', '.join(REVISIONS)}",
        message="The server chose an MCP revision that this program does not speak.",
        exchange=exchange,
        pointer="/result/protocolVersion",
    )
