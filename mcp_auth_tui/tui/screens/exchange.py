"""Knows the screen of one exchange: request and answer, folds, filter, copies; sends nothing."""

from __future__ import annotations

import asyncio
from typing import Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.message import Message
from textual.reactive import var
from textual.screen import Screen
from textual.style import Style
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from mcp_auth_tui.model import Exchange, Finding, Session
from mcp_auth_tui.records import dataclass
from mcp_auth_tui.tui.actions import LETTERS
from mcp_auth_tui.tui.views import content, evidence, folding, request
from mcp_auth_tui.tui.views import exchange as dissect
from mcp_auth_tui.tui.views.exchange import Line
from mcp_auth_tui.tui.widgets.hints import Hints

_NAMES = ("Request", "Answer")
_WIDE = 110
_BEFORE = 3
_KEYS = (
    ("esc", "back", "screen.leave"),
    ("←", "", "screen.move(-1)"),
    ("→", "others", "screen.move(1)"),
    ("tab", "side", "screen.side"),
    ("enter", "fold", "focused.select"),
    ("-", "", "screen.fold(True)"),
    ("+", "all", "screen.fold(False)"),
    ("{filter}", "filter", "screen.filter"),
    ("F", "follow", "screen.follow"),
    ("a", "again", "screen.again(False)"),
    ("{edit}", "edit", "screen.again(True)"),
    ("C", "copy", "screen.copy_as"),
    ("b", "body", "screen.body"),
    ("{secrets}", "secrets", "app.key('secrets')"),
)


class Lines(OptionList):
    """One side, line by line; enter folds or unfolds."""

    BINDINGS = [  # noqa: RUF012
        Binding("j", "cursor_down", "Down", show=False),
        Binding("k", "cursor_up", "Up", show=False),
    ]

    def __init__(self, side: int) -> None:
        super().__init__(id=f"side-{side}", classes="side", markup=False)
        self.border_title = Content(_NAMES[side])
        self.kept: list[Line] = []

    def show(self, lines: list[Line], needle: str) -> None:
        """Show the lines that hold a text, and stay where the person was."""
        kept = evidence.holding(lines, needle) if needle else lines
        if kept == self.kept and self.option_count:
            return
        at, self.kept = self.highlighted, kept
        self.clear_options()
        self.add_options(Option(each.content) for each in kept)
        self.highlighted = min(at or 0, len(kept) - 1) if kept else None

    def bring(self) -> None:
        """Scroll to the highlighted line, with a few before it, and what follows in sight."""
        self.scroll_to_highlight(top=True)
        self.scroll_relative(y=-_BEFORE, animate=False, immediate=True)


