"""Knows the detail page of each panel as `Content` and documents; pure, must not know widgets."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from textual.content import Content
from textual.style import Style

from mcp_auth_tui import text
from mcp_auth_tui.model import PANELS, Level, Session, Status, Tried
from mcp_auth_tui.protocol.actions import Browse, Open, Send
from mcp_auth_tui.tui import traffic
from mcp_auth_tui.tui.guide import GUIDES
from mcp_auth_tui.tui.views import (
    DIM,
    LEVEL,
    Look,
    finding_block,
    finding_line,
    fold,
    heading,
    lines,
    named,
    panel_of,
    panel_status,
    rows,
    secret,
    stack,
    stages_of,
    words,
    worst_first,
)


@dataclass(frozen=True, slots=True)
class Document:
    """A document shown as it was received, but harmless and with credentials masked."""

    title: str
    body: str


@dataclass(frozen=True, slots=True)
class Page:
    """What the detail pane shows."""

    content: Content
    documents: tuple[Document, ...] = ()


def page(session: Session, panel: int, look: Look) -> Page:
    """Return the detail page of a panel (0 to 4)."""
    sections = [
        _ready(session, panel, look),
        _stop(session, panel, look),
        _body(session, panel, look),
        _findings(session, panel, look),
        _tried(session, panel, look),
    ]
    if not any(sections):
        sections = [_idle(panel, look)]
    content = Content("\n\n").join([stack(section) for section in sections if section])
    return Page(content, _documents(session, panel, look))


def _ready(session: Session, panel: int, look: Look) -> list[Content]:
    action = session.ready
    if isinstance(action, Browse) and panel == 2:
        goes = Content.styled(" enter goes on to the sign-in below ", "reverse bold")
        return [goes, Content.styled("escape cancels", DIM)]
    if not isinstance(action, Send | Open) or panel_of(action.request.stage) != panel:
        return []
    told = [
        Content.styled(" next request, not sent yet ", "reverse bold"),
        Content.styled("s sends it, r runs on, esc cancels", DIM),
        Content(),
    ]
    return told + traffic.request(session, action.request, look)


def _stop(session: Session, panel: int, look: Look) -> list[Content]:
    stop = session.stop
    if stop is None and panel_status(session, panel) is Status.FAILED:
        told = "The run was ended here by hand. R runs again from here and keeps what came before."
        return [Content.styled(line, LEVEL[Level.WARNING][1]) for line in fold(told, look.width)]
    if stop is None or stop.stage not in stages_of(panel):
        return []
    ended = [Content.styled("The run ended here.", LEVEL[Level.FATAL][1])]
    return ended + finding_block(stop, look)


def _body(session: Session, panel: int, look: Look) -> list[Content]:
    match panel:
        case 0:
            return _metadata(session, look)
        case 1:
            names = ("how", "id", "issuer", "redirect_uri", "auth_method", "secret")
            return rows(named(session.client, *names, "registration_token"), look)
        case 2:
            return _browser(session, look)
        case 3:
            return _token(session, look)
        case _:
            return _headers(session, look)


def _metadata(session: Session, look: Look) -> list[Content]:
    pairs: list[tuple[str, Any]] = []
    if session.contact:
        pairs += named(session.contact, "status", "refused", "era")
        for challenge in session.contact.challenges:
            params = " ".join(f'{key}="{value}"' for key, value in challenge.params)
            pairs.append(("challenge", f"{challenge.scheme} {params}"))
    pairs += named(session.resource, "identifier", "issuers", "scopes")
    if session.resource and session.resource.legacy:
        pairs.append(("metadata", "none; the path of an older revision is taken"))
    pairs += named(session.server, "issuer")
    ends = ("authorization_endpoint", "token_endpoint", "registration_endpoint")
    return rows(pairs + named(session.server, *ends), look)


def consent(session: Session, look: Look) -> list[Content]:
    """Return who asks for what before a person signs in (SPEC 6, consent phishing)."""
    attempt = session.attempt or getattr(session.ready, "attempt", None)
    if attempt is None:
        return []
    host = words(text.host_of(attempt.authorization_endpoint), "bold $text-accent")
    scopes = next((f for f in attempt.fields if f.raw == attempt.scope), None)
    asked = f"{attempt.scope} ({scopes.reason})" if scopes and scopes.reason else attempt.scope
    kind = session.client.how if session.client else ""
    pairs = [
        ("for", session.url),
        ("scope", asked or "none asked for"),
        ("client", f"{attempt.client_id} ({kind})" if kind else attempt.client_id),
        ("back to", attempt.redirect_uri),
    ]
    return [Content.assemble(("Sign in at ", "bold"), host), *rows(pairs, look)]


def _browser(session: Session, look: Look) -> list[Content]:
    made = consent(session, look)
    browsed = session.browsed
    waiting = panel_status(session, 2) is Status.WAITING
    if browsed and waiting:
        made = [*_came_wrong(session, look), *made]
        made += [Content.styled(line, DIM) for line in fold(browsed.how, look.width)]
        made += [Content(), link(browsed.url)]
        made += [Content.styled("one link: c copies it whole, u shows it alone", DIM)]
        if browsed.forward:
            made += [Content(), Content("Browser on your own machine? Run there:")]
            made += [words(browsed.forward, "bold")]
        made += [
            Content.styled(line, DIM)
            for line in fold(
                "Or open it anywhere, sign in, and paste here (p) the address you end on.",
                look.width,
            )
        ]
        return made
    attempt = session.attempt or getattr(session.ready, "attempt", None)
    if attempt is not None and attempt.fields:
        made += [Content(), heading("What the address carries")]
        made += traffic.fields(attempt.fields, look)
    return made


def _came_wrong(session: Session, look: Look) -> list[Content]:
    """Return why the last paste or visitor was not the answer, above all else."""
    wrong = [
        item
        for item in session.findings
        if item.stage in stages_of(2) and item.level.rank <= Level.WARNING.rank
    ]
    if not wrong:
        return []
    last = wrong[-1]
    glyph, style = LEVEL[last.level]
    told = [Content.styled(line, style) for line in fold(f"{glyph} {last.message}", look.width)]
    return [*told, *(Content.styled(line, "bold") for line in fold(last.next, look.width))]


def link(url: str) -> Content:
    """Return a URL as one OSC 8 link if it is safe to follow, else as plain text."""
    from mcp_auth_tui.protocol.urls import safe_url

    try:
        safe = safe_url(url)
    except ValueError as error:
        return stack([words(url, "", None), words(f"not a link: {error}", LEVEL[Level.ERROR][1])])
    return Content.styled(safe, Style(link=safe, underline=True))


def _token(session: Session, look: Look) -> list[Content]:
    token = session.token
    if token is None:
        return []
    pairs = named(token, "type", "access")
    if token.expires_in is not None:
        left = token.received + token.expires_in - look.now
        pairs.append(("lifetime", text.duration(token.expires_in)))
        if look.now:
            pairs.append(
                ("left", text.duration(min(left, token.expires_in)) if left > 0 else "expired")
            )
    pairs += named(token, "refresh", "id_token", "scope_asked", "scope_granted")
    pairs += named(token, "resource", "issuer", "client_id")
    kind = "opaque: only its issuer can read it"
    if token.claims is not None:
        kind = "a JWT; its claims below are read, not verified"
    used = "accepted by the MCP server" if token.verified else "not used yet"
    return rows([*pairs, ("reading", kind), ("use", used)], look)


def _headers(session: Session, look: Look) -> list[Content]:
    made: list[Content] = []
    for name, value in session.headers.items():
        shown = secret(value, look)
        made += [Content.assemble((f"{name}: ", "bold $text-success"), words(shown, "", 10_000))]
    if made:
        made += [Content.styled("c copies it, e exports it, v shows the secret", DIM), Content()]
    peer = session.peer
    if peer is not None:
        made += rows(named(peer, "name", "version", "era", "revision", "tools"), look)
        made += [Content(), heading("Instructions")] if peer.instructions else []
        made += [lines(peer.instructions)] if peer.instructions else []
        made += [Content(), heading("Answer of the tool")] if peer.called else []
        made += [lines(session.redact(peer.called))] if peer.called else []
    return made


def _findings(session: Session, panel: int, look: Look) -> list[Content]:
    found = [f for f in worst_first(session, *stages_of(panel)) if f is not session.stop]
    if not found:
        return []
    made = [heading("Findings")]
    for finding in found:
        if finding.level.rank < Level.INFO.rank:
            made += [*finding_block(finding, look), Content()]
        else:
            made.append(finding_line(finding))
    return made


def _tried(session: Session, panel: int, look: Look) -> list[Content]:
    tried = [item for item in session.tried if item.stage in stages_of(panel)]
    if not tried:
        return []
    made = [heading("Every place tried")]
    for item in tried:
        made += _place(session, item, look)
    return made


def _place(session: Session, item: Tried, look: Look) -> list[Content]:
    glyph, style = {
        "used": ("✓", LEVEL[Level.OK][1]),
        "lost": ("✗", LEVEL[Level.WARNING][1]),
    }.get(item.verdict, ("·", DIM))
    exchange = next((e for e in session.exchanges if e.number == item.exchange), None)
    status = traffic.outcome_of(exchange)[0] if exchange else "-"
    head = Content.assemble((f"{glyph} {status:>4} ", style), words(item.what, "bold"))
    url = [
        words(f"       {line}")
        for line in fold(traffic.shown_url(session, item.url), look.width - 7)
    ]
    why = fold(f"{item.verdict}: {item.why}" if item.why else item.verdict, look.width - 7)
    return [head, *url, *(words(f"       {line}", DIM) for line in why)]


def _idle(panel: int, look: Look) -> list[Content]:
    guide = GUIDES[panel]
    told = [Content.styled(line, DIM) for line in fold(guide.what, look.width)]
    return [heading(PANELS[panel][0]), *told, Content(), Content.styled("? tells more", DIM)]


def _documents(session: Session, panel: int, look: Look) -> tuple[Document, ...]:
    found: list[tuple[str, Mapping[str, Any] | None]] = []
    if panel == 0:
        found = [
            (getattr(value, "url", None) or "", getattr(value, "document", None))
            for value in (session.resource, session.server)
        ]
    elif panel == 1 and session.client:
        found = [("Registration answer", session.client.document)]
    elif panel == 3 and session.token:
        found = [
            ("JOSE header (not verified)", session.token.jose),
            ("Claims (not verified)", session.token.claims),
        ]
    shown = []
    for title, value in found:
        if value:
            body = json.dumps(text.redact_json(dict(value)), indent=2, ensure_ascii=False)
            shown.append(Document(text.one_line(title), text.harmless(session.redact(body))))
    return tuple(shown)
