"""Runs `python -m mcp_auth_tui` as a person or a script would, and uses the header it prints.

Knows the command line, the two streams and the exit codes; must not import the program.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, Queue
from threading import Thread
from typing import IO, Any

from .processes import quiet_environment

LINE_SECONDS = 30.0
END_SECONDS = 30.0
WAIT = ("--wait", "60")


@dataclass(frozen=True, slots=True)
class Result:
    """What a run left behind."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        """The one JSON document of `--json`."""
        found = json.loads(self.out)
        assert isinstance(found, dict)
        return found

    def header(self, scheme: str = "Bearer") -> dict[str, str]:
        """The one header line on stdout, which must be all there is."""
        assert self.code == 0, f"exit {self.code}\n{self.err}"
        name, value = self.out.removesuffix("\n").split(": ", 1)
        assert self.out == f"{name}: {value}\n"
        assert name == "Authorization"
        assert value.startswith(f"{scheme} ")
        return {name: value}


class Program:
    """One run of the program; stderr is read as it comes, stdin is a pipe for pasting."""

    def __init__(self, home: Path, *arguments: str, **environ: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "mcp_auth_tui", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**environment(home), **environ},
        )
        self._lines: Queue[str | None] = Queue()
        self._said: list[str] = []
        self._out: list[str] = []
        self._out_lines: Queue[str | None] = Queue()
        assert self._process.stderr
        assert self._process.stdout
        self._threads = [
            _read(self._process.stderr, self._lines.put, lambda: self._lines.put(None)),
            _read(self._process.stdout, self._printed, lambda: self._out_lines.put(None)),
        ]

    def authorization_url(self) -> str:
        """Reads stderr up to the line that holds the authorization URL, and returns the URL."""
        return self._word("http", "response_type=code")

    def pushed_url(self) -> tuple[str, str]:
        """The redirect URI and the authorization URL of a request that was pushed."""
        return self._word("http://127.0.0.1", "/callback"), self._word("http", "request_uri=")

    def _word(self, start: str, part: str) -> str:
        while (line := self._line()) is not None:
            for word in line.split():
                # A request in the story is masked: nobody could sign in there.
                if word.startswith(start) and part in word and "‹" not in word:
                    return word
        raise AssertionError(f"no word with {part} was said:\n{''.join(self._said)}")

    def learned(self, name: str) -> dict[str, Any]:
        """Reads the events on stdout (`--events`) up to the value `name`, and returns the value."""
        while (line := self._out_lines.get(timeout=LINE_SECONDS)) is not None:
            event = json.loads(line)
            if event.get("name") == name:
                value = event["value"]
                assert isinstance(value, dict)
                return value
        raise AssertionError(f"{name} was never learned:\n{self._rest()}")

    def _printed(self, line: str) -> None:
        self._out.append(line)
        self._out_lines.put(line)

    def _line(self) -> str | None:
        try:
            line = self._lines.get(timeout=LINE_SECONDS)
        except Empty:
            self.kill()
            raise AssertionError(f"silence after:\n{''.join(self._said)}") from None
        self._said.append(line or "")
        return line

    def paste(self, text: str) -> None:
        assert self._process.stdin
        self._process.stdin.write(f"{text}\n")
        self._process.stdin.flush()

    def result(self) -> Result:
        """Waits for the end of the run."""
        try:
            self._process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"no end after:\n{self._rest()}") from None
        return Result(self._process.returncode, self._all_out(), self._rest())

    def _all_out(self) -> str:
        self._threads[1].join(END_SECONDS)
        return "".join(self._out)

    def _rest(self) -> str:
        self._threads[0].join(END_SECONDS)
        while not self._lines.empty():
            self._said.append(self._lines.get() or "")
        return "".join(self._said)

    def kill(self) -> None:
        """Ends the run if it has not ended, and closes its streams."""
        self._process.kill()
        self._process.wait()
        for thread in self._threads:
            thread.join(END_SECONDS)
        for stream in (self._process.stdin, self._process.stdout, self._process.stderr):
            if stream:
                stream.close()


def _read(stream: IO[str], put: Callable[[str], object], end: Callable[[], object]) -> Thread:
    def work() -> None:
        for line in stream:
            put(line)
        end()

    thread = Thread(target=work, daemon=True)
    thread.start()
    return thread


def environment(home: Path) -> Mapping[str, str]:
    """An environment whose home, and so every stored thing, is the empty folder `home`."""
    folders = {
        f"XDG_{name}_HOME": str(home / name) for name in ("CONFIG", "DATA", "STATE", "CACHE")
    }
    return {**quiet_environment(), **folders, "HOME": str(home), "PYTHONWARNINGS": "error"}
