"""Knows a run told request by request: what was asked, and what came back; pure, no widgets."""

from __future__ import annotations

import json

from textual.content import Content

from mcp_auth_tui.model import Exchange, Finding, Level, Redactor, Request, Response, Session
from mcp_auth_tui.text import units
from mcp_auth_tui.tui.views import exchange as whole
from mcp_auth_tui.tui.views import request
from mcp_auth_tui.tui.views.content import DIM, LEVEL, Look, beside, fold, rows, words
from mcp_auth_tui.tui.views.finding import finding_line
from mcp_auth_tui.tui.views.sequence import response_label

BESIDE = 110
"""Cells from which on answer and request stand beside each other."""
_WORST = 3
"""Findings of an answer that are told in short; the others are counted."""
_FEW, _MORE, _TALL = 3, 8, 24
"""Lines of an answer that are told in short; more of them in so many lines of detail."""
_READ = 16_384
"""Octets; a longer body is not looked into here."""


def next_step(session: Session, sent: Request, title: str, ways: str, look: Look) -> list[Content]:
    """Return what came back last, and the request that comes next, each field with its reason."""
    last = next((item for item in reversed(session.exchanges) if not item.again), None)
    wide = look.width >= BESIDE and last is not None
    half = look.within((look.width - 3) // 2) if wide else look
    head = [Content.styled(title, "reverse bold")]
    head += [Content.styled(line, DIM) for line in fold(ways, half.width)]
    following = [*head, *request.request(session, sent, half)]
    if last is None:
        return following
    came = answer(session, last, half)
    return beside(came, following, look.width) if wide else [*came, Content(), *following]


def answer(session: Session, item: Exchange, look: Look) -> list[Content]:
    """Return in short what came back: its status and kind, and what was found in it."""
    status, style = request.outcome_of(item)
    kind = response_label(item.response) if item.response is not None else "no answer"
    head = Content.assemble(
        (f" answer {item.number} ", "reverse"),
        (f" {status} ", f"bold {style}"),
        words(kind),
        (f"  {units.duration(item.seconds)}", DIM),
        words(f"  {item.request.purpose}", DIM),
    )
    parts = [head.truncate(look.width, ellipsis=True)]
    if item.failure is not None:
        parts += [words(line, style) for line in fold(item.failure.message, look.width)]
    parts += _brought(session, item, look)
    about = sorted(found(session, item.number), key=lambda each: each.level.rank)
    bad = [each for each in about if each.level.rank < Level.INFO.rank]
    for each in bad[:_WORST]:
        parts.append(finding_line(session, each).truncate(look.width, ellipsis=True))
    if more := len(bad) - _WORST if len(bad) > _WORST else 0:
        parts.append(Content.styled(f"  and {more} more", DIM))
    if good := sum(each.level is Level.OK for each in about):
        glyph, style = LEVEL[Level.OK]
        parts.append(Content.styled(f"{glyph} {units.count(good, 'check')} kept", style))
    return parts


def _brought(session: Session, item: Exchange, look: Look) -> list[Content]:
    """Return the few lines of an answer that the run goes on with: its challenge, its members."""
    response, redactor = item.response, session.redactor(reveal=look.reveal)
    if response is None:
        return []
    pairs: list[tuple[str, str]] = []
    for value in response.all("www-authenticate"):
        pairs.append(("challenge", redactor.field("www-authenticate", value)))
    if not pairs and (place := response.header("location")):
        pairs.append(("location", redactor.url(place)))
    pairs += members(redactor, response) if not pairs else []
    room = _FEW if look.height < _TALL else _MORE
    lines = [line.truncate(look.width, ellipsis=True) for line in rows(pairs, look, indent=2)]
    return [*lines[:room], *([Content.styled("  …", DIM)] if len(lines) > room else [])]


def members(redactor: Redactor, response: Response) -> list[tuple[str, str]]:
    """Return the members of a JSON object that came back; empty where it is none."""
    if len(response.body) > _READ or "json" not in response.media_type:
        return []
    try:
        body = json.loads(response.body)
    except (ValueError, RecursionError):
        return []
    shown = redactor.json(body) if isinstance(body, dict) else {}
    return [
        (name, value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))
        for name, value in shown.items()
    ]


def found(session: Session, number: int) -> list[Finding]:
    """Return the findings about an exchange."""
    return [item for item in session.findings if item.exchange == number]


def step_page(session: Session, number: int, look: Look) -> list[Content]:
    """Return one exchange as a step that was taken: the request with its reasons, the answer."""
    item = next((each for each in session.exchanges if each.number == number), None)
    if item is None:
        return []
    wide = look.width >= BESIDE
    half = look.within((look.width - 3) // 2) if wide else look
    view = whole.View(session, half)
    asked = [Content.styled(f" request {number}, as it was sent ", "reverse bold")]
    asked += request.request(session, item.request, half)
    came = [
        Content.styled(f" answer {number}, after {units.duration(item.seconds)} ", "reverse bold")
    ]
    came += [line.content for line in whole.answer(item, view)]
    return beside(asked, came, look.width) if wide else [*came, Content(), *asked]
