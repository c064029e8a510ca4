"""The smallest terminal that shows anything: a list has rows, what is typed into is seen."""

from __future__ import annotations

import pytest
from textual.widgets import Input, OptionList

from mcp_auth_tui.tui.main_screen import SMALLEST
from mcp_auth_tui.tui.screens.export import ExportScreen
from mcp_auth_tui.tui.widgets.log import Log
from tests.tui import fakes
from tests.tui.conftest import app_of, settled, sign_in

LISTS = {"findings": "f", "places": "d", "ladder": "l", "settings": "comma", "log": "x"}


@pytest.mark.parametrize("size", [SMALLEST, (40, 14), (60, 12), (110, 10)], ids=str)
@pytest.mark.parametrize("key", LISTS.values(), ids=LISTS)
async def test_a_list_has_at_least_two_rows(key: str, size: tuple[int, int]) -> None:
    app = app_of(fakes.mismatch())
    async with app.run_test(size=size) as pilot:
        await settled(pilot, lambda: not app.driver.busy and app.driver.session.outcome is not None)
        await pilot.press(key)
        kind = Log if key == "x" else OptionList
        await settled(pilot, lambda: isinstance(app.focused, kind))
        shown = app.focused
        assert shown.content_region.height >= 2
        assert shown.option_count >= 2
        assert app.screen.region.contains_region(shown.region)


async def test_the_name_of_a_file_is_seen_while_it_is_typed() -> None:
    app = app_of(fakes.signed_in())
    async with app.run_test(size=SMALLEST) as pilot:
        await sign_in(pilot)
        await pilot.press("e", "s")
        await settled(pilot, lambda: isinstance(app.screen, ExportScreen))
        field = app.screen.query_one("#file", Input)
        await settled(pilot, lambda: field.has_focus)
        box = app.screen.query_one(".box").content_region
        await settled(pilot, lambda: box.contains_region(field.region))
