"""A part of the faults around the program in every run of the tests; all is `tests.faults.run`."""

from __future__ import annotations

import sys

import pytest

from tests.faults.run import FAULTS, cells, expected, expected_of, line, outcome

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="it looks into /proc")
BY_NAME = {fault.name: fault for fault in FAULTS}
QUICK = (
    ("the network is cut", "use", "plain"),
    ("SIGTERM and SIGHUP", "use", "json"),
    ("SIGHUP and SIGTERM", "use", "json"),
    ("stopped for a moment", "use", "screen"),
    ("the terminal goes away", "use", "screen"),
    ("the terminal goes away", "person", "json"),
    ("the disk is full", "start", "plain"),
    ("the clock goes a year back", "token", "json"),
)


def test_every_cell_has_an_exit_code_that_was_read() -> None:
    assert set(expected()) == {line(fault, stage) for fault, stage, _ in cells()}
    for fault, stage, face in cells():
        assert expected_of(fault, stage, face) in (0, 1, 3, 5, 130)


@pytest.mark.parametrize(("name", "stage", "face"), QUICK)
def test_what_fails_around_the_program_loses_nothing_and_leaves_nothing(
    name: str, stage: str, face: str
) -> None:
    fault = BY_NAME[name]
    assert outcome(fault, stage, face) == expected_of(fault, stage, face)
