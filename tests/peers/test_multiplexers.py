"""Copying from inside tmux and GNU screen, which stand between the program and the terminal."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp

import pytest

from tests import octets
from tests.missing import missing
from tests.tui.pty_program import LONG

from .conftest import HERE
from .terminal import Terminal

ROOT = HERE.parent.parent
PROGRAM = [sys.executable, "-m", "tests.tui.pty_program", "--long"]
SIZE = (140, 40)


def program(name: str) -> str:
    path = shutil.which(name)
    if path is None:
        missing(f"there is no {name} on the path")
    return path


@contextmanager
def tmux(folder: Path, term: str, *settings: str) -> Iterator[Terminal]:
    """The program in a tmux of its own, with these lines as its only configuration."""
    (folder / "conf").write_text("\n".join(settings))
    # A server that was told to end takes whoever comes to its socket with it.
    socket = Path(mkdtemp(dir=folder)) / "socket"
    words = [program("tmux"), "-f", str(folder / "conf"), "-S", str(socket)]
    started = [*words, "new-session", shlex.join(PROGRAM)]
    environ = {"TERM": term, "PYTHONPATH": str(ROOT)}
    try:
        with Terminal(folder, SIZE, words=started, **environ) as terminal:
            terminal.until("paste the address your browser")
            yield terminal
    finally:
        subprocess.run([*words, "kill-server"], check=False, stderr=subprocess.DEVNULL, timeout=20)


# Known by its name, and known by what its description says of copying.
@pytest.mark.parametrize("term", ["xterm-256color", "tmux-256color"])
def test_inside_tmux_as_it_comes_a_copy_reaches_the_outer_terminal(
    tmp_path: Path, term: str
) -> None:
    with tmux(tmp_path, term) as terminal:
        terminal.press("c")
        terminal.until("Handed to tmux")
        url = terminal.clipboard()
        assert (len(url), url[:8]) == (LONG, "https://")


def test_a_tmux_that_does_not_know_the_terminal_keeps_a_copy_and_the_line_that_is_told_mends_it(
    tmp_path: Path,
) -> None:
    with tmux(tmp_path, "linux") as terminal:
        terminal.press("c")
        # The whole sentence: it reaches the terminal in more than one piece.
        terminal.until_matches(r"(?s)but no further.*clipboard'")
        told = " ".join(line.strip() for line in terminal.text.splitlines()[-6:])
        assert not re.search(rb"\x1b\]52", terminal.raw)
    line = re.search(r"set -as terminal-features ',linux:clipboard'", " ".join(told.split()))
    assert line, told
    with tmux(tmp_path, "linux", line[0]) as terminal:
        terminal.press("c")
        assert len(terminal.clipboard()) == LONG


def test_a_tmux_whose_clipboard_is_off_for_others_passes_on_what_is_asked_for(
    tmp_path: Path,
) -> None:
    with tmux(tmp_path, "xterm-256color", "set -s set-clipboard off") as terminal:
        terminal.press("c")
        assert len(terminal.clipboard()) == LONG


def test_a_tmux_that_knows_links_passes_the_address_on_as_one(tmp_path: Path) -> None:
    said = subprocess.run([program("tmux"), "-V"], capture_output=True, text=True, check=True)
    version = tuple(map(int, re.findall(r"\d+", said.stdout)[:2]))
    if version < (3, 4):
        pytest.skip(f"{said.stdout.strip()} knows no links (OSC 8), 3.4 does")
    with tmux(tmp_path, "xterm-256color", "set -as terminal-features ',*:hyperlinks'") as terminal:
        terminal.press("c")
        url = terminal.clipboard()
        assert {link.target for link in octets.linked(terminal.raw)} == {url}


def test_inside_screen_a_copy_reaches_the_outer_terminal_whole(tmp_path: Path) -> None:
    """It passes on 768 octets at a time, and an OSC 52 of its own it drops."""
    (tmp_path / "sockets").mkdir(mode=0o700)
    words = [program("screen"), "-U", "-c", "/dev/null", *PROGRAM]
    environ = {"SCREENDIR": str(tmp_path / "sockets"), "PYTHONPATH": str(ROOT)}
    with Terminal(tmp_path, SIZE, words=words, **environ) as terminal:
        terminal.until("paste the address your browser")
        terminal.press("c")
        assert len(terminal.clipboard()) == LONG
        terminal.until("through screen")
        terminal.press("p")
        terminal.until("leave the field")
        terminal.press("pasted\r")
        terminal.until("c copy headers")
        terminal.press("q")
        terminal.end()
