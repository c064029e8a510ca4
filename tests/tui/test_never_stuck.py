"""What an event costs: only what it changes is drawn anew, however much there is already."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from textual.widget import Widget

from mcp_auth_tui.model import Exchanged, Stage
from mcp_auth_tui.tui.panels import Panel
from tests.tui import fakes
from tests.tui.conftest import app_of, settled

WAITING = [*fakes.metadata(), *fakes.registration(), *fakes.browser()]


@contextmanager
def drawn(monkeypatch: pytest.MonkeyPatch) -> Iterator[set[str]]:
    """Note which widgets are asked to draw themselves anew, by id or class."""
    seen: set[str] = set()
    refresh = Widget.refresh

    def noted(self: Widget, *regions: Any, repaint: bool = True, **more: Any) -> Any:
        if repaint:
            seen.add(self.id or type(self).__name__)
        return refresh(self, *regions, repaint=repaint, **more)

    with monkeypatch.context() as patch:
        patch.setattr(Widget, "refresh", noted)
        yield seen


async def test_an_exchange_that_arrives_draws_only_the_log_and_where_its_time_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    app = app_of(fakes.mismatch())
    async with app.run_test(size=(120, 36)) as pilot:
        await settled(pilot, lambda: not app.busy)
        with drawn(monkeypatch) as seen:
            more = fakes.exchange(9, Stage.PROBE, "GET", fakes.MCP, 200)
            app.session = app.session.apply(Exchanged(more))
            await settled(pilot)
        assert seen - {"ScrollBar"} == {"log", "panel-0", "detail"}


async def test_a_second_of_waiting_draws_only_where_the_time_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    app = app_of(WAITING)
    async with app.run_test(size=(120, 36)) as pilot:
        await settled(pilot, lambda: app.state.at_browser)
        await pilot.press("enter")
        await settled(pilot, lambda: app.state.signing_in)
        app.clock = lambda: fakes.NOW + 43
        with drawn(monkeypatch) as seen:
            app._tick()
            await settled(pilot)
        assert seen == {"panel-2", "detail"}
        with drawn(monkeypatch) as seen:
            app._tick()
            await settled(pilot)
        assert seen == set()


async def test_a_panel_that_had_the_focus_does_not_bring_the_run_back_to_it() -> None:
    """The focus moves at once, and the panel it left hears of it only later."""
    app = app_of(fakes.mismatch())
    async with app.run_test(size=(120, 36)) as pilot:
        await settled(pilot, lambda: not app.busy)
        await pilot.press("4")
        await settled(pilot, lambda: app.query_one("#panel-3").has_focus)
        app.show(4)
        app._chosen(Panel.Chosen(3))
        await settled(pilot)
        assert (app.panel, app.query_one("#panel-4").has_focus) == (4, True)
