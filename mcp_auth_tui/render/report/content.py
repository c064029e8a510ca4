"""Knows what a report tells and in which order; must not know Markdown or HTML.

Every text in it has been through `render.safe.Safe`; a form only has to escape it.
"""

from __future__ import annotations

from collections.abc import Iterable

from mcp_auth_tui import __version__
from mcp_auth_tui.findings import CATALOGUE
from mcp_auth_tui.findings.advice import ClientNote, client_notes
from mcp_auth_tui.model import Browsed, Exchange, Finding, Level, Outcome, Resumed, Session
from mcp_auth_tui.protocol.quirks import known_way
from mcp_auth_tui.records import dataclass
from mcp_auth_tui.render.fix import FixText, fix_text, to_public
from mcp_auth_tui.render.safe import Safe
from mcp_auth_tui.render.summary import counted
from mcp_auth_tui.render.verdict import verdict
from mcp_auth_tui.text import units

_ENDS = {
    Outcome.OK: "nothing that stops a client was found",
    Outcome.OPEN: "no authorization is asked for",
    Outcome.PROBED: "what should be refused was tried",
}


@dataclass(frozen=True, slots=True)
class Item:
    """One finding that is no praise."""

    level: str
    headline: str
    """Text of our own: the rule's headline."""
    id: str
    details: tuple[tuple[str, str], ...]
    """Label and value; only the label is ours."""
    fix: tuple[str, ...] = ()
    """What mends it, as lines of a difference; empty where no answer has to change."""


@dataclass(frozen=True, slots=True)
class Crossing:
    """One exchange in full."""

    number: int
    heading: str
    blocks: tuple[tuple[str, str], ...]
    """Label and text of several lines."""


@dataclass(frozen=True, slots=True)
class Content:
    """A whole report."""

    url: str
    summary: tuple[tuple[str, str], ...]
    sequence: tuple[str, ...]
    """What happened, one line each."""
    findings: tuple[Item, ...]
    clients: tuple[str, ...]
    """Known clients and their versions: the columns of `matrix`."""
    matrix: tuple[tuple[str, tuple[str, ...]], ...]
    """Finding and what each client does there: ``stops``, ``goes on`` or nothing known."""
    kept: tuple[str, ...]
    exchanges: tuple[Crossing, ...]


def ranked(session: Session) -> list[Finding]:
    """Return the findings of a run, the worst first, each once; kept rules are left out."""
    seen = {item: None for item in session.findings if item.level is not Level.OK}
    return sorted(seen, key=lambda item: item.level.rank)


def content(session: Session) -> Content:
    """Return what the report of a run says."""
    safe = Safe(session)
    kept = dict.fromkeys(item.id for item in session.findings if item.level is Level.OK)
    return Content(
        safe.line(session.url),
        tuple(_summary(session, safe)),
        tuple(_sequence(session, safe)),
        tuple(_item(session, item, safe) for item in ranked(session)),
        *_matrix(session),
        tuple(kept),
        tuple(_crossing(item, safe) for item in session.exchanges),
    )


def _matrix(session: Session) -> tuple[tuple[str, ...], tuple[tuple[str, tuple[str, ...]], ...]]:
    """Say which known clients would stop at which finding, as their source was read."""
    ids = dict.fromkeys(item.id for item in ranked(session))
    rows = {
        id: {_client(note): "stops" if note.stops else "goes on" for note in notes}
        for id in ids
        if (notes := client_notes(id))
    }
    columns = tuple(dict.fromkeys(client for row in rows.values() for client in row))
    cells = ((id, tuple(row.get(client, "") for client in columns)) for id, row in rows.items())
    return columns, tuple(cells)


def _client(note: ClientNote) -> str:
    return f"{note.client} {note.version}"


def told(session: Session) -> str:
    """Return in a few words how a run ended."""
    if session.stop is not None:
        return f"{session.outcome}: a client stops here ({session.stop.id})"
    if session.outcome is None:
        return "not ended"
    guessed = any(item.id == "as-legacy-paths" for item in session.findings)
    if guessed and session.token is None and session.outcome is Outcome.OK:
        return "no metadata: whether the default paths of 2025-03-26 work was not tried"
    return _ENDS.get(session.outcome, str(session.outcome))


def checked(session: Session) -> str:
    """Return how many rules were checked, and how many of them were kept."""
    broken = {f.id for f in session.findings if f.level.rank <= Level.WARNING.rank}
    kept = {item.id for item in session.findings if item.level is Level.OK} - broken
    return f"{len(broken | kept)} checked, {len(kept)} kept"


