"""Knows how the screen is left, for good or to sleep, and what that would lose; draws nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mcp_auth_tui.tui.controls.editing import Changing
from mcp_auth_tui.tui.run_driver import INTERRUPTED

if TYPE_CHECKING:
    from mcp_auth_tui.model import Secret


class Leaving(Changing):
    """The app with its ways out."""

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self._taken: Mapping[str, Secret] = {}
        """The headers that were copied or saved."""
        self._asks = False
        """The question whether to quit is open."""

    def take_headers(self) -> None:
        """Know that the headers are in somebody's hands."""
        self._taken = self.session.headers

    def action_interrupt(self) -> None:
        """Copy a selection; else cancel the run, and quit at the second time."""
        selected = self.screen.get_selected_text()
        if selected:
            self.screen.clear_selection()
            self.copy("The selection", selected)
        elif self.busy and not self.interrupted:
            self.interrupted = True
            self.cancel()
            self.say("Cancelled. Once more quits.")
        elif self.busy or self._asks:
            self.exit(INTERRUPTED if self.busy else self.code)
        else:
            self.action_leave()

    def lost(self) -> str:
        """Return what would be lost by quitting now; empty where nothing would."""
        if self.state.signing_in or self.state.typing_code:
            return "A sign-in is under way."
        if self.is_web and self.session.headers and self._taken != self.session.headers:
            # Elsewhere they are printed, or written, when the screen is gone.
            return "The headers were neither copied nor saved, and end with this page."
        return ""

    def action_leave(self) -> None:
        """Quit; ask first when something would be lost."""
        lost = self.lost()
        if not lost:
            self.leave()
            return
        from mcp_auth_tui.tui.screens.confirm import Confirm

        self._asks = True
        self.push_screen(Confirm(f"{lost} Quit, and drop it?", "quit", "stay"), self._answered)

    def _answered(self, yes: bool | None) -> None:
        self._asks = False
        if yes:
            self.leave()

    def action_suspend(self) -> None:
        """Go to sleep, and let the shell have the terminal until it wakes this program."""
        if not self.can("suspend"):
            return
        from mcp_auth_tui.tui.terminal.drivers import sleep

        with self.suspend():
            self.slept += sleep()
        self._tick()
