"""Knows how server text becomes harmless for a terminal; knows nothing of secrets."""

from __future__ import annotations

import re
import unicodedata

from mcp_auth_tui.text.patterns import pattern

_KEPT = {"\n", "\t"}
# Looked at closer; all else is taken as it is, which makes 2 MB a matter of milliseconds.
_ODD = pattern(r"[^\x20-\x7e\n\t]+")
_HIDDEN_CATEGORIES = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def harmless(value: str, limit: int | None = None) -> str:
    """Return server text that no terminal can act on: SPEC 6, terminal escape injection.

    Controls (but newline and tab), escape sequences, bidi overrides, zero-width, private-use
    characters and lone surrogates become a visible ``\\x1b``-like mark. ``limit`` is in characters.
    """
    if not value.isascii() or not value.isprintable():
        value = _ODD.sub(_marked, value)
    if limit is not None and len(value) > limit:
        return f"{value[:limit]}… ({len(value):,} characters)"
    return value


def one_line(value: str, limit: int | None = 200) -> str:
    """Return harmless text on one line: newlines and tabs are shown, not obeyed."""
    return harmless(value, limit).replace("\n", "⏎").replace("\t", " ")


def _marked(found: re.Match[str]) -> str:
    run = found[0]
    # Printable is what is of no hidden category; the others are looked at one by one.
    return run if run.isprintable() else "".join(map(_mark, run))


def _mark(char: str) -> str:
    if char in _KEPT or (char.isascii() and char.isprintable()):
        return char
    if unicodedata.category(char) not in _HIDDEN_CATEGORIES:
        return char
    point = ord(char)
    return f"\\x{point:02x}" if point < 0x100 else f"\\u{{{point:x}}}"
