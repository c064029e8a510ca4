"""Knows the line of keys of a screen, on which a click does what the key does; knows no screen."""

from __future__ import annotations

from textual.content import Content
from textual.geometry import Size
from textual.widget import Widget

from mcp_auth_tui.tui.actions import LETTERS
from mcp_auth_tui.tui.views import content

Hint = tuple[str, str, str]
"""A key as it is written, its word, and the action that a click runs; a remark has no key.

A key in braces is that of an action of the main screen's table, as the user's config file has it.
"""
BACK: Hint = ("esc", "back", "screen.dismiss(None)")


class Hints(Widget):
    """Keys with their words, as many to a line as fit."""

    DEFAULT_CSS = """
    Hints {
        height: auto; padding: 0 1; color: $dim; link-style: none; link-color: $dim;
        link-background: transparent; link-style-hover: none;
        link-background-hover: $block-hover-background;
    }
    """

    def __init__(self, *hints: Hint) -> None:
        super().__init__()
        self.hints = hints

    def tell(self, *hints: Hint) -> None:
        """Show other keys."""
        if hints != self.hints:
            self.hints = hints
            self.refresh(layout=True)

    def render(self) -> Content:
        """Draw them."""
        return content.keys_hint(self._with_keys(), self.size.width)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """Return how many lines they take."""
        return len(content.keys_hint(self._with_keys(), width).plain.splitlines())

    def _with_keys(self) -> tuple[Hint, ...]:
        letters = getattr(self.app, "letters", LETTERS)
        return tuple((key.format_map(letters), word, does) for key, word, does in self.hints)
