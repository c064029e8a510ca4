"""Knows how a conversation of 2025-03-26 to 2025-11-25 is opened and ended (T1): `initialize`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from mcp_auth_tui.model import Exchange, Learned, Request, Secret
from mcp_auth_tui.protocol.actions import Protocol
from mcp_auth_tui.protocol.mcp import jsonrpc
from mcp_auth_tui.protocol.mcp.exchange import Talk, Turn, negotiated, opening, rest
from mcp_auth_tui.protocol.mcp.jsonrpc import Answer
from mcp_auth_tui.protocol.mcp.refusals import LEGACY, not_mcp, unauthorized_in_200


@dataclass(slots=True)
class Stateful:
    """Requests of one session."""

    talk: Talk
    era: str = "initialize"
    revision: str = ""
    session: Secret | None = None

    def request(self, method: str, params: Mapping[str, Any], id: int | None) -> Request:
        """Build a request, or a notification when ``id`` is None."""
        return jsonrpc.stateful(
            self.talk.judge.stage,
            self.talk.url,
            method,
            params,
            id=id,
            token=self.talk.token,
            purpose=f"{method}, {self.talk.purpose}",
            revision=self.revision if self.revision >= "2025-06-18" else "",
            session=self.session,
        )

    def ask(
        self, method: str, params: Mapping[str, Any]
    ) -> Protocol[tuple[Exchange, Answer | None]]:
        """Ask; the answer is None at a 401 or 403."""
        id = self.talk.number()
        exchange = yield from self.talk.send(self.request(method, params, id), id)
        accepted = yield from self.talk.received(exchange, method)
        return exchange, jsonrpc.answer(exchange, id) if accepted else None

    def end(self) -> Protocol[None]:
        """Close the session as a polite client does; what comes back is only shown."""
        if self.session is None:
            return
        made = self.request("DELETE", {}, None)
        headers = tuple(f for f in made.headers if f.name != "Content-Type")
        purpose = f"end of the session, {self.talk.purpose}"
        ending = replace(made, method="DELETE", json=None, headers=headers, purpose=purpose)
        yield from self.talk.send(ending)


def converse(talk: Talk) -> Protocol[Turn | None]:
    """Open with ``initialize``; None: the server does not know it over POST."""
    transport = Stateful(talk)
    exchange, answer = yield from transport.ask("initialize", opening(talk))
    if answer is None:
        return Turn("initialize", "", exchange, "initialize")
    if exchange.status in LEGACY and not answer.modern:
        if answer.code is not None:
            talk.told = exchange, answer
        return None
    if answer.result is None or exchange.status >= 300:
        yield from unauthorized_in_200(talk.judge, exchange, answer)
        return not_mcp(talk.judge, exchange, answer, talk.told)
    revision = negotiated(talk.judge, exchange, answer.result)
    yield Learned("revision", revision)
    transport.revision = revision
    response = exchange.response
    session = response.header("mcp-session-id") if response else None
    transport.session = Secret(session) if session else None
    note = yield from talk.send(transport.request("notifications/initialized", {}, None))
    if not (yield from talk.received(note, "notifications/initialized")):
        return Turn("initialize", revision, note, "notifications/initialized")
    turn = yield from rest(talk, transport, answer.result)
    yield from transport.end()
    return turn
