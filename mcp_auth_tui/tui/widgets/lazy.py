"""Knows how a list draws only the lines that are in sight; must not know what they say.

Textual measures and wraps every line of a list before the first is seen: half a second for 500.
"""

from __future__ import annotations

from collections.abc import Callable

from textual.content import Content
from textual.css.styles import RulesMap
from textual.strip import Strip
from textual.style import Style
from textual.visual import RenderOptions, Visual


class Lazy(Visual):
    """A prompt that is drawn when it comes into sight, for the width that there is then.

    ``draw`` returns it for a width in cells, and ``height`` how many lines that will be.
    """

    def __init__(
        self, draw: Callable[[int], Content], height: Callable[[int], int] = lambda _: 1
    ) -> None:
        self._draw = draw
        self._height = height

    def __str__(self) -> str:
        return self._draw(80).plain

    def render_strips(
        self, width: int, height: int | None, style: Style, options: RenderOptions
    ) -> list[Strip]:
        """Draw it."""
        return self._draw(width).render_strips(width, height, style, options)

    def get_optimal_width(self, rules: RulesMap, container_width: int) -> int:
        """Return the room there is: it fits any."""
        return container_width

    def get_height(self, rules: RulesMap, width: int) -> int:
        """Return its lines."""
        return self._height(width)
