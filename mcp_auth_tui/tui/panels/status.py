"""Knows status, findings and facts of a panel in short; pure, must not know widgets."""

from __future__ import annotations

from textual.content import Content

from mcp_auth_tui.model import Level, Request, Session, Stage, Status
from mcp_auth_tui.text import units
from mcp_auth_tui.tui.panels.table import PanelRow
from mcp_auth_tui.tui.views.content import LEVEL, STATUS, Look, rows, words


def panel_status(session: Session, panel: PanelRow) -> Status:
    """Sum up the stages of a panel: what is alive first, then the worst."""
    if waits_for_you(session, panel):
        return Status.WAITING
    states = [session.stages[stage].status for stage in panel.stages]
    for status in (Status.FAILED, Status.CANCELLED, Status.WAITING, Status.RUNNING):
        if status in states:
            return status
    begun = any(state is not Status.IDLE for state in states)
    if begun and Status.IDLE in states and session.outcome is None:
        return Status.RUNNING
    for status in (Status.WARNED, Status.DONE, Status.KEPT, Status.SKIPPED):
        if status in states:
            return status
    return Status.IDLE


def waits_for_you(session: Session, panel: PanelRow) -> bool:
    """Return whether the run stands still in a panel until the person lets something go."""
    ready = session.ready
    stage = ready.stage if isinstance(ready, Request) else Stage.AUTHORIZE
    return ready is not None and stage in panel.stages


def status_line(session: Session, panel: PanelRow, look: Look) -> Content:
    """Return glyph, word and, as far as there is room, time of a panel."""
    status = panel_status(session, panel)
    glyph, style = STATUS[status]
    parts = [glyph, "waits for you" if status is Status.WAITING else str(status)]
    seconds = sum(session.stages[stage].seconds for stage in panel.stages)
    if status is Status.WAITING and session.waiting and look.now:
        parts.append(units.duration(max(session.waiting.until - look.now, 0.0)))
    elif seconds:
        parts.append(units.duration(seconds))
    line = Content.styled(" ".join(parts), style)
    return line if line.cell_length <= look.width else Content.styled(" ".join(parts[:2]), style)


def findings_line(session: Session, panel: PanelRow) -> Content | None:
    """Return how many findings a panel has by weight, worst first, or None when there is none."""
    counts = session.counts(*panel.stages)
    worst = counts[Level.FATAL] + counts[Level.ERROR]
    parts = [(worst, Level.ERROR), (counts[Level.WARNING], Level.WARNING)]
    parts += [(counts[Level.OK], Level.OK)]
    marks = [
        Content.styled(f"{number} {LEVEL[level][0]}", LEVEL[level][1])
        for number, level in parts
        if number
    ]
    return Content(" ").join(marks) if marks else None


def panel_facts(session: Session, panel: PanelRow, look: Look) -> list[Content]:
    """Return the few facts that a panel shows about its stages, most telling first."""
    facts: list[Content] = []
    if session.stop and session.stop.stage in panel.stages:
        facts.append(words(session.stop.message, LEVEL[Level.FATAL][1]))
    if session.url:  # before a run there is nothing to tell, and no module to load for it
        facts += rows(panel.load().facts(session, look), Look(2000, False, look.now), gap=1)
    return facts
