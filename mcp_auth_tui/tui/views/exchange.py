"""Knows an exchange line by line: aligned, decoded, and with folds; pure, must not know widgets."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import parse_qsl

from textual.content import Content

from mcp_auth_tui.model import Exchange, Field, Level, Redactor, Response, Session
from mcp_auth_tui.protocol.jwt import read_jwt
from mcp_auth_tui.protocol.urls import split
from mcp_auth_tui.records import dataclass
from mcp_auth_tui.text import json_pointer, terminal, units
from mcp_auth_tui.tui.views import evidence
from mcp_auth_tui.tui.views import request as traffic
from mcp_auth_tui.tui.views.content import (
    DIM,
    LEVEL,
    LONGEST,
    Look,
    StyledValue,
    fold,
    heading,
    rows,
    words,
)
from mcp_auth_tui.tui.views.evidence import Line
from mcp_auth_tui.tui.views.finding import finding_block, finding_line

LIMIT = 100_000
"""Characters of a body that is taken apart; a longer one is shown as it is in a text area."""
_BAR = 24
_NOTABLE = 0.02
"""Seconds that an exchange took beyond its parts, from which on they are told."""
_STYLES = {"key": "$text-primary", "str": "$text-success", "num": "$text-warning"}


@dataclass(frozen=True, slots=True)
class View:
    """How an exchange is looked at: the session it is of, the look, and what is folded."""

    session: Session
    look: Look
    folded: frozenset[str] = frozenset()

    @property
    def redactor(self) -> Redactor:
        """What masks the values in it, unless the person looks at secrets."""
        return self.session.redactor(reveal=self.look.reveal)


def request(item: Exchange, view: View) -> list[Line]:
    """Return the request as it was sent."""
    sent, look = item.request, view.look
    made = traffic.first_line(sent.method, view.redactor.url(sent.url), look)
    made += [words(sent.purpose, DIM)] if sent.purpose else []
    made += [Content.styled(mark, "bold $text-warning") for mark in marks(item)]
    lines = [Line(content) for content in made]
    lines += _query(sent.url, view)
    lines += _fields("Header fields", sent.headers, view)
    lines += _fields("Form", sent.form or (), view)
    if sent.json is not None:
        lines += [_gap(), Line(heading("Body")), *_document(dict(sent.json), view, "request")]
    return lines + _fields("Why", sent.reasons, view)


def answer(item: Exchange, view: View) -> list[Line]:
    """Return what came back, how long it took, and what was found about it."""
    look, session = view.look, view.session
    status, style = traffic.outcome_of(item)
    lines = []
    if item.failure:
        told = fold(item.failure.message, look.width)
        lines += [Line(heading("No answer"))]
        lines += [Line(words(line, LEVEL[Level.FATAL][1])) for line in told]
    about = sorted(
        (found for found in session.findings if found.exchange == item.number),
        key=lambda each: each.level.rank,
    )
    bad = [found for found in about if found.level.rank < Level.INFO.rank]
    if item.response:
        version = Content.assemble((f"{item.response.http_version} ", DIM), (status, style))
        lines += [Line(version)]
    for found in bad:
        lines.append(_gap())
        block = finding_block(session, found, look)
        lines += [Line(part, place=evidence.told(found)) for part in block]
    if item.response:
        shown = _headers(item.response, view) + _body(item.response, view)
        lines += evidence.marked(shown, bad, look.width)
    lines += _timing(item)
    if good := [found for found in about if found not in bad]:
        lines += [_gap(), Line(heading("Findings"))]
        lines += [Line(finding_line(session, each), place=evidence.told(each)) for each in good]
    return lines


def marks(item: Exchange) -> list[str]:
    """Return what a person did to an exchange, in a few words each."""
    made = ["✎ edited by hand"] if item.edited else []
    return made + ([f"↻ exchange {item.again} sent again"] if item.again else [])


def is_large(item: Exchange) -> bool:
    """Return whether a body is too long to be taken apart."""
    return item.response is not None and len(item.response.body) > LIMIT


def _gap() -> Line:
    return Line(Content())


def _fields(title: str, fields: Iterable[Field], view: View) -> list[Line]:
    fields = tuple(fields)
    if not fields:
        return []
    lines = [_gap(), Line(heading(title))]
    least = max(len(item.name) for item in fields)
    for item in fields:
        value = view.redactor.field(item.name, item.value)
        lines += [Line(c) for c in rows([(item.name, value)], view.look, least=least)]
        lines += _jwt(item.raw.rpartition(" ")[2], view, f"{title}/{item.name}", 2)
        why = " · ".join(part for part in (item.reason, item.source) if part)
        for line in fold(why, view.look.width - 2) if why else ():
            lines.append(Line(words(f"  {line}", DIM)))
    return lines


def _query(url: str, view: View) -> list[Line]:
    try:
        query = split(url).query
    except ValueError:
        return []
    pairs = parse_qsl(query, keep_blank_values=True)
    return _fields("Query, decoded", (Field(name, value) for name, value in pairs), view)


def _headers(response: Response, view: View) -> list[Line]:
    if not response.headers:
        return []
    least = min(max(len(name) for name, _ in response.headers), 28)
    lines = [_gap(), Line(heading("Header fields"))]
    for name, value in view.redactor.fields(response.headers):
        made = rows([(name, value)], view.look, least=least)
        lines += [Line(content, place=evidence.field(name)) for content in made]
    return lines


def _body(response: Response, view: View) -> list[Line]:
    note = f"Body, {units.size(len(response.body))}"
    note += ", cut off at the limit" if response.truncated else ""
    if not response.body:
        return [_gap(), Line(words("no body", DIM))]
    lines = [_gap(), Line(heading(note))]
    plain, kind = response.text, response.media_type
    if len(response.body) > LIMIT:
        return [*lines, Line(words("below, as text", DIM))]
    if kind == "application/x-www-form-urlencoded":
        pairs = parse_qsl(plain, keep_blank_values=True)
        return lines + _fields("Form, decoded", (Field(k, v) for k, v in pairs), view)[2:]
    if kind == "text/event-stream":
        return lines + _events(plain, view)
    return lines + _text(plain, kind, view, "answer")


def _events(plain: str, view: View) -> list[Line]:
    lines: list[Line] = []
    for number, line in enumerate(plain.splitlines()):
        if line.startswith("data:"):
            lines.append(Line(words("data:", DIM)))
            lines += _text(line[5:].strip(), "", view, f"event{number}")
        else:
            lines.append(Line(words(view.redactor.text(line), DIM, None)))
    return lines


def _text(plain: str, kind: str, view: View, path: str) -> list[Line]:
    try:
        value = json.loads(plain)
        if isinstance(value, dict | list):
            return _document(value, view, path)
    except (ValueError, RecursionError):
        pass
    body = view.redactor.body(plain.encode("utf-8", "surrogatepass"), kind)
    return [Line(Content(line)) for line in fold(body, view.look.width)] + _jwt(
        plain.strip(), view, path, 0
    )


def _timing(item: Exchange) -> list[Line]:
    parts = [
        (name, seconds)
        for name in ("connect", "tls", "wait", "read")
        if (seconds := getattr(item.timing, name)) > 0
    ]
    whole = sum(seconds for _, seconds in parts) or 1.0
    lines = [
        _gap(),
        Line(Content.assemble(("Time", "bold underline"), " ", units.duration(item.seconds))),
    ]
    rest = item.seconds - sum(seconds for _, seconds in parts)
    if parts and rest >= max(_NOTABLE, item.seconds / 10):
        parts.append(("here", rest))  # neither the network nor the server: this program
        whole += rest
    for name, seconds in parts:
        cells = max(round(seconds / whole * _BAR), 1)
        bar = Content.styled("━" * cells, "$text-accent")
        lines.append(
            Line(Content.assemble((f"{name:<8}", DIM), f"{units.duration(seconds):>7} ", bar))
        )
    return lines


def _jwt(value: str, view: View, path: str, indent: int) -> list[Line]:
    """Return header and claims of a JWT, whose own text stays masked; nothing when it is none."""
    if value.count(".") != 2:
        return []
    header, claims = read_jwt(value)
    if header is None or claims is None:
        return []
    path += "#jwt"
    closed = path in view.folded
    mark = "▸" if closed else "▾"
    told, style = _verified(value, view.session)
    head = Content.styled(f"{'':{indent}}{mark} JWT, {told}", f"italic {style}")
    lines = [Line(head, path)]
    if not closed:
        both = {"header": dict(header), "claims": dict(claims)}
        lines += _Json(view, path, indent + 2).lines(both)
    return lines


def _verified(value: str, session: Session) -> tuple[str, str]:
    """Say what is known of a JWT's signature, and in which colour."""
    from mcp_auth_tui.protocol.tokens.signatures import readable

    what = next((name for name, held in readable(session.token) if held.reveal() == value), "")
    found = session.signature(what)
    if found is None or found.ok is None:
        return "read but not verified", "$text-warning"
    if found.ok:
        return "signature verified", "$text-success"
    return "its signature is wrong", "$text-error"


