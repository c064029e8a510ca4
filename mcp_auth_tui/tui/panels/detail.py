"""Knows the detail page of each panel as `Content` and documents; pure, must not know widgets."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from textual.content import Content

from mcp_auth_tui.model import Level, Request, Session, Stage, Status, Tried
from mcp_auth_tui.records import dataclass
from mcp_auth_tui.text import terminal, units
from mcp_auth_tui.tui.panels.status import findings_line, panel_status, status_line
from mcp_auth_tui.tui.panels.table import PanelRow
from mcp_auth_tui.tui.views import request as traffic
from mcp_auth_tui.tui.views.content import DIM, LEVEL, Look, fold, heading, stack, words
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
class DetailPage:
    """What the detail pane shows."""

    content: Content
    documents: tuple[Document, ...] = ()
    sources: tuple[Any, ...] = ()
    """What the documents were made from."""


def page(
    session: Session, panel: PanelRow, look: Look, before: DetailPage | None = None
) -> DetailPage:
    """Return the detail page of a panel; what is still true of the one before is kept."""
    step = _next_action(session, panel, look)
    if step and (session.ready is None or isinstance(session.ready, Request)):
        # What was found before stands with each answer, a key away.
        return DetailPage(stack(step))
    view = panel.load()
    stop, body = _stop(session, panel, look), view.page(session, look)
    sections = [
        step,
        stop,
        [heading("What was found before"), *body] if stop and body else body,
        _findings(session, panel, look),
        _places(session, panel, look),
    ]
    if not any(sections):
        sections = [_idle(panel, look)]
    content = Content("\n\n").join([stack(section) for section in sections if section])
    documents = view.documents(session)
    sources = (session.secrets, *documents)
    if before is not None and sources == before.sources:
        return DetailPage(content, before.documents, sources)
    return DetailPage(content, _documents(session, documents), sources)


def title(session: Session, panel: PanelRow, look: Look) -> Content:
    """Return what stands in the border above a panel's page: name, status, findings."""
    counted = findings_line(session, panel)
    behind = ("  ", counted) if counted is not None else ()
    return Content.assemble(
        (f"{panel.heading}  ", "bold"), status_line(session, panel, look), *behind
    )


def step(session: Session, number: int, look: Look) -> tuple[DetailPage, Content]:
    """Return an exchange as a step that was taken, and the title above it."""
    from mcp_auth_tui.tui.views import conversation  # not in the first frame

    ways = look.with_keys("  {step_back} {step_forward} go to its neighbours, esc goes back")
    title = Content.assemble((f"Step {number} of {len(session.exchanges)}", "bold"), (ways, DIM))
    return DetailPage(stack(conversation.step_page(session, number, look))), title


def _next_action(session: Session, panel: PanelRow, look: Look) -> list[Content]:
    ready = session.ready
    if ready is not None and not isinstance(ready, Request):
        if Stage.AUTHORIZE not in panel.stages:
            return []
        host = units.host_of(ready.authorization_endpoint)
        title = f" your turn: enter opens your browser at {host} "
        ways = "{copy} copies the address instead, {edit} edits it, esc cancels"
        return _gate(title, ways, look)
    request = ready or session.sending
    if request is None or request.stage not in panel.stages:
        return []
    from mcp_auth_tui.tui.views import conversation  # not in the first frame

    number, letters = session.upcoming, look.with_keys
    title = f" request {number}, not sent yet " if ready else f" request {number} is on its way "
    ways = "{step} sends it, {edit} edits it, {run} runs on"
    ways += ", {step_back} shows the step before" if session.exchanges else ""
    told = letters(ways if ready else "esc cancels")
    return conversation.next_step(session, request, title, told, look)


def _gate(title: str, ways: str, look: Look) -> list[Content]:
    return [Content.styled(title, "reverse bold"), Content.styled(look.with_keys(ways), DIM)]


def _stop(session: Session, panel: PanelRow, look: Look) -> list[Content]:
    stop = session.stop
    if stop is None and panel_status(session, panel) is Status.CANCELLED:
        text = look.with_keys(
            "You cancelled the run here: that is no fault of a server. {run_again} runs again from "
            "here and keeps what came before."
        )
        return [Content.styled(line, LEVEL[Level.WARNING][1]) for line in fold(text, look.width)]
    if stop is None or stop.stage not in panel.stages:
        return []
    return finding_block(session, stop, look, ended=True)


def _findings(session: Session, panel: PanelRow, look: Look) -> list[Content]:
    findings = [f for f in worst_first(session, *panel.stages) if f != session.stop]
    if not findings:
        return []
    parts = [heading("Findings")]
    count = sum(finding.level is Level.OK for finding in findings)
    visible = [item for item in findings if item.level is not Level.OK or count <= _FEW]
    for finding in visible[:_MANY]:
        if finding.level.rank < Level.INFO.rank:
            parts += [*finding_block(session, finding, look), Content()]
        else:
            parts.append(finding_line(session, finding))
    if (more := len(visible) - _MANY) > 0:
        summary = look.with_keys(f"{more} more: {{findings}} lists them all")
        parts.append(Content.styled(summary, "bold"))
    if count > _FEW:
        glyph, style = LEVEL[Level.OK]
        summary = look.with_keys(f"{glyph} {count} checks kept, {{findings}} lists them")
        parts.append(Content.styled(summary, style))
    return parts


def _places(session: Session, panel: PanelRow, look: Look) -> list[Content]:
    places = [item for item in session.tried if item.stage in panel.stages]
    if not places:
        return []
    parts = [heading("Every place tried")]
    for item in places:
        parts += _place(session, item, look)
    return parts


def _place(session: Session, item: Tried, look: Look) -> list[Content]:
    glyph, style = {"used": ("✓", LEVEL[Level.OK][1]), "lost": ("✗", LEVEL[Level.WARNING][1])}.get(
        item.verdict, ("·", DIM)
    )
    exchange = next((e for e in session.exchanges if e.number == item.exchange), None)
    status = traffic.outcome_of(exchange)[0] if exchange else "-"
    head = Content.assemble((f"{glyph} {status:>4} ", style), words(item.what, "bold"))
    url = [
        words(f"       {line}") for line in fold(session.redactor().url(item.url), look.width - 7)
    ]
    reason = session.redactor().text(item.why)
    why = fold(f"{item.verdict}: {reason}" if reason else item.verdict, look.width - 7)
    return [head, *url, *(words(f"       {line}", DIM) for line in why)]


def _idle(panel: PanelRow, look: Look) -> list[Content]:
    guide = panel.guide
    parts = [Content.styled(line, DIM) for line in fold(look.with_keys(guide.what), look.width)]
    return [heading(panel.title), *parts, Content(), Content.styled("? tells more", DIM)]


def _documents(session: Session, sources: Iterable[tuple[str, Any]]) -> tuple[Document, ...]:
    documents = []
    for title, value in sources:
        if value:
            body = json.dumps(session.redactor().json(value), indent=2, ensure_ascii=False)
            documents.append(Document(terminal.one_line(title), terminal.harmless(body)))
    return tuple(documents)
