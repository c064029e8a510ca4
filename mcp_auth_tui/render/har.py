"""Knows the exchanges of a run as HTTP Archive (HAR 1.2); must not know who reads it.

Masked as a report is. The header fields are those that the program chose, not those that its HTTP
client adds (``Host``, ``User-Agent``); sizes of headers are not known.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, quote

from mcp_auth_tui import __version__
from mcp_auth_tui.model import Exchange, Field, Request, Response, Session
from mcp_auth_tui.render.document import dumped
from mcp_auth_tui.render.safe import Safe
from mcp_auth_tui.text import units

_UNKNOWN = -1
_MASK = re.compile(r"‹[^›]*›")
# What a URI may hold (RFC 3986 §2), and the percent sign of what is encoded already.
_URI = "!#$%&'()*+,/:;=?@[]~-._"


def har(session: Session) -> str:
    """Return a run as one archive."""
    pages = [page(session, "run")]
    return f"{dumped({'log': {**head(), 'pages': pages, 'entries': entries(session, 'run')}})}\n"


def head() -> dict[str, Any]:
    """Return what an archive begins with."""
    return {"version": "1.2", "creator": {"name": "mcp-auth-tui", "version": __version__}}


def page(session: Session, id: str) -> dict[str, Any]:
    """Return what the exchanges of one run stand under."""
    title = Safe(session).line(session.url)
    return {"startedDateTime": _moment(session.started), "id": id, "title": title,
            "pageTimings": {}}  # fmt: skip


def entries(session: Session, id: str) -> list[dict[str, Any]]:
    """Return every exchange of a run; ``id`` is that of its `page`."""
    safe = Safe(session)
    return [{"pageref": id, **_entry(item, safe)} for item in session.exchanges]


def _entry(exchange: Exchange, safe: Safe) -> dict[str, Any]:
    request = exchange.request
    timings = _timings(exchange)
    parts = (spent for name, spent in timings.items() if name != "ssl" and spent > 0)
    return {
        "startedDateTime": _moment(exchange.started),
        "time": round(sum(parts), 3),
        "request": _request(request, safe),
        "response": _response(exchange, safe),
        "cache": {},
        "timings": timings,
        "comment": safe.line(f"{exchange.number}. {request.stage}: {request.purpose}"),
    }


def _moment(seconds: float) -> str:
    try:
        when = datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, ValueError, OSError):
        when = datetime.fromtimestamp(0, UTC)  # a recording may hold what no calendar has
    return when.isoformat(timespec="milliseconds")


def _timings(exchange: Exchange) -> dict[str, float]:
    """Return milliseconds; to connect holds the handshake of TLS, and what is left is ours."""
    spent = exchange.timing
    connect, tls, wait, read = (
        max(seconds, 0.0) * 1000 for seconds in (spent.connect, spent.tls, spent.wait, spent.read)
    )
    rest = max(exchange.seconds * 1000 - connect - tls - wait - read, 0.0)
    parts = {"blocked": rest, "connect": connect + tls, "send": 0.0, "wait": wait, "receive": read}
    known = {name: round(part, 3) for name, part in parts.items()}
    if not connect:
        known["connect"] = _UNKNOWN  # a connection was used that was there
    return {**known, "dns": _UNKNOWN, "ssl": round(tls, 3) if tls else _UNKNOWN}


def _request(request: Request, safe: Safe) -> dict[str, Any]:
    url = _uri(safe.line(safe.field("", request.url)))
    made = {
        "method": safe.line(request.method),
        "url": url,
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": _pairs(request.headers, safe),
        "queryString": [{"name": name, "value": value} for name, value in _query(url)],
        "headersSize": _UNKNOWN,
        "bodySize": 0,
    }
    if request.form is not None:
        sent = {"mimeType": "application/x-www-form-urlencoded"}
        made |= {"postData": {**sent, "params": _pairs(request.form, safe)}, "bodySize": _UNKNOWN}
    elif request.json is not None:
        text = dumped(safe.message(request) or {})
        made |= {"postData": {"mimeType": "application/json", "text": text}, "bodySize": _UNKNOWN}
    return made


def _query(url: str) -> Iterator[tuple[str, str]]:
    yield from parse_qsl(url.partition("#")[0].partition("?")[2], keep_blank_values=True)


def _uri(url: str) -> str:
    """Return a URL whose masks are a part of it: their ``#`` would begin a fragment."""
    return quote(_MASK.sub(lambda found: quote(found[0], safe=""), url), safe=_URI)


def _response(exchange: Exchange, safe: Safe) -> dict[str, Any]:
    response = exchange.response or Response(0, http_version="")
    made = {
        "status": response.status,
        "statusText": units.phrase(response.status),
        "httpVersion": safe.line(response.http_version),
        "cookies": [],
        "headers": _pairs(response.headers, safe),
        "content": _content(exchange, response, safe),
        "redirectURL": _uri(safe.line(safe.field("", response.header("location") or ""))),
        "headersSize": _UNKNOWN,
        "bodySize": len(response.body) if exchange.response else _UNKNOWN,
    }
    if exchange.failure is not None:
        made["_error"] = safe.line(exchange.failure.message)
    return made


def _content(exchange: Exchange, response: Response, safe: Safe) -> dict[str, Any]:
    octets = safe.octets(exchange)
    kind = safe.line(response.header("content-type") or "x-unknown")
    made: dict[str, Any] = {"size": len(response.body), "mimeType": kind}
    try:
        return {**made, "text": octets.decode("utf-8")}
    except UnicodeDecodeError:
        return {**made, "text": b64encode(octets).decode("ascii"), "encoding": "base64"}


def _pairs(items: Iterable[Field | tuple[str, str]], safe: Safe) -> list[dict[str, str]]:
    pairs = ((i.name, i.value) if isinstance(i, Field) else i for i in items)
    return [
        {"name": safe.line(name), "value": safe.line(safe.field(name, value))}
        for name, value in pairs
    ]