def _document(value: Any, view: View, path: str) -> list[Line]:
    try:
        return _Json(view, path, 0).lines(value)
    except RecursionError:
        return [Line(words("nested too deeply to be taken apart", DIM))]


class _Json:
    """Writes a JSON value line by line, coloured, with folds, secrets masked by name and value."""

    def __init__(self, view: View, path: str, indent: int) -> None:
        self._view = view
        self._path = path
        self._indent = indent

    def lines(self, value: Any) -> list[Line]:
        """Return a value; objects and arrays can be folded."""
        shown = self._view.redactor.json(value)
        return list(self._value(value, shown, self._path, 0, Content(), ""))

    def _value(
        self, raw: Any, shown: Any, path: str, depth: int, head: Content, tail: str
    ) -> Iterator[Line]:
        indent = self._indent + min(2 * depth, self._view.look.width // 2)
        if isinstance(raw, Mapping | list) and raw and type(raw) is type(shown):
            yield from self._nested(raw, shown, path, depth, head, tail)
            return
        written = terminal.one_line(json.dumps(shown, ensure_ascii=False), LONGEST)
        style = _STYLES["str" if isinstance(shown, str) else "num"]
        room = max(self._view.look.width - indent - 2, 12)
        pieces = fold(written, max(room - head.cell_length, 12)) or [""]
        first = Content.assemble(" " * indent, head, (pieces[0], style), *_end(pieces, tail))
        yield Line(first, place=path)
        for index, piece in enumerate(pieces[1:], 2):
            end = (tail, DIM) if index == len(pieces) else ("", "")
            yield Line(Content.assemble(" " * (indent + 4), (piece, style), end), place=path)
        if isinstance(raw, str):
            yield from _jwt(raw, self._view, path, indent + 2)

    def _nested(
        self, raw: Any, shown: Any, path: str, depth: int, head: Content, tail: str
    ) -> Iterator[Line]:
        indent = " " * (self._indent + min(2 * depth, self._view.look.width // 2))
        first, last = "{}" if isinstance(raw, Mapping) else "[]"
        if path in self._view.folded:
            told = f"{first} {units.count(len(raw), 'item')} {last}{tail}"
            yield Line(Content.assemble(indent, head, (told, DIM), (" ▸", "bold")), path, path)
            return
        yield Line(Content.assemble(indent, head, (first, DIM)), path, path)
        if isinstance(raw, Mapping):
            items = [
                (key, name, item, other)
                for (key, item), (name, other) in zip(raw.items(), shown.items(), strict=False)
            ]
        else:
            items = [("", "", item, other) for item, other in zip(raw, shown, strict=True)]
        for index, (key, name, item, other) in enumerate(items):
            member = terminal.one_line(json.dumps(name, ensure_ascii=False), 200)
            label = Content.assemble((member, _STYLES["key"]), (": ", DIM)) if key else Content()
            comma = "," if index < len(items) - 1 else ""
            below = f"{path}/{json_pointer.step(key) or index}"
            yield from self._value(item, other, below, depth + 1, label, comma)
        yield Line(Content.assemble(indent, (last + tail, DIM)))


def _end(pieces: list[str], tail: str) -> tuple[tuple[str, str], ...]:
    return ((tail, DIM),) if len(pieces) == 1 and tail else ()


__all__ = ["LIMIT", "Line", "StyledValue", "View", "answer", "is_large", "marks", "request"]
