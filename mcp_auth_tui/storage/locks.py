"""Knows how one process at a time does something; must not know what it does.

A lock ends with its process, however that ends.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

_TURN, _LONGEST_TURN = 0.02, 0.25
STALE_SECONDS = 120.0
"""So old is a claim, on a file system without locks, when whoever made it is taken to be dead."""


@contextmanager
def alone(path: Path, seconds: float, enough: Callable[[], bool] = lambda: False) -> Iterator[bool]:
    """Keep other runs of this program out of the block; yields whether it could.

    ``path`` is a file made for it, or on POSIX a folder. Others are waited for, at most so many
    seconds, or until ``enough`` says that there is nothing left to do. Where the file system has no
    locks a second file claims the place. Raises OSError.
    """
    until = time.monotonic() + seconds
    folder = path.is_dir()
    if folder and os.name != "posix":
        yield True  # nothing locks a folder there
        return
    handle = _open(path)
    claim = path.with_name(f"{path.name}.claim")
    claimed = locked = False
    try:
        turn = _TURN
        while not locked:
            try:
                locked = _lock(handle)
            except OSError:
                locked = folder or _claim(claim)
                claimed = locked and not folder
            if locked and not claimed and not _same(handle, path):
                # Somebody removed the file meanwhile: a lock on it keeps nobody out.
                removed, handle, locked = handle, _open(path), False
                os.close(removed)
                continue
            if not locked and (enough() or time.monotonic() >= until):
                break
            if not locked:
                time.sleep(turn)
                turn = min(1.3 * turn, _LONGEST_TURN)
        yield locked
    finally:
        if claimed:
            claim.unlink(missing_ok=True)
        os.close(handle)


def _open(path: Path) -> int:
    if path.is_dir():
        return os.open(path, os.O_RDONLY)
    return os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o600)


def _same(handle: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(handle), path.stat())
    except FileNotFoundError:
        return False


def _lock(handle: int) -> bool:
    """Lock an open file if nobody else has; raises OSError where there are no locks."""
    try:
        import fcntl
    except ImportError:
        import msvcrt

        try:
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]  # on Windows
        except PermissionError:
            return False
        return True
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _claim(path: Path) -> bool:
    """Make a file that nobody else has made; one that its maker left behind is taken away."""
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except FileExistsError:
        try:
            old = time.time() - path.stat().st_mtime > STALE_SECONDS
        except FileNotFoundError:
            return False
        if old:
            path.unlink(missing_ok=True)
        return False
    return True
