"""Knows the screen that shows the sign-in address alone; must not know where it comes from."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping

from textual.app import ComposeResult
from textual.binding import Binding
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from mcp_auth_tui.tui.actions import LETTERS
from mcp_auth_tui.tui.terminal import filter as terminal
from mcp_auth_tui.tui.views import content


class BareScreen(ModalScreen[None]):
    """The sign-in address alone, without anything that would be selected with it."""

    BINDINGS = [Binding("escape,u,q,enter,space", "dismiss", "Back")]  # noqa: RUF012

    def __init__(
        self, url: str, write: Callable[[str], None] | None, letters: Mapping[str, str] = LETTERS
    ) -> None:
        super().__init__(classes="bare")
        self._url = url
        self._write = write
        self._letters = letters

    def compose(self) -> ComposeResult:
        """The address from the first cell on, and a hint far below."""
        yield Static(id="bare-url", markup=False)
        yield Static(id="bare-told", classes="hint", markup=False)

    def on_resize(self) -> None:
        """Let the terminal write the address once the screen is drawn, if all of it has room."""
        width, height = self.size
        hint = content.fold("esc goes back; the mouse selects as your terminal does it", width)
        fits = len(self._url) <= width * (height - len(hint))
        if fits:
            self.call_after_refresh(self._bare)
        self.query_one("#bare-url", Static).update(Content(self._url) if fits else self._no_room())
        self.query_one("#bare-told", Static).update(Content("\n".join(hint)))

    def _no_room(self) -> Content:
        # To show a part of it would be worse: it looks like a whole address.
        text = (
            f"This address has {len(self._url):,} characters, which this terminal of "
            f"{self.size.width}×{self.size.height} cells cannot show at once. Make the letters "
            f"smaller or the window larger, or take it along another way: {self._letters['copy']} "
            f"copies it whole, {self._letters['save_address']} writes it to a file."
        )
        return content.stack(Content(line) for line in content.fold(text, self.size.width))

    def _bare(self) -> None:
        if self._write is not None:
            links = terminal.supports_links(os.environ)
            terminal.show_bare(self._write, self._url, links=links)

    def on_unmount(self) -> None:
        """Take the mouse back."""
        if self._write is not None:
            terminal.end_bare(self._write)
