"""Knows the screen of the discovery table; must not know where documents belong nor ask for any."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from mcp_auth_tui.text import units
from mcp_auth_tui.tui.screens.page import Page
from mcp_auth_tui.tui.views import content, discovery
from mcp_auth_tui.tui.widgets.hints import BACK, Hints


class DiscoveryScreen(Page[None]):
    """Every place tried, in order, the highlighted one in full below; s looks at more of them."""

    BINDINGS = [  # noqa: RUF012
        Binding("escape,q", "dismiss(None)", "Back"),
        Binding("s", "scan", "Look elsewhere"),
    ]
    ON_PAGE: ClassVar = {"discovery": "screen.dismiss(None)", "look_elsewhere": "screen.scan"}

    def __init__(self, scan: Callable[[], None]) -> None:
        """Take what looks at the other places."""
        super().__init__()
        self._scan = scan
        self._rows: tuple[discovery.PlaceRow, ...] = ()
        self._drawn: object = None

    def compose(self) -> ComposeResult:
        """The table, one place in full, what else could be looked at."""
        yield OptionList(id="places", markup=False)
        with VerticalScroll(id="place-scroll", can_focus=False):
            yield Static(id="place-text", markup=False)
        yield Static(id="places-more", markup=False)
        yield Hints(
            ("enter", "opens the exchange", "focused.select"),
            ("s", "looks elsewhere", "screen.scan"),
            BACK,
        )

    def fill(self, options: OptionList, width: int) -> None:
        """Draw the table and the invitation to look further."""
        self._invite(width)
        rows = discovery.table(self.session)
        if (rows, width) == self._drawn:
            return
        self._drawn, self._rows = (rows, width), rows
        at = options.highlighted
        options.clear_options()
        group = ""
        for index, row in enumerate(rows):
            if row.group != group:
                group = row.group
                options.add_option(Option(content.heading(group), disabled=True))
            options.add_option(Option(discovery.draw(row, width), id=str(index)))
        if rows:
            options.highlighted = min(at or 1, options.option_count - 1)

    def _invite(self, width: int) -> None:
        from mcp_auth_tui.protocol.discovery.misplaced import unseen

        more = unseen(self.session) if self.session.url else ()
        hosts = dict.fromkeys(units.host_of(place.url) for place in more)
        invitation = discovery.invitation(self.session, hosts, len(more), width)
        self.query_one("#places-more", Static).update(invitation)

    @on(OptionList.OptionHighlighted, "#places")
    def _tell(self, event: OptionList.OptionHighlighted) -> None:
        if event.option_id is None:
            return
        look = content.Look(max(self.size.width - 6, 20))
        row = self._rows[int(event.option_id)]
        detail = discovery.place_detail(self.session, row, look)
        self.query_one("#place-text", Static).update(detail)
        self.query_one("#place-scroll").scroll_home(animate=False)

    @on(OptionList.OptionSelected, "#places")
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        row = self._rows[int(event.option_id or 0)]
        if row.exchange is None:
            self.app.bell()
        else:
            self.post_message(self.Opened(row.exchange))

    def action_scan(self) -> None:
        """Look at the other places."""
        self._scan()
