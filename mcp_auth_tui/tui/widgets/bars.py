"""Knows the lines above and below the panels: headline, banner, key bar; must not act on a run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from textual.content import Content
from textual.reactive import reactive, var
from textual.style import Style
from textual.widget import Widget
from textual.widgets import Static

from mcp_auth_tui.model import Session
from mcp_auth_tui.tui import actions
from mcp_auth_tui.tui.keymap import USUAL, Keymap
from mcp_auth_tui.tui.state import KeepAlive, ScreenState
from mcp_auth_tui.tui.views import content
from mcp_auth_tui.tui.views.verdict import verdict_line

if TYPE_CHECKING:
    from mcp_auth_tui.model.changes import Changes


class SessionWidget(Widget):
    """Draws itself anew for an event only when what it says differs: most events change little."""

    session: var[Session] = var(Session, always_update=True)
    _drawn: Content | None = None

    def draw(self) -> Content:
        """Return what it says, for the room there is."""
        # Not abstract, which takes another metaclass than that of Textual's widgets.
        raise NotImplementedError

    def render(self) -> Content:
        """Draw it."""
        self._drawn = self.draw()
        return self._drawn

    def watch_session(self) -> None:
        """Follow the session."""
        if self._drawn is not None and not self.draw().is_same(self._drawn):
            self.refresh()


class Headline(SessionWidget, Static):
    """The top line."""

    url: reactive[str] = reactive("")
    spec: reactive[str] = reactive("auto")
    reveal: reactive[bool] = reactive(False)

    def draw(self) -> Content:
        """Return it for the width there is."""
        look = content.Look(self.size.width, self.reveal)
        return content.headline(self.session, self.session.url or self.url, self.spec, look)


class Banner(SessionWidget, Static):
    """The line under the headline that marks a run whose result is worth less."""

    marks: reactive[tuple[str, ...]] = reactive(())
    recorded: reactive[tuple[str, ...]] = reactive(())

    def draw(self) -> Content:
        """Return what fits of the reasons."""
        look = content.Look(self.size.width)
        return content.banner((*self.marks, *self.session.marks), look, self.recorded)

    def watch_session(self) -> None:
        """Be there only for a run that is marked, or recorded."""
        self.set_class(bool(self.marks or self.session.marks or self.recorded), "-marked")
        super().watch_session()

    watch_marks = watch_recorded = watch_session


class VerdictLine(SessionWidget, Static):
    """What is true now, who has to act and which key helps; above the keys, in every state.

    A request that has no answer for long takes its place as long as it has none.
    """

    kept: reactive[Session | None] = reactive(None, layout=True)
    recorded: reactive[tuple[str, ...]] = reactive(())
    late: reactive[Content | None] = reactive(None)
    changes: reactive[Changes | None] = reactive(None, layout=True)

    def __init__(self, letters: Mapping[str, str] = actions.LETTERS) -> None:
        super().__init__(id="verdict", markup=False)
        self._letters = letters

    def draw(self) -> Content:
        """Return the sentence for the width there is."""
        if self.late is not None:
            return self.late
        look = content.Look(
            max(self._width, 20),
            letters=self._letters,
            recorded=bool(self.recorded),
            kept=self.kept,
        )
        return verdict_line(self.session, look, self._changed())

    @property
    def _width(self) -> int:
        # That of the screen: asked for its own while its height is found out, Textual lays out all
        # that there is once more to know it.
        return self.app.size.width - self.gutter.width

    def _changed(self) -> str:
        """Return what differs from the run before; empty where there is none."""
        if self.changes is None:
            return ""
        from mcp_auth_tui.render.changes import news  # not before a second run

        return f"since last run: {news(self.changes)}"

    def watch_session(self) -> None:
        """Follow the session; a longer sentence takes a second line."""
        if self._drawn is not None and not (new := self.draw()).is_same(self._drawn):
            self.refresh(layout=self._lines(new) != self._lines(self._drawn))

    watch_late = watch_changes = watch_session

    def on_resize(self) -> None:
        """Say it anew: what is cut depends on the width."""
        self.watch_session()

    def _lines(self, drawn: Content) -> int:
        return len(content.fold(drawn.plain, max(self._width, 8)))


class KeyBar(SessionWidget, Static):
    """The last line: the keys that are of use now; a click does what the key does."""

    panel: reactive[int] = reactive(0)
    busy: reactive[bool] = reactive(False)
    stepping: reactive[bool] = reactive(False)
    reveal: reactive[bool] = reactive(False)
    typing: reactive[bool] = reactive(False)
    changed: reactive[bool] = reactive(False)
    recorded: reactive[tuple[str, ...]] = reactive(())
    alive: reactive[KeepAlive] = reactive(KeepAlive())
    kept: reactive[Session | None] = reactive(None)
    listing: reactive[bool] = reactive(False)

    def __init__(self, keymap: Keymap = USUAL) -> None:
        super().__init__(id="keys", markup=False)
        self._keymap = keymap

    def draw(self) -> Content:
        """Return the keys that fit."""
        if self.typing:
            filters = getattr(self.screen.focused, "id", "") == "log-filter"
            return Content.assemble(
                _link("enter", "keep the filter" if filters else "send", "focused.submit"),
                _link("esc", "show all" if filters else "leave the field", "app.key('back')"),
            )
        state = ScreenState(
            self.session,
            self.busy,
            self.stepping,
            self.panel,
            self.reveal,
            self.changed,
            inline=self.app.is_inline,
            recorded=bool(self.recorded),
            kept=self.kept,
            listing=self.listing,
            letters=self._keymap.letters,
            alive=self.alive,
        )
        return self._keys_of(state)

    def _keys_of(self, state: ScreenState) -> Content:
        """Return the keys that fit; those that begin a run stand apart from those that look."""
        fixed = ("help", "palette", "quit") if self.size.width >= 72 else ("help",)
        useful = self._keymap.bar(state)
        ending = [_key(key, label) for key, label in useful if key.name in fixed]
        # The blank behind the last key need not be seen.
        room = self.size.width + 1 - sum(part.cell_length for part in ending)
        apart = not state.busy and state.session.url != ""
        bar: list[Content] = []
        begin: list[Content] = []
        for key, label in useful:
            part = _key(key, label)
            if key.name in fixed or part.cell_length > room - apart:
                continue
            room -= part.cell_length
            (begin if apart and key.begins else bar).append(part)
        every = Content.assemble(*bar, ("│" if begin else "", content.DIM), *begin, *ending)
        return every.truncate(self.size.width)


def _key(key: actions.Key, label: str) -> Content:
    return _link(key.first, label, f"app.key({key.name!r})")


def _link(key: str, label: str, action: str) -> Content:
    part = Content.assemble((f" {key}", "bold $text-accent"), f" {label} ")
    return part.stylize(Style.from_meta({"@click": action}))
