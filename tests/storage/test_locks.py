"""One process at a time: others are waited for, a dead one is not, and locks may be missing."""

from __future__ import annotations

import errno
import fcntl
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mcp_auth_tui.storage import locks
from mcp_auth_tui.storage.locks import alone

HOLDER = """
import sys
from pathlib import Path
from mcp_auth_tui.storage.locks import alone
with alone(Path(sys.argv[1]), 5) as locked:
    print(locked, flush=True)
    sys.stdin.read()
"""


def holder(path: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "True\n"
    return process


def no_locks(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", refuse)


def test_another_process_is_waited_for_until_the_time_is_up(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with holder(path) as process:
        with alone(path, 0.1) as locked:
            assert not locked
        process.kill()
    with alone(path, 5) as locked:
        assert locked, "a lock ends with its process"


def test_the_wait_ends_when_there_is_nothing_left_to_do(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with holder(path) as process:
        with alone(path, 60, lambda: True) as locked:
            assert not locked
        process.kill()


def test_a_lock_on_a_file_that_was_removed_keeps_nobody_out_and_is_made_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "lock"
    lock, calls = locks._lock, []

    def locked_too_late(handle: int) -> bool:
        if not calls:
            path.unlink()
        calls.append(handle)
        return lock(handle)

    monkeypatch.setattr(locks, "_lock", locked_too_late)
    with alone(path, 5) as locked:
        assert locked
        assert path.exists()
    assert len(calls) == 2


def test_without_locks_a_second_file_claims_the_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    no_locks(monkeypatch)
    path = tmp_path / "lock"
    with alone(path, 1) as first, alone(path, 0.05) as second:
        assert (first, second) == (True, False)
        assert {item.name for item in tmp_path.iterdir()} == {"lock", "lock.claim"}
    assert {item.name for item in tmp_path.iterdir()} == {"lock"}
    with alone(tmp_path, 1) as folder:
        assert folder


def test_a_claim_whose_maker_died_is_taken_away_in_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    no_locks(monkeypatch)
    path, claim = tmp_path / "lock", tmp_path / "lock.claim"
    claim.touch()
    with alone(path, 0.05) as locked:
        assert not locked
    old = time.time() - locks.STALE_SECONDS - 1
    os.utime(claim, (old, old))
    with alone(path, 1) as locked:
        assert locked


class Msvcrt:
    """The module of Windows: a lock is held by an open file, others are refused at once."""

    LK_NBLCK = 2

    def __init__(self) -> None:
        self.held: dict[tuple[int, int], int] = {}
        self.fault: OSError | None = None

    def locking(self, handle: int, mode: int, octets: int) -> None:
        assert (mode, octets) == (self.LK_NBLCK, 1)
        if self.fault is not None:
            raise self.fault
        self.held = {key: held for key, held in self.held.items() if _is_open(held)}
        facts = os.fstat(handle)
        if self.held.setdefault((facts.st_dev, facts.st_ino), handle) != handle:
            raise PermissionError(errno.EACCES, "Permission denied")


def _is_open(handle: int) -> bool:
    try:
        os.fstat(handle)
    except OSError:
        return False
    return True


@pytest.fixture
def windows(monkeypatch: pytest.MonkeyPatch) -> Msvcrt:
    module = Msvcrt()
    monkeypatch.setitem(sys.modules, "fcntl", None)
    monkeypatch.setitem(sys.modules, "msvcrt", module)
    return module


def test_on_windows_an_open_file_holds_the_lock_and_closing_it_ends_that(
    tmp_path: Path, windows: Msvcrt
) -> None:
    path = tmp_path / "lock"
    with alone(path, 1) as first:
        assert first
        with alone(path, 0.05) as second:
            assert not second, "another handle is refused"
    assert [held for held in windows.held.values() if _is_open(held)] == []
    with alone(path, 1) as third:
        assert third


def test_on_windows_a_share_without_locks_gets_a_file_that_claims_the_place(
    tmp_path: Path, windows: Msvcrt
) -> None:
    windows.fault = OSError(errno.EINVAL, "Invalid argument")
    path = tmp_path / "lock"
    with alone(path, 1) as first, alone(path, 0.05) as second:
        assert (first, second) == (True, False)
        assert {item.name for item in tmp_path.iterdir()} == {"lock", "lock.claim"}
    assert {item.name for item in tmp_path.iterdir()} == {"lock"}
