"""Knows how MCP messages are written and read on the wire; must not know authorization."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from mcp_auth_tui.model import Exchange, Field, Kind, Request, Secret, Stage
from mcp_auth_tui.model.oauth import Token
from mcp_auth_tui.protocol.config import STATELESS
from mcp_auth_tui.protocol.mcp.event_stream import EventStreamParser
from mcp_auth_tui.protocol.strict_json import encodable
from mcp_auth_tui.records import dataclass

_ACCEPT = "application/json, text/event-stream"
_META = "io.modelcontextprotocol/"
_ENDPOINT = "endpoint"
# A modern server's refusals (SPEC T3): header mismatch, version, missing client capability.
MODERN_ERRORS = frozenset({-32020, -32021, -32022})
# At worst the server keeps a session that nobody uses.
_IDEMPOTENT = frozenset(
    {"server/discover", "initialize", "notifications/initialized", "tools/list", "ping"}
)
_NAMED = {"tools/call": "name", "prompts/get": "name", "resources/read": "uri"}
_RPC, _BASE = "JSON-RPC 2.0 §4", "MCP 2025-11-25 basic"
# Why a message is sent, and what its parameters are for: by its method.
_WHY = {
    "server/discover": ("asks for revisions and capabilities", "MCP 2026-07-28 discovery"),
    "initialize": ("opens the conversation", "MCP 2025-11-25 lifecycle"),
    "notifications/initialized": ("says that it is open", "MCP 2025-11-25 lifecycle"),
    "tools/list": ("a request that changes nothing", "MCP 2025-11-25 tools"),
    "tools/call": ("as asked by --call", "MCP 2025-11-25 tools"),
    "ping": ("a request that changes nothing", "MCP 2025-11-25 ping"),
}
_PARAMS = {
    "initialize": ("revision, capabilities and name of this program", "MCP 2025-11-25 lifecycle"),
    "tools/call": ("the tool and its arguments, as asked by --call-args", "MCP 2025-11-25 tools"),
    "tools/list": ("the page to list", "MCP 2025-11-25 pagination"),
}
_META_WHY = ("_meta says in each request what initialize said once", "MCP 2026-07-28 basic")


@dataclass(frozen=True, slots=True)
class RpcResponse:
    """A JSON-RPC answer, or what stood in its place."""

    result: Mapping[str, Any] | None = None
    code: int | None = None
    message: str = ""
    data: Any = None
    fault: str = ""
    """Why the body is no JSON-RPC answer; empty when it is one."""
    endpoint: bool = False
    """Whether an ``endpoint`` event of HTTP+SSE (MCP 2024-11-05) stood in its place."""

    @property
    def modern(self) -> bool:
        """Whether the error is one that only servers of 2026-07-28 give."""
        return self.code in MODERN_ERRORS


def authorization(token: Token | None) -> tuple[Field, ...]:
    """Return the header that carries the token (U1), with the scheme of its type (D2)."""
    if token is None:
        return ()
    value = Secret(f"{scheme(token)} {token.bearer.reveal()}")
    return (Field("Authorization", value, "the token just obtained", "RFC 6750 §2.1"),)


def scheme(token: Token) -> str:
    """Return the authentication scheme that a token is used with."""
    return "DPoP" if token.type.lower() == "dpop" else "Bearer"


def client_info(version: str) -> dict[str, str]:
    """Return what this program calls itself."""
    return {"name": "mcp-auth-tui", "version": version}


def stateless(
    stage: Stage,
    url: str,
    method: str,
    params: Mapping[str, Any],
    *,
    id: int,
    token: Token | None,
    version: str,
    purpose: str,
) -> Request:
    """Build a request of revision 2026-07-28: no session, everything in each request (T2)."""
    meta = {
        f"{_META}protocolVersion": STATELESS,
        f"{_META}clientCapabilities": {},
        f"{_META}clientInfo": client_info(version),
    }
    headers = [
        Field("Accept", _ACCEPT, "both answers are understood", "MCP 2025-11-25 transports"),
        Field("Content-Type", "application/json", "JSON-RPC", "MCP 2025-11-25 transports"),
        Field(
            "MCP-Protocol-Version", STATELESS, "equal to _meta", "MCP 2026-07-28 streamable HTTP"
        ),
        Field("Mcp-Method", method, "equal to the body's method", "MCP 2026-07-28 streamable HTTP"),
    ]
    if method in _NAMED:
        name = header_value(str(params.get(_NAMED[method], "")))
        headers.append(
            Field("Mcp-Name", name, "equal to the body's name", "MCP 2026-07-28 streamable HTTP")
        )
    body = {"jsonrpc": "2.0", "id": id, "method": method, "params": {**params, "_meta": meta}}
    return _message(stage, url, purpose, headers, body, token)


def stateful(
    stage: Stage,
    url: str,
    method: str,
    params: Mapping[str, Any],
    *,
    id: int | None,
    token: Token | None,
    purpose: str,
    revision: str = "",
    session: Secret | None = None,
) -> Request:
    """Build a request or notification of 2025-11-25 and before (T1); ``id`` None: notification."""
    headers = [
        Field("Accept", _ACCEPT, "both answers are understood", "MCP 2025-11-25 transports"),
        Field("Content-Type", "application/json", "JSON-RPC", "MCP 2025-11-25 transports"),
    ]
    if revision:
        headers.append(
            Field("MCP-Protocol-Version", revision, "as negotiated", "MCP 2025-11-25 transports")
        )
    if session:
        headers.append(
            Field("Mcp-Session-Id", session, "given by initialize", "MCP 2025-11-25 transports")
        )
    body: dict[str, Any] = {"jsonrpc": "2.0", "method": method}
    if id is not None:
        body["id"] = id
    if params:
        body["params"] = dict(params)
    return _message(stage, url, purpose, headers, body, token)


def _reasons(body: Mapping[str, Any]) -> Iterator[Field]:
    """Yield why each member of a message is what it is."""
    method, params = body["method"], body.get("params", {})
    why = {
        "jsonrpc": ("the version that MCP speaks", _RPC),
        "id": ("its answer carries the same", _RPC),
        "method": _WHY.get(method, ("as the conversation goes on", _BASE)),
        "params": _META_WHY if "_meta" in params else _PARAMS.get(method, ("", "")),
    }
    for name in body:
        reason, source = why[name]
        yield Field(name, "", reason, source)


def _message(
    stage: Stage,
    url: str,
    purpose: str,
    headers: list[Field],
    body: Mapping[str, Any],
    token: Token | None,
) -> Request:
    return Request(
        stage,
        purpose,
        "POST",
        url,
        Kind.MCP,
        (*headers, *authorization(token)),
        json=body,
        reasons=tuple(_reasons(body)),
        idempotent=body["method"] in _IDEMPOTENT,
    )


def header_value(value: str) -> str:
    """Return a name fit for a header field; one that is not visible ASCII goes as base64 (T2).

    The encoding ``=?base64?…?=`` is that of the 2026-07-28 transport.
    """
    plain = value.isascii() and value.isprintable() and value == value.strip()
    if plain and not (value.startswith("=?base64?") and value.endswith("?=")):
        return value
    from base64 import b64encode

    return f"=?base64?{b64encode(value.encode()).decode('ascii')}?="


class Enough:
    """Says when an SSE answer to one request is complete, so that reading can stop."""

    def __init__(self, id: int) -> None:
        self._id = id
        self._parser = EventStreamParser()

    def __call__(self, chunk: bytes) -> bool:
        """Take the next octets of the body; True once the answer is in, or none can come."""
        events = self._parser.feed(chunk)
        return any(event.name == _ENDPOINT or _is_answer(event.data, self._id) for event in events)


def _is_answer(data: str, id: int) -> bool:
    message = loads(data)
    return isinstance(message, dict) and message.get("id") == id and "method" not in message


def loads(text: str) -> Any:
    """Read a JSON text; None when it is none, or holds text that could not be sent back."""
    try:
        value = json.loads(text)
        encodable(value)
    except (ValueError, RecursionError):
        return None
    return value


def answer(exchange: Exchange, id: int) -> RpcResponse:
    """Read the JSON-RPC answer out of a response, JSON or SSE (T1)."""
    response = exchange.response
    if response is None:
        return RpcResponse(fault="there was no answer")
    if response.media_type == "text/event-stream":
        for event in EventStreamParser().feed(response.body + b"\n\n"):
            if _is_answer(event.data, id):
                return read(loads(event.data))
            if event.name == _ENDPOINT:
                return RpcResponse(
                    fault="an endpoint event of HTTP+SSE (2024-11-05)", endpoint=True
                )
        return RpcResponse(fault="the event stream ended without the answer")
    if not response.body.strip():
        return RpcResponse(fault="the body is empty")
    message = loads(response.text)
    if message is None:
        kind = response.media_type or "no content type"
        return RpcResponse(fault=f"the body is not JSON ({kind})")
    return read(message)


def read(message: Any) -> RpcResponse:
    """Read one JSON-RPC message that should be an answer."""
    if not isinstance(message, dict) or message.get("jsonrpc") != "2.0":
        return RpcResponse(fault="the body is JSON, but no JSON-RPC 2.0 message")
    error = message.get("error")
    if isinstance(error, dict):
        code = error.get("code")
        text = error.get("message")
        return RpcResponse(
            code=code if isinstance(code, int) else 0,
            message=text if isinstance(text, str) else "",
            data=error.get("data"),
        )
    result = message.get("result")
    if isinstance(result, dict):
        return RpcResponse(result=result)
    return RpcResponse(fault="the JSON-RPC message has neither a result nor an error")
