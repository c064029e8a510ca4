"""What can be counted of "fast" and holds on any machine; `run` alone asserts ratios."""

from __future__ import annotations

import sys

import pytest

from tests.bench import run as bench
from tests.bench.measure import Counted, client, ours, practice, run, slow_person


def counted(*faults: str, spec: str = "2025-11-25") -> Counted:
    """What the server saw of one whole run."""
    with practice(*faults) as server:
        ran = run(ours(server.url, spec))
        assert ran.code == 0, ran.err
        return server.take()


@pytest.mark.parametrize("spec", ["2025-06-18", "2025-11-25", "2026-07-28"])
def test_a_run_takes_four_round_trips_before_the_sign_in_and_two_after_it(spec: str) -> None:
    seen = counted(spec=spec)
    assert seen.round_trips == (4, 2)
    assert seen.repeated == []
    assert seen.connections == (1, 1)


@pytest.mark.parametrize(
    ("fault", "spec", "trips"),
    [
        # P2: without a header URL the first well-known place is asked instead.
        ("no-challenge", "2025-11-25", (4, 2)),
        # P2 and L1: two places without metadata, then the origin's own RFC 8414 document.
        ("legacy", "auto", (5, 2)),
    ],
)
def test_what_is_missing_costs_only_the_places_that_the_order_names(
    fault: str, spec: str, trips: tuple[int, int]
) -> None:
    seen = counted(fault, spec=spec)
    assert seen.round_trips == trips
    assert seen.repeated == []


def test_connections_outlive_a_sign_in_that_is_longer_than_the_usual_five_seconds() -> None:
    with practice() as server:
        ran = run(ours(server.url, browser=slow_person(5.5)))
        assert ran.code == 0, ran.err
        seen = server.take()
    assert seen.connections == (1, 1)
    assert seen.repeated == []


def test_connections_are_there_again_before_the_token_request_when_the_server_closed_them() -> None:
    with practice(idle=2.0) as server:
        ran = run(ours(server.url, browser=slow_person(4.5)))
        assert ran.code == 0, ran.err
        seen = server.take()
    assert seen.warmed == (True, True)
    assert seen.repeated == []


def test_the_two_sides_do_the_same_work() -> None:
    """The comparison is fair: the SDK's client and bare sockets go the same way to the answer."""
    with practice() as server:
        for spec, mode in bench.ERAS:
            sides = [client(name, server.url, mode) for name in ("sdk", "bare")]
            asked = []
            for words in (ours(server.url, spec), *sides):
                seen = bench.sample(server, words)[1]
                asked.append([(r["method"], r["target"].partition("?")[0]) for r in seen.needed])
            assert asked[0] == asked[1] == asked[2]


def test_a_measured_process_is_told_by_its_own_figures() -> None:
    ran = run([sys.executable, "-c", "import sys; print('out'); sys.exit(3)"])
    assert (ran.code, ran.out, ran.err) == (3, "out\n", "")
    assert 0 < ran.cpu < 60
    assert ran.rss > 1000


def test_a_repeated_request_and_a_second_connection_are_counted() -> None:
    """The counters can fail: a request sent twice, on two connections, is seen as both."""
    asked = {
        "origin": 0,
        "method": "POST",
        "target": "/mcp",
        "authorized": False,
        "body": "{}",
        "status": 401,
        "came": 0.0,
        "answered": 1.0,
    }
    seen = Counted(
        [{**asked, "peer": "one"}, {**asked, "peer": "two"}], [(0, "one", 0.0), (0, "two", 0.5)]
    )
    assert seen.repeated == ["POST /mcp"]
    assert seen.connections == (2, 0)
    assert seen.overlapping == 1


def test_a_missed_target_is_told_and_a_figure_without_target_is_not_judged() -> None:
    missed = bench.ratio("a", "s", [3.0, 1.0, 2.0], [1.0], 1.5)
    held = bench.ratio("b", "s", [1.0], [2.0], 0.5)
    free = bench.ratio("c", "s", [1.0], [2.0], None)
    assert [row.held for row in (missed, held, free)] == [False, True, None]
    assert bench.table([missed]).splitlines() == [
        "| figure | ours | theirs | ratio | target | held |",
        "| ------ | ---- | ------ | ----- | ------ | ---- |",
        "| a      | 2 s  | 1 s    | 2.00  | ≤ 1.5  | NO   |",
    ]
