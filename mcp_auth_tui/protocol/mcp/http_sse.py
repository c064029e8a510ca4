"""Knows the HTTP+SSE transport of 2024-11-05: a stream to read, an endpoint to post to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mcp_auth_tui.model import Exchange, Failure, Field, Kind, Learned, Request
from mcp_auth_tui.protocol.actions import Close, FlowStop, Open, Protocol, Read
from mcp_auth_tui.protocol.mcp import jsonrpc
from mcp_auth_tui.protocol.mcp.event_stream import Event, EventStreamParser
from mcp_auth_tui.protocol.mcp.exchange import (
    Conversation,
    ConversationEnd,
    initialize_params,
    list_and_call,
    negotiated_revision,
)
from mcp_auth_tui.protocol.mcp.jsonrpc import RpcResponse
from mcp_auth_tui.protocol.mcp.refusals import not_mcp
from mcp_auth_tui.protocol.tokens.dpop import with_proof
from mcp_auth_tui.protocol.urls import join, same_origin, split

_READS = 200


@dataclass(slots=True)
class HttpSse:
    """One event stream and the endpoint that it named."""

    conversation: Conversation
    stream: int
    parser: EventStreamParser
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
        exchange = yield from self.conversation.send(
            jsonrpc.stateful(
                self.conversation.judge.stage,
                self.endpoint,
                method,
                params,
                id=id,
                token=self.conversation.token,
                purpose=f"{method}, {self.conversation.purpose}",
            )
        )
        return exchange

    def ask(
        self, method: str, params: Mapping[str, Any]
    ) -> Protocol[tuple[Exchange, RpcResponse | None]]:
        """Ask; the answer is None at a 401 or 403."""
        id = self.conversation.number()
        exchange = yield from self.post(method, params, id)
        if not (yield from self.conversation.received(exchange, method)):
            return exchange, None
        while (event := (yield from self.next())) is not None:
            message = jsonrpc.loads(event.data)
            if isinstance(message, dict) and message.get("id") == id and "method" not in message:
                return exchange, jsonrpc.read(message)
        return exchange, RpcResponse(fault="the event stream ended without the answer")


def converse(conversation: Conversation) -> Protocol[ConversationEnd]:
    """Open the event stream and speak over it; raises `FlowStop` when there is none."""
    request = Request(
        conversation.judge.stage,
        f"event stream of 2024-11-05, {conversation.purpose}",
        "GET",
        conversation.url,
        Kind.MCP,
        (
            Field(
                "Accept",
                "text/event-stream",
                "the old HTTP+SSE transport",
                "MCP 2026-07-28 versioning",
            ),
            *jsonrpc.authorization(conversation.token),
        ),
    )
    judge, dpop, token = conversation.judge, conversation.dpop, conversation.token
    if dpop is not None and token is not None:
        request = yield from with_proof(judge, dpop, request, token)
    exchange: Exchange = yield Open(request)
    if not (yield from conversation.received(exchange, "GET")):
        return ConversationEnd("sse", "", exchange, "GET")
    response = exchange.response
    if exchange.status != 200 or response is None or response.media_type != "text/event-stream":
        return not_mcp(conversation.judge, exchange, jsonrpc.answer(exchange, 0), conversation.told)
    transport = HttpSse(conversation, exchange.number, EventStreamParser(), [])
    try:
        end = yield from _over_sse(conversation, transport, exchange)
    except FlowStop:
        # Not `finally`: a generator that is being closed must not yield.
        yield Close(exchange.number)
        raise
    yield Close(exchange.number)
    return end


def _over_sse(
    conversation: Conversation, transport: HttpSse, exchange: Exchange
) -> Protocol[ConversationEnd]:
    event = yield from transport.next()
    while event is not None and event.name != "endpoint":
        event = yield from transport.next()
    if event is None:
        conversation.judge.stop(
            "rs-not-mcp",
            seen="the event stream sent no endpoint event",
            expected="event: endpoint with the URL for messages (MCP 2024-11-05)",
            exchange=exchange,
        )
    transport.endpoint = place = join(conversation.url, event.data.strip())
    # User information would become a Basic header in the token's place.
    if not same_origin(place, conversation.url) or "@" in split(place).netloc:
        conversation.judge.stop(
            "rs-redirects-token",
            seen=transport.endpoint,
            expected=f"an endpoint on the origin of {conversation.url}",
            message="The event stream names a message endpoint on another origin; no token goes"
            " there.",
            exchange=exchange,
            pointer="event: endpoint",
        )
    first, answer = yield from transport.ask("initialize", initialize_params(conversation))
    if answer is None:
        return ConversationEnd("sse", "", first, "initialize")
    if answer.result is None:
        return not_mcp(conversation.judge, first, answer, conversation.told)
    transport.revision = negotiated_revision(conversation.judge, first, answer.result)
    yield Learned("revision", transport.revision)
    note = yield from transport.post("notifications/initialized", {}, None)
    if not (yield from conversation.received(note, "notifications/initialized")):
        return ConversationEnd("sse", transport.revision, note, "notifications/initialized")
    return (yield from list_and_call(conversation, transport, answer.result))
