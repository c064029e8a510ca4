"""What changed since the run before, and a server that is watched while somebody mends it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import OptionList, Static

from mcp_auth_tui.inspect.rounds import Pause
from mcp_auth_tui.model import Ended, Finding, Outcome, Session
from mcp_auth_tui.tui.screens.findings import FindingsScreen
from mcp_auth_tui.tui.screens.watch import WatchScreen
from mcp_auth_tui.tui.widgets.bars import VerdictLine
from tests.inspect.test_watch import MISSING, REFUSED, WRONG, session
from tests.tui import fakes
from tests.tui.conftest import app_of, settled, sign_in


def verdict(app: Any) -> str:
    return str(app.main.query_one(VerdictLine).draw().plain)


def text(app: Any, selector: str) -> str:
    return str(app.screen.query_one(selector, Static).visual)


def rows(app: Any) -> list[str]:
    options = app.screen.query_one(OptionList)
    return [str(options.get_option_at_index(n).prompt).strip() for n in range(options.option_count)]


# The run before.


def without(events: list[Any], *ids: str) -> list[Any]:
    return [item for item in events if not (isinstance(item, Finding) and item.id in ids)]


async def again(pilot: Pilot[Any], events: list[Any]) -> None:
    """Run again, against a server that answers otherwise."""
    app: Any = pilot.app

    def assemble(config: Any, steps: bool) -> Any:
        app.fakes.append(fakes.FakeController(events, stepping=steps))
        return app.fakes[-1]

    app.driver.assemble = assemble
    await pilot.press("r")
    await settled(pilot, lambda: app.driver.busy or len(app.fakes) > 1)
    await settled(pilot, lambda: not app.driver.busy)


async def test_after_a_run_again_the_verdict_and_the_findings_say_what_changed() -> None:
    app = app_of(fakes.mismatch())
    async with app.run_test(size=(100, 30)) as pilot:
        await settled(pilot, lambda: app.driver.session.outcome is not None)
        assert "since last run" not in verdict(app)
        other = fakes.finding("as-new", fakes.Level.ERROR, "Something new.", fakes.Stage.SERVER, 3)
        events = without(fakes.mismatch(), "rs-no-prm-url")
        await again(pilot, [*events[:-2], other, *events[-2:]])
        assert verdict(app).endswith("since last run: 1 gone, 1 new")
        await pilot.press("f")
        await settled(pilot, lambda: isinstance(app.screen, FindingsScreen))
        assert rows(app) == [
            "✗ The document names another issuer than the address it was found by.",
            "+ ✗ Something new.",
            "✓ The resource is the URL you typed.",
            "- ! The refusal does not say where the server's metadata is.",
        ]
        title = str(app.screen.query_one(OptionList).border_title)
        assert title.startswith("Findings, since ") and title.endswith("1 gone, 1 new, 1 the same")
        await pilot.press("end", "enter")
        await settled(pilot)
        assert isinstance(app.screen, FindingsScreen)


async def test_a_run_that_finds_the_same_says_so() -> None:
    app = app_of(fakes.mismatch())
    async with app.run_test(size=(100, 30)) as pilot:
        await settled(pilot, lambda: app.driver.session.outcome is not None)
        await again(pilot, fakes.mismatch())
        assert verdict(app).endswith("since last run: nothing changed")


async def test_a_run_that_was_cancelled_is_not_what_the_next_is_compared_with() -> None:
    app = app_of(fakes.mismatch())
    async with app.run_test(size=(100, 30)) as pilot:
        await settled(pilot, lambda: app.driver.session.outcome is not None)
        cut = [*fakes.metadata()[:3], Ended(Outcome.INTERRUPTED, fakes.NOW + 3, None, 130)]
        await again(pilot, cut)
        assert "since last run" not in verdict(app)
        await again(pilot, fakes.mismatch())
        assert verdict(app).endswith("since last run: nothing changed")


async def test_a_refresh_mends_nothing_that_it_did_not_look_at(copied: list[str]) -> None:
    app = app_of(fakes.signed_in())
    async with app.run_test(size=(100, 30)) as pilot:
        await sign_in(pilot)
        app.driver.session = app.driver.session.apply(
            fakes.finding("token-x", fakes.Level.WARNING, "Odd.", fakes.Stage.TOKEN)
        )
        before = app.driver._compared(fakes.MCP, False)
        assert before is not None
        assert [item.finding.id for item in before.snapshot.found] == ["rs-no-prm-url", "token-x"]
        assert app.driver._compared(fakes.AS, False) is None
        app.driver._kind = (fakes.MCP, False)
        assert app.driver._compared(fakes.MCP, True) is None


# The watch.


class Server:
    """A server that is looked at: as it stands now, and how often it was."""

    def __init__(self, *found: Finding) -> None:
        self.found = found
        self.status = 401
        self.looks = 0

    async def look(self) -> Session:
        self.looks += 1
        found = self.found if self.status == 401 else (REFUSED,)
        return session(*found, at=10.0 * self.looks, status=self.status)


@pytest.fixture
def server() -> Server:
    return Server(MISSING, WRONG)


async def watched(pilot: Pilot[Any], server: Server) -> None:
    app: Any = pilot.app
    app.watching.looks = lambda config: server.look
    await settled(pilot, lambda: app.driver.session.outcome is not None)
    await pilot.press("W")
    await settled(pilot, lambda: isinstance(app.screen, WatchScreen) and bool(rows(app)))


async def look(pilot: Pilot[Any], server: Server) -> None:
    looks = server.looks
    await pilot.press("enter")
    await settled(pilot, lambda: server.looks > looks)


async def test_a_watch_lists_what_is_open_and_then_what_is_mended(server: Server) -> None:
    app = app_of(fakes.mismatch())
    async with app.run_test(size=(100, 30)) as pilot:
        await watched(pilot, server)
        listed = app.screen.query_one(OptionList)
        assert str(listed.border_title) == "Open: 1 error and 1 warning"
        assert [row.split(" ", 1)[1] for row in rows(app)] == [
            f"✗ {MISSING.message}",
            f"! {WRONG.message}",
        ]
        server.found = (WRONG,)
        await look(pilot, server)
        assert str(listed.border_title) == "Open: 1 warning, 1 mended"
        assert [row[:1] + row.split(" ", 2)[-1][-20:] for row in rows(app)][1].startswith("-")
        server.status = 0
        await look(pilot, server)
        assert "no answer" in text(app, "#watch-state")
        assert str(listed.border_title) == "Open: 1 warning, 1 mended"
        server.status, server.found = 401, ()
        await look(pilot, server)
        assert "answers again after 10.0 s" in text(app, "#watch-state")
        assert str(listed.border_title) == "Open: nothing to mend, 2 mended"
        assert "gone: it was looked for and not found again" in text(app, "#finding-text")
        await look(pilot, server)
        assert "nothing new in 1 round" in text(app, "#watch-state")


async def test_a_watch_ends_with_its_page_and_begins_no_run(server: Server) -> None:
    app = app_of(fakes.mismatch())
    async with app.run_test(size=(80, 24)) as pilot:
        await watched(pilot, server)
        await pilot.press("escape")
        await settled(pilot, lambda: app.main.is_active)
        looks = server.looks
        assert not [worker for worker in app.workers if not worker.is_finished]
        await settled(pilot)
        assert (server.looks, len(app.fakes)) == (looks, 1)


async def test_from_a_watch_the_whole_run_is_one_key_away(server: Server) -> None:
    app = app_of(fakes.mismatch())
    async with app.run_test(size=(80, 24)) as pilot:
        await watched(pilot, server)
        await pilot.press("r")
        await settled(pilot, lambda: len(app.fakes) == 2 and not app.driver.busy)
        assert app.main.is_active


async def test_asked_for_at_the_start_the_watch_takes_the_place_of_the_run(server: Server) -> None:
    app = app_of(fakes.mismatch(), watch=2.0)
    app.watching.looks = lambda config: server.look  # type: ignore[method-assign]
    async with app.run_test(size=(60, 20)) as pilot:
        await settled(pilot, lambda: isinstance(app.screen, WatchScreen) and bool(rows(app)))
        assert app.fakes == []  # type: ignore[attr-defined]
        assert "every 2.0 s" in text(app, "#watch-state")
        await pilot.press("escape", "q")
        await settled(pilot)
    assert app.return_value == 1


async def test_while_a_run_goes_on_a_watch_says_why_not() -> None:
    app = app_of(fakes.signed_in())
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot, lambda: app.main.state.at_browser)
        await pilot.press("W")
        await settled(pilot)
        assert app.main.is_active


async def test_rounds_come_by_themselves(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[tuple[float, float]] = []

    async def pause(self: Pause, least: float, most: float) -> None:
        waits.append((least, most))
        if len(waits) > 3:
            await asyncio.Event().wait()

    monkeypatch.setattr(Pause, "__call__", pause)
    app = app_of(fakes.mismatch())
    async with app.run_test(size=(80, 24)) as pilot:
        await watched(pilot, server)
        await settled(pilot, lambda: server.looks == 4)
        assert waits == [(0.0, float("inf"))] * 4
