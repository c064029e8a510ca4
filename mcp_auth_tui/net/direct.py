"""Knows the connections to origins that no proxy is before; must not know what is sent on them.

An httpx transport on asyncio and h11. The one that comes with httpx resolves names by itself, so
that an address could not be judged once and then be the one that is connected to (SPEC 6). The pool
under it can be given a resolver, but loads a library for other event loops first: a seventh of the
time, and two megabytes, until the first request is out.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Iterable

import httpx

from mcp_auth_tui.net.addresses import Guard, Unreachable, unanswered
from mcp_auth_tui.net.connection import Connection
from mcp_auth_tui.net.dial import open_connection, reach
from mcp_auth_tui.net.meter import Meter


class Direct(httpx.AsyncBaseTransport):
    """A transport over connections that are kept, each for one exchange at a time."""

    def __init__(self, guard: Guard, context: ssl.SSLContext | None) -> None:
        self._guard = guard
        self._context = context
        self._idle: dict[tuple[str, int], list[Connection]] = {}
        self._busy: set[Connection] = set()
        if context is not None:
            context.set_alpn_protocols(["http/1.1"])

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request; the body of the answer is read later."""
        limits, meter = request.extensions["timeout"], request.extensions["meter"]
        origin = _origin(request.url)
        connection = await self._kept(origin) or await self._dial(origin, limits["connect"], meter)
        self._busy.add(connection)
        try:
            target = request.extensions["octets of the target"]
            head = await connection.ask(request, target, limits["read"], meter)
        except BaseException as error:
            self._drop(connection)
            if isinstance(error, httpx.TransportError):
                # A server that lost one lost them all: who asks again needs a new connection.
                self._close(self._idle.pop(origin, []))
            raise
        return httpx.Response(
            head.status_code,
            headers=head.headers.raw_items(),
            stream=_Body(self, origin, connection, limits["read"], meter),
            extensions={"http_version": b"HTTP/" + head.http_version},
        )

    async def warm(self, host: str, port: int, limit: float) -> None:
        """Have a connection ready for the next request; nothing is sent on it.

        ``limit`` is in seconds. Raises `Unreachable` and `httpx.TransportError`.
        """
        origin = (host, port)
        connection = await self._kept(origin) or await self._dial(origin, limit, Meter())
        self._idle.setdefault(origin, []).append(connection)

    async def aclose(self) -> None:
        """Close every connection."""
        for kept in (self._busy, *self._idle.values()):
            self._close(kept)
        self._busy.clear()
        self._idle.clear()

    def release(self, origin: tuple[str, int], connection: Connection) -> None:
        """Keep a connection whose exchange is over, or close it where it cannot be used again."""
        if connection not in self._busy:
            return
        if connection.renew():
            self._busy.discard(connection)
            self._idle.setdefault(origin, []).append(connection)
        else:
            self._drop(connection)

    def _drop(self, connection: Connection) -> None:
        self._busy.discard(connection)
        connection.close()

    @staticmethod
    def _close(connections: Iterable[Connection]) -> None:
        for connection in connections:
            connection.close()

    async def _kept(self, origin: tuple[str, int]) -> Connection | None:
        kept = self._idle.get(origin, [])
        if kept:
            for _ in range(2):  # the loop looks at its sockets, and then hands over what it saw
                await asyncio.sleep(0)
        while kept:  # nothing is awaited here: who is cancelled would leave one that nobody closes
            connection = kept.pop()
            if connection.alive:
                return connection
            connection.close()
        return None

    async def _dial(self, origin: tuple[str, int], limit: float, meter: Meter) -> Connection:
        """Connect to a host, and to no address of it that was not judged."""
        host, port = origin
        meter.begin("connect")
        try:
            async with asyncio.timeout(limit):
                addresses = await self._guard.addresses(host, port)
        except TimeoutError as error:
            raise Unreachable(unanswered(host, limit)) from error
        end = await reach(addresses, port, limit)
        meter.end("connect")
        if self._context is not None:
            meter.begin("tls")
        connection = await open_connection(end, self._context, host, limit)
        meter.end("tls")
        return connection


class _Body(httpx.AsyncByteStream):
    def __init__(
        self,
        wire: Direct,
        origin: tuple[str, int],
        connection: Connection,
        wait: float,
        meter: Meter,
    ) -> None:
        self._wire = wire
        self._origin = origin
        self._connection = connection
        self._wait = wait
        self._meter = meter

    async def __aiter__(self) -> AsyncIterator[bytes]:
        self._meter.phase = "read"
        async for chunk in self._connection.chunks(self._wait):
            yield chunk

    async def aclose(self) -> None:
        self._wire.release(self._origin, self._connection)


def _origin(url: httpx.URL) -> tuple[str, int]:
    return url.raw_host.decode("ascii"), url.port or {"https": 443}.get(url.scheme, 80)
