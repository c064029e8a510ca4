"""Knows what an answer to initialize says about revisions of MCP; must not know how one is sent.

A server answers a revision that it does not know with its own (MCP 2025-11-25 lifecycle, Version
Negotiation). Some refuse it instead, in JSON-RPC or before it is read.
"""

from __future__ import annotations

import json
import re
from typing import NamedTuple

from mcp_auth_tui.model import Exchange
from mcp_auth_tui.protocol.config import REVISIONS
from mcp_auth_tui.protocol.mcp.jsonrpc import RpcResponse

# What initialize may open with, newest first.
OPENING = (*REVISIONS[-2::-1], "2024-11-05")
_DATE = r"\b20\d\d-\d\d-\d\d\b"
_ABOUT = r"(?i)(protocol|supported)[\s_-]*version|version[^a-z]+(is |are )?(not )?supported"
# The error of 2026-07-28 for it.
_UNSUPPORTED = -32022
_READ = 4096


class Refusal(NamedTuple):
    """A refusal of initialize over its revision."""

    asked: str
    listed: tuple[str, ...]
    """Every revision that the refusal names but the one that was asked for."""

    @property
    def common(self) -> str:
        """The newest revision that both know; empty where the refusal names none."""
        return next((revision for revision in OPENING if revision in self.listed), "")

    @property
    def older(self) -> str:
        """The next older revision that can be chosen by hand; empty where there is none."""
        return next((revision for revision in OPENING[:-1] if revision < self.asked), "")


def refusal(exchange: Exchange, answer: RpcResponse) -> Refusal | None:
    """Return what an error to initialize says about its revision; None where it is another."""
    response = exchange.response
    if answer.result is not None or response is None or exchange.status >= 500:
        return None
    body = response.text[:_READ]
    if answer.code is None and (exchange.status < 400 or "<" in body[:64]):
        return None
    text = f"{answer.message} {json.dumps(answer.data)}" if answer.code is not None else body
    if answer.code != _UNSUPPORTED and not re.search(_ABOUT, text):
        return None
    params = (exchange.request.json or {}).get("params") or {}
    asked = str(params.get("protocolVersion", ""))
    listed = dict.fromkeys(item for item in re.findall(_DATE, text) if item != asked)
    return Refusal(asked, tuple(listed))
