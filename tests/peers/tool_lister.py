"""A program on the MCP Python SDK that lists tools with the token in its environment.

``python tool_lister.py URL`` prints one JSON document: the tools' names, and the arguments of every
process that runs meanwhile. Knows nothing of ours.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from contextlib import suppress
from pathlib import Path

from mcp.client import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared._httpx_utils import create_mcp_http_client


async def main(url: str) -> None:
    """List them."""
    header = {"Authorization": f"Bearer {os.environ['MCP_TOKEN']}"}
    async with (
        create_mcp_http_client(headers=header) as http,
        Client(streamable_http_client(url, http_client=http)) as client,
    ):
        names = sorted(tool.name for tool in (await client.list_tools()).tools)
    print(json.dumps({"tools": names, "arguments": running()}))


def running() -> str:
    """Return what `ps` would show of every process."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            found.append(path.read_bytes().replace(b"\0", b" ").decode(errors="replace"))
    return "\n".join(found)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
