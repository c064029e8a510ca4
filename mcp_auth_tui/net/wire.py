"""Knows how one request crosses the network, on httpx; must not know what it is for.

httpx's transport cannot be given a resolver of its own, so the pool under it is made here: an
address is judged once and then connected to, and to no other (SPEC 6).
"""

from __future__ import annotations

import asyncio
import ssl
import sys
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import field
from importlib.util import find_spec
from typing import Any, cast
from urllib.parse import unquote, urlsplit

from mcp_auth_tui.records import dataclass

# Where click and rich are installed, httpx imports its own command line too: 60 ms for nothing.
_UNWANTED = "httpx._main"
_modules = cast(dict[str, Any], sys.modules)
_hidden = _modules.setdefault(_UNWANTED, None) is None

import httpcore  # noqa: E402
import httpx  # noqa: E402
from httpcore import AsyncNetworkStream  # noqa: E402

if _hidden:
    del _modules[_UNWANTED]
if "sniffio" not in _modules and find_spec("sniffio") is None:
    # httpcore looks for it with every connection, and Python looks again through all its places
    # for what it did not find before: 1 ms of CPU for a URL.
    _modules["sniffio"] = cast(Any, None)

from mcp_auth_tui.model import Failure, Timing  # noqa: E402
from mcp_auth_tui.net.addresses import Guard, Unreachable, ascii_host  # noqa: E402
from mcp_auth_tui.net.messages import Place  # noqa: E402

# Not the last address of a host: a dead one may not eat the time of those behind it.
_EARLY_SECONDS = 2.5
_TLS_PEEK_SECONDS = 0.05
# Not httpcore's own "target": that one would also replace the absolute form for a proxy.
_TARGET = "mcp-auth-tui.target"


@dataclass(slots=True)
class Meter:
    """Tells the parts of an exchange apart; fed by httpcore's trace events."""

    began: dict[str, float] = field(default_factory=dict)
    took: dict[str, float] = field(default_factory=dict)
    phase: str = "connect"
    connected: bool = False
    stale: bool = False
    """True when a kept connection broke before any answer."""

    async def __call__(self, name: str, info: Mapping[str, Any]) -> None:
        """Take one event such as ``connection.start_tls.complete``."""
        step, _, end = name.partition(".")[2].rpartition(".")
        if end == "started":
            self.began[step] = time.monotonic()
            self.phase = _PHASES.get(step, self.phase)
            self.connected = self.connected or step == "connect_tcp"
        elif step in self.began:
            self.took[step] = time.monotonic() - self.began[step]

    def timing(self) -> Timing:
        """Return what was measured so far, in seconds."""
        wait = self.took.get("receive_response_headers")
        return Timing(
            connect=self.took.get("connect_tcp", 0.0),
            tls=self.took.get("start_tls", 0.0),
            wait=wait or 0.0,
            read=0.0
            if wait is None
            else time.monotonic() - self.began["receive_response_headers"] - wait,
        )


_PHASES = {
    "connect_tcp": "connect",
    "start_tls": "tls",
    "send_request_headers": "wait",
    "receive_response_body": "read",
}


class Dialer:
    """httpcore's network backend: connects to the address that was judged, and to no other."""

    def __init__(self, guard: Guard | None) -> None:
        self._guard = guard
        self._plain = httpcore.AnyIOBackend()
        self._parked: dict[tuple[str, int], _Parked] = {}

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Any = None,
    ) -> AsyncNetworkStream:
        """Connect to the first address of a host that answers; ``timeout`` is in seconds."""
        return await self._taken(host, port) or await self._dial(host, port, timeout)

    async def warm(
        self, host: str, port: int, context: ssl.SSLContext | None, timeout: float
    ) -> None:
        """Have a connection ready for the next `connect_tcp`; nothing is sent on it."""
        if parked := await self._taken(host, port):
            self._parked[host, port] = parked
            return
        stream = await self._dial(host, port, timeout)
        secure = None
        if context is not None:
            context.set_alpn_protocols(["http/1.1"])
            secure = await stream.start_tls(context, host, timeout)
        self._parked[host, port] = _Parked(stream, secure)

    async def sleep(self, seconds: float) -> None:
        """Sleep (httpcore asks for it between its own retries, which are off)."""
        await asyncio.sleep(seconds)

    async def aclose(self) -> None:
        """Close what is parked."""
        while self._parked:
            await self._parked.popitem()[1].aclose()

    async def _taken(self, host: str, port: int) -> _Parked | None:
        parked = self._parked.pop((host, port), None)
        if parked is not None and not await parked.alive():
            await parked.aclose()
            return None
        return parked

    async def _dial(self, host: str, port: int, timeout: float | None) -> AsyncNetworkStream:
        addresses = (host,) if self._guard is None else await self._guard.addresses(host, port)
        deadline = time.monotonic() + (timeout or 0.0)
        for left, address in zip(range(len(addresses) - 1, -1, -1), addresses, strict=True):
            rest = None if timeout is None else max(deadline - time.monotonic(), 0.001)
            limit = min(rest or _EARLY_SECONDS, _EARLY_SECONDS) if left else rest
            try:
                return await self._plain.connect_tcp(address, port, timeout=limit)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                if not left:
                    raise
        raise AssertionError("unreachable: a host has at least one address")


