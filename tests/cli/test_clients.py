"""The list of clients, and what each says about a server."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mcp_auth_tui.cli.main import main
from mcp_auth_tui.exports import machine
from mcp_auth_tui.exports.clients import clients
from mcp_auth_tui.exports.clients.entry import name_of

URL = "https://mcp.example.com/mcp"
NAME = name_of(URL)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def program(home: Path, name: str, script: str) -> None:
    path = home / "bin" / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o700)


def test_all_clients_are_listed_and_those_of_this_machine_are_marked(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    program(home, "claude", "exit 1")
    assert main(["clients"]) == 0
    *rows, blank, last = capsys.readouterr().out.splitlines()
    assert [row[2:].split()[0] for row in rows] == list(clients())
    assert [row for row in rows if row.startswith("*")] == [
        f"* claude-code    Claude Code             {home}/bin/claude"
    ]
    assert (blank, last.split(".")[0]) == ("", "* is on this machine")


def test_the_json_document_has_every_row(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    program(home, "codex", "exit 1")
    assert main(["clients", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["schema"] == "mcp-auth-tui/clients/1"
    assert [row["id"] for row in document["clients"]] == list(clients())
    assert [row["id"] for row in document["clients"] if row["found"]] == ["codex"]


@pytest.mark.parametrize(
    ("said", "state", "code"),
    [
        (f"{NAME}: {URL} (HTTP) - ✔ Connected", "connected", 0),
        (f"\x1b[32m✓\x1b[0m {NAME}: {URL} (http) - Connected", "connected", 0),
        (f"✗ {NAME}: {URL} (http) - Disconnected", "not connected", 1),
        (f"{NAME} (not Connected)", "not connected", 1),
        (f"other-{NAME}: Connected", "not known", 0),
    ],
)
def test_a_client_is_asked_with_its_own_command(
    said: str, state: str, code: int, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    program(home, "gemini", f"[ \"$*\" = 'mcp list' ] && printf '%s\\n' '{said}'")
    assert main(["install", "gemini", URL, "--yes"]) == 0
    assert main(["clients", "--json", "--check", URL]) == code
    document = json.loads(capsys.readouterr().out)
    checks = {row["id"]: row["check"]["state"] for row in document["clients"] if row["check"]}
    assert checks == {"gemini": state}


def test_a_client_without_the_entry_is_told_how_to_get_it(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    program(home, "gemini", "exit 1")
    assert main(["clients", "--check", URL]) == 0
    assert capsys.readouterr().out == (
        f"  gemini         not set up    no entry leads there: mcp-auth-tui install gemini {URL}\n"
    )


def test_a_client_that_does_not_answer_is_not_waited_for(home: Path) -> None:
    program(home, "gemini", "exec sleep 60")
    assert main(["install", "gemini", URL, "--yes"]) == 0
    client = clients()["gemini"]
    report = machine.check(client, machine.presence(client), URL, seconds=0.2)
    assert report == machine.Report("not known", "gemini mcp list took more than 0.2 s")


def test_a_secret_in_what_a_client_says_is_masked(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    program(home, "gemini", f"echo '{NAME} token=abcdefghij0123456789-XYZ_abcdefghij'")
    assert main(["install", "gemini", URL, "--yes"]) == 0
    main(["clients", "--check", URL])
    assert "abcdefghij0123456789" not in capsys.readouterr().out
