"""The panel of the headers: what is held or offered, how long it is good, and kept alive."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from textual.pilot import Pilot

from mcp_auth_tui.model import Learned, Level, Outcome, Secret, Session, Stage
from mcp_auth_tui.tui.actions import LETTERS
from mcp_auth_tui.tui.controls.keep_alive import due
from mcp_auth_tui.tui.panels import headers
from mcp_auth_tui.tui.state import KeepAlive
from mcp_auth_tui.tui.views.content import Look, stack
from mcp_auth_tui.tui.widgets.bars import KeyBar
from tests.tui import fakes
from tests.tui.conftest import app_of, settled, sign_in

SIZES = [(80, 24), (120, 36), (60, 20)]
IDS = ["80x24", "120x36", "60x20"]
NEW = replace(
    fakes.TOKEN,
    access=Secret("at-new-5dF8gH2jK4lM6nP8"),
    refresh=Secret("rt-new-9sD7fG5hJ3kL1"),
    received=fakes.NOW + 3640,
)
REFUSED = fakes.finding(
    "token-refresh-refused", Level.FATAL, "The refresh token was refused.", Stage.TOKEN
)
LOST = fakes.finding("net-connect", Level.FATAL, "The connection was refused.", Stage.TOKEN)


def told(session: Session, now: float = fakes.NOW + 60, **more: Any) -> list[str]:
    look = Look(76, False, now, letters=LETTERS, **more)
    return stack(headers.page(session, look)).plain.splitlines()


def holding(**changes: Any) -> Session:
    return Session(url=fakes.MCP, started=fakes.NOW, token=replace(fakes.TOKEN, **changes))


def test_an_offer_says_how_long_it_is_good_and_which_key_takes_it() -> None:
    session = Session(url=fakes.MCP, started=fakes.NOW, stored_header=fakes.STORED)
    assert told(session) == [
        "A header of an earlier run",
        "good for         29:42",
        "scopes           files:read",
        "issuer           https://auth.example.com",
        "client           c-3f9c21d07a",
        "use              the server has accepted it",
        "h takes it in place of a sign-in; the server is asked whether it is good",
    ]
    assert headers.facts(session, Look(now=fakes.NOW + 60, letters=LETTERS)) == [
        ("h takes", "a stored header"),
        ("good for", "29:42"),
    ]
    assert "good for         ended" in told(session, fakes.NOW + 2000)


@pytest.mark.parametrize(
    ("session", "alive", "shown"),
    [
        (holding(), False, "off: H refreshes it shortly before its end"),
        (holding(), True, "on: it is refreshed shortly before its end; H lets it end"),
        (holding(refresh=None), True, "cannot be: the server gave no refresh token, so sign in"),
        (holding(expires_in=None), False, "cannot be: the server did not say when it ends"),
    ],
)
def test_the_header_says_whether_it_is_kept_alive(
    session: Session, alive: bool, shown: str
) -> None:
    assert f"keep alive       {shown}" in "\n".join(told(session, alive=alive))


def test_what_rotated_and_why_a_refresh_failed_stand_beside_the_header() -> None:
    session = replace(holding(), previous=NEW)
    lines = told(session, problem="The connection was refused. Now it is tried again.")
    assert "✗ the last refresh failed: The connection was refused. Now it is tried" in lines
    assert lines[lines.index("Refreshed") + 1].startswith("access           ✓ #")


@pytest.mark.parametrize(
    ("token", "now", "expected"),
    [
        (fakes.TOKEN, fakes.NOW + 60, False),
        (fakes.TOKEN, fakes.NOW + 60 + 3569, False),
        (fakes.TOKEN, fakes.NOW + 60 + 3571, True),
        (fakes.TOKEN, fakes.NOW + 9999, True),
        (replace(fakes.TOKEN, expires_in=8.0), fakes.NOW + 65, False),
        (replace(fakes.TOKEN, expires_in=8.0), fakes.NOW + 67, True),
        (replace(fakes.TOKEN, refresh=None), fakes.NOW + 9999, False),
        (replace(fakes.TOKEN, expires_in=None), fakes.NOW + 9999, False),
        (fakes.TOKEN, fakes.NOW - 1000, True),  # the clock was set back
    ],
)
def test_a_token_is_due_shortly_before_its_end_F4(token: Any, now: float, expected: bool) -> None:
    assert due(token, now) is expected


def test_an_offer_in_the_headers_panel(snap_compare: Any, size: tuple[int, int]) -> None:
    async def look(pilot: Pilot[Any]) -> None:
        app: Any = pilot.app
        await settled(pilot, lambda: app.main.state.at_browser)
        await pilot.press("5")
        await settled(pilot, lambda: app.main.panel == 4)
        app.follower.tick()  # the clock is looked at once a second: here it has been
        await settled(pilot)

    assert snap_compare(app_of(fakes.offered()), terminal_size=size, run_before=look)


@pytest.fixture(params=SIZES, ids=IDS)
def size(request: pytest.FixtureRequest) -> tuple[int, int]:
    return request.param


async def test_h_ends_the_run_and_begins_one_with_the_stored_header() -> None:
    app: Any = app_of(fakes.offered())
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot, lambda: app.main.state.at_browser)
        app.fakes[0].recalled = replace(app.driver.session, token=fakes.TOKEN)
        await pilot.press("h")
        await settled(pilot, lambda: len(app.fakes) == 2)
    first, second = app.fakes
    assert [item for item in first.asked if item[0] != "pause"] == [
        ("run", Stage.PROBE),
        ("recall",),
        ("cancel",),
    ]
    assert second.asked[0] == ("run", Stage.VERIFY)
    assert second.known.token == fakes.TOKEN


async def test_the_bar_names_the_stored_header_before_the_sign_in_and_while_it_is_waited_for() -> (
    None
):
    app: Any = app_of(fakes.offered())
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot, lambda: app.main.state.at_browser)
        assert " h stored header " in str(app.main.query_one(KeyBar).draw())
        await pilot.press("enter")
        await settled(pilot, lambda: app.main.state.signing_in)
        assert str(app.main.query_one(KeyBar).draw()).startswith(" h stored header ")


async def test_a_stored_header_that_has_ended_meanwhile_leaves_the_run_alone() -> None:
    app: Any = app_of(fakes.offered())
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot, lambda: app.main.state.at_browser)
        await pilot.press("h")
        await settled(pilot, lambda: ("recall",) in app.fakes[0].asked)
        assert any("cannot be used any more" in note.message for note in app._notifications)
        assert app.driver.busy
    assert len(app.fakes) == 1


async def test_h_says_why_it_is_of_no_use() -> None:
    app: Any = app_of(fakes.signed_in())
    async with app.run_test(size=(80, 24)) as pilot:
        await sign_in(pilot)
        await pilot.press("h")
        await settled(pilot)
        assert any("a header of its own" in note.message for note in app._notifications)
    assert len(app.fakes) == 1


async def kept_alive(app: Any, pilot: Pilot[Any], clock: Callable[[], float], *beside: Any) -> None:
    """Sign in, keep the header alive, and let the clock reach the time to refresh."""
    await sign_in(pilot)
    app.fakes[-1].beside = [*beside]
    await pilot.press("H")
    await settled(pilot)
    app.driver.clock = clock
    app.keep_alive.tick()
    await settled(pilot, lambda: not app.keep_alive._trying)


def late() -> float:
    return fakes.NOW + 60 + 3580


async def test_the_header_is_refreshed_shortly_before_its_end_and_says_what_rotated() -> None:
    app: Any = app_of(fakes.signed_in())
    async with app.run_test(size=(120, 36)) as pilot:
        await kept_alive(app, pilot, late, Learned("token", NEW))
        app.keep_alive.tick()
        await settled(pilot)
        notes = [note.message for note in app._notifications]
    assert [item for item in app.fakes[-1].asked if item[0] == "aside"] == [
        ("aside", "renew_beside")
    ]
    assert (app.driver.session.token, app.driver.session.previous) == (NEW, app_token())
    assert app.driver.code == 0
    assert (
        notes[-1] == "The header was refreshed, the refresh token rotated; it is good for 1:00:00."
    )


def app_token() -> Any:
    return replace(fakes.TOKEN, verified=True)


@pytest.mark.parametrize(
    ("failure", "on", "words"),
    [
        (LOST, True, "it is tried again in 10.0 s."),
        (REFUSED, False, "it is not tried again."),
    ],
)
async def test_a_refresh_that_fails_is_told_with_its_cause_and_loses_nothing(
    failure: Any, on: bool, words: str
) -> None:
    app: Any = app_of(fakes.signed_in())
    async with app.run_test(size=(120, 36)) as pilot:
        await kept_alive(app, pilot, late, failure)
        app.keep_alive.tick()  # not at once again
        await settled(pilot)
        alive: KeepAlive = app.main.alive
    assert [item[0] for item in app.fakes[-1].asked].count("aside") == 1
    assert (alive.on, alive.problem) == (
        on,
        f"{failure.message} Now the header that is held is good for 20.0 s; {words}",
    )
    assert app.driver.session.token == app_token()
    assert (app.driver.session.outcome, app.driver.code) == (Outcome.OK, 0)


async def test_nothing_is_refreshed_while_a_run_goes_on_or_unless_it_was_allowed() -> None:
    app: Any = app_of(fakes.offered(), keep_alive=True)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot, lambda: app.main.state.at_browser)
        app.driver.session = replace(app.driver.session, token=fakes.TOKEN)
        app.driver.clock = late
        app.keep_alive.tick()
        await settled(pilot)
    assert not [item for item in app.fakes[0].asked if item[0] == "aside"]
    quiet: Any = app_of(fakes.signed_in())
    async with quiet.run_test(size=(80, 24)) as pilot:
        await sign_in(pilot)
        quiet.driver.clock = late
        quiet.keep_alive.tick()
        await settled(pilot)
    assert not [item for item in quiet.fakes[0].asked if item[0] == "aside"]


async def test_keeping_alive_is_turned_off_by_the_same_key_and_says_why_it_cannot_be() -> None:
    app: Any = app_of(fakes.signed_in(), keep_alive=True)
    async with app.run_test(size=(80, 24)) as pilot:
        await sign_in(pilot)
        await pilot.press("H")
        await settled(pilot)
        assert app.main.alive == KeepAlive()
        app.driver.session = replace(app.driver.session, token=replace(NEW, refresh=None))
        app.driver.view.update_run()
        await pilot.press("H")
        await settled(pilot)
        assert any("no refresh token" in note.message for note in app._notifications)
    assert app.main.alive == KeepAlive()
