"""install and uninstall: what is shown, asked, written, kept and refused."""

from __future__ import annotations

import io
import json
import os
import shlex
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from mcp_auth_tui.cli.main import main
from mcp_auth_tui.demo.thread import running
from mcp_auth_tui.desktop import stdin
from mcp_auth_tui.exports import install as installing
from mcp_auth_tui.exports.clients import clients
from mcp_auth_tui.exports.clients.entry import name_of

URL = "https://mcp.example.com/mcp"
NAME = name_of(URL)
MINE = '{\n  // mine\n  "theme": "dark",\n  "key": "sk-0123456789abcdef0123456789abcdef",\n}\n'
GEMINI = ".gemini/settings.json"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("TOKEN_FOR_TEST", "secret-access-token")
    project = tmp_path / "project"
    project.mkdir()
    monkeypatch.chdir(project)
    return tmp_path


@pytest.fixture
def settings(home: Path) -> Path:
    path = home / GEMINI
    path.parent.mkdir()
    path.write_text(MINE)
    return path


def answer(monkeypatch: pytest.MonkeyPatch, line: str) -> None:
    monkeypatch.setattr(stdin, "look", lambda: stdin.Stdin.TERMINAL)
    monkeypatch.setattr(sys, "stdin", io.StringIO(line))


@pytest.mark.parametrize("client", [item for item in clients().values() if item.user])
@pytest.mark.parametrize("form", ["helper", "variable", "inline"])
def test_every_client_gets_its_entry_and_gives_it_back(client: object, form: str) -> None:
    row = clients()[client.id]  # type: ignore[attr-defined]
    words = [row.id, URL, "--yes"]
    more = ["--form", form, "--token", "env:TOKEN_FOR_TEST"]
    if form not in row.forms:
        assert main(["install", *words, *more]) == 2
        return
    assert main(["install", *words, *more]) == 0
    path = row.user_file
    assert NAME in path.read_text()
    assert path.stat().st_mode & 0o777 == (0o600 if form == "inline" else 0o644)
    assert main(["uninstall", *words]) == 0
    assert not path.exists()


