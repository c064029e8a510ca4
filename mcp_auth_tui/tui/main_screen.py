"""Knows the main screen and how it follows a run; must not know the protocol."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textual import events, on
from textual.app import ComposeResult, get_system_commands_provider
from textual.binding import Binding
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.filter import LineFilter
from textual.reactive import var
from textual.screen import Screen
from textual.widgets import Input, OptionList, Static

from mcp_auth_tui.model import Ended, Entered, Event, Finding, Ready, Resumed, Stage, Waiting
from mcp_auth_tui.storage.preferences import NONE, Preferences
from mcp_auth_tui.text import terminal
from mcp_auth_tui.tui import keymap
from mcp_auth_tui.tui.panels.table import PANELS, panel_of
from mcp_auth_tui.tui.run_driver import Runs
from mcp_auth_tui.tui.terminal.filter import ControlFilter, takes_links
from mcp_auth_tui.tui.views import content
from mcp_auth_tui.tui.widgets.bars import Banner, Headline, KeyBar
from mcp_auth_tui.tui.widgets.log import Log
from mcp_auth_tui.tui.widgets.panel import Detail, Panel, PasteInput

if TYPE_CHECKING:
    from mcp_auth_tui.settings.editable import Settings

SMALLEST = (40, 10)
"""Cells; on less the screen says so and shows nothing else."""
STILL_TICK = 10.0
"""Seconds between two looks at the clock for whom motion disturbs; else it is one."""


class Frame(Runs):
    """The app with its main screen; what the keys do is added by `app.AuthApp`."""

    CSS_PATH = Path(__file__).with_name("app.tcss")
    TITLE = "mcp-auth-tui"
    INLINE_PADDING = 0
    COMMANDS = {get_system_commands_provider}  # noqa: RUF012
    BINDINGS = [  # noqa: RUF012
        Binding("ctrl+c", "interrupt", "Cancel or quit", show=False, priority=True),
    ]
    HORIZONTAL_BREAKPOINTS = [  # noqa: RUF012
        (0, "-tiny"),
        (SMALLEST[0], "-narrow"),
        (72, "-medium"),
        (110, "-wide"),
    ]
    VERTICAL_BREAKPOINTS = [(0, "-flat"), (SMALLEST[1], "-low"), (22, "-tall")]  # noqa: RUF012

    now: var[float] = var(0.0)
    typing: var[bool] = var(False)
    url: var[str] = var("")
    chosen: var[str] = var("auto")

    def __init__(
        self,
        config: Any,
        settings: Settings,
        *,
        url: str | None = None,
        stepping: bool = False,
        reveal: bool = False,
        clock: Callable[[], float] = time.time,
        wishes: Preferences = NONE,
    ) -> None:
        super().__init__(settings, clock)
        self.wishes = wishes
        self.keymap, strange = keymap.chosen(wishes.keys, wishes.config)
        self.notes = [*wishes.notes, *strange]
        """Sentences about what a person set that could not be used."""
        for key in self.keymap.keys:
            if key.keys and key.action != "command_palette":
                self.bind(key.keys, f"key({key.name!r})", description=key.title, show=False)
        self._net = ControlFilter(links=takes_links(os.environ))
        self._first = (url or "", stepping)
        self._follows = True
        self._refreshes = False
        """The run was asked for to refresh the token."""
        self._to_paste: str | None = None
        self._late = False
        """A request has had no answer for a second or more."""
        self.slept = 0.0
        """Seconds asleep since the wait began: they do not count for it."""
        self.interrupted = False
        """The run was cancelled by hand: the next time quits."""
        self.set_reactive(Frame.reveal, reveal)
        self.settle(config)

    def settle(self, config: Any) -> None:
        """Show for which URL and revision the runs are from now on."""
        super().settle(config)
        self.url = config.url if config else self._first[0]
        self.chosen = config.spec if config else "auto"

    @property
    def letters(self) -> Mapping[str, str]:
        """How the actions are called in sentences."""
        return self.keymap.letters

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Put the second net behind Textual's own filters."""
        before = tuple(super().get_line_filters())
        if before != self._net.before:
            self._net = ControlFilter(before, links=takes_links(os.environ))
        return [self._net]

    def compose(self) -> ComposeResult:
        """Headline, rail of panels, detail above the log, key bar."""
        cls, letters = Frame, self.letters
        yield Headline(markup=False).data_bind(cls.session, cls.url, cls.chosen, cls.reveal)
        yield Banner(markup=False).data_bind(cls.session, cls.marks)
        with Horizontal(id="body"):
            with Vertical(id="rail"):
                for index in range(len(PANELS)):
                    yield Panel(index, letters).data_bind(cls.session, cls.panel, cls.now)
            with Vertical(id="right"):
                yield Detail(letters).data_bind(
                    cls.session, cls.panel, cls.reveal, cls.busy, cls.now, cls.marks
                )
                yield Log().data_bind(cls.session)
                yield Input(id="log-filter", placeholder="only requests with this text")
        yield KeyBar(self.keymap).data_bind(
            cls.session, cls.panel, cls.busy, cls.stepping, cls.reveal, cls.typing, cls.changed
        )
        yield Static(id="small", markup=False)

    def on_mount(self) -> None:
        """Start once the first frame is drawn: what a run needs takes time to load."""
        from mcp_auth_tui.tui.terminal.drivers import awake, ended_by

        self.awake = awake(self._driver)
        ended_by(self._driver, self.leave)
        self.query_one("#panel-0").focus()
        self.set_interval(STILL_TICK if self.wishes.still else 1.0, self._tick)
        self.call_after_refresh(self._open)

    def _open(self) -> None:
        self.loaded()
        if self.config is None:
            self.ask_url()
        else:
            self.remember(self.config.url)
            self.begin(stepping=self._first[1])

    def remember(self, url: str) -> None:
        """Is told the URL of every server that is about to be asked."""

    def watch_session(self) -> None:
        """Give the sign-in, or why a run stopped, the room it needs."""
        signing = self.state.signing_in or self.state.typing_code
        for main in self.screen_stack[:1]:
            main.set_class(signing, "-signing")
            main.set_class(signing or self.session.stop is not None, "-roomy")
        if self._late:
            self._tell_late()

    def _tell_late(self) -> None:
        """Tell which request has no answer yet and for how long, once that is a second."""
        sent = self.controller.sent if self.controller is not None else None
        seconds = self.clock() - sent.since if sent is not None else 0.0
        before, self._late = self._late, seconds >= 1
        if not (before or self._late):
            return
        for main in self.screen_stack[:1]:
            told = main.query_one("#unanswered", Static)
            told.display = self._late
            if self._late:
                from mcp_auth_tui.tui.views import request

                look = content.Look(main.query_one(Detail).content_region.width - 2)
                told.update(request.unanswered(self.session, sent, seconds, look))

    def _tick(self) -> None:
        self._tell_late()
        if self.session.waiting is not None:
            # A device's code ends when its issuer says so, whoever sleeps.
            self.now = self.clock() - (0.0 if self.session.device else self.slept)
        elif self.session.token and self.panel == panel_of(Stage.TOKEN):
            self.now = self.clock()

    def on_resize(self, event: events.Resize) -> None:
        """Say what is needed when there is too little room."""
        told = (
            f"This terminal has {event.size.width}×{event.size.height} cells; mcp-auth-tui needs "
            f"{SMALLEST[0]}×{SMALLEST[1]}. Make it larger, or press {self.letters['quit']} and "
            "use --plain."
        )
        self.screen_stack[0].query_one("#small", Static).update(Content(told))

    def shown(self, event: Event) -> None:
        """Turn to where something happens, unless the person looks elsewhere."""
        if not self.screen_stack:
            return  # the app closes
        if isinstance(event, Entered | Ended):
            self._signed_in()
        match event:
            case Entered() if self._follows:
                self.show(panel_of(event.stage))
            case Ready() if self.session.ready is not None and self.session.current:
                self.show(panel_of(self.session.current))
            case Waiting():
                self.now, self.slept = self.clock(), 0.0
                self.show(panel_of(self.session.current) if self.session.current else self.panel)
                self._ask(event)
                if self._to_paste is not None and self.state.signing_in:
                    self.to_paste(self._to_paste)
            case Resumed():
                self._close_question()
            case Ended():
                self.interrupted = False
                self._close_question()
                if self._refreshes and event.stop is None and self._follows:
                    self.show(panel_of(Stage.TOKEN))  # what rotated is told there
                self._refreshes = False
                if event.stop is not None and self._follows:
                    self.show(panel_of(event.stop.stage))
                    log = self.screen_stack[0].query_one(Log)
                    self.call_after_refresh(log.point, event.stop.exchange)

    def _ask(self, event: Waiting) -> None:
        if event.question is None:
            return
        from mcp_auth_tui.tui.screens.question import QuestionScreen

        controller = self._controlled
        self.push_screen(QuestionScreen(event.question), lambda said: controller.answer(said))

    def _close_question(self) -> None:
        from mcp_auth_tui.tui.screens.question import QuestionScreen

        if isinstance(self.screen, QuestionScreen):
            self.pop_screen()

    def _signed_in(self) -> None:
        """Leave what is of use only as long as the sign-in is waited for; a wrong paste is not."""
        main = self.screen_stack[0]
        if self.screen is not main:
            from mcp_auth_tui.tui.screens.address import BareScreen
            from mcp_auth_tui.tui.screens.qr_code import PictureScreen

            if isinstance(self.screen, BareScreen | PictureScreen):
                self.screen.dismiss(None)
        if isinstance(main.focused, PasteInput):
            main.set_focus(main.query_one(f"#panel-{self.panel}"))

    def show(self, panel: int) -> None:
        """Show a panel's detail, and move the focus with it if it is on a panel."""
        if panel != self.panel:
            self.reveal = False
        self.panel = panel
        main = next(iter(self.screen_stack), None)
        if main is None:
            return  # the app closes
        if main.focused is None or isinstance(main.focused, Panel):
            main.set_focus(main.query_one(f"#panel-{panel}"))

    @on(Panel.Chosen)
    def _chosen(self, event: Panel.Chosen) -> None:
        # The run may have moved on and taken the focus along; the widget itself hears of it later.
        # While the app closes there is no screen left.
        focused = [main.focused for main in self.screen_stack[:1]]
        if any(isinstance(each, Panel) and each.index == event.index for each in focused):
            self.show(event.index)

    @on(events.DescendantFocus)
    @on(events.DescendantBlur)
    def _focused(self) -> None:
        self.typing = any(isinstance(main.focused, Input) for main in self.screen_stack[:1])

    @on(Input.Submitted, "#paste")
    def _pasted(self, event: Input.Submitted) -> None:
        # Enter may overtake keys that the field has not taken yet: read it after them.
        event.input.call_later(self._take_paste, event.input)

    def _take_paste(self, field: Input) -> None:
        if field.value.strip() and self.controller is not None:
            self.controller.paste(field.value.strip())
        field.value = ""

    @on(Input.Changed, "#log-filter")
    def _filtered(self, event: Input.Changed) -> None:
        self.screen_stack[0].query_one(Log).needle = event.value.strip().lower()
        if not event.value and not event.input.has_focus:
            event.input.display = False

    @on(events.DescendantBlur, "#log-filter")
    def _filter_left(self, event: events.DescendantBlur) -> None:
        field = self.screen_stack[0].query_one("#log-filter", Input)
        field.display = bool(field.value) and field.display

    @on(Input.Submitted, "#log-filter")
    def _filter_kept(self, event: Input.Submitted) -> None:
        event.input.display = False
        self.screen_stack[0].set_focus(self.screen_stack[0].query_one(Log))

    @on(OptionList.OptionSelected, "#log")
    def _opened(self, event: OptionList.OptionSelected) -> None:
        self.open_exchange(int(event.option_id or 0))

    def on_paste(self, event: events.Paste) -> None:
        """Take a paste that no field took, while the browser is waited for."""
        state = self.state
        if (state.signing_in or state.at_browser) and len(self.screen_stack) == 1:
            self.to_paste(event.text)

    def to_paste(self, pasted: str = "") -> None:
        """Stand in the field for the address that the browser ended on, and put a paste in.

        Before the browser it passes the gate without opening one, and comes here again.
        """
        if self.state.at_browser:
            self._to_paste = pasted
            self.take()
            return
        self._to_paste = None
        self.screen_stack[0].remove_class("-log")
        self.show(panel_of(Stage.AUTHORIZE))
        field = self.query_one(PasteInput)
        field.display = True
        self.screen_stack[0].set_focus(field)
        if pasted:
            field.take(pasted)

    def ask_url(self) -> None:
        """Ask for a URL, and start with it."""
        from mcp_auth_tui.tui.screens.url import UrlForm

        form = UrlForm(self.settings.config, self.url, self.servers)
        self.push_screen(form, self._asked)

    @property
    def servers(self) -> Sequence[str]:
        """The URLs that were used before, the newest first."""
        return ()

    def _asked(self, answer: tuple[Any, bool] | None) -> None:
        if answer is not None:
            self.settle(answer[0])
            self.remember(answer[0].url)
            self.begin(stepping=answer[1])

    def open_exchange(self, number: int, sought: Finding | None = None) -> None:
        """Show one exchange in full."""
        from mcp_auth_tui.tui.screens.exchange import ExchangeScreen

        self.push(ExchangeScreen(number, sought), session=Frame.session, reveal=Frame.reveal)

    def push(self, screen: Screen[Any], then: Any = None, **bound: Any) -> None:
        """Push a screen with its own reactives bound to the app's."""
        with self._context():
            screen.data_bind(**bound)
        self.push_screen(screen, then)

    def can(self, action: str) -> bool:
        """Return whether a key is of use now, and say why not otherwise."""
        reason = self.keymap.of(action).off(self.state)
        if reason:
            self.say(reason)
        return not reason

    def say(self, sentence: str, severity: Any = "information") -> None:
        """Show a sentence for a moment, unless it is shown; never parsed as markup."""
        if any(note.message == terminal.harmless(sentence) for note in self._notifications):
            return
        self.notify(terminal.harmless(sentence), markup=False, severity=severity, timeout=6)
