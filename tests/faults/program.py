"""Runs the program on pipes or on a terminal, and says what it left behind; judges nothing."""

from __future__ import annotations

import fcntl
import os
import pty
import resource
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from threading import Thread

from tests.faults.server import SECONDS
from tests.peers.program import environment

FACES = ("plain", "json", "screen")


class Started:
    """A program that runs in a session of its own."""

    def __init__(
        self,
        home: Path,
        face: str,
        words: tuple[str, ...],
        *,
        terminal: bool = False,
        stdout: int | None = None,
        full: bool = False,
        deaf: bool = False,
    ) -> None:
        """Start it; ``terminal``: stdin and stderr are one, as they are for a screen anyway.

        ``full``: no regular file can grow. ``deaf``: stderr is closed.
        """
        self.home = home
        self.master = self._slave = -1
        if terminal or face == "screen":
            self.master, self._slave = pty.openpty()
            fcntl.ioctl(self._slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
            self.before = self.modes()
        owned = self._slave if self.master >= 0 else None
        mode = () if face == "screen" else (f"--{face}",)
        environ = environment(home) | {
            "TERM": "xterm-256color" if face == "screen" else "dumb",
            "SSH_CONNECTION": "a 1 b 2",
            "MCP_AUTH_TUI_TOKENS": str(home / "tokens.json"),
            "MCP_AUTH_TUI_STATE": str(home / "state.json"),
        }
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.clocked", str(home / "clock"), *words, *mode],
            stdin=subprocess.PIPE if owned is None else owned,
            stdout=subprocess.PIPE if stdout is None else stdout,
            stderr=subprocess.PIPE if owned is None else owned,
            env=environ,
            start_new_session=True,
            preexec_fn=_prepared(owned is not None, full=full, deaf=deaf),
        )
        self._said = {"out": bytearray(), "err": bytearray()}
        self._unread: set[int] = set()
        """What is to be read no more."""
        pipes = {"out": self.process.stdout, "err": self.process.stderr}
        sources = {name: pipe.fileno() for name, pipe in pipes.items() if pipe is not None}
        if self.master >= 0:
            sources["err"] = self.master
        self._readers = {
            descriptor: Thread(target=self._read, args=(name, descriptor), daemon=True)
            for name, descriptor in sources.items()
        }
        for reader in self._readers.values():
            reader.start()

    def _read(self, name: str, descriptor: int) -> None:
        """Take what comes until it is over; never within a read, so that it can be closed."""
        with suppress(OSError, ValueError):
            while True:
                if not select.select([descriptor], [], [], 0.02)[0]:
                    if descriptor in self._unread:
                        return
                    continue
                octets = os.read(descriptor, 65536)
                self._said[name] += octets
                if not octets:
                    return
                if b"\x1b[6n" in octets:
                    os.write(descriptor, b"\x1b[1;1R")

    @property
    def out(self) -> str:
        """What stdout got."""
        return self._said["out"].decode("utf-8", "replace")

    @property
    def err(self) -> str:
        """What stderr, or the terminal, got."""
        return self._said["err"].decode("utf-8", "replace")

    def modes(self) -> tuple[int, ...]:
        """How the terminal takes what is typed and shows what is written."""
        return tuple(int(flag) for flag in termios.tcgetattr(self._slave)[:4])

    def until(self, done: Callable[[], object], what: str) -> None:
        """Wait for something; raises AssertionError after `SECONDS`, or when the program ends."""
        end = time.monotonic() + SECONDS
        while not done():
            assert time.monotonic() < end, f"never: {what}\n{self.err[-2000:]}"
            assert self.process.poll() is None, f"ended before: {what}\n{self.err[-2000:]}"
            time.sleep(0.02)  # files and processes tell nobody when they are as they should be

    def press(self, keys: bytes) -> None:
        """Type."""
        os.write(self.master, keys)

    def send(self, number: int) -> None:
        """Send a signal to the program alone."""
        os.kill(self.process.pid, number)

    def close_out(self) -> None:
        """Read stdout no more."""
        assert self.process.stdout is not None
        self._leave(self.process.stdout.fileno())
        self.process.stdout.close()

    def close_in(self) -> None:
        """Type nothing more."""
        assert self.process.stdin is not None
        self.process.stdin.close()

    def hang_up(self) -> None:
        """Close the terminal."""
        self._leave(self.master)
        os.close(self._slave)
        os.close(self.master)
        self.master = -1

    def _leave(self, descriptor: int) -> None:
        self._unread.add(descriptor)
        self._readers.pop(descriptor).join(SECONDS)

    def end(self) -> int:
        """Wait for the end and return the exit code as a shell tells it."""
        code = self.process.wait(SECONDS)
        if self.process.stdin is not None:
            self.process.stdin.close()
        if self.master >= 0:
            self._unread.add(self.master)  # it is ours: nothing ends it
        for reader in self._readers.values():
            reader.join(SECONDS)
        return code if code >= 0 else 128 - code

    def orphans(self) -> list[str]:
        """Return the command lines of what still runs in its session."""
        found = []
        for folder in Path("/proc").iterdir():
            if folder.name.isdigit():
                try:
                    fields = (folder / "stat").read_text().rpartition(")")[2].split()
                    words = (folder / "cmdline").read_bytes()
                except OSError:
                    continue
                if int(fields[3]) == self.process.pid and fields[0] != "Z":
                    found.append(words.decode(errors="replace").replace("\0", " "))
        return found

    def kill(self) -> None:
        """End it for good, with all that it started."""
        if self.process.poll() is None or self.orphans():
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(SECONDS)
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            if pipe is not None:
                pipe.close()
        if self.master >= 0:
            os.close(self._slave)
            os.close(self.master)


def _prepared(terminal: bool, *, full: bool, deaf: bool) -> Callable[[], None]:
    def prepare() -> None:
        # Under nohup it is ignored, and stays so.
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
        if terminal:
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)
        if full:
            resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
        if deaf:
            os.close(2)

    return prepare
