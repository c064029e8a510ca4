"""Knows what the keys do that change a request by hand, or send it again; must not draw."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mcp_auth_tui.model import Exchange, Request
from mcp_auth_tui.tui.main_screen import MainScreen
from mcp_auth_tui.tui.reasons import RECORDED
from mcp_auth_tui.tui.run_driver import RunDriver

if TYPE_CHECKING:
    from mcp_auth_tui.tui.views.request_form import Sendable


class EditingControls:
    """A person's hands on the requests of a run; whatever they change is marked."""

    def __init__(self, driver: RunDriver, screen: MainScreen) -> None:
        self._driver = driver
        self._screen = screen

    def action_edit(self) -> None:
        """Change what is sent next."""
        ready = self._driver.session.ready
        if self._screen.can("edit") and ready is not None:
            from mcp_auth_tui.tui.screens.request_editor import EditScreen

            page = EditScreen(ready, "What is sent next")
            self._screen.push(page, self._send, reveal=MainScreen.reveal)

    def _send(self, request: Sendable | None) -> None:
        if request is None:
            return
        if self._driver.session.ready is None:
            sentence = "The run went on meanwhile: what you changed was not sent."
            self._screen.notify(sentence, severity="warning")
        else:
            self._driver.release(request)

    def send_again(self, exchange: Exchange, *, edit: bool) -> None:
        """Send an exchange again, as it was or edited, and warn when that spends something."""
        from mcp_auth_tui.tui.screens.request_editor import EditScreen

        if self._screen.recorded:
            self._screen.notify(RECORDED)
            return
        number, request = exchange.number, exchange.request
        if not edit:
            self._warn_and_send(request, number)
            return

        def send_edited(changed: Sendable | None) -> None:
            if isinstance(changed, Request):
                self._warn_and_send(changed, number)

        page = EditScreen(request, f"Exchange {number}, sent again")
        self._screen.push(page, send_edited, reveal=MainScreen.reveal)

    def _warn_and_send(self, request: Request, of: int) -> None:
        from mcp_auth_tui.tui.screens.confirm import Confirm
        from mcp_auth_tui.tui.views.request_form import spends

        def send(yes: bool | None) -> None:
            if yes:
                self._screen.run_worker(self._send_again(request, of), group="again")

        if warning := spends(request):
            self._screen.app.push_screen(Confirm(f"{warning} Send it again?", "send", "back"), send)
        else:
            send(True)

    async def _send_again(self, request: Request, of: int) -> None:
        from mcp_auth_tui.tui.screens.exchange import ExchangeScreen

        self._screen.notify("It is sent again, beside the run, which stays where it is.")
        exchange = await self._driver.send_again(request, of)
        if exchange is None:
            return
        page = self._screen.app.screen
        if isinstance(page, ExchangeScreen):
            page.number = exchange.number
        else:
            self._screen.open_exchange(exchange.number)
