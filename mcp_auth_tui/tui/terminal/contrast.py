"""Knows when a colour can be read on a background, and makes it so; must not know any theme."""

from __future__ import annotations

from collections.abc import Mapping

from textual.color import Color, ColorParseError

LEAST = 4.5
"""The ratio of luminances below which text is hard to read (WCAG 2.2, 1.4.3)."""
_NAMES = tuple(f"text-{name}" for name in ("warning", "accent", "success", "error", "primary"))
_STEP = 0.03
_GROUNDS = ("background", "surface", "panel")
_FAINTEST = 60
"""Per cent of the foreground."""


def readable(variables: Mapping[str, str]) -> dict[str, str]:
    """Return the colours of a theme's words, each as far from its background as it has to be.

    ``dim`` is that of words of less weight. What the terminal itself decides (the ANSI themes) is
    left to it.
    """
    result = {"dim": _dim(variables)} if "foreground" in variables else {}
    try:
        ground = Color.parse(variables["background"])
        colours = {name: Color.parse(variables[name]) for name in _NAMES if name in variables}
    except (ColorParseError, KeyError):
        return {}
    for name, colour in colours.items():
        if ground.ansi is None and colour.ansi is None and ratio(colour, ground) < LEAST:
            result[name] = _apart(colour, ground).hex
    return result


def _dim(variables: Mapping[str, str]) -> str:
    """Return the foreground as faint as can still be read on everything that words stand on."""
    try:
        words = Color.parse(variables["foreground"])
        grounds = [Color.parse(variables[name]) for name in _GROUNDS if name in variables]
    except ColorParseError:
        return variables["foreground"]
    if words.ansi is not None or any(ground.ansi is not None for ground in grounds):
        return variables["foreground"]
    for alpha in range(_FAINTEST, 100, 5):
        faint = words.with_alpha(alpha / 100)
        if all(ratio(ground + faint, ground) >= LEAST for ground in grounds):
            return faint.hex
    return words.hex


def ratio(one: Color, other: Color) -> float:
    """Return the contrast of two colours: 1 for the same, 21 for black and white."""
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def _apart(colour: Color, ground: Color) -> Color:
    away = Color(0, 0, 0) if _luminance(ground) > 0.18 else Color(255, 255, 255)
    for step in range(round(1 / _STEP) + 2):
        moved = colour.blend(away, min(step * _STEP, 1.0))
        if ratio(moved, ground) >= LEAST:
            return moved
    return away


def _luminance(colour: Color) -> float:
    parts = (value / 255 for value in (colour.r, colour.g, colour.b))
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
