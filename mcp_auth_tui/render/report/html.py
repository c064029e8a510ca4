"""Knows how a report looks as one HTML file that loads nothing; must not know what is in it.

Every text is escaped, nothing is a link, and the page forbids itself scripts and requests.
"""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from pathlib import Path

from mcp_auth_tui.model import Level, Session
from mcp_auth_tui.render.report.content import Content, Item, content
from mcp_auth_tui.render.summary import GLYPHS

TAIL = "</main>\n</body>\n</html>\n"


def head() -> str:
    """Return how the page begins, with its style."""
    return Path(__file__).with_name("head.html").read_text(encoding="utf-8")


def page(session: Session) -> str:
    """Return the report of a run as a whole page."""
    return head() + article(session) + TAIL


def article(session: Session) -> str:
    """Return the report of a run as a part of a page."""
    return "".join(f"{line}\n" for line in _lines(content(session)))


def _lines(report: Content) -> Iterator[str]:
    yield "<article>"
    yield f"<h1>MCP authorization report: <code>{escape(report.url)}</code></h1>"
    yield "<h2>Summary</h2>"
    yield from _list(report.summary)
    yield (
        "<p>Credentials are masked; a mask tells the length and a short hash of what it"
        " stands for.</p>"
    )
    yield "<h2>Sequence</h2>"
    yield f"<pre>{escape(chr(10).join(report.sequence) or 'no request was sent')}</pre>"
    yield "<h2>Findings</h2>"
    if not report.findings:
        yield "<p>None.</p>"
    for item in report.findings:
        yield from _finding(item)
    if report.matrix:
        yield "<h2>Which clients would stop here</h2>"
        heads = "".join(f"<th>{escape(name)}</th>" for name in report.clients)
        yield f"<table><tr><th>finding</th>{heads}</tr>"
        for id, does in report.matrix:
            cells = "".join(f"<td>{escape(what)}</td>" for what in does)
            yield f"<tr><td><code>{escape(id)}</code></td>{cells}</tr>"
        yield "</table>"
        yield "<p>Read from the source of these versions; the reasons stand with the findings.</p>"
    if report.kept:
        yield "<h2>Rules kept</h2>"
        yield f"<p>{', '.join(f'<code>{escape(id)}</code>' for id in report.kept)}</p>"
    yield "<h2>Exchanges</h2>"
    for crossing in report.exchanges:
        yield "<details>"
        yield f"<summary>{crossing.number}. {escape(crossing.heading)}</summary>"
        for name, value in crossing.blocks:
            yield f"<h3>{escape(name)}</h3>"
            yield f"<pre>{escape(value)}</pre>"
        yield "</details>"
    yield "</article>"


def _finding(item: Item) -> Iterator[str]:
    glyph = GLYPHS[Level(item.level)]
    yield f'<section class="finding {escape(item.level)}">'
    head = f"{glyph} {escape(item.level)}: {escape(item.headline)}"
    yield f"<h3>{head} <code>{escape(item.id)}</code></h3>"
    yield from _list(item.details)
    if item.fix:
        yield f"<p>What has to change:</p><pre>{escape(chr(10).join(item.fix))}</pre>"
    yield "</section>"


def _list(pairs: tuple[tuple[str, str], ...]) -> Iterator[str]:
    yield "<dl>"
    for name, value in pairs:
        yield f"<dt>{escape(name)}</dt><dd><code>{escape(value)}</code></dd>"
    yield "</dl>"
