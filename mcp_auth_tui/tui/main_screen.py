"""Knows the main screen: its layout, its focus, and how it follows a run; not what keys are for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.reactive import var
from textual.screen import Screen
from textual.widgets import Input, OptionList, Static

from mcp_auth_tui.model import Finding, Session, Stage
from mcp_auth_tui.tui.keymap import Keymap
from mcp_auth_tui.tui.panels.table import PANELS, panel_of
from mcp_auth_tui.tui.run_driver import RunDriver
from mcp_auth_tui.tui.state import KeepAlive, ScreenState
from mcp_auth_tui.tui.widgets.bars import Banner, Headline, KeyBar, VerdictLine
from mcp_auth_tui.tui.widgets.log import EARLIER, Log
from mcp_auth_tui.tui.widgets.panel import Detail, Panel, PasteInput

if TYPE_CHECKING:
    from mcp_auth_tui.model.changes import Changes
    from mcp_auth_tui.run.before import Before
    from mcp_auth_tui.tui.widgets.ladder import Ladder

SMALLEST = (40, 10)
"""Cells; on less the screen says so and shows nothing else."""


HUGE = 150
"""Cells from which on the ladder stands beside the detail and takes the place of the log."""


class MainScreen(Screen[None]):
    """Headline, panels, detail, log and key bar, and which of them has the focus.

    ``url`` is shown until a run has one; ``start`` is called once the first frame is drawn, since
    what a run needs takes time to load.
    """

    REST_CSS_PATH = Path(__file__).with_name("rest.tcss")

    session: var[Session] = var(Session, always_update=True)
    kept: var[Session | None] = var(None)
    earlier: var[Session | None] = var(None)
    before: var[Before | None] = var(None)
    changes: var[Changes | None] = var(None)
    busy: var[bool] = var(False)
    stepping: var[bool] = var(False)
    changed: var[bool] = var(False)
    marks: var[tuple[str, ...]] = var(())
    recorded: var[tuple[str, ...]] = var(())
    url: var[str] = var("")
    spec: var[str] = var("auto")
    panel: var[int] = var(0)
    step: var[int] = var(0)
    reveal: var[bool] = var(False)
    now: var[float] = var(0.0)
    typing: var[bool] = var(False)
    alive: var[KeepAlive] = var(KeepAlive())
    listing: var[bool] = var(False)

    def __init__(
        self,
        driver: RunDriver,
        keymap: Keymap,
        start: Callable[[], None],
        url: str = "",
        *,
        reveal: bool = False,
    ) -> None:
        super().__init__()
        self.driver = driver
        self.keymap = keymap
        self._start = start
        self.awake = ""
        """Why the program cannot be put to sleep."""
        self.follows = True
        """The panel of the running stage is shown, whichever it is."""
        self.pending_paste: str | None = None
        """What goes into the paste field as soon as the sign-in is waited for."""
        # Set before it is mounted: nothing is there yet that could follow.
        config = driver.config
        self.set_reactive(MainScreen.url, config.url if config is not None else url)
        self.set_reactive(MainScreen.spec, config.spec if config is not None else "auto")
        self.set_reactive(MainScreen.marks, driver.marks)
        self.set_reactive(MainScreen.reveal, reveal)

    @property
    def state(self) -> ScreenState:
        """What decides which keys are of use."""
        return ScreenState(
            self.session,
            self.busy,
            self.stepping,
            self.panel,
            self.reveal,
            self.changed,
            self.awake,
            self.app.is_inline,
            bool(self.recorded),
            self.kept,
            self.listing,
            self.keymap.letters,
            self.alive,
        )

    def compose(self) -> ComposeResult:
        """Headline, rail of panels, detail above the log, key bar."""
        cls, letters = MainScreen, self.keymap.letters
        yield Headline(markup=False).data_bind(cls.session, cls.url, cls.spec, cls.reveal)
        if self.marks:
            yield self._banner()
        with Horizontal(id="body"):
            with Vertical(id="rail"):
                for index in range(len(PANELS)):
                    yield Panel(index, letters).data_bind(cls.session, cls.panel, cls.now, cls.kept)
            if self.app.size.width >= HUGE:
                yield self._ladder()
            with Vertical(id="right"):
                yield Detail(letters).data_bind(
                    cls.session, cls.panel, cls.reveal, cls.busy, cls.now, cls.marks, cls.recorded,
                    cls.kept, cls.step, cls.alive,
                )  # fmt: skip
                yield Log().data_bind(cls.session, cls.earlier)
        yield VerdictLine(letters).data_bind(cls.session, cls.kept, cls.recorded, cls.changes)
        yield KeyBar(self.keymap).data_bind(
            cls.session, cls.panel, cls.busy, cls.stepping, cls.reveal, cls.typing, cls.changed,
            cls.recorded, cls.kept, cls.listing, cls.alive,
        )  # fmt: skip

    def _banner(self) -> Banner:
        cls = MainScreen
        return Banner(markup=False).data_bind(cls.session, cls.marks, cls.recorded)

    def _ladder(self) -> Ladder:
        from mcp_auth_tui.tui.widgets.ladder import Ladder

        return Ladder().data_bind(MainScreen.session, MainScreen.earlier)

    def on_mount(self) -> None:
        """Stand on the first panel, and start once the first frame is drawn."""
        self.query_one("#panel-0").focus()
        self.call_after_refresh(self._furnish)

    async def _furnish(self) -> None:
        """Put in what no first frame shows, which comes sooner without, and start."""
        self.app.stylesheet.read(self.REST_CSS_PATH)
        self.app.stylesheet.parse()
        if not self.is_current:  # a key was quicker than the first frame
            self.app.refresh_css(animate=False)
        body = self.query_one("#body")
        if not self.query(Banner):
            await self.mount(self._banner(), before=body)
        if not self.query("#ladder"):
            await body.mount(self._ladder(), before="#right")
        field = Input(id="log-filter", placeholder="only requests with this text")
        await self.query_one("#right").mount(field)
        await self.query_one(Detail).furnish()
        await self.mount(Static(self._too_small(), id="small", markup=False))
        self._start()

    def on_resize(self) -> None:
        """Say what is needed when there is too little room."""
        for small in self.query("#small").results(Static):
            small.update(self._too_small())
        self.set_class(self.size.width >= HUGE, "-huge")

    def _too_small(self) -> Content:
        return Content(
            f"This terminal has {self.size.width}×{self.size.height} cells; mcp-auth-tui needs "
            f"{SMALLEST[0]}×{SMALLEST[1]}. Make it larger, or press {self.keymap.letters['quit']} "
            "and use --plain."
        )

    def watch_session(self) -> None:
        """Give the sign-in, a step, or why a run stopped room; a new run has other steps."""
        if self.step > len(self.session.exchanges):
            self.step = 0
        signing = self.state.signing_in or self.state.typing_code
        self.set_class(signing, "-signing")
        session = self.session
        self.set_class(session.stop is not None or session.ready is not None, "-roomy")

    # Focus.

    def focus_on(self, selector: str) -> None:
        """Move the focus at once: `Widget.focus` does it later, and keys may come before that."""
        self.set_focus(self.query_one(selector))

    def show_panel(self, panel: int) -> None:
        """Show a panel's detail, and move the focus with it if it is on a panel."""
        if panel != self.panel:
            self.reveal = False
        self.panel, self.step = panel, 0
        if self.is_running and isinstance(self.focused, Panel | None):
            self.focus_on(f"#panel-{panel}")

    @on(Panel.Chosen)
    def _choose_panel(self, event: Panel.Chosen) -> None:
        # The run may have moved on and taken the focus along; the widget itself hears of it later.
        if isinstance(self.focused, Panel) and self.focused.index == event.index:
            self.show_panel(event.index)

    @on(events.DescendantFocus)
    @on(events.DescendantBlur)
    def _follow_focus(self) -> None:
        self.typing = isinstance(self.focused, Input)
        self.listing = isinstance(self.focused, OptionList)

    def action_panel(self, index: int) -> None:
        """Show a panel by its number; the run is followed as long as it is the running one."""
        current = self.session.current
        self.follows = current is not None and panel_of(current) == index
        self.remove_class("-log")
        self.step = 0
        self.focus_on(f"#panel-{index}")

    def action_next_panel(self, by: int) -> None:
        """Go to a neighbouring panel."""
        self.action_panel((self.panel + by) % len(PANELS))

    def action_detail(self) -> None:
        """Go into the detail; when the run asks whether to go to the browser, go."""
        if self.state.at_browser:
            self.driver.proceed()
        else:
            self.focus_on("#detail-scroll")

    def action_secrets(self) -> None:
        """Show secrets until the person looks elsewhere, or hide them."""
        self.reveal = not self.reveal

    def action_zoom(self) -> None:
        """Give the detail the whole screen, or take it back."""
        self.toggle_class("-zoom")
        self.focus_on("#detail-scroll")

    def action_back(self) -> None:
        """Leave a zoom, a log, a field or the detail; from a panel, cancel the run."""
        if self.focused is not None and self.focused.id in ("log", "log-filter"):
            self.query_one("#log-filter", Input).value = ""
        hidden = self.has_class("-zoom") or self.has_class("-log")
        if self.step:
            self.step = 0
        elif hidden or not isinstance(self.focused, Panel | None):
            self.remove_class("-zoom", "-log")
            self.focus_on(f"#panel-{self.panel}")
        elif self.can("back"):
            self.driver.cancel()

    # The steps that were taken.

    def action_step_back(self) -> None:
        """Show the exchange before the one that is looked at; first the newest."""
        if self.can("step_back"):
            numbers = [item.number for item in self.session.exchanges]
            earlier = [number for number in numbers if number < (self.step or numbers[-1] + 1)]
            self.step = earlier[-1] if earlier else numbers[0]

    def action_step_forward(self) -> None:
        """Show the exchange after the one that is looked at; after the newest what is now."""
        if self.can("step_forward"):
            later = [item.number for item in self.session.exchanges if item.number > self.step]
            self.step = later[0] if later else 0

    def on_ladder_looked(self, event: Ladder.Looked) -> None:
        """Show the exchange of a rung; by its name, since no first frame needs the ladder."""
        self.step = event.number

    def on_ladder_opened(self, event: Ladder.Opened) -> None:
        """Show the exchange of a rung in full."""
        self.open_exchange(event.number, earlier=event.earlier)

    # The log and its filter.

    def action_exchanges(self) -> None:
        """Go to the log, which a small screen shows in place of the detail; and back."""
        if not self.can("exchanges"):
            return
        if self.has_class("-log") and self.query_one("#log").has_focus:
            self.action_panel(self.panel)
        else:
            self._to_log()

    def action_filter(self) -> None:
        """Ask for the text that a line of the log must hold."""
        if self.can("filter"):
            self._to_log()
            self.query_one("#log-filter").display = True
            self.focus_on("#log-filter")

    def _to_log(self) -> None:
        self.remove_class("-zoom")
        self.add_class("-log")
        self.focus_on("#log")
        # What a small screen did not show till now takes the focus only once it is styled anew.
        self.call_after_refresh(self._focus_log)

    def _focus_log(self) -> None:
        if self.has_class("-log") and isinstance(self.focused, Panel | None):
            self.focus_on("#log")

    def point_at(self, number: int | None) -> None:
        """Stand on an exchange of the log, if it is there, once the log has its place."""
        self.call_after_refresh(self.query_one(Log).point, number)

    @on(Input.Changed, "#log-filter")
    def _filter(self, event: Input.Changed) -> None:
        self.query_one(Log).needle = event.value.strip().lower()
        if not event.value and not event.input.has_focus:
            event.input.display = False

    @on(events.DescendantBlur, "#log-filter")
    def _hide_filter(self) -> None:
        field = self.query_one("#log-filter", Input)
        field.display = bool(field.value) and field.display

    @on(Input.Submitted, "#log-filter")
    def _keep_filter(self, event: Input.Submitted) -> None:
        event.input.display = False
        self.focus_on("#log")

    @on(OptionList.OptionSelected, "#log")
    def _open_selected(self, event: OptionList.OptionSelected) -> None:
        name = event.option_id or "0"
        self.open_exchange(int(name.removeprefix(EARLIER)), earlier=name.startswith(EARLIER))

    # The paste field.

    @on(Input.Submitted, "#paste")
    def _submit_paste(self, event: Input.Submitted) -> None:
        # Enter may overtake keys that the field has not taken yet: read it after them.
        event.input.call_later(self._hand_over, event.input)

    def _hand_over(self, field: Input) -> None:
        if field.value.strip():
            self.driver.paste(field.value.strip())
        field.value = ""

    def on_paste(self, event: events.Paste) -> None:
        """Use a paste that no field took, while the browser is waited for."""
        if self.state.signing_in or self.state.at_browser:
            self.to_paste(event.text)

    def to_paste(self, pasted: str = "") -> None:
        """Stand in the field for the address that the browser ended on, and put a paste in.

        Before the browser it passes the gate without opening one, and comes here again.
        """
        if self.state.at_browser:
            self.pending_paste = pasted
            self.driver.release()
            return
        self.pending_paste = None
        self.remove_class("-log")
        self.show_panel(panel_of(Stage.AUTHORIZE))
        field = self.query_one(PasteInput)
        field.display = True
        self.set_focus(field)
        if pasted:
            field.insert_pasted(pasted)

    # What the controls need.

    def open_exchange(
        self, number: int, sought: Finding | None = None, *, earlier: bool = False
    ) -> None:
        """Show one exchange in full, of this run or of the one that it took stages over from."""
        from mcp_auth_tui.tui.screens.exchange import ExchangeScreen

        cls = MainScreen
        if not earlier:
            self.push(ExchangeScreen(number, sought), session=cls.session, reveal=cls.reveal)
        elif self.earlier is not None:
            self.push(ExchangeScreen(number, earlier=self.earlier), reveal=cls.reveal)

    def push(self, page: Screen[Any], then: Any = None, **bound: Any) -> None:
        """Push a page with its own reactives bound to those of this screen."""
        with self._context():
            page.data_bind(**bound)
        self.app.push_screen(page, then)

    def can(self, name: str) -> bool:
        """Return whether an action is of use now, and say why not otherwise."""
        reason = self.keymap.of(name).why_off(self.state)
        if reason:
            self.notify(reason)
        return not reason