def test_the_change_is_shown_and_nothing_done_before_the_person_agrees(
    settings: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    answer(monkeypatch, "\n")
    assert main(["install", "gemini", URL]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    lines = err.splitlines()
    key = lines.pop(4)
    assert "key" in key
    assert "0123456789" not in key
    assert lines == [
        f"--- {settings}",
        f"+++ {settings}",
        "@@ -3,3 +3,11 @@",
        '   "theme": "dark",',
        '+  "mcpServers": {',
        f'+    "{NAME}": {{',
        f'+      "httpUrl": "{URL}",',
        '+      "headers": {',
        '+        "Authorization": "Bearer ${MCP_TOKEN}"',
        "+      }",
        "+    }",
        "+  },",
        " }",
        f"Write this to {settings}? [y/N]",
        "Nothing is changed.",
    ]
    assert settings.read_text() == MINE
    answer(monkeypatch, "y\n")
    assert main(["install", "gemini", URL]) == 0
    assert f'"httpUrl": "{URL}"' in settings.read_text()


def test_where_nobody_can_agree_nothing_is_done(
    settings: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stdin, "look", lambda: stdin.Stdin.NOTHING)
    assert main(["install", "gemini", URL]) == 3
    assert settings.read_text() == MINE


def test_a_dry_run_prints_the_change_and_touches_nothing(
    settings: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["install", "gemini", URL, "--dry-run"]) == 0
    out, err = capsys.readouterr()
    assert (out.splitlines()[0], err) == (f"--- {settings}", "")
    assert [path.name for path in settings.parent.iterdir()] == ["settings.json"]


def test_what_the_file_held_is_kept_and_comes_back_byte_for_byte(settings: Path) -> None:
    backup = installing.backup_of(settings)
    settings.write_bytes(b'\xef\xbb\xbf{\r\n\t"a" : 1,\r\n}')
    before = settings.read_bytes()
    assert main(["install", "gemini", URL, "--yes"]) == 0
    assert backup.read_bytes() == before
    assert backup.stat().st_mode & 0o777 == 0o600
    assert main(["uninstall", "gemini", URL, "--yes"]) == 0
    assert settings.read_bytes() == before
    assert not backup.exists()


def test_what_was_changed_after_install_stays_when_the_entry_goes(settings: Path) -> None:
    assert main(["install", "gemini", URL, "--yes"]) == 0
    settings.write_text(settings.read_text().replace("dark", "light"))
    assert main(["uninstall", "gemini", URL, "--yes"]) == 0
    assert settings.read_text() == MINE.replace("dark", "light").replace(
        "}\n", '  "mcpServers": {\n  },\n}\n'
    )


def test_a_second_install_finds_all_as_it_should_be(
    settings: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["install", "gemini", URL, "--yes"]) == 0
    text = settings.read_text()
    capsys.readouterr()
    assert main(["install", "gemini", URL, "--yes"]) == 0
    assert capsys.readouterr().err == (
        f"{settings} is as it was asked for already: nothing is changed.\n"
    )
    assert settings.read_text() == text


def test_a_token_in_the_file_is_never_shown_and_the_file_is_private(
    settings: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["gemini", URL, "--yes", "--form", "inline", "--token", "env:TOKEN_FOR_TEST"]
    assert main(["install", *words]) == 0
    assert "Bearer secret-access-token" in settings.read_text()
    assert settings.stat().st_mode & 0o777 == 0o600
    assert "secret-access-token" not in "".join(capsys.readouterr())


def test_an_old_token_is_replaced_when_that_is_asked_for(
    settings: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["install", "gemini", URL, "--yes", "--form", "inline", "--token", "env:TOKEN_FOR_TEST"]
    assert main(words) == 0
    monkeypatch.setenv("TOKEN_FOR_TEST", "next-access-token")
    assert main(words) == 1
    assert (
        f"{settings}:6:6: there is an entry '{NAME}' with other contents, and it stays."
        in capsys.readouterr().err
    )
    assert main([*words, "--replace"]) == 0
    assert "next-access-token" in settings.read_text()
    assert "secret-access-token" not in settings.read_text()


def test_the_files_of_a_project_are_in_this_folder(home: Path) -> None:
    assert main(["install", "codex", URL, "--project", "--name", "one.two", "--yes"]) == 0
    text = (home / "project/.codex/config.toml").read_text()
    entry = tomllib.loads(text)["mcp_servers"]["one.two"]
    assert entry["url"] == URL
    assert entry["http_headers_helper"].endswith(f" headers {URL} --format json")
    assert os.path.isabs(entry["http_headers_helper"].split()[0])  # noqa: PTH117 - a text


def test_another_variable_can_be_named(home: Path) -> None:
    words = ["--file", "mcp.json", "--variable", "OTHER", "--yes"]
    assert main(["install", "mcpc", URL, *words]) == 0
    value = json.loads((home / "project/mcp.json").read_text())
    assert value["mcpServers"][NAME]["headers"] == {"Authorization": "Bearer ${OTHER}"}


def link(path: Path) -> None:
    path.rename(path.with_name("real.json"))
    path.symlink_to("real.json")


def folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (link, "{0} is a symbolic link, which is not followed. To change the file that it leads"),
        (folder, "{0} is a directory, not a file"),
        (lambda path: path.write_text('{"a": 1\n "b"'), "{0}:2:2: a comma or a closing brace was"),
        (lambda path: path.write_text('{"mcpServers": 1}'), "{0}: 'mcpServers' is nothing of that"),
        (lambda path: path.write_bytes(b'{"a": "\xff"}'), "{0} is not UTF-8 (octet 7), so it is"),
    ],
)
@pytest.mark.parametrize("command", ["install", "uninstall"])
def test_a_file_that_must_not_be_changed_is_refused_with_the_place_and_the_way_on(
    command: str,
    spoil: Callable[[Path], object],
    message: str,
    settings: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    spoil(settings)
    names = sorted(path.name for path in settings.parent.iterdir())
    assert main([command, "gemini", URL, "--yes"]) == 1
    assert f"mcp-auth-tui: {message.format(settings)}" in capsys.readouterr().err
    assert sorted(path.name for path in settings.parent.iterdir()) == names


def test_another_users_file_is_refused(
    settings: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(os, "getuid", lambda: settings.stat().st_uid + 1)
    assert main(["install", "gemini", URL, "--yes"]) == 1
    assert f"{settings} belongs to another user" in capsys.readouterr().err


def test_a_file_that_changed_while_the_person_read_is_left(
    settings: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Slow(io.StringIO):
        def readline(self, size: int = -1, /) -> str:
            settings.write_text("{}")
            return "y\n"

    answer(monkeypatch, "")
    monkeypatch.setattr(sys, "stdin", Slow())
    assert main(["install", "gemini", URL]) == 1
    assert "has changed meanwhile, and is left as it is. Run this again." in capsys.readouterr().err
    assert settings.read_text() == "{}"


def test_an_entry_that_leads_to_another_server_is_not_taken_out(
    settings: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["install", "gemini", URL, "--yes"]) == 0
    words = ["gemini", "https://other.example/mcp", "--name", NAME, "--yes"]
    assert main(["uninstall", *words]) == 1
    assert f"the entry '{NAME}' leads to another server" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["gemni", URL], "there is no client 'gemni': did you mean gemini"),
        (["gemini", "ftp://x"], "ftp"),
        (["jetbrains-ai", URL], "JetBrains AI Assistant has no file of its own for a person: name"),
        (["zed", URL, "--form", "helper"], "Zed takes no helper form, only inline."),
        (["windsurf", URL, "--project"], "Windsurf has no file for a project: name one"),
    ],
)
def test_wrong_usage_is_one_sentence(
    words: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["install", *words]) == 2
    assert message in capsys.readouterr().err


def test_without_a_kept_token_it_says_to_sign_in_first(
    settings: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["install", "zed", "http://127.0.0.1:1/mcp", "--yes"]) == 1
    assert capsys.readouterr().err == (
        "mcp-auth-tui: no token for http://127.0.0.1:1/mcp is stored. Sign in: mcp-auth-tui"
        " http://127.0.0.1:1/mcp Or name a token with --token SOURCE.\n"
    )


def test_the_kept_token_goes_into_the_file_with_a_word_on_its_end(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MCP_AUTH_TUI_TOKENS", str(home / "tokens.json"))
    with running(auto_approve=True, token_life=3600.0) as server:
        assert main([server.url, "--plain", "--browser", "follow", "--export", "token"]) == 0
        token = capsys.readouterr().out.strip()
        assert main(["install", "zed", server.url, "--yes", "--name", "practice"]) == 0
        said = capsys.readouterr().err
        assert "The token is written there, and ends at 20" in said
        assert token not in said
        path = clients()["zed"].user_file
        assert path is not None
        servers = json.loads(path.read_text())["context_servers"]
        assert servers["practice"]["headers"] == {"Authorization": f"Bearer {token}"}


def test_which_of_several_kept_tokens_is_meant_goes_into_the_helper(home: Path) -> None:
    words = ["--client-id", "my client", "--scope", "a b", "--yes"]
    assert main(["install", "claude-code", URL, *words]) == 0
    entry = json.loads((home / ".claude.json").read_text())["mcpServers"][NAME]
    assert entry["headersHelper"].endswith(
        f" headers {URL} --format json --client-id 'my client' --scope 'a b'"
    )


def test_the_helper_that_is_installed_carries_what_the_sign_in_needed(home: Path) -> None:
    (home / "ca.pem").touch()
    more = ["--ca-file", str(home / "ca.pem"), "--header", "X-Org: acme", "--client-id", "c 1"]
    assert main(["install", "claude-code", URL, "--yes", *more]) == 0
    entry = json.loads((home / ".claude.json").read_text())["mcpServers"][NAME]
    words = shlex.split(entry["headersHelper"])
    assert words[words.index("headers") + 1 :] == [
        *(URL, "--format", "json", "--client-id", "c 1"),
        *("--header", "X-Org: acme", "--ca-file", str(home / "ca.pem")),
    ]


def test_a_form_that_sends_no_other_header_says_so(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    more = ["--form", "variable", "--header", "X-Org: acme"]
    assert main(["install", "claude-code", URL, "--yes", *more]) == 0
    assert "It sends no X-Org: add that by hand." in capsys.readouterr().err
