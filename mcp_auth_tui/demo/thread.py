"""Knows how to run the practice server beside a program that has its own loop, or none."""

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Any

from mcp_auth_tui.demo.server import PracticeServer


@contextmanager
def running(**options: Any) -> Iterator[PracticeServer]:
    """Run a PracticeServer in a thread for as long as the block lasts; options as its `start`.

    Only its attributes may be touched from the block. Raises what `start` raises.
    """
    started: Future[tuple[PracticeServer, asyncio.AbstractEventLoop, asyncio.Event]] = Future()

    async def serve() -> None:
        server = await PracticeServer.start(**options)
        ended = asyncio.Event()
        started.set_result((server, asyncio.get_running_loop(), ended))
        try:
            await ended.wait()
        finally:
            await server.aclose()

    def run() -> None:
        try:
            asyncio.run(serve())
        except BaseException as error:
            if started.done():
                raise
            started.set_exception(error)

    thread = threading.Thread(target=run, name="practice-server", daemon=True)
    thread.start()
    try:
        server, loop, ended = started.result()
    except BaseException:
        thread.join()
        raise
    try:
        yield server
    finally:
        loop.call_soon_threadsafe(ended.set)
        thread.join()
