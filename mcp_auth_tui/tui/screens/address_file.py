"""Knows the screen that asks which file something goes to; must not write it."""

from __future__ import annotations

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from mcp_auth_tui.tui.widgets.hints import BACK, Hints


class FileScreen(ModalScreen[str | None]):
    """Asks for the name of the file that something goes to, as a sentence says."""

    BINDINGS = [Binding("escape,q", "dismiss(None)", "Back")]  # noqa: RUF012

    def __init__(self, sentence: str, usual: str) -> None:
        super().__init__(classes="dialog")
        self._sentence = sentence
        self._usual = usual

    def compose(self) -> ComposeResult:
        """The name, and what becomes of it."""
        with Vertical(classes="box"):
            yield Static(self._sentence)
            yield Input(self._usual, id="address-file", select_on_focus=False)
            yield Hints(("enter", "writes it (0600, you alone)", "focused.submit"), BACK)

    @on(Input.Submitted)
    def _named(self, event: Input.Submitted) -> None:
        # Enter may overtake keys that the field has not taken yet: read it after them.
        event.input.call_later(self._go, event.input)

    def _go(self, field: Input) -> None:
        if field.value.strip():
            self.dismiss(field.value.strip())
