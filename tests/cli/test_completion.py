"""``completion``: real shells complete words with the script, and start no program for it."""

from __future__ import annotations

import os
import pty
import select
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

from mcp_auth_tui.cli import completion
from mcp_auth_tui.cli.main import COMMANDS, main
from mcp_auth_tui.findings import CATALOGUE
from mcp_auth_tui.settings.arguments import commands
from mcp_auth_tui.settings.arguments.names import REVISIONS
from tests.missing import missing
from tests.test_walls import loaded

NAME = "mcp-auth-tui"
# What is typed, and what has to be offered among other words.
TYPED = [
    ("ins", ["inspect", "install"]),
    ("--spec 2025", ["2025-03-26", "2025-06-18", "2025-11-25"]),
    ("https://mcp.example.com/mcp --token-e", ["--token-endpoint"]),
    ("demo --fault issuer-", ["issuer-mismatch", "issuer-slash"]),
    ("inspect --explain as-issuer-", ["as-issuer-slash", "as-issuer-mismatch"]),
    ("install claude-", ["claude-code", "claude-desktop"]),
    ("sessions re", ["refresh", "revoke"]),
    ("completion z", ["zsh"]),
    ("help gr", ["grants"]),
    ("replay rec", ["recorded.jsonl"]),
    ("--client-cert rec", ["recorded.jsonl"]),
]


@pytest.fixture(scope="module")
def scripts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a script for each shell, and a file to complete the name of."""
    folder = tmp_path_factory.mktemp("scripts")
    (folder / "recorded.jsonl").touch()
    import shtab

    parser = completion.whole_parser()
    for shell in completion.SHELLS:
        (folder / shell).write_text(shtab.complete(parser, shell=shell), encoding="utf-8")
    return folder


def ran(folder: Path, *words: str) -> list[str]:
    """The lines that a shell prints, with nothing on its search path but itself."""
    if shutil.which(words[0]) is None:
        missing(f"{words[0]} is not installed: apt-get install {words[0]}")
    environ = {"PATH": os.environ["PATH"], "HOME": str(folder), "TERM": "dumb"}
    done = subprocess.run(
        words, cwd=folder, env=environ, capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stderr == ""
    return done.stdout.splitlines()


def in_bash(folder: Path, lines: list[str]) -> list[list[str]]:
    """Complete each line as readline does: it sets these variables and calls the function."""
    script = "source ./bash\n"
    for line in lines:
        words = [NAME, *line.split(" ")]
        quoted = " ".join(f"'{word}'" for word in words)
        script += (
            f"COMP_WORDS=({quoted}); COMP_CWORD={len(words) - 1}; COMP_LINE='{NAME} {line}';"
            " COMP_POINT=${#COMP_LINE}; COMPREPLY=()\n"
            f"_shtab_mcp_auth_tui {NAME} '{words[-1]}' '{words[-2]}' 2>/dev/null\n"
            'echo "${COMPREPLY[*]}"\n'
        )
    found = ran(folder, "bash", "--norc", "--noprofile", "-c", script)
    return [line.split() for line in found]


def in_fish(folder: Path, lines: list[str]) -> list[list[str]]:
    script = "source ./fish\n"
    for line in lines:
        script += f"complete -C '{NAME} {line}'; echo --end--\n"
    found: list[list[str]] = [[]]
    for row in ran(folder, "fish", "--no-config", "-c", script):
        if row == "--end--":
            found.append([])
        else:
            found[-1].append(row.split("\t")[0])
    return found[:-1]


def in_zsh(folder: Path, line: str, expected: list[str]) -> str:
    """Type a line in an interactive zsh and press tab twice; returns what it has drawn."""
    if shutil.which("zsh") is None:
        missing("zsh is not installed: apt-get install zsh")
    setup = (
        "autoload -Uz compinit; compinit -u -d ./dump; LISTMAX=0; setopt autolist;"
        " eval \"$(<zsh)\"; PS1='rea''dy>'\n"
    )
    process, terminal = pty.fork()
    if process == 0:
        os.chdir(folder)
        os.environ["TERM"] = "dumb"
        os.execvp("zsh", ["zsh", "-f", "-i"])
    try:
        os.write(terminal, setup.encode())
        drawn = read_until(terminal, ["ready>"])
        os.write(terminal, f"{NAME} {line}\t\t".encode())
        return drawn + read_until(terminal, expected)
    finally:
        os.kill(process, signal.SIGKILL)
        os.waitpid(process, 0)
        os.close(terminal)


def read_until(terminal: int, words: list[str], seconds: float = 30.0) -> str:
    """Read what a terminal shows until all words are there, for at most so long."""
    drawn, end = "", time.monotonic() + seconds
    while not all(word in drawn for word in words) and time.monotonic() < end:
        if select.select([terminal], [], [], 0.5)[0]:
            drawn += os.read(terminal, 65536).decode("utf-8", "replace")
    return drawn


def test_bash_completes_commands_options_and_values(scripts: Path) -> None:
    found = in_bash(scripts, [line for line, _ in TYPED])
    for (line, expected), words in zip(TYPED, found, strict=True):
        assert set(expected) <= set(words), line
        assert all(word.startswith(line.split(" ")[-1]) for word in words), line


def test_fish_completes_commands_options_and_values(scripts: Path) -> None:
    found = in_fish(scripts, [line for line, _ in TYPED])
    for (line, expected), words in zip(TYPED, found, strict=True):
        assert set(expected) <= set(words), line


@pytest.mark.parametrize(("line", "expected"), [TYPED[0], TYPED[1], TYPED[3], TYPED[9]])
def test_zsh_completes_commands_options_and_values(
    scripts: Path, line: str, expected: list[str]
) -> None:
    drawn = in_zsh(scripts, line, expected)
    for word in expected:
        assert word in drawn


def test_every_command_and_each_of_its_options_is_in_the_script() -> None:
    assert {*completion.parsers()} == {*COMMANDS}
    whole = completion.whole_parser()
    flags = {flag for _, action in whole.options() for flag in action.option_strings}
    assert flags >= {
        flag for _, action in commands.flow().options() for flag in action.option_strings
    }
    choices = {action.dest: action.choices for _, action in whole.options()}
    assert choices["spec"] == ("auto", *REVISIONS)
    assert choices["allow"] == [*CATALOGUE]


@pytest.mark.parametrize("shell", completion.SHELLS)
def test_the_script_is_printed_whole_and_alone(
    shell: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["completion", shell]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert NAME in out
    assert str(Path.home()) not in out


def test_another_shell_is_refused_with_those_that_there_are(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["completion", "tcsh"]) == 2
    assert "invalid choice: 'tcsh' (choose from" in capsys.readouterr().err


def test_neither_screen_nor_network_is_loaded_for_it() -> None:
    modules = loaded("from mcp_auth_tui.cli.main import main\nmain(['completion', 'bash'])")
    assert "mcp_auth_tui.cli.completion" in modules
    assert not modules & {"textual", "httpx", "httpcore", "cryptography", "keyring", "ssl"}
