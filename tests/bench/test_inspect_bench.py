"""The bench of ``inspect`` works: both sides send the same requests, and nothing is found wrong."""

from __future__ import annotations

from tests.bench.inspect_bench import compare


def test_the_bench_measures_each_side_and_prints_its_figures() -> None:
    """The ratios of so small a run mean nothing; that every side did its work is asserted."""
    said: list[str] = []
    compare(12, 6, 1, 0.0, said.append)
    sides = ("mcp-auth-tui inspect", "bare httpx, a client per origin", "bare httpx, one client")
    assert [line[:32].strip() for line in said[2:5]] == list(sides)
    assert [line.split(":")[0] for line in said[5:]] == [
        "wall beside the better loop",
        "CPU beside the better loop",
        "peak memory, all beside a quarter",
    ]
