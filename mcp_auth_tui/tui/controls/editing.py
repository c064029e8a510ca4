"""Knows what the keys do that change a run by hand: edit what is next, send again; no drawing."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from mcp_auth_tui.model import Exchanged, Request
from mcp_auth_tui.tui.main_screen import Frame

if TYPE_CHECKING:
    from mcp_auth_tui.tui.screens.exchange import ExchangeScreen
    from mcp_auth_tui.tui.screens.settings import SettingsScreen
    from mcp_auth_tui.tui.screens.url import UrlForm
    from mcp_auth_tui.tui.views.request_form import Sendable


class Changing(Frame):
    """The app with its hands on the run; whatever they change is marked."""

    def action_edit(self) -> None:
        """Change what is sent next."""
        ready = self.session.ready
        if self.can("edit") and ready is not None:
            from mcp_auth_tui.tui.screens.request_editor import EditScreen

            screen = EditScreen(ready, "What is sent next")
            self.push(screen, self._edited, reveal=Frame.reveal)

    def _edited(self, request: Sendable | None) -> None:
        if request is None:
            return
        if self.session.ready is None:
            self.say("The run went on meanwhile: what you changed was not sent.", "warning")
            return
        self._controlled.step(request)
        if not self.stepping:
            self.go()

    def action_settings(self) -> None:
        """Change what the next run is made with."""
        self.open_settings(self.url)

    def open_settings(self, url: str) -> None:
        """Show every setting, for runs against a URL."""
        from mcp_auth_tui.tui.screens.settings import SettingsScreen

        screen = SettingsScreen(self.settings, url)
        self.push(screen, self._set, session=Frame.session, busy=Frame.busy)

    def on_url_form_settings(self, event: UrlForm.Settings) -> None:
        """Change what the run is made with that a URL is asked for."""
        self.open_settings(event.url)

    def _set(self, wish: str | None) -> None:
        self.resettle()
        from mcp_auth_tui.tui.screens.url import UrlForm

        if isinstance(self.screen, UrlForm):
            if wish is not None:
                self.screen.go(step=wish == "step")
        elif wish is not None:
            self._follows = True
            self.begin(stepping=wish == "step")
        elif self.changed:
            self.say(self.state.told("Kept for the next run; {run} starts it."))

    def on_settings_screen_taken(self, event: SettingsScreen.Taken) -> None:
        """Copy the command that does the same."""
        self.copy("The command", event.value)

    def on_settings_screen_noted(self, event: SettingsScreen.Noted) -> None:
        """Say what the settings have to say."""
        self.say(event.told)

    def on_exchange_screen_taken(self, event: ExchangeScreen.Taken) -> None:
        """Copy what was chosen on the screen of an exchange."""
        self.copy(event.what, event.value)

    def on_exchange_screen_again(self, event: ExchangeScreen.Again) -> None:
        """Send an exchange again, as it was or edited, and warn when that spends something."""
        from mcp_auth_tui.tui.screens.request_editor import EditScreen

        number, request = event.exchange.number, event.exchange.request
        if not event.edit:
            self._warned(request, number)
            return

        def edited(changed: Sendable | None) -> None:
            if isinstance(changed, Request):
                self._warned(changed, number)

        screen = EditScreen(request, f"Exchange {number}, sent again")
        self.push(screen, edited, reveal=Frame.reveal)

    def _warned(self, request: Request, of: int) -> None:
        from mcp_auth_tui.tui.screens.confirm import Confirm
        from mcp_auth_tui.tui.views.request_form import spends

        def send(yes: bool | None) -> None:
            if yes:
                self.run_worker(self._sent(request, of), group="again")

        if warning := spends(request):
            self.push_screen(Confirm(f"{warning} Send it again?", "send", "back"), send)
        else:
            send(True)

    async def _sent(self, request: Request, of: int) -> None:
        from mcp_auth_tui.tui.screens.exchange import ExchangeScreen

        self.say("It is sent again, beside the run, which stays where it is.")
        async for event in self._controlled.send_again(request, of):
            self.happened(event)
            if not isinstance(event, Exchanged):
                continue
            if isinstance(self.screen, ExchangeScreen):
                self.screen.number = event.exchange.number
            else:
                self.open_exchange(event.exchange.number)

    def copy(self, what: str, value: str, then: Callable[[], None] = lambda: None) -> None:
        """Copy a text in the background, say what became of it, and go on where it was copied."""
        self.run_worker(self._copy(what, value, then), group="copy")

    async def _copy(self, what: str, value: str, then: Callable[[], None]) -> None:
        from mcp_auth_tui.desktop.clipboard import copy

        write = self._driver.write if self._driver is not None else None
        copied = await copy(value, write_terminal=write)
        # What does not know the sequence, as an older screen in between, has written it instead.
        self.refresh()
        self.say(f"{what}: {copied.how}", "information" if copied.ok else "warning")
        if copied.ok:
            then()
