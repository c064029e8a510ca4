"""A terminal of a given size around the program, with its stdout kept apart.

Knows escape sequences through pyte, and the keys of a keyboard; must not import the program.
"""

from __future__ import annotations

import base64
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

import pyte

from .program import environment

SCREEN_SECONDS = 30.0
QUIET_SECONDS = 0.3
MUCH = 1 << 20


class Terminal:
    """The program under a pseudo-terminal on stdin and stderr; stdout goes to a file.

    ``words`` are a whole command in place of the program and its ``arguments``; its stdout is the
    terminal too.
    """

    def __init__(
        self,
        folder: Path,
        size: tuple[int, int],
        *arguments: str,
        words: Sequence[str] = (),
        **environ: str,
    ) -> None:
        columns, lines = size
        self._out = folder / "stdout"
        self._screen = pyte.Screen(columns, lines)
        self._stream = pyte.ByteStream(self._screen)
        self._raw = b""
        self._master, inner = pty.openpty()
        fcntl.ioctl(inner, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        with self._out.open("wb") as out:
            self._process = subprocess.Popen(
                words or [sys.executable, "-m", "mcp_auth_tui", *arguments],
                stdin=inner,
                stdout=inner if words else out,
                stderr=inner,
                start_new_session=True,
                env={
                    **environment(folder),
                    "TERM": "xterm-256color",
                    "LANG": "C.UTF-8",
                    **environ,
                },
            )
        os.close(inner)

    def __enter__(self) -> Terminal:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.kill()
        self._process.wait()
        os.close(self._master)

    @property
    def text(self) -> str:
        """What stands on the screen."""
        return "\n".join(line.rstrip() for line in self._screen.display)

    @property
    def raw(self) -> bytes:
        """Every octet that was written to the terminal."""
        return self._raw

    def found(self, pattern: str) -> str:
        """The first group of what matches on the screen."""
        match = re.search(pattern, self.text)
        assert match, f"{pattern!r} is not on the screen:\n{self.text}"
        return match[1]

    def press(self, keys: str) -> None:
        os.write(self._master, keys.encode())

    def resize(self, columns: int, lines: int) -> None:
        """Gives the terminal another size, and says so as a terminal does."""
        size = struct.pack("HHHH", lines, columns, 0, 0)
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, size)
        self._screen.resize(lines, columns)
        self._process.send_signal(signal.SIGWINCH)

    def paste(self, text: str) -> None:
        """Pastes as a terminal does, between the two brackets of DEC mode 2004."""
        self.press(f"\x1b[200~{text}\x1b[201~")

    def clipboard(self) -> str:
        """Reads the terminal until something is copied by OSC 52, and returns it."""
        limit = time.monotonic() + SCREEN_SECONDS
        while not (copied := re.findall(rb"\x1b]52;c?;([A-Za-z0-9+/=]+)[\x07\x1b]", self._raw)):
            came = self._read(max(0.0, limit - time.monotonic()))
            assert came, f"nothing was copied:\n{self.text}"
        return base64.b64decode(copied[-1]).decode()

    def until(self, words: str) -> None:
        """Reads the terminal until `words` stand on the screen."""
        self.until_matches(re.escape(words))

    def until_matches(self, pattern: str) -> None:
        """Reads the terminal until the screen matches `pattern`.

        Raises AssertionError with the screen when it does not in time.
        """
        limit = time.monotonic() + SCREEN_SECONDS
        while not re.search(pattern, self.text):
            came = self._read(max(0.0, limit - time.monotonic()))
            assert came, f"{pattern!r} is not on the screen:\n{self.text}"

    def drawn(self, quiet: float = QUIET_SECONDS) -> int:
        """Reads what a key changes, until nothing more comes for a while; returns its octets."""
        before = len(self._raw)
        assert self._read(SCREEN_SECONDS), f"nothing changes:\n{self.text}"
        self.settle(quiet)
        return len(self._raw) - before

    def settle(self, quiet: float = QUIET_SECONDS) -> None:
        """Reads what is still to come, if anything, until nothing more comes for a while."""
        limit = time.monotonic() + SCREEN_SECONDS
        while self._read(quiet) and time.monotonic() < limit:
            pass

    def _read(self, seconds: float) -> bool:
        """Draws what comes within `seconds`; False when nothing came or the program has ended.

        All that is there is read before it is drawn, which is slow: tmux drops what a terminal
        does not take, a copy with it.
        """
        arrived = b""
        while len(arrived) < MUCH and select.select([self._master], [], [], seconds)[0]:
            seconds = 0.0
            try:
                piece = os.read(self._master, 65536)
            except OSError:  # Linux: the other side is closed
                piece = b""
            arrived += piece
            if not piece:
                break
        self._raw += arrived
        self._stream.feed(arrived)
        return bool(arrived)

    def end(self) -> tuple[int, str]:
        """Waits for the end; the exit code, and what stands on stdout."""
        limit = time.monotonic() + SCREEN_SECONDS
        while self._read(max(0.0, limit - time.monotonic())):
            pass
        try:
            code = self._process.wait(max(0.0, limit - time.monotonic()))
        except subprocess.TimeoutExpired:
            raise AssertionError(f"the program does not end:\n{self.text}") from None
        return code, self._out.read_text()
