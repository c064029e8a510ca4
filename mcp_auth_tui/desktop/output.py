"""Knows how a finished text reaches a file or stdout safely; must not know what the text is."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import NoReturn, TextIO


def check_target(path: Path) -> None:
    """Say early that a file could not be written; nothing is changed.

    Raises ValueError with a sentence: a symbolic link (it is not followed, and not replaced
    either), something that is no file, or a folder that is missing, closed to us, or takes no
    files (``/proc``, a file system that is read-only).
    """
    import tempfile  # it costs 6 ms, and most runs write no file

    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        mode = stat.S_IFREG
    except (OSError, ValueError) as error:
        raise ValueError(f"cannot write {path}: {getattr(error, 'strerror', error)}") from None
    if stat.S_ISLNK(mode):
        raise ValueError(f"{path} is a symbolic link: name the file itself")
    if not stat.S_ISREG(mode):
        raise ValueError(f"{path} is not a file")
    if not path.parent.is_dir():
        raise ValueError(f"there is no folder {path.parent}")
    if not os.access(path.parent, os.W_OK | os.X_OK):
        raise ValueError(f"the folder {path.parent} cannot be written to")
    try:
        # Nothing but trying tells of /proc; where the system can, this file has no name.
        tempfile.TemporaryFile(dir=path.parent).close()
    except OSError as error:
        raise ValueError(f"no file can be made in {path.parent}: {error.strerror}") from None


def write_file(path: Path, text: str, *, mode: int = 0o600) -> None:
    """Write a file readable by its owner alone, whole or not at all (ST1: 0600, atomic).

    ``mode`` is another one than 0600 for what holds no secret.

    It is written beside its place and then moved there, so whoever reads sees the old file or the
    new one, and the mode of an old file does not count. Raises ValueError as `check_target`, and
    OSError.
    """
    import tempfile

    check_target(path)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    _unfinished.add(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            if mode != 0o600:
                Path(name).chmod(mode)
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        with suppress(OSError):
            Path(name).unlink()
        raise
    finally:
        _unfinished.discard(name)


_unfinished: set[str] = set()
"""Files that stand beside their place just now."""


def leave(code: int) -> NoReturn:
    """End the process at once, and leave no half of a file behind."""
    for name in tuple(_unfinished):
        with suppress(OSError):
            Path(name).unlink()
    os._exit(code)


def write_stdout(text: str) -> None:
    """Write to stdout and see it off. Raises OSError when nobody reads it any more."""
    if not text:
        return
    if sys.stdout is None:
        raise OSError("stdout is closed")
    try:
        sys.stdout.flush()
        _write_whole(sys.stdout, text)
    except OSError:
        abandon(sys.stdout.fileno())
        raise


def _write_whole(stream: TextIO, text: str) -> None:
    """Write past Python's own layers: unbuffered, they forget what a signal left unwritten.

    A pipe on Windows, or an old locale, lacks some signs: better a question mark than nothing.
    """
    encoding = stream.encoding or "utf-8"
    lenient = stream.errors if stream.errors not in (None, "strict") else "replace"
    try:
        descriptor = stream.fileno()
    except OSError:
        stream.write(text.encode(encoding, lenient).decode(encoding, lenient))
        stream.flush()
        return
    octets = text.replace("\n", os.linesep).encode(encoding, lenient)
    left = memoryview(octets)
    while left:
        left = left[os.write(descriptor, left) :]


def reason(error: OSError | ValueError) -> str:
    """Return why something could not be written, without numbers and temporary names."""
    return (isinstance(error, OSError) and error.strerror) or str(error)


def deliver(
    text: str, path: Path | None, say: Callable[[str], None], *, again: bool = False
) -> bool:
    """Write a result to a file, or to stdout when there is none; say what went wrong.

    Returns whether it arrived. What was meant for a file never goes to stdout: that may be a log,
    and others may read it. ``again``: it can be had again at any time, so that a reader who has
    seen enough (``head``) is told nothing.
    """
    if path is not None:
        return not text or _filed(text, path, say)
    try:
        write_stdout(text)
    except OSError as error:
        if not (again and isinstance(error, BrokenPipeError)):
            say(f"stdout takes nothing more ({reason(error)}): the result is lost.")
        return False
    return True


def _filed(text: str, path: Path, say: Callable[[str], None]) -> bool:
    try:
        write_file(path, text)
    except (OSError, ValueError) as error:
        say(f"{path} was not written: {reason(error)}.")
        say("The result is not put on stdout instead, which may be a log: run again.")
        return False
    say(f"Written to {path}, readable by you alone.")
    return True


class Talk:
    """stderr: what is said to a person. It goes silent, and stays so, when nobody listens."""

    def __init__(self) -> None:
        self._open = sys.stderr is not None

    def __call__(self, line: str) -> None:
        """Write one line."""
        if not self._open:
            return
        try:
            sys.stderr.write(f"{line}\n")
            sys.stderr.flush()
        except OSError:
            self._open = False
            abandon(sys.stderr.fileno())


def abandon(descriptor: int) -> None:
    """Send what is still buffered nowhere: the interpreter would complain when it ends."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, descriptor)
    os.close(nowhere)
