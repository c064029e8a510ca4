"""The page of stored tokens: the same verbs as the command, with a question before an end."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import OptionList, Static

from mcp_auth_tui.cli.headers import command as headers
from mcp_auth_tui.demo.server import PracticeServer
from mcp_auth_tui.demo.thread import running
from mcp_auth_tui.model import Secret
from mcp_auth_tui.storage.tokens import TokenStore
from mcp_auth_tui.tui.screens.confirm import Confirm
from mcp_auth_tui.tui.screens.sessions import SessionsScreen
from tests.cli.test_headers import CLIENT, SERVER, URL, token
from tests.runs import finished
from tests.tui import fakes
from tests.tui.conftest import app_of, settled, sign_in


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "data" / "tokens.json"
    monkeypatch.setenv("MCP_AUTH_TUI_TOKENS", str(path))
    return path


@pytest.fixture
def server(path: Path) -> Iterator[PracticeServer]:
    with running(auto_approve=True) as server:
        yield server


def told(app: Any) -> str:
    return str(app.screen.query_one("#stored-told", Static).content)


async def opened(pilot: Pilot[Any]) -> Any:
    app: Any = pilot.app
    await sign_in(pilot)
    await pilot.press("g")
    await settled(pilot, lambda: isinstance(app.screen, SessionsScreen))
    return app


async def test_what_is_stored_is_listed_shown_refreshed_looked_at_and_ended(
    path: Path, server: PracticeServer
) -> None:
    await finished(server.url, "--browser", "follow", "--token-store", "file")
    async with app_of(fakes.signed_in()).run_test(size=(120, 36)) as pilot:
        app = await opened(pilot)
        listed = app.screen.query_one("#stored", OptionList)
        await settled(pilot, lambda: listed.option_count == 1)
        (before,) = TokenStore(path).tokens()
        grant = TokenStore(path).open(before.id)
        assert grant is not None
        await pilot.press("enter")
        await settled(pilot, lambda: "token endpoint" in told(app))
        assert grant.token.access.reveal() not in told(app)
        await pilot.press("r")
        await settled(pilot, lambda: "refresh token: rotated" in told(app))
        assert TokenStore(path).tokens()[0].generation == 2
        await pilot.press("i")
        await settled(pilot, lambda: ": active" in told(app))
        await pilot.press("x")
        await settled(pilot, lambda: isinstance(app.screen, Confirm))
        await pilot.press("n")
        await settled(pilot, lambda: isinstance(app.screen, SessionsScreen))
        assert TokenStore(path).tokens() != ()
        await pilot.press("x")
        await settled(pilot, lambda: isinstance(app.screen, Confirm))
        await pilot.press("y")
        await settled(pilot, lambda: isinstance(app.screen, SessionsScreen))
        await settled(pilot, lambda: "ended: registration" in told(app))
        assert listed.option_count == 0
    assert (TokenStore(path).tokens(), TokenStore(path).clients()) == ((), ())
    assert headers([server.url]) == 3


async def test_a_server_that_is_gone_is_told_and_the_token_stays_until_it_is_forgotten(
    path: Path,
) -> None:
    gone = replace(SERVER, token_endpoint="http://127.0.0.1:9/token")
    held = token(refresh=Secret("rt-1"))
    TokenStore(path, "file").keep((URL,), gone, CLIENT, held)
    async with app_of(fakes.signed_in()).run_test(size=(80, 24)) as pilot:
        app = await opened(pilot)
        await pilot.press("r")
        await settled(pilot, lambda: "the token could not be refreshed" in told(app))
        assert len(TokenStore(path).tokens()) == 1
        await pilot.press("d")
        await settled(pilot, lambda: isinstance(app.screen, Confirm))
        await pilot.press("y")
        await settled(pilot, lambda: isinstance(app.screen, SessionsScreen))
        await settled(pilot, lambda: "is forgotten" in told(app))
    assert TokenStore(path).tokens() == ()


async def test_an_empty_or_unreadable_store_says_so(path: Path) -> None:
    async with app_of(fakes.signed_in()).run_test(size=(80, 24)) as pilot:
        app = await opened(pilot)
        await settled(pilot, lambda: "Nothing is stored on this machine." in told(app))
        await pilot.press("r", "x", "enter", "escape")
        await settled(pilot, lambda: not isinstance(app.screen, SessionsScreen))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("{")
        await pilot.press("g")
        await settled(pilot, lambda: isinstance(app.screen, SessionsScreen))
        await settled(pilot, lambda: "is not what mcp-auth-tui writes" in told(app))


@pytest.mark.parametrize("size", [(80, 24), (120, 36)], ids=["80x24", "120x36"])
def test_the_page_of_stored_tokens(
    snap_compare: Any, size: tuple[int, int], path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time, "time", lambda: 1_790_000_000.0)
    monkeypatch.setattr(time, "localtime", time.gmtime)
    one = token(received=1_789_999_000.0, expires_in=3600.0)
    TokenStore(path, "file").keep((URL,), SERVER, CLIENT, one)
    other = replace(one, client_id="c2", refresh=None, received=1_789_990_000.0)
    TokenStore(path, "file").keep(
        ("https://notes.example.com/mcp",), SERVER, replace(CLIENT, id="c2"), other
    )

    async def page(pilot: Pilot[Any]) -> None:
        app = await opened(pilot)
        await settled(pilot, lambda: app.screen.query_one("#stored").option_count == 2)
        await pilot.press("enter")
        await settled(pilot, lambda: "token endpoint" in told(app))

    assert snap_compare(app_of(fakes.signed_in()), terminal_size=size, run_before=page)
