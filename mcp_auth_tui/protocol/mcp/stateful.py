"""Knows how a conversation of 2025-03-26 to 2025-11-25 is opened and ended (T1): `initialize`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from mcp_auth_tui.model import Exchange, Learned, Request, Secret
from mcp_auth_tui.protocol import error_answer
from mcp_auth_tui.protocol.actions import Protocol
from mcp_auth_tui.protocol.mcp import jsonrpc
from mcp_auth_tui.protocol.mcp.exchange import Conversation, ConversationEnd, list_and_call
from mcp_auth_tui.protocol.mcp.jsonrpc import RpcResponse
from mcp_auth_tui.protocol.mcp.opening import initialize, negotiated_revision
from mcp_auth_tui.protocol.mcp.refusals import LEGACY, not_mcp, note_unauthorized_in_200
from mcp_auth_tui.records import dataclass

_INITIALIZED = "notifications/initialized"


@dataclass(slots=True)
class Stateful:
    """Requests of one session."""

    conversation: Conversation
    era: str = "initialize"
    revision: str = ""
    session: Secret | None = None
    renewed: bool = False
    """Whether a lost session was begun anew already."""

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
        exchange = yield from self.send(method, params, id)
        if not (yield from self.conversation.received(exchange, method)):
            return exchange, None
        answer = jsonrpc.answer(exchange, id)
        if answer.result is not None or answer.endpoint:
            self.conversation.answered_well(method)
        return exchange, answer

    def send(self, method: str, params: Mapping[str, Any], id: int | None) -> Protocol[Exchange]:
        """Send a message; where the server has lost the session, once more in a new one.

        Raises `FlowStop` where the new one is lost as well.
        """
        exchange = yield from self.conversation.send(self.request(method, params, id), id)
        if not self._lost(exchange, id):
            return exchange
        seen = f"HTTP {exchange.status} to {method} in the session that initialize began"
        words = error_answer.seen("", exchange)
        if self.renewed:
            self.conversation.judge.stop(
                "rs-session-lost", seen=f"{seen}, twice{words}", exchange=exchange
            )
        self.renewed = True
        lost, self.session, revision = self.session, None, self.revision
        self.revision = ""
        opened, answer = yield from initialize(self.conversation, self)
        self.session, self.revision = lost, revision
        if answer is None or answer.result is None:
            return exchange  # the token was taken back, or nothing is answered any more
        self.begin(opened)
        if method != _INITIALIZED:
            yield from self.conversation.send(self.request(_INITIALIZED, {}, None))
        again = yield from self.send(method, params, id)
        yield from self.conversation.judge.note(
            "rs-session-lost", seen=f"{seen}; a second one was taken{words}", exchange=exchange
        )
        return again

    def begin(self, exchange: Exchange) -> None:
        """Take over the session that an answer to ``initialize`` names."""
        response = exchange.response
        session = response.header("mcp-session-id") if response else None
        self.session = Secret(session) if session else None

    def _lost(self, exchange: Exchange, id: int | None) -> bool:
        """Whether a refusal is about the session: 404 (T1), or what servers answer in its place.

        A 401 is one only where the same token was accepted a moment ago.
        """
        if self.session is None:
            return False
        if exchange.status == 401:
            return self.conversation.accepted
        if exchange.status not in (400, 404) or jsonrpc.answer(exchange, id or 0).code == -32601:
            return False
        return exchange.status == 404 or "session" in error_answer.read(exchange).text.lower()

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
    exchange, answer = yield from initialize(conversation, transport)
    if answer is None:
        return ConversationEnd("initialize", conversation.opening, exchange, "initialize")
    if answer.endpoint:
        conversation.old = exchange
        return None
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
    transport.begin(exchange)
    note = yield from transport.send(_INITIALIZED, {}, None)
    if not (yield from conversation.received(note, _INITIALIZED)):
        return ConversationEnd("initialize", revision, note, _INITIALIZED)
    end = yield from list_and_call(conversation, transport, answer.result)
    yield from transport.end()
    return end
