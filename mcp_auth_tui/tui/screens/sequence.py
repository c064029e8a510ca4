"""Knows the screen of the sequence view; must not know what an arrow means nor act on a run."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.reactive import var
from textual.widgets import OptionList, Static

from mcp_auth_tui.model import Session, Stage
from mcp_auth_tui.tui.panels.table import panel_of
from mcp_auth_tui.tui.screens.page import Page
from mcp_auth_tui.tui.views import sequence
from mcp_auth_tui.tui.widgets.hints import BACK, Hints
from mcp_auth_tui.tui.widgets.ladder import Rungs


class SequenceScreen(Page[int | None]):
    """The run as a ladder that grows; hands back a panel to show, or None."""

    BINDINGS = [Binding("escape,q", "dismiss(None)", "Back")]  # noqa: RUF012
    ON_PAGE: ClassVar = {"sequence": "screen.dismiss(None)"}
    earlier: var[Session | None] = var(None)
    """The run that this one took its first stages over from."""

    def __init__(self) -> None:
        super().__init__()
        self._rungs = Rungs()

    def compose(self) -> ComposeResult:
        """The parties, the ladder under them, the keys."""
        yield Static(id="sequence-head", markup=False)
        yield OptionList(id="sequence", markup=False)
        yield Hints(("enter", "opens it", "focused.select"), BACK, ("", "┄ not seen from here", ""))

    def fill(self, options: OptionList, width: int) -> None:
        """Draw what differs."""
        head = self.query_one("#sequence-head", Static)
        self._rungs.fill(self.session, self.earlier, options, head, width)

    @on(OptionList.OptionSelected, "#sequence")
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        if event.option_index >= len(self._rungs.steps):
            return  # it was chosen before the ladder got shorter: a run goes on below this screen
        step = self._rungs.steps[event.option_index]
        if step.number:
            self.post_message(self.Opened(step.number, step.earlier))
        elif not step.earlier and step.arrows and step.arrows[0].target == sequence.BROWSER:
            self.dismiss(panel_of(Stage.AUTHORIZE))
        elif self.session.stop is not None and event.option_index == len(self._rungs.steps) - 1:
            self.dismiss(panel_of(self.session.stop.stage))
        else:
            self.app.bell()