class ExchangeScreen(Screen[None]):
    """One exchange in full; left and right go to its neighbours."""

    BINDINGS = [  # noqa: RUF012
        Binding("escape,q", "leave", "Back"),
        Binding("q", "dismiss", "Back"),
        Binding("left", "move(-1)", "The one before"),
        Binding("right", "move(1)", "The next one"),
        Binding("tab,shift+tab", "side", "The other side"),
        Binding("1", "side(0)", "Request"),
        Binding("2", "side(1)", "Answer"),
        Binding("minus", "fold(True)", "Fold all"),
        Binding("plus,equals_sign", "fold(False)", "Unfold all"),
        Binding("F,shift+f", "follow", "Follow the newest"),
        Binding("a", "again(False)", "Send again"),
        Binding("C,shift+c", "copy_as", "Copy as"),
        Binding("b", "body", "Copy the body"),
    ]
    ON_PAGE: ClassVar = {
        "exchanges": "screen.dismiss",
        "filter": "screen.filter",
        "edit": "screen.again(True)",
        "copy": "screen.body",
    }
    session: var[Session] = var(Session, always_update=True)
    reveal: var[bool] = var(False)
    number: var[int] = var(0)
    side: var[int] = var(1)
    follow: var[bool] = var(False)

    @dataclass
    class Again(Message):
        """The person wants an exchange to be sent again, perhaps edited before."""

        exchange: Exchange
        edit: bool

    @dataclass
    class Taken(Message):
        """The person wants a text on the clipboard."""

        what: str
        value: str

    def __init__(
        self, number: int, sought: Finding | None = None, earlier: Session | None = None
    ) -> None:
        """Show an exchange; at what a finding is about, when one is ``sought``.

        With ``earlier`` it is one of that run, which is over: it is not sent again.
        """
        super().__init__(classes="page")
        self.set_reactive(ExchangeScreen.number, number)
        self._earlier = earlier
        if earlier is not None:
            self.set_reactive(ExchangeScreen.session, earlier)
        self._sought = sought
        self._folded: frozenset[str] = frozenset()
        self._fresh = True
        self._needle = ""
        self._large: tuple[int, bool] | None = None
        self._drawn: tuple[Any, ...] = (None,)

    def compose(self) -> ComposeResult:
        """Which exchange it is, its two sides, the filter, the keys."""
        yield Static(id="exchange-head", markup=False)
        with Horizontal(id="sides"):
            yield Lines(0)
            with Vertical(id="answer"):
                yield Lines(1)
                yield Vertical(id="exchange-body")
        yield Input(id="needle", placeholder="only lines with this text", compact=True)
        yield Hints(*_KEYS)

    async def on_mount(self) -> None:
        """Draw it."""
        field = self.query_one("#needle", Input)
        field.display = field.cursor_blink = False
        self._turn()
        await self._draw()

    async def watch_session(self) -> None:
        """Follow the newest, when asked to; a finding about this one may have come too."""
        if self.follow and self.session.exchanges:
            self.number = self.session.exchanges[-1].number
        await self._draw()

    watch_follow = watch_session

    async def watch_number(self) -> None:
        """Draw the other exchange from its top."""
        self._folded, self._fresh = frozenset(), True
        await self._draw()

    async def on_resize(self) -> None:
        """Fold for the new width."""
        self._turn()
        await self._draw()

    def _turn(self) -> None:
        if not self.is_mounted:
            return
        wide = self.size.width >= _WIDE
        self.query_one("#side-0").display = wide or self.side == 0
        self.query_one("#answer").display = wide or self.side == 1
        if not isinstance(self.focused, Input):
            self.set_focus(self.query_one(f"#side-{self.side}"))
        self._head()

    watch_side = _turn

    @property
    def exchange(self) -> Exchange | None:
        """The exchange that is shown."""
        return next((e for e in self.session.exchanges if e.number == self.number), None)

    def _head(self) -> None:
        item = self.exchange
        if item is None or not self.size.width:
            return
        line = request.exchange_line(self.session, item, content.Look(self.size.width - 2))
        parts: list[Content] = []
        if self.size.width < _WIDE:
            for index, name in enumerate(_NAMES):
                style = "reverse bold" if index == self.side else content.DIM
                tab = Content.styled(f" {index + 1} {name} ", style)
                parts.append(tab.stylize(Style.from_meta({"@click": f"screen.side({index})"})))
        told = [f"{item.number} of {len(self.session.exchanges)}", *dissect.marks(item)]
        told += ["of the run before"] if self._earlier is not None else []
        told += ["follows the newest"] if self.follow else []
        told += [f"filter: {self._needle}"] if self._needle else []
        parts.append(content.words("  " + " · ".join(told), content.DIM))
        self.query_one("#exchange-head", Static).update(
            content.stack([line, Content.assemble(*parts)])
        )

    async def _draw(self) -> None:
        item = self.exchange
        if item is None or not self.is_mounted or not self.size.width:
            return
        wide = self.size.width >= _WIDE
        width = (self.size.width // 2 if wide else self.size.width) - 6
        look = content.Look(
            max(width, 20), self.reveal, letters=getattr(self.app, "letters", LETTERS)
        )
        if self._fresh:
            self._fresh = False
            self._folded = folding.first(item)
            if self._sought is not None:
                self._folded = evidence.opened(self._folded, self._sought)
        self._head()
        session = self.session
        known = (session.findings, session.secrets, session.checked)
        drawn = (item, look, self._folded, self._needle, *known)
        if all(a is b or a == b for a, b in zip(drawn, self._drawn, strict=False)):
            return  # what happened is about other exchanges
        self._drawn = drawn
        view = dissect.View(session, look, self._folded)
        self.query_one("#side-0", Lines).show(dissect.request(item, view), self._needle)
        self.query_one("#side-1", Lines).show(dissect.answer(item, view), self._needle)
        self._seek()
        large = (item.number, self.reveal) if dissect.is_large(item) else None
        if large != self._large:
            self._large = large
            # Beside: to mask 2 MB takes some tenths of a second, in which keys are answered.
            self.run_worker(self._show_body(item, large), exclusive=True, group="body")

    watch_reveal = _draw

    async def _show_body(self, item: Exchange, large: tuple[int, bool] | None) -> None:
        body = self.query_one("#exchange-body")
        await body.remove_children()
        body.display = large is not None
        if large is not None:
            from mcp_auth_tui.tui.widgets.panel import body_widget

            await body.mount(body_widget(await asyncio.to_thread(self._text, item)))
            self._narrow_body()

    def _narrow_body(self) -> None:
        """Let the filter count for a body that stands apart, too."""
        from mcp_auth_tui.tui.widgets.long_text import LongText

        for text in self.query(LongText):
            text.narrow(self._needle)

    def _seek(self) -> None:
        """Go once to what a finding is about; from then on the person decides."""
        if self._sought is None:
            return
        lines = self.query_one("#side-1", Lines)
        at, self._sought = evidence.find(lines.kept, self._sought), None
        if at is not None:
            lines.highlighted = at
            self.call_after_refresh(lines.bring)

    def _text(self, item: Exchange) -> str:
        """Return the body as a person may see it: masked unless secrets are shown."""
        if item.response is None:
            return ""
        redactor = self.session.redactor(reveal=self.reveal)
        return redactor.body(item.response.body, item.response.media_type)

    @on(OptionList.OptionSelected)
    async def _toggle(self, event: OptionList.OptionSelected) -> None:
        lines = event.option_list
        shown = lines.kept if isinstance(lines, Lines) else []
        # Chosen before a fold took it away, it is not there any more.
        fold = shown[event.option_index].fold if event.option_index < len(shown) else ""
        if fold:
            self._folded ^= {fold}
            await self._draw()

    async def action_fold(self, closed: bool) -> None:
        """Fold what is nested, or unfold all."""
        self._folded = frozenset()
        await self._draw()
        if closed:
            shown = (*self.query_one("#side-0", Lines).kept, *self.query_one("#side-1", Lines).kept)
            self._folded = frozenset(line.fold for line in shown if line.fold.count("/") > 0)
            await self._draw()

    def action_side(self, side: int | None = None) -> None:
        """Turn to the other side, or the named one; a body that stands apart is the third."""
        body = next(iter(self.query("#exchange-body > .document-area")), None)
        if side is None and self.side == 1 and body is not None and self.focused is not body:
            self.set_focus(body)
            return
        self.side = 1 - self.side if side is None else side
        self._turn()

    def action_move(self, by: int) -> None:
        """Go to a neighbour."""
        numbers = [item.number for item in self.session.exchanges]
        index = numbers.index(self.number) + by
        if 0 <= index < len(numbers):
            self.follow = False
            self.number = numbers[index]

    def action_follow(self) -> None:
        """Go to the newest exchange, and on to each that comes; or stay."""
        self.follow = not self.follow
        self._head()

    def action_filter(self) -> None:
        """Ask for the text that lines must hold."""
        field = self.query_one("#needle", Input)
        field.display = True
        self.set_focus(field)

    @on(Input.Changed, "#needle")
    async def _narrow(self, event: Input.Changed) -> None:
        self._needle = event.value.strip().lower()
        self._narrow_body()
        await self._draw()

    @on(Input.Submitted, "#needle")
    def _narrowed(self, event: Input.Submitted) -> None:
        event.input.display = False
        self.set_focus(self.query_one(f"#side-{self.side}"))

    async def action_leave(self) -> None:
        """Leave the filter, else the screen."""
        field = self.query_one("#needle", Input)
        if not self._needle and not field.display:
            self.dismiss(None)
            return
        field.value = self._needle = ""
        field.display = False
        self._narrow_body()
        self.set_focus(self.query_one(f"#side-{self.side}"))
        await self._draw()

    def action_again(self, edit: bool) -> None:
        """Ask for it to be sent again."""
        if self._earlier is not None:
            self.notify("It is of the run before: one of this run can be sent again.")
        elif self.exchange is not None:
            self.post_message(self.Again(self.exchange, edit))

    def action_copy_as(self) -> None:
        """Copy the request as a command or code, with a name in the place of each credential."""
        from mcp_auth_tui.exports.requests import REQUEST_FORMS
        from mcp_auth_tui.tui.screens.picker import PickScreen

        forms = {form.title: form for form in REQUEST_FORMS.values()}

        def copy(title: str | None) -> None:
            if title and self.exchange is not None:
                text = forms[title].render(self.session, self.exchange.request)
                self.post_message(self.Taken(f"The request as {title}", text))

        items = [(form.title, form.sentence) for form in forms.values()]
        self.app.push_screen(PickScreen("Copy the request as", items), copy)

    def action_body(self) -> None:
        """Copy the answer's body as it is shown."""
        if self.exchange is not None:
            self.post_message(self.Taken("The body", self._text(self.exchange)))
