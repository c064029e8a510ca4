"""What a key writes to a terminal stays within its bounds: octets are the same on any machine."""

from __future__ import annotations

import os

import pytest

from tests.bench import octets_bench as bench

pytestmark = pytest.mark.skipif(os.name != "posix", reason="pseudo terminals are POSIX")


def test_a_move_at_80_columns_and_a_page_at_160_write_no_more_than_their_bounds() -> None:
    found = list(bench.rows())
    assert [row.figure for row in found if row.held is False] == []
    assert [row.held for row in found].count(True) == len(bench.PRESSES)
    # The counter counts: without our part a move of the focus is far over the bound of ours.
    assert int(found[-2].theirs.replace(",", "")) > bench.MOVE
