"""Knows the screen of the discovery table; must not know where documents belong nor ask for any."""

from __future__ import annotations

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.screen import Screen
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from mcp_auth_tui import text
from mcp_auth_tui.model import Session
from mcp_auth_tui.tui import discovery, views


class DiscoveryScreen(Screen[None]):
    """Every place tried, in order, the highlighted one in full below; s looks at more of them."""

    BINDINGS = [  # noqa: RUF012
        Binding("escape,q,d", "dismiss(None)", "Back"),
        Binding("s", "scan", "Look elsewhere"),
        Binding("j", "move(1)", "Down", show=False),
        Binding("k", "move(-1)", "Up", show=False),
    ]
    session: reactive[Session] = reactive(Session, always_update=True)

    class Opened(Message):
        """An exchange was chosen."""

        def __init__(self, number: int) -> None:
            super().__init__()
            self.number = number

    class Scan(Message):
        """The person wants to look at the other places."""

    def __init__(self) -> None:
        super().__init__(classes="page")
        self._rows: tuple[discovery.Row, ...] = ()
        self._drawn: object = None
        self._due = False

    def compose(self) -> ComposeResult:
        """The table, one place in full, what else could be looked at."""
        yield OptionList(id="places", markup=False)
        with VerticalScroll(id="place-scroll", can_focus=False):
            yield Static(id="place-text", markup=False)
        yield Static(id="places-more", markup=False)
        told = " enter opens the exchange   s looks elsewhere   esc back"
        yield Static(Content.styled(told, "$text-muted"), classes="hint")

    def on_mount(self) -> None:
        """Stand in the table."""
        self.query_one("#places").focus()

    def watch_session(self) -> None:
        """Draw once for however many events came since the last time."""
        if not self._due:
            self._due = True
            self.call_after_refresh(self._fill)

    def on_resize(self) -> None:
        """Draw for the new width."""
        self.watch_session()

    def _fill(self) -> None:
        self._due = False
        if not self.is_mounted:
            return
        shown = self.query_one("#places", OptionList)
        width = shown.content_region.width - 1  # a scroll bar may come
        if width <= 0:
            return
        self._invite(width)
        rows = discovery.table(self.session)
        if (rows, width) == self._drawn:
            return
        self._drawn, self._rows = (rows, width), rows
        at = shown.highlighted
        shown.clear_options()
        group = ""
        for index, row in enumerate(rows):
            if row.group != group:
                group = row.group
                shown.add_option(Option(views.heading(group), disabled=True))
            shown.add_option(Option(discovery.draw(row, width), id=str(index)))
        if rows:
            shown.highlighted = min(at or 1, shown.option_count - 1)

    def _invite(self, width: int) -> None:
        from mcp_auth_tui.protocol.locations import unseen

        more = unseen(self.session) if self.session.url else ()
        hosts = dict.fromkeys(text.host_of(place.url) for place in more)
        told = discovery.invitation(self.session, hosts, len(more), width)
        self.query_one("#places-more", Static).update(told)

    @on(OptionList.OptionHighlighted, "#places")
    def _tell(self, event: OptionList.OptionHighlighted) -> None:
        if event.option_id is None:
            return
        look = views.Look(max(self.size.width - 6, 20))
        row = self._rows[int(event.option_id)]
        closer = discovery.closer(self.session, row, look)
        self.query_one("#place-text", Static).update(closer)
        self.query_one("#place-scroll").scroll_home(animate=False)

    @on(OptionList.OptionSelected, "#places")
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        row = self._rows[int(event.option_id or 0)]
        if row.exchange is None:
            self.app.bell()
        else:
            self.post_message(self.Opened(row.exchange))

    def action_scan(self) -> None:
        """Ask the app to look at the other places."""
        self.post_message(self.Scan())

    def action_move(self, by: int) -> None:
        """Go up or down."""
        shown = self.query_one(OptionList)
        shown.action_cursor_down() if by > 0 else shown.action_cursor_up()
