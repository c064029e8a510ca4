"""Knows how a program with a screen is measured in a pseudo-terminal; must not know which one."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.bench.measure import environment

SIZE = (36, 120)
_ESCAPES = re.compile(rb"\x1b(?:\[[0-9;?<=>]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|P.*?\x1b\\)")


@dataclass(frozen=True, slots=True)
class Frame:
    """Seconds from process start to a word on the screen, and resident memory (KiB) later on."""

    first: float
    cpu: float
    """Seconds on a processor until the word was seen, over all threads."""
    resident: int
    settled: int


def watch(words: Sequence[str], wanted: str, *, settle: float = 1.0, limit: float = 30) -> Frame:
    """Run a program until a word is drawn and `settle` seconds longer; raises TimeoutError."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", *SIZE, 0, 0))
    began = time.monotonic()
    process = subprocess.Popen(
        words, env=environment(), stdin=slave, stdout=slave, stderr=slave, start_new_session=True
    )
    os.close(slave)
    try:
        drawn = _until(master, wanted.encode(), began + limit)
        resident, cpu = _memory(process.pid), _cpu(process.pid)
        _drain(master, time.monotonic() + settle)
        return Frame(drawn - began, cpu, resident, _memory(process.pid))
    finally:
        process.kill()
        process.wait()
        os.close(master)


def _until(master: int, wanted: bytes, deadline: float) -> float:
    seen = b""
    while (left := deadline - time.monotonic()) > 0:
        if select.select([master], [], [], left)[0]:
            seen += os.read(master, 65536)
            if wanted in _ESCAPES.sub(b"", seen):
                return time.monotonic()
    raise TimeoutError(f"{wanted!r} was never drawn; seen: {seen[-2000:]!r}")


def _drain(master: int, until: float) -> None:
    while (left := until - time.monotonic()) > 0:
        if select.select([master], [], [], left)[0]:
            os.read(master, 65536)


def _memory(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    found = re.search(r"VmRSS:\s+(\d+) kB", status)
    assert found is not None
    return int(found[1])


def _cpu(pid: int) -> float:
    threads = Path(f"/proc/{pid}/task").iterdir()
    return sum(int((thread / "schedstat").read_text().split()[0]) for thread in threads) / 1e9
