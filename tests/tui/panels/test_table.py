"""The table of panels: every stage has its panel, and the number of one is asked of the table."""

from __future__ import annotations

import pytest

from mcp_auth_tui.model import Session, Stage
from mcp_auth_tui.tui.actions import LETTERS
from mcp_auth_tui.tui.panels.table import PANELS, PanelRow, panel_of
from mcp_auth_tui.tui.views.content import Look


def test_the_panels_hold_each_stage_once() -> None:
    assert [stage for panel in PANELS for stage in panel.stages] == list(Stage)


def test_the_panel_of_a_stage_is_the_one_that_shows_it() -> None:
    assert [panel_of(stage) for stage in Stage] == [0, 0, 0, 1, 2, 3, 4]


@pytest.mark.parametrize("panel", PANELS, ids=lambda panel: panel.title)
def test_a_panel_has_nothing_to_show_before_a_run_but_its_guide(panel: PanelRow) -> None:
    view, look = panel.load(), Look(letters=LETTERS)
    assert view.facts(Session(), look) == []
    assert view.page(Session(), look) == []
    assert [value for _, value in view.documents(Session()) if value] == []
    assert panel.guide.what.format_map(LETTERS)
