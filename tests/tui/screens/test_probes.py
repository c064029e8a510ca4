"""Probes on the screen: a question before them, a list of what they showed after them."""

from __future__ import annotations

from typing import Any

from textual.widgets import OptionList, Static

from mcp_auth_tui.model import Ended, Event, Level, Outcome, Stage
from mcp_auth_tui.protocol.probes.flow import Plan
from mcp_auth_tui.tui.app import AuthApp
from mcp_auth_tui.tui.screens.confirm import Confirm
from mcp_auth_tui.tui.screens.exchange import ExchangeScreen
from mcp_auth_tui.tui.screens.probes import ProbesScreen
from tests.tui import fakes
from tests.tui.conftest import app_of, settled, sign_in


def probed() -> list[Event]:
    """A run that probed: one each of failed, undecided and passed."""
    *events, _ = fakes.signed_in()
    results = [
        fakes.finding("probe-no-token", Level.OK, "Kept.", Stage.PROBE, 1, seen="POST: HTTP 401"),
        fakes.finding("probe-dpop", Level.INFO, "Not decided: no key.", Stage.VERIFY),
        fakes.finding("probe-origin", Level.ERROR, "Foreign pages are served.", Stage.VERIFY, 2),
    ]
    return [*events, *results, Ended(Outcome.PROBED, fakes.NOW + 9, None, 0)]


def with_probes() -> tuple[AuthApp, list[tuple[Any, Plan]]]:
    """An app after a run, whose probes are scripted; the plans that it was given."""
    app, plans = app_of(fakes.signed_in()), list[tuple[Any, Plan]]()

    def assemble(config: Any, plan: Plan) -> Any:
        plans.append((config, plan))
        app.fakes.append(fakes.FakeController(probed()))  # type: ignore[attr-defined]
        return app.fakes[-1]  # type: ignore[attr-defined]

    app.driver.assemble_probes = assemble  # type: ignore[method-assign]
    return app, plans


async def test_nothing_is_probed_by_who_leaves_it() -> None:
    app, plans = with_probes()
    async with app.run_test(size=(80, 24)) as pilot:
        await sign_in(pilot)
        await pilot.press("P")
        await settled(pilot, lambda: isinstance(app.screen, Confirm))
        await pilot.press("n")
        await settled(pilot, lambda: not isinstance(app.screen, Confirm))
        assert plans == []
        assert app.driver.session.outcome is Outcome.OK


async def test_a_yes_probes_and_the_same_key_lists_what_that_showed() -> None:
    app, plans = with_probes()
    async with app.run_test(size=(80, 24)) as pilot:
        await sign_in(pilot)
        await pilot.press("P")
        await settled(pilot, lambda: isinstance(app.screen, Confirm))
        await pilot.press("y")
        await sign_in(pilot)
        assert [plan for _, plan in plans] == [Plan()]
        await pilot.press("P")
        await settled(pilot, lambda: isinstance(app.screen, ProbesScreen))
        options = app.screen.query_one(OptionList)
        await settled(pilot, lambda: options.option_count == 3)
        assert str(options.border_title) == "Probes: 1 failed, 1 passed, 1 not decided"
        text = str(app.screen.query_one("#finding-text", Static).content)
        assert "probe-origin" in text
        await pilot.press("enter")
        await settled(pilot, lambda: isinstance(app.screen, ExchangeScreen))


async def test_probes_leave_no_headers_to_print() -> None:
    app, _ = with_probes()
    async with app.run_test(size=(80, 24)) as pilot:
        await sign_in(pilot)
        assert app.driver.session.headers
        app.driver.begin(stepping=False, plan=Plan())
        await sign_in(pilot)
        assert app.driver.session.outcome is Outcome.PROBED
        assert app.driver.session.headers == {}


async def test_before_a_run_there_is_nothing_to_probe() -> None:
    app = app_of([], config=None)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        assert app.main.keymap.of("probes").why_off(app.main.state) == (
            "Nothing ran yet: a run comes first."
        )
