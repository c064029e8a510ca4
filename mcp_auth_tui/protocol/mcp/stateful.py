"""Knows how a conversation of 2025-03-26 to 2025-11-25 is opened and ended (T1): `initialize`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from mcp_auth_tui.model import Exchange, Learned, Request, Secret
from mcp_auth_tui.protocol.actions import Protocol
from mcp_auth_tui.protocol.mcp import jsonrpc
from mcp_auth_tui.protocol.mcp.exchange import (
    Conversation,
    ConversationEnd,
    initialize_params,
    list_and_call,
    negotiated_revision,
)
from mcp_auth_tui.protocol.mcp.jsonrpc import RpcResponse
from mcp_auth_tui.protocol.mcp.refusals import LEGACY, not_mcp, note_unauthorized_in_200


@dataclass(slots=True)
class Stateful:
    """Requests of one session."""

    conversation: Conversation
    era: str = "initialize"
    revision: str = ""
    session: Secret | None = None

    def request(self, method: str, params: Mapping[str, Any], id: int | None) -> Request:
        """Build a request, or a notification when ``id`` is None."""
        return jsonrpc.stateful(
            self.conversation.judge.stage,
            self.conversation.url,
            method,
            params,
            id=id,
            token=self.conversation.token,
            purpose=f"{method}, {self.conversation.purpose}",
            revision=self.revision if self.revision >= "2025-06-18" else "",
            session=self.session,
        )

    def ask(
        self, method: str, params: Mapping[str, Any]
    ) -> Protocol[tuple[Exchange, RpcResponse | None]]:
        """Ask; the answer is None at a 401 or 403."""
        id = self.conversation.number()
        exchange = yield from self.conversation.send(self.request(method, params, id), id)
        accepted = yield from self.conversation.received(exchange, method)
        return exchange, jsonrpc.answer(exchange, id) if accepted else None

    def end(self) -> Protocol[None]:
        """Close the session as a polite client does; what comes back is only shown."""
        if self.session is None:
            return
        request = self.request("DELETE", {}, None)
        headers = tuple(f for f in request.headers if f.name != "Content-Type")
        purpose = f"end of the session, {self.conversation.purpose}"
        ending = replace(request, method="DELETE", json=None, headers=headers, purpose=purpose)
        yield from self.conversation.send(ending)


def converse(conversation: Conversation) -> Protocol[ConversationEnd | None]:
    """Open with ``initialize``; None: the server does not know it over POST."""
    transport = Stateful(conversation)
    exchange, answer = yield from transport.ask("initialize", initialize_params(conversation))
    if answer is None:
        return ConversationEnd("initialize", "", exchange, "initialize")
    if exchange.status in LEGACY and not answer.modern:
        if answer.code is not None:
            conversation.told = exchange, answer
        return None
    if answer.result is None or exchange.status >= 300:
        yield from note_unauthorized_in_200(conversation.judge, exchange, answer)
        return not_mcp(conversation.judge, exchange, answer, conversation.told)
    revision = negotiated_revision(conversation.judge, exchange, answer.result)
    yield Learned("revision", revision)
    transport.revision = revision
    response = exchange.response
    session = response.header("mcp-session-id") if response else None
    transport.session = Secret(session) if session else None
    note = yield from conversation.send(transport.request("notifications/initialized", {}, None))
    if not (yield from conversation.received(note, "notifications/initialized")):
        return ConversationEnd("initialize", revision, note, "notifications/initialized")
    end = yield from list_and_call(conversation, transport, answer.result)
    yield from transport.end()
    return end
