"""Knows the screen on which the settings of the next run are changed; must not start a run."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import partial

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from mcp_auth_tui.desktop.threads import beside
from mcp_auth_tui.model import Level, Session
from mcp_auth_tui.records import dataclass
from mcp_auth_tui.settings import credentials
from mcp_auth_tui.settings.editable import PROMPT, Settings, shown
from mcp_auth_tui.settings.options import Usage
from mcp_auth_tui.text import terminal
from mcp_auth_tui.tui.screens.confirm import Confirm
from mcp_auth_tui.tui.screens.picker import Item, PickScreen
from mcp_auth_tui.tui.screens.request_editor import TYPING
from mcp_auth_tui.tui.views import content, settings_form
from mcp_auth_tui.tui.views.finding import worst_first
from mcp_auth_tui.tui.views.settings_form import Draft, SettingRow
from mcp_auth_tui.tui.widgets.hints import Hints

_LISTING = (
    ("enter", "change", "screen.change"),
    ("d", "put back", "screen.reset"),
    ("D", "all back", "screen.reset_all"),
    ("r", "run", "screen.run(False)"),
    ("s", "step", "screen.run(True)"),
    ("c", "copy command", "screen.copy"),
    ("esc", "back", "screen.leave"),
)


class SettingsScreen(ModalScreen[str | None]):
    """Every option of a run; hands back ``run``, ``step`` or None. What is right counts at once."""

    BINDINGS = [  # noqa: RUF012
        Binding("escape,q,comma", "leave", "Back"),
        Binding("space", "change", "Change"),
        Binding("d,delete", "reset", "Put back"),
        Binding("D,shift+d", "reset_all", "Put all back"),
        Binding("r", "run(False)", "Run"),
        Binding("s", "run(True)", "Step"),
        Binding("c", "copy", "Copy the command"),
        Binding("right,l,tab", "group(1)", "Next group"),
        Binding("left,h,shift+tab", "group(-1)", "Previous group"),
        Binding("j", "focused.cursor_down", "Down", show=False),
        Binding("k", "focused.cursor_up", "Up", show=False),
    ]
    session: reactive[Session] = reactive(Session, always_update=True)
    busy: reactive[bool] = reactive(False)

    @dataclass
    class Taken(Message):
        """The person wants the command on the clipboard."""

        value: str

    def __init__(self, settings: Settings, url: str) -> None:
        super().__init__(classes="page")
        self._settings = settings
        self._url = url
        self._draft = Draft.of(settings)
        self._rows: list[SettingRow | None] = []
        self._checking = False
        self._then = ""

    def compose(self) -> ComposeResult:
        """The rows, what the highlighted one is for, its field, the command, the keys."""
        yield OptionList(id="settings", markup=False)
        yield Static(id="setting-told", markup=False)
        yield Input(id="setting-edit", compact=True)
        yield Static(id="setting-command", markup=False)
        yield Hints(*_LISTING)

    def on_mount(self) -> None:
        """Show the rows; the field comes when one is changed."""
        field = self.query_one("#setting-edit", Input)
        field.display = field.cursor_blink = False
        self.query_one("#settings").focus()

    def watch_busy(self) -> None:
        """Say for which run the settings are."""
        if self.is_mounted:
            later = "Settings for the next run; the one under way keeps its own"
            self.query_one("#settings").border_title = (
                later if self.busy else "Settings for the next run"
            )

    def _draw(self) -> None:
        if not self.is_mounted or not self.size.width:
            return
        self.watch_busy()
        options = self.query_one("#settings", OptionList)
        at, self._rows = options.highlighted, []
        width, group = self.size.width - 5, ""
        prompts: list[Option] = []
        for row in self._draft.rows():
            if row.field.group != group:
                group = row.field.group
                prompts.append(Option(content.heading(group), disabled=True))
                self._rows.append(None)
            prompts.append(Option(settings_form.row_content(row, self._draft, width)))
            self._rows.append(row)
        options.clear_options()
        options.add_options(prompts)
        options.highlighted = min(at if at is not None else 1, len(prompts) - 1)
        self._tell()

    on_resize = _draw

    @on(OptionList.OptionHighlighted, "#settings")
    def _tell(self) -> None:
        row = self._row
        width = max(self.size.width - 2, 20)
        if row is not None:
            explanation = settings_form.explanation(row, self._draft, width)
            self.query_one("#setting-told", Static).update(explanation)
        lines = 3 if self.size.height >= 24 else 2
        command = settings_form.command(self._draft, self._url, width, lines)
        if self._checking:
            command = content.stack([command, Content.styled("reading it …", content.DIM)])
        self.query_one("#setting-command", Static).update(command)

    @property
    def _row(self) -> SettingRow | None:
        at = self.query_one("#settings", OptionList).highlighted
        return self._rows[at] if at is not None and at < len(self._rows) else None

    @on(OptionList.OptionSelected, "#settings")
    def action_change(self) -> None:
        """Turn a flag, pick from what is known, or type."""
        row = self._row
        if row is None:
            return
        if row.field.name == PROMPT:
            self._open(row, "", "the client secret; empty takes none")
        elif row.field.is_flag:
            self._changed(self._draft.with_flag(row))
        elif items := self._items(row):
            self._pick(row, items)
        else:
            self._open(row, row.value or "", f"{row.field.metavar}; empty takes it out")

    def _items(self, row: SettingRow) -> list[Item]:
        """Return what the value of a row is one of; nothing where it can be anything."""
        none = ("", f"as without it ({row.field.usual})" if row.field.usual else "not given")
        if row.field.choices:
            return [none, *((choice, "") for choice in row.field.choices)]
        if row.field.name != "allow":
            return []
        from mcp_auth_tui.findings import CATALOGUE

        grave = (Level.FATAL, Level.ERROR)
        ids_found = [item.id for item in worst_first(self.session) if item.level in grave]
        rest = [rule.id for rule in CATALOGUE.values() if rule.level in grave]
        ids = dict.fromkeys((*ids_found, *rest))
        return [none, *((id_, CATALOGUE[id_].headline) for id_ in ids)]

    def _pick(self, row: SettingRow, items: Iterable[Item]) -> None:
        def picked(value: str | None) -> None:
            if value is not None:
                self._changed(self._draft.with_value(row, value))

        title = f"{row.field.flag}: {row.field.help}"
        self.app.push_screen(PickScreen(title, list(items), row.value or ""), picked)

    def _open(self, row: SettingRow, value: str, placeholder: str) -> None:
        field = self.query_one("#setting-edit", Input)
        field.password = row.field.name == PROMPT or shown(row.field.name, value) != value
        field.placeholder = placeholder
        field.value = terminal.one_line(value, None)
        field.display = True
        field.focus()
        self.query_one(Hints).tell(*TYPING)
        # The field takes a line from the list, and the row that it is for stays in sight.
        self.call_after_refresh(self.query_one("#settings", OptionList).scroll_to_highlight)

    @on(Input.Submitted, "#setting-edit")
    def _typed(self) -> None:
        # Enter may overtake keys that the field has not taken yet: read it after them.
        self.query_one("#setting-edit").call_later(self.action_take)

    def action_take(self) -> None:
        """Take what was typed."""
        field, row = self.query_one("#setting-edit", Input), self._row
        if row is None or not field.display:
            return
        value = field.value.strip()
        self._close()
        if row.field.name in credentials.OPTIONS:
            self._settings.read_again()  # the same file may hold another secret by now
        if row.field.name == PROMPT:
            self._changed(self._draft.with_secret(value))
        else:
            self._changed(self._draft.with_value(row, value))

    def _close(self) -> None:
        field = self.query_one("#setting-edit", Input)
        field.display, field.value = False, ""
        self.query_one("#settings").focus()
        self.query_one(Hints).tell(*_LISTING)

    def _changed(self, draft: Draft) -> None:
        self._draft, self._checking = draft, True
        self._draw()
        self.run_worker(self._check(), group="check", exclusive=True)

    async def _check(self) -> None:
        """Look whether the values make a run, beside the screen: it may start a command."""
        draft = self._draft
        try:
            options = await beside(partial(self._settings.check, draft.given, draft.secret))
        except Usage as wrong:
            self._draft = replace(draft, wrong=wrong)
        else:
            self._draft = replace(draft, wrong=None)
            for note in self._settings.take(draft.given, draft.secret, options):
                self.notify(note)
        self._checking = False
        self._draw()
        then, self._then = self._then, ""
        if then:
            self.action_run(then == "step")

    def action_reset(self) -> None:
        """Put back what the command line gave."""
        if self._row is not None:
            self._changed(self._draft.reset(self._row.field.name))

    def action_reset_all(self) -> None:
        """Put back everything that the command line gave."""
        self._changed(self._draft.reset())

    def action_run(self, stepping: bool) -> None:
        """Go back and run with these settings, unless they are wrong or a run is under way."""
        wish = "step" if stepping else "run"
        if self._checking:
            self._then = wish
        elif self._draft.wrong is not None:
            self.notify(f"Not yet: {self._draft.wrong}.")
        elif self.busy:
            sentence = "A run is under way and keeps its settings: esc on its screen cancels it."
            self.notify(sentence)
        elif self._url:
            self.dismiss(wish)
        else:
            self.notify("There is no URL to run against yet: type one first.")

    def action_copy(self) -> None:
        """Copy the command that does the same."""
        command = self._settings.command_line(self._url, self._draft.given)
        self.post_message(self.Taken(command.line))

    def action_leave(self) -> None:
        """Leave the field; else go back, and ask first when what was changed does not count."""
        if self.query_one("#setting-edit").display:
            self._close()
            return
        if self._draft.wrong is None and not self._checking:
            self.dismiss(None)
            return
        why = str(self._draft.wrong) if self._draft.wrong else "it is still being read"
        question = f"This does not count yet: {why}. Go back to what counted before?"

        def leave(yes: bool | None) -> None:
            if yes:
                self.dismiss(None)

        self.app.push_screen(Confirm(terminal.one_line(question, 400), "go back", "stay"), leave)

    def action_group(self, by: int) -> None:
        """Go to the first row of the next group, or to that of the one before."""
        options = self.query_one("#settings", OptionList)
        starts = [index + 1 for index, row in enumerate(self._rows) if row is None]
        at = options.highlighted or 0
        if by > 0:
            options.highlighted = next((start for start in starts if start > at), starts[0])
        else:
            options.highlighted = next((s for s in reversed(starts) if s < at), starts[-1])
