"""Knows how one request is answered within limits; must not know stages, rules or tokens.

The only room that imports httpx, and that only with the first request: it costs 70 ms.
Limits and guards are those of SPEC part 6.
"""

from __future__ import annotations

import asyncio
import os
import ssl
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, TypeVar

from mcp_auth_tui import __version__
from mcp_auth_tui.model import Failure, Request, Response, Secret, Timing
from mcp_auth_tui.net.addresses import Guard, Unreachable
from mcp_auth_tui.net.messages import Place, encode, place
from mcp_auth_tui.net.meter import Meter
from mcp_auth_tui.net.proxies import Proxies, shown
from mcp_auth_tui.net.settings import NetworkSettings

if TYPE_CHECKING:
    import httpx

    from mcp_auth_tui.net.answers import Enough, Stream

__all__ = ["Network", "Tls"]

AGENT = f"mcp-auth-tui/{__version__}"
DEFAULT = NetworkSettings()
_IDEMPOTENT = frozenset({"GET", "HEAD"})

T = TypeVar("T")


class Tls:
    """TLS settings, made at the first use: reading the trust store takes 50 ms, in a thread."""

    def __init__(self, settings: NetworkSettings) -> None:
        self.loaded: ssl.SSLContext | None = None
        """The context once there is one."""
        self._settings = settings
        self._building = asyncio.Lock()

    async def context(self) -> ssl.SSLContext:
        """Return the settings; raises `Unreachable` for a file that cannot be used."""
        from mcp_auth_tui.net.wire import make_context

        ca_file, certificate = self._settings.ca_file, self._settings.certificate
        async with self._building:
            if self.loaded is None:
                try:
                    context = await asyncio.to_thread(
                        make_context, ca_file, insecure=self._settings.insecure
                    )
                except OSError as error:
                    # ssl.SSLError is an OSError too: a file without a certificate in it.
                    message = f"The CA file {ca_file} cannot be used: {error}."
                    raise Unreachable(Failure("net-tls", message)) from error
                if certificate is not None and (failure := certificate.load_into(context)):
                    raise Unreachable(Failure("net-tls", failure.message))
                self.loaded = context
            return self.loaded

    def unlock(self, passphrase: Secret | None) -> Failure | None:
        """Open the key of the client's certificate, if there is one (`ClientCertificate`)."""
        certificate = self._settings.certificate
        return None if certificate is None else certificate.unlock(passphrase)


