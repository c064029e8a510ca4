"""Knows the screen of the sequence view; must not know what an arrow means nor act on a run."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from mcp_auth_tui.model import Stage
from mcp_auth_tui.tui.panels.table import panel_of
from mcp_auth_tui.tui.screens.page import Page
from mcp_auth_tui.tui.views import sequence, sequence_lines
from mcp_auth_tui.tui.widgets.hints import BACK, Hints
from mcp_auth_tui.tui.widgets.lazy import Lazy


class SequenceScreen(Page[int | None]):
    """The run as a ladder that grows; hands back a panel to show, or None."""

    BINDINGS = [Binding("escape,q", "dismiss(None)", "Back")]  # noqa: RUF012
    ON_PAGE: ClassVar = {"sequence": "screen.dismiss(None)"}

    def __init__(self) -> None:
        super().__init__()
        self._steps: tuple[sequence.Step, ...] = ()
        self._memory = sequence.Memory()
        self._width = 0

    def compose(self) -> ComposeResult:
        """The parties, the ladder under them, the keys."""
        yield Static(id="sequence-head", markup=False)
        yield OptionList(id="sequence", markup=False)
        yield Hints(("enter", "opens it", "focused.select"), BACK, ("", "┄ not seen from here", ""))

    def fill(self, options: OptionList, width: int) -> None:
        """Draw what differs."""
        self._width = width
        head = sequence_lines.header(self.session, width)
        self.query_one("#sequence-head", Static).update(head)
        self._fit(options, sequence.steps(self.session, self._memory))

    def _fit(self, options: OptionList, steps: tuple[sequence.Step, ...]) -> None:
        """Change what differs, and follow the newest unless another step is looked at."""
        at, old = options.highlighted, self._steps
        follows = at is None or at >= len(old) - 1
        for index in range(len(steps), len(old)):
            options.remove_option_at_index(len(steps) + len(old) - 1 - index)
        for index, (before, after) in enumerate(zip(old, steps, strict=False)):
            if before is not after and before != after:
                options.replace_option_prompt_at_index(index, self._lazy(after))
        options.add_options(Option(self._lazy(step)) for step in steps[len(old) :])
        self._steps = steps
        if steps:
            options.highlighted = len(steps) - 1 if follows else min(at or 0, len(steps) - 1)

    def _lazy(self, step: sequence.Step) -> Lazy:
        # As wide with a scroll bar as without one: the life lines do not jump when it comes.
        return Lazy(
            lambda _: sequence_lines.draw(step, self._width),
            lambda _: sequence_lines.height(step, self._width),
        )

    @on(OptionList.OptionSelected, "#sequence")
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        if event.option_index >= len(self._steps):
            return  # it was chosen before the ladder got shorter: a run goes on below this screen
        step = self._steps[event.option_index]
        if step.number:
            self.post_message(self.Opened(step.number))
        elif step.arrows and step.arrows[0].target == sequence.BROWSER:
            self.dismiss(panel_of(Stage.AUTHORIZE))
        elif self.session.stop is not None and event.option_index == len(self._steps) - 1:
            self.dismiss(panel_of(self.session.stop.stage))
        else:
            self.app.bell()
