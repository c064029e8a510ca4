"""Knows the log of exchanges and the screen of one exchange; must not act on a run."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.reactive import reactive
from textual.screen import Screen
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from mcp_auth_tui.model import Exchange, Session
from mcp_auth_tui.tui import traffic, views
from mcp_auth_tui.tui.panels import body_widget


class Log(OptionList):
    """Every exchange on one line; the newest is followed until another one is chosen."""

    BINDINGS = [  # noqa: RUF012
        Binding("j", "cursor_down", "Down", show=False),
        Binding("k", "cursor_up", "Up", show=False),
    ]
    session: reactive[Session] = reactive(Session, always_update=True)

    def __init__(self) -> None:
        super().__init__(id="log", markup=False)
        self.border_title = Content("Exchanges")
        self._shown: tuple[Exchange, ...] = ()
        self._width = 0

    def watch_session(self) -> None:
        """Add what is new; a new run begins a new log."""
        self._fill()

    def on_resize(self) -> None:
        """Write the lines anew for the new width."""
        self._fill()

    def _fill(self) -> None:
        width = self.content_region.width - 1  # a scroll bar may come
        exchanges = self.session.exchanges
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
        self.highlighted = (len(exchanges) - 1 if follows else at) if exchanges else None


class ExchangeScreen(Screen[None]):
    """One exchange in full; left and right go to its neighbours."""

    BINDINGS = [  # noqa: RUF012
        Binding("escape,q,x", "dismiss", "Back"),
        Binding("left", "move(-1)", "The one before"),
        Binding("right", "move(1)", "The next one"),
        Binding("j", "scroll(1)", "Down", show=False),
        Binding("k", "scroll(-1)", "Up", show=False),
    ]
    session: reactive[Session] = reactive(Session, always_update=True)
    reveal: reactive[bool] = reactive(False)
    number: reactive[int] = reactive(0)

    def __init__(self, number: int) -> None:
        super().__init__(classes="page")
        self.set_reactive(ExchangeScreen.number, number)
        self._drawn: object = None

    def compose(self) -> ComposeResult:
        """The request and the answer as text, then the body."""
        with VerticalScroll(id="exchange-scroll"):
            yield Static(id="exchange-text", markup=False)
            yield Vertical(id="exchange-body")
        keys = " esc back   ← → the one before, the next   v secrets"
        yield Static(Content.styled(keys, "$text-muted"), classes="hint")

    async def on_mount(self) -> None:
        """Draw it."""
        self.query_one("#exchange-scroll").focus()
        await self._draw()

    async def watch_session(self) -> None:
        """Draw again: a finding about this exchange may have come."""
        await self._draw()

    async def watch_reveal(self) -> None:
        """Draw again with secrets shown or hidden."""
        await self._draw()

    async def watch_number(self) -> None:
        """Draw the other exchange."""
        await self._draw()

    async def on_resize(self) -> None:
        """Fold for the new width."""
        await self._draw()

    async def _draw(self) -> None:
        item = next((e for e in self.session.exchanges if e.number == self.number), None)
        if item is None or not self.is_mounted:
            return
        look = views.Look(max(self.size.width - 6, 20), self.reveal)
        about = tuple(f for f in self.session.findings if f.exchange == item.number)
        drawn = (item, look, about)
        if drawn == self._drawn:
            return
        self._drawn = drawn
        scroll = self.query_one("#exchange-scroll")
        scroll.border_title = traffic.exchange_line(self.session, item, look)
        self.query_one("#exchange-text", Static).update(traffic.exchange(self.session, item, look))
        body = self.query_one("#exchange-body")
        await body.remove_children()
        shown = traffic.body(self.session, item, look)
        if shown:
            await body.mount(body_widget(shown))

    def action_move(self, by: int) -> None:
        """Go to a neighbour."""
        numbers = [item.number for item in self.session.exchanges]
        index = numbers.index(self.number) + by
        if 0 <= index < len(numbers):
            self.query_one("#exchange-scroll").scroll_home(animate=False)
            self.number = numbers[index]

    def action_scroll(self, by: int) -> None:
        """Scroll a line."""
        self.query_one("#exchange-scroll").scroll_relative(y=by, animate=False)
