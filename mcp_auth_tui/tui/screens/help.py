"""Knows the screen that explains a panel and the keys; must not know how to act on a run."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import Screen
from textual.style import Style
from textual.widgets import Static

from mcp_auth_tui.tui.actions import MOVES, Key
from mcp_auth_tui.tui.keymap import Keymap
from mcp_auth_tui.tui.panels.table import PANELS
from mcp_auth_tui.tui.state import ScreenState
from mcp_auth_tui.tui.views import content
from mcp_auth_tui.tui.widgets.hints import BACK, Hints


class GuideScreen(Screen[str | None]):
    """Explains a panel and lists every key; hands back the action of one that was clicked."""

    BINDINGS = [  # noqa: RUF012
        Binding("escape,q", "dismiss(None)", "Back"),
        Binding("t", "app.topics", "Topics"),
    ]
    ON_PAGE: ClassVar = {"help": "screen.dismiss(None)"}

    def __init__(self, state: ScreenState, keymap: Keymap) -> None:
        super().__init__(classes="page")
        self._state = state
        self._keymap = keymap

    def compose(self) -> ComposeResult:
        """One scrolling text."""
        with VerticalScroll(id="guide-scroll"):
            yield Static(id="guide-text", markup=False)
        yield Hints(
            BACK, ("t", "topics", "app.topics"), ("", "a click on a key does what it does", "")
        )

    def on_resize(self) -> None:
        """Fold for the width."""
        self.query_one("#guide-scroll").focus()
        self.query_one("#guide-text", Static).update(self._text(max(self.size.width - 6, 20)))

    def _text(self, width: int) -> Content:
        panel = PANELS[self._state.panel]
        guide = panel.guide
        parts = [content.heading(panel.heading)]
        look = content.Look(width, letters=self._keymap.letters)
        parts += [Content(line) for line in content.fold(look.with_keys(guide.what), width)]
        parts += [Content(), content.heading("Rules")]
        parts += [Content(line) for line in content.fold(guide.rules, width)]
        parts += [Content(), content.heading("What usually goes wrong")]
        for wrong in guide.wrong:
            first, *rest = content.fold(look.with_keys(wrong), width - 2)
            parts += [Content(f"• {first}"), *(Content(f"  {line}") for line in rest)]
        parts += [Content(), content.heading("Keys")]
        for key in self._keymap.keys:
            if key.keys and key.shown:
                parts += self._key(key, width)
        return content.stack([*parts, *content.rows(MOVES, look, least=14)])

    def _key(self, key: Key, width: int) -> list[Content]:
        off = key.why_off(self._state)
        pairs = [(key.shown, content.StyledValue(key.help, content.DIM if off else ""))]
        if off:
            pairs.append(("", content.StyledValue(f"off: {off}", f"italic {content.DIM}")))
        click = Style.from_meta({"@click": f"screen.dismiss({key.name!r})"})
        return [line.stylize(click) for line in content.rows(pairs, content.Look(width), least=14)]
