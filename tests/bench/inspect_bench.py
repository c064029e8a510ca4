"""Prints how a thousand URLs are inspected, beside bare httpx loops that send the same requests.

``python -m tests.bench.inspect_bench`` prints the table; with ``--check`` the exit code is 1 when a
target is missed. Each sample is a whole process, start included; the sides take turns, and the
medians are compared. No side has more than ``--jobs`` URLs under way, and each answer takes
``--delay`` seconds.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import tempfile
from argparse import ArgumentParser
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from tests.bench.endpoints import url
from tests.bench.measure import PROGRAM, Ran, environment, run

OVERHEAD = 1.1
"""The most that ours may take of what the better bare loop takes, in time and in CPU."""
GROWTH = 1.25
"""The most that peak memory may grow from a quarter of the URLs to all of them."""
REQUESTS = 3


@contextmanager
def served(delay: float = 0.0) -> Iterator[int]:
    """Run the endpoints in a process of their own; gives their port."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.bench.endpoints", str(delay)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environment(),
    )
    assert process.stdin is not None and process.stdout is not None
    try:
        yield int(process.stdout.readline())
    finally:
        process.stdin.close()
        process.wait(10)
        process.stdout.close()


async def bare(port: int, count: int, jobs: int, *, shared: bool) -> int:
    """Send what an inspection sends, and read the documents; returns the number of requests."""
    import ssl

    import httpx

    from mcp_auth_tui.model import Stage
    from mcp_auth_tui.protocol.config import Config
    from mcp_auth_tui.protocol.discovery import documents
    from mcp_auth_tui.protocol.mcp import jsonrpc

    trust, bound = ssl.create_default_context(), asyncio.Semaphore(jobs)
    sent = 0

    async def inspect(client: httpx.AsyncClient, where: str) -> None:
        nonlocal sent
        first = jsonrpc.stateless(
            Stage.PROBE,
            where,
            "server/discover",
            {},
            id=1,
            token=None,
            version="1",
            purpose="bare",
        )
        headers = {field.name: field.raw for field in first.headers}
        answer = await client.post(where, headers=headers, json=dict(first.json or {}))
        assert answer.status_code == 401
        plain = documents.request(Stage.RESOURCE, where, "bare", Config(url=where))
        headers = {field.name: field.raw for field in plain.headers}
        origin = where.removesuffix("/mcp")
        sent += 1
        for place in ("oauth-protected-resource/mcp", "oauth-authorization-server"):
            answer = await client.get(f"{origin}/.well-known/{place}", headers=headers)
            assert answer.json()
            sent += 1

    async def alone(where: str) -> None:
        async with bound, httpx.AsyncClient(verify=trust) as client:
            await inspect(client, where)

    async def together(client: httpx.AsyncClient, where: str) -> None:
        async with bound:
            await inspect(client, where)

    places = [url(number, port) for number in range(count)]
    if not shared:
        await asyncio.gather(*map(alone, places))
        return sent
    limits = httpx.Limits(max_connections=jobs)
    async with httpx.AsyncClient(verify=trust, limits=limits) as client:
        await asyncio.gather(*(together(client, where) for where in places))
    return sent


def ours(port: int, count: int, jobs: int, folder: Path) -> Ran:
    """Run the program itself over so many URLs; nothing may be found wrong with them."""
    places = folder / "urls.txt"
    places.write_text("".join(f"{url(number, port)}\n" for number in range(count)))
    words = ("inspect", "--file", str(places), "--jobs", str(jobs), "--format", "text")
    out = folder / "results.txt"
    ran = run((*PROGRAM, *words, "--fail-on", "warning", "-o", str(out)), limit=300)
    assert ran.code == 0, ran.err
    with out.open(encoding="utf-8") as lines:
        # Not read as a whole: a child's peak memory is at least that of who started it.
        assert sum(line.startswith(("✓", "i", "!", "✗")) for line in lines) == count
    return ran


def loop(kind: str, port: int, count: int, jobs: int) -> Ran:
    """Run a bare loop in a process of its own."""
    words = ("--loop", kind, "--port", str(port), "--count", str(count), "--jobs", str(jobs))
    ran = run((sys.executable, "-m", "tests.bench.inspect_bench", *words), limit=300)
    assert ran.code == 0 and int(ran.out) == REQUESTS * count, ran.err
    return ran


def figures(samples: Sequence[Ran]) -> tuple[float, float, float]:
    """Return the medians of wall seconds, CPU seconds and peak memory (MiB)."""
    return (
        median(item.wall for item in samples),
        median(item.cpu for item in samples),
        median(item.rss for item in samples) / 1024,
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, print, and return the exit code."""
    parser = ArgumentParser()
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--jobs", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--delay", type=float, default=0.05)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--loop", choices=("shared", "per-origin"))
    parser.add_argument("--port", type=int)
    args = parser.parse_args(argv)
    if args.loop:
        shared = args.loop == "shared"
        print(asyncio.run(bare(args.port, args.count, args.jobs, shared=shared)))
        return 0
    missed = compare(args.count, args.jobs, args.rounds, args.delay, print)
    return int(args.check and bool(missed))


def compare(
    count: int, jobs: int, rounds: int, delay: float, say: Callable[[str], None]
) -> list[str]:
    """Take turns, print a line for each side, and return the targets that were missed."""
    sides: dict[str, list[Ran]] = {}
    with served(delay) as port, tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        runs: dict[str, Callable[[], Ran]] = {
            "mcp-auth-tui inspect": lambda: ours(port, count, jobs, folder),
            "bare httpx, a client per origin": lambda: loop("per-origin", port, count, jobs),
            "bare httpx, one client": lambda: loop("shared", port, count, jobs),
        }
        for _ in range(rounds):
            for side, sample in runs.items():
                sides.setdefault(side, []).append(sample())
        small = ours(port, max(count // 4, 1), jobs, folder)
    found = {side: figures(samples) for side, samples in sides.items()}
    say(
        f"{count} URLs, {REQUESTS} requests each, {jobs} URLs at a time, "
        f"{delay * 1000:g} ms an answer, median of {rounds}"
    )
    say(f"{'':<32} {'wall':>8} {'URL/s':>7} {'CPU':>8} {'peak':>9}")
    for side, (wall, cpu, peak) in found.items():
        say(f"{side:<32} {wall:6.2f} s {count / wall:7.0f} {cpu:6.2f} s {peak:5.0f} MiB")
    mine, *others = found.values()
    checks = [
        (f"{what} beside the better loop", mine[index] / min(o[index] for o in others), OVERHEAD)
        for index, what in enumerate(("wall", "CPU"))
    ]
    checks.append(("peak memory, all beside a quarter", mine[2] / (small.rss / 1024), GROWTH))
    for what, ratio, most in checks:
        say(f"{what}: {ratio:.2f} (target ≤ {most}): {'held' if ratio <= most else 'MISSED'}")
    return [what for what, ratio, most in checks if ratio > most]


if __name__ == "__main__":
    sys.exit(main())
