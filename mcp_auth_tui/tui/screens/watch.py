"""Knows the screen that looks at a server again and again; must not know how it is looked at."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import aclosing
from functools import partial
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from mcp_auth_tui.fixes import has_fix
from mcp_auth_tui.inspect.board import UNCHECKED, Board, BoardEntry
from mcp_auth_tui.inspect.rounds import Look, Pause, Round, watch
from mcp_auth_tui.model import Session
from mcp_auth_tui.render.changes import ALTERED, GONE, NEW
from mcp_auth_tui.tui.actions import LETTERS
from mcp_auth_tui.tui.screens.page import Page
from mcp_auth_tui.tui.views import content
from mcp_auth_tui.tui.views import watch as views
from mcp_auth_tui.tui.views.finding import finding_block
from mcp_auth_tui.tui.widgets.hints import BACK, Hint, Hints
from mcp_auth_tui.tui.widgets.lazy import Lazy

_SAID = {
    NEW: "new in this watch",
    ALTERED: "still wrong, with another value than before",
    GONE: "gone: it was looked for and not found again",
    UNCHECKED: "not looked at in the last round, which stopped before it",
}
_WAYS: tuple[Hint, ...] = (
    BACK,
    ("enter", "looks at once", "screen.look"),
    ("{run}", "runs it all", "screen.dismiss('run')"),
)


class WatchScreen(Page["str | None"]):
    """What is open and what is mended, while somebody mends the server beside it.

    It looks as long as it is there; enter looks at once. ``told`` is called with the exit code of
    each round. It hands back ``run`` for whoever wants the whole run then.
    """

    BINDINGS = [  # noqa: RUF012
        Binding("escape,q", "dismiss(None)", "Back"),
        Binding("enter", "look", "Look at once", priority=True),
    ]
    ON_PAGE: ClassVar = {
        "watch": "screen.dismiss(None)",
        "run": "screen.dismiss('run')",
        "fix": "screen.fix",
    }

    def __init__(self, url: str, look: Look, seconds: float, told: Callable[[int], object]) -> None:
        super().__init__()
        self._url = url
        self._look = look
        self._pause = Pause(seconds)
        self._told = told
        self._board = Board()
        self._round: Round | None = None
        self._shown: list[BoardEntry] = []

    def compose(self) -> ComposeResult:
        """How the server stands, what is open and mended, one finding in full, the keys."""
        yield Static(id="watch-state", markup=False)
        yield OptionList(id="watch-list", markup=False)
        with VerticalScroll(id="finding-scroll"):
            yield Static(id="finding-text", markup=False)
        yield Hints(*_WAYS)

    def on_mount(self) -> None:
        """Begin to look; that ends with this screen."""
        self._say()
        self.run_worker(self._watch(), exclusive=True)

    async def _watch(self) -> None:
        async with aclosing(watch(self._look, self._pause)) as rounds:
            async for told in rounds:
                self._round = told
                self._told(told.session.exit)
                self._board.add(told)
                self._say()
                if told.news:
                    self.session = told.session  # draws the list

    def _say(self) -> None:
        state = views.state(self._round, self._pause.seconds)
        width = max(self.size.width - 4, 20)
        head = content.words(f"Watching {self._url}", "bold").truncate(width, ellipsis=True)
        self.query_one("#watch-state", Static).update(
            content.stack((head, state.truncate(width, ellipsis=True)))
        )

    def fill(self, options: OptionList, width: int) -> None:
        """List what is open, then what is mended."""
        self._say()
        shown = [*self._board.open, *self._board.mended]
        options.border_title = views.heading(self._board)
        at = options.highlighted or 0
        standing = self._shown[at].finding if at < len(self._shown) else None
        self._shown = shown
        options.clear_options()
        session = self._session
        options.add_options(Option(Lazy(partial(self._line, session, entry))) for entry in shown)
        # What is mended makes room for what is still open.
        left = self._board.open or shown
        same = (n for n, entry in enumerate(left) if entry.finding == standing)
        options.highlighted = next(same, 0) if shown else None
        if not shown:
            self._tell_none()

    @staticmethod
    def _line(session: Session, entry: BoardEntry, width: int) -> Content:
        return views.line(session, entry)

    @property
    def _session(self) -> Session:
        return self._round.session if self._round is not None else Session()

    def _tell_none(self) -> None:
        told = "Nothing is open." if self._round is not None else "The first look is under way."
        self.query_one("#finding-text", Static).update(content.words(told))

    @on(OptionList.OptionHighlighted)
    def _tell(self, event: OptionList.OptionHighlighted) -> None:
        at = event.option_list.highlighted
        if at is None or at >= len(self._shown):
            return
        letters = getattr(self.app, "letters", LETTERS)
        look = content.Look(max(self.size.width - 6, 20), letters=letters)
        entry = self._shown[at]
        block = finding_block(self._session, entry.finding, look)
        if said := _SAID.get(entry.sign):
            block.insert(0, Content.styled(said, views.SIGNS[entry.sign]))
        self.query_one("#finding-text", Static).update(content.stack(block))
        fix: tuple[Hint, ...] = (("{fix}", "shows the fix", "screen.fix"),)
        self.query_one(Hints).tell(*_WAYS, *(fix if self._fixable(entry) else ()))

    @staticmethod
    def _fixable(entry: BoardEntry) -> bool:
        return entry.sign not in (GONE, UNCHECKED) and has_fix(entry.finding)

    def action_fix(self) -> None:
        """Show what mends the highlighted one."""
        at = self.query_one(OptionList).highlighted
        entry = self._shown[at] if at is not None and at < len(self._shown) else None
        if entry is None or not self._fixable(entry):
            self.notify("No answer of a server has to change for this one.")
            return
        from mcp_auth_tui.tui.screens.fix import FixScreen

        self.app.push_screen(FixScreen(self._session, entry.finding))

    def action_look(self) -> None:
        """Look at once."""
        self._pause.end()
