"""Knows the HTTP+SSE transport of 2024-11-05: a stream to read, an endpoint to post to.

However the stream drips, the whole conversation has a limit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Any

from mcp_auth_tui.model import Exchange, Failure, Field, Kind, Learned, Request
from mcp_auth_tui.protocol.actions import Close, FlowStop, Now, Open, Protocol, Read
from mcp_auth_tui.protocol.mcp import jsonrpc
from mcp_auth_tui.protocol.mcp.event_stream import Event, EventStreamParser
from mcp_auth_tui.protocol.mcp.exchange import Conversation, ConversationEnd, list_and_call
from mcp_auth_tui.protocol.mcp.jsonrpc import RpcResponse
from mcp_auth_tui.protocol.mcp.opening import initialize, negotiated_revision
from mcp_auth_tui.protocol.mcp.refusals import not_mcp
from mcp_auth_tui.protocol.tokens.dpop import with_proof
from mcp_auth_tui.protocol.urls import join, same_origin, split
from mcp_auth_tui.records import dataclass

SECONDS = 30.0
"""How long one conversation may wait for events, in all."""


@dataclass(slots=True)
class HttpSse:
    """One event stream and the endpoint that it named."""

    conversation: Conversation
    stream: int
    parser: EventStreamParser
    until: float
    """When the conversation is over, in seconds since the epoch."""
    pending: list[Event] = field(default_factory=list)
    lack: str = "the event stream ended"
    """Why no event comes any more."""
    endpoint: str = ""
    era: str = "sse"
    revision: str = "2024-11-05"

    def next(self) -> Protocol[Event | None]:
        """Return the next event, or None when none can come any more: `lack` says why."""
        while not self.pending:
            now: float = yield Now()
            if now >= self.until:
                self.lack = f"the conversation was given up after {SECONDS:g} s in all"
                return None
            chunk: bytes | Failure = yield Read(self.stream, self.until - now)
            if isinstance(chunk, Failure):
                self.lack = chunk.message.rstrip(".")
                return None
            if not chunk:
                return None
            self.pending += self.parser.feed(chunk)
        return self.pending.pop(0)

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
                answer = jsonrpc.read(message)
                if answer.result is not None:
                    self.conversation.answered_well(method)
                return exchange, answer
        if exchange.status in (200, 202, 204):
            self.conversation.judge.stop(
                "rs-sse-silent",
                seen=f"no answer to {method} with the id {id}: {self.lack}",
                exchange=exchange,
            )
        return exchange, RpcResponse(fault=f"no answer came on the event stream: {self.lack}")


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
    request = conversation.with_headers(request)
    judge, dpop, token = conversation.judge, conversation.dpop, conversation.token
    if dpop is not None and token is not None:
        request = yield from with_proof(judge, dpop, request, token)
    exchange: Exchange = yield Open(request)
    if not (yield from conversation.received(exchange, "GET")):
        return ConversationEnd("sse", "", exchange, "GET")
    response = exchange.response
    if exchange.status != 200 or response is None or response.media_type != "text/event-stream":
        return not_mcp(conversation.judge, exchange, jsonrpc.answer(exchange, 0), conversation.told)
    conversation.answered_well("GET")
    began: float = yield Now()
    transport = HttpSse(conversation, exchange.number, EventStreamParser(), began + SECONDS)
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
            seen=f"the event stream sent no endpoint event: {transport.lack}",
            expected="event: endpoint with the URL for messages (MCP 2024-11-05)",
            exchange=exchange,
        )
    transport.endpoint = join(conversation.url, event.data.strip())
    # User information would become a Basic header in the token's place.
    if (
        not same_origin(transport.endpoint, conversation.url)
        or "@" in split(transport.endpoint).netloc
    ):
        conversation.judge.stop(
            "rs-redirects-token",
            seen=transport.endpoint,
            expected=f"an endpoint on the origin of {conversation.url}",
            message="The event stream names a message endpoint on another origin; no token goes"
            " there.",
            exchange=exchange,
            pointer="event: endpoint",
        )
    first, answer = yield from initialize(conversation, transport)
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
