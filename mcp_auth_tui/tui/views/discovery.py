"""Knows the table of places where documents were looked for; pure, must not know widgets."""

from __future__ import annotations

from collections.abc import Iterable

from textual.content import Content

from mcp_auth_tui.model import Exchange, Level, Session, Stage
from mcp_auth_tui.records import dataclass
from mcp_auth_tui.text import terminal, units
from mcp_auth_tui.tui.views import content
from mcp_auth_tui.tui.views.request import outcome_of

_OK, _WARN, _ERROR = (content.LEVEL[level] for level in (Level.OK, Level.WARNING, Level.ERROR))
_NONE = ("·", content.DIM)
_MARKS = {
    "used": _OK,
    "lost": _WARN,
    "not tried": _NONE,
    "same": ("=", content.DIM),
    "differs": _ERROR,
    "misplaced": _ERROR,
    "other": ("≠", content.DIM),
    "nothing": _NONE,
}
_KINDS = {"application/json": "JSON", "text/html": "HTML", "text/plain": "text", "": "-"}
PRM, META = "Protected resource metadata (RFC 9728)", "Authorization server metadata (RFC 8414)"


@dataclass(frozen=True, slots=True)
class PlaceRow:
    """One place: what was asked, what came, and why it won, lost or was not needed."""

    group: str
    url: str
    verdict: str
    why: str
    exchange: int | None = None
    status: str = "-"
    status_style: str = content.DIM
    kind: str = "-"
    took: str = ""
    differences: tuple[tuple[str, str, str], ...] = ()
    """Member, its value in the document used, its value here."""


def table(session: Session) -> tuple[PlaceRow, ...]:
    """Return every place that was tried, in order, and then what a scan found elsewhere."""
    made = [
        _row(session, _group(item.stage), item.url, item.verdict, item.why, item.exchange)
        for item in session.tried
    ]
    listed = {row.url for row in made if row.exchange is not None}
    for spot in session.scanned or ():
        if spot.location.url in listed and spot.verdict not in ("differs", "misplaced"):
            continue  # what the run itself tried already stands above
        group = f"{_group_of(spot.location.what)}: other places"
        told = f"{spot.why} ({spot.location.why})"
        differing = tuple((item.member, item.ours, item.theirs) for item in spot.differences)
        url = spot.location.url
        made.append(_row(session, group, url, spot.verdict, told, spot.exchange, differing))
    return tuple(made)


def _group(stage: Stage) -> str:
    return PRM if stage is Stage.RESOURCE else META


def _group_of(what: str) -> str:
    return PRM if what.startswith("protected") else META


def _row(
    session: Session,
    group: str,
    url: str,
    verdict: str,
    why: str,
    number: int | None,
    differing: tuple[tuple[str, str, str], ...] = (),
) -> PlaceRow:
    exchange = next((item for item in session.exchanges if item.number == number), None)
    shown = session.redactor().url(url)
    if exchange is None:
        return PlaceRow(group, shown, verdict, why, number, differences=differing)
    status, style = outcome_of(exchange)
    took = units.duration(exchange.seconds)
    return PlaceRow(
        group, shown, verdict, why, number, status, style, _kind(exchange), took, differing
    )


def _kind(exchange: Exchange) -> str:
    if exchange.response is None:
        return "-"
    kind = exchange.response.media_type
    return _KINDS.get(kind) or terminal.one_line(kind.rpartition("/")[2], 10)


def draw(row: PlaceRow, width: int) -> Content:
    """Return a row on two lines: mark, status, type, time and place; below them why."""
    mark, style = _MARKS.get(row.verdict, _NONE)
    room = max(width - 26, 12)
    url = terminal.one_line(row.url.partition("://")[2] or row.url, None)
    if len(url) > room:
        url = "…" + url[-(room - 1) :]
    first = Content.assemble(
        (f"{mark} ", style),
        (f"{row.status:>7} ", row.status_style),
        (f"{row.kind:<6.6} ", content.DIM),
        (f"{row.took:>6}  ", content.DIM),
        content.words(url, "bold" if row.verdict == "used" else ""),
    )
    why = f"{row.verdict}: {row.why}" if row.why else row.verdict
    second = Content.assemble("  ", content.words(why, content.DIM, None))
    return content.stack(line.truncate(width, ellipsis=True) for line in (first, second))


def place_detail(session: Session, row: PlaceRow, look: content.Look) -> Content:
    """Return one place in full, with what differs field by field."""
    mark, style = _MARKS.get(row.verdict, _NONE)
    made = [Content.styled(line, "bold") for line in content.fold(row.url, look.width)]
    made += [
        Content.styled(line, style)
        for line in content.fold(f"{mark} {row.verdict}: {row.why}", look.width)
    ]
    if row.differences:
        made.append(content.heading("Field by field: the document used, and this one"))
        for member, ours, theirs in row.differences:
            pairs = [
                (member, ours or "absent"),
                ("", content.StyledValue(theirs or "absent", style)),
            ]
            made += content.rows(pairs, look, least=12)
    return content.stack([*made, *_about(session, row, look)])


def _about(session: Session, row: PlaceRow, look: content.Look) -> Iterable[Content]:
    for found in session.findings:
        if found.exchange is None or found.exchange != row.exchange:
            continue
        if found.level.rank <= Level.WARNING.rank:
            glyph, style = content.LEVEL[found.level]
            for line in content.fold(f"{glyph} {found.message}", look.width):
                yield Content.styled(line, style)
            for line in content.fold(found.next, look.width):
                yield Content.styled(line, content.DIM)


def invitation(session: Session, hosts: Iterable[str], count: int, width: int) -> Content:
    """Return what a scan would do, or that it was done."""
    if session.scanned is not None:
        told = f"Scanned: {units.count(len(session.scanned), 'place')}, standard and mistaken."
    elif count:
        told = (
            f"s also looks at {units.count(count, 'other place')} where people put these documents,"
            f" rightly or by mistake ({', '.join(hosts)})."
        )
    else:
        told = "There is no other place to look at yet."
    return content.stack(Content.styled(line, content.DIM) for line in content.fold(told, width))
