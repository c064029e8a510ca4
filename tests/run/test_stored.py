"""What a run keeps, when, and what it says of it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from mcp_auth_tui.demo.thread import running
from mcp_auth_tui.model import Learned, Remark
from mcp_auth_tui.run.stored import RunStore
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
