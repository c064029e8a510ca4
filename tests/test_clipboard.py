"""Copying, and how much of it is claimed."""

from __future__ import annotations

import base64
import re
import stat
from pathlib import Path

import pyperclip
import pytest

from mcp_auth_tui.clipboard import Copied, copy


@pytest.fixture
def helperless(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: str) -> None:
        raise pyperclip.PyperclipException("no helper")

    monkeypatch.setattr(pyperclip, "copy", fail)


@pytest.mark.usefixtures("helperless")
async def test_the_terminal_is_sent_the_text_and_no_more_is_claimed() -> None:
    written: list[str] = []
    copied = await copy("schön", write_terminal=written.append, environ={})
    assert written == ["\x1b]52;c;c2Now7Zu\x07"]
    assert copied == Copied("Sent to the terminal (OSC 52; it may refuse).", True)


@pytest.mark.usefixtures("helperless")
async def test_nothing_is_claimed_where_nothing_worked() -> None:
    copied = await copy("x", write_terminal=None, environ={})
    assert copied == Copied("Not copied: there is no clipboard here.", False)


@pytest.mark.usefixtures("helperless")
async def test_a_text_too_long_for_the_terminal_is_not_sent() -> None:
    written: list[str] = []
    copied = await copy("x" * 100_000, write_terminal=written.append, environ={})
    assert (written, copied.ok) == ([], False)


async def test_the_clipboard_of_the_system_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[str] = []
    monkeypatch.setattr(pyperclip, "copy", taken.append)
    written: list[str] = []
    copied = await copy("x", write_terminal=written.append, environ={})
    assert (taken, len(written)) == (["x"], 1)
    assert copied.how == ("Copied to the clipboard, sent to the terminal (OSC 52; it may refuse).")


@pytest.mark.usefixtures("helperless")
@pytest.mark.parametrize(
    ("code", "how"),
    [
        (0, "Handed to tmux for your terminal (OSC 52; it may refuse)."),
        (1, "Sent to the terminal through tmux (OSC 52; it may refuse)."),
    ],
)
async def test_inside_tmux_the_buffer_is_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, how: str
) -> None:
    program = tmp_path / "tmux"
    program.write_text(
        f'#!/bin/sh\n[ "$1" = load-buffer ] || exit 1\n'
        f'echo "$@" > {tmp_path}/args\ncat > {tmp_path}/in\nexit {code}\n'
    )
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    copied = await copy("secret", write_terminal=lambda _: None, environ={"TMUX": "/tmp/x,1,0"})
    assert copied == Copied(how, True)
    assert (tmp_path / "args").read_text() == "load-buffer -w -\n"
    assert (tmp_path / "in").read_text() == "secret"


async def test_a_helper_program_that_is_gone_is_no_crash(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: str) -> None:
        raise FileNotFoundError("xclip")

    monkeypatch.setattr(pyperclip, "copy", fail)
    assert not (await copy("x", write_terminal=None, environ={})).ok


async def test_under_textual_serve_only_the_persons_browser_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    taken: list[str] = []
    monkeypatch.setattr(pyperclip, "copy", taken.append)
    written: list[str] = []
    web = {"TEXTUAL_DRIVER": "textual.drivers.web_driver:WebDriver", "TMUX": "x"}
    copied = await copy("x", write_terminal=written.append, environ=web)
    assert (taken, written) == ([], ["\x1b]52;c;eA==\x07"])
    assert copied.how == "Sent to your browser (it refuses without https, but on localhost)."


@pytest.mark.usefixtures("helperless")
@pytest.mark.parametrize(
    ("told", "how"),
    [
        ("bpaste,clipboard,focus|xterm-256color", "Handed to tmux for your terminal"),
        (
            "bpaste|tmux-256color\n 192: Ms: (string) \\033]52",
            "Handed to tmux for your terminal",
        ),
        (
            "bpaste,focus|linux\n 192: Ms: [missing]",
            "Put into tmux's buffer (prefix ] pastes it), but no further; in tmux.conf: "
            "set -as terminal-features ',linux:clipboard'.",
        ),
        ("|\x1b[31m", "terminal-features ',TERM:clipboard'."),
        ("", "Handed to tmux for your terminal (OSC 52; it may refuse)."),
    ],
)
async def test_what_tmux_cannot_do_with_it_is_told_with_its_mending(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, told: str, how: str
) -> None:
    (tmp_path / "told").write_text(told)
    program = tmp_path / "tmux"
    program.write_text(f'#!/bin/sh\n[ "$1" = load-buffer ] || exec cat {tmp_path}/told\ncat >&2\n')
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    copied = await copy("secret", write_terminal=lambda _: None, environ={"TMUX": "/tmp/x,1,0"})
    assert how in copied.how


@pytest.mark.usefixtures("helperless")
async def test_a_tmux_that_is_too_old_gets_the_sequence_wrapped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before 3.2 it passes on what an application wraps, and nothing else."""
    monkeypatch.setenv("PATH", str(tmp_path))
    written: list[str] = []
    await copy("schön", write_terminal=written.append, environ={"TMUX": "/tmp/x,1,0"})
    assert written == ["\x1bPtmux;\x1b\x1b]52;c;c2Now7Zu\x07\x1b\\"]


@pytest.mark.usefixtures("helperless")
@pytest.mark.parametrize("environ", [{"STY": "1.x", "TERM": "screen"}, {"TERM": "screen.xterm"}])
async def test_inside_screen_no_piece_is_longer_than_it_takes(environ: dict[str, str]) -> None:
    written: list[str] = []
    copied = await copy("x" * 2000, write_terminal=written.append, environ=environ)
    pieces = re.findall("\x1bP(.*?)\x1b\\\\", written[0], re.DOTALL)
    assert "".join(f"\x1bP{piece}\x1b\\" for piece in pieces) == written[0]
    assert max(map(len, pieces)) < 768
    payload = base64.b64encode(b"x" * 2000).decode()
    assert "".join(pieces) == f"\x1b]52;c;{payload}\x07"
    assert copied.how == "Sent to the terminal through screen (OSC 52; it may refuse)."


@pytest.mark.usefixtures("helperless")
async def test_where_a_tmux_may_be_in_between_it_is_told_what_that_needs() -> None:
    copied = await copy("x", write_terminal=lambda _: None, environ={"TERM": "tmux-256color"})
    assert (
        copied.how == "Sent to the terminal (OSC 52; a tmux takes it only with set-clipboard on)."
    )
