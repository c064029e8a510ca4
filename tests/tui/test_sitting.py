"""What a person got in a sitting is never taken away by a key; and steps can be gone back."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import OptionList, Static

from mcp_auth_tui.model import Browsed, Ended, Level, Outcome, Slip, Stage, Status, Whose
from mcp_auth_tui.text import units
from mcp_auth_tui.tui.screens.exchange import ExchangeScreen
from mcp_auth_tui.tui.screens.export import ExportScreen
from mcp_auth_tui.tui.views.content import DIM
from mcp_auth_tui.tui.views.request import BEFORE, NOW
from mcp_auth_tui.tui.widgets.bars import KeyBar, VerdictLine
from mcp_auth_tui.tui.widgets.ladder import Ladder, RungList
from mcp_auth_tui.tui.widgets.panel import Detail
from tests.tui import fakes
from tests.tui.conftest import app_of, settled, sign_in
from tests.tui.test_app import detail

HEADER = f"Authorization: Bearer {fakes.ACCESS}\n"


def verdict(app: Any) -> str:
    return str(app.main.query_one(VerdictLine).draw())


async def stepped(pilot: Pilot[Any], number: int) -> None:
    """Wait until the request of this number is shown."""
    app: Any = pilot.app
    driver = app.driver
    await settled(
        pilot, lambda: driver.session.ready is not None and driver.session.upcoming == number
    )


@pytest.mark.parametrize("key", ["s", "r"])
async def test_a_good_header_outlives_what_is_begun_after_it(key: str, copied: list[str]) -> None:
    app: Any = app_of(fakes.signed_in())
    async with app.run_test(size=(120, 36)) as pilot:
        await sign_in(pilot)
        good = app.driver.session
        assert app.driver.given is good
        await pilot.press(key)
        await settled(pilot, lambda: len(app.fakes) == 2 and app.driver.busy)
        await settled(pilot, lambda: app.driver.session.ready is not None)
        since = units.time_of_day(good.token.received)
        assert verdict(app).endswith(f" · the header of {since} is kept")
        await pilot.press("c")
        if key == "s":  # before the browser c copies the address
            await settled(pilot, lambda: copied == [HEADER])
        await pilot.press("5")
        await settled(pilot)
        assert f"Kept since {since}, whatever runs now" in detail(app)
        await pilot.press("1", "escape")
        await settled(pilot, lambda: not app.driver.busy)
        assert (app.driver.code, app.driver.given) == (0, good)
        await pilot.press("e")
        await settled(pilot, lambda: isinstance(app.screen, ExportScreen))
        names = [option.id for option in app.screen.query_one(OptionList).options]
        assert {"headers", "report"} <= set(names)


async def test_keys_that_begin_a_run_stand_apart_from_those_that_look() -> None:
    app: Any = app_of(fakes.signed_in())
    async with app.run_test(size=(120, 36)) as pilot:
        await sign_in(pilot)
        looks, _, begins = str(app.main.query_one(KeyBar).draw()).partition("│")
        assert [word in begins for word in ("r rerun all", "s step anew")] == [True, True]
        assert "f findings" in looks and "r rerun" not in looks


STOP = fakes.finding(
    "token-no-type", Level.FATAL, "No type.", Stage.TOKEN, whose=Whose.ISSUER, exit=6
)
LATE = [*fakes.metadata(), *fakes.registration(), STOP, Ended(Outcome.REFUSED, fakes.NOW, STOP, 6)]


@pytest.mark.parametrize(
    ("events", "begins"),
    [(fakes.mismatch(), "r rerun all"), (LATE, "R rerun here")],
    ids=["at the metadata", "later"],
)
async def test_80_columns_have_room_for_what_helps_with_a_run_that_was_stopped(
    events: list[Any], begins: str
) -> None:
    app: Any = app_of(events)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot, lambda: app.driver.session.stop is not None and not app.driver.busy)
        bar = f"m see fix  f findings  e save report │ {begins}  ? help  ^p palette  q quit"
        assert str(app.main.query_one(KeyBar).draw()).strip() == bar


async def test_the_answer_stays_beside_the_next_request_and_a_key_goes_back() -> None:
    app: Any = app_of(fakes.signed_in(), stepping=True)
    async with app.run_test(size=(80, 24)) as pilot:
        for number in (1, 2, 3):
            await stepped(pilot, number)
            if number < 3:
                await pilot.press("s")
        told = detail(app)
        assert told.index(" answer 2 ") < told.index(" request 3, not sent yet ")
        await pilot.press("left_square_bracket", "left_square_bracket")
        await settled(pilot)
        assert " request 1, as it was sent " in detail(app)
        assert "Step 1 of 2" in str(app.main.query_one(Detail).border_title)
        await pilot.press("right_square_bracket", "right_square_bracket")
        await settled(pilot)
        assert " request 3, not sent yet " in detail(app)
        await pilot.press("left_square_bracket", "s")  # what is sent is seen first
        await settled(pilot)
        assert app.main.step == 0
        assert app.driver.session.upcoming == 3


async def test_on_a_wide_screen_the_ladder_is_at_home_and_leads_the_detail() -> None:
    app: Any = app_of(fakes.signed_in())
    async with app.run_test(size=(160, 50)) as pilot:
        await sign_in(pilot)
        assert app.main.query_one(Ladder).display
        assert not app.main.query_one("#log").display
        await pilot.press("l", "home")
        await settled(pilot, lambda: app.main.step == 1)
        assert " request 1, as it was sent " in detail(app)
        await pilot.press("end")
        await settled(pilot, lambda: app.main.step == 0)
        await pilot.press("home", "enter")
        await settled(pilot, lambda: isinstance(app.screen, ExchangeScreen))
        assert app.screen.number == 1
        await pilot.press("q")
        await settled(pilot, lambda: app.screen is app.main)
        assert isinstance(app.focused, RungList)


async def test_where_the_ladder_has_no_room_its_list_is_not_made() -> None:
    app: Any = app_of(fakes.signed_in())
    async with app.run_test(size=(120, 36)) as pilot:
        await sign_in(pilot)
        assert not app.main.query(RungList)
        await pilot.resize_terminal(160, 50)
        await settled(pilot, lambda: bool(app.main.query(RungList)))
        rungs = app.main.query_one(RungList)
        await settled(pilot, lambda: rungs.option_count > 0)


async def test_what_only_holds_other_widgets_draws_no_line() -> None:
    app: Any = app_of(fakes.signed_in())
    async with app.run_test(size=(120, 36)) as pilot:
        await sign_in(pilot)
        drawn = {widget.id for widget in app.main._compositor.visible_widgets}
        assert drawn & {"body", "rail", "right", "panel-0", "detail", "log"} == {
            "panel-0", "detail", "log"
        }  # fmt: skip


async def test_a_cancelled_run_looks_like_none_that_failed() -> None:
    app: Any = app_of(fakes.signed_in())
    async with app.run_test(size=(120, 36)) as pilot:
        await settled(pilot, lambda: app.main.state.at_browser)
        assert verdict(app) == (
            "… auth.example.com wants you to sign in: the run waits for you · o opens it"
        )
        assert "… waits for you" in str(app.main.query_one("#panel-2").border_title)
        await pilot.press("1", "enter")  # from any panel, as the keys say
        await settled(pilot, lambda: app.main.state.signing_in)
        await pilot.press("escape")
        await settled(pilot, lambda: not app.driver.busy)
        assert Status.FAILED not in {state.status for state in app.driver.session.stages.values()}
        assert verdict(app).startswith("■ You cancelled the run")
        assert "that is no fault of a server" in detail(app)


async def test_a_wrong_paste_is_told_beside_the_field() -> None:
    slip = fakes.finding("authz-paste", Level.WARNING, "That is no address.", Stage.AUTHORIZE)
    app: Any = app_of([*fakes.metadata(), *fakes.registration(), *fakes.browser()])
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot, lambda: app.main.state.at_browser)
        await pilot.press("enter")
        await settled(pilot, lambda: app.main.state.signing_in)
        app.driver.apply(Slip(slip))
        await settled(pilot)
        told, field = app.main.query_one("#paste-wrong", Static), app.main.query_one("#paste")
        assert told.region.bottom == field.region.y
        assert "That is no address." in str(told.content)
        assert verdict(app).startswith("… What was pasted is no answer: the run still waits")


async def test_why_no_browser_reaches_this_machine_is_told_once_in_a_sitting() -> None:
    note = "This is a container."
    events = [
        replace(item, note=note, forward="") if isinstance(item, Browsed) else item
        for item in [*fakes.metadata(), *fakes.registration(), *fakes.browser()]
    ]
    app: Any = app_of(events)
    async with app.run_test(size=(80, 24)) as pilot:
        for told in (note, ""):
            await settled(pilot, lambda: app.main.state.at_browser)
            await pilot.press("enter")
            await settled(pilot, lambda: app.main.state.signing_in)
            assert app.driver.session.browsed.note == told
            await pilot.press("escape", "escape")
            await settled(pilot, lambda: not app.driver.busy)
            await pilot.press("r")


async def test_from_token_on_the_exchanges_before_stay_in_view_as_of_the_run_before() -> None:
    app: Any = app_of(fakes.signed_in())
    async with app.run_test(size=(100, 30)) as pilot:
        await sign_in(pilot)
        sent = len(app.driver.session.exchanges)
        await pilot.press("4", "R")
        await settled(pilot, lambda: app.main.state.at_browser)
        log = app.main.query_one("#log")
        named = [str(log.get_option_at_index(n).prompt).strip() for n in range(log.option_count)]
        assert (named[0], named[sent + 1]) == ("── of the run before ──", "── of this run ──")
        assert len(named) == 2 * sent  # the new run waits at the browser: two are still to come
        assert log.highlighted == log.option_count - 1
        await pilot.press("x", "home", "enter")
        await settled(pilot, lambda: isinstance(app.screen, ExchangeScreen))
        assert "of the run before" in str(app.screen.query_one("#exchange-head", Static).content)
        await pilot.press("a", "escape", "escape", "r")
        await settled(pilot, lambda: not app.driver.busy or app.driver.session.ready is None)
        assert app.main.is_active


@pytest.mark.parametrize("page", [False, True], ids=["beside the detail", "as a page"])
async def test_the_ladder_shows_what_was_kept_from_the_run_before_dim_and_opens_it(
    page: bool,
) -> None:
    app: Any = app_of(fakes.signed_in())
    async with app.run_test(size=(160, 50)) as pilot:
        await sign_in(pilot)
        await pilot.press("3", "R")
        await settled(pilot, lambda: len(app.fakes) == 2 and app.main.state.at_browser)
        await pilot.press("l", *("l" if page else ""))
        rungs = app.screen.query_one("#sequence" if page else "#rungs", OptionList)
        await settled(pilot, lambda: rungs.option_count > 10)
        drawn = [option.prompt._draw(80) for option in rungs.options]
        named = [line.plain.strip() for line in drawn]
        assert (named[0], named.index(NOW)) == (BEFORE, 9)  # six exchanges, and the sign-in
        assert {str(span.style) for line in drawn[:10] for span in line.spans} == {DIM}
        assert rungs.highlighted == rungs.option_count - 1
        await pilot.press("home", "down", "enter")
        await settled(pilot, lambda: isinstance(app.screen, ExchangeScreen))
        head = str(app.screen.query_one("#exchange-head", Static).content)
        assert "of the run before" in head and app.main.step == 0
