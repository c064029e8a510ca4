"""Knows the panels and the detail; must not act on a run."""

from __future__ import annotations

from collections.abc import Mapping

from textual import events
from textual.app import ComposeResult
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.css.query import NoMatches
from textual.message import Message
from textual.reactive import var
from textual.style import Style
from textual.widget import Widget
from textual.widgets import Input, Static

from mcp_auth_tui.model import Finding, Session, Stage
from mcp_auth_tui.records import dataclass
from mcp_auth_tui.tui import actions
from mcp_auth_tui.tui.panels import detail
from mcp_auth_tui.tui.panels.status import findings_line, panel_facts, panel_status, status_line
from mcp_auth_tui.tui.panels.table import PANELS, PanelRow
from mcp_auth_tui.tui.state import KeepAlive, ScreenState
from mcp_auth_tui.tui.views import content
from mcp_auth_tui.tui.widgets.bars import SessionWidget

HIGHLIGHT_LIMIT = 20_000
"""Characters; longer documents go to a text area, which shows them without a pause."""


class Panel(SessionWidget, can_focus=True):
    """One of the five panels: name, status and key facts; findings are counted in its border."""

    BINDINGS = [  # noqa: RUF012
        ("down,j,right", "screen.next_panel(1)", "Next panel"),
        ("up,k,left", "screen.next_panel(-1)", "Previous panel"),
        ("enter", "screen.detail", "Detail"),
    ]
    panel: var[int] = var(0)
    now: var[float] = var(0.0)
    kept: var[Session | None] = var(None)

    @dataclass
    class Chosen(Message):
        """A panel got the focus."""

        index: int

    def __init__(self, index: int, letters: Mapping[str, str] = actions.LETTERS) -> None:
        super().__init__(id=f"panel-{index}", classes="panel")
        self._letters = letters
        self.index = index
        self._row = PANELS[index]
        # For the first frame, which is drawn before the width is known.
        self._titled = self.border_title = self._called()
        self._found: tuple[Finding, ...] = ()
        self._counted = Content()

    def draw(self) -> Content:
        """Return the facts that fit; without a border, one line with name and status."""
        look = content.Look(self.size.width, False, self.now, letters=self._letters, kept=self.kept)
        if not self.styles.border_top[0]:
            glyph, style = content.STATUS[panel_status(self.session, self._row)]
            mark = Content.assemble(f"{self.index + 1}", (glyph, style), f" {self._row.title}")
            return mark.truncate(max(self.size.width - 1, 1), ellipsis=True)
        facts = panel_facts(self.session, self._row, look)[: max(self.size.height, 1)]
        width = max(self.size.width, 1)
        return content.stack(fact.truncate(width, ellipsis=True) for fact in facts)

    def _called(self) -> Content:
        return Content.styled(self._row.heading, "bold")

    def title(self) -> None:
        """Write name and status into the upper border, the one left, the other right."""
        if not self.outer_size.width:
            return
        name = self._called()
        room = self.outer_size.width - 8 - name.cell_length
        look = content.Look(max(room, 0), False, self.now)
        status = status_line(self.session, self._row, look)
        room -= status.cell_length
        edge = Style(foreground=self.styles.border_top[1])
        fill = Content.styled("─" * max(room, 0), edge)
        titled = Content.assemble(name, " ", fill, " ", status)
        if not titled.is_same(self._titled):
            self._titled = self.border_title = titled

    def watch_session(self) -> None:
        """Follow the session."""
        self.title()
        super().watch_session()
        found = self.session.findings
        if found is not self._found:
            self._found = found
            # Below, where a status of any length leaves them their room.
            counted = findings_line(self.session, self._row) or Content()
            if not counted.is_same(self._counted):
                self._counted = self.border_subtitle = counted

    on_resize = title
    watch_now = watch_kept = watch_session

    def watch_panel(self, panel: int) -> None:
        """Mark the panel whose detail is shown."""
        if self.has_class("-shown") != (panel == self.index):
            self.set_class(panel == self.index, "-shown")
            self.call_after_refresh(self.title)

    def on_focus(self) -> None:
        """Show this panel's detail."""
        self.call_after_refresh(self.title)
        self.post_message(self.Chosen(self.index))

    def on_blur(self) -> None:
        """Draw the border in its other colour."""
        self.call_after_refresh(self.title)


_MOST = 16_384
"""Characters; a field with a million of them stands still for seconds."""


class PasteInput(Input):
    """The field for the address that the browser ended on; a paste of several lines is joined."""

    def _on_paste(self, event: events.Paste) -> None:
        event.prevent_default()
        event.stop()
        self.insert_pasted(event.text)

    def insert_pasted(self, pasted: str) -> None:
        """Put a pasted text in, joined to one line; of one that is no address, the beginning."""
        if len(pasted) > _MOST:
            self.notify(
                f"{len(pasted):,} characters were pasted, and no address has as many: only the "
                f"first {_MOST:,} were taken.",
                severity="warning",
            )
        joined = "".join(line.strip() for line in pasted[:_MOST].splitlines())
        self.replace(joined, *self.selection)


