"""Knows what belongs to the whole program: theme, keys, filters, and which part a key is for."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textual import events, on
from textual.app import App, SystemCommand, get_system_commands_provider
from textual.binding import Binding
from textual.filter import LineFilter
from textual.notifications import SeverityLevel
from textual.screen import Screen

from mcp_auth_tui.storage.preferences import NONE, Preferences
from mcp_auth_tui.text import terminal
from mcp_auth_tui.tui import keymap
from mcp_auth_tui.tui.actions import PANEL_KEYS
from mcp_auth_tui.tui.controls.appearance import Appearance
from mcp_auth_tui.tui.controls.editing import EditingControls
from mcp_auth_tui.tui.controls.inspection import InspectionControls
from mcp_auth_tui.tui.controls.keep_alive import KeepAliveControls
from mcp_auth_tui.tui.controls.output import OutputControls
from mcp_auth_tui.tui.controls.quitting import QuittingControls
from mcp_auth_tui.tui.controls.run import RunControls
from mcp_auth_tui.tui.controls.sign_in import SignInControls
from mcp_auth_tui.tui.controls.watch import WatchControls
from mcp_auth_tui.tui.controls.way_through import WayThroughControls
from mcp_auth_tui.tui.follower import RunFollower
from mcp_auth_tui.tui.main_screen import SMALLEST, MainScreen
from mcp_auth_tui.tui.run_driver import RunDriver
from mcp_auth_tui.tui.terminal.contrast import readable
from mcp_auth_tui.tui.terminal.filter import ControlFilter, supports_links
from mcp_auth_tui.tui.terminal.picture import Picture

if TYPE_CHECKING:
    from rich.console import RenderableType

    from mcp_auth_tui.protocol.config import Config
    from mcp_auth_tui.recordings.reader import Recording
    from mcp_auth_tui.settings.editable import Settings
    from mcp_auth_tui.tui.screens.exchange import ExchangeScreen
    from mcp_auth_tui.tui.screens.fix import FixScreen
    from mcp_auth_tui.tui.screens.page import Page
    from mcp_auth_tui.tui.screens.question import QuestionScreen
    from mcp_auth_tui.tui.screens.settings import SettingsScreen


ANYWHERE = frozenset({"secrets", "theme", "help", "topics", "suspend", "redraw", "palette"})
"""Actions that do the same on every page."""
STILL_TICK = 10.0
"""Seconds between two readings of the clock for whom motion disturbs; else it is one."""
PATIENT = 12.0
"""Seconds that a warning or an error stands in the line above the keys, whatever is pressed."""


class AuthApp(App[int]):
    """The terminal UI: the main screen, the run it shows, and the controls that act on both."""

    CSS_PATH = Path(__file__).with_name("app.tcss")
    TITLE = "mcp-auth-tui"
    INLINE_PADDING = 0
    COMMANDS = {get_system_commands_provider}  # noqa: RUF012
    BINDINGS = [  # noqa: RUF012
        Binding("ctrl+c", "interrupt", "Cancel or quit", show=False, priority=True)
    ]
    HORIZONTAL_BREAKPOINTS = [  # noqa: RUF012
        (0, "-tiny"),
        (SMALLEST[0], "-narrow"),
        (72, "-medium"),
        (110, "-wide"),
    ]
    VERTICAL_BREAKPOINTS = [(0, "-flat"), (SMALLEST[1], "-low"), (22, "-tall")]  # noqa: RUF012

    def __init__(
        self,
        config: Config | None,
        settings: Settings,
        *,
        url: str | None = None,
        stepping: bool = False,
        reveal: bool = False,
        keep_alive: bool = False,
        watch: float = 0.0,
        clock: Callable[[], float] = time.time,
        preferences: Preferences = NONE,
        recording: Recording | None = None,
    ) -> None:
        super().__init__()
        self.preferences = preferences
        self.keymap, refusals = keymap.keymap_from(preferences.keys, preferences.config)
        self.loaded: Callable[[], object] = lambda: None
        """Called twice: when the screen is there, and when a run first came to rest."""
        self._stepping = stepping
        self.notes = [*preferences.notes, *refusals]
        """Sentences about what a person set that could not be used."""
        self._control_filter = ControlFilter(links=supports_links(os.environ))
        self._picture = Picture()
        self.driver = driver = RunDriver(settings, config, clock)
        self.main = main = MainScreen(
            driver, self.keymap, self._start, url=url or "", reveal=reveal
        )
        self.follower = RunFollower(driver, main, lambda: self.loaded())
        self.appearance = Appearance(main, preferences)
        self.run_controls = RunControls(driver, main, self.appearance, recording)
        self.output = OutputControls(driver, main, self.write_terminal)
        self.sign_in = SignInControls(driver, main, self.output, self.write_terminal)
        self.editing = EditingControls(driver, main)
        self.way_through = WayThroughControls(driver, main)
        self.inspection = InspectionControls(driver, main, self.way_through)
        self.keep_alive = KeepAliveControls(driver, main, on=keep_alive)
        self.watching = WatchControls(driver, main, self.run_controls.action_run, watch)
        self._watches = bool(watch)
        self.quitting = QuittingControls(driver, main, self.follower, self.output)
        for key in self.keymap.keys:
            if key.keys and key.name != "palette":
                self.bind(key.keys, f"key({key.name!r})", description=key.title, show=False)
        if preferences.still:
            self.animation_level = "none"
        if problem := self.appearance.apply_theme(self):
            self.notes.append(problem)

    def get_default_screen(self) -> Screen[Any]:
        """Return the main screen: it is there before any page and after every one."""
        return self.main

    def on_mount(self) -> None:
        """Tell what could not be used, and learn how the terminal lets the program go."""
        from mcp_auth_tui.tui.terminal.drivers import awake, heed_signals

        self.main.awake = awake(self._driver)
        heed_signals(self._driver, self.quitting.quit, self.quitting.sleep)
        self.set_interval(STILL_TICK if self.preferences.still else 1.0, self._follow_clock)
        if self.notes:
            more = len(self.notes) - 1
            end = f" ({more} more: they are printed when the screen is gone)" if more else ""
            self.notify(f"{self.notes[0]}{end}", severity="warning")

    def _follow_clock(self) -> None:
        self.follower.tick()
        self.keep_alive.tick()

    def _start(self) -> None:
        self.loaded()
        if self._watches:
            self.watching.action_watch()
        else:
            self.run_controls.start(stepping=self._stepping)

    # Theme, terminal and notes.

    def get_css_variables(self) -> dict[str, str]:
        """Return the theme's colours, with its words such that they can be read."""
        variables = super().get_css_variables()
        variables.update(readable(variables))  # in place: it is `theme_variables` as well
        return variables

    def watch_theme(self, theme: str) -> None:
        """Keep the theme that was chosen."""
        if self.is_running:
            self.appearance.keep_theme(theme)

    @on(events.DescendantFocus)
    def _stop_blinking(self, event: events.DescendantFocus) -> None:
        if self.preferences.still and hasattr(event.widget, "cursor_blink"):
            event.widget.cursor_blink = False

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Put the second net behind Textual's own filters."""
        before = tuple(super().get_line_filters())
        if before != self._control_filter.before:
            self._control_filter = ControlFilter(before, links=supports_links(os.environ))
        return [self._control_filter]

    def write_terminal(self, text: str) -> None:
        """Write to the terminal itself, past the screen."""
        if self._driver is not None:
            self._driver.write(text)
            self._picture.forget()

    def _display(self, screen: Screen[Any], renderable: RenderableType | None) -> None:
        """Write only what differs from what stands on the terminal."""
        super()._display(screen, self._picture.changes(renderable))

    def on_resize(self) -> None:
        """Draw everything anew: the terminal has another size, or is ours again."""
        self.action_redraw()

    def action_redraw(self) -> None:
        """Draw everything anew, whatever somebody else wrote to the terminal."""
        self._picture.forget()
        self.refresh()

    def notify(
        self,
        message: str,
        *,
        title: str = "",
        severity: SeverityLevel = "information",
        timeout: float | None = 6,
        markup: bool = False,
    ) -> None:
        """Show a sentence in the line above the keys, in place of the one before it.

        It stands for a moment, or until the next key. It is never parsed as markup, whatever is
        asked for: `Widget.notify` asks for it.
        """
        sentence = terminal.harmless(message)
        if all(note.message != sentence for note in self._notifications):
            self.clear_notifications()
            timeout = timeout if severity == "information" else PATIENT
            super().notify(sentence, title=title, severity=severity, timeout=timeout, markup=False)

    # Keys.

    async def on_event(self, event: events.Event) -> None:
        """Take a sentence away that the person has read: a key says so; a warning stays longer."""
        told = [note.severity for note in self._notifications]
        if isinstance(event, events.Key) and told and set(told) == {"information"}:
            self.clear_notifications()
        await super().on_event(event)

    @property
    def letters(self) -> Mapping[str, str]:
        """How the actions are called in sentences."""
        return self.keymap.letters

    async def action_key(self, name: str) -> None:
        """Do what a key is for; on a page that is its own business, or for the main screen only.

        A page (`ON_PAGE`) says what it does for an action of the main screen's table.
        """
        if own := getattr(self.screen, "ON_PAGE", {}).get(name):
            await self.run_action(own)
        elif self.main.is_active or name in ANYWHERE:
            self._perform(name)
        else:
            key = self.keymap.of(name)
            keys = key.first or key.keys
            self.notify(f"{keys} is a key of the main screen: esc goes back to it.")

    def _perform(self, name: str) -> None:
        if name in PANEL_KEYS:
            self.main.action_panel(list(PANEL_KEYS).index(name))
            return
        parts = (self.main, self.run_controls, self.sign_in, self.output, self.editing,
                 self.inspection, self.way_through, self.keep_alive, self.watching,
                 self.quitting, self)  # fmt: skip
        part = next(part for part in parts if hasattr(part, f"action_{name}"))
        getattr(part, f"action_{name}")()

    def action_interrupt(self) -> None:
        """Copy a selection; else cancel the run, and quit at the second time."""
        self.quitting.interrupt()

    def action_help(self) -> None:
        """Explain the panel and the keys."""
        from mcp_auth_tui.tui.screens.help import GuideScreen

        self.push_screen(GuideScreen(self.main.state, self.keymap), self._perform_later)

    def action_topics(self) -> None:
        """List the topics of the help."""
        from mcp_auth_tui.tui.screens.topics import TopicsScreen

        self.push_screen(TopicsScreen())

    def action_theme(self) -> None:
        """Choose the colours."""
        self.action_change_theme()

    def action_palette(self) -> None:
        """Find any action by its name."""
        self.action_command_palette()

    def _perform_later(self, name: str | None) -> None:
        if name is not None:
            self.call_later(self._perform, name)

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """Offer every action by its name, and tell its key."""
        for key in self.keymap.keys:
            if key.name != "palette":
                help_ = f"{key.help} ({key.shown})" if key.shown else key.help
                home = key.name not in ANYWHERE
                yield SystemCommand(key.title, help_, self._command(key.name, home=home))

    def _command(self, name: str, *, home: bool) -> Callable[[], None]:
        async def perform() -> None:
            while home and not self.main.is_active:
                await self.pop_screen()  # it acts on the main screen, which is to be seen
            self._perform(name)

        def perform_later() -> None:
            self.call_later(perform)

        return perform_later

    # What pages ask for.

    def on_settings_screen_taken(self, event: SettingsScreen.Taken) -> None:
        """Copy the command that does the same."""
        self.output.copy("The command", event.value)

    def on_question_screen_taken(self, event: QuestionScreen.Taken) -> None:
        """Copy the redirect URI that a console wants."""
        self.output.copy("The redirect URI", event.value)

    def on_exchange_screen_taken(self, event: ExchangeScreen.Taken) -> None:
        """Copy what was chosen on the screen of an exchange."""
        self.output.copy(event.what, event.value)

    def on_fix_screen_taken(self, event: FixScreen.Taken) -> None:
        """Copy a document or a header line as it should be."""
        self.output.copy(event.what, event.value)

    def on_exchange_screen_again(self, event: ExchangeScreen.Again) -> None:
        """Send an exchange again."""
        self.editing.send_again(event.exchange, edit=event.edit)

    def on_page_opened(self, event: Page.Opened) -> None:
        """Show the exchange that was chosen, above the page."""
        self.main.open_exchange(event.number, earlier=event.earlier)

    def _fatal_error(self) -> None:
        """Say that it is our bug, without the values that a full traceback would show."""
        from rich.text import Text

        from mcp_auth_tui.render import bug

        error = self._exception or RuntimeError("unknown")
        try:
            description = "\n".join(bug.described(error, self.driver.session))
        except Exception:  # whatever is broken may be needed to describe it
            description = f"This is a bug in mcp-auth-tui ({type(error).__name__})."
        self._exit_renderables.append(Text(description))
        self._close_messages_no_wait()
