"""Knows the screen of the sequence view; must not know what an arrow means nor act on a run."""

from __future__ import annotations

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.screen import Screen
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from mcp_auth_tui.model import Session
from mcp_auth_tui.tui import sequence, views


class SequenceScreen(Screen[int | None]):
    """The run as a ladder that grows; hands back a panel to show, or None."""

    BINDINGS = [  # noqa: RUF012
        Binding("escape,q,l", "dismiss(None)", "Back"),
        Binding("j", "move(1)", "Down", show=False),
        Binding("k", "move(-1)", "Up", show=False),
    ]
    session: reactive[Session] = reactive(Session, always_update=True)

    class Opened(Message):
        """An exchange was chosen."""

        def __init__(self, number: int) -> None:
            super().__init__()
            self.number = number

    def __init__(self) -> None:
        super().__init__(classes="page")
        self._steps: tuple[sequence.Step, ...] = ()
        self._width = 0
        self._due = False

    def compose(self) -> ComposeResult:
        """The parties, the ladder under them, the keys."""
        yield Static(id="sequence-head", markup=False)
        yield OptionList(id="sequence", markup=False)
        told = " enter opens it   esc back   ┄ not seen from here"
        yield Static(Content.styled(told, "$text-muted"), classes="hint")

    def on_mount(self) -> None:
        """Stand in the ladder."""
        self.query_one("#sequence").focus()

    def watch_session(self) -> None:
        """Grow: once for however many events came since the last time."""
        if not self._due:
            self._due = True
            self.call_after_refresh(self._grow)

    def on_resize(self) -> None:
        """Draw for the new width."""
        self.watch_session()

    def _grow(self) -> None:
        self._due = False
        if not self.is_mounted:
            return
        shown = self.query_one("#sequence", OptionList)
        width = shown.content_region.width - 1  # a scroll bar may come
        if width <= 0:
            return
        steps = sequence.steps(self.session)
        head = sequence.header(self.session, width)
        self.query_one("#sequence-head", Static).update(head)
        if width != self._width:
            shown.clear_options()
            self._steps, self._width = (), width
        self._fit(shown, steps)

    def _fit(self, shown: OptionList, steps: tuple[sequence.Step, ...]) -> None:
        """Change what differs, and follow the newest unless another step is looked at."""
        at, old = shown.highlighted, self._steps
        follows = at is None or at >= len(old) - 1
        for index in range(len(steps), len(old)):
            shown.remove_option_at_index(len(steps) + len(old) - 1 - index)
        for index, (before, after) in enumerate(zip(old, steps, strict=False)):
            if before != after:
                shown.replace_option_prompt_at_index(index, sequence.draw(after, self._width))
        shown.add_options(Option(sequence.draw(step, self._width)) for step in steps[len(old) :])
        self._steps = steps
        if steps:
            shown.highlighted = len(steps) - 1 if follows else min(at or 0, len(steps) - 1)

    @on(OptionList.OptionSelected, "#sequence")
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        step = self._steps[event.option_index]
        if step.number:
            self.post_message(self.Opened(step.number))
        elif step.arrows and step.arrows[0].target == sequence.BROWSER:
            self.dismiss(2)
        elif self.session.stop is not None and event.option_index == len(self._steps) - 1:
            self.dismiss(views.panel_of(self.session.stop.stage))
        else:
            self.app.bell()

    def action_move(self, by: int) -> None:
        """Go up or down."""
        shown = self.query_one(OptionList)
        shown.action_cursor_down() if by > 0 else shown.action_cursor_up()
