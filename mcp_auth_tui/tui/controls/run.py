"""Knows what the keys do that start a run, step it, and say what it is made with; draws nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mcp_auth_tui.tui.controls.appearance import Appearance
from mcp_auth_tui.tui.main_screen import MainScreen
from mcp_auth_tui.tui.run_driver import RunDriver
from mcp_auth_tui.tui.state import start_of

if TYPE_CHECKING:
    from mcp_auth_tui.recordings.reader import Recording


class RunControls:
    """The keys of a run as a whole."""

    def __init__(
        self,
        driver: RunDriver,
        screen: MainScreen,
        appearance: Appearance,
        recording: Recording | None = None,
    ) -> None:
        self._driver = driver
        self._screen = screen
        self._appearance = appearance
        self._recording = recording

    def start(self, *, stepping: bool) -> None:
        """Start the run, or show the recording, that was asked for; without a URL ask for one."""
        if self._recording is not None:
            self._driver.replay(self._recording)
        elif self._driver.config is None:
            self.action_url()
        else:
            self._appearance.remember(self._driver.config.url)
            self._driver.begin(stepping=stepping)

    def action_url(self) -> None:
        """Ask for a URL, and start with it."""
        if not self._screen.can("url"):
            return
        from mcp_auth_tui.tui.screens.url import UrlForm

        config_for = self._driver.settings.config
        form = UrlForm(
            config_for,
            self._screen.url,
            self._appearance.servers,
            forget=self._appearance.forget,
            settings=self.open_settings,
        )
        self._screen.app.push_screen(form, self._start_with)

    def _start_with(self, answer: tuple[Any, bool] | None) -> None:
        if answer is not None:
            config, stepping = answer
            self._driver.configure(config)
            self._appearance.remember(config.url)
            self._driver.begin(stepping=stepping)

    def action_settings(self) -> None:
        """Change what the next run is made with."""
        if self._screen.can("settings"):
            self.open_settings(self._screen.url)

    def open_settings(self, url: str) -> None:
        """Show every setting, for runs against a URL."""
        from mcp_auth_tui.tui.screens.settings import SettingsScreen

        page = SettingsScreen(self._driver.settings, url)
        cls = MainScreen
        self._screen.push(page, self._leave_settings, session=cls.session, busy=cls.busy)

    def _leave_settings(self, start: str | None) -> None:
        from mcp_auth_tui.tui.screens.url import UrlForm

        self._driver.view.update_run()
        page = self._screen.app.screen
        if isinstance(page, UrlForm):
            if start is not None:
                page.go(step=start == "step")
        elif start is not None:
            self._screen.follows = True
            self._driver.begin(stepping=start == "step")
        elif self._driver.changed:
            state = self._screen.state
            self._screen.notify(state.with_keys("Kept for the next run; {run} starts it."))

    def action_step(self) -> None:
        """Start step by step, or send what is shown."""
        if not self._screen.can("step"):
            return
        panel = self._screen.state.ready_panel
        if panel is not None and (panel != self._screen.panel or self._screen.step):
            self._screen.action_panel(panel)  # what is sent is seen first
        else:
            self._driver.step()

    def action_run(self) -> None:
        """Start, or run to the end."""
        if not self._screen.can("run"):
            return
        if self._driver.config is None:
            self.action_url()
        else:
            self._screen.follows = True
            self._driver.go()

    def action_run_again(self) -> None:
        """Run again from the shown panel."""
        if self._screen.can("run_again"):
            self._screen.follows = True
            start = start_of(self._screen.state)
            if start is not None:
                self._driver.begin(stepping=False, known=self._driver.session, start=start)

    def action_take_header(self) -> None:
        """Take the header of an earlier run in place of a sign-in."""
        if self._screen.can("take_header"):
            self._screen.follows = True
            self._screen.run_worker(self._take_header(), group="recall", exclusive=True)

    async def _take_header(self) -> None:
        if not await self._driver.recall():
            state = self._screen.state
            sentence = "The stored header cannot be used any more; {run} goes on without it."
            self._screen.notify(state.with_keys(sentence), severity="warning")

    def action_sessions(self) -> None:
        """List what is stored."""
        if not self._screen.can("sessions"):
            return
        from mcp_auth_tui.run.stored import open_store
        from mcp_auth_tui.tui.screens.sessions import SessionsScreen

        options = self._driver.settings.options
        store, notes = open_store(options.token_store)
        for note in notes:
            self._screen.notify(note, severity="warning")
        self._screen.app.push_screen(SessionsScreen(store, options.network))

    def action_sign_in(self) -> None:
        """Go on to the browser if that is what the run waits for."""
        if self._screen.state.at_browser:
            self._driver.proceed()
