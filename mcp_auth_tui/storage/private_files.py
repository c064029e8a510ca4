"""Knows how a small file of a person's is read safely; must not know what is in it.

It loads what the interpreter has loaded already, for a header helper is started often.
"""

from __future__ import annotations

import os
import stat

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MAX_OCTETS = 65536
_LINKS = 40


class FileProblem(Exception):
    """A file cannot be read; the message is a sentence that names it and says what to do."""


class SmallFile:
    """What a file held and who else may touch it; its repr does not show the content.

    ``mode`` holds the permission bits, as in ``stat``, ``owner`` the user id of the owner (0 where
    the system knows none).
    """

    __slots__ = ("mode", "octets", "owner")

    def __init__(self, octets: bytes, mode: int, owner: int) -> None:
        self.octets = octets
        self.mode = mode
        self.owner = owner

    def __repr__(self) -> str:
        return f"SmallFile({len(self.octets)} octets)"

    @property
    def readable_by_others(self) -> bool:
        """Whether the group or everybody may read it; never so where permissions mean nothing."""
        return os.name == "posix" and bool(self.mode & (stat.S_IRGRP | stat.S_IROTH))

    @property
    def writable_by_others(self) -> bool:
        """Whether somebody but this user and the administrator may change it."""
        return os.name == "posix" and (
            bool(self.mode & (stat.S_IWGRP | stat.S_IWOTH)) or self.owner not in (0, os.getuid())
        )


def read_small(path: Path | str, *, what: str, limit: int = MAX_OCTETS) -> SmallFile:
    """Read a regular file of at most ``limit`` octets; it is never waited for (pipes, devices).

    The checks are made on the open file, so nobody can exchange it between check and reading.
    Raises `FileProblem`.
    """
    try:
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | _binary())
    except (OSError, ValueError) as error:
        raise FileProblem(_unopened(path, what, error)) from None
    try:
        facts = os.fstat(handle)
        octets = _read(handle, limit + 1) if stat.S_ISREG(facts.st_mode) else b""
    except OSError as error:
        raise FileProblem(_unopened(path, what, error)) from None
    finally:
        os.close(handle)
    if not stat.S_ISREG(facts.st_mode):
        raise FileProblem(
            f"{path} is {_kind(facts.st_mode)}, not a file: {what} is read from a regular file. "
            "Write it to one that only you can read, and name that."
        )
    if len(octets) > limit:
        raise FileProblem(
            f"{path} has {facts.st_size:,} octets, and {what} at most {limit:,}: this is "
            "another kind of file. Check the path."
        )
    return SmallFile(octets, stat.S_IMODE(facts.st_mode), facts.st_uid)


def exposed_folder(path: Path | str) -> tuple[str, int] | None:
    """Return a folder in which others can replace a file, with its mode; None when nobody can.

    Of a link that is each folder on its way. Who can rename a folder further up can put another of
    this user's in its place, one that came with a project: none may be everybody's. Raises OSError.
    """
    if os.name != "posix":
        return None
    for step in _steps(path):
        near = folder = os.path.dirname(step)
        while True:
            facts = os.stat(folder)
            others = 0o022 if folder == near else 0o002
            replaceable = facts.st_mode & others and not facts.st_mode & 0o1000
            if replaceable or (folder == near and facts.st_uid not in (0, os.getuid())):
                return folder, stat.S_IMODE(facts.st_mode)
            if folder == (above := os.path.dirname(folder)):
                break
            folder = above
    return None


def _steps(path: Path | str) -> Iterator[str]:
    """Yield a path, and where it leads to if it is a link, and so on to the file itself."""
    step = os.path.abspath(path)
    for _ in range(_LINKS):
        yield step
        if not os.path.islink(step):
            break
        step = os.path.join(os.path.dirname(step), os.readlink(step))
    yield os.path.realpath(path)


def _binary() -> int:
    return getattr(os, "O_BINARY", 0)


def _read(handle: int, limit: int) -> bytes:
    parts: list[bytes] = []
    while limit > 0 and (part := os.read(handle, limit)):
        parts.append(part)
        limit -= len(part)
    return b"".join(parts)


def _unopened(path: Path | str, what: str, error: OSError | ValueError) -> str:
    if isinstance(error, FileNotFoundError):
        return f"there is no file {path}: {what} was looked for in it. Check the path."
    if isinstance(error, PermissionError):
        return (
            f"{path} cannot be read by you: {what} was looked for in it. "
            "Check its owner and permissions with ls -l."
        )
    reason = (isinstance(error, OSError) and error.strerror) or "no file can have this name"
    return f"{path} cannot be read ({reason}): {what} was looked for in it. Check the path."


def _kind(mode: int) -> str:
    kinds = {
        stat.S_IFDIR: "a directory",
        stat.S_IFIFO: "a pipe",
        stat.S_IFSOCK: "a socket",
        stat.S_IFCHR: "a device",
        stat.S_IFBLK: "a device",
    }
    return kinds.get(stat.S_IFMT(mode), "something else")
