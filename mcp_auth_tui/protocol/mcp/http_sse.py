"""Knows the HTTP+SSE transport of 2024-11-05: a stream to read, an endpoint to post to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mcp_auth_tui.model import Exchange, Failure, Field, Kind, Learned, Request
from mcp_auth_tui.protocol.actions import Close, FlowStop, Open, Protocol, Read
from mcp_auth_tui.protocol.mcp import jsonrpc
from mcp_auth_tui.protocol.mcp.event_stream import Event, Parser
from mcp_auth_tui.protocol.mcp.exchange import Talk, Turn, negotiated, opening, rest
from mcp_auth_tui.protocol.mcp.jsonrpc import Answer
from mcp_auth_tui.protocol.mcp.refusals import not_mcp
from mcp_auth_tui.protocol.tokens import dpop as proofs
from mcp_auth_tui.protocol.urls import join, same_origin, split

_READS = 200


@dataclass(slots=True)
class OldSse:
    """One event stream and the endpoint that it named."""

    talk: Talk
    stream: int
    parser: Parser
    pending: list[Event]
    endpoint: str = ""
    era: str = "sse"
    revision: str = "2024-11-05"

    def next(self) -> Protocol[Event | None]:
        """Return the next event, or None when the stream ended."""
        for _ in range(_READS):
            if self.pending:
                return self.pending.pop(0)
            chunk: bytes | Failure = yield Read(self.stream)
            if isinstance(chunk, Failure) or not chunk:
                return None
            self.pending += self.parser.feed(chunk)
        return None

    def post(self, method: str, params: Mapping[str, Any], id: int | None) -> Protocol[Exchange]:
        """Send one message to the endpoint that the stream named."""
        exchange = yield from self.talk.send(
            jsonrpc.stateful(
                self.talk.judge.stage,
                self.endpoint,
                method,
                params,
                id=id,
                token=self.talk.token,
                purpose=f"{method}, {self.talk.purpose}",
            )
        )
        return exchange

    def ask(
        self, method: str, params: Mapping[str, Any]
    ) -> Protocol[tuple[Exchange, Answer | None]]:
        """Ask; the answer is None at a 401 or 403."""
        id = self.talk.number()
        exchange = yield from self.post(method, params, id)
        if not (yield from self.talk.received(exchange, method)):
            return exchange, None
        while (event := (yield from self.next())) is not None:
            message = jsonrpc.loaded(event.data)
            if isinstance(message, dict) and message.get("id") == id and "method" not in message:
                return exchange, jsonrpc.read(message)
        return exchange, Answer(fault="the event stream ended without the answer")


def converse(talk: Talk) -> Protocol[Turn]:
    """Open the event stream and speak over it; raises `FlowStop` when there is none."""
    request = Request(
        talk.judge.stage,
        f"event stream of 2024-11-05, {talk.purpose}",
        "GET",
        talk.url,
        Kind.MCP,
        (
            Field(
                "Accept",
                "text/event-stream",
                "the old HTTP+SSE transport",
                "MCP 2026-07-28 versioning",
            ),
            *jsonrpc.authorization(talk.token),
        ),
    )
    if talk.dpop is not None and talk.token is not None:
        request = yield from proofs.proved(talk.judge, talk.dpop, request, talk.token)
    exchange: Exchange = yield Open(request)
    if not (yield from talk.received(exchange, "GET")):
        return Turn("sse", "", exchange, "GET")
    response = exchange.response
    if exchange.status != 200 or response is None or response.media_type != "text/event-stream":
        return not_mcp(talk.judge, exchange, jsonrpc.answer(exchange, 0), talk.told)
    transport = OldSse(talk, exchange.number, Parser(), [])
    try:
        turn = yield from _over_sse(talk, transport, exchange)
    except FlowStop:
        # Not `finally`: a generator that is being closed must not yield.
        yield Close(exchange.number)
        raise
    yield Close(exchange.number)
    return turn


def _over_sse(talk: Talk, transport: OldSse, exchange: Exchange) -> Protocol[Turn]:
    event = yield from transport.next()
    while event is not None and event.name != "endpoint":
        event = yield from transport.next()
    if event is None:
        talk.judge.stop(
            "rs-not-mcp",
            seen="the event stream sent no endpoint event",
            expected="event: endpoint with the URL for messages (MCP 2024-11-05)",
            exchange=exchange,
        )
    transport.endpoint = join(talk.url, event.data.strip())
    # User information would become a Basic header in the token's place.
    if not same_origin(transport.endpoint, talk.url) or "@" in split(transport.endpoint).netloc:
        talk.judge.stop(
            "rs-redirects-token",
            seen=transport.endpoint,
            expected=f"an endpoint on the origin of {talk.url}",
            message="The event stream names a message endpoint on another origin; no token goes"
            " there.",
            exchange=exchange,
            pointer="event: endpoint",
        )
    first, answer = yield from transport.ask("initialize", opening(talk))
    if answer is None:
        return Turn("sse", "", first, "initialize")
    if answer.result is None:
        return not_mcp(talk.judge, first, answer, talk.told)
    transport.revision = negotiated(talk.judge, first, answer.result)
    yield Learned("revision", transport.revision)
    note = yield from transport.post("notifications/initialized", {}, None)
    if not (yield from talk.received(note, "notifications/initialized")):
        return Turn("sse", transport.revision, note, "notifications/initialized")
    return (yield from rest(talk, transport, answer.result))
