"""Time in which the program was stopped counts for no limit; `tests.faults` stops it really."""

from __future__ import annotations

import asyncio
import os

import pytest

from mcp_auth_tui.desktop import pauses

pytestmark = pytest.mark.skipif(os.name != "posix", reason="programs are stopped by POSIX")


def test_a_wait_that_took_much_too_long_is_not_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    now, spent = [1000.0], [0.0]
    monkeypatch.setattr(pauses.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(
        pauses.selectors.DefaultSelector,
        "select",
        lambda self, timeout: now.__setitem__(0, now[0] + spent[0]),
    )
    loop = pauses.PatientLoop()
    before = loop.time()
    for took, timeout, counted in (
        *((1.0, 1.0, 1.0), (1.4, 1.0, 1.4), (600.0, 1.0, 0.0), (0.1, 0.0, 0.1), (60.0, 0.0, 0.0)),
        (60.0, None, 60.0),  # nothing had a limit
    ):
        spent[0] = took
        loop._waits.select(timeout)
        assert loop.time() - before == pytest.approx(counted)
        before = loop.time()
    monkeypatch.undo()
    loop.close()


def test_work_that_stood_still_is_not_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    now, worked = [1000.0], [5.0]
    monkeypatch.setattr(pauses.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(pauses.time, "thread_time", lambda: worked[0])
    monkeypatch.setattr(pauses.selectors.DefaultSelector, "select", lambda self, timeout: [])
    loop = pauses.PatientLoop()
    loop._waits.select(0.0)
    before = loop.time()
    for took, of_it_worked, counted in ((3, 3, 3), (0.4, 0, 0.4), (600, 0.1, 0.1), (2, 1.8, 2)):
        now[0] += took
        worked[0] += of_it_worked
        # Both before the next wait, which is where a limit would be found to be over, and after it.
        assert loop.time() - before == pytest.approx(counted)
        loop._waits.select(0.0)
        assert loop.time() - before == pytest.approx(counted)
        before = loop.time()
    monkeypatch.undo()
    loop.close()


def test_what_is_run_is_ended_as_asyncio_ends_it() -> None:
    async def main() -> str:
        assert type(asyncio.get_running_loop()) is pauses.PatientLoop
        return "done"

    assert pauses.run(main()) == "done"
