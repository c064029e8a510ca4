"""The bytes that a real terminal gets, in a pseudo terminal with stdout piped away."""

from __future__ import annotations

import base64
import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from mcp_auth_tui.tui.terminal import drivers
from tests.tui import fakes

pytestmark = pytest.mark.skipif(os.name != "posix", reason="pseudo terminals are POSIX")
ROOT = Path(__file__).parents[2]
LIMIT = 40.0
"""Seconds that a screen has to show something."""


class Screen:
    """A program in a pseudo terminal: stdin and stderr are the terminal, stdout is a pipe."""

    def __init__(self, columns: int, rows: int) -> None:
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        environ = {**os.environ, "TERM": "xterm-256color", "SSH_CONNECTION": "a 1 b 2"}
        for name in ("TMUX", "COLUMNS", "LINES", "NO_COLOR", "DISPLAY", "WAYLAND_DISPLAY"):
            environ.pop(name, None)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.tui.pty_program"],
            stdin=slave, stderr=slave, stdout=subprocess.PIPE, cwd=ROOT, env=environ,
        )  # fmt: skip
        os.close(slave)
        self.seen = b""

    def until(self, wanted: bytes | re.Pattern[bytes]) -> None:
        """Read on until something was written; fails after `LIMIT`."""
        pattern = re.compile(re.escape(wanted)) if isinstance(wanted, bytes) else wanted
        end = time.monotonic() + LIMIT
        while not pattern.search(self.seen):
            left = end - time.monotonic()
            assert left > 0, f"never seen: {wanted!r} in {self.seen[-600:]!r}"
            if select.select([self.master], [], [], left)[0]:
                try:
                    self.seen += os.read(self.master, 65536)
                except OSError:
                    raise AssertionError(f"it ended: {self.seen[-600:]!r}") from None

    def press(self, keys: bytes) -> None:
        os.write(self.master, keys)

    def close(self) -> tuple[int, bytes]:
        """Read the terminal to its end, and return exit code and stdout."""
        while True:
            try:
                if not os.read(self.master, 65536):
                    break
            except OSError:
                break
        out, _ = self.process.communicate(timeout=LIMIT)
        return self.process.returncode, out


@pytest.fixture
def screen() -> Iterator[Screen]:
    made = Screen(60, 20)
    yield made
    if made.process.poll() is None:
        made.process.kill()
        made.process.wait()
    os.close(made.master)


def test_in_a_command_substitution_the_screen_fits_and_stdout_gets_only_the_headers(
    screen: Screen,
) -> None:
    """DESIGN 3: ``H=$(mcp-auth-tui URL)``; the address is one link, and c is an OSC 52 copy."""
    screen.until(b"address you end on")
    links = re.findall(rb"\x1b\]8;id=([^;]*);([^\x1b]+)\x1b\\", screen.seen)
    assert {url for _, url in links} == {fakes.URL.encode()}
    assert len({name for name, _ in links}) == 1
    assert b"\x1b[20;60H" not in screen.seen.split(b"\x1b[?1049h")[0]
    assert b"\x1b[21;" not in screen.seen
    assert b"\x1b]0;" not in screen.seen
    assert b"\x1b]2;" not in screen.seen
    screen.press(b"c")
    screen.until(b"\x1b]52;c;" + base64.b64encode(fakes.URL.encode()))
    screen.press(b"u")
    screen.until(b"\x1b[?7h\x1b[H\x1b[0m\x1b]8;;" + fakes.URL.encode() + b"\x1b\\")
    screen.until(b"\x1b]8;;\x1b\\\x1b[?7l")
    screen.press(b"u")
    screen.until(b"\x1b[?1000h\x1b[?1003h\x1b[?1015h\x1b[?1006h")
    screen.press(b"p")
    screen.until(b"leave the field")
    screen.press(b"pasted\r")
    # The key bar begins with c only when the run is over.
    screen.until(re.compile(rb"\x1b\[20;\d+H\x1b\[[0-9;]*mc \x1b\[[0-9;]*mcopy headers"))
    screen.press(b"q")
    code, out = screen.close()
    assert (code, out) == (0, f"Authorization: Bearer {fakes.ACCESS}\n".encode())


def test_a_terminal_that_goes_away_ends_the_program_without_a_signal(screen: Screen) -> None:
    """It is not the controlling terminal here, so no SIGHUP comes."""
    screen.until(b"address you end on")
    os.close(screen.master)
    screen.master = os.open(os.devnull, os.O_RDONLY)
    out, _ = screen.process.communicate(timeout=LIMIT)
    assert (screen.process.returncode, out) == (130, b"")


def test_the_driver_is_ours_but_in_a_browser() -> None:
    assert drivers.driver_for({"TEXTUAL_DRIVER": "x:y"}) is None
    for inline, base in ((False, "LinuxDriver"), (True, "LinuxInlineDriver")):
        ours = drivers.driver_for({}, inline=inline)
        assert ours is not None
        assert ours.__mro__[1].__name__ == base


def test_what_is_drawn_on_a_terminal_that_is_gone_goes_nowhere() -> None:
    """Else the thread that writes would be gone too, and the screen wait for it for ever."""
    gone, end = os.pipe()
    os.close(gone)
    with os.fdopen(end, "w", encoding="utf-8") as file:
        outlet = drivers.Outlet(file)
        assert outlet.write("drawn") == 5
        outlet.flush()
        assert outlet.write("again") == 5
        outlet.flush()
        assert (outlet.fileno(), outlet.isatty()) == (end, False)


def test_importing_the_screen_loads_neither_the_network_nor_the_trust_store() -> None:
    heavy = ("httpx", "httpcore", "truststore", "h11", "mcp_auth_tui.net.network", "pygments")
    code = (
        "import sys, mcp_auth_tui.tui.app; "
        f"print([name for name in {heavy!r} if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
