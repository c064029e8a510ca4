"""Knows the screens before and over the main one; each hands back what the person said."""

from __future__ import annotations

from functools import partial
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.reactive import var
from textual.screen import ModalScreen, Screen
from textual.style import Style
from textual.widgets import Button, Input, OptionList, Static
from textual.widgets.option_list import Option

from mcp_auth_tui.model import PANELS, Finding, Question, Session
from mcp_auth_tui.tui.actions import MOVES, Key, State
from mcp_auth_tui.tui.keymap import Keymap
from mcp_auth_tui.tui.panels.guide import GUIDES
from mcp_auth_tui.tui.views import content
from mcp_auth_tui.tui.widgets.hints import BACK, Hints
from mcp_auth_tui.tui.widgets.lazy import Lazy


class QuestionScreen(ModalScreen[str | None]):
    """Asks what only a person can say; None means that he declined."""

    BINDINGS = [Binding("escape", "dismiss(None)", "Decline")]  # noqa: RUF012

    def __init__(self, question: Question) -> None:
        super().__init__(classes="dialog")
        self.question = question

    def compose(self) -> ComposeResult:
        """Prompt, detail, and a field or the choices."""
        asked = self.question
        with Vertical(classes="box"):
            yield Static(content.lines(asked.prompt, "bold"))
            if asked.detail:
                yield Static(content.lines(asked.detail), classes="hint")
            if asked.choices:
                yield OptionList(*(Option(content.words(choice)) for choice in asked.choices))
            else:
                yield Input(asked.default or "", password=asked.secret)
            yield Hints(
                ("enter", "answers", "screen.take"), ("esc", "declines", "screen.dismiss(None)")
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

    def action_take(self) -> None:
        """Answer with what stands there."""
        if self.question.choices:
            self.query_one(OptionList).action_select()
        else:
            self._say(self.query_one(Input))

    @on(OptionList.OptionSelected)
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(self.question.choices[event.option_index])


class Confirm(ModalScreen[bool]):
    """Asks for a yes; enter alone is a no."""

    AUTO_FOCUS = "#no"
    BINDINGS = [  # noqa: RUF012
        Binding("y", "dismiss(True)", "Yes"),
        Binding("n,escape", "dismiss(False)", "No"),
    ]

    def __init__(self, question: str, yes: str, no: str) -> None:
        super().__init__(classes="dialog")
        self._question, self._yes, self._no = question, yes, no

    def compose(self) -> ComposeResult:
        """The question and two buttons."""
        with Vertical(classes="box"):
            yield Static(Content(self._question))
            with Horizontal(classes="buttons"):
                yield Button(Content(f"y {self._yes}"), variant="warning", id="yes")
                yield Button(Content(f"n {self._no}"), id="no")

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        self.dismiss(event.button.id == "yes")


def _finding_line(item: Finding, _: int) -> Content:
    return content.finding_line(item)


class FindingsScreen(Screen[Finding | None]):
    """Every finding, the worst first; the highlighted one is told in full below."""

    BINDINGS = [  # noqa: RUF012
        Binding("escape,q", "dismiss(None)", "Back"),
        Binding("j", "move(1)", "Down", show=False),
        Binding("k", "move(-1)", "Up", show=False),
    ]
    ON_PAGE: ClassVar = {"findings": "screen.dismiss(None)"}
    session: var[Session] = var(Session, always_update=True)

    def __init__(self) -> None:
        super().__init__(classes="page")
        self._found: list[Finding] = []

    def compose(self) -> ComposeResult:
        """The list above, the finding below."""
        yield OptionList(id="findings-list", markup=False)
        with VerticalScroll(id="finding-scroll"):
            yield Static(id="finding-text", markup=False)
        yield Hints(BACK)

    def watch_session(self) -> None:
        """List what is new."""
        found = content.worst_first(self.session)
        if found == self._found or not self.is_mounted:
            return
        self._found = found
        shown = self.query_one(OptionList)
        at = shown.highlighted or 0
        shown.clear_options()
        shown.add_options(Option(Lazy(partial(_finding_line, item))) for item in found)
        shown.highlighted = min(at, len(found) - 1) if found else None

    def on_mount(self) -> None:
        """Fill the list."""
        self.query_one("#findings-list").border_title = "Findings"
        self.watch_session()

    @on(OptionList.OptionHighlighted)
    def _tell(self, event: OptionList.OptionHighlighted) -> None:
        look = content.Look(max(self.size.width - 6, 20))
        # The list may be another since it said so: a run goes on below this screen.
        at = event.option_list.highlighted
        if at is None:
            return
        item = self._found[at]
        block = content.finding_block(self.session, item, look)
        self.query_one("#finding-text", Static).update(content.stack(block))
        goes = "opens the exchange it is about" if item.exchange else "goes to its panel"
        self.query_one(Hints).tell(BACK, ("enter", goes, "screen.open"))

    @on(OptionList.OptionSelected)
    def _open(self, event: OptionList.OptionSelected) -> None:
        if event.option_list.highlighted is not None:
            self.dismiss(self._found[event.option_list.highlighted])

    def action_open(self) -> None:
        """Go to where the highlighted one is told."""
        self.query_one(OptionList).action_select()

    def action_move(self, by: int) -> None:
        """Go up or down."""
        shown = self.query_one(OptionList)
        shown.action_cursor_down() if by > 0 else shown.action_cursor_up()


class GuideScreen(Screen[str | None]):
    """Explains a panel and lists every key; hands back the action of one that was clicked."""

    BINDINGS = [  # noqa: RUF012
        Binding("escape,q", "dismiss(None)", "Back"),
        Binding("t", "app.topics", "Topics"),
    ]
    ON_PAGE: ClassVar = {"help": "screen.dismiss(None)"}

    def __init__(self, state: State, keymap: Keymap) -> None:
        super().__init__(classes="page")
        self._state = state
        self._keymap = keymap

    def compose(self) -> ComposeResult:
        """One scrolling text."""
        with VerticalScroll(id="guide-scroll"):
            yield Static(id="guide-text", markup=False)
        yield Hints(
            BACK,
            ("t", "topics", "app.topics"),
            ("", "a click on a key does what it does", ""),
        )

    def on_resize(self) -> None:
        """Fold for the width."""
        self.query_one("#guide-scroll").focus()
        self.query_one("#guide-text", Static).update(self._told(max(self.size.width - 6, 20)))

    def _told(self, width: int) -> Content:
        panel = self._state.panel
        guide = GUIDES[panel]
        made = [content.heading(f"{panel + 1} {PANELS[panel][0]}")]
        look = content.Look(width, letters=self._keymap.letters)
        made += [Content(line) for line in content.fold(look.told(guide.what), width)]
        made += [Content(), content.heading("Rules")]
        made += [Content(line) for line in content.fold(guide.rules, width)]
        made += [Content(), content.heading("What usually goes wrong")]
        for wrong in guide.wrong:
            first, *rest = content.fold(look.told(wrong), width - 2)
            made += [Content(f"• {first}"), *(Content(f"  {line}") for line in rest)]
        made += [Content(), content.heading("Keys")]
        for key in self._keymap.keys:
            if key.keys and key.shown:
                made += self._key(key, width)
        return content.stack([*made, *content.rows(MOVES, look, least=14)])

    def _key(self, key: Key, width: int) -> list[Content]:
        """Return what a key does, and why it does not now."""
        off = key.off(self._state)
        pairs = [(key.shown, content.Styled(key.help, content.DIM if off else ""))]
        if off:
            pairs.append(("", content.Styled(f"off: {off}", f"italic {content.DIM}")))
        click = Style.from_meta({"@click": f"screen.dismiss({key.action!r})"})
        return [line.stylize(click) for line in content.rows(pairs, content.Look(width), least=14)]
