"""Knows a screen that shows a whole run as one list and grows with it; must not know of what."""

from __future__ import annotations

from typing import TypeVar

from textual.binding import Binding
from textual.message import Message
from textual.reactive import var
from textual.screen import Screen
from textual.widgets import OptionList

from mcp_auth_tui.model import Session
from mcp_auth_tui.records import dataclass

Result = TypeVar("Result")


class Page(Screen[Result]):
    """A screen with one list; `fill` draws it for the session and the width at hand."""

    BINDINGS = [  # noqa: RUF012
        Binding("j", "move(1)", "Down", show=False),
        Binding("k", "move(-1)", "Up", show=False),
    ]
    session: var[Session] = var(Session, always_update=True)

    @dataclass
    class Opened(Message):
        """An exchange was chosen, of this run or of the one that it took stages over from."""

        number: int
        earlier: bool = False

    def __init__(self) -> None:
        super().__init__(classes="page")
        self._due = False

    def on_mount(self) -> None:
        """Stand in the list."""
        self.query_one(OptionList).focus()

    def watch_session(self) -> None:
        """Draw once for however many events came since the last time."""
        if not self._due:
            self._due = True
            self.call_after_refresh(self._draw)

    on_resize = watch_session

    def _draw(self) -> None:
        self._due = False
        if not self.is_mounted:
            return
        options = self.query_one(OptionList)
        width = options.content_region.width - 1  # a scroll bar may come
        if width > 0:
            self.fill(options, width)

    def fill(self, options: OptionList, width: int) -> None:
        """Draw the list, ``width`` in cells."""

    def action_move(self, by: int) -> None:
        """Go up or down."""
        options = self.query_one(OptionList)
        options.action_cursor_down() if by > 0 else options.action_cursor_up()
