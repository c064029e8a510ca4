"""Knows how a stage is marked begun and ended; must not know what happens in it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from mcp_auth_tui.model import Entered, Left, Level, Stage, Status
from mcp_auth_tui.protocol.actions import Protocol

T = TypeVar("T")


def staged(stage: Stage, body: Protocol[T], summary: Callable[[T], str]) -> Protocol[T]:
    """Run a stage: done, or warned when something in it was worth a warning."""
    yield Entered(stage)
    worst = Level.OK
    reply: Any = None
    while True:
        try:
            item = body.send(reply)
        except StopIteration as done:
            result: T = done.value
            break
        level = getattr(item, "level", None)
        if isinstance(level, Level) and level.rank < worst.rank:
            worst = level
        reply = yield item
    warned = worst.rank <= Level.WARNING.rank
    yield Left(stage, Status.WARNED if warned else Status.DONE, summary(result))
    return result
