"""Knows the screen that shows what mends a finding; must not know how that is found."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.message import Message
from textual.screen import Screen
from textual.widgets import Static

from mcp_auth_tui.model import Finding, Session
from mcp_auth_tui.records import dataclass
from mcp_auth_tui.render.fix import FixText, fix_text, to_person
from mcp_auth_tui.tui.reasons import NO_FIX
from mcp_auth_tui.tui.views import content
from mcp_auth_tui.tui.views.fix import fix_page, fixable
from mcp_auth_tui.tui.widgets.hints import BACK, Hint, Hints

_NO_COPY = "There is nothing to copy: something only has to be left out."


class FixScreen(Screen[None]):
    """What mends a finding; left and right go to the others that have a fix."""

    BINDINGS = [  # noqa: RUF012
        Binding("escape,q", "dismiss(None)", "Back"),
        Binding("left", "move(-1)", "The one before"),
        Binding("right", "move(1)", "The next one"),
        Binding("j", "scroll(1)", "Down", show=False),
        Binding("k", "scroll(-1)", "Up", show=False),
    ]
    ON_PAGE: ClassVar = {"fix": "screen.dismiss(None)", "copy": "screen.copy"}

    @dataclass
    class Taken(Message):
        """The person wants a text on the clipboard."""

        what: str
        value: str

    def __init__(self, session: Session, finding: Finding) -> None:
        super().__init__(classes="page")
        self._session = session
        self._findings = fixable(session)
        if finding not in self._findings:
            self._findings.insert(0, finding)
        self._at = self._findings.index(finding)
        self._copied = 0

    def compose(self) -> ComposeResult:
        """One scrolling text."""
        with VerticalScroll(id="fix-scroll"):
            yield Static(id="fix-text", markup=False)
        yield Hints(BACK)

    def on_resize(self) -> None:
        """Fold for the width."""
        self.query_one("#fix-scroll").focus()
        self._draw()

    @property
    def _fix(self) -> FixText:
        door = to_person(self._session.redactor())
        fix = fix_text(self._session, self._findings[self._at], door)
        return FixText((), (), NO_FIX) if fix is None else fix

    def _draw(self) -> None:
        finding, fix = self._findings[self._at], self._fix
        look = content.Look(max(self.size.width - 6, 20))
        page = fix_page(self._session, finding, fix, look)
        self.query_one("#fix-text", Static).update(content.stack(page))
        scroll = self.query_one("#fix-scroll")
        count = len(self._findings)
        scroll.border_title = f"Fix {self._at + 1} of {count}" if count > 1 else "Fix"
        hints: list[Hint] = [BACK]
        if parts := [part for part in fix.parts if part.copy]:
            also = f", again: the other {len(parts) - 1}" if len(parts) > 1 else ""
            what = parts[0].what[0].lower() + parts[0].what[1:]
            hints.append(("{copy}", f"copies {what}{also}", "screen.copy"))
        if count > 1:
            hints += [("←", "", "screen.move(-1)"), ("→", "others", "screen.move(1)")]
        self.query_one(Hints).tell(*hints)

    def action_move(self, by: int) -> None:
        """Go to the fix of another finding."""
        self._at = (self._at + by) % len(self._findings)
        self._copied = 0
        self._draw()
        self.query_one("#fix-scroll").scroll_home(animate=False)

    def action_scroll(self, by: int) -> None:
        """Go up or down."""
        self.query_one("#fix-scroll").scroll_relative(y=by, animate=False)

    def action_copy(self) -> None:
        """Copy the part as it should be; pressed again, the next one."""
        parts = [part for part in self._fix.parts if part.copy]
        if not parts:
            self.notify(_NO_COPY if self._fix.parts else self._fix.why)
            return
        number = self._copied % len(parts)
        self._copied = number + 1
        which = f" ({number + 1} of {len(parts)})" if len(parts) > 1 else ""
        self.post_message(self.Taken(f"{parts[number].what}{which}", parts[number].copy))
