"""Knows what all eras of MCP share: judging answers, listing, calling (T1, T4, U1, U2).

It must not know how an era opens a conversation: `stateless`, `stateful` and `oldsse` do.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, NoReturn
from typing import Protocol as Shape

from mcp_auth_tui.model import Exchange, Learned, Level, Request
from mcp_auth_tui.protocol import dpop as proofs
from mcp_auth_tui.protocol import rpc
from mcp_auth_tui.protocol.actions import Protocol
from mcp_auth_tui.protocol.config import NEWEST_INITIALIZE, REVISIONS
from mcp_auth_tui.protocol.dpop import Dpop
from mcp_auth_tui.protocol.judge import Judge
from mcp_auth_tui.protocol.rpc import Answer
from mcp_auth_tui.protocol.urls import join, same_origin
from mcp_auth_tui.protocol.values import Peer, Token

_OPENERS = ("server/discover", "initialize", "GET")
# Refusals that say "not this era" rather than anything about authorization (T3).
LEGACY = frozenset({400, 404, 405, 406, 410, 415, 422})
_PAGES = 20


@dataclass(frozen=True, slots=True)
class Turn:
    """How a conversation ended: at a refusal, or with all that the server told."""

    era: str | None
    revision: str
    refused: Exchange | None = None
    method: str = ""
    peer: Peer | None = None


@dataclass(slots=True)
class Talk:
    """One conversation: its judge, its token and the message ids."""

    judge: Judge
    token: Token | None
    purpose: str
    """``no token`` or ``with the token``, for the log."""
    protected: str = ""
    """The method that the server refused without a token: the one that proves the token."""
    dpop: Dpop | None = None
    id: int = 0

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
        bound = self.dpop if self.token is not None else None
        reader = None if id is None else lambda: rpc.Enough(id)
        return (yield from proofs.send(self.judge, bound, request, token=self.token, enough=reader))

    def received(self, exchange: Exchange, method: str) -> Protocol[bool]:
        """Judge a response before its content; False when it is a 401 or 403.

        Raises `FlowStop` on no answer, redirects, 429/503 and other server errors.
        """
        if (failure := exchange.failure) is not None:
            self.judge.lost(exchange, failure)
        response = exchange.response
        if response is None or response.status in (401, 403):
            return False
        if 300 <= response.status < 400:
            yield from _redirected(self, exchange)
        _overloaded(self.judge, exchange)
        if response.status >= 500:
            wrong_status(self.judge, exchange)
            self.judge.stop(
                "net-http",
                seen=f"HTTP {response.status} to {method}",
                message=f"The MCP server answered {method} with HTTP {response.status}.",
                exchange=exchange,
            )
        if self.token is not None:
            if self.token.access.reveal() in response.text:
                yield from self.judge.note("rs-token-echo", exchange=exchange)
            proof = self.protected in ("", *_OPENERS) or method == self.protected
            if 200 <= response.status < 300 and proof and not self.token.verified:
                self.token = replace(self.token, verified=True)
                yield Learned("token", self.token)
        return True


class Transport(Shape):
    """A way to ask the server something once the conversation is open."""

    era: str
    revision: str

    def ask(
        self, method: str, params: Mapping[str, Any]
    ) -> Protocol[tuple[Exchange, Answer | None]]:
        """Ask; the answer is None when the server refused with 401 or 403."""
        ...


def _redirected(talk: Talk, exchange: Exchange) -> Protocol[None]:
    response = exchange.response
    place = join(exchange.request.url, (response.header("location") if response else "") or "")
    seen = f"HTTP {exchange.status} to {place}"
    if talk.token is not None and not same_origin(place, exchange.request.url):
        talk.judge.stop("rs-redirects-token", seen=seen, exchange=exchange, pointer="location")
    talk.judge.stop(
        "rs-login-redirect",
        seen=seen,
        message="The MCP server answers with a redirect; no MCP message and no token follows one.",
        next=f"If that place is the real MCP endpoint, run again with its URL: {place}",
        exchange=exchange,
        pointer="location",
    )
    yield from ()


def _overloaded(judge: Judge, exchange: Exchange) -> None:
    response = exchange.response
    if response is not None and response.status in (429, 503):
        after = response.header("retry-after")
        judge.stop(
            "net-rate-limited",
            seen=f"HTTP {response.status}" + (f", Retry-After: {after}" if after else ""),
            next=f"Wait {after} (seconds or date) and run again." if after else "",
            exchange=exchange,
            pointer="retry-after",
        )


def _described(result: Mapping[str, Any]) -> dict[str, str]:
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


def rest(talk: Talk, transport: Transport, hello: Mapping[str, Any]) -> Protocol[Turn]:
    """List what the server offers, call the tool that was asked for, and sum up."""
    said = _described(hello)
    peer = Peer(
        transport.era,
        transport.revision,
        said["name"],
        said["version"],
        instructions=said["instructions"],
    )
    turn = Turn(transport.era, transport.revision)
    capabilities = hello.get("capabilities")
    offers = capabilities if isinstance(capabilities, dict) else {}
    methods = [f"{kind}/list" for kind in ("tools", "resources", "prompts") if kind in offers]
    method = methods[0] if methods else ("" if transport.era == "stateless" else "ping")
    names: tuple[str, ...] = ()
    cursor: str | None = None
    for _ in range(_PAGES if method else 0):
        exchange, answer = yield from transport.ask(method, {"cursor": cursor} if cursor else {})
        if answer is None:
            return replace(turn, refused=exchange, method=method)
        if answer.result is None:
            yield from unauthorized_in_200(talk.judge, exchange, answer)
            seen = _shown(exchange, answer)
            gap = f"The server did not answer {method} as MCP says."
            if talk.token is None or not talk.token.verified:
                talk.judge.stop("net-http", seen=seen, message=gap, exchange=exchange)
            yield from talk.judge.note(
                "net-http", seen=seen, message=gap, exchange=exchange, level=Level.ERROR
            )
            break
        names += _names(answer.result.get("tools"))
        following = answer.result.get("nextCursor")
        if not isinstance(following, str) or following == cursor:
            break
        cursor = following
    peer = replace(peer, tools=names if method == "tools/list" else None)
    yield Learned("peer", peer)
    if talk.judge.config.call is not None:
        refused, peer = yield from _call(talk, transport, peer, talk.judge.config.call)
        if refused is not None:
            return replace(turn, refused=refused, method="tools/call", peer=peer)
        yield Learned("peer", peer)
    return replace(turn, peer=peer)


def _call(
    talk: Talk, transport: Transport, peer: Peer, tool: str
) -> Protocol[tuple[Exchange | None, Peer]]:
    params = {"name": tool, "arguments": dict(talk.judge.config.call_args)}
    exchange, answer = yield from transport.ask("tools/call", params)
    if answer is None:
        return exchange, peer
    if answer.result is None:
        talk.judge.stop(
            "net-http",
            seen=_shown(exchange, answer),
            message=f"The tool {tool} could not be called; the headers are good.",
            next="Look at the tool's name and arguments (--call, --call-args).",
            exchange=exchange,
        )
    return None, replace(peer, called=json.dumps(answer.result, ensure_ascii=False))


def _names(tools: Any) -> tuple[str, ...]:
    items = tools if isinstance(tools, list) else []
    names = (item.get("name") for item in items if isinstance(item, dict))
    return tuple(name for name in names if isinstance(name, str))


def _shown(exchange: Exchange, answer: Answer) -> str:
    if answer.fault:
        return f"HTTP {exchange.status}, {answer.fault}"
    return f"HTTP {exchange.status}, JSON-RPC error {answer.code}: {answer.message}"


def unauthorized_in_200(judge: Judge, exchange: Exchange, answer: Answer) -> Protocol[None]:
    """Stop at a refusal that is hidden in a successful response (rs-200-auth-error)."""
    words = answer.message.lower()
    hidden = any(word in words for word in ("unauthor", "unauthenticated", "authenticat"))
    if exchange.status == 200 and answer.code is not None and hidden:
        judge.stop(
            "rs-200-auth-error",
            seen=_shown(exchange, answer),
            exchange=exchange,
            pointer="/error/message",
        )
    yield from ()


def wrong_status(judge: Judge, exchange: Exchange) -> None:
    """Stop at a refusal of the token, or for want of one, that has another status than 401.

    The challenge shows that it is one: only a refusal carries it (RFC 9110 §11.6.1).
    """
    response = exchange.response
    challenges = response.all("www-authenticate") if response else ()
    sent = any(field.name == "Authorization" for field in exchange.request.headers)
    if not challenges or exchange.status < 400:
        return
    shown = ", ".join(challenges)
    if not sent or "invalid_token" in shown:
        judge.stop(
            "rs-invalid-token-not-401" if sent else "rs-wrong-status",
            seen=f"HTTP {exchange.status} with WWW-Authenticate: {shown}",
            expected="HTTP 401 with WWW-Authenticate",
            exchange=exchange,
            pointer="www-authenticate",
        )


def not_mcp(judge: Judge, exchange: Exchange, answer: Answer) -> NoReturn:
    """End the run: whatever answers there is no MCP endpoint (rs-not-mcp)."""
    wrong_status(judge, exchange)
    response = exchange.response
    kind = response.media_type if response else ""
    page = " The answer is a web page." if kind == "text/html" else ""
    judge.stop(
        "rs-not-mcp",
        seen=f"{_shown(exchange, answer)}; content type {kind or 'absent'}.{page}",
        exchange=exchange,
    )


def opening(talk: Talk) -> dict[str, Any]:
    """Return the parameters of ``initialize``."""
    spec = talk.judge.config.spec
    return {
        "protocolVersion": spec if spec in REVISIONS[:-1] else NEWEST_INITIALIZE,
        "capabilities": {},
        "clientInfo": rpc.client_info(talk.judge.config.version),
    }


def negotiated(judge: Judge, exchange: Exchange, result: Mapping[str, Any]) -> str:
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
