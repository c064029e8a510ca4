"""Knows the export menu: which form, copied or saved where; must not know how a form is made."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from mcp_auth_tui.model import Session
from mcp_auth_tui.records import dataclass
from mcp_auth_tui.tui.views import content
from mcp_auth_tui.tui.widgets.hints import Hints

if TYPE_CHECKING:
    from mcp_auth_tui.exports import Export
    from mcp_auth_tui.exports.clients import ClientProgram

# A report is long, and a preview need not hold all of it.
_PREVIEW = 4000


_LISTING = (
    ("enter or c", "copies", "screen.copy"),
    ("s", "saves to a file (0600)", "screen.save"),
    ("esc", "back", "screen.leave"),
)
_OF_CLIENT = (*_LISTING[:2], ("i", "installs it", "screen.install"), _LISTING[-1])
_NAMING = (
    ("enter", "writes it (0600, you alone)", "focused.submit"),
    ("esc", "back", "screen.leave"),
)


@dataclass(frozen=True, slots=True)
class ExportChoice:
    """What to do with an export: copy it, or save it to ``path``."""

    name: str
    path: str | None = None


class ExportScreen(ModalScreen[ExportChoice | None]):
    """Chooses a form; enter or c copies it, s asks for a file."""

    BINDINGS = [  # noqa: RUF012
        Binding("escape,q", "leave", "Back"),
        Binding("c", "copy", "Copy"),
        Binding("s", "save", "Save"),
        Binding("i", "install", "Install"),
        Binding("j", "focused.cursor_down", "Down", show=False),
        Binding("k", "focused.cursor_up", "Up", show=False),
    ]

    def __init__(self, session: Session, given: Session, *, headers: bool = True) -> None:
        """Offer what there is: ``given`` is the run whose headers are given out.

        Reports tell of ``session``. Without ``headers`` there is only what tells of the run.
        """
        super().__init__(classes="dialog")
        headers = headers and bool(given.headers)
        from mcp_auth_tui.exports import EXPORTS, groups

        self._session, self._given = session, given
        general = {name: item for name, item in EXPORTS.items() if headers or item.always}
        self._groups = {"": general, **(groups() if headers else {})}
        self._exports = {
            name: item for members in self._groups.values() for name, item in members.items()
        }

    def compose(self) -> ComposeResult:
        """The forms, what the chosen one looks like (masked), and the file's name."""
        with Vertical(classes="box"):
            yield Static(self._marks(), id="export-marked", classes="marked", markup=False)
            yield OptionList(*self._options(), id="exports", markup=False)
            yield Static(id="sentence", markup=False)
            yield Static(id="preview", markup=False)
            yield Input(id="file", placeholder="file name, then enter")
            yield Hints(*_LISTING)

    def _options(self) -> Iterator[Option]:
        for title, members in self._groups.items():
            if title:
                yield Option(f"── {title}", disabled=True)
            yield from (Option(item.title, id=name) for name, item in members.items())

    def _marks(self) -> Content:
        from mcp_auth_tui.exports import marked

        reasons = marked(self._session)
        return content.lines(f"! marked run: {reasons}") if reasons else Content()

    def on_mount(self) -> None:
        """Begin with the list; the file name comes when asked for."""
        self.query_one("#file").display = False
        self.query_one("#export-marked").display = bool(self._marks())
        self.query_one("#exports", OptionList).border_title = "Export"

    @property
    def _chosen(self) -> Export:
        option = self.query_one("#exports", OptionList).highlighted_option
        name = option.id if option is not None else None
        return self._exports[name] if name else next(iter(self._exports.values()))

    @on(OptionList.OptionHighlighted)
    def _preview(self) -> None:
        chosen = self._chosen
        self._tell_keys()
        self.query_one("#sentence", Static).update(chosen.sentence)
        preview = self.query_one("#preview", Static)
        try:
            session = self._session if chosen.always else self._given
            text = chosen.render(session)
        except ValueError as error:
            preview.update(content.lines(f"It cannot be had in this form: {error}.", "$text-error"))
            return
        # Cut after it is masked: half a credential would not be known as one.
        text = session.redactor().text(text)[:_PREVIEW].rstrip()
        preview.update(content.lines(text, content.DIM))

    @on(OptionList.OptionSelected)
    def _selected(self) -> None:
        self.action_copy()

    @on(Input.Submitted)
    def _named(self, event: Input.Submitted) -> None:
        # Enter may overtake keys that the field has not taken yet: read it after them.
        event.input.call_later(self._save, event.input)

    def _save(self, field: Input) -> None:
        if field.value.strip():
            self.dismiss(ExportChoice(self._chosen.name, field.value.strip()))

    def action_copy(self) -> None:
        """Copy the chosen form."""
        self.dismiss(ExportChoice(self._chosen.name))

    @property
    def _client(self) -> ClientProgram | None:
        """The client that the chosen form is an entry for, if it is one."""
        from mcp_auth_tui.exports import EXPORTS
        from mcp_auth_tui.exports.clients import clients

        name = self._chosen.name
        return None if name in EXPORTS else clients().get(name)

    def _tell_keys(self) -> None:
        self.query_one(Hints).tell(*(_LISTING if self._client is None else _OF_CLIENT))

    def action_install(self) -> None:
        """Show how the chosen entry gets into its client's file."""
        client = self._client
        if client is None:
            self.notify("Only an entry for a client can be installed: choose one below.")
        elif self.app.is_web:
            self.notify("Its file is on your own machine, not here: save the entry instead.")
        else:
            from mcp_auth_tui.tui.screens.install import InstallScreen

            self.app.push_screen(InstallScreen(client, self._session))

    def action_save(self) -> None:
        """Ask for the file."""
        field = self.query_one("#file", Input)
        chosen = self._chosen
        field.value = f"mcp-{chosen.name}.{chosen.suffix}"
        field.display = True
        field.focus()
        # On a small screen it is below what is seen, and has no place before it is drawn.
        self.call_after_refresh(field.scroll_visible, animate=False)
        self.query_one(Hints).tell(*_NAMING)

    def action_leave(self) -> None:
        """Leave the file name, else the menu."""
        field = self.query_one("#file", Input)
        if field.has_focus:
            field.display = False
            self.query_one("#exports").focus()
            self._tell_keys()
        else:
            self.dismiss(None)
