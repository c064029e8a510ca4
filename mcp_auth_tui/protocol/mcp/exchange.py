"""Knows what all eras of MCP share: sending, listing, calling (T1, T4, U1, U2).

It must not know how an era opens a conversation: `stateless`, `stateful` and `oldsse` do.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from typing import Protocol as Shape

from mcp_auth_tui.model import Exchange, Field, Learned, Level, Request, Whose
from mcp_auth_tui.model.oauth import Peer, Token
from mcp_auth_tui.protocol import error_answer
from mcp_auth_tui.protocol.actions import Protocol
from mcp_auth_tui.protocol.judge import Judge
from mcp_auth_tui.protocol.mcp import jsonrpc
from mcp_auth_tui.protocol.mcp.jsonrpc import RpcResponse
from mcp_auth_tui.protocol.mcp.refusals import (
    FAILED_METHOD,
    FAILING_CHECK,
    NO_SUCH_METHOD,
    challenging,
    excerpt_of,
    no_answer,
    note_unauthorized_in_200,
    stop_at_redirect,
    wrong_status,
)
from mcp_auth_tui.protocol.tokens.dpop import Dpop, send_with_proof
from mcp_auth_tui.records import dataclass

_OPENERS = ("server/discover", "initialize", "GET")
_PAGES = 20


@dataclass(frozen=True, slots=True)
class ConversationEnd:
    """How a conversation ended: at a refusal, or with all that the server told."""

    era: str | None
    revision: str
    refused: Exchange | None = None
    method: str = ""
    peer: Peer | None = None
    accepted: bool = False
    """Whether the token was taken before that."""


@dataclass(slots=True)
class Conversation:
    """One conversation: its judge, its token and the message ids."""

    judge: Judge
    token: Token | None
    purpose: str
    """``no token`` or ``with the token``, for the log."""
    protected: str = ""
    """The method that the server refused without a token: the one that proves the token."""
    dpop: Dpop | None = None
    id: int = 0
    told: tuple[Exchange, RpcResponse] | None = None
    """The last JSON-RPC error that an era was given up for: it says more than what follows."""
    opening: str = ""
    """The revision to open with; empty: the one that was chosen, or the newest."""
    accepted: bool = False
    """Whether a request that needs the token was answered well with it."""
    peer: Peer | None = None
    """What the server told about itself so far."""
    old: Exchange | None = None
    """The POST that was answered as HTTP+SSE of 2024-11-05."""

    @property
    def url(self) -> str:
        """The MCP URL."""
        return self.judge.config.url

    def number(self) -> int:
        """Return the next message id."""
        self.id += 1
        return self.id

    def send(self, request: Request, id: int | None = None) -> Protocol[Exchange]:
        """Send one message; an answer that streams is read until the message ``id`` is in."""
        request = self.with_headers(request)
        bound = self.dpop if self.token is not None else None
        reader = None if id is None else lambda: jsonrpc.Enough(id)
        return (
            yield from send_with_proof(self.judge, bound, request, token=self.token, enough=reader)
        )

    def with_headers(self, request: Request) -> Request:
        """Return a request to the MCP server with the header fields that a person asked for."""
        given = self.judge.config.headers
        own = (Field(name, value, "as asked by --header") for name, value in given)
        return replace(request, headers=(*request.headers, *own)) if given else request

    def received(self, exchange: Exchange, method: str) -> Protocol[bool]:
        """Judge a response before its content; False when it is a 401 or 403.

        Raises `FlowStop` on no answer, redirects, a demand to wait and server errors.
        """
        if (failure := exchange.failure) is not None:
            self.judge.lost(exchange, failure)
        response = exchange.response
        if response is not None and response.status == 403 and self.accepted:
            self._blocked(exchange, method)
        if response is None or response.status in (401, 403) or self._forced(exchange):
            return False
        if 300 <= response.status < 400:
            if self.judge.config.force and self.token is None and challenging(exchange):
                yield from self.judge.note("rs-login-redirect", exchange=exchange)
                return False
            stop_at_redirect(self.judge, exchange, with_token=self.token is not None)
        self.judge.busy(exchange)
        if response.status == FAILED_METHOD and method == self._trial:
            return True
        if response.status >= 500 and response.status != NO_SUCH_METHOD:
            wrong_status(self.judge, exchange)
            self.judge.stop(
                "net-http",
                seen=error_answer.seen(f"HTTP {response.status} to {method}", exchange),
                message=f"The MCP server answered {method} with HTTP {response.status}.",
                next=FAILING_CHECK if self._fails_over_token else "",
                exchange=exchange,
            )
        if self.token is not None:
            if self.token.bearer.reveal() in response.text:
                yield from self.judge.note("rs-token-echo", exchange=exchange)
            if 200 <= response.status < 300 and self._proves(method) and not self.token.verified:
                self.token = replace(self.token, verified=True)
                yield Learned("token", self.token)
        return True

    @property
    def _trial(self) -> str:
        """The method that no server of before knows: some fail over it, and know the older one."""
        return "server/discover" if self.judge.config.spec == "auto" else ""

    @property
    def _fails_over_token(self) -> bool:
        """Whether a server fails that answers 401 as long as no token is sent."""
        return self.token is not None and not self.accepted and bool(self.protected)

    def _forced(self, exchange: Exchange) -> bool:
        """Whether a challenge with a wrong status is taken for a refusal (``--force``)."""
        response = exchange.response
        if response is None or self.token is not None or not self.judge.config.force:
            return False
        return response.status >= 400 and bool(response.all("www-authenticate"))

    def _proves(self, method: str) -> bool:
        return self.protected in ("", *_OPENERS) or method == self.protected

    def _blocked(self, exchange: Exchange, method: str) -> None:
        """End the conversation where something before the server refuses what it has accepted."""
        words = error_answer.read(exchange)
        if words.blocked:
            self.judge.stop(
                "net-http",
                seen=error_answer.seen(f"HTTP {exchange.status} to {method}", exchange),
                message=f"{words.who[:1].upper()}{words.who[1:]} refused {method}; the MCP server"
                " itself did not answer it.",
                next="Let every POST to the MCP path through the firewall, bot protection or"
                " gateway that answers so.",
                exchange=exchange,
            )

    def answered_well(self, method: str) -> None:
        """Remember that the server answered a method as MCP: with a token, that it is accepted."""
        self.accepted = self.accepted or (self.token is not None and self._proves(method))


class Transport(Shape):
    """A way to ask the server something once the conversation is open."""

    era: str
    revision: str

    def ask(
        self, method: str, params: Mapping[str, Any]
    ) -> Protocol[tuple[Exchange, RpcResponse | None]]:
        """Ask; the answer is None when the server refused with 401 or 403."""
        ...


def _server_texts(result: Mapping[str, Any]) -> dict[str, str]:
    meta = result.get("_meta")
    inner = meta.get("io.modelcontextprotocol/serverInfo") if isinstance(meta, dict) else None
    info = result.get("serverInfo") or inner
    if not isinstance(info, dict):
        info = {}
    texts = {
        "name": info.get("name"),
        "version": info.get("version"),
        "instructions": result.get("instructions"),
    }
    return {key: value if isinstance(value, str) else "" for key, value in texts.items()}


def list_and_call(
    conversation: Conversation, transport: Transport, hello: Mapping[str, Any]
) -> Protocol[ConversationEnd]:
    """List what the server offers, call the tool that was asked for, and sum up."""
    texts = _server_texts(hello)
    peer = Peer(
        transport.era,
        transport.revision,
        texts["name"],
        texts["version"],
        instructions=texts["instructions"],
    )
    conversation.peer = peer
    end = ConversationEnd(transport.era, transport.revision)
    capabilities = hello.get("capabilities")
    offers = capabilities if isinstance(capabilities, dict) else {}
    methods = [f"{kind}/list" for kind in ("tools", "resources", "prompts") if kind in offers]
    method = methods[0] if methods else ("" if transport.era == "stateless" else "ping")
    names: tuple[str, ...] = ()
    cursor: str | None = None
    for _ in range(_PAGES if method else 0):
        exchange, answer = yield from transport.ask(method, {"cursor": cursor} if cursor else {})
        if answer is None:
            return replace(end, refused=exchange, method=method)
        if answer.result is None:
            yield from note_unauthorized_in_200(conversation.judge, exchange, answer)
            seen = excerpt_of(exchange, answer)
            gap, next = no_answer(exchange, answer, method)
            if conversation.token is None or not conversation.token.verified:
                conversation.judge.stop(
                    "net-http", seen=seen, message=gap, next=next, exchange=exchange
                )
            yield from conversation.judge.note(
                "net-http", seen=seen, message=gap, next=next, exchange=exchange, level=Level.ERROR
            )
            break
        names += _names(answer.result.get("tools"))
        following = answer.result.get("nextCursor")
        answer = None  # a long list takes ten times its octets, and nobody needs it any more
        if not isinstance(following, str) or following == cursor:
            break
        cursor = following
    conversation.peer = peer = replace(peer, tools=names if method == "tools/list" else None)
    yield Learned("peer", peer)
    if conversation.judge.config.call is not None:
        refused, peer = yield from _call(
            conversation, transport, peer, conversation.judge.config.call
        )
        if refused is not None:
            return replace(end, refused=refused, method="tools/call", peer=peer)
        yield Learned("peer", peer)
    return replace(end, peer=peer)


def _call(
    conversation: Conversation, transport: Transport, peer: Peer, tool: str
) -> Protocol[tuple[Exchange | None, Peer]]:
    params = {"name": tool, "arguments": dict(conversation.judge.config.call_args)}
    exchange, answer = yield from transport.ask("tools/call", params)
    if answer is None:
        return exchange, peer
    if answer.result is None:
        yield from note_unauthorized_in_200(conversation.judge, exchange, answer)
        known = peer.tools is not None and tool not in peer.tools
        conversation.judge.stop(
            "net-http",
            seen=excerpt_of(exchange, answer),
            message=f"The server lists no tool {tool}."
            if known
            else f"The tool {tool} could not be called.",
            next="Look at the tool's name and arguments (--call, --call-args)."
            if known
            else "Look in the server's log if name and arguments are right.",
            meanwhile="Look at the tool's name and arguments (--call, --call-args).",
            exchange=exchange,
            whose=Whose.CLIENT if known else None,
        )
    if answer.result.get("isError") is True:
        from mcp_auth_tui.protocol.mcp import tool_refusals  # only where a tool fails

        yield from tool_refusals.note_refusal(conversation.judge, exchange, tool, answer.result)
    return None, replace(peer, called=json.dumps(answer.result, ensure_ascii=False))


def _names(tools: Any) -> tuple[str, ...]:
    items = tools if isinstance(tools, list) else []
    names = (item.get("name") for item in items if isinstance(item, dict))
    return tuple(name for name in names if isinstance(name, str))
