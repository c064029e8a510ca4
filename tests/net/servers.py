"""Small servers on loopback for the tests of the network."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from ssl import PROTOCOL_TLS_SERVER, SSLContext

import trustme

from mcp_auth_tui.loopback.server import Incoming, Loopback, Reply
from mcp_auth_tui.model import Field, Kind, Request, Stage

GOOD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
"""An answer that nothing is wrong with."""


def serving(ca: trustme.CA, name: str) -> SSLContext:
    """Return the TLS context of a server of that name."""
    context = SSLContext(PROTOCOL_TLS_SERVER)
    ca.issue_cert(name).configure_cert(context)
    return context


def get(url: str, kind: Kind = Kind.METADATA, **headers: str) -> Request:
    fields = tuple(Field(name, value) for name, value in headers.items())
    return Request(Stage.PROBE, "test", "GET", url, kind, fields)


class Site:
    """A loopback HTTP server that keeps what it was asked."""

    def __init__(self, reply: Callable[[Incoming], Reply] | Reply) -> None:
        self._reply = reply
        self.asked: list[Incoming] = []
        self.url = ""

    async def __call__(self, incoming: Incoming) -> Reply:
        self.asked.append(incoming)
        return self._reply(incoming) if callable(self._reply) else self._reply

    @property
    def connections(self) -> int:
        return len({item.peer for item in self.asked})


@asynccontextmanager
async def site(
    reply: Callable[[Incoming], Reply] | Reply, *, ssl: object = None, host: str = "127.0.0.1"
) -> AsyncIterator[Site]:
    made = Site(reply)
    server = await Loopback.bind(made, host, ssl=ssl)  # type: ignore[arg-type]
    scheme = "https" if ssl else "http"
    made.url = f"{scheme}://{host}:{server.port}"
    try:
        yield made
    finally:
        await server.aclose()


Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def raw(talk: Talk, *, ssl: SSLContext | None = None) -> AsyncIterator[int]:
    """Serve a conversation in octets; yields the port."""
    writers = set[asyncio.StreamWriter]()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.add(writer)
        with suppress(ConnectionError, asyncio.CancelledError):
            await talk(reader, writer)
        writers.discard(writer)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=ssl)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for writer in writers:  # Python 3.12 waits for the connections too
            writer.transport.abort()
        await server.wait_closed()


def says(answer: bytes) -> Talk:
    """Answer one request with these octets and hang up."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await writer.drain()

    return talk


async def hangs(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Take everything and never answer."""
    while await reader.read(1024):
        pass
