"""`run`: a command gets the token, but never as an argument; signals and exit code are its own."""

from __future__ import annotations

import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from mcp_auth_tui.cli.main import main
from mcp_auth_tui.storage.tokens import TokenStore
from tests.cli.test_headers import CLIENT, SERVER, URL, token


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "data" / "tokens.json"
    monkeypatch.setenv("MCP_AUTH_TUI_TOKENS", str(path))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    TokenStore(path, "file").keep((URL,), SERVER, CLIENT, token())
    return path


def start(*words: str) -> subprocess.Popen[str]:
    argv = [sys.executable, "-m", "mcp_auth_tui", "run", URL, *words]

    def hear() -> None:
        # Under nohup it is ignored, and a shell cannot trap what was ignored before it began.
        signal.signal(signal.SIGHUP, signal.SIG_DFL)

    pipe = subprocess.PIPE
    return subprocess.Popen(argv, stdout=pipe, stderr=pipe, text=True, preexec_fn=hear)


def run(*words: str) -> tuple[int, str, str]:
    process = start(*words)
    out, err = process.communicate(timeout=60)
    return process.returncode, out, err


def test_the_command_gets_the_token_in_a_variable_and_gives_its_exit_code(path: Path) -> None:
    assert run("--", "sh", "-c", 'printf %s "$MCP_TOKEN"; exit 7') == (7, "token-1", "")
    words = ("--env", "MINE", "--", "sh", "-c", 'printf "%s %s" "$MINE" "$MCP_TOKEN"')
    assert run(*words) == (0, "token-1 ", "")


def test_a_file_with_the_headers_is_the_owners_alone_and_goes_away(
    path: Path, tmp_path: Path
) -> None:
    script = 'stat -c %a "$1"; cat "$1"; printf %s "$1"; exit 3'
    code, out, err = run("--", "sh", "-c", script, "name", "{headers-file}")
    mode, header, name = out.split("\n")
    assert (code, err) == (3, "")
    assert (int(mode, 8), header) == (stat.S_IRUSR | stat.S_IWUSR, "Authorization: Bearer token-1")
    assert Path(name).parent == tmp_path
    assert not Path(name).exists()


@pytest.mark.parametrize("extra", [(), ("{headers-file}",)])
def test_no_process_has_the_token_among_its_arguments(path: Path, extra: tuple[str, ...]) -> None:
    script = "cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' ' '; true"
    code, out, _ = run("--", "sh", "-c", script, *extra)
    assert code == 0
    assert "mcp_auth_tui" in out or not extra
    assert "token-1" not in out


@pytest.mark.parametrize("extra", [(), ("{headers-file}",)])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_signals_are_the_commands_own(
    path: Path, tmp_path: Path, extra: tuple[str, ...], number: signal.Signals
) -> None:
    script = "trap 'exit 9' TERM HUP; echo ready; while :; do sleep 0.05; done"
    process = start("--", "sh", "-c", script, *extra)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    process.send_signal(number)
    process.communicate(timeout=60)
    assert process.returncode == 9
    assert [item.name for item in tmp_path.iterdir()] == ["data"]


def test_a_command_that_is_ended_by_a_signal_is_told_as_a_shell_does(path: Path) -> None:
    code, _, _ = run("--", "sh", "-c", "kill -9 $$", "{headers-file}")
    assert code == 128 + signal.SIGKILL


@pytest.mark.parametrize("extra", [(), ("{headers-file}",)])
def test_a_command_that_cannot_be_started_is_told(
    path: Path, tmp_path: Path, extra: tuple[str, ...]
) -> None:
    assert run("--", "no-such-command", *extra) == (
        127,
        "",
        "mcp-auth-tui: no-such-command cannot be started: No such file or directory.\n",
    )
    assert run("--", str(tmp_path), *extra)[0] == 126


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ((URL, "true"), "unrecognized arguments: true"),
        ((URL,), "name the command behind --"),
        ((URL, "--"), "name the command behind --"),
        ((URL, "--env", "A=B", "--", "true"), "--env names no environment variable"),
    ],
)
def test_wrong_usage_is_told(
    path: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], sentence: str
) -> None:
    assert main(["run", *words]) == 2
    assert sentence in capsys.readouterr().err


def test_without_a_token_nothing_is_started(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "https://other.example/mcp", "--", "true"]) == 3
    assert "Sign in: mcp-auth-tui https://other.example/mcp" in capsys.readouterr().err
