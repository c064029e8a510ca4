"""Knows how much an answer may hold, and how more is told; must not know how it came."""

from __future__ import annotations

from mcp_auth_tui.model import Failure, Kind, Whose

HEAD_LIMIT = 32 * 1024
BODY_LIMITS = {
    Kind.METADATA: 256 * 1024,
    Kind.TOKEN: 64 * 1024,
    Kind.PAGE: 1024 * 1024,
    Kind.MCP: 4 * 1024 * 1024,
}
_BODY_NAMES = {
    Kind.METADATA: "a metadata document",
    Kind.TOKEN: "an answer of a token or registration endpoint",
    Kind.PAGE: "a page",
    Kind.MCP: "an MCP answer",
}


def head_too_large(where: str) -> Failure:
    """Say that the header fields of an answer are over the limit."""
    return Failure(
        "net-oversize",
        f"{where} answered with header fields of more than {HEAD_LIMIT // 1024} KB, the limit.",
        f"Send fewer or shorter header fields: all of them together have {HEAD_LIMIT // 1024} KB.",
        Whose.SERVER,
    )


def body_too_large(where: str, kind: Kind) -> Failure:
    """Say that a body is over the limit of its kind."""
    limit = BODY_LIMITS[kind] // 1024
    size = f"{limit} KB" if limit < 1024 else f"{limit // 1024} MB"
    return Failure(
        "net-oversize",
        f"{where} sent more than {size}, the limit for {_BODY_NAMES[kind]}.",
        whose=Whose.SERVER,
    )
