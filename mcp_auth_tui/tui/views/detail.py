"""Knows the detail page of each panel as `Content` and documents; pure, must not know widgets."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from textual.content import Content

from mcp_auth_tui.model import PANELS, Level, Request, Session, Status
from mcp_auth_tui.text import redaction, terminal
from mcp_auth_tui.tui.panels import headers, metadata
from mcp_auth_tui.tui.panels.guide import GUIDES
from mcp_auth_tui.tui.panels.status import panel_of, panel_status, stages_of
from mcp_auth_tui.tui.views import request
from mcp_auth_tui.tui.views.content import (
    DIM,
    LEVEL,
    Look,
    fold,
    heading,
    named,
    rows,
    stack,
)
from mcp_auth_tui.tui.views.finding import finding_block, finding_line, worst_first

# More checks that were kept than this are only counted.
_FEW = 3
# More findings than this are no longer read one below the other.
_MANY = 30


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
    papers: tuple[Any, ...] = ()
    """What the documents were made from."""


def page(
    session: Session,
    panel: int,
    look: Look,
    marks: tuple[str, ...] = (),
    before: Page | None = None,
) -> Page:
    """Return the detail page of a panel (0 to 4); what is still true of the one before is kept."""
    stop, body = _stop(session, panel, look), _body(session, panel, look)
    sections = [
        _ready(session, panel, look),
        stop,
        [heading("What was found before"), *body] if stop and body else body,
        headers.marks_of(session, marks, look) if panel == 4 else [],
        _findings(session, panel, look),
        metadata.places(session, panel, look),
    ]
    if not any(sections):
        sections = [_idle(panel, look)]
    content = Content("\n\n").join([stack(section) for section in sections if section])
    found = _papers(session, panel)
    papers = (session.secrets, *found)
    if before is not None and papers == before.papers:
        return Page(content, before.documents, papers)
    return Page(content, _documents(session, found), papers)


def _ready(session: Session, panel: int, look: Look) -> list[Content]:
    ready = session.ready
    if ready is not None and not isinstance(ready, Request) and panel == 2:
        goes = Content.styled(" enter goes on to the sign-in below ", "reverse bold")
        return [
            goes,
            Content.styled(
                look.told("{copy} copies the address instead, {edit} edits it, esc cancels"), DIM
            ),
        ]
    if not isinstance(ready, Request) or panel_of(ready.stage) != panel:
        return []
    told = [
        Content.styled(" next request, not sent yet ", "reverse bold"),
        Content.styled(
            look.told("{step} sends it, {edit} edits it first, {run} runs on, esc cancels"), DIM
        ),
        Content(),
    ]
    return told + request.request(session, ready, look)


def _stop(session: Session, panel: int, look: Look) -> list[Content]:
    stop = session.stop
    if stop is None and panel_status(session, panel) is Status.FAILED:
        told = look.told(
            "The run was ended here by hand. {run_again} runs again from here and keeps what came "
            "before."
        )
        return [Content.styled(line, LEVEL[Level.WARNING][1]) for line in fold(told, look.width)]
    if stop is None or stop.stage not in stages_of(panel):
        return []
    return finding_block(session, stop, look, ended=True)


def _body(session: Session, panel: int, look: Look) -> list[Content]:
    match panel:
        case 0:
            return metadata.page(session, look)
        case 1:
            names = ("how", "id", "issuer", "redirect_uri", "auth_method", "secret")
            return rows(named(session.client, *names, "registration_token"), look)
        case 2:
            # Imported when they are shown: the first frame needs neither.
            from mcp_auth_tui.tui.panels import browser

            return browser.page(session, look)
        case 3:
            from mcp_auth_tui.tui.panels import token

            return token.card(session, look)
        case _:
            return headers.page(session, look)


def _findings(session: Session, panel: int, look: Look) -> list[Content]:
    found = [f for f in worst_first(session, *stages_of(panel)) if f is not session.stop]
    if not found:
        return []
    made = [heading("Findings")]
    kept = sum(finding.level is Level.OK for finding in found)
    told = [item for item in found if item.level is not Level.OK or kept <= _FEW]
    for finding in told[:_MANY]:
        if finding.level.rank < Level.INFO.rank:
            made += [*finding_block(session, finding, look), Content()]
        else:
            made.append(finding_line(finding))
    if (more := len(told) - _MANY) > 0:
        summed = look.told(f"{more} more: {{findings}} lists them all")
        made.append(Content.styled(summed, "bold"))
    if kept > _FEW:
        glyph, style = LEVEL[Level.OK]
        summed = look.told(f"{glyph} {kept} checks kept, {{findings}} lists them")
        made.append(Content.styled(summed, style))
    return made


def _idle(panel: int, look: Look) -> list[Content]:
    guide = GUIDES[panel]
    told = [Content.styled(line, DIM) for line in fold(look.told(guide.what), look.width)]
    return [heading(PANELS[panel][0]), *told, Content(), Content.styled("? tells more", DIM)]


def _papers(session: Session, panel: int) -> list[tuple[str, Mapping[str, Any] | None]]:
    """Return title and value of what a panel shows as documents."""
    found: list[tuple[str, Mapping[str, Any] | None]] = []
    if panel == 0:
        found = [
            (getattr(value, "url", None) or "", getattr(value, "document", None))
            for value in (session.resource, session.server)
        ]
    elif panel == 1 and session.client:
        found = [("Registration answer", session.client.document)]
    elif panel == 3:
        from mcp_auth_tui.tui.panels import token

        found = token.papers(session)
    return found


def _documents(session: Session, papers: Iterable[tuple[str, Any]]) -> tuple[Document, ...]:
    shown = []
    for title, value in papers:
        if value:
            body = json.dumps(redaction.redact_json(dict(value)), indent=2, ensure_ascii=False)
            shown.append(
                Document(terminal.one_line(title), terminal.harmless(session.redact(body)))
            )
    return tuple(shown)
