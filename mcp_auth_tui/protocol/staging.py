"""Knows how a stage is marked begun and ended; must not know what happens in it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, overload

from mcp_auth_tui.model import Entered, Finding, Left, Level, Stage, Status
from mcp_auth_tui.protocol.actions import FlowStop, Protocol

T = TypeVar("T")

_STATUS = {
    Level.FATAL: Status.FAILED,
    Level.ERROR: Status.WARNED,
    Level.WARNING: Status.WARNED,
}


@overload
def staged(stage: Stage, body: Protocol[T], summary: Callable[[T], str]) -> Protocol[T]: ...


@overload
def staged(
    stage: Stage,
    body: Protocol[T],
    summary: Callable[[T], str],
    stopped: Callable[[FlowStop], Finding],
) -> Protocol[T | None]: ...


def staged(
    stage: Stage,
    body: Protocol[T],
    summary: Callable[[T], str],
    stopped: Callable[[FlowStop], Finding] | None = None,
) -> Protocol[T | None]:
    """Run a stage: done, or warned when something in it was worth a warning.

    ``stopped`` returns the finding that tells of a stop; the stage has then failed, and the result
    is None. Without it a stop ends the run.
    """
    yield Entered(stage)
    worst = Level.OK
    reply: Any = None
    result: T | None = None
    while True:
        try:
            item = body.send(reply)
        except StopIteration as done:
            result = done.value
            told = summary(done.value)
            break
        except FlowStop as stop:
            if stopped is None:
                raise
            finding = stopped(stop)
            worst, told = Level.FATAL, finding.message
            yield finding
            break
        if isinstance(item, Finding) and item.level.rank < worst.rank:
            worst = item.level
        reply = yield item
    yield Left(stage, _STATUS.get(worst, Status.DONE), told)
    return result
