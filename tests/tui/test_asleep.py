"""Below the prompt, and asleep: a real shell with job control around the program, in a terminal."""

from __future__ import annotations

import asyncio
import fcntl
import os
import re
import select
import shlex
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import pyte
import pytest

from mcp_auth_tui.cli import flow, main
from mcp_auth_tui.tui.state import ScreenState
from mcp_auth_tui.tui.terminal import drivers
from tests.tui import fakes
from tests.tui.conftest import app_of, settled, sign_in

pytestmark = pytest.mark.skipif(os.name != "posix", reason="job control is POSIX")
ROOT = Path(__file__).parents[2]
LIMIT = 60.0
"""Seconds that a screen has to show something."""
PROGRAM = shlex.join([sys.executable, "-m", "tests.tui.pty_program"])


def _at_a_terminal() -> None:
    """Be the session of this terminal, and hear when it goes: whoever runs this may not."""
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


class Terminal:
    """A shell in a pseudo terminal, and the picture that a person sees."""

    def __init__(self, script: str, columns: int = 80, rows: int = 24) -> None:
        self.master, slave = os.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.slave = slave
        environ = {**os.environ, "TERM": "xterm-256color", "SSH_CONNECTION": "a 1 b 2"}
        for name in ("TMUX", "COLUMNS", "LINES", "NO_COLOR", "DISPLAY", "WAYLAND_DISPLAY"):
            environ.pop(name, None)
        self.process = subprocess.Popen(
            ["bash", "--norc", "-c", script],
            stdin=slave, stdout=slave, stderr=slave, cwd=ROOT, env=environ,
            start_new_session=True, preexec_fn=_at_a_terminal,
        )  # fmt: skip
        self.screen = pyte.Screen(columns, rows)
        self.stream = pyte.ByteStream(self.screen)
        self.raw = b""

    @property
    def text(self) -> str:
        return "\n".join(line.rstrip() for line in self.screen.display).rstrip()

    def until(self, words: str) -> None:
        """Read on until something is seen; fails after `LIMIT`."""
        end = time.monotonic() + LIMIT
        while words not in self.text:
            left = end - time.monotonic()
            assert left > 0, f"never seen: {words}\n{self.text}"
            if select.select([self.master], [], [], left)[0]:
                try:
                    read = os.read(self.master, 65536)
                except OSError:
                    raise AssertionError(f"it ended without {words}:\n{self.text}") from None
                self.raw += read
                # The emulator knows the size of pyte, but nothing of these two.
                self.stream.feed(re.sub(rb"\x1b\[[<>=][0-9;]*u|\x1b\[\?[0-9;]*\$p", b"", read))
                if b"\x1b[6n" in read:
                    os.write(self.master, b"\x1b[%d;1R" % (self.screen.cursor.y + 1))

    def press(self, pressed: str) -> None:
        os.write(self.master, pressed.encode())

    def modes(self) -> tuple[bool, bool]:
        """Whether the terminal echoes and reads by lines."""
        flags = termios.tcgetattr(self.slave)[3]
        return bool(flags & termios.ECHO), bool(flags & termios.ICANON)


@contextmanager
def terminal(script: str, columns: int = 80, rows: int = 24) -> Iterator[Terminal]:
    made = Terminal(script, columns, rows)
    try:
        yield made
    finally:
        if made.process.poll() is None:
            os.killpg(made.process.pid, signal.SIGKILL)
        made.process.wait()
        os.close(made.slave)
        os.close(made.master)


def asleep(*words: str) -> str:
    """A shell that starts the program, says that it is stopped, wakes it, and says its end."""
    program = f"{PROGRAM} {shlex.join(words)}"
    return f"set -m; echo before; {program}; echo STOPPED; read -r _; fg; echo ENDED $?"


