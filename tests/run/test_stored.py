"""What a run keeps, when, and what it says of it."""

from __future__ import annotations

import asyncio
import json
import re
import socket
import time
from contextlib import aclosing, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from mcp_auth_tui.demo.records import OAuthError
from mcp_auth_tui.demo.thread import running
from mcp_auth_tui.demo.tokens import Tokens
from mcp_auth_tui.model import (
    Exchanged,
    Finding,
    Learned,
    Level,
    Outcome,
    Remark,
    Session,
    Stage,
    Status,
)
from mcp_auth_tui.net.settings import NetworkSettings
from mcp_auth_tui.protocol.config import Config
from mcp_auth_tui.run.assembly import controller, refresh
from mcp_auth_tui.run.controller import Controller
from mcp_auth_tui.run.renewal import renew
from mcp_auth_tui.run.stored import RunStore
from mcp_auth_tui.settings.arguments import commands
from mcp_auth_tui.settings.options import from_arguments
from mcp_auth_tui.storage.locks import alone
from mcp_auth_tui.storage.token_entries import StoredToken
from mcp_auth_tui.storage.token_file import StoreProblem
from mcp_auth_tui.storage.tokens import TokenStore
from tests import scripted
from tests.runs import Finished, finished
from tests.scripted import Secrets


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "data" / "tokens.json"
    monkeypatch.setenv("MCP_AUTH_TUI_TOKENS", str(path))
    return path


async def sign_in(url: str, *words: str) -> Finished:
    return await finished(url, "--browser", "follow", "--token-store", "file", *words)


async def test_client_and_token_are_kept_and_the_token_is_marked_as_accepted(path: Path) -> None:
    with running(auto_approve=True) as server:
        done = await sign_in(server.url)
    assert done.code == 0
    store = TokenStore(path, "file")
    (stored,) = store.tokens()
    assert (stored.urls, stored.issuer, stored.verified) == ((server.url,), server.issuer, True)
    grant, token = store.open(stored.id), done.session.token
    assert grant is not None
    assert token is not None
    assert (grant.token.access, grant.token.refresh) == (token.access, token.refresh)
    assert grant.client is not None
    assert grant.client.registration_token is not None
    assert done.session.remarks == ()


async def test_a_refresh_in_a_run_is_written_before_the_new_token_is_used(path: Path) -> None:
    events = scripted.run()
    secrets = replace(Secrets(), refresh="refresh-new", access="access-new")
    session = scripted.folded(events[:-5])
    store = RunStore(Config(url=scripted.URL), "file", {"MCP_AUTH_TUI_TOKENS": str(path)})
    event = Learned("token", scripted.token(secrets))
    session = session.apply(event)
    assert await store.keep(event, session) == ()
    assert "refresh-new" in path.read_text()


async def test_nothing_is_kept_when_that_was_asked_for(path: Path) -> None:
    with running(auto_approve=True) as server:
        done = await sign_in(server.url, "--token-store", "none")
    assert done.code == 0
    assert not path.exists()


async def test_a_token_that_the_server_refuses_at_once_is_forgotten(path: Path) -> None:
    with running(auto_approve=True, faults=("fresh-token-refused",)) as server:
        done = await sign_in(server.url)
    assert done.code == 1
    assert TokenStore(path).tokens() == ()


async def test_a_store_that_cannot_be_used_ends_no_run_and_is_told_once(
    path: Path, tmp_path: Path
) -> None:
    (tmp_path / "data").touch()
    with running(auto_approve=True) as server:
        done = await sign_in(server.url)
        document = await sign_in(server.url, "--events")
    assert done.code == 0
    (remark,) = done.session.remarks
    assert remark.startswith(f"The token store {path} cannot be written: ")
    assert f"  {remark}\n" in done.err
    lines = [json.loads(line) for line in document.out.splitlines()]
    assert [line["text"] for line in lines if line["event"] == "remark"] == [remark]


def test_a_remark_is_no_finding() -> None:
    session = scripted.folded([*scripted.run(), Remark("kept")])
    assert (session.remarks, len(session.findings)) == (("kept",), 1)


