"""Finds processes by a line of the environment they were started with, and ends them.

Also what a daemon made of itself, which no tree of processes leads to. Linux alone.
"""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from pathlib import Path

SECONDS = 5.0
"""What was told to end has so long to be gone."""


def running(line: str) -> dict[int, str]:
    """Return the processes whose environment has this line: what each is, and for which test."""
    found: dict[int, str] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            lines = (folder / "environ").read_bytes().split(b"\0")
            if line.encode() not in lines or int(folder.name) == os.getpid():
                continue
            test = next((item for item in lines if item.startswith(b"PYTEST_CURRENT_TEST=")), b"")
            words = (folder / "cmdline").read_bytes().replace(b"\0", b" ")
            if words:  # else it is over, and nobody has asked how it ended
                told = (b"%s  started by %s" % (words[:300], test.partition(b"=")[2])).decode()
                found[int(folder.name)] = told
    return found


def ended(line: str, patience: float = SECONDS) -> list[str]:
    """Wait until no such process is left, end those that stay, and return what they were."""
    end = time.monotonic() + patience
    while (left := running(line)) and time.monotonic() < end:
        time.sleep(0.05)
    for pid in left:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    return sorted(left.values())
