"""Knows what the keys do that look closer at a run; must not change the run itself."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import aclosing
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mcp_auth_tui.model import Stage
from mcp_auth_tui.tui.main_screen import Frame
from mcp_auth_tui.tui.panels.table import panel_of

if TYPE_CHECKING:
    from mcp_auth_tui.protocol.actions import Protocol
    from mcp_auth_tui.tui.screens.page import Page


class Looking(Frame):
    """The app with its views of the whole, and the ways to take the address elsewhere."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._mine: set[Path] = set()
        """The files that this program has written since it started."""

    def _address(self) -> str:
        """Return the address to sign in at; from now on somebody may come back from it."""
        state, device, ready = self.state, self.session.device, self.session.ready
        if state.typing_code and device is not None:
            return device.complete or device.verification_uri
        if state.at_browser and ready is not None:
            self.take()
            return ready.url
        return self.session.browsed.url if self.session.browsed else ""

    def action_picture(self) -> None:
        """Show the sign-in address as a QR code."""
        if self.can("picture"):
            from mcp_auth_tui.tui.screens.qr_code import PictureScreen

            self.push_screen(PictureScreen(self._address(), self.letters))

    def action_keep_address(self) -> None:
        """Write the sign-in address to a file."""
        if self.can("keep_address"):
            from mcp_auth_tui.tui.screens.address_file import FileScreen

            self.push_screen(FileScreen(), self._keep)

    def _keep(self, name: str | None) -> None:
        url = self._address() if name and not self.keymap.of("keep_address").off(self.state) else ""
        if not name or not url:
            return
        self.save_as(name, f"{url}\n")

    def save_as(self, name: str, made: str, then: Callable[[], None] = lambda: None) -> None:
        """Save a text where the person is and say where; over a file of others only when asked.

        ``then`` is called when it was saved.
        """
        if self.is_web:
            # This machine's disk is not that of the person at the browser.
            self.deliver_text(StringIO(made), save_filename=Path(name).name)
            self.say("Handed to your browser as a download.")
            then()
            return
        from mcp_auth_tui.desktop.output import check_target

        try:
            path = Path(name).expanduser().absolute()
            check_target(path)
            there = path.is_file()
        except (OSError, ValueError, RuntimeError) as error:
            self.say(f"Not saved: {error}", "error")
            return
        if there and path not in self._mine:
            self._replace(path, name, made, then)
        else:
            self._write(path, name, made, then)

    def _replace(self, path: Path, name: str, made: str, then: Callable[[], None]) -> None:
        from mcp_auth_tui.tui.screens.confirm import Confirm

        def answered(yes: bool | None) -> None:
            if yes:
                self._write(path, name, made, then)
            else:
                self.say(f"Not saved: {name} stays as it was.")

        question = f"{name} is there already, and not from this run. Replace what it holds?"
        self.push_screen(Confirm(question, "replace it", "keep it"), answered)

    def _write(self, path: Path, name: str, made: str, then: Callable[[], None]) -> None:
        from mcp_auth_tui.desktop.output import reason, write_file

        try:
            write_file(path, made)
        except (OSError, ValueError) as error:
            self.say(f"Not saved: {reason(error)}", "error")
            return
        self._mine.add(path)
        self.say(f"Saved to {name}; only you can read it (0600).")
        then()

    def action_sequence(self) -> None:
        """Show the run as a ladder between its parties."""
        if self.can("sequence"):
            from mcp_auth_tui.tui.screens.sequence import SequenceScreen

            self.push(SequenceScreen(), self._to_panel, session=Frame.session)

    def action_discovery(self) -> None:
        """Show every place where metadata was looked for."""
        if self.can("discovery"):
            from mcp_auth_tui.tui.screens.discovery import DiscoveryScreen

            self.push(DiscoveryScreen(), session=Frame.session)

    def on_page_opened(self, event: Page.Opened) -> None:
        """Show the exchange that was chosen, above the page."""
        self.open_exchange(event.number)

    def on_discovery_screen_scan(self) -> None:
        """Look at the other places, as the key in the table asks."""
        self.action_scan()

    def action_scan(self) -> None:
        """Ask every place where people put metadata and that the run has not asked."""
        if self.can("scan") and self.config is not None:
            from mcp_auth_tui.protocol.discovery.misplaced import scan
            from mcp_auth_tui.protocol.judge import Judge

            session = self.session
            self.beside(scan(Judge(self.config, Stage.RESOURCE, session.revision), session))

    def action_check_keys(self) -> None:
        """Fetch the issuer's keys and check the signatures of the tokens."""
        session = self.session
        server, token = session.server, session.token
        if self.can("check_keys") and self.config is not None and server and token:
            from mcp_auth_tui.protocol.judge import Judge
            from mcp_auth_tui.protocol.tokens.signatures import check

            judge = Judge(self.config, Stage.TOKEN, session.revision)
            self.show(panel_of(Stage.TOKEN))
            self.beside(check(judge, server, token))

    def beside(self, asked: Protocol[object]) -> None:
        """Do something beside the run, in the background."""
        self.run_worker(self._beside(asked), group="beside", exclusive=True)

    async def _beside(self, asked: Protocol[object]) -> None:
        controller = self._controlled
        async with aclosing(controller.aside(asked)) as events:
            async for event in events:
                if self.controller is not controller:
                    return  # a new run has begun
                self.session = self.session.apply(event)

    def _to_panel(self, panel: int | None) -> None:
        if panel is not None:
            self._follows = False
            self.show(panel)
