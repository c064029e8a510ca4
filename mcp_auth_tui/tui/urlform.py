"""Knows the form that asks for a URL; must not know how a run is made or started."""

from __future__ import annotations

from collections.abc import Callable

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.widgets import Button, Input, Static

from mcp_auth_tui.tui import views


class UrlForm(ModalScreen[tuple[object, bool] | None]):
    """Asks for the URL; hands back the settings made from it and whether to step."""

    BINDINGS = [Binding("escape", "dismiss(None)", "Close")]  # noqa: RUF012

    def __init__(self, config_for: Callable[[str], object], url: str = "") -> None:
        super().__init__(classes="dialog")
        self._config_for = config_for
        self._url = url

    def compose(self) -> ComposeResult:
        """The field, what is wrong with it, two buttons."""
        with Vertical(classes="box"):
            yield Static("[b]The MCP server you want a token for[/b]")
            yield Input(self._url, placeholder="https://mcp.example.com/mcp", id="url")
            yield Static(id="url-wrong", classes="wrong", markup=False)
            with Horizontal(classes="buttons"):
                yield Button("Run", variant="primary", id="run")
                yield Button("Step", id="step")
            yield Static(
                "Run goes on to the sign-in by itself. Step shows every request before it is sent.",
                classes="hint",
            )

    @on(Input.Submitted)
    def _typed(self, event: Input.Submitted) -> None:
        # Enter may overtake keys that the field has not taken yet: read it after them.
        event.input.call_later(self._go, step=False)

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        self._go(step=event.button.id == "step")

    def _go(self, *, step: bool) -> None:
        typed = self.query_one(Input).value.strip()
        try:
            config = self._config_for(typed)
        except ValueError as error:
            self.query_one("#url-wrong", Static).update(views.lines(error))
            self.query_one(Input).focus()
            return
        self.dismiss((config, step))
