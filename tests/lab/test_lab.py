"""A part of the laboratory in every run of the tests; all of it is `tests.lab.run`."""

from __future__ import annotations

import pytest

from tests.lab.behaviours import PLACES, Behaviour, behaviours
from tests.lab.run import expected, shown, told

TABLE = behaviours()
QUICK = [row for row in TABLE.values() if not row.slow]


def test_every_behaviour_has_an_outcome_that_was_read() -> None:
    assert sorted(expected()) == sorted(TABLE)
    assert len(TABLE) >= 400
    assert {row.place for row in TABLE.values()} == set(PLACES)


@pytest.mark.parametrize("row", QUICK[::17], ids=lambda row: row.name)
async def test_a_run_in_lines_comes_to_what_was_read(row: Behaviour) -> None:
    assert await told(row, "plain") == expected()[row.name]


@pytest.mark.parametrize("row", QUICK[5::17], ids=lambda row: row.name)
async def test_a_run_as_json_comes_to_the_same(row: Behaviour) -> None:
    assert await told(row, "json") == expected()[row.name]


@pytest.mark.parametrize("row", QUICK[11::51], ids=lambda row: row.name)
async def test_a_run_on_the_screen_comes_to_the_same(row: Behaviour) -> None:
    assert await shown(row) == expected()[row.name]
