"""Knows how the main screen follows a run: what it shows, and where it turns; drives nothing."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from mcp_auth_tui.model import Ended, Entered, Event, Ready, Resumed, Stage, Waiting
from mcp_auth_tui.tui.main_screen import MainScreen
from mcp_auth_tui.tui.panels.table import panel_of
from mcp_auth_tui.tui.run_driver import RunDriver
from mcp_auth_tui.tui.views.content import Look
from mcp_auth_tui.tui.widgets.bars import VerdictLine
from mcp_auth_tui.tui.widgets.panel import PasteInput

_CLOCKED = (panel_of(Stage.TOKEN), panel_of(Stage.VERIFY))
"""The panels whose details say how long a token is good."""
_SELDOM = 10.0
"""Seconds between two looks at the clock elsewhere."""


class RunFollower:
    """The view that a driver has of the screen; ``at_rest`` is called when a run first waits."""

    def __init__(
        self, driver: RunDriver, screen: MainScreen, at_rest: Callable[[], object]
    ) -> None:
        self._driver = driver
        self._screen = screen
        self._at_rest = at_rest
        self._rested = False
        self._late = False
        """A request has had no answer for a second or more."""
        driver.view = self

    def run_worker(self, work: Coroutine[Any, Any, None], *, group: str, exclusive: bool) -> object:
        """Run something in the background until it ends or the program does."""
        return self._screen.run_worker(work, group=group, exclusive=exclusive)

    def tell(self, sentence: str) -> None:
        """Show a sentence that says nothing about the run itself."""
        self._screen.notify(sentence, severity="warning")

    def update_run(self) -> None:
        """Show the driver's session, its settings, and whether it is busy."""
        driver, screen = self._driver, self._screen
        screen.earlier = driver.earlier
        if driver.session is not screen.session:
            screen.session = driver.session
        screen.before, screen.changes = driver.before, driver.changes
        screen.kept = driver.kept if driver.given is not driver.session else None
        screen.busy, screen.stepping = driver.busy, driver.stepping
        screen.changed, screen.marks = driver.changed, driver.marks
        screen.recorded = driver.recording.marks if driver.recording is not None else ()
        if driver.config is not None:
            screen.url, screen.spec = driver.config.url, driver.config.spec
        if self._late:
            self._show_late()

    def follow(self, event: Event) -> None:
        """Turn to where something happens, unless the person looks elsewhere."""
        if not self._rested and isinstance(event, Waiting | Ended):
            self._rested = True
            self._at_rest()
        screen, current = self._screen, self._driver.session.current
        if not screen.is_running:
            return  # the app closes
        if isinstance(event, Ended) and self._driver.recording is None:
            screen.now = self._driver.clock()  # the headers begin to count down
        if isinstance(event, Entered | Ended):
            self._leave_sign_in()
        if isinstance(event, Resumed | Ended):
            self._close_question()
        match event:
            case Entered() if screen.follows:
                screen.show_panel(panel_of(event.stage))
            case Ready() if (panel := screen.state.ready_panel) is not None:
                screen.show_panel(panel)
            case Waiting():
                screen.now = self._driver.clock()
                if current:
                    screen.show_panel(panel_of(current))
                self._ask(event)
            case Ended() if screen.follows:
                self._show_end(event)

    def _ask(self, event: Waiting) -> None:
        if event.question is not None:
            from mcp_auth_tui.tui.screens.question import QuestionScreen

            page = QuestionScreen(event.question)
            self._screen.app.push_screen(page, self._driver.controller.answer)
        if self._screen.pending_paste is not None and self._screen.state.signing_in:
            self._screen.to_paste(self._screen.pending_paste)

    def _show_end(self, event: Ended) -> None:
        if event.stop is not None:
            self._screen.show_panel(panel_of(event.stop.stage))
            self._screen.point_at(event.stop.exchange)
        elif self._driver.start is Stage.TOKEN:
            self._screen.show_panel(panel_of(Stage.TOKEN))  # what rotated is told there

    def _close_question(self) -> None:
        from mcp_auth_tui.tui.screens.question import QuestionScreen

        if isinstance(self._screen.app.screen, QuestionScreen):
            self._screen.app.pop_screen()

    def _leave_sign_in(self) -> None:
        """Leave what is of use only as long as the sign-in is waited for; a wrong paste is not."""
        screen = self._screen
        if not screen.is_active:
            from mcp_auth_tui.tui.screens.address import BareScreen
            from mcp_auth_tui.tui.screens.qr_code import PictureScreen

            page = screen.app.screen
            if isinstance(page, BareScreen | PictureScreen):
                page.dismiss(None)
        if isinstance(screen.focused, PasteInput):
            screen.focus_on(f"#panel-{screen.panel}")

    def tick(self) -> None:
        """Follow the clock where the time is shown."""
        self._show_late()
        driver, screen = self._driver, self._screen
        if driver.recording is not None:
            return  # what it waited for is over
        if driver.session.waiting is not None:
            # A device's code ends when its issuer says so, whoever sleeps.
            screen.now = driver.clock() - (0.0 if driver.session.device else driver.slept)
        elif driver.session.token is None and driver.session.stored_header is None:
            return
        elif screen.panel in _CLOCKED or driver.clock() - screen.now >= _SELDOM:
            screen.now = driver.clock()

    def _show_late(self) -> None:
        """Show which request has no answer yet and for how long, once that is a second."""
        sent = self._driver.sent
        seconds = self._driver.clock() - sent.since if sent is not None else 0.0
        before, self._late = self._late, seconds >= 1
        if not (before or self._late) or not self._screen.is_running:
            return
        line = self._screen.query_one(VerdictLine)
        if sent is None or not self._late:
            line.late = None
            return
        from mcp_auth_tui.tui.views import request

        limit, look = self._driver.settings.options.network.timeout, Look(line.size.width)
        line.late = request.unanswered(self._driver.session, sent, seconds, limit, look)
