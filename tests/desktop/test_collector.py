"""When Python looks for garbage: not while the program starts, and after it as it was found."""

from __future__ import annotations

import gc

from mcp_auth_tui.cli.main import main
from mcp_auth_tui.desktop import collector, pauses


async def look() -> tuple[bool, int]:
    return gc.isenabled(), gc.get_threshold()[0]


def test_it_rests_until_an_event_loop_begins_and_is_then_left_as_it_was() -> None:
    found = gc.isenabled(), gc.get_threshold()
    frozen = gc.get_freeze_count()
    before = collector.rest()
    try:
        assert not gc.isenabled()
        assert pauses.run(look()) == (True, collector.THRESHOLD)
        assert gc.get_freeze_count() > frozen
    finally:
        collector.restore(before)
    assert (gc.isenabled(), gc.get_threshold()) == found


def test_a_screen_ends_the_rest_and_leaves_how_often_it_looks_as_it_was() -> None:
    found = gc.isenabled(), gc.get_threshold()
    frozen = gc.get_freeze_count()
    before = collector.rest()
    try:
        for _ in range(2):  # once at the first frame, and once when a run has loaded the rest
            collector.settle()
            assert (gc.isenabled(), gc.get_threshold()) == (True, found[1])
        assert gc.get_freeze_count() > frozen
    finally:
        collector.restore(before)
    assert (gc.isenabled(), gc.get_threshold()) == found


def test_a_loop_of_a_program_that_never_rested_changes_nothing() -> None:
    found = gc.isenabled(), gc.get_threshold()[0]
    assert pauses.run(look()) == found


def test_a_command_leaves_the_collector_as_it_found_it(capsys: object) -> None:
    found = gc.isenabled(), gc.get_threshold()
    assert main(["--version"]) == 0
    assert main(["http://127.0.0.1:1/mcp", "--plain", "--timeout", "2", "--no-remember"]) == 5
    assert (gc.isenabled(), gc.get_threshold()) == found
