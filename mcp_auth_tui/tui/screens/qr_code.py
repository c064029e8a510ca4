"""Knows the screen that shows the sign-in address as a QR code; must not know how one is made."""

from __future__ import annotations

from collections.abc import Mapping

from textual.app import ComposeResult
from textual.binding import Binding
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from mcp_auth_tui.desktop import qr
from mcp_auth_tui.tui.actions import LETTERS
from mcp_auth_tui.tui.views import content

_BIG = 400
"""More cells than any code of a sign-in address takes."""


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
        hint = content.fold(
            "Sign in on the phone. The page it ends on cannot load there: bring its address here "
            f"and paste it ({self._letters['paste']}). esc or a click goes back",
            width,
        )
        code = qr.lines(self._url, width, height - len(hint))
        picture = Content.styled("\n".join(code), "#ffffff on #000000") if code else self._no_room()
        self.query_one("#picture", Static).update(picture)
        self.query_one("#picture-told", Static).update(Content("\n".join(hint)))

    def on_click(self) -> None:
        """Go back."""
        self.dismiss(None)

    def _no_room(self) -> Content:
        whole = qr.lines(self._url, _BIG, _BIG)
        needs = f"{len(whole[0])}×{len(whole) + 2} cells" if whole else "more than any screen has"
        text = (
            f"The QR code of this address needs {needs}; this terminal has "
            f"{self.size.width}×{self.size.height}. Make the letters smaller or the window larger, "
            f"or take the address along another way: {self._letters['copy']} copies it, "
            f"{self._letters['save_address']} writes it to a file."
        )
        return content.stack(Content(line) for line in content.fold(text, self.size.width))
