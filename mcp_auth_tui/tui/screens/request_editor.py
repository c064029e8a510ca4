"""Knows the screen on which a request is changed before it is sent; must not send it."""

from __future__ import annotations

from dataclasses import replace

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.content import Content
from textual.reactive import reactive
from textual.screen import Screen
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from mcp_auth_tui.model import Redactor, Secret
from mcp_auth_tui.text import terminal
from mcp_auth_tui.tui.screens.confirm import Confirm
from mcp_auth_tui.tui.views import content, request_form
from mcp_auth_tui.tui.views.request_form import Row, Sendable
from mcp_auth_tui.tui.widgets.hints import Hints

_LISTING = (
    ("enter", "change", "focused.select"),
    ("a", "add", "screen.add"),
    ("d", "drop", "screen.drop"),
    ("s", "send", "screen.send"),
    ("{secrets}", "secrets", "app.key('secrets')"),
    ("esc", "back, nothing is sent", "screen.leave"),
)
TYPING = (("enter", "takes it", "focused.submit"), ("esc", "leaves it as it was", "screen.leave"))


class EditScreen(Screen[Sendable | None]):
    """Every value of what is sent next; hands back the request as it was made, or None."""

    BINDINGS = [  # noqa: RUF012
        Binding("escape,q", "leave", "Back"),
        Binding("s,ctrl+s", "send", "Send"),
        Binding("a", "add", "Add"),
        Binding("d,delete", "drop", "Drop"),
        Binding("j", "focused.cursor_down", "Down", show=False),
        Binding("k", "focused.cursor_up", "Up", show=False),
    ]
    reveal: reactive[bool] = reactive(False)

    def __init__(self, request: Sendable, title: str) -> None:
        super().__init__(classes="page")
        self._request = request
        self._title = title
        self._rows = request_form.rows_of(request)
        self._shown: list[int] = []
        self._adding = ""

    def compose(self) -> ComposeResult:
        """The rows, a field for the one that is changed, and the keys."""
        yield OptionList(id="rows", markup=False)
        yield Static(id="edit-wrong", classes="wrong", markup=False)
        yield Static(id="edit-name", markup=False)
        yield Input(id="edit", compact=True)
        yield Hints()

    def on_mount(self) -> None:
        """Show the rows; the field comes when one is changed."""
        self.query_one("#rows").border_title = Content(self._title)
        field = self.query_one("#edit", Input)
        field.display = field.cursor_blink = False
        self.query_one("#rows").focus()
        self._say("")

    def _draw(self) -> None:
        if not self.is_mounted or not self.size.width:
            return
        shown = self.query_one("#rows", OptionList)
        at = shown.highlighted
        look = content.Look(max(self.size.width - 7, 20), self.reveal)
        options: list[Option] = []
        self._shown, part = [], ""
        for index, row in enumerate(self._rows):
            if row.part != part:
                part = row.part
                options.append(Option(content.heading(request_form.HEADINGS[part]), disabled=True))
                self._shown.append(-1)
            options.append(Option(row_content(row, look)))
            self._shown.append(index)
        shown.clear_options()
        shown.add_options(options)
        shown.highlighted = min(at if at is not None else 1, len(options) - 1)

    on_resize = watch_reveal = _draw

    def _say(self, wrong: str) -> None:
        told = self.query_one("#edit-wrong", Static)
        told.update(content.lines(wrong))
        told.display = bool(wrong)
        typing = self.query_one("#edit-name").display = self.query_one("#edit").display
        self.query_one(Hints).tell(*(TYPING if typing else _LISTING))

    @property
    def _at(self) -> int:
        index = self.query_one("#rows", OptionList).highlighted or 0
        return self._shown[index] if index < len(self._shown) else -1

    @on(OptionList.OptionSelected)
    def _change(self) -> None:
        row = self._rows[self._at]
        hidden = row.secret and not self.reveal
        self._adding = ""
        self._open(row.name, "" if hidden else row.value, "a new value; v shows the old one")

    def _open(self, name: str, value: str, placeholder: str) -> None:
        field = self.query_one("#edit", Input)
        self.query_one("#edit-name", Static).update(
            content.words(f"{terminal.one_line(name, 60)}:")
        )
        field.placeholder = placeholder
        # A control character of a server's text would act on the terminal: it is shown instead.
        field.value = terminal.one_line(value, None)
        field.display = True
        field.focus()
        self._say("")

    @on(Input.Submitted)
    def _typed(self, event: Input.Submitted) -> None:
        # Enter may overtake keys that the field has not taken yet: read it after them.
        event.input.call_later(self._take, event.input)

    def _take(self, field: Input) -> None:
        at, rows = self._at, list(self._rows)
        try:
            if self._adding:
                last = max(i for i, row in enumerate(rows) if row.part == self._adding)
                rows.insert(last + 1, request_form.added(self._adding, field.value))
            elif field.value or not rows[at].secret:
                rows[at] = request_form.valued(rows[at], field.value)
        except ValueError as error:
            self._say(str(error))
            return
        self._rows = request_form.followed(tuple(rows))
        self._close()
        self._draw()

    def _close(self) -> None:
        self.query_one("#edit").display = False
        self.query_one("#rows").focus()
        self._say("")

    def action_add(self) -> None:
        """Ask for a new value in the part of the request where the person stands."""
        row = self._rows[self._at]
        parts = ("header", "parameter") if row.fixed else (row.part,)
        self._adding = next((p for p in parts if any(r.part == p for r in self._rows)), "")
        if self._adding:
            form = "Name: value" if self._adding == "header" else "name=value"
            self._open(f"add to: {request_form.HEADINGS[self._adding]}", "", form)

    def action_drop(self) -> None:
        """Leave a value out, or take it in again."""
        row = self._rows[self._at]
        if row.fixed:
            self._say(f"{row.name} can be changed but not left out.")
            return
        made = (replace(row, dropped=not row.dropped),) if row.was is not None else ()
        self._rows = request_form.followed(
            (*self._rows[: self._at], *made, *self._rows[self._at + 1 :])
        )
        self._draw()

    def action_send(self) -> None:
        """Hand the request back; ask first when a credential would go astray."""
        try:
            made = request_form.applied(self._request, self._rows)
        except ValueError as error:
            self._say(str(error))
            return
        if warning := request_form.strays(self._request, made):

            def send(yes: bool | None) -> None:
                if yes:
                    self.dismiss(made)

            self.app.push_screen(Confirm(terminal.one_line(warning, 400), "send", "back"), send)
        else:
            self.dismiss(made)

    def action_leave(self) -> None:
        """Leave the field, else the screen, and send nothing."""
        if self.query_one("#edit").display:
            self._close()
        else:
            self.dismiss(None)


def row_content(row: Row, look: content.Look) -> Content:
    """Return a row: name and value, and why it is so; a changed one says that."""
    hidden = row.secret and row.value
    value = Redactor(reveal=look.reveal).field(row.name, Secret(row.value) if hidden else row.value)
    mark = "-" if row.dropped else "+" if row.was is None else "✎" if row.changed else " "
    style = "strike" if row.dropped else "bold $text-warning" if row.changed else ""
    made = content.rows(
        [(f"{mark} {row.name}", content.StyledValue(value, style))], look, least=22, below=6
    )
    made = made or [content.words(f"{mark} {row.name}", content.DIM)]
    why = " · ".join(part for part in (row.reason, row.source) if part)
    if row.dropped:
        why = "left out by hand"
    elif row.was is not None and row.changed:
        why = request_form.BY_HAND
    told = [
        Content.styled(f"    {line}", content.DIM) for line in content.fold(why, look.width - 4)
    ]
    return content.stack([*made, *(told if why else [])])
