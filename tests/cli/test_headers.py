"""`headers`: what it prints, from which token, and that many at once refresh it once."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, ClassVar
from urllib.parse import parse_qsl

import pytest
from joserfc.jwk import ECKey

from mcp_auth_tui.cli import headers
from mcp_auth_tui.cli.main import main
from mcp_auth_tui.demo.server import PracticeServer
from mcp_auth_tui.demo.thread import running
from mcp_auth_tui.demo.tokens import Tokens
from mcp_auth_tui.model import Secret
from mcp_auth_tui.model.oauth import AuthorizationServer, Client, Token
from mcp_auth_tui.storage.tokens import TokenStore
from tests.runs import finished

URL = "https://mcp.example.com/mcp"
ISSUER = "https://auth.example.com"
SERVER = AuthorizationServer(ISSUER, None, f"{ISSUER}/authorize", f"{ISSUER}/token")
CLIENT = Client("c1", "dynamic", ISSUER, "http://127.0.0.1:1/callback", "none")
PROCESSES = int(os.environ.get("MCP_AUTH_TUI_TEST_PROCESSES", "20"))


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "data" / "tokens.json"
    monkeypatch.setenv("MCP_AUTH_TUI_TOKENS", str(path))
    return path


def token(**changes: Any) -> Token:
    fields = {"received": time.time(), "expires_in": 3600.0, "scope_granted": "a b", **changes}
    made = Token(Secret("token-1"), "Bearer", ISSUER, URL, "c1", 0.0)
    return replace(made, **fields)


def age(path: Path, **changes: Any) -> None:
    """Make the one stored token older, as time does."""
    document = json.loads(path.read_text())
    document["tokens"][0] |= {"received": 0.0, "expires": 1.0, **changes}
    path.write_text(json.dumps(document))


@pytest.fixture
def server(path: Path) -> Iterator[PracticeServer]:
    with running(auto_approve=True) as server:
        yield server


async def sign_in(server: PracticeServer) -> str:
    """Return the access token of a run, which is stored."""
    done = await finished(server.url, "--browser", "follow", "--token-store", "file")
    assert done.session.token is not None
    return done.session.token.access.reveal()


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("headers", "Authorization: Bearer token-1\n"),
        ("json", '{"Authorization": "Bearer token-1"}\n'),
        ("token", "token-1\n"),
        (
            "sh",
            f"export MCP_URL={URL}\nexport MCP_TOKEN=token-1\n"
            "export MCP_AUTHORIZATION='Bearer token-1'\n",
        ),
        ("curl", 'header = "Authorization: Bearer token-1"\n'),
    ],
)
def test_a_token_that_is_good_is_printed_in_each_form(
    path: Path, capsys: pytest.CaptureFixture[str], name: str, text: str
) -> None:
    TokenStore(path, "file").keep((URL,), SERVER, CLIENT, token())
    assert {*headers.FORMATS} == {"headers", "json", "token", "sh", "curl"}
    assert main(["headers", URL, "--format", name]) == 0
    assert capsys.readouterr() == (text, "")


@pytest.mark.parametrize(
    "typed", ["mcp.example.com/mcp", "HTTPS://MCP.example.com/mcp", "https://mcp.example.com/mcp"]
)
def test_the_url_may_be_typed_as_for_a_run(
    path: Path, capsys: pytest.CaptureFixture[str], typed: str
) -> None:
    TokenStore(path, "file").keep((URL,), SERVER, CLIENT, token())
    assert main(["headers", typed, "--format", "token"]) == 0
    assert capsys.readouterr() == ("token-1\n", "")


def test_a_token_that_a_shell_or_curl_could_misread_is_quoted(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    TokenStore(path, "file").keep((URL,), SERVER, CLIENT, token(access=Secret("a\"b\\c'$(d)")))
    assert main(["headers", URL, "--format", "curl"]) == 0
    assert capsys.readouterr().out == 'header = "Authorization: Bearer a\\"b\\\\c\'$(d)"\n'
    assert main(["headers", URL, "--format", "sh"]) == 0
    script = f'{capsys.readouterr().out}printf %s "$MCP_TOKEN"'
    done = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "a\"b\\c'$(d)"


def test_what_cannot_stand_in_a_header_is_never_printed(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    TokenStore(path, "file").keep((URL,), SERVER, CLIENT, token(access=Secret("a\r\nX: b")))
    assert main(["headers", URL]) == 3
    out, err = capsys.readouterr()
    assert (out, "X: b" in err) == ("", False)


def test_a_file_gets_it_readable_by_the_owner_alone(
    path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    TokenStore(path, "file").keep((URL,), SERVER, CLIENT, token())
    file = tmp_path / "token"
    assert main(["headers", URL, "--format", "token", "-o", str(file)]) == 0
    assert (file.read_text(), file.stat().st_mode & 0o777) == ("token-1\n", 0o600)
    assert capsys.readouterr() == ("", "")


def test_without_a_token_the_command_that_signs_in_is_named(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["headers", "mcp.example.com/mcp", "--scope", "a b"]) == 3
    assert capsys.readouterr() == (
        "",
        f"mcp-auth-tui: no token for {URL} is stored (scope a b). Sign in: mcp-auth-tui {URL} "
        "--scope 'a b'\n",
    )


def test_a_token_that_ended_and_cannot_be_refreshed_needs_a_sign_in(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    TokenStore(path, "file").keep((URL,), SERVER, CLIENT, token(expires_in=600.0))
    age(path)
    assert main(["headers", URL]) == 3
    assert capsys.readouterr().err == (
        f"mcp-auth-tui: There is nothing to refresh the token with. Sign in: mcp-auth-tui {URL}\n"
    )


def test_of_several_tokens_one_is_chosen_by_client_issuer_or_scope(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store = TokenStore(path, "file")
    store.keep((URL,), SERVER, CLIENT, token())
    other = token(access=Secret("token-2"), client_id="c2", scope_granted="c")
    store.keep((URL,), SERVER, replace(CLIENT, id="c2"), other)
    assert main(["headers", URL]) == 2
    assert capsys.readouterr() == (
        "",
        f"mcp-auth-tui: several tokens for {URL} are stored; choose one with these options:\n"
        f"  --client-id c2 --issuer {ISSUER}   granted: c\n"
        f"  --client-id c1 --issuer {ISSUER}   granted: a b\n",
    )
    for words, printed in (
        (("--client-id", "c2"), "token-2\n"),
        (("--scope", "b a"), "token-1\n"),
    ):
        assert main(["headers", URL, "--format", "token", *words]) == 0
        assert capsys.readouterr().out == printed


def test_a_store_that_cannot_be_read_is_told(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path.parent.mkdir()
    path.write_text("{")
    assert main(["headers", URL]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"mcp-auth-tui: The token store {path} is not what mcp-auth-tui writes")


async def test_a_token_that_is_about_to_end_is_refreshed_silently(
    path: Path, server: PracticeServer
) -> None:
    first = await sign_in(server)
    age(path, expires=time.time() + 2, received=time.time() - 3598)
    done = ask(server.url)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout not in ("", f"{first}\n")
    assert ask(server.url).stdout == done.stdout, "it is stored, and good for a while"
    (stored,) = TokenStore(path).tokens()
    assert (stored.generation, stored.unanswered, stored.verified) == (2, None, True)


async def test_a_refusal_that_was_lifted_to_sign_in_is_lifted_for_the_refresh(path: Path) -> None:
    """OpenAuth's answers lack token_type each time: the header could not be kept alive."""
    with running(auto_approve=True, faults=("token-type",)) as server:
        words = ("--browser", "follow", "--token-store", "file", "--allow", "token-type-unknown")
        done = await finished(server.url, *words)
        assert done.code == 0
        first = path.read_text()
        age(path)
        again = ask(server.url)
        assert (again.returncode, again.stderr) == (0, "")
        assert again.stdout.strip() not in first
        (stored,) = TokenStore(path).tokens()
        assert (stored.generation, stored.allowed) == (2, ("token-type-unknown",))


