"""Knows an exchange as `Content`: fields with value, reason and source; must not know widgets."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from textual.content import Content

from mcp_auth_tui.model import Exchange, Field, Redactor, Request, Session
from mcp_auth_tui.text import terminal, units
from mcp_auth_tui.tui.views.content import DIM, Look, fold, heading, lines, rows, words


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
        body = json.dumps(redactor.json(sent.json), indent=2, ensure_ascii=False)
        made += [Content(), heading("Body"), lines(body)]
    if sent.reasons:
        made += [Content(), heading("Why"), *fields(redactor, sent.reasons, look)]
    return made


def first_line(method: str, url: str, look: Look) -> list[Content]:
    """Return method and URL, on as many lines as it takes: the URL begins beside the method."""
    told = terminal.one_line(f"{method} {url}", None)
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


def unanswered(session: Session, sent: Any, seconds: float, look: Look) -> Content:
    """Return one line about a request that has no answer yet; the URL gives way."""
    head = f"▸ {sent.number} {sent.request.method} "
    time = f"{seconds:.0f} s" if seconds < 60 else units.duration(seconds)
    tail = f"  no answer for {time}"
    room = max(look.width - len(head) - len(tail), 8)
    url = session.redactor().url(sent.request.url).partition("://")[2]
    shown = words(url if len(url) <= room else "…" + url[-(room - 1) :])
    return Content.assemble((head, "bold"), shown.truncate(room), (tail, "$text-accent"))


def exchange_line(session: Session, exchange: Exchange, look: Look) -> Content:
    """Return one line of the log: number, method, URL, status, time; the URL gives way."""
    status, style = outcome_of(exchange)
    marks = (
        ("↻" if exchange.again else "")
        + ("✎" if exchange.edited else "")
        + (f"×{exchange.attempt}" * (exchange.attempt > 1))
    )
    head = f"{exchange.number:>3} {exchange.request.method:<5}"
    took = units.duration(exchange.seconds)
    tail = f"{marks} {status:>3} {took:>6}"
    url = session.redactor().url(exchange.request.url).partition("://")[2]
    room = max(look.width - len(head) - len(tail) - 2, 8)
    purpose = exchange.request.purpose
    note = f"  {terminal.one_line(purpose, 60)}" if len(url) + len(purpose) + 2 <= room else ""
    if len(url) > room:
        url = "…" + url[-(room - 1) :]
    middle = Content.assemble(words(url), (note, DIM)).truncate(room, ellipsis=True, pad=True)
    number = Content.assemble((head[:4], DIM), (head[4:], "bold"))
    ending = Content.assemble((marks, DIM), (f" {status:>3}", style), (f" {took:>6}", DIM))
    return number + " " + middle + " " + ending
