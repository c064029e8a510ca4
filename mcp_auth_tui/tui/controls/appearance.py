"""Knows what a person has chosen (theme, servers), and has it kept; must not draw."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import App

from mcp_auth_tui.storage.background_writer import Change, Keeper
from mcp_auth_tui.storage.preferences import Preferences
from mcp_auth_tui.tui.main_screen import MainScreen


class Appearance:
    """What is kept of a person's choices from one start to the next."""

    def __init__(self, screen: MainScreen, preferences: Preferences) -> None:
        self._screen = screen
        self._preferences = preferences
        self.keeper = Keeper(preferences.path, preferences.kept)

    def apply_theme(self, app: App[int]) -> str:
        """Begin with the theme that was chosen; return why not, if there is none of that name."""
        theme = self._preferences.theme
        if not theme:
            return ""
        if theme in app.available_themes:
            # By assignment every rule would be parsed, drawn with, and parsed again.
            app.set_reactive(App.theme, theme)
            app.stylesheet.set_variables(app.get_css_variables())
            return ""
        from mcp_auth_tui.text.suggest import unknown

        place = self._preferences.theme_from or self._preferences.path
        sentence = unknown("theme", theme, app.available_themes)
        end = "" if sentence.endswith("?") else "."
        return f"{place}: {sentence}{end} The usual one is shown."

    def keep_theme(self, theme: str) -> None:
        """Keep the theme that was chosen."""
        self._keep(lambda kept: kept.wearing(theme))
        if place := self._preferences.theme_from:
            self._screen.notify(f"Until you quit: {place} sets the theme for every start.")

    @property
    def servers(self) -> Sequence[str]:
        """The URLs that were used before, the newest first."""
        return self.keeper.state.recent

    def remember(self, url: str) -> None:
        """Keep the URL of a server that is asked now, if it may be kept."""
        if url != self._preferences.practice:
            self._keep(lambda kept: kept.used(url))

    def forget(self, url: str | None) -> None:
        """Forget a server, or all of them."""
        self._keep(lambda kept: kept.without_servers() if url is None else kept.forgotten(url))

    def _keep(self, change: Change) -> None:
        self._screen.run_worker(self._write(change), group="keep")

    async def _write(self, change: Change) -> None:
        if problem := await self.keeper.change(change):
            self._screen.notify(problem, severity="warning")