class _Parked(AsyncNetworkStream):
    """A connection made ahead of its request, its TLS handshake included."""

    def __init__(self, stream: AsyncNetworkStream, secure: AsyncNetworkStream | None) -> None:
        self._stream = stream
        self._secure = secure

    async def alive(self) -> bool:
        """Return whether the server still holds its end."""
        inner = self._secure or self._stream
        if not inner.get_extra_info("is_readable"):
            return True
        if self._secure is None:
            return False
        # What is there may be session tickets, which TLS swallows, or the server's goodbye.
        try:
            await inner.read(1, timeout=_TLS_PEEK_SECONDS)
        except httpcore.ReadTimeout:
            return True
        except httpcore.NetworkError:
            pass
        return False

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return await self._stream.read(max_bytes, timeout)

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        await self._stream.write(buffer, timeout)

    async def aclose(self) -> None:
        await (self._secure or self._stream).aclose()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> AsyncNetworkStream:
        if self._secure is None:
            return await self._stream.start_tls(ssl_context, server_hostname, timeout)
        return self._secure

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


class Wire(httpx.AsyncBaseTransport):
    """A transport over one pool; what goes wrong is raised as httpcore says it."""

    def __init__(self, pool: httpcore.AsyncConnectionPool, dialer: Dialer) -> None:
        self.pool = pool
        self.dialer = dialer

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request; the body of the answer is read later."""
        url, target = request.url, request.extensions[_TARGET]
        answer = await self.pool.handle_async_request(
            httpcore.Request(
                request.method,
                httpcore.URL(
                    scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=target
                ),
                headers=request.headers.raw,
                content=request.stream,
                extensions=request.extensions,
            )
        )
        return httpx.Response(
            answer.status,
            headers=answer.headers,
            stream=_Body(answer),
            extensions=answer.extensions,
        )

    async def aclose(self) -> None:
        """Close every connection."""
        await self.pool.aclose()
        await self.dialer.aclose()


class _Body(httpx.AsyncByteStream):
    def __init__(self, answer: httpcore.Response) -> None:
        self._answer = answer

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for chunk in self._answer.aiter_stream():
            yield chunk

    async def aclose(self) -> None:
        await self._answer.aclose()


def make_wire(guard: Guard, proxy: str | None, context: ssl.SSLContext | None) -> Wire:
    """Make a transport for one scheme and one proxy.

    Idle connections never expire by our clock. It is used bare: an httpx client would add headers
    and cookies of its own, and would read a ``Location`` even where it may not follow it, and raise
    over one that is no URL.
    Raises `Unreachable` for a SOCKS proxy without the package that speaks it.
    """
    dialer = Dialer(guard if proxy is None else None)
    pool = httpcore.AsyncConnectionPool(
        ssl_context=context,
        proxy=None if proxy is None else _proxy(proxy),
        keepalive_expiry=None,
        network_backend=cast(httpcore.AsyncNetworkBackend, dialer),
    )
    return Wire(pool, dialer)


def request_for(
    method: str,
    to: Place,
    headers: list[tuple[bytes, bytes]],
    content: bytes,
    extensions: dict[str, Any],
) -> httpx.Request:
    """Build a request whose target goes out as it was given, byte for byte.

    Raises `Unreachable` for a host that no request can be addressed to.
    """
    try:
        url = httpx.URL(scheme=to.scheme, host=to.host, port=to.port, path="/")
    except httpx.InvalidURL as error:
        message = f"No request can be sent to {to.where}: {error}."
        raise Unreachable(Failure("net-dns", message)) from None
    extensions[_TARGET] = to.target.encode("ascii")
    return httpx.Request(method, url, headers=headers, content=content, extensions=extensions)


def _proxy(url: str) -> httpcore.Proxy:
    parts = urlsplit(url)
    if parts.scheme.startswith("socks"):
        try:
            __import__("socksio")
        except ImportError:
            message = "A SOCKS proxy needs the package socksio (pip install socksio)."
            raise Unreachable(Failure("net-connect", message)) from None
    auth = None
    if parts.username is not None:
        auth = (unquote(parts.username), unquote(parts.password or ""))
    default = {"http": 80, "https": 443}.get(parts.scheme, 1080)
    host = ascii_host(parts.hostname or "")
    origin = httpcore.URL(scheme=parts.scheme, host=host, port=parts.port or default, target="/")
    return httpcore.Proxy(url=origin, auth=auth)


def make_context(ca_file: str | None, *, insecure: bool) -> ssl.SSLContext:
    """Make the TLS settings: the system's trust store, and a CA file beside it.

    Takes 50 ms: call it in a thread. Raises OSError for a CA file that cannot be read.
    """
    if insecure:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return context
    context = ssl.create_default_context()
    if sys.platform in ("darwin", "win32") or not context.get_ca_certs():
        # Elsewhere OpenSSL's own default is the system's store, read once and not per connection.
        import truststore

        context = truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if ca_file is not None:
        context.load_verify_locations(cafile=ca_file)
    return context
