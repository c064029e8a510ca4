"""Knows the screen that lists every finding of a session; must not know where one is opened."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.content import Content
from textual.reactive import reactive, var
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from mcp_auth_tui.fixes import has_fix
from mcp_auth_tui.model import Finding, Session
from mcp_auth_tui.protocol.quirks import known_way
from mcp_auth_tui.records import dataclass
from mcp_auth_tui.render.changes import ALTERED, GONE, NEW, since
from mcp_auth_tui.tui.actions import LETTERS
from mcp_auth_tui.tui.reasons import RECORDED
from mcp_auth_tui.tui.screens.page import Page
from mcp_auth_tui.tui.views import content
from mcp_auth_tui.tui.views.finding import finding_block, finding_line, worst_first
from mcp_auth_tui.tui.widgets.hints import BACK, Hint, Hints
from mcp_auth_tui.tui.widgets.lazy import Lazy

if TYPE_CHECKING:
    from mcp_auth_tui.model.changes import Changes
    from mcp_auth_tui.protocol.quirks.advice import KnownWay
    from mcp_auth_tui.run.before import Before


_GONE = "It is gone: this is what the run before had found."


@dataclass(frozen=True, slots=True)
class FindingRow:
    """A finding as it is listed."""

    finding: Finding
    sign: str = ""
    """One of `render.changes`, a blank, or nothing where there is no run before."""
    session: Session | None = None
    """The run before, where it is of that one."""


class FindingsScreen(Page["Finding | KnownWay | None"]):
    """Every finding, the worst first; the highlighted one is told in full below.

    After a run before this one each has a sign for what is new, and what is gone stands at the end.
    It hands back the finding to go to, or the way through to run again with (not of a recording).
    """

    BINDINGS = [Binding("escape,q", "dismiss(None)", "Back")]  # noqa: RUF012
    ON_PAGE: ClassVar = {
        "findings": "screen.dismiss(None)",
        "way_through": "screen.take_way",
        "fix": "screen.fix",
    }
    busy: reactive[bool] = reactive(False)
    before: var[Before | None] = var(None)
    changes: var[Changes | None] = var(None)

    def __init__(self, recorded: bool = False) -> None:
        super().__init__()
        self._entries: list[FindingRow] = []
        self._recorded = recorded

    def compose(self) -> ComposeResult:
        """The list above, the finding below."""
        yield OptionList(id="findings-list", markup=False)
        with VerticalScroll(id="finding-scroll"):
            yield Static(id="finding-text", markup=False)
        yield Hints(BACK)

    def on_mount(self) -> None:
        """Give the list its title."""
        self.query_one(OptionList).border_title = "Findings"

    @staticmethod
    def line(session: Session, item: Finding, width: int) -> Content:
        """Return what stands for a finding in the list."""
        return finding_line(session, item)

    def listed(self) -> list[Finding]:
        """Return the findings to list, in order."""
        return worst_first(self.session)

    def _listed(self) -> list[FindingRow]:
        """Return what is listed, with its sign, and at the end what is gone."""
        before, changes, items = self.before, self.changes, self.listed()
        if before is None or changes is None:
            return [FindingRow(item) for item in items]
        signs = dict.fromkeys(changes.new, NEW)
        signs |= {now: ALTERED for _, now in changes.altered}
        return [
            *(FindingRow(item, signs.get(item, " ")) for item in items),
            *(FindingRow(item, GONE, before.session) for item in changes.mended),
        ]

    def fill(self, options: OptionList, width: int) -> None:
        """List what is new."""
        entries = self._listed()
        if self.before is not None and self.changes is not None:
            told = since(self.changes, self.before.session.started)
            options.border_title = content.words(f"Findings, {told}")
        if entries == self._entries:
            return
        self._entries = entries
        at = options.highlighted or 0
        options.clear_options()
        options.add_options(Option(Lazy(partial(self._line, item))) for item in entries)
        options.highlighted = min(at, len(entries) - 1) if entries else None

    def _line(self, entry: FindingRow, width: int) -> Content:
        line = self.line(entry.session or self.session, entry.finding, width)
        if not entry.sign:
            return line
        gone = entry.sign == GONE
        sign = (f"{entry.sign} ", "$text-success" if gone else "bold $text-warning")
        return Content.assemble(sign, Content.styled(line.plain, content.DIM) if gone else line)

    @on(OptionList.OptionHighlighted)
    def _tell(self, event: OptionList.OptionHighlighted) -> None:
        look = content.Look(
            max(self.size.width - 6, 20), letters=getattr(self.app, "letters", LETTERS)
        )
        # The list may be another since it said so: a run goes on below this screen.
        at = event.option_list.highlighted
        if at is None:
            return
        entry = self._entries[at]
        item = entry.finding
        block = finding_block(entry.session or self.session, item, look)
        self.query_one("#finding-text", Static).update(content.stack(block))
        if entry.session is not None:
            self.query_one(Hints).tell(BACK, ("", "gone since the run before", ""))
            return
        goes = "opens the exchange it is about" if item.exchange else "goes to its panel"
        hints: list[Hint] = [BACK, ("enter", goes, "screen.open")]
        if has_fix(item):
            hints.append(("{fix}", "shows the fix", "screen.fix"))
        if not self._why_no_way(item):
            hints.append(("{way_through}", "runs again with the way through", "screen.take_way"))
        self.query_one(Hints).tell(*hints)

    def _way(self, item: Finding) -> KnownWay | None:
        way = known_way(self.session, item)
        return way if way is not None and way.options else None

    def _why_no_way(self, item: Finding) -> str:
        if self._recorded:
            return RECORDED
        if self._way(item) is None:
            return "No option is known that is the way through this finding."
        return "It runs: esc on its screen cancels it." if self.busy else ""

    def action_take_way(self) -> None:
        """Run again with what gets through the highlighted one."""
        at = self.query_one(OptionList).highlighted
        if at is None:
            return
        entry = self._entries[at]
        if entry.session is not None:
            self.notify(_GONE)
        elif why := self._why_no_way(entry.finding):
            self.notify(why)
        else:
            self.dismiss(self._way(entry.finding))

    def action_fix(self) -> None:
        """Show what mends the highlighted one."""
        at = self.query_one(OptionList).highlighted
        if at is None:
            return
        entry = self._entries[at]
        item = entry.finding
        if entry.session is not None:
            self.notify(_GONE)
            return
        if not has_fix(item):
            self.notify("No answer of a server has to change for this one.")
            return
        from mcp_auth_tui.tui.screens.fix import FixScreen

        self.app.push_screen(FixScreen(self.session, item))

    @on(OptionList.OptionSelected)
    def _open(self, event: OptionList.OptionSelected) -> None:
        at = event.option_list.highlighted
        if at is None:
            return
        if self._entries[at].session is not None:
            self.notify(_GONE)
        else:
            self.dismiss(self._entries[at].finding)

    def action_open(self) -> None:
        """Go to where the highlighted one is told."""
        self.query_one(OptionList).action_select()
