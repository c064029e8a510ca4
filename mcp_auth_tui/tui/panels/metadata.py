"""Knows the page of the metadata and of the places tried; pure, must not know widgets."""

from __future__ import annotations

from typing import Any

from textual.content import Content

from mcp_auth_tui.model import Level, Session, Tried
from mcp_auth_tui.tui.panels.status import stages_of
from mcp_auth_tui.tui.views import request
from mcp_auth_tui.tui.views.content import DIM, LEVEL, Look, fold, heading, named, rows, words


def page(session: Session, look: Look) -> list[Content]:
    """Return what both servers say about themselves."""
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


def places(session: Session, panel: int, look: Look) -> list[Content]:
    """Return every place where a panel's documents were looked for, and why it won or lost."""
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
    status = request.outcome_of(exchange)[0] if exchange else "-"
    head = Content.assemble((f"{glyph} {status:>4} ", style), words(item.what, "bold"))
    url = [
        words(f"       {line}")
        for line in fold(request.shown_url(session, item.url), look.width - 7)
    ]
    why = fold(f"{item.verdict}: {item.why}" if item.why else item.verdict, look.width - 7)
    return [head, *url, *(words(f"       {line}", DIM) for line in why)]


def short(url: str) -> str:
    """Return a URL without the scheme that all have."""
    return url.removeprefix("https://")
