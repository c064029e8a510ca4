"""Knows how a short code is written large in half blocks; must not know what it is for."""

from __future__ import annotations

from pathlib import Path

_FONT = Path(__file__).with_suffix(".txt").read_text(encoding="utf-8")
_GLYPHS = {
    line[0]: (*line[2:].split(), ".....") for line in _FONT.splitlines()
}  # the sixth row is empty, for two rows make one line
_BLOCKS = {"##": "█", "#.": "▀", ".#": "▄", "..": " "}


def large(code: str, width: int) -> tuple[str, ...]:
    """Return a code as three lines of at most ``width`` cells; none when that cannot be.

    Letters are not made capital ones: a code may tell them apart (RFC 8628 §6.1).
    """
    if not code or any(letter not in _GLYPHS for letter in code) or len(code) * 6 - 1 > width:
        return ()
    lines = []
    for row in (0, 2, 4):
        pairs = (zip(_GLYPHS[each][row], _GLYPHS[each][row + 1], strict=True) for each in code)
        lines.append(" ".join("".join(_BLOCKS[a + b] for a, b in glyph) for glyph in pairs))
    return tuple(lines)