def turns_taken(path: Path) -> int:
    """Return how many tokens of a store somebody is refreshing now."""
    taken = 0
    for lock in path.parent.glob(f"{path.name}.*.lock"):
        with alone(lock, 0) as free:
            taken += not free
    return taken


def free_port() -> int:
    """Return a port that is free, as the one after it is."""
    while True:
        with socket.create_server(("127.0.0.1", 0)) as probe, suppress(OSError):
            port: int = probe.getsockname()[1]
            with socket.create_server(("127.0.0.1", port + 1)):
                return port


def registrations(done: Finished) -> int:
    exchanges = done.session.exchanges
    return sum(item.request.purpose == "dynamic client registration" for item in exchanges)


async def test_a_client_of_an_earlier_run_is_used_again_with_its_port(path: Path) -> None:
    """G9: no new client for each run."""
    with running(auto_approve=True) as server:
        first = await sign_in(server.url)
        second = await sign_in(server.url)
        fresh = await sign_in(server.url, "--fresh")
        anew = await sign_in(server.url, "--register")
    assert [item.code for item in (first, second, fresh, anew)] == [0, 0, 0, 0]
    assert [registrations(item) for item in (first, second, fresh, anew)] == [1, 0, 1, 1]
    one, two = first.session.client, second.session.client
    assert one is not None
    assert two == replace(one, stored=True, document=two.document if two else {})
    assert second.ids == set()
    assert len(TokenStore(path).clients()) == 3


async def test_a_port_that_is_taken_is_replaced_for_this_run_alone(path: Path) -> None:
    with running(auto_approve=True) as server:
        await sign_in(server.url)
        (client,) = TokenStore(path).clients()
        port = urlsplit(client.redirect_uri).port
        assert port is not None
        with socket.create_server(("127.0.0.1", port)):
            second = await sign_in(server.url)
    assert (second.code, registrations(second)) == (0, 0)
    assert second.session.client is not None
    assert second.session.client.redirect_uri != client.redirect_uri
    assert TokenStore(path).clients() == (client,)


async def test_a_client_that_the_server_forgot_is_replaced_once_before_the_browser(
    path: Path,
) -> None:
    port = free_port()
    with running(port=port, auto_approve=True) as server:
        await sign_in(server.url)
    (old,) = TokenStore(path).clients()
    with running(port=port, auto_approve=True) as server:
        done = await sign_in(server.url)
        again = await sign_in(server.url)
    assert (done.code, registrations(done), registrations(again)) == (0, 1, 0)
    assert [item.message for item in done.session.findings if item.id == "authz-error"] == [
        "The authorization server does not know the kept client any more: a new one is registered."
    ]
    (new,) = TokenStore(path).clients()
    assert new.id != old.id
    (stored,) = TokenStore(path).tokens()
    assert stored.client_id == new.id


