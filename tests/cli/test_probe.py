"""`probe`: the question before it, what it prints, and its exit codes."""

from __future__ import annotations

import io
import json
import re
import sys
from collections.abc import Iterator

import pytest

from mcp_auth_tui.cli import probe
from mcp_auth_tui.cli.main import main
from mcp_auth_tui.demo.server import PracticeServer
from mcp_auth_tui.demo.thread import running
from mcp_auth_tui.desktop import stdin as keyboard
from mcp_auth_tui.protocol.probes import suite

NOBODY = "https://mcp.invalid/mcp"


@pytest.fixture(scope="module")
def server() -> Iterator[PracticeServer]:
    with running(auto_approve=True, faults=["any-origin", "repeats-taken"]) as server:
        yield server


def asked(monkeypatch: pytest.MonkeyPatch, *answers: str, terminal: bool = True) -> None:
    """Let somebody answer at the terminal."""
    kind = keyboard.Stdin.TERMINAL if terminal else keyboard.Stdin.NOTHING
    monkeypatch.setattr(keyboard, "look", lambda: kind)
    monkeypatch.setattr(sys, "stdin", io.StringIO("".join(f"{item}\n" for item in answers)))


@pytest.mark.parametrize("answers", [("no",), ("",), (), ("yes", "no")])
def test_nothing_is_sent_to_who_does_not_say_yes(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], answers: tuple[str, ...]
) -> None:
    asked(monkeypatch, *answers)
    words = ["--destructive"] if len(answers) == 2 else []
    assert main(["probe", NOBODY, *words]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "Nothing was sent." in captured.err
    assert f"This signs in to {NOBODY} and then sends about 120 requests" in captured.err


def test_where_nobody_can_be_asked_it_is_wrong_usage(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked(monkeypatch, terminal=False)
    assert main(["probe", NOBODY]) == 2
    assert "say --yes where nobody can answer it" in capsys.readouterr().err


def test_an_address_that_is_none_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["probe", "ftp://mcp.example", "--yes"]) == 2
    assert "ftp" in capsys.readouterr().err


def test_results_stand_on_stdout_worst_first_and_an_error_is_exit_code_1(
    server: PracticeServer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked(monkeypatch, "yes")
    assert main(["probe", server.url, "--browser", "follow"]) == 1
    captured = capsys.readouterr()
    lines = captured.out.splitlines()
    counts = r"Probes of http://127\.0\.0\.1:\d+/mcp: 2 failed, \d+ passed, \d+ not decided"
    assert re.fullmatch(counts, lines[0])
    assert lines[1] == "  ✗ error: Requests of a foreign page are served. [probe-origin]"
    shown = [id for id in suite.IDS if re.search(rf"\b{id}\b", captured.out)]
    assert shown == list(suite.IDS)
    assert "Result: probed, exit code 0" in captured.err


@pytest.mark.parametrize(("threshold", "code"), [("fatal", 0), ("warning", 1)])
def test_the_threshold_decides_the_exit_code(
    server: PracticeServer, capsys: pytest.CaptureFixture[str], threshold: str, code: int
) -> None:
    words = ["--yes", "--browser", "follow", "--fail-on", threshold, "--format", "json"]
    assert main(["probe", server.url, *words]) == code
    (document,) = json.loads(capsys.readouterr().out)
    found = {item["id"]: item["level"] for item in document["findings"]}
    assert found["probe-origin"] == "error"
    assert found["probe-dup-unknown"] == "warning"
    assert found["probe-no-token"] == "ok"
    assert found["probe-dpop"] == "info"


@pytest.mark.parametrize("form", ["jsonl", "markdown", "html", "sarif", "junit"])
def test_every_form_of_inspect_has_the_results(
    server: PracticeServer, capsys: pytest.CaptureFixture[str], form: str
) -> None:
    words = ["--yes", "--browser", "follow", "--sign-ins", "0", "--format", form]
    assert main(["probe", server.url, *words]) == 1
    assert "probe-origin" in capsys.readouterr().out


def test_the_question_names_what_is_agreed_to() -> None:
    assert "{url}" in probe._QUESTION
    assert "{sign_ins}" in probe._QUESTION
