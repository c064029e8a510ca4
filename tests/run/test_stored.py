"""What a run keeps, when, and what it says of it."""

from __future__ import annotations

import json
import socket
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from mcp_auth_tui.demo.records import OAuthError
from mcp_auth_tui.demo.thread import running
from mcp_auth_tui.demo.tokens import Tokens
from mcp_auth_tui.model import Learned, Remark
from mcp_auth_tui.run.stored import RunStore, offer
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
    store = RunStore(scripted.URL, "file", {"MCP_AUTH_TUI_TOKENS": str(path)})
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
        "The authorization server does not know the client that was kept any more: a new one is "
        "registered."
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
        assert offer(server.url) == ""
        await sign_in(server.url)
        assert offer(server.url, now=time.time() + 60.5) == (
            "A header of an earlier run is good for 58:59: mcp-auth-tui headers "
            f"{server.url} prints it."
        )
        assert offer(server.url, now=time.time() + 4000) == ""
        assert offer("https://other.example/mcp") == ""
