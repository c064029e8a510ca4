"""Knows how a fix becomes `Content`; pure, must not know widgets or how a fix is found."""

from __future__ import annotations

from collections.abc import Iterator

from textual.content import Content

from mcp_auth_tui.fixes import first_like, has_fix
from mcp_auth_tui.model import Finding, Session
from mcp_auth_tui.render.difference import Line
from mcp_auth_tui.render.fix import FixPart, FixText
from mcp_auth_tui.tui.views.content import DIM, LEVEL, Look, StyledValue, fold, rows, words
from mcp_auth_tui.tui.views.finding import worst_first

_STYLES = {"-": "$text-error", "+": "$text-success", " ": "", "…": DIM}
_MASK = "‹"
_MASKED = "Credentials are masked here, and in what is copied."


def fixable(session: Session) -> list[Finding]:
    """Return the findings that say that an answer has to change, what ended the run first."""
    listed = (first_like(session, item) for item in worst_first(session) if has_fix(item))
    return list(dict.fromkeys(listed))


def fix_page(session: Session, finding: Finding, fix: FixText, look: Look) -> list[Content]:
    """Return what mends a finding: each part as a difference, and what has to be true beside."""
    text = session.redactor(reveal=look.reveal).text
    glyph, style = LEVEL[finding.level]
    page = [Content.assemble((f"{glyph} {finding.level} ", style), words(finding.id, DIM))]
    page += [Content.styled(line, "bold") for line in fold(text(finding.message), look.width)]
    if fix.why:
        why = StyledValue(f"There is no fix to show. {fix.why}", "")
        return [*page, Content(), *rows([("why", why), ("next", text(finding.next))], look)]
    for part in fix.parts:
        page += [Content(), *_part(part, look)]
    notes = list(fix.notes)
    if any(_MASK in line.text for part in fix.parts for line in part.lines):
        notes.append(_MASKED)
    if notes:
        page += [Content(), *(Content(line) for note in notes for line in fold(note, look.width))]
    return page


def _part(part: FixPart, look: Look) -> Iterator[Content]:
    for title in fold(part.title, look.width):
        yield Content.styled(title, DIM)
    for line in part.lines:
        yield from _line(line, look.width)


def _line(line: Line, width: int) -> Iterator[Content]:
    """Yield a line, wrapped where it is too long: each row of it has its mark."""
    style = _STYLES[line.mark]
    room = max(width - 6, 8)
    head, rest = words(line.text[: width - 2], "", None), line.text[width - 2 :]
    yield Content.assemble((f"{line.mark} ", style), head.stylize(style))
    for at in range(0, len(rest), room):
        part = words(rest[at : at + room], "", None).stylize(style)
        yield Content.assemble((f"{line.mark}   ↳ ", style), part)
