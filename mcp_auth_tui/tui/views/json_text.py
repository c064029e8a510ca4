"""Knows the colours of a JSON text, as Textual gives them; pure, must not know what it says.

Textual's own highlighter loads Pygments: 1.4 MB and 20 ms for the four kinds of token that JSON
has. It is asked for what is no JSON after all.
"""

from __future__ import annotations

import json

from textual.content import Content, Span

from mcp_auth_tui.text.patterns import pattern

_TOKEN = pattern(
    r'(?P<key>"(?:[^"\\]|\\.)*"(?=\s*:))|(?P<string>"(?:[^"\\]|\\.)*")'
    r"|(?P<number>[-0-9][-+.0-9eE]*)|(?P<constant>true|false|null)"
)
_STYLES = {
    "key": "$text-primary bold",
    "string": "$text-success 90%",
    "number": "$text-warning",
    "constant": "bold $text-success 80%",
}
"""Those of `textual.highlight.HighlightTheme`."""


def highlighted(text: str) -> Content:
    """Return a text that begins as JSON does, in colours."""
    lines = "\n".join(text.splitlines())
    try:
        json.loads(lines, parse_constant=_refuse)
    except (ValueError, RecursionError):
        from textual.highlight import highlight

        return highlight(text, language="json")
    tokens = _TOKEN.finditer(lines)
    spans = [Span(*token.span(), _STYLES[token.lastgroup or ""]) for token in tokens]
    return Content(lines, spans=spans).stylize_before("$text")


def _refuse(name: str) -> object:
    raise ValueError(f"{name} is no JSON")
