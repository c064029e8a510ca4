"""A loopback server that is a thousand MCP servers: one address of 127.0.0.0/8 for each.

``python -m tests.bench.endpoints [DELAY]`` prints its port and serves until its input ends; each
answer takes so many seconds (0). It does as little as it can, so that the client is measured.
"""

from __future__ import annotations

import asyncio
import json
import sys
from functools import partial


def url(number: int, port: int) -> str:
    """Return the MCP URL of one of them; each has an origin of its own."""
    return f"http://127.{1 + number // 62_500}.{number // 250 % 250}.{1 + number % 250}:{port}/mcp"


def _answer(status: str, headers: str, body: bytes) -> bytes:
    return (
        f"HTTP/1.1 {status}\r\nDate: Mon, 01 Jan 2024 00:00:00 GMT\r\n{headers}"
        f"Content-Length: {len(body)}\r\n\r\n"
    ).encode() + body


def answer(target: str, origin: str) -> bytes:
    """Answer one request as a server that keeps every rule."""
    kind = "Content-Type: application/json\r\n"
    if target == "/mcp":
        place = f"{origin}/.well-known/oauth-protected-resource/mcp"
        head = f'WWW-Authenticate: Bearer resource_metadata="{place}", scope="notes"\r\n'
        return _answer("401 Unauthorized", head + kind, b'{"error": "unauthorized"}')
    if target == "/.well-known/oauth-protected-resource/mcp":
        document: dict[str, object] = {
            "resource": f"{origin}/mcp",
            "authorization_servers": [origin],
            "scopes_supported": ["notes"],
            "bearer_methods_supported": ["header"],
        }
        return _answer("200 OK", kind, json.dumps(document).encode())
    if target == "/.well-known/oauth-authorization-server":
        document = {
            "issuer": origin,
            "authorization_endpoint": f"{origin}/authorize",
            "token_endpoint": f"{origin}/token",
            "registration_endpoint": f"{origin}/register",
            "scopes_supported": ["notes"],
            "response_types_supported": ["code"],
            "grant_types_supported": ["authorization_code", "refresh_token"],
            "token_endpoint_auth_methods_supported": ["none"],
            "code_challenge_methods_supported": ["S256"],
            "authorization_response_iss_parameter_supported": True,
            "client_id_metadata_document_supported": True,
            "protected_resources": [f"{origin}/mcp"],
        }
        return _answer("200 OK", kind, json.dumps(document).encode())
    return _answer("404 Not Found", kind, b"{}")


class _Connection(asyncio.Protocol):
    def __init__(self, delay: float) -> None:
        self._held, self._delay = b"", delay

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        host, port = transport.get_extra_info("sockname")[:2]
        self._origin = f"http://{host}:{port}"

    def data_received(self, data: bytes) -> None:
        self._held += data
        while (end := self._held.find(b"\r\n\r\n")) >= 0:
            head = self._held[:end].decode("latin-1")
            length = 0
            for line in head.split("\r\n")[1:]:
                name, _, value = line.partition(":")
                if name.lower() == "content-length":
                    length = int(value)
            if len(self._held) < end + 4 + length:
                return
            self._held = self._held[end + 4 + length :]
            octets = answer(head.split(" ", 2)[1], self._origin)
            asyncio.get_running_loop().call_later(self._delay, self._write, octets)

    def _write(self, octets: bytes) -> None:
        if not self._transport.is_closing():
            self._transport.write(octets)


async def _serve(delay: float) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(partial(_Connection, delay), "0.0.0.0", 0, backlog=512)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    server.close()


if __name__ == "__main__":
    asyncio.run(_serve(float(sys.argv[1]) if sys.argv[1:] else 0.0))
