"""Knows the screen that asks a person one question; must not know who asks, or why."""

from __future__ import annotations

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.message import Message
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from mcp_auth_tui.model import Question
from mcp_auth_tui.records import dataclass
from mcp_auth_tui.tui.views import content
from mcp_auth_tui.tui.widgets.hints import Hints


class QuestionScreen(ModalScreen[str | None]):
    """Asks what only a person can say; None means that he declined."""

    BINDINGS = [  # noqa: RUF012
        Binding("escape,q", "dismiss(None)", "Decline"),
        Binding("ctrl+y", "copy", "Copy", show=False, priority=True),
    ]

    @dataclass
    class Taken(Message):
        """Something of the question is to be copied."""

        value: str

    def __init__(self, question: Question) -> None:
        super().__init__(classes="dialog")
        self.question = question

    def compose(self) -> ComposeResult:
        """Prompt, detail, and a field or the choices."""
        question = self.question
        with Vertical(classes="box"):
            yield Static(content.lines(question.prompt, "bold"))
            if question.detail:
                yield Static(content.lines(question.detail), classes="hint")
            if question.choices:
                yield OptionList(*(Option(content.words(choice)) for choice in question.choices))
            else:
                yield Input(question.default or "", password=question.secret)
            copies = [("^y", "copies the URI", "screen.copy")] if question.copies else []
            yield Hints(
                ("enter", "answers", "screen.take"),
                *copies,
                ("esc", "declines", "screen.dismiss(None)"),
            )

    def on_mount(self) -> None:
        """Stand on the choice that is made when nobody answers."""
        if self.question.choices and self.question.default in self.question.choices:
            at = self.question.choices.index(self.question.default)
            self.query_one(OptionList).highlighted = at

    @on(Input.Submitted)
    def _typed(self, event: Input.Submitted) -> None:
        event.input.call_later(self._say, event.input)

    def _say(self, field: Input) -> None:
        self.dismiss(field.value or None)

    def action_copy(self) -> None:
        """Copy what the question has for somebody else to register."""
        if self.question.copies:
            self.post_message(self.Taken(self.question.copies))

    def action_take(self) -> None:
        """Answer with what stands there."""
        if self.question.choices:
            self.query_one(OptionList).action_select()
        else:
            self._say(self.query_one(Input))

    @on(OptionList.OptionSelected)
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(self.question.choices[event.option_index])
