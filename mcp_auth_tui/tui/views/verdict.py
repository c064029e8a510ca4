"""Knows the verdict line as `Content`: what is true, who acts, which key helps; judges nothing."""

from __future__ import annotations

from textual.content import Content

from mcp_auth_tui.model import Session
from mcp_auth_tui.render.verdict import verdict
from mcp_auth_tui.text import terminal
from mcp_auth_tui.tui.views.content import DIM, STATUS, Look, fold

LINES = 2
"""The most lines that it takes."""
_LEAST = 16
"""Characters of what is true that stay, whatever else there is to say."""

_LOOKING = ("findings", "export")
"""Actions that help with a recording, which sends nothing."""


def verdict_line(session: Session, look: Look, changed: str = "") -> Content:
    """Return one sentence on at most two lines; what is true gives way to who acts and the key.

    ``changed`` says what differs from the run before.
    """
    found = verdict(session)
    glyph, style = STATUS[found.status]
    text = session.redactor().text
    now, who = (terminal.one_line(text(part), None) for part in (found.now, found.who))
    who = f": {who}" if who else ""
    useful = not look.recorded or found.action in _LOOKING
    key = look.letters.get(found.action, "") if useful else ""
    does = f" {found.does}" if key else ""
    kept = f" · the header of {look.kept_since} is kept" if look.kept_since else ""
    gap = " · " if key else ""
    news = f" · {changed}" if changed else ""
    ending = f"{gap}{key}{does}{news}{kept}"
    now = _cut(now, f"{who}{ending}", look.width - 2)
    who = _cut(who, f"{now}{ending}", look.width - 2)
    return Content.assemble(
        (f"{glyph} {now}", style),
        who,
        (gap, DIM),
        (key, "bold $text-accent"),
        does,
        (news, "$text-primary"),
        (kept, "$text-success"),
    )


def _cut(part: str, rest: str, width: int) -> str:
    """Return a part of the sentence, cut so that all of it fits on its lines."""
    while len(fold(f"{part}{rest}", width)) > LINES and len(part) > _LEAST:
        shorter = part.rstrip("…").rpartition(" ")[0] or part[: len(part) // 2]
        part = f"{shorter.rstrip(',;:')}…"
    return part
