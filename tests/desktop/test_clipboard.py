"""Copying, and how much of it is claimed."""

from __future__ import annotations

import asyncio
import base64
import os
import re
import stat
import sys
from pathlib import Path

import pytest

from mcp_auth_tui.desktop import clipboard
from mcp_auth_tui.desktop.clipboard import Copied, copy


@pytest.fixture
def helperless(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clipboard, "_HELPER", "raise SystemExit(1)")


@pytest.fixture
def taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A clipboard that is a file."""
    kept = tmp_path / "clipboard"
    told = f"import sys; open({str(kept)!r}, 'wb').write(sys.stdin.buffer.read())"
    monkeypatch.setattr(clipboard, "_HELPER", told)
    return kept


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


async def test_the_clipboard_of_the_system_comes_first(taken: Path) -> None:
    written: list[str] = []
    copied = await copy("schön", write_terminal=written.append, environ={})
    assert (taken.read_text("utf-8"), len(written)) == ("schön", 1)
    assert copied.how == ("Copied to the clipboard, sent to the terminal (OSC 52; it may refuse).")


@pytest.mark.usefixtures("helperless")
@pytest.mark.parametrize(
    ("code", "how"),
    [
        (0, "Handed to tmux (prefix ] pastes it) for your terminal (OSC 52; it may refuse)."),
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


def desktop_with(folder: Path, script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Be a desktop whose one helper program is this script."""
    for name in ("WAYLAND_DISPLAY", "WSL_DISTRO_NAME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DISPLAY", ":99")
    monkeypatch.setenv("PATH", str(folder), prepend=":")
    program = folder / "xclip"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)


@pytest.mark.skipif(sys.platform != "linux", reason="xclip is the helper of X11 alone")
async def test_a_helper_that_lives_on_holds_nothing_of_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As xclip does: ``H=$(mcp-auth-tui URL)`` would wait for it, and ctrl+z would stop it."""
    seen = tmp_path / "seen"
    script = f"cat >/dev/null; echo $(readlink /proc/$$/fd/1) $(ps -o sid= -p $$) > {seen}"
    desktop_with(tmp_path, script, monkeypatch)
    assert (await copy("x", write_terminal=None, environ={})).how == "Copied to the clipboard."
    out, session = seen.read_text().split()
    assert out == os.devnull
    assert int(session) != os.getsid(0)


@pytest.mark.skipif(sys.platform != "linux", reason="xclip is the helper of X11 alone")
def test_a_helper_that_hangs_is_not_waited_for_at_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """xclip waits for an X server that does not answer as long as it takes."""
    never = tmp_path / "never"
    os.mkfifo(never)
    held = os.open(never, os.O_RDWR)  # the helper reads until this is let go of
    desktop_with(tmp_path, f"read x < {never}", monkeypatch)
    monkeypatch.setattr(clipboard, "_SECONDS", 0.5)
    copied = asyncio.run(copy("x", write_terminal=None, environ={}))
    never.unlink()
    os.close(held)
    assert not copied.ok


async def test_nothing_of_the_folder_that_it_is_started_in_is_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "pyperclip.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\n")
    monkeypatch.chdir(tmp_path)
    await copy("x", write_terminal=None, environ={})
    assert not (tmp_path / "ran").exists()


async def test_under_textual_serve_only_the_persons_browser_is_told(taken: Path) -> None:
    written: list[str] = []
    web = {"TEXTUAL_DRIVER": "textual.drivers.web_driver:WebDriver", "TMUX": "x"}
    copied = await copy("x", write_terminal=written.append, environ=web)
    assert (taken.exists(), written) == (False, ["\x1b]52;c;eA==\x07"])
    assert copied.how == "Sent to your browser (it refuses without https, but on localhost)."


@pytest.mark.usefixtures("helperless")
@pytest.mark.parametrize(
    ("told", "how"),
    [
        (
            "bpaste,clipboard,focus|xterm-256color",
            "Handed to tmux (prefix ] pastes it) for your terminal",
        ),
        (
            "bpaste|tmux-256color\n 192: Ms: (string) \\033]52",
            "Handed to tmux (prefix ] pastes it) for your terminal",
        ),
        (
            "bpaste,focus|linux\n 192: Ms: [missing]",
            "Put into tmux's buffer (prefix ] pastes it), but no further; in tmux.conf: "
            "set -as terminal-features ',linux:clipboard'.",
        ),
        ("|\x1b[31m", "terminal-features ',TERM:clipboard'."),
        ("", "Handed to tmux (prefix ] pastes it) for your terminal (OSC 52; it may refuse)."),
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
