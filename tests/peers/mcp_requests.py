"""MCP requests made by hand with httpx: an independent check of a header the program printed.

Knows the first request of each transport; must not know how the header was obtained.
"""

from __future__ import annotations

from collections.abc import Mapping

import httpx

ACCEPT = "application/json, text/event-stream"
_ACCEPT = {"Accept": ACCEPT}
INITIALIZE = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {
        "protocolVersion": "2025-11-25",
        "capabilities": {},
        "clientInfo": {"name": "yardstick", "version": "1"},
    },
}


def first_answer(client: httpx.Client, url: str, header: Mapping[str, str]) -> int:
    """The status of the first request with `header`: `initialize`, or `GET` of an SSE stream."""
    if url.endswith("/sse"):
        with client.stream("GET", url, headers={"Accept": "text/event-stream", **header}) as opened:
            return opened.status_code
    return client.post(url, json=INITIALIZE, headers={**_ACCEPT, **header}).status_code


def call_tool(
    client: httpx.Client, url: str, header: Mapping[str, str], name: str
) -> httpx.Response:
    """The answer to `tools/call` on a server that keeps no session."""
    body = {
        "jsonrpc": "2.0",
        "id": 2,
        "method": "tools/call",
        "params": {"name": name, "arguments": {}},
    }
    version = {"MCP-Protocol-Version": "2025-11-25"}
    return client.post(url, json=body, headers={**_ACCEPT, **version, **header})
