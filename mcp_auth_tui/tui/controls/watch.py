"""Knows what the key does that watches a server; must not know how it is looked at, nor draw."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from mcp_auth_tui.settings.arguments.network import WATCH_USUAL
from mcp_auth_tui.tui.main_screen import MainScreen
from mcp_auth_tui.tui.run_driver import RunDriver

if TYPE_CHECKING:
    from mcp_auth_tui.inspect.rounds import Look
    from mcp_auth_tui.protocol.config import Config


class WatchControls:
    """The page that looks at the server again and again; ``seconds`` is the time between rounds."""

    def __init__(
        self,
        driver: RunDriver,
        screen: MainScreen,
        run: Callable[[], object],
        seconds: float = 0.0,
    ) -> None:
        self._driver = driver
        self._screen = screen
        self._run = run
        self._seconds = seconds or float(WATCH_USUAL)

    def looks(self, config: Config) -> Look:
        """Return how a round is made, with the settings as they stand."""
        from mcp_auth_tui.inspect.rounds import looks

        return looks(config, self._driver.settings.options.network)

    def action_watch(self) -> None:
        """Look at the server again and again, and list what is open and what is mended."""
        if not self._screen.can("watch"):
            return
        driver = self._driver
        if driver.config is None:
            sentence = "There is no server yet: {url} takes a URL."
            self._screen.notify(self._screen.state.with_keys(sentence))
            return
        if driver.changed:
            driver.configure(driver.settings.config(driver.config.url))
        if driver.config.certificate_locked:
            self._screen.notify(
                f"{driver.config.certificate_locked} A run asks for its passphrase; a watch"
                " cannot.",
                severity="warning",
            )
            return
        from mcp_auth_tui.tui.screens.watch import WatchScreen

        page = WatchScreen(driver.config.url, self.looks(driver.config), self._seconds, self._told)
        self._screen.app.push_screen(page, self._leave)

    def _told(self, code: int) -> None:
        self._driver.watched = code

    def _leave(self, answer: str | None) -> None:
        if answer is not None:
            self._run()
