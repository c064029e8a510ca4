"""Knows how results are written as they come, to stdout or a file; must not know what they are."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from mcp_auth_tui.desktop.output import check_target, write_stdout


class Sink:
    """Where results go. A file takes its place, mode 0600, when it is whole (as `write_file`).

    A context manager; raises OSError, and ValueError as `check_target`.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._file: IO[str] | None = None
        self._name = ""

    def __enter__(self) -> Self:
        if self._path is not None:
            check_target(self._path)
            handle, self._name = tempfile.mkstemp(
                prefix=f".{self._path.name}.", dir=self._path.parent
            )
            self._file = os.fdopen(handle, "w", encoding="utf-8", newline="")
        return self

    def write(self, text: str) -> None:
        """Write a piece."""
        if self._file is None:
            write_stdout(text)
        else:
            self._file.write(text)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._file is None or self._path is None:
            return
        try:
            with self._file as file:
                if kind is None:
                    file.flush()
                    os.fsync(file.fileno())
            if kind is None:
                Path(self._name).replace(self._path)
        finally:
            with suppress(FileNotFoundError):
                Path(self._name).unlink()
