"""Knows how a person likes the screen (theme, motion, servers), and has it kept; draws nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from textual import events, on
from textual.app import App

from mcp_auth_tui.storage.background_writer import Change, Keeper
from mcp_auth_tui.tui.main_screen import Frame
from mcp_auth_tui.tui.terminal.contrast import readable

if TYPE_CHECKING:
    from mcp_auth_tui.tui.screens.url import UrlForm

TOLD = 3
"""Sentences about the config file that are shown; more are told when the screen is gone."""


class Liking(Frame):
    """The app as its person likes it."""

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.keeper = Keeper(self.wishes.path, self.wishes.kept)
        if self.wishes.still:
            self.animation_level = "none"
        if self.wishes.theme:
            self._wear(self.wishes.theme)

    def _wear(self, theme: str) -> None:
        """Begin with a theme, if there is one of that name."""
        if theme in self.available_themes:
            # By assignment every rule would be parsed, drawn with, and parsed again.
            self.set_reactive(App.theme, theme)
            self.stylesheet.set_variables(self.get_css_variables())
            return
        from mcp_auth_tui.text.suggest import unknown

        place = self.wishes.theme_from or self.wishes.path
        told = unknown("theme", theme, self.available_themes)
        end = "" if told.endswith("?") else "."
        self.notes.append(f"{place}: {told}{end} The usual one is shown.")

    def on_mount(self) -> None:
        """Tell what could not be used."""
        for note in self.notes[:TOLD]:
            self.say(note, "warning")
        if more := self.notes[TOLD:]:
            self.say(f"{len(more)} more such notes are on stderr when the screen is gone.")

    def get_css_variables(self) -> dict[str, str]:
        """Return the theme's colours, with its words such that they can be read."""
        made = super().get_css_variables()
        made.update(readable(made))
        return made

    def watch_theme(self, theme: str) -> None:
        """Keep the theme that was chosen."""
        if not self.is_running:
            return
        self.keep(lambda kept: kept.wearing(theme))
        if place := self.wishes.theme_from:
            self.say(f"Until you quit: {place} sets the theme for every start.")

    def remember(self, url: str) -> None:
        """Keep the URL of a server that is asked now, if it may be kept."""
        if url != self.wishes.practice:
            self.keep(lambda kept: kept.used(url))

    @property
    def servers(self) -> Sequence[str]:
        """The URLs that were used before, the newest first."""
        return self.keeper.state.recent

    def on_url_form_forget(self, event: UrlForm.Forget) -> None:
        """Forget a server, or all of them."""
        gone = event.url
        self.keep(lambda kept: kept.without_servers() if gone is None else kept.forgotten(gone))

    def keep(self, how: Change) -> None:
        """Change what is kept, in the background."""
        self.run_worker(self._keeping(how), group="keep")

    async def _keeping(self, how: Change) -> None:
        if problem := await self.keeper.change(how):
            self.say(problem, "warning")

    @on(events.DescendantFocus)
    def _hold_still(self, event: events.DescendantFocus) -> None:
        if self.wishes.still and hasattr(event.widget, "cursor_blink"):
            event.widget.cursor_blink = False
