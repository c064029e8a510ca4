"""Knows what the keys do that take the address of a sign-in to a browser; must not draw."""

from __future__ import annotations

from collections.abc import Callable

from mcp_auth_tui.tui.controls.output import OutputControls
from mcp_auth_tui.tui.main_screen import MainScreen
from mcp_auth_tui.tui.run_driver import RunDriver


class SignInControls:
    """The ways of an address to a browser; ``write`` writes to the terminal past the screen."""

    def __init__(
        self,
        driver: RunDriver,
        screen: MainScreen,
        output: OutputControls,
        write: Callable[[str], None],
    ) -> None:
        self._driver = driver
        self._screen = screen
        self._output = output
        self._write = write

    def _address(self) -> str:
        """Return the address to sign in at; from now on somebody may come back from it."""
        state, session = self._screen.state, self._driver.session
        device, ready = session.device, session.ready
        if state.typing_code and device is not None:
            return device.complete or device.verification_uri
        if state.at_browser and ready is not None:
            self._driver.release()
            return ready.url
        return session.browsed.url if session.browsed else ""

    def action_paste(self) -> None:
        """Go to the paste field."""
        if self._screen.can("paste"):
            self._screen.to_paste()

    def action_copy(self) -> None:
        """Copy the sign-in address, or the headers."""
        if not self._screen.can("copy"):
            return
        state, device = self._screen.state, self._driver.session.device
        if state.typing_code and device is not None:
            self._output.copy("The code", device.user_code)
        elif state.signing_in or state.at_browser:
            self.action_copy_address()
        else:
            self._output.export("headers", None)

    def action_copy_address(self) -> None:
        """Copy the sign-in address; before the browser that means to go there by hand."""
        if self._screen.can("copy_address"):
            self._output.copy("The address", self._address())

    def action_open_browser(self) -> None:
        """Open the browser, also a second time."""
        if not self._screen.can("open_browser"):
            return
        if self._screen.state.at_browser:
            self._driver.proceed()
        else:
            self._screen.run_worker(self._browse(self._address()), group="open")

    async def _browse(self, url: str) -> None:
        app = self._screen.app
        if app.is_web:
            from mcp_auth_tui.protocol.urls import safe_url

            # The browser that shows this screen is the person's; one here would be nobody's.
            app.open_url(safe_url(url))
            app.notify("Your browser was asked to open it; if nothing opens, click the address.")
            return
        opened = await self._driver.browse(url)
        app.notify(opened.how, severity="information" if opened.opened else "warning")

    def action_show_address(self) -> None:
        """Show the sign-in address alone."""
        if not self._screen.can("show_address"):
            return
        from mcp_auth_tui.protocol.urls import safe_url
        from mcp_auth_tui.tui.screens.address import BareScreen

        try:
            url = safe_url(self._address())
        except ValueError as error:
            sentence = f"This address is not shown as one to open: {error}"
            self._screen.notify(sentence, severity="error")
            return
        page = BareScreen(url, self._write, self._screen.keymap.letters)
        self._screen.app.push_screen(page)

    def action_qr_code(self) -> None:
        """Show the sign-in address as a QR code."""
        if self._screen.can("qr_code"):
            from mcp_auth_tui.tui.screens.qr_code import PictureScreen

            page = PictureScreen(self._address(), self._screen.keymap.letters)
            self._screen.app.push_screen(page)

    def action_save_address(self) -> None:
        """Write the sign-in address to a file."""
        if self._screen.can("save_address"):
            from mcp_auth_tui.tui.screens.address_file import FileScreen

            sentence, usual = "Write the sign-in address to this file:", "mcp-sign-in-address.txt"
            self._screen.app.push_screen(FileScreen(sentence, usual), self._save_address)

    def _save_address(self, name: str | None) -> None:
        key = self._screen.keymap.of("save_address")
        if name and not key.why_off(self._screen.state) and (url := self._address()):
            self._output.save(name, f"{url}\n")
