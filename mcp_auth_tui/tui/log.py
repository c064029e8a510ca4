"""Knows the log of exchanges, one a line; must not act on a run."""

from __future__ import annotations

from textual.binding import Binding
from textual.content import Content
from textual.reactive import var
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from mcp_auth_tui.model import Exchange, Session
from mcp_auth_tui.tui import traffic, views


class Log(OptionList):
    """Every exchange on one line; the newest is followed until another one is chosen."""

    BINDINGS = [  # noqa: RUF012
        Binding("j", "cursor_down", "Down", show=False),
        Binding("k", "cursor_up", "Up", show=False),
        Binding("F,shift+f", "newest", "Follow the newest", show=False),
    ]
    session: var[Session] = var(Session, always_update=True)

    needle: var[str] = var("")
    """What a line has to hold to be shown, in lower case."""

    def __init__(self) -> None:
        super().__init__(id="log", markup=False)
        self.border_title = Content("Exchanges")
        self._shown: tuple[Exchange, ...] = ()
        self._width = 0

    def watch_session(self) -> None:
        """Add what is new; a new run begins a new log."""
        self._fill()

    def watch_needle(self) -> None:
        """Show what holds it."""
        self._width = 0
        self._fill()

    def on_resize(self) -> None:
        """Write the lines anew for the new width, and keep the chosen one in sight."""
        self._fill()
        self.call_after_refresh(self.scroll_to_highlight)

    def _fill(self) -> None:
        width = self.content_region.width - 1  # a scroll bar may come
        every = self.session.exchanges
        exchanges = tuple(item for item in every if self._holds(item)) if self.needle else every
        if width <= 0 or (width == self._width and exchanges == self._shown):
            return
        look = views.Look(width)
        old = len(self._shown)
        at = self.highlighted
        follows = at is None or at == self.option_count - 1
        if width != self._width or exchanges[:old] != self._shown:
            self.clear_options()
            old = 0
        self.add_options(
            Option(traffic.exchange_line(self.session, item, look), id=str(item.number))
            for item in exchanges[old:]
        )
        self._shown, self._width = exchanges, width
        # Who stands on the newest follows; who chose another one stays there.
        wanted = len(exchanges) - 1 if follows else min(at or 0, len(exchanges) - 1)
        self.highlighted = wanted if exchanges else None
        told = f"  / {self.needle}: {len(exchanges)} of {len(every)}" if self.needle else ""
        title = Content.assemble("Exchanges", views.words(told))
        if title != self.border_title:
            self.border_title = title

    def _holds(self, item: Exchange) -> bool:
        url = traffic.shown_url(self.session, item.request.url)
        told = f"{item.request.method} {url} {item.request.purpose} {traffic.outcome_of(item)[0]}"
        return self.needle in told.lower()

    def point(self, number: int | None) -> None:
        """Stand on the exchange that is spoken of, if the log has it."""
        numbers = [item.number for item in self._shown]
        if number in numbers:
            self.highlighted = numbers.index(number)

    def action_newest(self) -> None:
        """Go to the newest, which is then followed."""
        self.highlighted = self.option_count - 1 if self.option_count else None
