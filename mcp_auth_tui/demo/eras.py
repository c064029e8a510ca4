"""Knows which era a request belongs to and what 2026-07-28 demands of its headers; no answers."""

import base64
import binascii

from mcp_auth_tui.demo import rpc
from mcp_auth_tui.loopback.server import Incoming

_NAMED = {"tools/call": "name", "prompts/get": "name", "resources/read": "uri"}
_ONCE = ("mcp-protocol-version", "mcp-method", "mcp-name")


def is_modern(incoming: Incoming, message: rpc.Message) -> bool:
    """Say whether a request is stateless; whatever carries no mark of that belongs to a session.

    The revision that is named decides; of what else there is, only what no older client sends. Some
    send ``Mcp-Method`` beside an older revision and a session id (mcp-remote 0.15).
    """
    version = incoming.header("mcp-protocol-version")
    if rpc.META_VERSION in _meta(message):
        return True
    if version is not None:
        return version not in rpc.LEGACY
    if incoming.header("mcp-session-id") is not None or message["method"] == "initialize":
        return False
    return incoming.header("mcp-method") is not None


def check_modern(incoming: Incoming, message: rpc.Message) -> None:
    """Check `_meta` and headers (SPEC T2); raises RpcError -32020, -32602 or -32022."""
    header, meta = incoming.header("mcp-protocol-version"), _meta(message)
    if header is not None and header != rpc.MODERN and rpc.META_VERSION not in meta:
        raise _unsupported(header)
    if "id" in message and (
        not isinstance(meta.get(rpc.META_VERSION), str)
        or not isinstance(meta.get(rpc.META_CAPABILITIES), dict)
    ):
        raise rpc.RpcError(
            rpc.INVALID_PARAMS, f"params._meta lacks {rpc.META_VERSION} or {rpc.META_CAPABILITIES}"
        )
    if any(_times(incoming, name) > 1 for name in _ONCE):
        raise rpc.RpcError(rpc.HEADER_MISMATCH, "Header mismatch: a header is repeated")
    _match("MCP-Protocol-Version", header, meta.get(rpc.META_VERSION, rpc.MODERN))
    version = meta.get(rpc.META_VERSION, header)
    if version != rpc.MODERN:
        raise _unsupported(str(version))
    if "id" not in message:
        return
    _match("Mcp-Method", incoming.header("mcp-method"), message["method"])
    source = _NAMED.get(message["method"])
    if source is not None:
        _match(
            "Mcp-Name", _decoded(incoming.header("mcp-name")), rpc.params_of(message).get(source)
        )


def check_legacy_version(incoming: Incoming) -> None:
    """Check the version header of a session request (2025-06-18 on); raises RpcError."""
    version = incoming.header("mcp-protocol-version")
    if version is not None and version not in rpc.LEGACY:
        raise _unsupported(version)


def _meta(message: rpc.Message) -> rpc.Message:
    meta = rpc.params_of(message).get("_meta")
    return meta if isinstance(meta, dict) else {}


def _match(name: str, header: str | None, wanted: object) -> None:
    if header is None:
        raise rpc.RpcError(rpc.HEADER_MISMATCH, f"Header mismatch: {name} is missing")
    if header != wanted:
        raise rpc.RpcError(rpc.HEADER_MISMATCH, f"Header mismatch: {name} differs from the body")


def _unsupported(requested: str) -> rpc.RpcError:
    data = {"supported": [rpc.MODERN], "requested": requested}
    return rpc.RpcError(rpc.UNSUPPORTED_VERSION, "Unsupported protocol version", data=data)


def _times(incoming: Incoming, name: str) -> int:
    return sum(key == name for key, _ in incoming.headers)


def _decoded(value: str | None) -> str | None:
    """Undo the Base64 form of a header value (2026-07-28, value encoding)."""
    if value is None or not (value.startswith("=?base64?") and value.endswith("?=")):
        return value
    try:
        return base64.b64decode(value[9:-2], validate=True).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError):
        return None
