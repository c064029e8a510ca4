"""Knows an exchange as `Content`: fields with value, reason and source; must not know widgets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from textual.content import Content

from mcp_auth_tui.model import Exchange, Field, Redactor, Request, Session
from mcp_auth_tui.text import terminal, units
from mcp_auth_tui.tui.views.content import DIM, LONGEST, Look, fold, heading, rows, words

BEFORE, NOW = "── of the run before ──", "── of this run ──"
"""Heads over what a run took over from another, and over what it sent itself."""


def fields(redactor: Redactor, items: Sequence[Field], look: Look) -> list[Content]:
    """Return fields one below another: name, value (masked), and why it is so."""
    made: list[Content] = []
    least = max((len(item.name) for item in items), default=0)
    for item in items:
        value = redactor.field(item.name, item.value)
        made += rows([(item.name, value)], look, least=least)
        why = " · ".join(part for part in (item.reason, item.source) if part)
        if why:
            made += [words(f"  {line}", DIM) for line in fold(why, look.width - 2)]
    return made


def request(session: Session, sent: Request, look: Look) -> list[Content]:
    """Return a request before or after it was sent."""
    redactor = session.redactor(reveal=look.reveal)
    made = [*first_line(sent.method, redactor.url(sent.url), look), words(sent.purpose, DIM)]
    if sent.headers:
        made += [Content(), heading("Header fields"), *fields(redactor, sent.headers, look)]
    if sent.form is not None:
        made += [Content(), heading("Form"), *fields(redactor, sent.form, look)]
    if sent.json is not None:
        members = tuple(sent.members(redactor.json(sent.json)))
        made += [Content(), heading("JSON members"), *fields(redactor, members, look)]
    return made


def first_line(method: str, url: str, look: Look) -> list[Content]:
    """Return method and URL, on as many lines as it takes: the URL begins beside the method."""
    told = terminal.one_line(f"{method} {url}", LONGEST)
    width = max(look.width, 8)
    first, *rest = [told[at : at + width] for at in range(0, len(told), width)]
    head = Content.assemble((first[: len(method)], "bold"), first[len(method) :])
    return [head, *(Content(line) for line in rest)]


def outcome_of(exchange: Exchange) -> tuple[str, str]:
    """Return what became of an exchange in a few letters, and its style."""
    if exchange.failure:
        return exchange.failure.kind.rpartition("-")[2][:9], "bold $text-error"
    status = exchange.status
    style = "$text-success" if status < 300 else DIM if status < 400 else "$text-warning"
    return str(status), "$text-error" if status >= 500 else style


def unanswered(session: Session, sent: Any, seconds: float, limit: float, look: Look) -> Content:
    """Return one line about a request that has no answer yet; the URL gives way."""
    head = f"▸ {sent.number} {sent.request.method} "
    time = f"{seconds:.0f} s" if seconds < 60 else units.duration(seconds)
    tail = f"  no answer for {time}" + (f" of {limit:.0f}" if limit else "")
    room = max(look.width - len(head) - len(tail), 8)
    url = session.redactor().url(sent.request.url).partition("://")[2]
    shown = words(url if len(url) <= room else "…" + url[-(room - 1) :])
    return Content.assemble((head, "bold"), shown.truncate(room), (tail, "$text-accent"))


_PLACE = 0.58
"""The share of host and path in what a row of the log has left for words."""
_WORDY = 34
"""Cells; in fewer there is no room for a purpose beside the place."""


def exchange_line(session: Session, exchange: Exchange, look: Look) -> Content:
    """Return one row of the log: number, method, status, time, place and purpose in columns."""
    status, style = outcome_of(exchange)
    marks = (
        ("↻" if exchange.again else "")
        + ("✎" if exchange.edited else "")
        + (f"×{exchange.attempt}" * (exchange.attempt > 1))
    )
    method = terminal.one_line(exchange.request.method, 6)
    took = units.duration(exchange.seconds)
    head = Content.assemble(
        (f"{exchange.number:>3} ", DIM),
        (f"{method:<6} ", "bold"),
        (f"{status:<9}" if exchange.failure else f"{status:<4}", style),
        (f"{took:>6} " if not exchange.failure else f" {took:>6} ", DIM),
    )
    room = max(look.width - head.cell_length, 8)
    wide = round(room * _PLACE) if room >= _WORDY else room
    ahead = words(f"{marks} " if marks else "", DIM)
    place = ahead + _column(place_of(session, exchange.request), wide - 2 - ahead.cell_length)
    if room < _WORDY:
        return (head + place).truncate(look.width, pad=True)
    purpose = words(exchange.request.purpose, DIM)
    return head + place + "  " + purpose.truncate(room - wide, ellipsis=True, pad=True)


def place_of(session: Session, sent: Request) -> str:
    """Return host and path of a request, without its query."""
    return session.redactor().url(sent.url).partition("://")[2].partition("?")[0].partition("#")[0]


def _column(text: str, width: int) -> Content:
    """Return a place in so many cells: of a long one its host and its end."""
    if len(text) > width:
        host, _, path = text.partition("/")
        if len(host) + 8 <= width:
            text = f"{host}/…{path[-(width - len(host) - 2) :]}"
        else:
            text = f"…{text[-(width - 1) :]}"
    return words(text).truncate(width, ellipsis=True, pad=True)