async def test_a_refresh_token_that_is_refused_is_dropped_and_a_sign_in_is_asked_for(
    path: Path, server: PracticeServer
) -> None:
    await sign_in(server)
    document = json.loads(path.read_text())
    document["tokens"][0]["secrets"]["refresh"] = "of another time"
    path.write_text(json.dumps(document))
    age(path, unanswered=1_700_000_000.0)
    done = ask(server.url)
    assert (done.returncode, done.stdout) == (3, "")
    assert "refused to refresh it: invalid_grant. The answer to a refresh at 2023" in done.stderr
    assert done.stderr.endswith(f". Sign in: mcp-auth-tui {server.url}\n")
    assert TokenStore(path).tokens()[0].refreshable is False


async def test_the_refresh_token_before_is_tried_where_the_newest_is_refused(
    path: Path, server: PracticeServer
) -> None:
    """A server may have answered, and then gone back to what it knew before."""
    await sign_in(server)
    document = json.loads(path.read_text())
    secrets = document["tokens"][0]["secrets"]
    secrets |= {"previous": secrets["refresh"], "refresh": "never reached the server's disk"}
    path.write_text(json.dumps(document))
    age(path)
    done = ask(server.url)
    assert (done.returncode, done.stderr) == (0, "")
    grant = TokenStore(path).open(document["tokens"][0]["id"])
    assert grant is not None
    assert grant.token.access.reveal() == done.stdout.strip()


async def test_a_server_that_is_away_costs_the_header_only_once_it_has_ended(path: Path) -> None:
    with running(auto_approve=True) as server:
        first = await sign_in(server)
    age(path, expires=time.time() + 5, received=time.time() - 3595)
    done = ask(server.url)
    assert (done.returncode, done.stdout) == (0, f"{first}\n")
    assert "mcp-auth-tui: The token was not refreshed" in done.stderr
    age(path)
    done = ask(server.url)
    assert (done.returncode, done.stdout) == (5, "")
    assert "refused the connection" in done.stderr
    assert TokenStore(path).tokens()[0].refreshable, "nothing is lost"


