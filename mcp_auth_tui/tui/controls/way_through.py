"""Knows how a run is made again with what a known provider needs; must not know which that is."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from mcp_auth_tui.desktop.threads import beside
from mcp_auth_tui.model import Question, Secret
from mcp_auth_tui.settings.editable import PROMPT
from mcp_auth_tui.settings.options import Usage
from mcp_auth_tui.text import terminal
from mcp_auth_tui.tui.main_screen import MainScreen
from mcp_auth_tui.tui.run_driver import RunDriver

if TYPE_CHECKING:
    from mcp_auth_tui.protocol.quirks.advice import KnownWay


class WayThroughControls:
    """The key that takes the way through, and the questions about what is blank in it."""

    def __init__(self, driver: RunDriver, screen: MainScreen) -> None:
        self._driver = driver
        self._screen = screen

    def action_way_through(self) -> None:
        """Run again with the options that get through where the run stopped."""
        way = self._screen.state.way
        if self._screen.can("way_through") and way is not None:
            self.take(way)

    def take(self, way: KnownWay) -> None:
        """Ask for what is blank, and run again; whoever declines changes nothing."""
        self._screen.run_worker(self._take(way), group="way", exclusive=True)

    async def _take(self, way: KnownWay) -> None:
        settings, secret = self._driver.settings, self._driver.settings.secret
        pairs: list[tuple[str, str]] = []
        for option in way.options:
            value = option.value or ""
            if option.name == PROMPT:
                typed = await self._ask(way, "Client secret", secret=True)
                if typed is None:
                    return
                secret = Secret(typed)
            elif option.blank:
                typed = await self._ask(way, f"{option.blank} for {' '.join(option.words)}")
                if typed is None:
                    return
                value = value.replace(option.blank, typed)
            pairs.append((option.name, value))
        given = settings.with_options(pairs)
        try:
            options = await beside(partial(settings.check, given, secret))
        except Usage as wrong:
            self._screen.notify(f"This cannot be run with: {terminal.one_line(str(wrong))}.")
            return
        if self._driver.busy:
            return  # a run was begun while the questions stood there
        for note in settings.take(given, secret, options):
            self._screen.notify(note)
        self._screen.follows = True
        self._driver.view.update_run()
        self._driver.begin(stepping=False)

    async def _ask(self, way: KnownWay, prompt: str, *, secret: bool = False) -> str | None:
        from mcp_auth_tui.tui.screens.question import QuestionScreen

        detail = f"{way.means} {way.console}".rstrip()
        question = Question("way_through", prompt, detail, secret=secret)
        answer = await self._screen.app.push_screen_wait(QuestionScreen(question))
        return (answer or "").strip() or None
