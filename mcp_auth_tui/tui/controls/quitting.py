"""Knows how the screen is left, for good or to sleep, and what that would lose; draws nothing."""

from __future__ import annotations

from mcp_auth_tui.tui.controls.output import OutputControls
from mcp_auth_tui.tui.follower import RunFollower
from mcp_auth_tui.tui.main_screen import MainScreen
from mcp_auth_tui.tui.run_driver import INTERRUPTED, RunDriver

PATIENCE = 3.0
"""Seconds that a cancelled run has for its cleanup before the program quits anyway."""


class QuittingControls:
    """The ways out."""

    def __init__(
        self, driver: RunDriver, screen: MainScreen, follower: RunFollower, output: OutputControls
    ) -> None:
        self._driver = driver
        self._screen = screen
        self._follower = follower
        self._output = output
        self._asks = False
        """The question whether to quit is open."""

    def interrupt(self) -> None:
        """Copy a selection; else cancel the run, and quit at the second time."""
        page = self._screen.app.screen
        if selection := page.get_selected_text():
            page.clear_selection()
            self._output.copy("The selection", selection)
        elif self._driver.busy and self._driver.interrupt():
            self._screen.notify("Cancelled. Once more quits.")
        elif self._driver.busy or self._asks:
            self._screen.app.exit(INTERRUPTED if self._driver.busy else self._driver.code)
        else:
            self.action_quit()

    def lost(self) -> str:
        """Return what would be lost by quitting now; empty where nothing would."""
        if self._screen.state.signing_in or self._screen.state.typing_code:
            return "A sign-in is under way."
        if self._screen.app.is_web and self._output.holds_headers:
            # Elsewhere they are printed, or written, when the screen is gone.
            return "The headers were neither copied nor saved, and end with this page."
        return ""

    def action_quit(self) -> None:
        """Quit; ask first when something would be lost."""
        lost = self.lost()
        if not lost:
            self.quit()
            return
        from mcp_auth_tui.tui.screens.confirm import Confirm

        self._asks = True
        page = Confirm(f"{lost} Quit, and drop it?", "quit", "stay")
        self._screen.app.push_screen(page, self._quit_if)

    def _quit_if(self, yes: bool | None) -> None:
        self._asks = False
        if yes:
            self.quit()

    def quit(self) -> None:
        """Quit: after the run's own cleanup, or when that takes too long without it."""
        if not self._driver.busy:
            self._exit()
            return
        self._screen.watch(self._screen, "busy", self._exit, init=False)
        self._driver.cancel()
        self._screen.set_timer(PATIENCE, self._exit)

    def _exit(self) -> None:
        self._screen.app.exit(self._driver.code)

    def action_suspend(self) -> None:
        """Go to sleep, and let the shell have the terminal until it wakes this program."""
        if self._screen.can("suspend"):
            self.sleep()

    def sleep(self) -> None:
        """Sleep until somebody wakes this program; what was waited for waits on."""
        from mcp_auth_tui.tui.terminal.drivers import sleep

        with self._screen.app.suspend():
            self._driver.slept += sleep()
        self._follower.tick()
