"""Knows how the ladder of a run is kept as a list that grows; must not know what an arrow means."""

from __future__ import annotations

from textual import on
from textual.binding import Binding
from textual.containers import Vertical
from textual.message import Message
from textual.reactive import var
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from mcp_auth_tui.model import Session
from mcp_auth_tui.records import dataclass
from mcp_auth_tui.tui.views import sequence, sequence_lines
from mcp_auth_tui.tui.widgets.lazy import Lazy


class Rungs:
    """The lines of a ladder in a list, of which only what differs is drawn anew."""

    def __init__(self) -> None:
        self.steps: tuple[sequence.Step, ...] = ()
        self._earlier: Session | None = None
        self._before: tuple[sequence.Step, ...] = ()
        self._memory = sequence.Memory()
        self._width = 0

    def fill(
        self,
        session: Session,
        earlier: Session | None,
        options: OptionList,
        head: Static,
        width: int,
    ) -> None:
        """Draw what differs, and follow the newest unless another step is looked at.

        ``earlier`` is the run that this one took its first stages over from.
        """
        self._width = width
        head.update(sequence_lines.header(session, width))
        old, at = self.steps, options.highlighted
        follows = at is None or at >= len(old) - 1 or earlier is not self._earlier
        if earlier is not self._earlier:
            self._earlier, self._before = earlier, sequence.steps_before(earlier)
        steps = (*self._before, *sequence.steps(session, self._memory))
        for index in range(len(steps), len(old)):
            options.remove_option_at_index(len(steps) + len(old) - 1 - index)
        for index, (before, after) in enumerate(zip(old, steps, strict=False)):
            if before is not after and before != after:
                options.replace_option_prompt_at_index(index, self._lazy(after))
        options.add_options(Option(self._lazy(step)) for step in steps[len(old) :])
        self.steps = steps
        if steps:
            options.highlighted = len(steps) - 1 if follows else min(at or 0, len(steps) - 1)

    def _lazy(self, step: sequence.Step) -> Lazy:
        # As wide with a scroll bar as without one: the life lines do not jump when it comes.
        return Lazy(
            lambda _: sequence_lines.draw(step, self._width),
            lambda _: sequence_lines.height(step, self._width),
        )


class RungList(OptionList):
    """The list of the ladder on the main screen."""

    BINDINGS = [  # noqa: RUF012
        Binding("j", "cursor_down", "Down", show=False),
        Binding("k", "cursor_up", "Up", show=False),
    ]


class Ladder(Vertical):
    """The run as a ladder beside the detail, where there is room for both; empty elsewhere.

    A list brings a quarter of all the styles that are matched before the first frame.
    """

    session: var[Session] = var(Session, always_update=True)
    earlier: var[Session | None] = var(None)
    """The run that this one took its first stages over from; its steps stand before."""

    @dataclass
    class Looked(Message):
        """The person stands on an exchange; 0: on the newest step, or on none."""

        number: int

    @dataclass
    class Opened(Message):
        """The person wants all of an exchange, of this run or of the earlier one."""

        number: int
        earlier: bool

    def __init__(self) -> None:
        super().__init__(id="ladder")
        self._rungs = Rungs()
        self._due = False

    def stand(self) -> None:
        """Take the focus."""
        for rungs in self.query(RungList):
            self.screen.set_focus(rungs)

    def watch_session(self) -> None:
        """Draw once for however many events came since the last time."""
        if self.display and not self._due:
            self._due = True
            self.call_after_refresh(self._draw)

    watch_earlier = on_resize = on_show = watch_session

    async def _draw(self) -> None:
        self._due = False
        if not self.is_mounted or not self.display:
            return
        if not self.children:
            # The parties, and the ladder under them.
            head, rungs = Static(id="ladder-head", markup=False), RungList(id="rungs", markup=False)
            await self.mount(head, rungs)
            self.watch_session()  # once they have their size
            return
        rungs = self.query_one(RungList)
        width = rungs.content_region.width - 1  # a scroll bar may come
        if width > 0:
            head = self.query_one("#ladder-head", Static)
            self._rungs.fill(self.session, self.earlier, rungs, head, width)

    @on(OptionList.OptionHighlighted, "#rungs")
    def _look(self, event: OptionList.OptionHighlighted) -> None:
        event.stop()
        steps, at = self._rungs.steps, event.option_index
        if self.query_one(RungList).has_focus and at < len(steps):
            newest = at == len(steps) - 1
            elsewhere = newest or steps[at].earlier
            self.post_message(self.Looked(0 if elsewhere else steps[at].number))

    @on(OptionList.OptionSelected, "#rungs")
    def _open(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        steps, at = self._rungs.steps, event.option_index
        if at < len(steps) and steps[at].number:
            self.post_message(self.Opened(steps[at].number, steps[at].earlier))
