"""The forms of the result: each gives back the same token, and none gives it away."""

from __future__ import annotations

import json
import shlex
import shutil
import subprocess
import threading
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_auth_tui.exports import EXPORTS, rendered
from mcp_auth_tui.exports.curl import quoted
from mcp_auth_tui.model import Secret, Session
from mcp_auth_tui.settings.arguments.names import EXPORTS as NAMES
from tests.scripted import URL, Secrets, folded, probe, refused, run, token

SECRET = Secrets().access
DONE = folded(run())


def written(name: str, session: Session = DONE) -> str:
    return EXPORTS[name].render(session)


def test_the_help_names_the_exports_that_there_are() -> None:
    assert tuple(EXPORTS) == NAMES
    assert [export.name for export in EXPORTS.values()] == list(EXPORTS)


def test_headers_are_one_line_each() -> None:
    assert written("headers") == f"Authorization: Bearer {SECRET}\n"


def test_the_token_stands_bare() -> None:
    assert written("token") == f"{SECRET}\n"


def test_json_is_an_object_of_headers() -> None:
    assert json.loads(written("json")) == {"Authorization": f"Bearer {SECRET}"}


@pytest.mark.parametrize("name", [name for name, form in EXPORTS.items() if not form.always])
def test_a_run_without_headers_exports_nothing(name: str) -> None:
    assert written(name, folded(refused())) == ""
    assert written(name, Session()) == ""


def test_curl_repeats_the_accepted_request_without_what_belonged_to_its_session() -> None:
    assert written("curl") == (
        "curl --config - <<'END'\n"
        f'url = "{URL}"\n'
        "globoff\n"
        "silent\n"
        "show-error\n"
        f'header = "Authorization: Bearer {SECRET}"\n'
        'header = "Accept: application/json, text/event-stream"\n'
        'header = "Content-Type: application/json"\n'
        'header = "MCP-Protocol-Version: 2026-07-28"\n'
        'data-raw = "{\\"jsonrpc\\": \\"2.0\\", \\"id\\": 2,'
        ' \\"method\\": \\"server/discover\\"}"\n'
        "END\n"
    )


def test_curl_repeats_the_refused_request_when_none_was_accepted_yet() -> None:
    session = replace(folded([*run()[:1], probe()]), token=token(Secrets()))
    assert '\\"id\\": 1' in written("curl", session)


@pytest.mark.parametrize("name", ["curl", "env"])
@pytest.mark.parametrize(
    "hostile", ["'; touch owned; '", '"$(touch owned)"', "`touch owned`", "${HOME}", "END"]
)
def test_a_hostile_url_runs_nothing_in_a_shell(name: str, hostile: str, tmp_path: Path) -> None:
    session = replace(DONE, url=f"https://mcp.example.com/{hostile}", exchanges=())
    script = written(name, session).replace("curl --config -", "cat >/dev/null")
    done = subprocess.run(["bash", "-eu", "-c", script], cwd=tmp_path, check=False)
    assert done.returncode == 0
    assert list(tmp_path.iterdir()) == []


@given(st.text(max_size=40).filter(lambda value: "\x00" not in value))
def test_what_curl_reads_from_quotes_is_one_line(value: str) -> None:
    line = quoted(value)
    assert line[0] == line[-1] == '"'
    assert not set("\n\r") & set(line)


def test_a_marked_run_says_so_in_every_form_that_has_comments() -> None:
    edited = replace(DONE.exchanges[3], edited=True)
    marked = replace(
        DONE,
        lifted=("the refusal as-issuer-slash is lifted (--allow)",),
        exchanges=(*DONE.exchanges[:3], edited, *DONE.exchanges[4:]),
    )
    told = "the refusal as-issuer-slash is lifted (--allow); exchange 4 was edited by hand"
    for name in ("curl", "env"):
        assert written(name, marked) == f"# marked run: {told}\n{written(name)}"
    for name in ("headers", "token", "json"):
        assert written(name, marked) == written(name)


def test_the_end_of_the_here_document_is_never_a_line_of_it() -> None:
    lines = written("curl").splitlines()
    assert lines.count("END") == 1


