"""Two lists in boxes and a footer, the least of a screen with a focus; knows nothing of ours."""

from __future__ import annotations

from textual.app import App, ComposeResult
from textual.containers import Horizontal
from textual.widgets import Footer, OptionList


class MinimalList(App[None]):
    """Two lists of fifty lines beside each other."""

    BINDINGS = [("q", "quit", "Quit")]  # noqa: RUF012
    CSS = "OptionList { width: 1fr; height: 1fr; }"

    def compose(self) -> ComposeResult:
        with Horizontal():
            for side in ("left", "right"):
                yield OptionList(*(f"{side} {number} of the list" for number in range(50)))
        yield Footer()


if __name__ == "__main__":
    MinimalList().run()
