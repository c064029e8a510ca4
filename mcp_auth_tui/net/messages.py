"""Knows a request as it goes on the wire and a body as it comes off; must not know connections."""

from __future__ import annotations

import json
import zlib
from urllib.parse import quote, urlencode, urlsplit

from mcp_auth_tui.model import Failure, Request
from mcp_auth_tui.net.addresses import Unreachable, ascii_host
from mcp_auth_tui.records import dataclass
from mcp_auth_tui.text.terminal import one_line

_UNESCAPED = "!$%&'()*+,/:;=?@[]~-._"
_PORTS = {"http": 80, "https": 443}
_ZLIB_HEAD = 2
"""Octets (RFC 1950 §2.2)."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a request goes: scheme, host as on the wire, port, and path with query."""

    scheme: str
    host: str
    port: int
    target: str

    @property
    def where(self) -> str:
        """Host and port for a sentence."""
        return f"{self.host} port {self.port}"

    @property
    def authority(self) -> str:
        """The ``Host`` field (RFC 9110 §7.2)."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"


def place(url: str) -> Place:
    """Take a URL apart; raises `Unreachable` when no request can be sent to it."""
    try:
        parts = urlsplit(url)
        host = ascii_host(parts.hostname or "")
        scheme = parts.scheme
        if scheme not in _PORTS or not host:
            raise ValueError("it is not an http or https URL")
        port = _PORTS[scheme] if parts.port is None else parts.port
        path = parts.path or "/"
        target = quote(f"{path}?{parts.query}" if parts.query else path, safe=_UNESCAPED)
    except UnicodeEncodeError:
        told = "The address holds half of a surrogate pair, which no request can carry."
        raise Unreachable(Failure("net-dns", told)) from None
    except ValueError as error:
        told = one_line(f"No request can be sent to {url}: {error}.", None)
        raise Unreachable(Failure("net-dns", told)) from None
    return Place(scheme, host, port, target)


def encode(request: Request, to: Place, agent: str) -> tuple[list[tuple[bytes, bytes]], bytes]:
    """Return the header fields and the body of a request.

    Raises ValueError for a header field that cannot be sent (CR, LF, NUL, white space around it,
    not Latin-1).
    """
    content, media_type = _content(request)
    fields = {
        "Host": to.authority,
        "User-Agent": agent,
        "Accept": "*/*",
        "Accept-Encoding": "identity",
        "Content-Type": media_type,
        "Content-Length": str(len(content)) if content or request.method == "POST" else "",
    }
    own = {item.name.lower() for item in request.headers}
    pairs = [(name, value) for name, value in fields.items() if value and name.lower() not in own]
    pairs += [(item.name, item.raw) for item in request.headers]
    return [_header(name, value) for name, value in pairs], content


def _content(request: Request) -> tuple[bytes, str]:
    if request.form is not None:
        body = urlencode([(item.name, item.raw) for item in request.form])
        return body.encode("ascii"), "application/x-www-form-urlencoded"
    if request.json is not None:
        body = json.dumps(request.json, ensure_ascii=False, separators=(",", ":"))
        return body.encode("utf-8", "surrogatepass"), "application/json"
    return b"", ""


_BREAKS = frozenset("\r\n\0\v\f")


def _header(name: str, value: str) -> tuple[bytes, bytes]:
    if not _BREAKS.isdisjoint(name + value):
        raise ValueError(f"a line break in the header field {name!r}")
    if value != value.strip(" \t"):  # RFC 9110 §5.5; what names it must not hold the value
        raise ValueError(f"white space around the value of the header field {name!r}")
    try:
        return name.encode("ascii"), value.encode("latin-1")
    except UnicodeEncodeError:
        raise ValueError(f"the header field {name!r} cannot be encoded") from None


class Decoder:
    """Undoes a content encoding that nobody asked for, never past a bound."""

    def __init__(self, encoding: str) -> None:
        """Raises ValueError for an encoding that is not known."""
        names = [item.strip().lower() for item in encoding.split(",")]
        names = [item for item in names if item not in ("", "identity")]
        if len(names) > 1 or (names and names[0] not in ("gzip", "x-gzip", "deflate")):
            raise ValueError(encoding)
        # +32: zlib tells gzip and zlib headers apart by itself.
        self._inflater = zlib.decompressobj(zlib.MAX_WBITS | 32) if names else None
        self._perhaps_raw = names == ["deflate"]
        self._head = b""
        self._name = encoding

    def feed(self, chunk: bytes, limit: int) -> bytes:
        """Return plain octets, at most ``limit`` + 1; ValueError (the encoding) when broken."""
        if self._inflater is None:
            return chunk
        if self._inflater.eof:  # what comes behind the end would be kept, all of it
            return b""
        if self._perhaps_raw:
            # zlib's header is two octets, and a body may come octet by octet.
            self._head = chunk = self._head + chunk
            if len(chunk) < _ZLIB_HEAD:
                return b""
        try:
            plain = self._inflater.decompress(chunk, limit + 1)
        except zlib.error:
            if not self._perhaps_raw:
                raise ValueError(self._name) from None
            # Some servers send deflate without its zlib header (RFC 9110 §8.4.1.2).
            self._perhaps_raw = False
            self._inflater = zlib.decompressobj(-zlib.MAX_WBITS)
            return self.feed(chunk, limit)
        self._perhaps_raw = False
        return plain
