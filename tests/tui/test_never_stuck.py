"""What an event costs: only what it changes is drawn anew, however much there is already."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from textual.widget import Widget
from textual.widgets import OptionList, Static

from mcp_auth_tui.model import Exchanged, Level, Secret, Stage
from mcp_auth_tui.run.performer import Sent
from mcp_auth_tui.tui.actions import LETTERS
from mcp_auth_tui.tui.panels import detail
from mcp_auth_tui.tui.panels.table import PANELS
from mcp_auth_tui.tui.screens.exchange import ExchangeScreen
from mcp_auth_tui.tui.views import content, exchange
from mcp_auth_tui.tui.widgets.bars import VerdictLine
from mcp_auth_tui.tui.widgets.lazy import Lazy
from mcp_auth_tui.tui.widgets.long_text import LongText
from mcp_auth_tui.tui.widgets.panel import Panel
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
        await settled(pilot, lambda: not app.driver.busy)
        with drawn(monkeypatch) as seen:
            more = fakes.exchange(9, Stage.PROBE, "GET", fakes.MCP, 200)
            app.driver.apply(Exchanged(more))
            await settled(pilot)
        assert seen - {"ScrollBar"} == {"log", "panel-0", "detail"}


async def test_a_second_of_waiting_draws_only_where_the_time_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    app = app_of(WAITING)
    async with app.run_test(size=(120, 36)) as pilot:
        await settled(pilot, lambda: app.main.state.at_browser)
        await pilot.press("enter")
        await settled(pilot, lambda: app.main.state.signing_in)
        app.driver.clock = lambda: fakes.NOW + 43
        with drawn(monkeypatch) as seen:
            app.follower.tick()
            await settled(pilot)
        assert seen == {"panel-2", "detail"}
        with drawn(monkeypatch) as seen:
            app.follower.tick()
            await settled(pilot)
        assert seen == set()


async def test_a_panel_that_had_the_focus_does_not_bring_the_run_back_to_it() -> None:
    """The focus moves at once, and the panel it left hears of it only later."""
    app = app_of(fakes.mismatch())
    async with app.run_test(size=(120, 36)) as pilot:
        await settled(pilot, lambda: not app.driver.busy)
        await pilot.press("4")
        await settled(pilot, lambda: app.query_one("#panel-3").has_focus)
        app.main.show_panel(4)
        app.main._choose_panel(Panel.Chosen(3))
        await settled(pilot)
        assert (app.main.panel, app.query_one("#panel-4").has_focus) == (4, True)


async def test_what_is_loaded_once_is_told_twice_however_many_runs_there_are() -> None:
    """The program then takes it out of the collector's sight (`run_tui`)."""
    app = app_of(fakes.mismatch())
    told: list[int] = []
    app.loaded = lambda: told.append(len(app.driver.session.exchanges))
    async with app.run_test(size=(120, 36)) as pilot:
        await settled(pilot, lambda: not app.driver.busy)
        await pilot.press("r")
        await settled(pilot, lambda: len(app.fakes) == 2 and not app.driver.busy)
    assert told == [0, 3]


def flooded(app: Any, number: int) -> None:
    session = app.driver.session
    first = 10 + len(session.exchanges)
    for n in range(first, first + number):
        one = fakes.exchange(n, Stage.PROBE, "GET", f"{fakes.MCP}?{n}", 200)
        session = session.apply(Exchanged(one))
        told = fakes.finding(f"x-{n}", Level.WARNING, f"number {n}", Stage.PROBE, n, next="do this")
        session = session.apply(told)
    app.driver.session = session
    app.follower.update_run()


