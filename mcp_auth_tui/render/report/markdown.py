"""Knows how a report reads as Markdown; must not know what is in it.

Text of a server only ever stands in code, where no renderer finds links, mentions or HTML in it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from mcp_auth_tui.model import Level, Session
from mcp_auth_tui.render.report.content import Content, content
from mcp_auth_tui.render.summary import GLYPHS

_TICKS = re.compile(r"`+")


def report(session: Session) -> str:
    """Return the report of a run."""
    return "".join(f"{line}\n" for line in _lines(content(session)))


def span(value: str) -> str:
    """Return one line of any text as code (CommonMark §6.1)."""
    fence = "`" * (max(map(len, _TICKS.findall(value)), default=0) + 1)
    edge = " " if value[:1] in ("`", " ", "") or value[-1:] in ("`", " ") else ""
    return f"{fence}{edge}{value}{edge}{fence}"


def block(value: str, language: str = "text") -> list[str]:
    """Return lines of any text as a fenced block (CommonMark §4.5)."""
    fence = "`" * max(max(map(len, _TICKS.findall(value)), default=0) + 1, 3)
    return [f"{fence}{language}", *value.split("\n"), fence]


def _lines(made: Content) -> Iterator[str]:
    yield f"# MCP authorization report: {span(made.url)}"
    yield ""
    yield "## Summary"
    yield ""
    for name, value in made.summary:
        yield f"- {name}: {span(value)}"
    yield ""
    yield "Credentials are masked; a mask tells the length and a short hash of what it stands for."
    yield ""
    yield "## Sequence"
    yield ""
    yield from block("\n".join(made.sequence) or "no request was sent")
    yield ""
    yield "## Findings"
    yield ""
    if not made.findings:
        yield "None."
    for item in made.findings:
        glyph = GLYPHS[Level(item.level)]
        yield f"- {glyph} **{item.level}**: {item.headline} ({span(item.id)})"
        for name, value in item.details:
            yield f"  - {name}: {span(value)}"
        if item.fix:
            yield "  - what has to change:"
            yield ""
            yield from block("\n".join(item.fix), "diff")
            yield ""
    yield ""
    if made.matrix:
        yield "## Which clients would stop here"
        yield ""
        yield f"| finding | {' | '.join(made.clients)} |"
        yield f"| --- |{' --- |' * len(made.clients)}"
        for id, does in made.matrix:
            yield f"| {span(id)} | {' | '.join(does)} |"
        yield ""
        yield "Read from the source of these versions; the reasons stand with the findings."
        yield ""
    if made.kept:
        yield "## Rules kept"
        yield ""
        yield ", ".join(span(id) for id in made.kept)
        yield ""
    yield "## Exchanges"
    for crossing in made.exchanges:
        yield ""
        yield f"### {crossing.number}. {span(crossing.heading)}"
        for name, value in crossing.blocks:
            yield ""
            yield f"{name}:"
            yield ""
            yield from block(value)
    yield ""
