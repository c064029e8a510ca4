"""Knows a run as a ladder between its four parties; pure, must not know widgets or the protocol."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from rich.cells import cell_len
from textual.content import Content

from mcp_auth_tui import text
from mcp_auth_tui.model import (
    Browsed,
    Exchange,
    Kind,
    Level,
    Outcome,
    Request,
    Response,
    Resumed,
    Session,
    Stage,
)
from mcp_auth_tui.protocol.actions import Open, Send
from mcp_auth_tui.tui.traffic import outcome_of
from mcp_auth_tui.tui.views import DIM, LEVEL, fold

YOU, BROWSER, SERVER, ISSUER = range(4)
_NAMES = (
    ("you", "browser", "MCP server", "authorization server"),
    ("you", "browser", "MCP", "auth. server"),
)
_MARGIN = 7
"""Cells before the first lane: the number of an exchange and the mark of what was found."""
_READ = 16_384
"""Octets; a longer body is not looked into for a word about it."""
_AT_SERVER = (Stage.PROBE, Stage.RESOURCE, Stage.VERIFY)
_TELLING: Mapping[str, str] = {
    "access_token": "access token",
    "device_code": "device code",
    "request_uri": "request_uri",
    "client_id": "client id",
    "authorization_servers": "resource metadata",
    "issuer": "issuer metadata",
    "result": "result",
    "keys": "keys",
}


@dataclass(frozen=True, slots=True)
class Arrow:
    """One line of the ladder. ``unseen``: it does not pass through this program."""

    source: int
    target: int
    label: str
    tail: str = ""
    """What stands at the right end of the line."""
    style: str = ""
    unseen: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """What belongs together and is chosen together: an exchange, or a turn of the sign-in."""

    arrows: tuple[Arrow, ...] = ()
    number: int = 0
    """Of the exchange; 0 when it is none."""
    mark: str = ""
    mark_style: str = ""
    note: str = ""
    """A sentence across the ladder in place of arrows."""


def steps(session: Session) -> tuple[Step, ...]:
    """Return the ladder of a run so far, in the order in which it happened."""
    marks = _marks(session)
    made: list[Step] = []
    moments = list(session.moments)
    for index, exchange in enumerate(session.exchanges):
        made += _moments(session, moments, index)
        made.append(_exchanged(session, exchange, marks.get(exchange.number)))
    made += _moments(session, moments, len(session.exchanges))
    return (*made, *_now(session))


def _marks(session: Session) -> dict[int, Level]:
    """Return the worst finding about each exchange."""
    worst: dict[int, Level] = {}
    for found in session.findings:
        if found.exchange is not None:
            before = worst.get(found.exchange, Level.OK)
            worst[found.exchange] = min(before, found.level, key=lambda level: level.rank)
    return worst


def _exchanged(session: Session, exchange: Exchange, worst: Level | None) -> Step:
    target = lane_of(exchange.request)
    took = text.duration(exchange.seconds)
    status, style = outcome_of(exchange)
    edited = ("✎ " if exchange.edited else "") + (f"↻{exchange.again} " if exchange.again else "")
    asked = Arrow(YOU, target, edited + _asked(session, exchange.request))
    if exchange.response is not None:
        told = f"{status} {_told(exchange.response)}".strip()
    else:
        told = f"✗ no answer: {status}"
    answer = Arrow(target, YOU, told, took, style)
    mark, mark_style = LEVEL[worst] if worst and worst.rank <= Level.WARNING.rank else ("", "")
    return Step((asked, answer), exchange.number, mark, mark_style)


def lane_of(request: Request) -> int:
    """Return whom a request is for: by its stage, since both parties may share a host."""
    return SERVER if request.kind is Kind.MCP or request.stage in _AT_SERVER else ISSUER


def _asked(session: Session, request: Request) -> str:
    if request.kind is Kind.MCP:
        return f"{request.method} {request.purpose}".strip()
    try:
        path = urlsplit(request.url).path or "/"
    except ValueError:
        return f"{request.method} {request.purpose}"
    path = session.redact(path.replace("/.well-known/", "…/"))
    kinds = [item.raw for item in request.form or () if item.name == "grant_type"]
    kind = f" {kinds[0].rpartition(':')[2]}" if kinds else ""
    return f"{request.method} {path}{kind}"


def _told(response: Response) -> str:
    """Return what an answer is, in a few words."""
    if response.status in (401, 403):
        return _challenged(response)
    if 300 <= response.status < 400:
        return _redirected(response)
    kind = response.media_type
    if kind in ("text/html", "application/xhtml+xml"):
        return "a web page"
    return _member(response) or {"text/event-stream": "event stream"}.get(kind, kind)


def _challenged(response: Response) -> str:
    field = response.header("www-authenticate")
    if field is None:
        return _member(response) or "without a challenge"
    scheme, _, rest = field.partition(" ")
    error = rest.partition('error="')[2].partition('"')[0]
    return f"{scheme} {error}".strip()


def _redirected(response: Response) -> str:
    place = response.header("location") or ""
    try:
        parts = urlsplit(place)
        names = [name for name, _ in parse_qsl(parts.query, keep_blank_values=True)]
    except ValueError:
        return "to nowhere"
    carried = f" with {' '.join(names[:4])}" if names else ""
    return f"to {parts.netloc or parts.path}{carried}"


def _member(response: Response) -> str:
    """Return the member of a JSON answer that says most about it."""
    if not response.body or len(response.body) > _READ or "json" not in response.media_type:
        return ""
    try:
        document = json.loads(response.body)
    except (ValueError, RecursionError):
        return "broken JSON"
    if not isinstance(document, dict):
        return "JSON"
    error = document.get("error")
    if isinstance(error, dict):
        return f"error {error.get('code', '')}".strip()
    if isinstance(error, str):
        return error
    return next((word for name, word in _TELLING.items() if name in document), "JSON")


def _moments(session: Session, moments: list[Any], after: int) -> Iterator[Step]:
    """Take from the list what happened before the exchange of this index."""
    while moments and moments[0].after <= after:
        event = moments.pop(0).event
        if isinstance(event, Browsed):
            opened = "opens the address" if event.opened else "you open it"
            yield Step(
                (
                    Arrow(YOU, BROWSER, opened, unseen=not event.opened),
                    Arrow(BROWSER, ISSUER, "GET the page; sign in, agree", unseen=True),
                )
            )
        else:
            final = not moments and session.waiting is None
            yield _resumed(event, accepted=final or isinstance(_next(moments), Browsed))


def _next(moments: list[Any]) -> Any:
    return moments[0].event if moments else None


def _resumed(event: Resumed, accepted: bool) -> Step:
    if not event.source:
        return Step(note=event.how)
    names = " ".join(event.carried) or "a bare code"
    refused = "error" in event.carried or not accepted
    style = LEVEL[Level.WARNING][1] if refused else LEVEL[Level.OK][1]
    pasted = event.source == "paste"
    back = Arrow(ISSUER, BROWSER, "back to the redirect URI", unseen=True)
    label = f"pasted: {names}" if pasted else names
    arrows = (back, Arrow(BROWSER, YOU, label, "", style, unseen=pasted))
    # What is not the answer came from anywhere.
    return Step(arrows if accepted else arrows[1:], mark="" if accepted else "!", mark_style=style)


def _now(session: Session) -> Iterator[Step]:
    """Yield what is about to happen, or how it ended."""
    ready = session.ready
    if isinstance(ready, Send | Open):
        label = f"next: {_asked(session, ready.request)}"
        yield Step((Arrow(YOU, lane_of(ready.request), label, style="bold", unseen=True),))
    if session.waiting is not None:
        glyph = "…"
        yield Step(note=f"waiting: {session.waiting.what}", mark=glyph, mark_style="$text-accent")
    if session.stop is not None:
        glyph, style = LEVEL[Level.FATAL]
        yield Step(note=f"{session.stop.message}", mark=glyph, mark_style=style)
    elif session.outcome in (Outcome.OK, Outcome.OPEN):
        told = "the headers are good" if session.outcome is Outcome.OK else "no token is needed"
        yield Step(note=told, mark="✓", mark_style=LEVEL[Level.OK][1])
    elif session.outcome is not None:
        yield Step(note=f"ended: {session.outcome}", mark="–", mark_style=DIM)


def lanes(width: int) -> tuple[int, int, int, int]:
    """Return the columns of the four parties in so many cells."""
    first, last = _MARGIN, max(width - 4, _MARGIN + 12)
    span = last - first
    return first, first + round(span * 0.30), first + round(span * 0.64), last


def header(session: Session, width: int) -> Content:
    """Return the names of the parties above their lanes, and below them their hosts."""
    at = lanes(width)
    named = session.resource.issuers[:1] if session.resource else ()
    issuer = session.server.issuer if session.server else "".join(named)
    hosts = ("", "", text.host_of(session.url), text.host_of(issuer) if issuer else "")
    names = _NAMES[0] if width >= 68 else _NAMES[1]
    room = min(at[2] - at[1], at[3] - at[2] + (width - at[3])) - 2
    return Content("\n").join(
        [
            _placed(names, at, width, room + 8).stylize("bold"),
            _placed(hosts, at, width, room).stylize(DIM),
        ]
    )


def _placed(words: tuple[str, ...], at: tuple[int, ...], width: int, room: int) -> Content:
    line = ""
    for index, (word, column) in enumerate(zip(words, at, strict=True)):
        shown = _plain(word, room)
        start = column if index == 0 else column - len(shown) // 2
        start = max(min(start, width - len(shown)), len(line) + 1 if line else 0)
        line = f"{line:{start}}{_plain(shown, width - start)}"
    return Content(line.ljust(width))


@lru_cache(maxsize=4096)
def draw(step: Step, width: int) -> Content:
    """Return a step in so many cells: one line for an arrow, more for a long sentence."""
    number = str(step.number) if step.number else ""
    head = Content.assemble((f"{number:>4} ", DIM), (f"{step.mark:<1} ", step.mark_style))
    made: list[Content] = []
    if step.note:
        for line in fold(step.note, width - _MARGIN - 1)[:4]:
            made.append(Content.styled(line, "bold" if step.mark else DIM))
    made += [_line(arrow, width) for arrow in step.arrows]
    margin = Content(" " * _MARGIN)
    parts = [(head if index == 0 else margin) + line for index, line in enumerate(made)]
    return Content("\n").join(parts)


def _line(arrow: Arrow, width: int) -> Content:
    """Draw one arrow over the life lines, its label on it; without the margin."""
    at = [column - _MARGIN for column in lanes(width)]
    cells = [" "] * (width - _MARGIN)
    for column in at:
        cells[column] = "│"
    left, right = sorted((at[arrow.source], at[arrow.target]))
    forward = arrow.target > arrow.source
    dash = "┄" if arrow.unseen else "─"
    cells[left + 1 : right] = dash * (right - left - 1)
    cells[right - 1 if forward else left + 1] = "▶" if forward else "◀"
    cells[at[arrow.source]] = "├" if forward else "┤"
    lead = 2 if width >= 68 else 1
    start = left + 1 + lead if forward else left + 2 + lead
    end = right - 2 if forward else right - lead
    wanted = cell_len(arrow.label) + 2
    tail = f" {arrow.tail} " if arrow.tail else ""
    if end - start - len(tail) - 1 < min(wanted, 12):
        tail = ""
    label = _plain(arrow.label, max(end - start - len(tail) - 2 - bool(tail), 1))
    cells[start : start + len(label) + 2] = f" {label} "
    if tail:
        cells[end - len(tail) : end] = tail
    line = Content("".join(cells)).stylize(DIM)
    line = line.stylize(DIM if arrow.unseen else "$text-primary", left, right + 1)
    line = line.stylize(arrow.style or "$foreground", start, start + len(label) + 2)
    return line.stylize(DIM, end - len(tail), end) if tail else line


def _plain(value: str, room: int) -> str:
    """Return harmless text of one cell a character, cut to its room."""
    shown = text.one_line(value, None)
    if not shown.isascii():
        shown = "".join(char if cell_len(char) == 1 else "?" for char in shown)
    return shown if len(shown) <= room else f"{shown[: max(room - 1, 0)]}…"
