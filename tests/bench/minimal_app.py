"""The least that Textual can show, to be measured against; knows nothing of the program."""

from __future__ import annotations

from textual.app import App, ComposeResult
from textual.widgets import Footer, Static


class Minimal(App[None]):
    """One text and a footer."""

    BINDINGS = [("q", "quit", "Quit")]  # noqa: RUF012

    def compose(self) -> ComposeResult:
        yield Static("Minimal")
        yield Footer()


if __name__ == "__main__":
    Minimal().run()
