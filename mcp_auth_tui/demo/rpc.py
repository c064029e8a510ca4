"""Knows MCP messages, both eras of them, and the practice tools; must not know HTTP or tokens.

Wire shapes: MCP 2026-07-28 (basic, discover, tools), 2025-03-26 to 2025-11-25 (lifecycle, tools).
"""

import json
from collections.abc import Mapping
from dataclasses import field
from pathlib import Path
from typing import Any

from mcp_auth_tui import __version__
from mcp_auth_tui.records import dataclass

Message = dict[str, Any]

MODERN = "2026-07-28"
LEGACY = ("2025-11-25", "2025-06-18", "2025-03-26")
OLDEST = "2024-11-05"

PARSE_ERROR = -32700
INVALID_REQUEST = -32600
METHOD_NOT_FOUND = -32601
INVALID_PARAMS = -32602
HEADER_MISMATCH = -32020
UNSUPPORTED_VERSION = -32022

META_VERSION = "io.modelcontextprotocol/protocolVersion"
META_CAPABILITIES = "io.modelcontextprotocol/clientCapabilities"
META_SERVER = "io.modelcontextprotocol/serverInfo"

# What a tool needs, judged before the tool is reached (MCP 2026-07-28, scope challenge handling).
NEEDED_SCOPE: Mapping[str, str] = {"add_note": "notes:write"}

_SERVER = {"name": "practice-notes", "title": "Practice notes", "version": __version__}
_INSTRUCTIONS = "A practice server: its notes last as long as it runs."
_CAPABILITIES: Mapping[str, object] = {"tools": {}}
_CACHE = {"ttlMs": 60_000, "cacheScope": "public"}
_MAX_NOTES = 100
_MAX_NOTE = 500
_TOOLS = json.loads(Path(__file__).with_name("tools.json").read_text(encoding="utf-8"))


class RpcError(Exception):
    """A JSON-RPC error; `status` is the HTTP status it travels with."""

    def __init__(self, code: int, message: str, status: int = 400, data: object = None) -> None:
        super().__init__(message)
        self.code = code
        self.status = status
        self.data = data


@dataclass(frozen=True, slots=True)
class Caller:
    """Whom a call is made for."""

    subject: str
    client_id: str
    scopes: tuple[str, ...]


@dataclass(slots=True)
class Notes:
    """The notes, which anybody signed in shares; the oldest goes when there are 100."""

    texts: list[str] = field(
        default_factory=lambda: ["Buy bread", "Water the plants", "Call Ada about the boat"]
    )

    def call(self, params: Message, caller: Caller) -> Message:
        """Run a tool; raises RpcError for a tool that does not exist."""
        name, arguments = params.get("name"), params.get("arguments") or {}
        match name:
            case "list_notes":
                return _text("\n".join(f"{n}. {text}" for n, text in enumerate(self.texts, 1)))
            case "add_note":
                return self._add(arguments)
            case "whoami":
                scopes = " ".join(caller.scopes)
                return _text(f"{caller.subject}, through {caller.client_id}, with {scopes}")
        raise RpcError(INVALID_PARAMS, "unknown tool")

    def _add(self, arguments: object) -> Message:
        text = arguments.get("text") if isinstance(arguments, dict) else None
        if not isinstance(text, str) or not 0 < len(text) <= _MAX_NOTE:
            return _text(f"text must be a string of 1 to {_MAX_NOTE} characters", failed=True)
        self.texts = [*self.texts, text][-_MAX_NOTES:]
        return _text(f"Noted; there are {len(self.texts)} notes now.")


def read_message(body: bytes) -> Message:
    """Read one JSON-RPC request or notification; raises RpcError for anything else."""
    try:
        message = json.loads(body)
    except (ValueError, RecursionError):
        raise RpcError(PARSE_ERROR, "the body is not JSON") from None
    if (
        not isinstance(message, dict)
        or message.get("jsonrpc") != "2.0"
        or not isinstance(message.get("method"), str)
        or not isinstance(message.get("params", {}), dict)
        or ("id" in message and not _is_id(message["id"]))
    ):
        raise RpcError(INVALID_REQUEST, "the body is not one JSON-RPC request or notification")
    return message


def params_of(message: Message) -> Message:
    """Return the parameters, empty when there are none."""
    params: Message = message.get("params", {})
    return params


def answer_modern(message: Message, notes: Notes, caller: Caller) -> Message:
    """Answer a request of 2026-07-28; raises RpcError."""
    match message["method"]:
        case "server/discover":
            result: Message = {
                "supportedVersions": [MODERN],
                "capabilities": dict(_CAPABILITIES),
                "instructions": _INSTRUCTIONS,
                **_CACHE,
            }
        case "tools/list":
            result = {"tools": _TOOLS, **_CACHE}
        case "tools/call":
            result = notes.call(params_of(message), caller)
        case _:
            raise RpcError(METHOD_NOT_FOUND, "method not found", 404)
    return as_result(message, {"resultType": "complete", **result, "_meta": {META_SERVER: _SERVER}})


def answer_legacy(message: Message, notes: Notes, caller: Caller) -> Message:
    """Answer a request of a session (2024-11-05 to 2025-11-25), `initialize` excepted."""
    match message["method"]:
        case "ping":
            return as_result(message, {})
        case "tools/list":
            return as_result(message, {"tools": _TOOLS})
        case "tools/call":
            return as_result(message, notes.call(params_of(message), caller))
    raise RpcError(METHOD_NOT_FOUND, "method not found", 404)


def answer_initialize(message: Message, versions: tuple[str, ...]) -> tuple[str, Message]:
    """Open a session; return the agreed version, the newest of `versions` unless asked for less."""
    asked = params_of(message).get("protocolVersion")
    version = asked if isinstance(asked, str) and asked in versions else versions[0]
    result = {
        "protocolVersion": version,
        "capabilities": dict(_CAPABILITIES),
        "serverInfo": _SERVER,
        "instructions": _INSTRUCTIONS,
    }
    return version, as_result(message, result)


def as_result(message: Message, result: Message) -> Message:
    """Wrap a result for the request it answers."""
    return {"jsonrpc": "2.0", "id": message["id"], "result": result}


def as_error(error: RpcError, message: Message | None = None) -> Message:
    """Wrap an error; without a readable request it has no id (MCP 2026-07-28, error responses)."""
    known = {"id": message["id"]} if message is not None and "id" in message else {}
    data = {} if error.data is None else {"data": error.data}
    return {"jsonrpc": "2.0", **known, "error": {"code": error.code, "message": str(error), **data}}


def _is_id(value: object) -> bool:
    return isinstance(value, str | int) and not isinstance(value, bool)


def _text(text: str, *, failed: bool = False) -> Message:
    return {"content": [{"type": "text", "text": text}], "isError": failed}