class Echo(BaseHTTPRequestHandler):
    """Keeps the last request, for a look at what curl made of its configuration."""

    seen: ClassVar[dict[str, object]] = {}

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"])).decode()
        Echo.seen.update(path=self.path, body=body, headers=dict(self.headers))
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"welcome")

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.mark.skipif(not shutil.which("curl"), reason="there is no curl here")
def test_curl_itself_sends_the_header_and_no_argument_holds_the_token(tmp_path: Path) -> None:
    """SPEC 6: nothing secret in argv."""
    server = HTTPServer(("127.0.0.1", 0), Echo)
    thread = threading.Thread(target=server.handle_request)
    thread.start()
    url = f"http://127.0.0.1:{server.server_port}/mcp?a=[1-3]&b={{x,y}}"
    exchanges = tuple(
        replace(e, request=replace(e.request, url=url)) if e.request.url == URL else e
        for e in DONE.exchanges
    )
    command = written("curl", replace(DONE, url=url, exchanges=exchanges))
    wrapper = tmp_path / "curl"
    wrapper.write_text(
        f'#!/bin/sh\nprintf "%s\\n" "$@" >"{tmp_path}/argv"\nexec {shutil.which("curl")} "$@"\n'
    )
    wrapper.chmod(0o700)
    path = f"{tmp_path}:/usr/bin:/bin"
    done = subprocess.run(
        ["bash", "-c", command],
        env={"PATH": path, "HOME": str(tmp_path)},
        capture_output=True,
        timeout=20,
        check=False,
    )
    thread.join(20)
    server.server_close()
    assert (done.returncode, done.stdout) == (0, b"welcome")
    assert Echo.seen["path"] == "/mcp?a=[1-3]&b={x,y}"
    headers = Echo.seen["headers"]
    assert isinstance(headers, dict)
    assert headers["Authorization"] == f"Bearer {SECRET}"
    assert headers["Content-Type"] == "application/json"
    assert json.loads(str(Echo.seen["body"])) == {
        "jsonrpc": "2.0",
        "id": 2,
        "method": "server/discover",
    }
    assert (tmp_path / "argv").read_text() == "--config\n-\n"


TOKEN68 = st.from_regex(r"[A-Za-z0-9._~+/-]{1,40}={0,2}", fullmatch=True)


@given(TOKEN68)
def test_a_shell_reads_from_env_lines_what_was_issued(access: str) -> None:
    session = folded(run(Secrets(access=access)))
    lines = written("env", session).splitlines()
    values = dict(shlex.split(line)[0].split("=", 1) for line in lines)
    assert values == {
        "MCP_URL": URL,
        "MCP_TOKEN": access,
        "MCP_AUTHORIZATION": f"Bearer {access}",
    }
    # The subset that every .env reader knows: bare words, or single quotes with nothing to escape.
    assert all(line.count("'") in (0, 2) and "\\" not in line for line in lines)


@pytest.mark.parametrize("access", [SECRET, "~a+b/c==", "a:~b"])
def test_sourcing_the_env_file_sets_the_variables(access: str, tmp_path: Path) -> None:
    session = folded(run(Secrets(access=access)))
    (tmp_path / ".env").write_text(written("env", session))
    script = 'set -a; . ./.env; printf "%s|%s|%s" "$MCP_URL" "$MCP_TOKEN" "$MCP_AUTHORIZATION"'
    done = subprocess.run(["sh", "-eu", "-c", script], cwd=tmp_path, capture_output=True, text=True)
    assert done.stdout == f"{URL}|{access}|Bearer {access}"


def test_a_value_that_env_readers_disagree_about_comes_as_header_lines_instead() -> None:
    session = replace(DONE, token=replace(DONE.token, access=Secret("it's$HOME")))
    said: list[str] = []
    assert rendered("env", session, said.append) == "Authorization: Bearer it's$HOME\n"
    assert said == [
        "No env export: MCP_TOKEN holds a character that .env readers do not agree about."
        " Here are the header lines."
    ]
