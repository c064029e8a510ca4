"""Knows the connections that go through a proxy, on httpcore; must not know what is sent on them.

What goes wrong is raised as httpx names it.
"""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from urllib.parse import unquote, urlsplit

import httpcore
import httpx

from mcp_auth_tui.model import Failure
from mcp_auth_tui.net.addresses import Unreachable, ascii_host


class Proxied(httpx.AsyncBaseTransport):
    """A transport over one pool; idle connections never expire by our clock."""

    def __init__(self, proxy: str, context: ssl.SSLContext | None) -> None:
        """Raises `Unreachable` for a SOCKS proxy without the package that speaks it."""
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=context, proxy=_proxy(proxy, context), keepalive_expiry=None
        )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request; the body of the answer is read later."""
        url, own = request.url, request.extensions
        with _named():
            answer = await self._pool.handle_async_request(
                httpcore.Request(
                    request.method,
                    httpcore.URL(
                        scheme=url.raw_scheme,
                        host=url.raw_host,
                        port=url.port,
                        # Not the extension "target": for a proxy it would replace the whole URL.
                        target=own["octets of the target"],
                    ),
                    headers=request.headers.raw,
                    content=request.stream,
                    extensions={"timeout": own["timeout"], "trace": own["meter"].trace},
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
        await self._pool.aclose()


class _Body(httpx.AsyncByteStream):
    def __init__(self, answer: httpcore.Response) -> None:
        self._answer = answer

    async def __aiter__(self) -> AsyncIterator[bytes]:
        with _named():
            async for chunk in self._answer.aiter_stream():
                yield chunk

    async def aclose(self) -> None:
        await self._answer.aclose()


_RAISED = (
    httpcore.TimeoutException,
    httpcore.NetworkError,
    httpcore.RemoteProtocolError,
    httpcore.ProxyError,
)


@contextmanager
def _named() -> Iterator[None]:
    """Raise what httpcore raises under the same name of httpx."""
    try:
        yield
    except _RAISED as error:
        raise getattr(httpx, type(error).__name__)(str(error)) from error
    except ssl.SSLError as error:  # an alert that comes after the handshake
        raise httpx.ReadError(str(error)) from error


def _proxy(url: str, context: ssl.SSLContext | None) -> httpcore.Proxy:
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
    own = context if parts.scheme == "https" else None
    return httpcore.Proxy(url=origin, auth=auth, ssl_context=own)
