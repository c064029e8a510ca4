"""Long texts: wrapped by cells, drawn only where they are seen, selected as they stand."""

from __future__ import annotations

from typing import Any

from textual.app import App, ComposeResult
from textual.geometry import Offset
from textual.selection import Selection

from mcp_auth_tui.tui.widgets.long_text import LongText, wrapped
from tests.tui.conftest import settled


def test_lines_are_broken_at_the_width_in_cells() -> None:
    assert wrapped("abc\n\nabcdefg\n", 3) == ["abc", "", "abc", "def", "g", ""]
    assert wrapped("漢字漢字", 5) == ["漢字", "漢字"]
    assert wrapped("\tx", 10) == ["    x"]


class Shown(App[None]):
    def __init__(self, body: str) -> None:
        super().__init__()
        self._body = body

    def compose(self) -> ComposeResult:
        yield LongText(self._body)


def row(app: Any, y: int) -> str:
    return str(app.query_one(LongText).render_line(y).text.rstrip())


async def test_a_text_of_two_megabytes_is_there_at_once_and_scrolls_to_its_end() -> None:
    body = "\n".join(f"line {n} {'x' * 60}" for n in range(28_000))
    app = Shown(body)
    async with app.run_test(size=(80, 24)) as pilot:
        shown = app.query_one(LongText)
        await settled(pilot, lambda: shown.virtual_size.height == 28_000)
        assert row(app, 0).startswith("line 0 x")
        shown.scroll_end(animate=False)
        await settled(pilot, lambda: shown.scroll_offset.y > 27_000)
        assert row(app, shown.scrollable_content_region.height - 1).startswith("line 27999 x")
        assert row(app, 500) == ""


async def test_markup_in_it_stays_text_and_a_selection_is_taken_as_it_stands() -> None:
    app = Shown("[b]one[/b]\ntwo")
    async with app.run_test(size=(80, 24)) as pilot:
        shown = app.query_one(LongText)
        await settled(pilot, lambda: shown.virtual_size.height == 2)
        assert row(app, 0) == "[b]one[/b]"
        chosen = Selection(Offset(3, 0), Offset(3, 1))
        assert shown.get_selection(chosen) == ("one[/b]\ntwo", "\n")
        app.screen.selections = {shown: chosen}
        await settled(pilot)
        plain, marked = (
            {segment.style for segment in shown.render_line(y) if segment.text.strip()}
            for y in (1, 0)
        )
        assert len(plain) == 1
        assert len(marked) == 2


async def test_it_is_wrapped_anew_when_the_window_changes() -> None:
    app = Shown("x" * 100)
    async with app.run_test(size=(80, 24)) as pilot:
        shown = app.query_one(LongText)
        await settled(pilot, lambda: shown.virtual_size.height == 2)
        await pilot.resize_terminal(40, 24)
        await settled(pilot, lambda: shown.virtual_size.height == 3)