@pytest.mark.parametrize("words", [(), ("--inline",)], ids=["whole", "inline"])
def test_asleep_the_terminal_is_the_shells_and_awake_the_screen_is_there_again(
    words: tuple[str, ...],
) -> None:
    with terminal(asleep(*words)) as shell:
        before = shell.modes()
        shell.until("c copy URL")
        assert shell.modes() == (False, False)
        assert "before" in shell.text or not words
        shell.press("\x1a")
        shell.until("STOPPED")
        assert shell.modes() == before == (True, True)
        for mode in (b"1000", b"1003", b"1006", b"2004", b"1004"):
            assert shell.raw.rindex(b"\x1b[?" + mode + b"l") > shell.raw.rindex(
                b"\x1b[?" + mode + b"h"
            )
        assert b"\x1b[?25h" in shell.raw
        shell.raw = b""
        shell.screen.reset()
        shell.press("\n")
        shell.until("c copy URL")
        shell.press("p")
        shell.until("leave the field")
        shell.press("pasted\r")
        shell.until("copy headers")
        shell.press("q")
        shell.until("ENDED 0")
        assert f"Authorization: Bearer {fakes.ACCESS}" in shell.text
        assert shell.modes() == before


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_program_that_is_told_to_end_leaves_the_terminal_as_it_was(number: int) -> None:
    with terminal(f"set -m; {PROGRAM}; echo ENDED $?; read -r _") as shell:
        before = shell.modes()
        shell.until("c copy URL")
        os.kill(os.tcgetpgrp(shell.master), number)
        shell.until("ENDED 130")
        assert shell.modes() == before
        for mode in (b"1049", b"1000", b"1003", b"1006", b"2004"):
            assert shell.raw.rindex(b"\x1b[?" + mode + b"l") > shell.raw.rindex(
                b"\x1b[?" + mode + b"h"
            )


def test_below_the_prompt_what_stood_there_stays_and_the_screen_goes_without_a_trace() -> None:
    script = f"echo one; echo two; {PROGRAM} --inline; echo ENDED $?; read -r _"
    with terminal(script) as shell:
        shell.until("c copy URL")
        lines = shell.text.splitlines()
        assert lines[:2] == ["one", "two"]
        assert lines[2].startswith(" mcp-auth-tui")
        assert len(lines) == 2 + drivers.lines_below(24)
        assert b"\x1b[?1049h" not in shell.raw
        shell.press("u")
        shell.until("there is no bare screen")
        shell.press("p")
        shell.until("leave the field")
        shell.press("pasted\r")
        shell.until("copy headers")
        shell.press("q")
        shell.until("ENDED 0")
        assert shell.text.splitlines() == [
            "one", "two", f"Authorization: Bearer {fakes.ACCESS}", "ENDED 0"
        ]  # fmt: skip


def test_in_a_command_substitution_below_the_prompt_stdout_gets_only_the_headers() -> None:
    script = f'H=$({PROGRAM} --inline); echo "[$H]"; read -r _'
    with terminal(script) as shell:
        shell.until("c copy URL")
        assert len(shell.text.splitlines()) == drivers.lines_below(24)
        shell.press("\x1a")
        shell.until("could not wake it")
        shell.press("p")
        shell.until("leave the field")
        shell.press("pasted\r")
        shell.until("copy headers")
        shell.press("q")
        shell.until(f"[Authorization: Bearer {fakes.ACCESS}]")
        assert shell.text == f"[Authorization: Bearer {fakes.ACCESS}]"


@pytest.mark.parametrize(
    ("lines", "taken"), [(8, 8), (15, 15), (16, 16), (20, 16), (24, 16), (36, 24), (100, 28)]
)
def test_a_screen_below_the_prompt_is_neither_tiny_nor_the_whole_terminal(
    lines: int, taken: int
) -> None:
    assert drivers.lines_below(lines) == taken


