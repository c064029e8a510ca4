"""Knows how one request crosses the network, on httpx; must not know what it is for."""

from __future__ import annotations

import os
import ssl
import sys
from contextlib import suppress
from typing import Any, cast

# Where click and rich are installed, httpx imports its own command line too: 60 ms for nothing.
_UNWANTED = "httpx._main"
_modules = cast(dict[str, Any], sys.modules)
_hidden = _modules.setdefault(_UNWANTED, None) is None

import httpx  # noqa: E402
from httpx import TimeoutException, TransportError  # noqa: E402

if _hidden:
    del _modules[_UNWANTED]

from mcp_auth_tui.model import Failure  # noqa: E402
from mcp_auth_tui.net.addresses import Guard, Unreachable  # noqa: E402
from mcp_auth_tui.net.direct import Direct  # noqa: E402
from mcp_auth_tui.net.messages import Place  # noqa: E402

__all__ = ["Direct", "TimeoutException", "TransportError", "make_context", "make_wire"]


def make_wire(
    guard: Guard, proxy: str | None, context: ssl.SSLContext | None
) -> httpx.AsyncBaseTransport:
    """Make a transport for one scheme and one proxy.

    It is used bare: an httpx client would add headers and cookies of its own, and would read a
    ``Location`` even where it may not follow it, and raise over one that is no URL.
    Raises `Unreachable` for a SOCKS proxy without the package that speaks it.
    """
    if proxy is None:
        return Direct(guard, context)
    from mcp_auth_tui.net.proxied import Proxied

    return Proxied(proxy, context)


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
    extensions["octets of the target"] = to.target.encode("ascii")
    return httpx.Request(method, url, headers=headers, content=content, extensions=extensions)


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
        # OpenSSL's variable, which curl, git and httpx know on every system; one that names no
        # file counts for nothing there.
        if file := os.environ.get("SSL_CERT_FILE"):
            with suppress(OSError):
                context.load_verify_locations(cafile=file)
    if ca_file is not None:
        context.load_verify_locations(cafile=ca_file)
    return context
