"""Knows how a connection to a judged address is made, TLS included; must not know who may be asked.

What goes wrong is raised as httpx names it.
"""

from __future__ import annotations

import asyncio
import errno
import socket
import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

import httpx

from mcp_auth_tui.net.connection import Connection, Octets
from mcp_auth_tui.net.faults import number_of

_ATTEMPT_SECONDS = 0.25
"""How long an address is the only one that is tried (RFC 8305 §5)."""
_NO_WAY = frozenset(
    {
        errno.ENETUNREACH,
        errno.EHOSTUNREACH,
        errno.EADDRNOTAVAIL,
        errno.EAFNOSUPPORT,
        errno.EINVAL,
        errno.EPERM,
        errno.EACCES,
    }
)
"""This machine has no way to such an address: another address says more of the server."""
_PROBES = {"TCP_KEEPIDLE": 15, "TCP_KEEPALIVE": 15, "TCP_KEEPINTVL": 5, "TCP_KEEPCNT": 3}
"""Seconds of silence, seconds between probes, how many: no server counts them as requests."""


async def reach(addresses: Sequence[str], port: int, limit: float) -> socket.socket:
    """Connect to the first of a host's addresses that answers (RFC 8305 §5).

    ``limit`` (seconds) is for all of them. Raises `httpx.ConnectError` and `httpx.ConnectTimeout`:
    that of the first address to which there is a way.
    """
    if len(addresses) == 1:
        return await _connected(addresses[0], port, limit)
    loop = asyncio.get_running_loop()
    deadline = loop.time() + limit
    left, tries = [*addresses], list[asyncio.Task[socket.socket]]()
    end: socket.socket | None = None
    try:
        while end is None:
            if left:
                rest = max(deadline - loop.time(), 0.001)
                tries.append(loop.create_task(_connected(left.pop(0), port, rest)))
            going = [item for item in tries if not item.done()]
            if not going:
                raise min((error for item in tries if (error := item.exception())), key=_wayless)
            wait = _ATTEMPT_SECONDS if left else None
            await asyncio.wait(going, timeout=wait, return_when=asyncio.FIRST_COMPLETED)
            came = (item for item in tries if item.done() and item.exception() is None)
            end = next((item.result() for item in came), None)
    finally:
        # Nothing is awaited here: who is cancelled would leave `end` open.
        done = [item for item in tries if not item.cancel() and not item.cancelled()]
        for other in [item.result() for item in done if item.exception() is None]:
            if other is not end:
                other.close()
    return end


async def open_connection(
    end: socket.socket, context: ssl.SSLContext | None, host: str, limit: float
) -> Connection:
    """Make a connection of a socket, with TLS if there is a context; closes it on failure.

    ``limit`` is in seconds. Raises `httpx.ConnectError` and `httpx.ConnectTimeout`.
    """
    loop, octets = asyncio.get_running_loop(), Octets()
    with _named(asyncio.timeout(limit)) as bound:
        try:
            async with bound:
                plain, _ = await loop.create_connection(lambda: octets, sock=end)
                if context is not None:
                    # A second step: who is cancelled in the first closes only what it knows, and a
                    # socket that is closed under a transport breaks the next one of its number.
                    secure = await loop.start_tls(
                        plain,
                        octets,
                        context,
                        server_hostname=host.rstrip("."),  # RFC 6066 §3
                        ssl_handshake_timeout=2 * limit,  # never: ours is the one that is told
                    )
                    octets.connection_made(secure or plain)
        except BaseException:
            octets.close()
            end.close()
            raise
    return Connection(octets)


@contextmanager
def _named(bound: asyncio.Timeout) -> Iterator[asyncio.Timeout]:
    """Raise what goes wrong as httpx names it; a `TimeoutError` of the system is no limit of ours.

    A host that TLS cannot name is a `ValueError`.
    """
    try:
        yield bound
    except (OSError, ValueError) as error:
        late = isinstance(error, TimeoutError) and bound.expired()
        raise (httpx.ConnectTimeout if late else httpx.ConnectError)(str(error)) from error


async def _connected(address: str, port: int, limit: float) -> socket.socket:
    """Connect to an address; raises `httpx.ConnectError` and `httpx.ConnectTimeout`."""
    with _named(asyncio.timeout(limit)) as bound:
        family, kind, protocol, _, where = socket.getaddrinfo(
            address.encode("ascii"),  # as text it would load a codec for names
            port,
            type=socket.SOCK_STREAM,
            flags=socket.AI_NUMERICHOST,
        )[0]
        end = socket.socket(family, kind, protocol)
        try:
            end.setblocking(False)
            _probe(end)
            async with bound:
                await asyncio.get_running_loop().sock_connect(end, where)
        except BaseException:
            end.close()
            raise
    return end


def _probe(end: socket.socket) -> None:
    """Let the system ask the other side for a sign of life while nothing is sent.

    Else a connection that waits for a sign-in is forgotten on its way, or over a machine's sleep,
    and nobody is told before the request with the code is lost on it.
    """
    with suppress(OSError):
        end.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for name, value in _PROBES.items():
            if (option := getattr(socket, name, None)) is not None:
                end.setsockopt(socket.IPPROTO_TCP, option, value)


def _wayless(error: BaseException) -> bool:
    return isinstance(error.__cause__, OSError) and number_of(error.__cause__) in _NO_WAY
