"""`sessions`: what is stored is told, refreshed, looked at, ended on the server and forgotten."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mcp_auth_tui.cli.main import main
from mcp_auth_tui.demo.server import PracticeServer
from mcp_auth_tui.demo.thread import running
from mcp_auth_tui.model import Secret
from mcp_auth_tui.storage.tokens import TokenStore
from tests.cli.test_headers import CLIENT, ISSUER, SERVER, URL, age, ask, token
from tests.runs import Finished, finished


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "data" / "tokens.json"
    monkeypatch.setenv("MCP_AUTH_TUI_TOKENS", str(path))
    return path


@pytest.fixture
def server(path: Path) -> Iterator[PracticeServer]:
    with running(auto_approve=True) as server:
        yield server


def sign_in(server: PracticeServer, *words: str) -> Finished:
    words = (server.url, "--browser", "follow", "--token-store", "file", *words)
    return asyncio.run(finished(*words))


def secrets_of(path: Path) -> list[str]:
    document = json.loads(path.read_text())
    entries = [*document["clients"], *document["tokens"]]
    return [value for entry in entries for value in entry["secrets"].values()]


def sessions(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    capsys.readouterr()
    return main(["sessions", *words]), *capsys.readouterr()


def test_tokens_and_registrations_are_listed_without_a_secret(
    path: Path, server: PracticeServer, capsys: pytest.CaptureFixture[str]
) -> None:
    assert sessions(capsys) == (0, "", "mcp-auth-tui: Nothing is stored.\n")
    sign_in(server)
    TokenStore(path, "file").keep_client(CLIENT)
    code, out, err = sessions(capsys)
    (stored,) = TokenStore(path).tokens()
    lines = out.splitlines()
    assert (code, err, lines[0], lines[2], lines[3]) == (
        0,
        "",
        server.url,
        f"  client {stored.client_id} of {server.issuer}; in the file",
        f"no token: client c1 of {ISSUER} (dynamic)",
    )
    assert lines[1].startswith("  Bearer, good for 59:5")
    assert lines[1].endswith(", is refreshed; scopes notes:read")
    code, text, err = sessions(capsys, "--json")
    document = json.loads(text)
    assert (code, err, document["schema"]) == (0, "", "mcp-auth-tui-sessions/1")
    assert document["tokens"][0]["urls"] == [server.url]
    assert [item["client_id"] for item in document["clients"]] == [stored.client_id, "c1"]
    assert [secret for secret in secrets_of(path) if secret in out + text] == []


def test_one_is_shown_with_its_secrets_masked(
    path: Path, server: PracticeServer, capsys: pytest.CaptureFixture[str]
) -> None:
    sign_in(server)
    code, out, err = sessions(capsys, "show", server.url)
    assert (code, err) == (0, "")
    assert f"  issuer: {server.issuer}\n  token endpoint: {server.issuer}/token\n" in out
    assert "  accepted by the server: yes\n" in out
    assert [secret for secret in secrets_of(path) if secret in out] == []


def test_a_refresh_says_what_rotated(
    path: Path, server: PracticeServer, capsys: pytest.CaptureFixture[str]
) -> None:
    sign_in(server)
    before = secrets_of(path)
    code, out, err = sessions(capsys, "refresh", server.url)
    (stored,) = TokenStore(path).tokens()
    lines = out.splitlines()
    assert (code, err, stored.generation) == (0, "", 2)
    assert lines[0] == f"{server.url} (client {stored.client_id}): refreshed"
    assert lines[1].startswith("  access token: new, ")
    assert lines[2].startswith("  refresh token: rotated, ")
    assert [secret for secret in (*before, *secrets_of(path)) if secret in out] == []


def test_the_server_is_asked_what_a_token_is_worth(
    path: Path, server: PracticeServer, capsys: pytest.CaptureFixture[str]
) -> None:
    sign_in(server)
    code, out, err = sessions(capsys, "introspect", server.url)
    (stored,) = TokenStore(path).tokens()
    assert (code, err) == (0, "")
    assert out.startswith(f"{server.url} (client {stored.client_id}): active\n")
    assert "  scope: notes:read\n" in out
    code, out, err = sessions(capsys, "introspect", server.url, "--json")
    (answer,) = json.loads(out)["introspection"]
    assert (code, answer["answer"]["active"], answer["url"]) == (0, True, server.url)


def test_a_whole_life_ends_with_nothing_on_the_server_and_nothing_here(
    path: Path, server: PracticeServer, capsys: pytest.CaptureFixture[str]
) -> None:
    """ST3: sign in, close, headers after the token ended, revoke: refused, and the client gone."""
    done = sign_in(server)
    age(path)
    printed = ask(server.url)
    assert (printed.returncode, printed.stderr) == (0, "")
    grant = TokenStore(path).open(TokenStore(path).tokens()[0].id)
    assert grant is not None
    code, out, err = sessions(capsys, "revoke", "--all")
    client = grant.stored.client_id
    assert (code, err) == (0, "")
    assert out == (
        f"ended: refresh token for {server.url} (client {client})\n"
        f"ended: access token for {server.url} (client {client})\n"
        f"ended: registration {client} at {server.issuer}\n"
    )
    assert TokenStore(path).tokens() == TokenStore(path).clients() == ()
    assert ask(server.url).returncode == 3
    # What was ended is refused: put it back, and ask.
    store = TokenStore(path, "file")
    assert grant.client is not None
    kept = replace(grant.client, stored=False)
    store.keep((server.url,), grant.stored.server, kept, grant.token)
    code, out, err = sessions(capsys, "introspect", server.url)
    assert (code, out) == (1, "")
    assert "401 (invalid_client)" in err
    age(path)
    refused = ask(server.url)
    assert (refused.returncode, refused.stdout) == (3, "")
    assert "refused to refresh it: invalid_client" in refused.stderr
    again = sign_in(server)
    assert again.session.client is not None
    assert done.session.client is not None
    assert again.session.client.id != done.session.client.id


def test_a_registration_that_another_token_needs_is_left(
    path: Path, server: PracticeServer, capsys: pytest.CaptureFixture[str]
) -> None:
    sign_in(server)
    store = TokenStore(path, "file")
    grant = store.open(store.tokens()[0].id)
    assert grant is not None
    assert grant.client is not None
    other = replace(grant.token, resource="https://other.example/mcp")
    store.keep(("https://other.example/mcp",), grant.stored.server, grant.client, other)
    code, out, err = sessions(capsys, "revoke", server.url)
    assert (code, err, "registration" in out) == (0, "", False)
    assert [item.resource for item in store.tokens()] == ["https://other.example/mcp"]
    assert len(store.clients()) == 1


def test_what_a_server_cannot_end_is_told_and_forgotten(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    TokenStore(path, "file").keep((URL,), SERVER, CLIENT, token(refresh=Secret("r")))
    code, out, err = sessions(capsys, "revoke", URL)
    why = "the authorization server offers no revocation"
    assert (code, out) == (1, "")
    assert err == (
        f"mcp-auth-tui: still on the server: refresh token for {URL} (client c1): {why}.\n"
        f"mcp-auth-tui: still on the server: access token for {URL} (client c1): {why}.\n"
        f"mcp-auth-tui: still on the server: registration c1 at {ISSUER}: the authorization server "
        "gave no way to delete it.\n"
    )
    assert TokenStore(path).tokens() == TokenStore(path).clients() == ()


def test_what_a_server_that_is_away_still_has_stays_stored(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with running(auto_approve=True) as server:
        sign_in(server)
    code, out, err = sessions(capsys, "revoke", "--all")
    assert (code, out) == (1, "")
    assert err.count("refused the connection") == 2
    assert err.endswith(
        "mcp-auth-tui: 2 of the entries stay stored: try again, or use sessions forget.\n"
    )
    assert len(TokenStore(path).tokens()) == len(TokenStore(path).clients()) == 1
    code, out, err = sessions(capsys, "forget", "--all")
    assert (code, out) == (0, "")
    assert "is forgotten; on the server it stays until it ends." in err
    assert TokenStore(path).tokens() == TokenStore(path).clients() == ()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("list", URL), "list takes no URL: it lists everything"),
        (("revoke",), "revoke needs a URL, or --all"),
        (("show", URL, "--all"), "show needs a URL, or --all"),
        (("shwo",), "invalid choice"),
    ],
)
def test_wrong_usage_is_told(
    path: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], sentence: str
) -> None:
    code, out, err = sessions(capsys, *words)
    assert (code, out, sentence in err) == (2, "", True)


def test_a_server_of_which_nothing_is_stored_is_told(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    TokenStore(path, "file").keep((URL,), SERVER, CLIENT, token())
    words: tuple[Any, ...] = ("show", "https://other.example/mcp")
    assert sessions(capsys, *words) == (
        3,
        "",
        "mcp-auth-tui: Nothing is stored for https://other.example/mcp.\n",
    )


def test_nothing_is_kept_of_the_practice_server_of_this_program(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("--plain", "--browser", "follow", "--auto-approve", "--token-store", "file")
    assert main(["demo", *words]) == 0
    assert capsys.readouterr().out.startswith("Authorization: Bearer ")
    assert not path.exists()


def test_a_token_without_a_refresh_token_is_not_called_refreshed(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    TokenStore(path, "file").keep((URL,), SERVER, CLIENT, token())
    assert sessions(capsys, "refresh", URL) == (
        3,
        "",
        f"mcp-auth-tui: {URL} (client c1): There is nothing to refresh the token with.\n",
    )
