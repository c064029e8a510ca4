"""Knows the log of exchanges, one a line; must not act on a run."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from textual.binding import Binding
from textual.content import Content
from textual.reactive import var
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from mcp_auth_tui.model import Exchange, Session
from mcp_auth_tui.tui.views import content, request
from mcp_auth_tui.tui.widgets.lazy import Lazy

EARLIER = "earlier-"
"""How the ids of lines begin that are of the run before."""


class Log(OptionList):
    """Every exchange on one line; the newest is followed until another one is chosen."""

    BINDINGS = [  # noqa: RUF012
        Binding("j", "cursor_down", "Down", show=False),
        Binding("k", "cursor_up", "Up", show=False),
        Binding("F,shift+f", "newest", "Follow the newest", show=False),
    ]
    session: var[Session] = var(Session, always_update=True)
    earlier: var[Session | None] = var(None)
    """The run that this one took its first stages over from; its exchanges stand before."""
    needle: var[str] = var("")
    """What a line has to hold to be shown, in lower case."""

    def __init__(self) -> None:
        super().__init__(id="log", markup=False)
        self.border_title = Content("Exchanges")
        self._seen: tuple[Exchange, ...] = ()
        self._shown: list[Exchange] = []
        self._pointed = False
        self._ahead = 0
        """How many lines stand before those of the run."""

    def watch_earlier(self) -> None:
        """Show what was sent before, marked as of the run before."""
        self._begin()
        self._add(self._seen)

    def watch_session(self) -> None:
        """Add what is new; a new run begins a new log."""
        every, old = self.session.exchanges, len(self._seen)
        if every is self._seen:
            return
        if every[:old] != self._seen:
            self._begin()
            old = 0
        self._seen = every
        self._add(every[old:])

    def watch_needle(self) -> None:
        """Show what holds it."""
        self._begin()
        self._add(self._seen)

    def on_resize(self) -> None:
        """Keep the chosen line in sight."""
        self.call_after_refresh(self.scroll_to_highlight, top=self._pointed)

    def _begin(self) -> None:
        self.clear_options()
        self._shown.clear()
        before = self.earlier
        if before is not None and before.exchanges and not self.needle:
            self.add_option(Option(Content.styled(request.BEFORE, content.DIM), disabled=True))
            lines = (
                (Lazy(partial(self._old, before, item)), item.number) for item in before.exchanges
            )
            self.add_options(Option(line, f"{EARLIER}{number}") for line, number in lines)
            self.add_option(Option(Content.styled(request.NOW, content.DIM), disabled=True))
        self._ahead = self.option_count

    def _add(self, exchanges: Sequence[Exchange]) -> None:
        """Add lines for what holds the text that is looked for, and follow the newest."""
        at = self.highlighted
        self._pointed = False
        # Who stands on the newest follows; who chose another one stays there.
        follows = at is None or at == self.option_count - 1
        added = [item for item in exchanges if self._holds(item)] if self.needle else exchanges
        lines = ((Lazy(partial(self._line, item)), str(item.number)) for item in added)
        self.add_options(Option(line, number) for line, number in lines)
        self._shown += added
        if self._shown and follows:
            self.highlighted = self.option_count - 1
        count = f"{len(self._shown)} of {len(self._seen)}"
        suffix = f"  / {self.needle}: {count}, esc shows all" if self.needle else ""
        title = Content.assemble("Exchanges", content.words(suffix))
        if title != self.border_title:
            self.border_title = title

    def _line(self, item: Exchange, _: int) -> Content:
        # As wide with a scroll bar as without one: no line jumps when it comes.
        look = content.Look(self.content_region.width - 1)
        return request.exchange_line(self.session, item, look)

    def _old(self, before: Session, item: Exchange, _: int) -> Content:
        look = content.Look(self.content_region.width - 1)
        return Content.styled(request.exchange_line(before, item, look).plain, content.DIM)

    def _holds(self, item: Exchange) -> bool:
        url = self.session.redactor().url(item.request.url)
        line = f"{item.request.method} {url} {item.request.purpose} {request.outcome_of(item)[0]}"
        return self.needle in line.lower()

    def point(self, number: int | None) -> None:
        """Stand on the exchange that is spoken of, if the log has it."""
        numbers = [item.number for item in self._shown]
        if number in numbers:
            self.highlighted = self._ahead + numbers.index(number)
            # At the top if it can be, not where it happens to stand in a log that shrinks.
            self._pointed = True
            self.call_after_refresh(self.scroll_to_highlight, top=True)

    def action_newest(self) -> None:
        """Go to the newest, which is then followed."""
        self.highlighted = self.option_count - 1 if self.option_count else None