class DetailScroll(VerticalScroll, can_focus=True):
    """The scrolling part of the detail."""

    BINDINGS = [  # noqa: RUF012
        ("j", "scroll_down", "Down"),
        ("k", "scroll_up", "Up"),
        ("enter", "app.key('sign_in')", "Open the browser"),
    ]


class Detail(Vertical):
    """The detail of the shown panel, and the paste field while the browser is waited for."""

    session: var[Session] = var(Session, always_update=True)
    panel: var[int] = var(0)
    reveal: var[bool] = var(False)
    busy: var[bool] = var(False)
    now: var[float] = var(0.0)
    marks: var[tuple[str, ...]] = var(())
    recorded: var[tuple[str, ...]] = var(())
    alive: var[KeepAlive] = var(KeepAlive())
    kept: var[Session | None] = var(None)
    step: var[int] = var(0)
    """The exchange that is looked at in place of the panel; 0 for none."""

    def __init__(self, letters: Mapping[str, str] = actions.LETTERS) -> None:
        super().__init__(id="detail")
        self._letters = letters
        self._page = detail.DetailPage(Content())
        self._titled = Content()
        self._due = False

    def compose(self) -> ComposeResult:
        """One text; the rest comes with `furnish`."""
        with DetailScroll(id="detail-scroll"):
            yield Static(id="detail-text", markup=False)

    async def furnish(self) -> None:
        """Put the documents below the text, and the paste field at the foot."""
        await self.query_one(DetailScroll).mount(Vertical(id="documents"))
        placeholder = "paste the address your browser ended on, then enter"
        await self.mount(
            Static(id="paste-wrong", classes="wrong", markup=False),
            PasteInput(id="paste", placeholder=placeholder),
        )

    def watch_panel(self) -> None:
        """Show the other panel from its top."""
        if self.is_mounted:
            self.query_one(DetailScroll).scroll_home(animate=False)
        self._soon()

    def _soon(self) -> None:
        if not self._due:
            self._due = True
            self.call_later(self._rebuild)

    watch_step = watch_panel

    on_resize = watch_session = watch_reveal = watch_now = watch_recorded = _soon
    watch_kept = watch_alive = _soon

    async def _rebuild(self) -> None:
        """Draw once for however many changes came since the last time."""
        self._due = False
        try:
            shown = self.query_one("#detail-text", Static)
        except NoMatches:
            return
        panel = PANELS[self.panel]
        self._ask_for_paste(panel)
        if not self.content_region.width:
            return  # not laid out yet; the resize comes here again
        # Room for padding and scroll bar, whether there is one now or not.
        width = max(self.content_region.width - 3, 20)
        height = self.content_region.height
        look = content.Look(
            width,
            self.reveal,
            self.now,
            height,
            self._letters,
            self.marks,
            bool(self.recorded),
            self.alive.on,
            self.alive.problem,
            self.kept,
        )
        if self.step:
            page, title = detail.step(self.session, self.step, look)
        else:
            page = detail.page(self.session, panel, look, self._page)
            title = detail.title(self.session, panel, look)
        if not title.is_same(self._titled):
            self._titled = self.border_title = title
        if not page.content.is_same(self._page.content):
            shown.update(page.content)
        if page.documents != self._page.documents:
            documents = self.query_one("#documents")
            await documents.remove_children()
            await documents.mount_all(
                part for document in page.documents for part in document_widgets(document)
            )
        self._page = page

    def _ask_for_paste(self, panel: PanelRow) -> None:
        """Show the field while the browser is waited for, and what was wrong with a paste."""
        state, slip = ScreenState(self.session, self.busy), self.session.slip
        asks = state.awaits_callback and Stage.AUTHORIZE in panel.stages
        for field in self.query(PasteInput):
            field.display = asks
        for wrong in self.query("#paste-wrong").results(Static):
            wrong.display = asks and slip is not None
            if slip is not None:
                glyph, style = content.LEVEL[slip.level]
                wrong.update(Content.assemble((f"{glyph} {slip.message} ", style), slip.next))


def document_widgets(document: detail.Document) -> list[Widget]:
    """Return the title and the body of a document: highlighted when small, else a text area."""
    title = Static(Content.styled(document.title, "bold underline"), classes="document-title")
    return [title, body_widget(document.body)]


def body_widget(body: str) -> Widget:
    """Return the widget for a harmless body: highlighted JSON, plain text, or a long text."""
    if len(body) > HIGHLIGHT_LIMIT:
        from mcp_auth_tui.tui.widgets.long_text import LongText

        return LongText(body)
    if body.lstrip()[:1] in ("{", "["):
        from mcp_auth_tui.tui.views.json_text import highlighted

        return Static(highlighted(body), classes="document", markup=False)
    return Static(Content(body), classes="document", markup=False)
