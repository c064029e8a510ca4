"""Knows what each panel shows in short; pure, must not know widgets."""

from __future__ import annotations

from typing import Any

from textual.content import Content

from mcp_auth_tui.model import Level, Session
from mcp_auth_tui.tui.panels import browser, metadata, token
from mcp_auth_tui.tui.panels.status import stages_of
from mcp_auth_tui.tui.views.content import LEVEL, Look, named, rows, words


def panel_facts(session: Session, panel: int, look: Look) -> list[Content]:
    """Return the few facts that a panel shows about its stages, most telling first."""
    made: list[Content] = []
    if session.stop and session.stop.stage in stages_of(panel):
        made.append(words(session.stop.message, LEVEL[Level.FATAL][1]))
    return made + rows(_facts(session, panel, look), Look(2000, False, look.now), gap=1)


def _facts(session: Session, panel: int, look: Look) -> list[tuple[str, Any]]:
    if panel == 0:
        found: list[tuple[str, Any]] = []
        if session.contact:
            schemes = tuple(dict.fromkeys(item.scheme for item in session.contact.challenges))
            found.append(("status", f"{session.contact.status} {' '.join(schemes)}".strip()))
        if session.server:
            found.append(("issuer", metadata.short(session.server.issuer)))
        if session.resource:
            found.append(("resource", metadata.short(session.resource.identifier)))
        return found
    if panel == 1:
        return named(session.client, "how", "id", "auth_method")
    if panel == 2:
        return browser.facts(session, look)
    if panel == 3:
        return token.facts(session)
    facts: list[tuple[str, Any]] = [(name, value) for name, value in session.headers.items()]
    if session.peer:
        tools = session.peer.tools
        facts.append(("server", f"{session.peer.name} {session.peer.version}".strip()))
        facts += named(session.peer, "revision")
        facts += [("tools", str(len(tools)))] if tools is not None else []
    return facts
