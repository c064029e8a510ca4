"""Knows how a conversation of revision 2026-07-28 is opened (T2, T3): no session, no handshake."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mcp_auth_tui.model import Exchange, Learned, Whose
from mcp_auth_tui.protocol.actions import Protocol
from mcp_auth_tui.protocol.config import REVISIONS, STATELESS
from mcp_auth_tui.protocol.mcp import jsonrpc
from mcp_auth_tui.protocol.mcp.exchange import Conversation, ConversationEnd, list_and_call
from mcp_auth_tui.protocol.mcp.jsonrpc import RpcResponse
from mcp_auth_tui.protocol.mcp.refusals import (
    FAILED_METHOD,
    LEGACY,
    not_mcp,
    note_unauthorized_in_200,
)
from mcp_auth_tui.records import dataclass


@dataclass(slots=True)
class Stateless:
    """Each request stands alone."""

    conversation: Conversation
    era: str = "stateless"
    revision: str = STATELESS

    def ask(
        self, method: str, params: Mapping[str, Any]
    ) -> Protocol[tuple[Exchange, RpcResponse | None]]:
        """Ask; the answer is None at a 401 or 403."""
        conversation, id = self.conversation, self.conversation.number()
        request = jsonrpc.stateless(
            conversation.judge.stage,
            conversation.url,
            method,
            params,
            id=id,
            token=conversation.token,
            version=conversation.judge.config.version,
            purpose=f"{method}, {conversation.purpose}",
        )
        exchange = yield from conversation.send(request, id)
        if not (yield from conversation.received(exchange, method)):
            return exchange, None
        answer = jsonrpc.answer(exchange, id)
        if answer.result is not None or answer.endpoint:
            conversation.answered_well(method)
        return exchange, answer


def converse(conversation: Conversation) -> Protocol[ConversationEnd | None]:
    """Open with ``server/discover``; None: the server is of an older era."""
    transport = Stateless(conversation)
    exchange, answer = yield from transport.ask("server/discover", {})
    if answer is None:
        return ConversationEnd(None, "", exchange, "server/discover")
    only = conversation.judge.config.spec == STATELESS
    if answer.endpoint and not only:
        conversation.old = exchange
        return None
    if answer.result is not None and exchange.status < 300:
        versions = answer.result.get("supportedVersions")
        if not isinstance(versions, list) or STATELESS in versions or only:
            yield Learned("revision", STATELESS)
            return (yield from list_and_call(conversation, transport, answer.result))
        return None
    if answer.modern or (exchange.status == 404 and answer.code == -32601):
        return (yield from _modern_error(conversation, transport, exchange, answer))
    if exchange.status in (*LEGACY, FAILED_METHOD) and not only:
        return None
    if exchange.status < 300 and answer.code is not None and not only:
        # Answered, but as a server that does not know the method: an older era over HTTP 200.
        yield from note_unauthorized_in_200(conversation.judge, exchange, answer)
        return None
    return not_mcp(conversation.judge, exchange, answer, conversation.told)


def _modern_error(
    conversation: Conversation, transport: Stateless, exchange: Exchange, answer: RpcResponse
) -> Protocol[ConversationEnd | None]:
    """Go on after an error that only a server of 2026-07-28 gives (T3)."""
    supported = answer.data.get("supported") if isinstance(answer.data, dict) else None
    if answer.code == -32022 and isinstance(supported, list):
        if conversation.judge.config.spec == "auto" and any(
            item in REVISIONS[:-1] for item in supported
        ):
            return None
        chosen = any(item in REVISIONS[:-1] for item in supported)
        conversation.judge.stop(
            "rs-not-mcp",
            seen=f"supported versions: {', '.join(map(str, supported))}",
            expected=STATELESS,
            message="The server does not speak the revision that --spec asks for."
            if chosen
            else "The server speaks none of the MCP revisions that this program speaks.",
            next="Run again without --spec." if chosen else "",
            exchange=exchange,
            whose=Whose.CLIENT if chosen else None,
        )
    if answer.code != -32601:
        yield from conversation.judge.note(
            "rs-version-masks-auth",
            seen=f"HTTP {exchange.status}, {answer.code} {answer.message}",
            exchange=exchange,
        )
    yield Learned("revision", STATELESS)
    return (yield from list_and_call(conversation, transport, {"capabilities": {"tools": {}}}))
