"""Knows how to listen on loopback and serve small HTTP/1.1; must not know OAuth, MCP or who asks.

Two users: the callback listener and the practice server. One connection is `http1`'s business.
"""

import asyncio
import errno
import ipaddress
import logging
import socket
import ssl as tls
import sys
from contextlib import suppress

from mcp_auth_tui.loopback.connection import (
    LINGER_SECONDS,
    Connection,
    Handler,
    Incoming,
    Limits,
    OnError,
    Reply,
)

__all__ = ["Handler", "Incoming", "Loopback", "Reply"]

MAX_CONNECTIONS = 128
"""Beyond it a connection that has asked nothing gives its place to the next."""
_PORT_TRIES = 8

_log = logging.getLogger(__name__)


class Loopback:
    """A listening server; it exists only between `bind` and `aclose`."""

    def __init__(self, host: str, port: int) -> None:
        self.host = host
        self.port = port
        self._servers: list[asyncio.Server] = []
        self._tasks: dict[asyncio.Task[None], Connection] = {}
        self._closing = False

    @classmethod
    async def bind(
        cls,
        handler: Handler,
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        ssl: tls.SSLContext | None = None,
        max_body: int = 65536,
        timeout: float = 10.0,
        on_error: OnError | None = None,
    ) -> "Loopback":
        """Listen on `host` and `port` alone (0: any free port) and serve `handler`.

        `localhost` takes 127.0.0.1 and, where the machine has it, ::1 on the same port, so that
        nobody else can own the other half of the name. `timeout` (seconds) bounds the arrival of
        one request and a client that does not read; `max_body` is in bytes.
        `on_error` hears of handlers and streams that raise; the default logs one line.
        Raises ValueError for a host that is not loopback, OSError when the port is taken.
        """
        sockets = _listeners(host, port)
        here = cls(host, sockets[0].getsockname()[1])
        limits = Limits(max_body=max_body, timeout=timeout)

        def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            here._connected(Connection(reader, writer, handler, limits, on_error or _report))

        try:
            for sock in sockets:
                here._servers.append(
                    await asyncio.start_server(
                        connected,
                        sock=sock,
                        ssl=ssl,
                        ssl_handshake_timeout=timeout if ssl else None,
                        ssl_shutdown_timeout=LINGER_SECONDS if ssl else None,
                    )
                )
        except BaseException:
            await here.aclose()
            for sock in sockets:
                sock.close()
            raise
        return here

    async def aclose(self) -> None:
        """Stop accepting and end every open connection; a second call does nothing."""
        self._closing = True
        for server in self._servers:
            server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for server in self._servers:
            # A connection still in its TLS handshake has no task yet and may not hold us up.
            with suppress(TimeoutError):
                async with asyncio.timeout(LINGER_SECONDS):
                    await server.wait_closed()
        self._servers.clear()

    def _connected(self, connection: "Connection") -> None:
        full = len(self._tasks) >= MAX_CONNECTIONS
        if self._closing or (full and not self._make_room()):
            connection.abort()
            return
        task = asyncio.get_running_loop().create_task(connection.run())
        self._tasks[task] = connection
        task.add_done_callback(lambda done: self._tasks.pop(done, None))

    def _make_room(self) -> bool:
        """End the oldest connection that waits for a request; False when all are served now.

        Connections that only stay open (half a request, none at all) must not keep out the browser
        that brings an answer.
        """
        for task, connection in self._tasks.items():
            if connection.waits:
                del self._tasks[task]
                connection.abort()
                task.cancel()
                return True
        return False


def _report(error: Exception) -> None:
    _log.error("a loopback handler failed: %s: %s", type(error).__name__, error)


def _listeners(host: str, port: int) -> list[socket.socket]:
    if host == "localhost":
        return _both_families(port)
    address = ipaddress.ip_address(host)
    # A mapped address (::ffff:127.0.0.1) counts as loopback for Python, yet is neither literal.
    if not address.is_loopback or getattr(address, "ipv4_mapped", None):
        raise ValueError(f"not a loopback host: {host!r}")
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    return [_listener(family, host, port)]


def _both_families(port: int) -> list[socket.socket]:
    for attempt in range(_PORT_TRIES):
        first = _listener(socket.AF_INET, "127.0.0.1", port)
        try:
            return [first, _listener(socket.AF_INET6, "::1", first.getsockname()[1])]
        except OSError as error:
            if error.errno in {errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT, errno.EPROTONOSUPPORT}:
                return [first]
            first.close()
            if port or attempt == _PORT_TRIES - 1:
                raise
    raise AssertionError("unreachable")


def _listener(family: socket.AddressFamily, address: str, port: int) -> socket.socket:
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        if sys.platform == "win32":
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        else:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.bind((address, port))
        sock.listen(64)
        sock.setblocking(False)
    except BaseException:
        sock.close()
        raise
    return sock