class Network:
    """The network of one run: one connection per origin, kept alive; nothing follows a redirect.

    The settings' ``timeout`` bounds each connect and each read, ``total`` a whole exchange. ``tls``
    shares what several networks of the same settings trust. Building one is cheap; ValueError for
    a proxy that is no proxy URL.
    """

    def __init__(
        self,
        typed_url: str,
        settings: NetworkSettings = DEFAULT,
        *,
        allow_private: bool = False,
        environ: Mapping[str, str] = os.environ,
        tls: Tls | None = None,
    ) -> None:
        self._guard = Guard(typed_url, allow_private=allow_private)
        self._proxies = Proxies.read(settings.proxy, environ)
        self._timeout = settings.timeout
        self._total = settings.total
        self._tls = tls or Tls(settings)
        self._wires: dict[tuple[str, str | None], httpx.AsyncBaseTransport] = {}

    async def send(
        self, request: Request, enough: Enough | None = None
    ) -> tuple[Response | Failure, Timing]:
        """Send a request and return what became of it; ``enough`` ends the reading early.

        Raises ValueError for header fields that cannot be sent.
        """
        return await self._sent(request, lambda meter: self._exchange(request, enough, meter))

    async def open(self, request: Request) -> tuple[Response | Failure, Timing, Stream | None]:
        """Open an SSE stream; an answer that is none is read to its end, and there is no stream.

        Raises ValueError for header fields that cannot be sent.
        """
        result, timing = await self._sent(request, lambda meter: self._open(request, meter))
        if isinstance(result, Failure):
            return result, timing, None
        return result[0], timing, result[1]

    async def warm(self, url: str) -> None:
        """Have a live connection for the origin of a URL ready; never sends a request.

        What goes wrong is left to the request that comes later, which will say it.
        """
        from mcp_auth_tui.net import wire as wires

        with suppress(Unreachable, wires.TransportError):
            to = place(url)
            proxy = self._proxies.of(url)
            wire = await self._wire(to, proxy) if proxy is None else None
            if isinstance(wire, wires.Direct):
                await wire.warm(to.host, to.port, self._timeout)

    def unlock(self, passphrase: Secret | None) -> Failure | None:
        """Open the key of the client's certificate; None when it is open, or there is none."""
        return self._tls.unlock(passphrase)

    async def aclose(self) -> None:
        """Close every connection; the network can be used again after it."""
        while self._wires:
            await self._wires.popitem()[1].aclose()

    async def _sent(
        self, request: Request, work: Callable[[Meter], Awaitable[T]]
    ) -> tuple[T | Failure, Timing]:
        """Do the work of an exchange, and once more where that does no harm."""
        meter = Meter()
        result = await self._within(request.url, meter, work(meter))
        # The server let go of the kept connection just as we wrote, as those do that wait as long
        # as we do between two polls. Whether it saw the request is unknown (RFC 9112 §9.3.1).
        if meter.stale and (request.method in _IDEMPOTENT or request.idempotent):
            meter = Meter()
            result = await self._within(request.url, meter, work(meter))
        return result, meter.timing()

    async def _exchange(
        self, request: Request, enough: Enough | None, meter: Meter
    ) -> Response | Failure:
        from mcp_auth_tui.net.answers import collect

        to = place(request.url)
        answer = await self._begin(request, to, meter, read=self._timeout)
        return await collect(answer, request.kind, to.where, enough)

    async def _open(
        self, request: Request, meter: Meter
    ) -> tuple[Response | Failure, Stream | None]:
        from mcp_auth_tui.net.answers import Stream, collect, head

        to = place(request.url)
        answer = await self._begin(request, to, meter, read=self._total)
        response = head(answer)
        if response.status == 200 and response.media_type == "text/event-stream":
            try:
                return response, Stream(answer, request.kind, to.where, self._total)
            except Unreachable:
                await answer.aclose()
                raise
        return await collect(answer, request.kind, to.where, None), None

    async def _begin(
        self, request: Request, to: Place, meter: Meter, *, read: float
    ) -> httpx.Response:
        from mcp_auth_tui.net.wire import request_for

        headers, content = encode(request, to, AGENT)
        proxy = self._proxies.of(request.url)
        if proxy is not None:
            self._guard.check_literal(to.host)
        wire = await self._wire(to, proxy)
        limit = self._timeout
        timeouts = {"connect": limit, "read": read, "write": limit, "pool": limit}
        extensions = {"timeout": timeouts, "meter": meter}
        outgoing = request_for(request.method, to, headers, content, extensions)
        return await wire.handle_async_request(outgoing)

    async def _within(self, url: str, meter: Meter, work: Awaitable[T]) -> T | Failure:
        """Await one exchange within the total time; everything the network does is a `Failure`."""
        from mcp_auth_tui.net import faults, wire

        try:
            async with asyncio.timeout(self._total):
                return await work
        except Unreachable as error:
            return error.failure
        except TimeoutError:
            proxy = self._at_proxy(url, meter)
            return faults.late_in_total(place(url).where, meter.phase, self._total, proxy)
        except wire.TransportError as error:
            late = isinstance(error, wire.TimeoutException)
            meter.stale = meter.phase == "wait" and not (meter.connected or late)
            proxy = self._at_proxy(url, meter)
            return faults.failure(error, place(url).where, meter.phase, self._timeout, proxy)

    def _at_proxy(self, url: str, meter: Meter) -> str:
        """Name the proxy where the exchange came no further, else nothing.

        What waits for the answer to a request without TLS may wait for proxy or server.
        """
        proxy = self._proxies.of(url)
        answering = meter.phase not in ("connect", "tls") and place(url).scheme == "http"
        return shown(proxy) if proxy is not None and meter.at_proxy and not answering else ""

    async def _wire(self, to: Place, proxy: str | None) -> httpx.AsyncBaseTransport:
        from mcp_auth_tui.net.wire import make_wire

        key = (to.scheme, proxy)
        if key not in self._wires:
            secure = to.scheme == "https" or (proxy or "").startswith("https:")
            context = await self._tls.context() if secure else None
            if key not in self._wires:
                self._wires[key] = make_wire(self._guard, proxy, context)
        return self._wires[key]