async def test_a_client_that_the_token_endpoint_refuses_is_replaced_once(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """K7: registered anew once, and no more."""
    refused: list[str] = []
    answer = Tokens.answer

    def once(self: Tokens, client: Any, form: Any) -> Any:
        if not refused:
            refused.append(client.id)
            raise OAuthError("invalid_client", "this client is not known here")
        return answer(self, client, form)

    with running(auto_approve=True) as server:
        await sign_in(server.url)
        monkeypatch.setattr(Tokens, "answer", once)
        done = await sign_in(server.url)
    assert (done.code, registrations(done)) == (0, 1)
    assert done.session.client is not None
    assert done.session.client.id not in refused


async def test_a_client_that_is_new_and_refused_ends_the_run(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(self: Tokens, client: Any, form: Any) -> Any:
        raise OAuthError("invalid_client", "this client is not known here")

    monkeypatch.setattr(Tokens, "answer", never)
    with running(auto_approve=True) as server:
        done = await sign_in(server.url)
    assert (done.code, registrations(done)) == (1, 1)
    assert done.session.stop is not None
    assert done.session.stop.id == "token-error"


async def test_a_header_that_is_still_good_is_offered(path: Path) -> None:
    with running(auto_approve=True) as server:
        first = await sign_in(server.url)
        second = await sign_in(server.url)
        fresh = await sign_in(server.url, "--fresh")
        other = await sign_in(server.url, "--scope", "mcp:read mcp:admin")
    assert first.session.stored_header is None
    offered = second.session.stored_header
    assert offered is not None
    assert offered.verified
    assert offered.expires is not None
    assert re.search(
        r"A header of an earlier run is good for 59:\d\d; the server has accepted it\. "
        rf"mcp-auth-tui headers {server.url} prints it\.\n",
        second.err,
    )
    assert (fresh.session.stored_header, other.session.stored_header) == (None, None)
    assert "of an earlier run is good" not in fresh.err


async def test_a_header_that_has_ended_or_is_for_another_server_is_not_offered(
    path: Path,
) -> None:
    with running(auto_approve=True) as server:
        await sign_in(server.url)
        store = RunStore(Config(url=server.url), "file")
        assert await store.offer(time.time()) is not None
        assert await store.offer(time.time() + 4000) is None
        assert await RunStore(Config(url="https://other.example/mcp"), "file").offer(0) is None


async def recalled(url: str) -> tuple[Controller, Session]:
    """Return a run at its start, and the session that has the stored header in it."""
    args = commands.flow().parse_args([url, "--browser", "follow", "--token-store", "file"])
    options = from_arguments(args, {})
    run = controller(options, options.config(url)[0], person=False)
    async with aclosing(run.run()) as events:
        async for event in events:
            if isinstance(event, Learned) and event.name == "stored_header":
                break
    known = await run.recall()
    assert known is not None
    return controller(options, options.config(url)[0], person=False), known


async def test_a_stored_header_takes_the_place_of_a_sign_in_and_is_asked_about(
    path: Path,
) -> None:
    with running(auto_approve=True) as server:
        first = await sign_in(server.url)
        run, known = await recalled(server.url)
        async with aclosing(run.run(known, Stage.VERIFY)) as events:
            told = [event async for event in events]
    session = run.session
    assert (session.outcome, session.exit) == (Outcome.OK, 0)
    assert session.headers == first.session.headers
    assert {item.request.stage for item in session.exchanges} == {
        Stage.PROBE,
        Stage.RESOURCE,
        Stage.VERIFY,
    }
    assert session.stages[Stage.AUTHORIZE].status is Status.KEPT
    assert not [event for event in told if isinstance(event, Remark)]
    (stored,) = TokenStore(path).tokens()
    assert (stored.generation, stored.verified) == (1, True)


async def test_a_refresh_in_a_run_waits_for_its_turn_and_keeps_the_next_generation(
    path: Path,
) -> None:
    """F3: the same lock and the same comparison as in `headers`."""
    with running(auto_approve=True) as server:
        await sign_in(server.url)
        run, known = await recalled(server.url)
        async with aclosing(run.run(known, Stage.TOKEN)) as events:
            async for event in events:
                held = turns_taken(path)
                if isinstance(event, Exchanged) and "refresh" in event.exchange.request.purpose:
                    assert held == 1
        assert turns_taken(path) == 0
    session = run.session
    assert session.outcome is Outcome.OK
    (stored,) = TokenStore(path).tokens()
    grant = TokenStore(path).open(stored.id)
    assert grant is not None
    assert (stored.generation, stored.unanswered) == (2, None)
    assert session.token is not None
    assert (grant.token.access, grant.token.refresh) == (
        session.token.access,
        session.token.refresh,
    )
    assert grant.previous is not None


async def test_what_another_program_got_meanwhile_is_taken_and_nothing_is_sent(
    path: Path,
) -> None:
    with running(auto_approve=True) as server:
        await sign_in(server.url)
        run, known = await recalled(server.url)
        (stored,) = TokenStore(path).tokens()
        renewed = await asyncio.to_thread(
            renew, TokenStore(path), stored.id, NetworkSettings, force=True
        )
        async with aclosing(run.run(known, Stage.TOKEN)) as events:
            async for _ in events:
                pass
    session = run.session
    assert session.outcome is Outcome.OK
    assert session.token is not None
    assert session.token.access == renewed.grant.token.access
    assert not [item for item in session.exchanges if "refresh" in item.request.purpose]


async def test_a_refresh_that_the_server_refuses_spends_that_refresh_token_alone(
    path: Path,
) -> None:
    port = free_port()
    with running(port=port, auto_approve=True) as server:
        await sign_in(server.url)
        run, known = await recalled(server.url)
    with running(port=port, auto_approve=True):
        async with aclosing(run.run(known, Stage.TOKEN)) as events:
            async for _ in events:
                pass
    assert run.session.exit == 1
    assert run.session.headers == known.headers, "what is held is not lost"
    assert turns_taken(path) == 0
    (stored,) = TokenStore(path).tokens()
    assert (stored.generation, stored.refreshable) == (1, False)


async def test_a_store_that_cannot_be_written_keeps_a_refresh_from_being_sent(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(self: TokenStore, stored: StoredToken) -> bool:
        raise StoreProblem("The token store cannot be written: No space left on device.")

    with running(auto_approve=True) as server:
        await sign_in(server.url)
        run, known = await recalled(server.url)
        monkeypatch.setattr(TokenStore, "begin_refresh", full)
        async with aclosing(run.run(known, Stage.TOKEN)) as events:
            async for _ in events:
                pass
    stop = run.session.stop
    assert stop is not None
    assert (stop.id, "No space left" in stop.seen) == ("client-store", True)
    assert run.session.headers == known.headers
    assert not [item for item in run.session.exchanges if "refresh" in item.request.purpose]
    assert turns_taken(path) == 0


async def test_a_refresh_beside_a_run_that_is_over_keeps_its_outcome(path: Path) -> None:
    args = ["--browser", "follow", "--token-store", "file"]
    with running(auto_approve=True) as server:
        options = from_arguments(commands.flow().parse_args([server.url, *args]), {})
        config = options.config(server.url)[0]
        run = controller(options, config, person=False)
        async with aclosing(run.run()) as events:
            async for _ in events:
                pass
        before = run.session
        async with aclosing(run.aside(refresh(config, run.session))) as events:
            async for _ in events:
                pass
    assert (run.session.outcome, run.session.exit) == (Outcome.OK, 0)
    assert run.session.previous == before.token
    assert run.session.headers != before.headers
    assert TokenStore(path).tokens()[0].generation == 2
    assert turns_taken(path) == 0
    with running(auto_approve=True):
        held = run.session.headers
        async with aclosing(run.aside(refresh(config, run.session))) as events:
            told = [event async for event in events if isinstance(event, Finding)]
    assert [(item.id, item.exit) for item in told if item.level is Level.FATAL] == [
        ("net-connect", 5)
    ]
    assert (run.session.outcome, run.session.headers) == (Outcome.OK, held)
    (stored,) = TokenStore(path).tokens()
    assert stored.unanswered is not None


async def test_a_client_made_by_hand_comes_back_to_the_port_that_was_chosen_once(
    path: Path,
) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with running(auto_approve=True) as server:
        registered = await sign_in(server.url, "--port", str(port))
        client = registered.session.client
        assert client is not None
        mine = ("--client-id", client.id)
        chosen = await sign_in(server.url, *mine, "--port", str(port))
        again = await sign_in(server.url, *mine)
        third = await sign_in(server.url, *mine)
    assert [item.code for item in (chosen, again, third)] == [0, 0, 0]
    assert chosen.session.remarks == (
        f"Later runs with --client-id {client.id} come back to {client.redirect_uri} too.",
    )
    said = (
        f"The redirect URI is that of an earlier run of this client, {client.redirect_uri}:"
        " --port or --redirect-uri changes it.",
    )
    for later in (again, third):
        assert later.session.remarks == said
        assert later.session.client is not None
        assert later.session.client.redirect_uri == client.redirect_uri