@pytest.mark.parametrize(
    ("words", "environ", "sentence"),
    [
        (["x", "--inline", "--plain"], {}, "argument --plain: not allowed with argument --inline."),
        (["x", "--inline"], {}, "--inline needs a terminal to draw on: leave it out, or use --p"),
        (["x", "--inline"], {"TEXTUAL_DRIVER": "a:b"}, "--inline needs a terminal: this screen is"),
    ],
)
def test_below_the_prompt_is_refused_where_there_is_none(
    words: list[str],
    environ: dict[str, str],
    sentence: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    assert main.main(words) == 2
    assert capsys.readouterr().err.startswith(f"mcp-auth-tui: {sentence}")


def test_windows_has_no_screen_below_the_prompt(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(flow.os, "name", "nt")
    with pytest.raises(Exception, match="--inline does not work on Windows: leave it out"):
        flow.check_inline("")


class Driver:
    def __init__(self, *, web: bool = False, suspends: bool = True) -> None:
        self.is_web, self.can_suspend = web, suspends


@pytest.mark.parametrize(
    ("driver", "pid", "group", "session", "piped", "reason"),
    [
        (Driver(), 7, 7, 5, False, ""),
        (Driver(), 7, 7, 5, True, ""),
        (Driver(), 7, 6, 5, False, ""),
        (Driver(), 7, 6, 5, True, "The shell waits for what this program prints"),
        (Driver(), 7, 5, 5, True, "The shell waits for what this program prints"),
        (Driver(), 7, 7, 7, False, "No shell started this program"),
        (Driver(web=True), 7, 7, 5, False, "This screen is shown in a browser"),
        (Driver(suspends=False), 7, 7, 5, False, "This terminal cannot put a program to sleep"),
        (None, 7, 7, 5, False, "This terminal cannot put a program to sleep"),
    ],
)
def test_nothing_goes_to_sleep_that_nobody_could_wake(
    driver: Any,
    pid: int,
    group: int,
    session: int,
    piped: bool,
    reason: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Stdout:
        def isatty(self) -> bool:
            return not piped

    monkeypatch.setattr(os, "getpid", lambda: pid)
    monkeypatch.setattr(os, "getpgrp", lambda: group)
    monkeypatch.setattr(os, "getsid", lambda _: session)
    monkeypatch.setattr(sys, "__stdout__", Stdout())
    told = drivers.awake(driver)
    assert told.startswith(reason) and bool(told) == bool(reason)


async def test_time_asleep_counts_for_no_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    stopped: list[tuple[str, int, int]] = []
    now = iter((1000.0, 1600.0))
    monkeypatch.setattr(os, "killpg", lambda group, number: stopped.append(("all", group, number)))
    monkeypatch.setattr(os, "kill", lambda pid, number: stopped.append(("own", pid, number)))
    loop = asyncio.get_running_loop()
    before = loop.time()
    with monkeypatch.context() as clock:
        clock.setattr(drivers.time, "monotonic", lambda: next(now))
        assert drivers.sleep() == 600.0
    assert loop.time() < before - 500
    assert stopped == [("all", 0, signal.SIGTSTP), ("own", os.getpid(), signal.SIGSTOP)]
    async with asyncio.timeout(30):
        await asyncio.sleep(0)


async def test_a_wait_goes_on_where_it_stood(monkeypatch: pytest.MonkeyPatch) -> None:
    app = app_of([*fakes.metadata(), *fakes.registration(), *fakes.browser()])
    monkeypatch.setattr(app, "suspend", nullcontext)
    monkeypatch.setattr(drivers, "sleep", lambda: 100.0)
    async with app.run_test() as pilot:
        await settled(pilot, lambda: app.main.state.at_browser)
        await pilot.press("enter")
        await settled(pilot, lambda: app.main.state.signing_in)
        app.main.awake = ""
        await pilot.press("ctrl+z")
        await settled(pilot)
        assert app.main.now == fakes.NOW + 42 - 100


async def test_a_token_grows_older_while_the_program_sleeps(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    app = app_of(fakes.signed_in())
    monkeypatch.setattr(app, "suspend", nullcontext)
    monkeypatch.setattr(drivers, "sleep", lambda: 100.0)
    async with app.run_test() as pilot:
        await sign_in(pilot)
        await pilot.press("4")
        await settled(pilot)
        app.main.awake = ""
        app.driver.clock = lambda: fakes.NOW + 142
        await pilot.press("ctrl+z")
        await settled(pilot)
        assert app.main.now == fakes.NOW + 142


async def test_where_nothing_can_sleep_the_key_says_why() -> None:
    app = app_of([], config=None)
    async with app.run_test() as pilot:
        await settled(pilot)
        app.pop_screen()
        await pilot.press("ctrl+z")
        await settled(pilot)
        assert [note.message for note in app._notifications] == [
            "This terminal cannot put a program to sleep."
        ]
    assert app.keymap.of("suspend").off(ScreenState(app.driver.session, awake="why")) == "why"


def test_settings_that_were_changed_are_told_as_a_command_when_the_screen_is_gone(
    tmp_path: Path,
) -> None:
    program = shlex.join([sys.executable, "-m", "mcp_auth_tui"])
    script = f"{program} demo --inline --browser follow --auto-approve; echo ENDED $?; read -r _"
    with terminal(script) as shell:
        shell.until("copy headers")
        shell.press(",")
        shell.until("Settings for the next run")
        shell.press("lll\r")
        shell.until("--grant: ")
        shell.press("authorization_code\r")
        shell.until("--grant authorization_code")
        shell.press("\x1b")
        shell.until("copy headers")
        shell.press("q")
        shell.until("ENDED 0")
        told = "mcp-auth-tui: with the settings as changed: mcp-auth-tui demo --auto-approve"
        assert told in " ".join(shell.text.split())
        assert "--grant authorization_code --browser follow" in " ".join(shell.text.split())
