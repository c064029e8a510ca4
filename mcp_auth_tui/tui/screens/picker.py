"""Knows the list that a value is picked from, narrowed by typing; must not know what it is for."""

from __future__ import annotations

from collections.abc import Sequence

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from mcp_auth_tui.tui.views import content
from mcp_auth_tui.tui.widgets.hints import Hints

Item = tuple[str, str]
"""A value, and what is said about it."""


class PickScreen(ModalScreen[str | None]):
    """Hands back the value that was picked, or None."""

    BINDINGS = [  # noqa: RUF012
        Binding("escape,q", "dismiss(None)", "Back"),
        Binding("up", "move(-1)", "Up", show=False),
        Binding("down", "move(1)", "Down", show=False),
        Binding("pageup", "move(-8)", "Up", show=False),
        Binding("pagedown", "move(8)", "Down", show=False),
    ]

    def __init__(self, title: str, items: Sequence[Item], current: str = "") -> None:
        super().__init__(classes="dialog")
        self._title = title
        self._items = items
        self._kept = list(range(len(items)))
        """Which of them are listed. A line has the number of its item as its id: what a list says
        of a line comes later, when other lines may stand there."""
        self._current = current

    def compose(self) -> ComposeResult:
        """The title, what narrows the list, the list, the keys."""
        with Vertical(classes="box"):
            yield Static(Content.styled(self._title, "bold"))
            yield Input(id="pick-filter", placeholder="type a part of it", compact=True)
            yield OptionList(id="picks", markup=False)
            yield Static(id="pick-told", markup=False)
            yield Hints(
                ("enter", "takes it", "screen.take"), ("esc", "back", "screen.dismiss(None)")
            )

    def on_mount(self) -> None:
        """Stand on what holds now; the keys go to the field, the arrows to the list."""
        self.query_one("#picks").can_focus = False
        field = self.query_one("#pick-filter", Input)
        field.cursor_blink = False
        field.focus()
        self._fill("")
        self.query_one("#pick-told").display = any(note for _, note in self._items[1:])
        values = [value for value, _ in self._items]
        if self._current in values:
            self.query_one("#picks", OptionList).highlighted = values.index(self._current)

    def _of(self, option: Option) -> Item:
        return self._items[int(option.id or 0)]

    def _fill(self, needle: str) -> None:
        items = enumerate(self._items)
        self._kept = [at for at, item in items if needle in " ".join(item).lower()]
        listed = [(at, *self._items[at]) for at in self._kept]
        widest = max((len(value) for _, value, _ in listed), default=0)
        options = self.query_one("#picks", OptionList)
        options.clear_options()
        options.add_options(
            Option(_line(value or "–", widest, note), id=str(at)) for at, value, note in listed
        )
        if not self._kept:
            options.add_option(Option("nothing has this in it", disabled=True))
        options.highlighted = 0 if self._kept else None

    @on(OptionList.OptionHighlighted)
    def _tell(self, event: OptionList.OptionHighlighted) -> None:
        self.query_one("#pick-told", Static).update(Content(self._of(event.option)[1]))

    @on(Input.Changed)
    def _narrow(self, event: Input.Changed) -> None:
        self._fill(event.value.strip().lower())

    @on(Input.Submitted)
    def _entered(self, event: Input.Submitted) -> None:
        # Enter may overtake keys that the field has not taken yet: read it after them.
        event.input.call_later(self.action_take)

    @on(OptionList.OptionSelected)
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(self._of(event.option)[0])

    def action_take(self) -> None:
        """Hand back what is highlighted."""
        at = self.query_one("#picks", OptionList).highlighted
        if at is None:
            self.app.bell()
        else:
            self.dismiss(self._items[self._kept[at]][0])

    def action_move(self, by: int) -> None:
        """Go up or down."""
        options = self.query_one("#picks", OptionList)
        if self._kept:
            options.highlighted = min(max((options.highlighted or 0) + by, 0), len(self._kept) - 1)


def _line(value: str, widest: int, note: str) -> Content:
    return Content.assemble(content.words(f"{value:<{widest}}", "bold"), "  ", note)
