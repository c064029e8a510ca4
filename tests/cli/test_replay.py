"""`--record` and `replay`: what happened goes into a file, and is shown again from it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mcp_auth_tui.cli.main import main
from mcp_auth_tui.demo.thread import running
from mcp_auth_tui.recordings.reader import read
from mcp_auth_tui.recordings.recorder import recording
from tests import scripted
from tests.runs import finished
from tests.scripted import folded

FOLLOW = ("--browser", "follow", "--token-store", "none")


@pytest.fixture
def recorded(tmp_path: Path) -> Path:
    run = scripted.run()
    path = tmp_path / "run.jsonl"
    path.write_text(recording(run, folded(run)), encoding="ascii")
    return path


async def test_a_run_records_itself_masked(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    with running(auto_approve=True) as server:
        done = await finished(server.url, *FOLLOW, "--record", str(path))
    found = read(path)
    assert (done.code, found.fault, found.masked) == (0, "", True)
    assert done.session.token is not None
    assert done.session.token.access.reveal() not in path.read_text()
    assert len(found.session.exchanges) == len(done.session.exchanges)
    assert found.session.findings == done.session.findings
    assert path.stat().st_mode & 0o777 == 0o600


async def test_with_reveal_it_holds_the_credentials(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    with running(auto_approve=True) as server:
        done = await finished(server.url, *FOLLOW, "--record", str(path), "--reveal")
    assert read(path).session == done.session


async def test_a_recording_that_cannot_be_written_does_not_end_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, text: str) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("mcp_auth_tui.recordings.recorder.write_file", full)
    with running(auto_approve=True) as server:
        done = await finished(server.url, *FOLLOW, "--record", str(tmp_path / "run.jsonl"))
    told = [line for line in done.err.splitlines() if "recording" in line]
    path = tmp_path / "run.jsonl"
    ends = f"The recording ends here, {path} takes no more: No space left on device."
    assert (done.code, told) == (0, [ends])


def test_it_is_told_in_lines(recorded: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["replay", str(recorded), "--plain"]) == 0
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines()[1] == (
        "  Note: a recording by mcp-auth-tui 0.1.0, masked: nothing is sent"
    )
    assert "Result: ok, exit code 0: the headers were obtained and accepted" in err
    assert "  Headers: Authorization, to nowhere: this is a recording" in err.splitlines()
    assert [secret for secret in scripted.Secrets().all if secret in err] == []


def test_it_is_told_as_one_document(recorded: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["replay", str(recorded), "--json"]) == 0
    made = json.loads(capsys.readouterr().out)
    assert made["marks"][0] == "a recording by mcp-auth-tui 0.1.0, masked: nothing is sent"
    assert (made["outcome"], made["exit"], len(made["exchanges"])) == ("ok", 0, 4)


def test_reports_are_made_of_it(recorded: Path, tmp_path: Path) -> None:
    assert main(["replay", str(recorded), "--export", "report", "-o", str(tmp_path / "r.md")]) == 0
    assert (tmp_path / "r.md").read_text().startswith("# MCP authorization report: ")


def test_a_damaged_one_is_shown_and_the_exit_code_says_so(
    recorded: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recorded.write_text(recorded.read_text()[:-30])
    assert main(["replay", str(recorded), "--plain"]) == 1
    last = capsys.readouterr().err.splitlines()[-1]
    assert last == "Line 34 is cut off. What stands before it is shown."


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["replay"], "the following arguments are required: FILE."),
        (["replay", "none.jsonl"], "there is no file none.jsonl: a recording was looked for in it"),
        (["replay", "x", "--export", "curl"], "argument --export: invalid choice: 'curl'"),
        (["x", "--record", "-"], "--record needs a file; --events writes what happens on stdout."),
        (["x", "--record", "no/such/file"], "--record: there is no folder no/such."),
        (["x", "--record", "a", "-o", "a"], "--record and --output name the same file."),
    ],
)
def test_what_cannot_be_meant_is_refused(
    words: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*words, "--plain"]) == 2
    assert sentence in capsys.readouterr().err
