"""Knows how the token file is changed, whole or not at all and by one at a time; not what it holds.

A run that is killed, a full disk and a second program leave the file as it was before or after.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

from mcp_auth_tui.storage import token_file
from mcp_auth_tui.storage.locks import alone
from mcp_auth_tui.storage.private_files import exposed_folder
from mcp_auth_tui.storage.token_file import SCHEMA, StoreProblem, UnreadableStore

Entries = list[dict[str, Any]]

LOCK_SECONDS = 20.0
"""So long another program may hold the file: it reads and writes it, and asks a keyring."""


class TokenWriter:
    """The file of the token store; its methods raise `StoreProblem`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.notes: list[str] = []
        """Sentences about what was not as it should be, the oldest first."""

    def note(self, sentence: str) -> None:
        """Add a sentence, once."""
        if sentence not in self.notes:
            self.notes.append(sentence)

    def read(self) -> dict[str, Entries]:
        """Return the lists ``clients`` and ``tokens``."""
        return token_file.read(str(self.path))

    def change(self, change: Callable[[Entries, Entries], None]) -> None:
        """Read the file, change its clients and tokens and write it whole, alone."""
        try:
            self._make_folder()
            lock = self._lock("lock")
            with alone(lock, LOCK_SECONDS) as locked:
                if not locked:
                    raise StoreProblem(
                        f"Another program has held {lock} for {LOCK_SECONDS:g} s: nothing was "
                        "written. End it, and try again."
                    )
                document = self._read_or_begin()
                before = json.dumps(document)
                change(document["clients"], document["tokens"])
                if json.dumps(document) != before:
                    self._write(document)
        except (OSError, ValueError) as error:
            raise self._problem(error) from None

    @contextmanager
    def alone(self, id: str, seconds: float, enough: Callable[[], bool]) -> Iterator[bool]:
        """Do something with one token alone; yields False when the wait for others ended."""
        with ExitStack() as stack:
            try:
                self._make_folder()
                locked = stack.enter_context(alone(self._lock(f"{id}.lock"), seconds, enough))
            except OSError as error:
                raise self._problem(error) from None
            yield locked

    def remove_lock(self, id: str) -> None:
        """Remove what `alone` left of a token that is gone."""
        with suppress(OSError):
            self._lock(f"{id}.lock").unlink(missing_ok=True)

    def _lock(self, name: str) -> Path:
        return self.path.with_name(f"{self.path.name}.{name}")

    def _problem(self, error: OSError | ValueError) -> StoreProblem:
        reason = (isinstance(error, OSError) and error.strerror) or str(error)
        return StoreProblem(f"The token store {self.path} cannot be written: {reason}.")

    def _make_folder(self) -> None:
        for folder in reversed(self.path.absolute().parents):
            folder.mkdir(mode=0o700, exist_ok=True)  # `parents` would leave them to the umask
        if exposed := exposed_folder(self.path):
            place, mode = exposed
            raise StoreProblem(
                f"{place} can be changed by others (mode {mode:04o}), so no token is kept in "
                f"{self.path}. Make it yours alone: chmod go-w {place}"
            )

    def _read_or_begin(self) -> dict[str, Entries]:
        try:
            return self.read()
        except UnreadableStore:
            number = 1
            while (aside := self._lock(f"unreadable-{number}")).exists():
                number += 1
            self.path.rename(aside)
            self.note(
                f"{self.path} was not a token store of this version: it is now {aside.name}, and a "
                "new one was begun."
            )
            return {"clients": [], "tokens": []}

    def _write(self, document: dict[str, Entries]) -> None:
        """Write the file (0600) so that whoever reads it sees the old one whole, or the new one."""
        new = self._lock("new")  # always the same name: a run that is killed litters once
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_NOFOLLOW", 0)
        text = json.dumps({"schema": SCHEMA, **document}, indent=1)
        try:
            with os.fdopen(os.open(new, flags, 0o600), "w", encoding="utf-8") as file:
                if os.name == "posix":
                    os.fchmod(file.fileno(), 0o600)
                file.write(f"{text}\n")
                file.flush()
                os.fsync(file.fileno())
            new.replace(self.path)
        except BaseException:
            with suppress(OSError):
                new.unlink()
            raise
        if os.name == "posix":
            folder = os.open(self.path.parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
