"""The key that runs again with what a known provider needs, against imitated providers."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

from textual.pilot import Pilot
from textual.widgets import Input

from mcp_auth_tui.demo.providers import CLIENT, SECRET
from mcp_auth_tui.demo.server import PracticeServer
from mcp_auth_tui.settings.arguments import commands
from mcp_auth_tui.settings.editable import Settings
from mcp_auth_tui.settings.options import from_arguments
from mcp_auth_tui.tui.app import AuthApp
from mcp_auth_tui.tui.screens.findings import FindingsScreen
from mcp_auth_tui.tui.screens.question import QuestionScreen
from tests.tui.conftest import settled

OPTIONS = ("--browser", "follow", "--token-store", "none")


@asynccontextmanager
async def stopped(provider: str, *words: str) -> AsyncIterator[tuple[AuthApp, Pilot[Any], str]]:
    """Run the screen against an imitated provider until the plain run has stopped."""
    server = await PracticeServer.start(provider=provider, auto_approve=True)
    given = [*OPTIONS, *words]
    settings = Settings(from_arguments(commands.flow().parse_args(given), {}), given, environ={})
    app = AuthApp(settings.config(server.url), settings)
    try:
        async with app.run_test(size=(120, 36)) as pilot:
            await over(app, pilot)
            assert app.driver.session.stop is not None
            yield app, pilot, server.url
    finally:
        await server.aclose()


async def over(app: AuthApp, pilot: Pilot[Any]) -> None:
    """Wait for the end of a run, or for a question of the run itself, which is declined."""

    def ended() -> bool:
        session = app.driver.session
        return session.outcome is not None and not app.driver.busy

    for _ in range(600):
        await pilot.pause(0.01)
        waiting = app.driver.session.waiting
        if waiting is not None and waiting.question is not None:
            if isinstance(app.screen, QuestionScreen):
                await pilot.press("escape")
        elif ended():
            break
    await settled(pilot, ended)


async def answer(app: AuthApp, pilot: Pilot[Any], asked: str, value: str) -> None:
    await settled(pilot, lambda: isinstance(app.screen, QuestionScreen))
    screen = app.screen
    assert isinstance(screen, QuestionScreen) and asked in screen.question.prompt
    screen.query_one(Input).value = value
    await pilot.press("enter")
    await settled(pilot, lambda: app.screen is not screen)


async def test_the_key_runs_again_with_the_option_that_gets_through() -> None:
    async with stopped("hydra") as (app, pilot, url):
        assert app.keymap.of("way_through").why_off(app.main.state) == ""
        await pilot.press("t")
        await settled(pilot, lambda: app.driver.busy or app.driver.session.stop is None)
        await over(app, pilot)
        assert app.driver.session.outcome == "ok"
        assert app.driver.settings.given["param"] == (f"audience={url}",)
        assert f"--param audience={url}" in app.driver.settings.again(url)


async def test_what_is_blank_is_asked_for_with_the_place_where_it_is_made() -> None:
    async with stopped("github") as (app, pilot, _):
        await pilot.press("t")
        await settled(pilot, lambda: isinstance(app.screen, QuestionScreen))
        assert isinstance(app.screen, QuestionScreen)
        assert "Developer settings, OAuth Apps" in app.screen.question.detail
        await answer(app, pilot, "ID for --client-id ID", CLIENT)
        assert isinstance(app.screen, QuestionScreen)
        assert app.screen.query_one(Input).password
        await answer(app, pilot, "Client secret", SECRET)
        await over(app, pilot)
        assert app.driver.session.outcome == "ok"
        client = app.driver.session.client
        assert client is not None and client.id == CLIENT
        assert SECRET not in str(app.driver.settings.given)


async def test_who_declines_a_question_changes_nothing() -> None:
    async with stopped("okta") as (app, pilot, _):
        before, given = app.driver.session, app.driver.settings.given
        await pilot.press("t")
        await settled(pilot, lambda: isinstance(app.screen, QuestionScreen))
        await pilot.press("escape")
        await settled(pilot, lambda: app.main.is_active)
        assert (app.driver.session, app.driver.settings.given) == (before, given)
        assert not app.driver.busy


async def test_a_finding_in_the_list_has_the_key_too() -> None:
    async with stopped("hydra") as (app, pilot, _):
        await pilot.press("f")
        await settled(pilot, lambda: isinstance(app.screen, FindingsScreen))
        await pilot.press("t")
        await settled(pilot, lambda: app.main.is_active)
        await over(app, pilot)
        assert app.driver.session.outcome == "ok"


async def test_a_finding_without_a_known_way_says_so() -> None:
    async with stopped("hydra") as (app, pilot, _):
        await pilot.press("f")
        await settled(pilot, lambda: isinstance(app.screen, FindingsScreen))
        await pilot.press("end", "t")
        await settled(pilot)
        assert isinstance(app.screen, FindingsScreen)
        assert [note.message for note in app._notifications] == [
            "No option is known that is the way through this finding."
        ]


async def test_the_key_says_why_it_is_off() -> None:
    async with stopped("hydra") as (app, _, _):
        key, state = app.keymap.of("way_through"), app.main.state
        assert key.why_off(replace(state, busy=True)) == (
            "It runs: whether an option gets through is known when it has ended."
        )
        calm = replace(state, session=replace(state.session, stop=None))
        assert key.why_off(calm) == "Nothing stopped the run."
        unknown = replace(state.session, server=None, resource=None, exchanges=())
        assert key.why_off(replace(state, session=unknown)) == (
            "No option is known that gets through here; the finding says what can be done."
        )
        assert "nothing is sent" in key.why_off(replace(state, recorded=True))
