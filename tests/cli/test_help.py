"""The command help: what is listed, what is printed, and what a wrong topic is told."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from mcp_auth_tui.cli.main import main
from mcp_auth_tui.help import TOPICS, text, title
from tests.peers.program import environment


def test_without_a_topic_each_is_listed_on_a_line_with_what_it_is_about(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["help"]) == 0
    head, blank, *rows = capsys.readouterr().out.splitlines()
    assert (head, blank) == ("mcp-auth-tui help TOPIC prints one of these topics:", "")
    assert [row.split(maxsplit=1) for row in rows] == [[name, title(name)] for name in TOPICS]
    assert all(len(row) <= 80 for row in rows)


@pytest.mark.parametrize("topic", TOPICS)
def test_a_topic_is_printed_and_nothing_else(
    topic: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["help", topic]) == 0
    assert capsys.readouterr() == (text(topic), "")


def test_the_help_of_the_program_names_every_topic_on_one_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["--help"]) == 0
    assert f"      {' '.join(TOPICS)}" in capsys.readouterr().out.splitlines()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["exporrts"], "there is no topic 'exporrts': did you mean exports?"),
        (["zzzz"], "there is no topic 'zzzz': nothing has a name like it."),
        (["../help/ssh"], "there is no topic '../help/ssh': nothing has a name like it."),
        (["ssh", "keys"], "unrecognized arguments: keys."),
    ],
)
def test_a_topic_that_there_is_not_ends_with_exit_code_2_and_those_that_are_near(
    words: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["help", *words]) == 2
    expected = f"mcp-auth-tui: {sentence} See mcp-auth-tui help --help.\n"
    assert capsys.readouterr() == ("", expected)


def printed(home: Path, encoding: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "mcp_auth_tui", "help", "speed"],
        env={**environment(home), "PYTHONIOENCODING": encoding},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("encoding", ["utf-8", "ascii", "cp1252"])
def test_a_pipe_gets_the_topic_in_its_encoding_without_colours(
    encoding: str, tmp_path: Path
) -> None:
    process = printed(tmp_path, encoding)
    output = process.stdout.replace(b"\r\n", b"\n")
    assert (process.returncode, process.stderr) == (0, b"")
    assert output == text("speed").encode(encoding, "replace")
