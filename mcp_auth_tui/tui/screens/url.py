"""Knows the form that asks for a URL and offers those used before; must not know how a run is made.

What is to be forgotten is only asked for: who keeps the URLs does it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.style import Style
from textual.suggester import SuggestFromList
from textual.widgets import Button, Input, OptionList, Static
from textual.widgets.option_list import Option

from mcp_auth_tui.tui.views import content
from mcp_auth_tui.tui.widgets.hints import Hints

TALL = 22
"""Lines, as on the main screen; on fewer the field and the buttons take one."""
WIDE = 78
"""Columns; on fewer the line of keys takes one line more."""
UNKEPT = "?"
"""What a URL ends with whose query was not kept (`storage.recent.kept_form`)."""


def completions(recent: Sequence[str]) -> list[str]:
    """Return what a beginning may be completed to: URLs, then those that may lack their scheme."""
    from mcp_auth_tui.protocol.urls import mcp_url

    bare = [url.partition("://")[2] for url in recent]
    whole = [url.removesuffix(UNKEPT) for url in recent]
    return [*recent, *(b for b, url in zip(bare, whole, strict=True) if mcp_url(b).url == url)]


class Recent(OptionList):
    """The servers used before, the newest first."""

    BINDINGS = [  # noqa: RUF012
        Binding("j", "cursor_down", "Down", show=False),
        Binding("k", "cursor_up", "Up", show=False),
        Binding("delete,d", "screen.forget", "Forget"),
        Binding("D,shift+d", "screen.forget_all", "Forget all"),
    ]

    def __init__(self, urls: Sequence[str]) -> None:
        super().__init__(id="recent", markup=False)
        self.shown: list[str] = []
        self.fill(urls)

    def fill(self, urls: Sequence[str]) -> None:
        """Show these."""
        at = self.highlighted or 0
        self.shown = list(urls)
        self.clear_options()
        self.add_options(
            Option(Content.assemble(content.words(url, "", None), ("…" * url.endswith(UNKEPT), "")))
            for url in urls
        )
        self.highlighted = min(at, len(self.shown) - 1) if self.shown else None

    def action_cursor_up(self) -> None:
        """Go up, from the first one back to the field."""
        if self.highlighted:
            super().action_cursor_up()
        else:
            self.screen.query_one(Input).focus()


class UrlForm(ModalScreen[tuple[object, bool] | None]):
    """Asks for the URL; hands back the settings made from it and whether to step."""

    BINDINGS = [  # noqa: RUF012
        Binding("escape,q", "dismiss(None)", "Close"),
        Binding("down", "recent", "Recent servers", show=False),
        Binding("ctrl+o", "settings", "Settings"),
    ]

    def __init__(
        self,
        config_for: Callable[[str], object],
        url: str = "",
        recent: Sequence[str] = (),
        *,
        forget: Callable[[str | None], None],
        settings: Callable[[str], None],
    ) -> None:
        """Take what makes a URL's settings, forgets a server or all (None), and shows settings."""
        super().__init__(classes="dialog")
        self._config_for = config_for
        self._forget = forget
        self._settings = settings
        self._url = url
        self._recent = list(recent)

    def compose(self) -> ComposeResult:
        """The field, what is wrong with it, the servers used before, two buttons."""
        with Vertical(classes="box", id="url-box"):
            yield Static("[b]The MCP server you want a token for[/b]")
            yield Input(
                self._url,
                placeholder="https://mcp.example.com/mcp",
                id="url",
                suggester=self._suggester(),
            )
            yield Static(id="url-wrong", classes="wrong", markup=False)
            with Vertical(id="recent-part", classes="-there" if self._recent else ""):
                yield Recent(self._recent)
                yield Static(_recent_hint(), id="recent-hint", classes="hint")
            with Horizontal(classes="buttons"):
                yield Button("Run", variant="primary", id="run")
                yield Button("Step", id="step")
                yield Button("Settings", id="settings-button")
            yield Hints(
                ("", "Run goes on to the sign-in by itself.", ""),
                ("", "Step shows every request before it is sent.", ""),
                ("^o", "settings", "screen.settings"),
                ("esc", "close", "screen.dismiss(None)"),
            )

    def _suggester(self) -> SuggestFromList | None:
        if not self._recent:
            return None
        return SuggestFromList(completions(self._recent), case_sensitive=False)

    @on(Input.Changed, "#url")
    def _changed(self, event: Input.Changed) -> None:
        """Offer what holds the text; all as long as nothing was typed."""
        text = event.value.strip().casefold()
        every = not text or event.value in (self._url, *self._recent)
        fitting = [url for url in self._recent if every or text in url]
        self.query_one(Recent).fill(fitting)

    def on_resize(self) -> None:
        """Give the list its lines, however few are shown: the field must not move while typing."""
        # What else the box holds; the class of a tall screen may come only after this.
        rest = (16 if self.size.height >= TALL else 12) + (self.size.width < WIDE)
        spare = self.size.height * 9 // 10 - rest
        # A size may come before there is anything that has one.
        for recent in self.query(Recent):
            recent.styles.height = min(len(self._recent), max(spare, 2), 8)

    def action_recent(self) -> None:
        """Go to the servers used before."""
        recent = self.query_one(Recent)
        if recent.shown:
            recent.focus()

    @on(OptionList.OptionSelected, "#recent")
    def _taken(self, event: OptionList.OptionSelected) -> None:
        """Put a server into the field; nothing is asked before Run or Step says so."""
        shown = self.query_one(Recent).shown
        if event.option_index >= len(shown):
            return  # chosen while the list was narrowed by typing
        url = shown[event.option_index]
        field = self.query_one(Input)
        field.select_on_focus = False  # what is typed next belongs behind it
        self.set_focus(field)
        field.value = url
        field.cursor_position = len(url)
        unkept = "Its query is never kept: type it here if the server needs one."
        self._tell(unkept if url.endswith(UNKEPT) else "")

    def _tell(self, sentence: object) -> None:
        wrong = self.query_one("#url-wrong", Static)
        wrong.update(content.lines(sentence))
        wrong.set_class(bool(str(sentence)), "-told")

    def action_forget(self) -> None:
        """Forget the highlighted server."""
        recent = self.query_one(Recent)
        if recent.highlighted is not None:
            url = recent.shown[recent.highlighted]
            self._recent.remove(url)
            self._forget(url)
            self._listed([one for one in recent.shown if one != url])

    def action_forget_all(self) -> None:
        """Forget every server, after a question."""
        from mcp_auth_tui.text import units
        from mcp_auth_tui.tui.screens.confirm import Confirm

        def forget(yes: bool | None) -> None:
            if yes:
                self._recent.clear()
                self._forget(None)
                self._listed([])

        servers = units.count(len(self._recent), "server")
        self.app.push_screen(Confirm(f"Forget {servers}?", "forget", "keep"), forget)

    def _listed(self, urls: Sequence[str]) -> None:
        field = self.query_one(Input)
        self.query_one(Recent).fill(urls)
        self.on_resize()
        field.suggester = self._suggester()
        self.query_one("#recent-part").set_class(bool(self._recent), "-there")
        if not urls:
            self.set_focus(field)

    @on(Input.Submitted)
    def _typed(self, event: Input.Submitted) -> None:
        # Enter may overtake keys that the field has not taken yet: read it after them.
        event.input.call_later(self.go, step=False)

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        if event.button.id == "settings-button":
            self.action_settings()
        else:
            self.go(step=event.button.id == "step")

    def action_settings(self) -> None:
        """Ask for the settings."""
        self._settings(self.query_one(Input).value.strip())

    def go(self, *, step: bool) -> None:
        """Go on with what was typed, if it is a URL."""
        text = self.query_one(Input).value.strip()
        try:
            config = self._config_for(text)
        except ValueError as error:
            self._tell(error)
            self.query_one(Input).focus()
            return
        self.dismiss((config, step))


def _recent_hint() -> Content:
    """Return what the keys do in the list; a click does the same to the highlighted one."""
    one = Content("del forgets it").stylize(Style.from_meta({"@click": "screen.forget"}))
    every = Content("D forgets all").stylize(Style.from_meta({"@click": "screen.forget_all"}))
    return Content.assemble("↓ enter takes one, ", one, ", ", every)
