"""Knows how what a person chose is written in the background, in order; must not draw anything."""

from __future__ import annotations

from asyncio import shield, wrap_future
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from mcp_auth_tui.storage import recent
from mcp_auth_tui.storage.recent import State

if TYPE_CHECKING:
    from concurrent.futures import Future, ThreadPoolExecutor

Change = Callable[[State], State]


class Keeper:
    """Holds what is kept and writes each change; without a path it only holds."""

    def __init__(self, path: Path | None, kept: State) -> None:
        self.state = kept
        self.path = path
        self._pool: ThreadPoolExecutor | None = None
        self._written: list[Future[State]] = []

    async def change(self, how: Change) -> str:
        """Change what is held at once and what is written soon after; return what went wrong."""
        self.state = how(self.state)
        if self.path is None:
            return ""
        if self._pool is None:
            from concurrent.futures import ThreadPoolExecutor

            self._pool = ThreadPoolExecutor(1, "keep")  # one thread: the order is kept as well
        written = self._pool.submit(recent.change, self.path, how)
        self._written.append(written)
        told = ""
        try:
            # What other runs have kept meanwhile is offered here, too.
            self.state = await shield(wrap_future(written))
        except recent.StateProblem as problem:
            told = str(problem)
        self._written.remove(written)  # not when the wait for it was cancelled: `close` tells
        return told

    def close(self) -> list[str]:
        """Wait until everything is written; return what went wrong and was not told yet."""
        if self._pool is not None:
            self._pool.shutdown()
        problems = [written.exception() for written in self._written]
        return list(dict.fromkeys(str(problem) for problem in problems if problem is not None))
