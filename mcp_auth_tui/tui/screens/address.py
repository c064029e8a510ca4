"""Knows the screens that take the sign-in address elsewhere: alone, as a picture, into a file."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from mcp_auth_tui.desktop import qr
from mcp_auth_tui.tui.actions import LETTERS
from mcp_auth_tui.tui.terminal import filter as terminal
from mcp_auth_tui.tui.views import content
from mcp_auth_tui.tui.widgets.hints import BACK, Hints

_BIG = 400
"""More cells than any code of a sign-in address takes."""
DEFAULT_FILE = "mcp-sign-in-address.txt"


class PictureScreen(ModalScreen[None]):
    """The address as a QR code when it fits, else how much room it needs."""

    BINDINGS = [Binding("escape,b,q,enter,space", "dismiss(None)", "Back")]  # noqa: RUF012

    def __init__(self, url: str, letters: Mapping[str, str] = LETTERS) -> None:
        super().__init__(classes="bare")
        self._url = url
        self._letters = letters

    def compose(self) -> ComposeResult:
        """The code, and what follows from signing in on another device."""
        yield Static(id="picture", markup=False)
        yield Static(id="picture-told", classes="hint", markup=False)

    def on_resize(self) -> None:
        """Draw for the room there is."""
        width, height = self.size
        told = content.fold(
            "Sign in on the phone. The page it ends on cannot load there: bring its address here "
            f"and paste it ({self._letters['paste']}). esc or a click goes back",
            width,
        )
        code = qr.lines(self._url, width, height - len(told))
        shown = Content.styled("\n".join(code), "#ffffff on #000000") if code else self._no_room()
        self.query_one("#picture", Static).update(shown)
        self.query_one("#picture-told", Static).update(Content("\n".join(told)))

    def on_click(self) -> None:
        """Go back."""
        self.dismiss(None)

    def _no_room(self) -> Content:
        whole = qr.lines(self._url, _BIG, _BIG)
        needs = f"{len(whole[0])}×{len(whole) + 2} cells" if whole else "more than any screen has"
        said = (
            f"The QR code of this address needs {needs}; this terminal has "
            f"{self.size.width}×{self.size.height}. Make the letters smaller or the window larger, "
            f"or take the address along another way: {self._letters['copy']} copies it, "
            f"{self._letters['save_address']} writes it to a file."
        )
        return content.stack(Content(line) for line in content.fold(said, self.size.width))


class FileScreen(ModalScreen[str | None]):
    """Asks for the name of the file that the address goes to."""

    BINDINGS = [Binding("escape", "dismiss(None)", "Back")]  # noqa: RUF012

    def __init__(self) -> None:
        super().__init__(classes="dialog")

    def compose(self) -> ComposeResult:
        """The name, and what becomes of it."""
        with Vertical(classes="box"):
            yield Static("Write the sign-in address to this file:")
            yield Input(DEFAULT_FILE, id="address-file", select_on_focus=False)
            yield Hints(("enter", "writes it (0600, you alone)", "focused.submit"), BACK)

    @on(Input.Submitted)
    def _named(self, event: Input.Submitted) -> None:
        # Enter may overtake keys that the field has not taken yet: read it after them.
        event.input.call_later(self._go, event.input)

    def _go(self, field: Input) -> None:
        if field.value.strip():
            self.dismiss(field.value.strip())


class BareScreen(ModalScreen[None]):
    """The sign-in address alone, without anything that would be selected with it."""

    BINDINGS = [Binding("escape,u,q,enter,space", "dismiss", "Back")]  # noqa: RUF012

    def __init__(
        self,
        url: str,
        write: Callable[[str], None] | None,
        letters: Mapping[str, str] = LETTERS,
    ) -> None:
        super().__init__(classes="bare")
        self._url = url
        self._write = write
        self._letters = letters

    def compose(self) -> ComposeResult:
        """The address from the first cell on, and a hint far below."""
        yield Static(id="bare-url", markup=False)
        yield Static(id="bare-told", classes="hint", markup=False)

    def on_resize(self) -> None:
        """Let the terminal write the address once the screen is drawn, if all of it has room."""
        width, height = self.size
        told = content.fold("esc goes back; the mouse selects as your terminal does it", width)
        fits = len(self._url) <= width * (height - len(told))
        if fits:
            self.call_after_refresh(self._bare)
        self.query_one("#bare-url", Static).update(Content(self._url) if fits else self._no_room())
        self.query_one("#bare-told", Static).update(Content("\n".join(told)))

    def _no_room(self) -> Content:
        # To show a part of it would be worse: it looks like a whole address.
        said = (
            f"This address has {len(self._url):,} characters, which this terminal of "
            f"{self.size.width}×{self.size.height} cells cannot show at once. Make the letters "
            f"smaller or the window larger, or take it along another way: {self._letters['copy']} "
            f"copies it whole, {self._letters['save_address']} writes it to a file."
        )
        return content.stack(Content(line) for line in content.fold(said, self.size.width))

    def _bare(self) -> None:
        if self._write is not None:
            links = terminal.takes_links(os.environ)
            terminal.show_bare(self._write, self._url, links=links)

    def on_unmount(self) -> None:
        """Take the mouse back."""
        if self._write is not None:
            terminal.end_bare(self._write)
