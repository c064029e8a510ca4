"""Knows how a metadata document is fetched and read as JSON; must not know what it should say."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from mcp_auth_tui.model import Exchange, Field, Kind, Level, Request, Stage
from mcp_auth_tui.protocol import error_answer
from mcp_auth_tui.protocol.actions import Protocol, Send
from mcp_auth_tui.protocol.checks import check
from mcp_auth_tui.protocol.config import Config
from mcp_auth_tui.protocol.excerpt import quote
from mcp_auth_tui.protocol.judge import BEHIND_TLS, Judge
from mcp_auth_tui.protocol.strict_json import loads
from mcp_auth_tui.protocol.urls import UrlRefused, endpoint, join, origin, same_origin
from mcp_auth_tui.records import dataclass

_HOPS = 3
_ABSENT = frozenset({404, 410})


@dataclass(frozen=True, slots=True)
class FetchedDocument:
    """What a place gave: a JSON object, or why not."""

    exchange: Exchange
    document: Mapping[str, Any] | None = None
    why: str = ""
    absent: bool = False
    """True when the place answered 404 or 410: nothing is there (L5)."""
    broken: str = ""
    """The kind of fault: status, html, json, content-type, redirect or failure."""

    @property
    def retry(self) -> bool:
        """Whether one more attempt is due: no answer, or a server error (P3)."""
        return self.exchange.failure is not None or (
            self.exchange.status >= 500 and self.exchange.status != 503
        )

    @property
    def told(self) -> str:
        """Why there is no document, with a quotation of what came in its place."""
        if self.broken in ("json", "status"):
            return error_answer.seen(self.why, self.exchange)
        said = quote(self.exchange) if self.broken == "html" else ""
        return f"{self.why}: {said}" if said else self.why


_SOURCES = {Stage.RESOURCE: "RFC 9728 §3.1", Stage.SERVER: "RFC 8414 §3.1"}


def request(stage: Stage, url: str, purpose: str, config: Config) -> Request:
    """Build the request for a metadata document: no credentials, ever (A9)."""
    return Request(
        stage,
        purpose,
        "GET",
        url,
        Kind.METADATA,
        (
            Field("Accept", "application/json", "the document is JSON", _SOURCES.get(stage, "")),
            Field(
                "MCP-Protocol-Version",
                config.opening_revision,
                "one revision asks for it here, the others take no notice",
                "MCP 2025-03-26 authorization",
            ),
        ),
    )


def fetch(judge: Judge, url: str, purpose: str, prefix: str) -> Protocol[FetchedDocument]:
    """Fetch one document, with redirects (≤ 3 hops) and one retry (P3, P4, SPEC 6).

    ``prefix`` (prm or as) names the findings. Raises `FlowStop` only for an unsafe redirect.
    """
    fetched = yield from _once(judge, url, purpose, prefix)
    if fetched.retry:
        fetched = yield from _once(judge, url, purpose, prefix)
    return fetched


def _once(judge: Judge, url: str, purpose: str, prefix: str) -> Protocol[FetchedDocument]:
    exchange: Exchange = yield Send(request(judge.stage, url, purpose, judge.config))
    for _ in range(_HOPS):
        response = exchange.response
        target = response.header("location") if response else None
        if response is None or response.status not in (301, 302, 303, 307, 308) or not target:
            break
        place = join(exchange.request.url, target)
        if not (yield from _may_follow(judge, exchange, place, prefix)):
            return FetchedDocument(exchange, None, f"redirects to {place}", broken="redirect")
        hop = request(judge.stage, place, f"{purpose}, redirected", judge.config)
        exchange = yield Send(hop)
    return read(exchange)


def _may_follow(judge: Judge, exchange: Exchange, place: str, prefix: str) -> Protocol[bool]:
    source = exchange.request.url
    try:
        downgrade = origin(source)[0] == "https" and origin(place)[0] == "http"
        if not downgrade:
            endpoint(place)
    except (ValueError, UrlRefused) as error:
        if prefix == "prm":
            yield from judge.note(
                "prm-redirect", seen=f"{source} → {place}: {error}", exchange=exchange
            )
        return False
    if downgrade:
        yield from judge.refuse(
            "net-downgrade",
            seen=f"{source} → {place}",
            next=BEHIND_TLS,
            exchange=exchange,
            pointer="location",
            whose=judge.owner,
        )
    seen = f"{source} → {place}{'' if same_origin(source, place) else ' (another origin)'}"
    if prefix == "prm":
        yield from judge.note("prm-redirect", seen=seen, exchange=exchange, pointer="location")
    else:
        # The catalogue has no id of its own for it; a document that comes so is a usable one.
        yield from judge.note(
            "as-status",
            seen=seen,
            expected="The metadata is answered 200 at its own place.",
            message="The authorization server's metadata is served through a redirect.",
            next="Serve the document with 200 at the derived address; many clients follow no"
            " redirect for it.",
            exchange=exchange,
            pointer="location",
            level=Level.WARNING,
        )
    return True


def read(exchange: Exchange) -> FetchedDocument:
    """Read what a place answered as a JSON object, or say why it is none."""
    if (failure := exchange.failure) is not None:
        return FetchedDocument(exchange, None, failure.message, broken="failure")
    response = exchange.response
    if response is None or response.status != 200:
        absent = exchange.status in _ABSENT
        return FetchedDocument(exchange, None, f"HTTP {exchange.status}", absent, "status")
    if response.truncated:
        return FetchedDocument(exchange, None, "longer than the limit", broken="oversize")
    start = response.body.lstrip()[:64].lower()
    if response.media_type in ("text/html", "application/xhtml+xml") or start.startswith(b"<"):
        return FetchedDocument(exchange, None, "a web page (HTML), not JSON", broken="html")
    try:
        document = loads(response.body.decode("utf-8"))
    except UnicodeDecodeError:
        return FetchedDocument(exchange, None, "not UTF-8", broken="json")
    except ValueError as error:
        return FetchedDocument(exchange, None, f"not valid JSON: {error}", broken="json")
    if not isinstance(document, dict):
        return FetchedDocument(exchange, None, "JSON, but not an object", broken="json")
    return FetchedDocument(exchange, document)


def complain(
    judge: Judge, fetched: FetchedDocument, prefix: str, *, needed: bool = True
) -> Protocol[None]:
    """Note what is wrong with a place that gave no document, unless nothing is there.

    Where another place had it, a refusal and a page are information: one place is enough.
    """
    exchange = fetched.exchange
    client_error = fetched.broken == "status" and 400 <= exchange.status < 500
    spared = not needed and (client_error or fetched.broken == "html")
    if fetched.absent or (fetched.broken == "redirect" and prefix == "prm"):
        return
    if (failure := exchange.failure) is not None:
        yield from judge.note(
            failure.kind,
            seen=failure.message,
            next=failure.next,
            exchange=exchange,
            whose=judge.owner_of(failure),
        )
        return
    seen = f"{exchange.request.url}: {fetched.told}"
    if fetched.broken == "oversize":
        yield from judge.note("net-oversize", seen=seen, exchange=exchange)
        return
    kind = "status" if fetched.broken == "redirect" else fetched.broken
    level = Level.INFO if spared else None
    next = _NOT_NEEDED if spared else mend_failing(exchange)
    yield from judge.note(f"{prefix}-{kind}", seen=seen, next=next, exchange=exchange, level=level)


def mend_failing(exchange: Exchange) -> str:
    """Return what is to be done where a place fails (RFC 9110 §15.6); empty where it does not."""
    if exchange.status not in _NO_ANSWER:
        return _FAILS.format(exchange.status) if exchange.status >= 500 else ""
    return _SILENT.format(status=exchange.status, who=error_answer.read(exchange).who)


# What a gateway says that has no answer of the server behind it.
_NO_ANSWER = (502, 503, 504)
_SILENT = (
    "HTTP {status}: {who} got no answer of the server behind it. See whether that server runs, and"
    " whether this path leads to it."
)
_FAILS = "Look in the server's log for why it fails at this path (HTTP {})."
_NOT_NEEDED = "Nothing has to be done: another place has the document. A 404 here says it best."


def everywhere(places: Iterable[tuple[str, FetchedDocument]], worst: FetchedDocument | None) -> str:
    """Return what each place gave, that which ends the search first and with its quotation."""
    order = sorted(places, key=lambda item: item[1] is not worst)
    reasons = ((url, item.told if item is worst else item.why) for url, item in order)
    return "; ".join(f"{url}: {why}" for url, why in reasons)


def content_type(judge: Judge, fetched: FetchedDocument, prefix: str) -> Protocol[None]:
    """Note a document that is not called ``application/json`` (P4: tolerated)."""
    if (response := fetched.exchange.response) is not None:
        yield from judge.tell([check.content_type(prefix, response)], fetched.exchange)
