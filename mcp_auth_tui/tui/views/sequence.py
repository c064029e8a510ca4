"""Knows a run as a ladder between its four parties; pure, must not know how it is drawn."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from mcp_auth_tui import model
from mcp_auth_tui.records import dataclass
from mcp_auth_tui.text import units
from mcp_auth_tui.tui.views.content import DIM, LEVEL
from mcp_auth_tui.tui.views.request import BEFORE, NOW, outcome_of

YOU, BROWSER, SERVER, ISSUER = range(4)
_READ = 16_384
"""Octets; a longer body is not looked into for a word about it."""
_AT_SERVER = (model.Stage.PROBE, model.Stage.RESOURCE, model.Stage.VERIFY)
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

_GOOD_ENDS: Mapping[model.Outcome | None, str] = {
    model.Outcome.OK: "the headers are good",
    model.Outcome.OPEN: "no token is needed",
    model.Outcome.PROBED: "everything was tried",
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
    earlier: bool = False
    """Of the run that this one took its first stages over from; its number is of that run."""


class Memory:
    """The steps that were made before: a run that grows is not read again from its start."""

    def __init__(self) -> None:
        self._secrets: frozenset[model.Secret] = frozenset()
        self._steps: dict[int, tuple[model.Exchange, model.Level | None, Step]] = {}

    def step(
        self, session: model.Session, exchange: model.Exchange, worst: model.Level | None
    ) -> Step:
        """Return the step of an exchange."""
        if session.secrets != self._secrets:
            # What was not known for a secret when it was drawn may be one now.
            self._secrets = session.secrets
            self._steps.clear()
        entry = self._steps.get(exchange.number)
        if entry is not None and entry[0] is exchange and entry[1] is worst:
            return entry[2]
        step = _exchange_step(session, exchange, worst)
        self._steps[exchange.number] = (exchange, worst, step)
        return step


def steps(session: model.Session, memory: Memory | None = None) -> tuple[Step, ...]:
    """Return the ladder of a run so far, in the order in which it happened."""
    return (*_happened(session, memory or Memory()), *_now(session))


def steps_before(earlier: model.Session | None) -> tuple[Step, ...]:
    """Return the ladder of the run that another took stages over from, and a head for each."""
    if earlier is None or not earlier.exchanges:
        return ()
    happened = _happened(earlier, Memory())
    ladder = (Step(note=BEFORE), *happened, Step(note=NOW))
    return tuple(replace(step, earlier=True) for step in ladder)


def _happened(session: model.Session, memory: Memory) -> list[Step]:
    marks = _marks(session)
    ladder: list[Step] = []
    moments = list(session.moments)
    for index, exchange in enumerate(session.exchanges):
        ladder += _moments(session, moments, index)
        ladder.append(memory.step(session, exchange, marks.get(exchange.number)))
    ladder += _moments(session, moments, len(session.exchanges))
    return ladder


def _marks(session: model.Session) -> dict[int, model.Level]:
    worst: dict[int, model.Level] = {}
    for finding in session.findings:
        if finding.exchange is not None:
            before = worst.get(finding.exchange, model.Level.OK)
            worst[finding.exchange] = min(before, finding.level, key=lambda level: level.rank)
    return worst


def _exchange_step(
    session: model.Session, exchange: model.Exchange, worst: model.Level | None
) -> Step:
    target = lane_of(exchange.request)
    took = units.duration(exchange.seconds)
    status, style = outcome_of(exchange)
    edited = ("✎ " if exchange.edited else "") + (f"↻{exchange.again} " if exchange.again else "")
    request = Arrow(YOU, target, edited + _request_label(session, exchange.request))
    if exchange.response is not None:
        label = f"{status} {response_label(exchange.response)}".strip()
    else:
        label = f"✗ no answer: {status}"
    answer = Arrow(target, YOU, label, took, style)
    mark, mark_style = (
        LEVEL[worst] if worst and worst.rank <= model.Level.WARNING.rank else ("", "")
    )
    return Step((request, answer), exchange.number, mark, mark_style)


def lane_of(request: model.Request) -> int:
    """Return whom a request is for: by its stage, since both parties may share a host."""
    return SERVER if request.kind is model.Kind.MCP or request.stage in _AT_SERVER else ISSUER


def _request_label(session: model.Session, request: model.Request) -> str:
    if request.kind is model.Kind.MCP:
        return f"{request.method} {request.purpose}".strip()
    try:
        path = urlsplit(request.url).path or "/"
    except ValueError:
        return f"{request.method} {request.purpose}"
    path = session.redactor().text(path.replace("/.well-known/", "…/"))
    kinds = [item.raw for item in request.form or () if item.name == "grant_type"]
    kind = f" {kinds[0].rpartition(':')[2]}" if kinds else ""
    return f"{request.method} {path}{kind}"


def response_label(response: model.Response) -> str:
    """Return in a few words what an answer is."""
    if response.status in (401, 403):
        return _challenge_label(response)
    if 300 <= response.status < 400:
        return _redirect_label(response)
    kind = response.media_type
    if kind in ("text/html", "application/xhtml+xml"):
        return "a web page"
    return _member(response) or {"text/event-stream": "event stream"}.get(kind, kind)


def _challenge_label(response: model.Response) -> str:
    field = response.header("www-authenticate")
    if field is None:
        return _member(response) or "without a challenge"
    scheme, _, rest = field.partition(" ")
    error = rest.partition('error="')[2].partition('"')[0]
    return f"{scheme} {error}".strip()


def _redirect_label(response: model.Response) -> str:
    place = response.header("location") or ""
    try:
        parts = urlsplit(place)
        names = [name for name, _ in parse_qsl(parts.query, keep_blank_values=True)]
    except ValueError:
        return "to nowhere"
    carried = f" with {' '.join(names[:4])}" if names else ""
    return f"to {parts.netloc or parts.path}{carried}"


def _member(response: model.Response) -> str:
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


def _moments(session: model.Session, moments: list[Any], after: int) -> Iterator[Step]:
    """Take from the list what happened before the exchange of this index."""
    while moments and moments[0].after <= after:
        event = moments.pop(0).event
        if isinstance(event, model.Browsed):
            label = "opens the address" if event.opened else "you open it"
            yield Step(
                (
                    Arrow(YOU, BROWSER, label, unseen=not event.opened),
                    Arrow(BROWSER, ISSUER, "GET the page; sign in, agree", unseen=True),
                )
            )
        else:
            final = not moments and session.waiting is None
            onward = bool(moments) and isinstance(moments[0].event, model.Browsed)
            yield _return_step(event, accepted=final or onward)


def _return_step(event: model.Resumed, accepted: bool) -> Step:
    if not event.source:
        return Step(note=event.how)
    names = " ".join(event.carried) or "a bare code"
    refused = "error" in event.carried or not accepted
    style = LEVEL[model.Level.WARNING][1] if refused else LEVEL[model.Level.OK][1]
    pasted = event.source == "paste"
    back = Arrow(ISSUER, BROWSER, "back to the redirect URI", unseen=True)
    label = f"pasted: {names}" if pasted else names
    arrows = (back, Arrow(BROWSER, YOU, label, "", style, unseen=pasted))
    # What is not the answer came from anywhere.
    return Step(arrows if accepted else arrows[1:], mark="" if accepted else "!", mark_style=style)


def _now(session: model.Session) -> Iterator[Step]:
    """Yield what is about to happen, or how it ended."""
    ready = session.ready
    if isinstance(ready, model.Request):
        label = f"next: {_request_label(session, ready)}"
        yield Step((Arrow(YOU, lane_of(ready), label, style="bold", unseen=True),))
    if session.waiting is not None:
        glyph = "…"
        yield Step(note=f"waiting: {session.waiting.what}", mark=glyph, mark_style="$text-accent")
    if session.stop is not None:
        glyph, style = LEVEL[model.Level.FATAL]
        yield Step(note=f"{session.stop.message}", mark=glyph, mark_style=style)
    elif (text := _GOOD_ENDS.get(session.outcome)) is not None:
        yield Step(note=text, mark="✓", mark_style=LEVEL[model.Level.OK][1])
    elif session.outcome is not None:
        yield Step(note=f"ended: {session.outcome}", mark="–", mark_style=DIM)
