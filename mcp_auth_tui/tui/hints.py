"""Knows the line of keys of a screen, on which a click does what the key does; knows no screen."""

from __future__ import annotations

from textual.widgets import Static

from mcp_auth_tui.tui import views

Hint = tuple[str, str, str]
"""A key as it is written, its word, and the action that a click runs; a remark has no key."""


class Hints(Static):
    """Keys with their words, as many to a line as fit."""

    DEFAULT_CSS = """
    Hints {
        height: auto; padding: 0 1; color: $text-muted; link-style: none; link-color: $text-muted;
        link-background: transparent; link-style-hover: none;
        link-background-hover: $block-hover-background;
    }
    """

    def __init__(self, *told: Hint, id: str | None = None) -> None:
        super().__init__(id=id, markup=False)
        self._told = told

    def tell(self, *told: Hint) -> None:
        """Show other keys."""
        self._told = told
        self._draw()

    def on_resize(self) -> None:
        """Fold for the new width."""
        self._draw()

    def _draw(self) -> None:
        if self.size.width:
            self.update(views.keys_hint(self._told, self.size.width))