def _summary(session: Session, safe: Safe) -> Iterable[tuple[str, str]]:
    yield "MCP server", safe.line(session.url)
    yield "Verdict", safe.line(verdict(session).sentence)
    yield "Result", safe.line(told(session))
    if marks := session.caveats:
        # What the report tells is worth less then; who reads it has to know.
        yield "Marked run", safe.line("; ".join(marks))
    yield "Findings", counted(session)
    yield "Rules", checked(session)
    if session.revision:
        yield "MCP revision", safe.line(session.revision)
    if session.resource is not None:
        yield "Resource", safe.line(session.resource.identifier)
        if session.resource.issuers:
            yield "Authorization servers", safe.line(", ".join(session.resource.issuers))
    if session.server is not None:
        yield "Issuer", safe.line(session.server.issuer)
    from mcp_auth_tui.protocol.quirks.recognition import recognise  # a text needs no summary

    if (guess := recognise(session)) is not None:
        yield "Looks like", f"{guess.provider.name}: {guess.reason}"
    if session.client is not None:
        yield "Client", safe.line(f"{session.client.how}, {session.client.auth_method}")
    yield "When", units.date(session.started)
    yield "Program", f"mcp-auth-tui {__version__}"


def _outcome(exchange: Exchange) -> str:
    if exchange.failure is not None:
        return f"no answer ({exchange.failure.kind})"
    return str(exchange.status)


def _step(exchange: Exchange, safe: Safe) -> str:
    request = exchange.request
    again = f", attempt {exchange.attempt}" if exchange.attempt > 1 else ""
    return safe.line(
        f"{exchange.number}. {request.method} {request.url} → {_outcome(exchange)},"
        f" {units.duration(exchange.seconds)} ({request.purpose}{again}{_by_hand(exchange)})"
    )


def _by_hand(exchange: Exchange) -> str:
    again = f", exchange {exchange.again} sent again" if exchange.again else ""
    return f"{again}{', edited by hand' if exchange.edited else ''}"


def _sequence(session: Session, safe: Safe) -> Iterable[str]:
    """Yield a line for each exchange, and between them what passed outside of this program."""
    moments = list(session.moments)
    for index, exchange in enumerate((*session.exchanges, None)):
        while moments and moments[0].after <= index:
            yield _moment(moments.pop(0).event, safe)
        if exchange is not None:
            yield _step(exchange, safe)


def _moment(event: Browsed | Resumed, safe: Safe) -> str:
    if isinstance(event, Browsed):
        return safe.line(f"   the person is sent to {units.host_of(event.url)}")
    carried = f" with {', '.join(event.carried)}" if event.carried else ""
    return safe.line(f"   {event.how}{carried}")


def _item(session: Session, finding: Finding, safe: Safe) -> Item:
    rule = CATALOGUE.get(finding.id)
    headline = rule.headline if rule else "A rule was broken."
    said = "" if finding.message == headline else finding.message
    clients = ((_client(note), _does(note)) for note in client_notes(finding.id))
    pairs = (("said", said), *details(session, finding), *clients)
    filled = tuple((name, safe.line(value)) for name, value in pairs if value)
    fix = fix_text(session, finding, to_public(safe))
    filled += _fix_notes(fix)
    lines = tuple(safe.line(line) for line in fix.lines) if fix is not None else ()
    return Item(str(finding.level), headline, finding.id, filled, lines)


def _fix_notes(fix: FixText | None) -> tuple[tuple[str, str], ...]:
    """Return what has to be known beside a fix, or why there is none; empty where none is due."""
    if fix is None:
        return ()
    if fix.why:
        return (("fix", f"There is none to show. {fix.why}"),)
    return tuple(("beside the fix", note) for note in fix.notes)


def details(session: Session, finding: Finding) -> tuple[tuple[str, str], ...]:
    """Return label and value of what helps to mend a finding; as received, and perhaps empty."""
    way = known_way(session, finding)
    number = f"exchange {finding.exchange}" if finding.exchange else ""
    return (
        ("seen", finding.seen),
        ("where", ", ".join(part for part in (number, finding.pointer) if part)),
        ("expected", finding.expected),
        ("rule", finding.rule),
        ("to be mended by", finding.whose),
        ("next", finding.next),
        *(way.details if way else ()),
    )


def _does(note: ClientNote) -> str:
    return f"{'stops' if note.stops else 'goes on'}: {note.why}"


def _crossing(exchange: Exchange, safe: Safe) -> Crossing:
    request, response = exchange.request, exchange.response
    sent = safe.fields(request.headers)
    body = safe.sent(exchange)
    first = f"{request.method} {safe.line(request.url)}"
    blocks = [("sent", "\n".join([first, *sent, *(["", body] if body else [])]))]
    if response is not None:
        lines = [f"{response.http_version} {response.status}", *safe.fields(response.headers)]
        body = safe.received(exchange)
        blocks.append(("received", "\n".join([*lines, *(["", body] if body else [])])))
    elif exchange.failure is not None:
        blocks.append(("no answer", safe(exchange.failure.message)))
    heading = safe.line(f"{request.purpose}{_by_hand(exchange)}: {_outcome(exchange)}")
    return Crossing(exchange.number, heading, tuple(blocks))
