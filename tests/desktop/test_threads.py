"""What blocks beside the loop: its result, its failure, and an end that does not wait for it."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from threading import Event
from typing import Any

import pytest

from mcp_auth_tui.desktop.threads import beside


async def test_the_result_comes_back() -> None:
    assert await beside(lambda: 42) == 42


async def test_a_failure_is_raised_where_it_is_waited_for() -> None:
    with pytest.raises(ZeroDivisionError):
        await beside(lambda: 1 // 0)


async def test_a_result_that_nobody_wants_any_more_is_dropped() -> None:
    go, wrong = Event(), list[Any]()
    asyncio.get_running_loop().set_exception_handler(lambda _, context: wrong.append(context))
    task = asyncio.create_task(beside(go.wait))
    await asyncio.sleep(0)
    (thread,) = [thread for thread in threading.enumerate() if thread.name == "beside"]
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    go.set()
    thread.join(10)
    for _ in range(3):
        await asyncio.sleep(0)
    assert (thread.is_alive(), wrong) == (False, [])


def test_the_program_ends_without_waiting_for_it() -> None:
    told = (
        "import asyncio, threading\n"
        "from mcp_auth_tui.desktop.threads import beside\n"
        "async def main():\n"
        "    task = asyncio.create_task(beside(threading.Event().wait))\n"
        "    await asyncio.sleep(0)\n"
        "asyncio.run(main())\n"
        "print('ended')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", told], capture_output=True, text=True, timeout=60, check=True
    )
    assert (done.stdout, done.stderr) == ("ended\n", "")
