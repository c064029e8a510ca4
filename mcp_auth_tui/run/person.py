"""Knows what a run waits for a person to do; must not know why, nor who shows it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from mcp_auth_tui.model import Failure
from mcp_auth_tui.protocol.actions import Action, Callback
from mcp_auth_tui.text.units import duration

T = TypeVar("T")


class Interrupted(Exception):
    """The person ended the run."""


class Person:
    """The person beside a run: may step it, paste, answer, end it, or be absent.

    Every verb may be called at any time, also from within the handling of an event: what it says
    is kept until the run looks.
    """

    def __init__(self, *, present: bool, stepping: bool) -> None:
        self.present = present
        self.stepping = stepping
        self._cancelled = False
        self._task: asyncio.Future[Any] | None = None
        self._gate: asyncio.Future[Action | None] | None = None
        self._question: asyncio.Future[str | None] | None = None
        # None says that nobody is there any more.
        self._pasted: asyncio.Queue[Callback | None] = asyncio.Queue()

    def step(self, action: Action | None) -> None:
        """Open the gate."""
        if self._gate is not None and not self._gate.done():
            self._gate.set_result(action)

    def go(self) -> None:
        """Open every gate from now on."""
        self.stepping = False
        self.step(None)

    def renew(self) -> None:
        """Begin anew, without steps: an end that was asked for was that of an earlier work."""
        self._cancelled = self.stepping = False

    def pause(self) -> None:
        """Close the gate from the next action on."""
        self.stepping = True

    def paste(self, callback: Callback) -> None:
        """Bring an answer."""
        self._pasted.put_nowait(callback)

    def answer(self, text: str | None) -> None:
        """Answer the question that waits; without one it is not used."""
        if self._question is not None and not self._question.done():
            self._question.set_result(text)

    def leave(self) -> None:
        """Be gone."""
        self.present = False
        self._pasted.put_nowait(None)
        self.answer(None)

    def cancel(self) -> None:
        """End the run at its next look, and what it awaits at once."""
        self._cancelled = True
        if self._task is not None:
            self._task.cancel()

    def check(self) -> None:
        """Raise `Interrupted` when the person ended the run."""
        if self._cancelled:
            raise Interrupted

    async def wait(self, work: Awaitable[T]) -> T:
        """Await work that the person may cut short; raises `Interrupted` then."""
        self._task = task = asyncio.ensure_future(work)
        if self._cancelled:
            task.cancel()
        try:
            return await task
        except asyncio.CancelledError:
            current = asyncio.current_task()
            if self._cancelled and current is not None and not current.cancelling():
                raise Interrupted from None
            raise
        finally:
            self._task = None

    def hold(self) -> asyncio.Future[Action | None]:
        """Close the gate and return what opens it: with the action that goes in its place."""
        self._gate = asyncio.get_running_loop().create_future()
        return self._gate

    def forget(self) -> None:
        """Drop what was pasted before there was something to paste for."""
        while not self._pasted.empty():
            self._pasted.get_nowait()

    async def arrival(
        self, callbacks: Callable[[], Awaitable[Callback]] | None, seconds: float
    ) -> Callback | Failure | None:
        """Return what comes first of browser and paste; None when nobody is there any more.

        `Failure` (authz-timeout) after so many seconds.
        """
        paste = asyncio.ensure_future(self._pasted.get())
        racers: list[asyncio.Future[Any]] = [paste]
        if callbacks is not None:
            racers.insert(0, asyncio.ensure_future(callbacks()))
        try:
            await asyncio.wait(racers, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
            first = next((item for item in racers if item.done()), None)
            if first is not paste and paste.done():
                self._pasted.put_nowait(paste.result())
        finally:
            for item in racers:
                item.cancel()
            await asyncio.gather(*racers, return_exceptions=True)
        if first is None:
            message = f"No answer came back within {duration(seconds)}."
            return Failure("authz-timeout", message)
        came: Callback | None = first.result()
        return came

    def expect(self) -> asyncio.Future[str | None]:
        """Be ready for the answer to a question, and return what it comes in."""
        self._question = asyncio.get_running_loop().create_future()
        return self._question


class Nobody(Person):
    """Nobody is beside a run: no wait is cut short, and none costs a task."""

    def __init__(self) -> None:
        super().__init__(present=False, stepping=False)

    async def wait(self, work: Awaitable[T]) -> T:
        """Await work."""
        return await work


async def within(
    seconds: float, answer: asyncio.Future[str | None], default: str | None
) -> str | None:
    """Wait for an answer; the default when none came in so many seconds."""
    try:
        async with asyncio.timeout(seconds):
            return await answer
    except TimeoutError:
        return default
