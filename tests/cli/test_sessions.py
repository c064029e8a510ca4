"""`sessions`: what is stored is told, refreshed, looked at, ended on the server and forgotten."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mcp_auth_tui.cli import sessions as command
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
    why = "the authorization server names no revocation_endpoint"
    assert (code, out) == (1, "")
    assert err == (
        f"mcp-auth-tui: still on the server: refresh token for {URL} (client c1): {why}.\n"
        f"mcp-auth-tui: still on the server: access token for {URL} (client c1): {why}.\n"
        f"mcp-auth-tui: still on the server: registration c1 at {ISSUER}: the authorization server "
        "gave no way to delete it.\n"
    )
    assert TokenStore(path).tokens() == TokenStore(path).clients() == ()


def test_what_is_stored_for_other_servers_does_not_count_as_left(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As with n8n: it ends both tokens, and has no way to delete a registration."""
    store = TokenStore(path, "file")
    store.keep((URL,), SERVER, CLIENT, token())
    other = replace(token(), resource="https://other.example/mcp", client_id="c2")
    store.keep(("https://other.example/mcp",), SERVER, replace(CLIENT, id="c2"), other)
    code, out, err = sessions(capsys, "revoke", URL)
    assert (code, out, "stay stored" in err) == (1, "", False)
    assert [item.client_id for item in TokenStore(path).tokens()] == ["c2"]


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


def kept_elsewhere(home: Path, url: str, **tokens: Any) -> Path:
    """Write what mcporter would keep for a server."""
    members = {"access_token": "at-1", "token_type": "Bearer", "refresh_token": "rt-1", **tokens}
    entry = {
        "serverName": "notes",
        "serverUrl": url,
        "updatedAt": "2026-01-01T00:00:00.000Z",
        "tokens": {key: value for key, value in members.items() if value is not ...},
        "clientInfo": {"client_id": "c1", "redirect_uris": ["http://127.0.0.1:1/cb"]},
    }
    path = home / ".mcporter" / "credentials.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps({"version": 1, "entries": {"notes|0": entry}}))
    return path


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    return tmp_path


def test_what_another_program_keeps_is_listed_masked_and_taken_over_for_its_server(
    path: Path, home: Path, server: PracticeServer, capsys: pytest.CaptureFixture[str]
) -> None:
    assert sessions(capsys, "import")[0] == 3
    kept = kept_elsewhere(home, server.url)
    code, out, _ = sessions(capsys, "import")
    assert (code, out.splitlines()[0]) == (0, f"mcporter: {server.url}")
    assert "at-1" not in out
    before = kept.read_text()
    code, out, err = sessions(capsys, "import", server.url)
    assert (code, out) == (0, "")
    assert "What mcporter keeps" in err
    assert kept.read_text() == before
    store = TokenStore(path, "file")
    (stored,) = store.tokens()
    grant = store.open(stored.id)
    assert grant is not None
    assert grant.client is not None
    assert (grant.token.access, grant.client.how) == (Secret("at-1"), "imported from mcporter")
    assert store.find_client(server.issuer, None, None, None) is None, "it is not ours to use"
    code, _, err = sessions(capsys, "refresh", server.url)
    assert code in (1, 3)
    assert "invalid_client" in err or "invalid_grant" in err


@pytest.mark.parametrize(
    ("tokens", "words"),
    [
        ({"access_token": ...}, "There is no token in it."),
        ({"token_type": "DPoP"}, "only Bearer can be used"),
    ],
)
def test_what_cannot_be_taken_over_says_why(
    path: Path,
    home: Path,
    server: PracticeServer,
    tokens: dict[str, Any],
    words: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    kept_elsewhere(home, server.url, **tokens)
    code, _, err = sessions(capsys, "import", server.url)
    assert (code, words in err) == (1, True), err
    assert TokenStore(path).tokens() == ()


def test_a_token_of_another_issuer_is_not_taken_over(
    path: Path,
    home: Path,
    server: PracticeServer,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    state = home / "oauth.json"
    monkeypatch.setenv("MCP_INSPECTOR_OAUTH_STATE_PATH", str(state))
    slot = {"tokens": {"access_token": "at-1"}, "clientInformation": {"client_id": "c1"}}
    servers = {server.url: {"byIssuer": {"https://other.example": slot}}}
    state.write_text(json.dumps({"servers": servers, "idpSessions": {}}))
    code, _, err = sessions(capsys, "import", server.url)
    assert code == 1
    assert "it was given away by another server, and is sent to none" in err
    assert TokenStore(path).tokens() == ()


def test_an_unknown_program_is_a_usage_error(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, _, err = sessions(capsys, "import", "--from", "claude")
    assert (code, "mcp-remote, inspector, mcporter, mcpc, fastmcp" in err) == (2, True)


def test_what_is_said_of_a_store_that_was_tampered_with_is_harmless(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert command._say("The registration \x1b[31m\x7f stays.", 3) == 3
    assert capsys.readouterr().err == "mcp-auth-tui: The registration \\x1b[31m\\x7f stays.\n"