@pytest.mark.parametrize("key", ["", "l", "f"])
async def test_of_five_hundred_lines_only_those_in_sight_are_drawn(
    monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    app = app_of(fakes.mismatch())
    drawn: list[int] = []
    render = Lazy.render_strips

    def noted(self: Lazy, width: int, *rest: Any) -> Any:
        drawn.append(width)
        return render(self, width, *rest)

    monkeypatch.setattr(Lazy, "render_strips", noted)
    async with app.run_test(size=(120, 36)) as pilot:
        await settled(pilot, lambda: not app.driver.busy)
        if key:
            await pilot.press(key)
            await settled(pilot, lambda: len(app.screen_stack) == 2)
        drawn.clear()
        flooded(app, 500)
        await settled(pilot)
        assert app.screen.query(OptionList).last().option_count >= 500
        assert 0 < len(drawn) < 120
        drawn.clear()
        flooded(app, 1)
        await settled(pilot)
        assert 0 < len(drawn) < 120
        drawn.clear()
        await pilot.resize_terminal(100, 30)
        await settled(pilot)
        assert 0 < len(drawn) < 240


async def test_an_exchange_on_the_screen_is_not_taken_apart_again_for_another(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    app = app_of(fakes.mismatch())
    async with app.run_test(size=(120, 36)) as pilot:
        await settled(pilot, lambda: not app.driver.busy)
        app.main.open_exchange(1)
        await settled(pilot, lambda: isinstance(app.screen, ExchangeScreen))
        taken: list[int] = []
        answer = exchange.answer

        def noted(item: Any, view: Any) -> Any:
            taken.append(item.number)
            return answer(item, view)

        monkeypatch.setattr(exchange, "answer", noted)
        more = fakes.exchange(9, Stage.PROBE, "GET", fakes.MCP, 200)
        app.driver.apply(Exchanged(more))
        await settled(pilot)
        assert "1 of 4" in str(app.screen.query_one("#exchange-head", Static).content)
        assert taken == []
        app.driver.apply(fakes.finding("late", Level.WARNING, "told late", Stage.PROBE, 1))
        await settled(pilot)
        assert taken == [1]


async def test_while_a_body_of_two_megabytes_is_made_ready_the_keys_of_its_screen_work(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    going, go = threading.Event(), threading.Event()
    text_of = ExchangeScreen._text

    def slow(self: ExchangeScreen, item: Any) -> str:
        going.set()
        assert go.wait(30)
        return text_of(self, item)

    monkeypatch.setattr(ExchangeScreen, "_text", slow)
    app = app_of(fakes.mismatch())
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot, lambda: not app.driver.busy)
        big = b"\n".join(b"line %d" % n for n in range(200_000))
        more = fakes.exchange(9, Stage.PROBE, "GET", fakes.MCP, 200, body=big, media="text/plain")
        app.driver.apply(Exchanged(more))
        app.main.open_exchange(9)
        try:
            await settled(pilot, going.is_set)
            await pilot.press("tab")
            await settled(pilot, lambda: app.screen.query_one("#side-0").display)
            await pilot.press("tab")
            await settled(pilot, lambda: app.screen.query_one("#answer").display)
        finally:
            go.set()
        shown = app.screen.query(LongText)
        await settled(pilot, lambda: bool(shown) and shown.first().virtual_size.height == 200_000)


async def test_a_page_with_hundreds_of_findings_says_how_many_more_there_are() -> None:
    app = app_of(fakes.mismatch())
    async with app.run_test(size=(120, 36)) as pilot:
        await settled(pilot, lambda: not app.driver.busy)
        flooded(app, 200)
        await pilot.press("1")
        await settled(pilot)
        told = str(app.query_one("#detail-text", Static).content)
        assert told.count("do this") == 29
        assert "172 more: f lists them all" in told


def test_documents_are_made_once_and_again_when_a_secret_is_learned() -> None:
    session = fakes.Session()
    for event in fakes.metadata():
        session = session.apply(event)
    look = content.Look(80, letters=LETTERS)
    first = detail.page(session, PANELS[0], look)
    more = session.apply(Exchanged(fakes.exchange(9, Stage.PROBE, "GET", fakes.MCP, 200)))
    assert detail.page(more, PANELS[0], look, before=first).documents is first.documents
    known = replace(more, secrets=more.secrets | {Secret("files:read")})
    later = detail.page(known, PANELS[0], look, before=first).documents
    assert "files:read" in first.documents[0].body
    assert "files:read" not in later[0].body


async def test_a_request_without_an_answer_is_named_with_its_seconds_until_it_has_one() -> None:
    app = app_of(WAITING)
    async with app.run_test(size=(60, 20)) as pilot:
        await settled(pilot, lambda: app.main.state.at_browser)
        told = app.query_one(VerdictLine)
        request = fakes.exchange(9, Stage.SERVER, "GET", f"{fakes.AS}/slow/{'x' * 60}", 200).request
        app.fakes[-1].sent = Sent(5, request, fakes.NOW + 41.5)
        app.follower.tick()
        assert told.late is None
        app.fakes[-1].sent = Sent(5, request, fakes.NOW + 38)
        app.follower.tick()
        await settled(pilot)
        line = str(told.render())
        assert line.startswith("▸ 5 GET …xxx") and line.endswith("xxx  no answer for 4 s of 10")
        assert len(line) == told.content_region.width
        app.fakes[-1].sent = None
        app.driver.apply(Exchanged(fakes.exchange(5, Stage.SERVER, "GET", "x", 200)))
        assert told.late is None