async def test_a_store_that_cannot_be_written_keeps_a_refresh_from_being_sent(
    path: Path, server: PracticeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    await sign_in(server)
    age(path)
    path.with_name("tokens.json.new").mkdir()
    done = ask(server.url)
    assert (done.returncode, done.stdout) == (1, "")
    assert "cannot be written: Is a directory" in done.stderr
    path.with_name("tokens.json.new").rmdir()
    assert ask(server.url).returncode == 0, "the refresh token is not spent"


async def test_many_at_once_refresh_an_ended_token_once_and_all_print_the_new_one(
    path: Path, server: PracticeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """F3: one refresh at a time, across processes."""
    first = await sign_in(server)
    age(path)
    answers: list[str] = []
    answer = Tokens.answer

    def counted(self: Tokens, client: Any, form: Any) -> Any:
        answers.append(form["grant_type"])
        return answer(self, client, form)

    monkeypatch.setattr(Tokens, "answer", counted)
    processes = [start(server.url) for _ in range(PROCESSES)]
    done = [(*process.communicate(timeout=100), process.returncode) for process in processes]
    assert answers == ["refresh_token"]
    assert {(err, code) for _, err, code in done} == {("", 0)}
    (printed,) = {out for out, _, _ in done}
    assert printed != f"{first}\n"


def start(url: str) -> subprocess.Popen[str]:
    words = [sys.executable, "-m", "mcp_auth_tui", "headers", url, "--format", "token"]
    return subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def ask(url: str) -> subprocess.CompletedProcess[str]:
    process = start(url)
    out, err = process.communicate(timeout=60)
    return subprocess.CompletedProcess([], process.returncode, out, err)


def test_an_id_token_that_is_the_bearer_is_what_is_printed(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Kept by a run with --id-token; it stays when the refresh token is refused."""
    store = TokenStore(path, "file")
    chosen = token(id_token=Secret("identity-1"), refresh=Secret("r-1"), by_id_token=True)
    stored = store.keep((URL,), SERVER, CLIENT, chosen)
    assert main(["headers", URL]) == 0
    store.drop_refresh_token(stored)
    assert main(["headers", URL]) == 0
    assert capsys.readouterr().out == "Authorization: Bearer identity-1\n" * 2


class _TokenEndpoint(BaseHTTPRequestHandler):
    """Answers every refresh, and keeps what was sent."""

    forms: ClassVar[list[dict[str, str]]] = []

    def do_POST(self) -> None:
        sent = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.forms.append(dict(parse_qsl(sent)))
        answer = {"access_token": "token-2", "token_type": "Bearer", "expires_in": 3600}
        body = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Cache-Control", "no-store")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def test_a_client_that_proves_itself_by_a_key_is_refreshed_with_the_key_from_its_source(
    path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """K4: the key stays where it is; only its place is kept."""
    key = tmp_path / "key.json"
    key.touch(mode=0o600)
    key.write_text(json.dumps(ECKey.generate_key("P-256").as_dict(private=True)))
    endpoint = ThreadingHTTPServer(("127.0.0.1", 0), _TokenEndpoint)
    thread = Thread(target=endpoint.serve_forever, daemon=True)
    thread.start()
    try:
        url = f"http://127.0.0.1:{endpoint.server_port}/mcp"
        server = replace(SERVER, token_endpoint=url.replace("mcp", "token"))
        client = replace(CLIENT, auth_method="private_key_jwt", how="pre-registered")
        store = TokenStore(path, "file")
        store.keep((url,), server, client, token(refresh=Secret("refresh-1")))
        store.note_key_source(client, f"file:{key}")
        age(path)
        assert main(["headers", url, "--format", "token"]) == 0
        assert capsys.readouterr().out == "token-2\n"
        (form,) = _TokenEndpoint.forms
        assert (form["grant_type"], form["client_id"]) == ("refresh_token", "c1")
        assert form["client_assertion"].count(".") == 2
        assert key.read_text() not in path.read_text()
        key.unlink()
        age(path)
        assert main(["headers", url]) == 1
        assert f"there is no file {key}" in capsys.readouterr().err
        assert TokenStore(path).tokens()[0].unanswered is None, "nothing was sent"
    finally:
        endpoint.shutdown()
        endpoint.server_close()
        thread.join(10)


def test_the_command_that_signs_in_has_what_the_token_was_obtained_with(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """JupyterHub 6.1: no metadata, a client made by hand, and no refresh token."""
    client = replace(CLIENT, how="pre-registered", auth_method="client_secret_post")
    server = replace(SERVER, by_hand=True)
    held = token(expires_in=600.0, allowed=("token-no-type",))
    TokenStore(path, "file").keep((URL,), server, client, held)
    age(path)
    assert main(["headers", URL]) == 3
    assert capsys.readouterr().err == (
        f"mcp-auth-tui: There is nothing to refresh the token with. Sign in: mcp-auth-tui {URL}"
        f" --client-id c1 --client-secret-prompt --authorization-endpoint {ISSUER}/authorize"
        f" --token-endpoint {ISSUER}/token --allow token-no-type\n"
    )
