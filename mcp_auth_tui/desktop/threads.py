"""Knows how what may block for ever is done beside the event loop; must not know what that is."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from threading import Thread
from typing import Any, TypeVar

T = TypeVar("T")


async def beside(work: Callable[[], T]) -> T:
    """Do it in a thread of its own, which nothing waits for once nobody wants the result.

    The threads of `asyncio.to_thread` are waited for at the end of the program, however long they
    take: a keyring that asks, a pipe that nobody writes to.
    """
    loop = asyncio.get_running_loop()
    done: asyncio.Future[T] = loop.create_future()

    def settle(how: Callable[[Any], None], what: Any) -> None:
        if not done.done():
            how(what)

    def say(how: Callable[[Any], None], what: Any) -> None:
        with suppress(RuntimeError):  # the loop is closed: the program ended meanwhile
            loop.call_soon_threadsafe(settle, how, what)

    def run() -> None:
        try:
            made = work()
        except Exception as error:
            say(done.set_exception, error)
        else:
            say(done.set_result, made)

    Thread(target=run, name="beside", daemon=True).start()
    return await done
