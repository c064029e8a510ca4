"""Knows how whole processes are started and measured from outside; must not know any target."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
# What the console script of the wheel does, word by word.
PROGRAM = (
    sys.executable,
    "-c",
    "import sys; from mcp_auth_tui.cli.main import main; sys.exit(main())",
)


@cache
def _bytecode() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="bench-bytecode-")


def environment(**more: str) -> dict[str, str]:
    """Return the environment of every measured process: bytecode is written once and then read."""
    unwanted = ("PYTHONDONTWRITEBYTECODE", "PYTHONPROFILEIMPORTTIME", "NO_COLOR", "TEXTUAL_DRIVER")
    kept = {name: value for name, value in os.environ.items() if name not in unwanted}
    kept.pop("COVERAGE_PROCESS_START", None)
    own = {
        "PYTHONPATH": str(ROOT),
        "PYTHONSAFEPATH": "1",  # else -c would take the program from the current directory
        "PYTHONPYCACHEPREFIX": _bytecode().name,
        "TERM": "xterm",
        # What the developer likes and keeps is neither measured nor changed.
        "MCP_AUTH_TUI_CONFIG": os.devnull,
        "MCP_AUTH_TUI_STATE": os.devnull,
        "MCP_AUTH_TUI_TOKENS": os.devnull,
    }
    return {**kept, **own, **more}


@dataclass(frozen=True, slots=True)
class Ran:
    """One process from start to end: seconds on the wall, seconds of CPU, peak RSS in KiB."""

    began: float
    wall: float
    cpu: float
    rss: int
    code: int
    out: str
    err: str


def run(words: Sequence[str], env: Mapping[str, str] | None = None, limit: float = 60) -> Ran:
    """Run a process to its end and measure it alone (wait4, not all children together)."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        began = time.monotonic()
        process = subprocess.Popen(
            words, env=env or environment(), stdin=subprocess.DEVNULL, stdout=out, stderr=err
        )
        killer = _killed_after(process, limit)
        with killer:
            _, status, usage = os.wait4(process.pid, 0)
        wall = time.monotonic() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        texts = []
        for file in (out, err):
            file.seek(0)
            texts.append(file.read().decode("utf-8", "replace"))
    cpu = usage.ru_utime + usage.ru_stime
    return Ran(began, wall, cpu, usage.ru_maxrss, process.returncode, *texts)


@contextmanager
def _killed_after(process: subprocess.Popen[bytes], limit: float) -> Iterator[None]:
    from threading import Timer

    timer = Timer(limit, process.kill)
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


class Practice:
    """The practice server in its own process, with what it counted."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        told = json.loads(self._line())
        self.url: str = told["url"]
        self.issuer: str = told["issuer"]

    def _line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline()

    def take(self) -> Counted:
        """Return what reached the server since the last time."""
        assert self._process.stdin is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        made = json.loads(self._line())
        return Counted(made["requests"], [tuple(item) for item in made["accepted"]])


@contextmanager
def practice(*faults: str, idle: float | None = None, delay: float = 0.0) -> Iterator[Practice]:
    """Run the practice server; `idle` is how long it keeps an idle connection (seconds).

    Each of its answers takes `delay` (seconds).
    """
    words = [sys.executable, "-m", "tests.bench.practice", *faults, "--delay", str(delay)]
    words += [] if idle is None else ["--idle", str(idle)]
    with subprocess.Popen(
        words, env=environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            yield Practice(process)
        finally:
            assert process.stdin is not None
            process.stdin.close()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()


@dataclass(frozen=True, slots=True)
class Counted:
    """What the server saw of one run: requests in order, connections as (origin, peer, when)."""

    requests: list[dict[str, Any]]
    accepted: list[tuple[int, str, float]]

    @property
    def verified(self) -> float:
        """When the first authorized request was answered 2xx (monotonic clock)."""
        return float(self._first_used()["answered"])

    def _first_used(self) -> dict[str, Any]:
        return next(r for r in self.requests if r["authorized"] and 200 <= r["status"] < 300)

    @property
    def needed(self) -> list[dict[str, Any]]:
        """The requests up to the verifying one, without those after it."""
        return self.requests[: self.requests.index(self._first_used()) + 1]

    @property
    def round_trips(self) -> tuple[int, int]:
        """How many requests followed one another before and after the sign-in."""
        paths = [r["target"].partition("?")[0] for r in self.needed]
        at = paths.index("/authorize")
        return at, len(paths) - at - 1

    @property
    def overlapping(self) -> int:
        """How many requests were sent before the one in front of them was answered."""
        pairs = zip(self.requests, self.requests[1:], strict=False)
        return sum(later["came"] < earlier["answered"] for earlier, later in pairs)

    @property
    def repeated(self) -> list[str]:
        """The requests that were sent more than once, credentials and ids included."""
        seen: list[tuple[Any, ...]] = []
        again = []
        for r in self.requests:
            key = (r["origin"], r["method"], r["target"], r["authorized"], r["body"])
            if key in seen:
                again.append(f"{r['method']} {r['target']}")
            seen.append(key)
        return again

    @property
    def connections(self) -> tuple[int, int]:
        """How many connections each origin accepted, without those of a person's browser."""
        at = [origin for origin, peer, _ in self.accepted if peer not in self._browsers]
        return at.count(0), at.count(1)

    @property
    def _browsers(self) -> set[str]:
        """The peers that asked for the authorization page and for nothing else."""
        paths: dict[str, set[str]] = {}
        for r in self.requests:
            paths.setdefault(r["peer"], set()).add(r["target"].partition("?")[0])
        return {peer for peer, asked in paths.items() if asked == {"/authorize"}}

    @property
    def warmed(self) -> tuple[bool, bool]:
        """Whether the connections of the token request and of the verifying request were there,

        unused, before the person came back from the sign-in.
        """
        came_back = next(r for r in self.requests if r["target"].startswith("/authorize"))["came"]
        token = next(r for r in self.requests if r["target"] == "/token")
        return self._ready(token, came_back), self._ready(self._first_used(), came_back)

    def _ready(self, request: dict[str, Any], moment: float) -> bool:
        peer = request["peer"]
        accepted = next(when for _, name, when in self.accepted if name == peer)
        first = next(r for r in self.requests if r["peer"] == peer)
        return accepted < moment and first is request


def ours(url: str, spec: str = "2025-11-25", browser: str = "follow") -> list[str]:
    """Return the words of a run without a screen."""
    return [*PROGRAM, url, "--plain", "--browser", browser, "--spec", spec]


def client(name: str, url: str, mode: str) -> list[str]:
    """Return the words of another client, ``sdk`` or ``bare``, in the same era as `ours`."""
    return [sys.executable, str(HERE / f"{name}_client.py"), url, mode]


def slow_person(seconds: float) -> str:
    """Return the browser command of a person who needs that long to sign in."""
    return shlex.join([sys.executable, str(HERE / "person.py"), str(seconds)])
