"""Prints how fast and how small the program is, as ratios in one interleaved run.

``python -m tests.bench.run`` prints the table; with ``--check`` the exit code is 1 when a target is
missed. Each sample is a whole process; the two sides take turns, and medians are compared.
"""

from __future__ import annotations

import sys
import time
from argparse import ArgumentParser
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import TypeVar

from mcp_auth_tui.model import Secret
from mcp_auth_tui.model.oauth import AuthorizationServer, Client, Token
from mcp_auth_tui.storage.tokens import TokenStore
from tests.bench import peers, secret_service
from tests.bench.measure import (
    HERE,
    PROGRAM,
    Counted,
    Practice,
    Ran,
    client,
    environment,
    ours,
    practice,
    run,
    slow_person,
)
from tests.bench.screen import watch

SERVER_IDLE = 5.0
"""Seconds after which many servers (and httpx by itself) let go of an idle connection."""
ERAS = (("2025-11-25", "legacy"), ("2026-07-28", "auto"))
DELAYS = ((0.0, 0.28, None), (0.05, 0.5, 1.12))
"""How long each answer takes (seconds), and the most that a verified header may take of what the

MCP Python SDK takes, and of what bare sockets take with the same requests in the same order.
"""

T = TypeVar("T")
Sample = tuple[Ran, Counted]


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table; `held` is None for a figure that has no target."""

    figure: str
    ours: str
    theirs: str = ""
    ratio: str = ""
    target: str = ""
    held: bool | None = None

    @property
    def cells(self) -> tuple[str, ...]:
        """The columns as text."""
        word = {True: "yes", False: "NO", None: ""}[self.held]
        return (self.figure, self.ours, self.theirs, self.ratio, self.target, word)


HEAD = ("figure", "ours", "theirs", "ratio", "target", "held")


def ratio(
    figure: str, unit: str, ours: Sequence[float], theirs: Sequence[float], most: float | None
) -> Row:
    """Compare two medians; `most` is the largest quotient that is accepted."""
    mine, other = median(ours), median(theirs)
    quotient = mine / other
    told = (f"{mine:.3g} {unit}", f"{other:.3g} {unit}", f"{quotient:.2f}")
    target = "" if most is None else f"≤ {most:g}"
    return Row(figure, *told, target, None if most is None else quotient <= most)


def interleaved(rounds: int, *sides: Callable[[], T]) -> list[list[T]]:
    """Take samples of all sides in turn; the first of each writes the bytecode and is dropped."""
    taken = [[side() for side in sides] for _ in range(rounds + 1)]
    return [list(samples) for samples in zip(*taken[1:], strict=True)]


def sample(server: Practice, words: Sequence[str]) -> Sample:
    """Run one process to its end; raises RuntimeError when it did not print a header."""
    ran = run(words)
    counted = server.take()
    if ran.code or not ran.out.startswith("Authorization: Bearer "):
        raise RuntimeError(f"{words}: exit code {ran.code}\n{ran.err}")
    return ran, counted


def flows(rounds: int) -> Iterator[Row]:
    """To a verified header, against the MCP Python SDK's OAuth client and bare sockets."""
    for delay, most, most_bare in DELAYS:
        with practice(delay=delay) as server:
            for spec, mode in ERAS:
                words = [ours(server.url, spec), client("sdk", server.url, mode)]
                words.append(client("bare", server.url, mode))
                sides = [partial(sample, server, side) for side in words]
                mine, sdk, bare = interleaved(rounds, *sides)
                title = f"{spec}, {delay * 1000:g} ms"
                times = [_walls(side) for side in (mine, sdk, bare)]
                yield ratio(f"{title}: to a verified header", "s", times[0], times[1], most)
                figure = f"{title}: the same against bare sockets"
                yield ratio(figure, "s", times[0], times[2], most_bare)
                if not delay:
                    yield from _counts(spec, [item for _, item in mine], sdk[0][1])
                    yield from _usages(spec, mine, sdk)


def _usages(spec: str, mine: Sequence[Sample], other: Sequence[Sample]) -> Iterator[Row]:
    for figure, unit, name, most in (
        ("CPU, whole process", "s", "cpu", 0.3),
        ("peak memory", "KiB", "rss", None),
    ):
        one, two = ([getattr(ran, name) for ran, _ in side] for side in (mine, other))
        yield ratio(f"{spec}: {figure}", unit, one, two, most)


def _walls(samples: Sequence[Sample]) -> list[float]:
    return [counted.verified - ran.began for ran, counted in samples]


def _counts(spec: str, mine: Sequence[Counted], other: Counted) -> Iterator[Row]:
    trips = {item.round_trips for item in mine}
    yield Row(
        f"{spec}: round trips",
        " or ".join(f"{before} + {after}" for before, after in sorted(trips)),
        "{} + {}".format(*other.round_trips),
        target="4 + 2",
        held=trips == {(4, 2)},
    )
    twice = max(len(item.repeated) for item in mine)
    yield Row(f"{spec}: sent twice", str(twice), str(len(other.repeated)), "", "0", twice == 0)
    yield connections(f"{spec}: connections", mine, other)


def connections(figure: str, mine: Sequence[Counted], other: Counted | None = None) -> Row:
    """Tell how many connections each origin accepted (MCP server, authorization server)."""
    seen = {item.connections for item in mine}
    told = " or ".join(f"{mcp} + {issuer}" for mcp, issuer in sorted(seen))
    theirs = "" if other is None else "{} + {}".format(*other.connections)
    return Row(figure, told, theirs, target="1 + 1", held=seen == {(1, 1)})


def pauses() -> Iterator[Row]:
    """What a sign-in costs that takes longer than connections are usually kept."""
    with practice() as server:
        words = ours(server.url, browser=slow_person(SERVER_IDLE + 1))
        counted = sample(server, words)[1]
        yield connections(f"connections, sign-in of {SERVER_IDLE + 1:g} s", [counted])
    with practice(idle=SERVER_IDLE) as server:
        words = ours(server.url, browser=slow_person(SERVER_IDLE + 2.5))
        ready = sample(server, words)[1].warmed
        told = " + ".join("ready" if item else "not ready" for item in reversed(ready))
        figure = f"connections when the server closes idle ones after {SERVER_IDLE:g} s"
        yield Row(figure, told, "", "", "ready + ready", ready == (True, True))


def screens(rounds: int) -> Iterator[Row]:
    """The first frame and the memory, against the least that Textual can show."""
    least = [sys.executable, str(HERE / "minimal_app.py")]
    with practice() as server:
        words = [*PROGRAM, server.url, "--browser", "none"]
        mine, other = interleaved(
            rounds, lambda: watch(words, "Metadata"), lambda: watch(least, "Minimal")
        )
    for figure, unit, name, most in (
        ("screen: first frame", "s", "first", 1.35),
        ("screen: CPU up to it", "s", "cpu", None),
        ("screen: memory at it", "KiB", "resident", 1.5),
        ("screen: memory, sign-in waited for", "KiB", "settled", 1.45),
    ):
        one, two = ([getattr(item, name) for item in side] for side in (mine, other))
        yield ratio(figure, unit, one, two, most)


def helps(rounds: int) -> Iterator[Row]:
    """How soon the help is there."""
    mine, other = interleaved(
        rounds,
        lambda: run([*PROGRAM, "--help"]),
        lambda: run([sys.executable, "-c", "import argparse"]),
    )
    one, two = ([item.wall for item in side] for side in (mine, other))
    yield ratio("--help against import argparse", "s", one, two, 1.25)


def headers(rounds: int) -> Iterator[Row]:
    """How soon a header helper prints a token that is still good, from the file and sealed.

    What a token sealed by the keyring takes has no target: most of it is the keyring's own answer.
    """
    yield from _handed_out("file", rounds, 1.3)
    yield from _beside_peers(rounds)
    if lacking := secret_service.missing():
        yield Row("headers of a token sealed by the keyring", f"not measured: no {lacking}")
        return
    with secret_service.secret_service():
        yield from _handed_out("keyring", rounds, None)


def _handed_out(kind: str, rounds: int, most: float | None) -> Iterator[Row]:
    with TemporaryDirectory(prefix="bench-tokens-") as folder:
        words = [*PROGRAM, "headers", stored_token(Path(folder) / "tokens.json", kind)]
        environ = environment(MCP_AUTH_TUI_TOKENS=str(Path(folder) / "tokens.json"))
        mine, other = interleaved(
            rounds,
            lambda: run(words, environ),
            lambda: run([sys.executable, "-c", "import json, argparse"]),
        )
    if any(item.out != "Authorization: Bearer good\n" for item in mine):
        raise RuntimeError(f"{words}: exit code {mine[0].code}\n{mine[0].err}")
    what = "stored token" if kind == "file" else "token sealed by the keyring"
    for name, unit in (("wall", "s"), ("cpu", "s")):
        one, two = ([getattr(item, name) for item in side] for side in (mine, other))
        figure = f"headers of a {what} against import json, argparse: {name}"
        yield ratio(figure, unit, one, two, most)


def _beside_peers(rounds: int) -> Iterator[Row]:
    """The same against programs of others that do no more than print a token from a file."""
    for peer in peers.PEERS:
        figure = f"headers of a stored token against {' '.join(peer.words)}"
        if not peer.installed:
            yield Row(figure, f"not measured: no {peer.words[0]}")
            continue
        with TemporaryDirectory(prefix="bench-tokens-") as folder:
            path = Path(folder) / "tokens.json"
            words = [*PROGRAM, "headers", stored_token(path)]
            own, other = environment(MCP_AUTH_TUI_TOKENS=str(path)), peer.kept_in(Path(folder))
            mine, theirs = interleaved(
                rounds, partial(run, words, own), partial(run, peer.words, other)
            )
        if any(item.out.strip() != peer.token for item in theirs):
            raise RuntimeError(f"{peer.words}: exit code {theirs[0].code}\n{theirs[0].err}")
        for name, unit in (("wall", "s"), ("cpu", "s")):
            one, two = ([getattr(item, name) for item in side] for side in (mine, theirs))
            yield ratio(f"{figure}: {name}", unit, one, two, None)


def stored_token(path: Path, kind: str = "file") -> str:
    """Keep a token that is good for a while, and return its MCP URL."""
    url, issuer = "https://mcp.example.com/mcp", "https://auth.example.com"
    server = AuthorizationServer(issuer, None, f"{issuer}/authorize", f"{issuer}/token")
    client = Client("c", "dynamic", issuer, "http://127.0.0.1:1/callback", "none")
    token = Token(Secret("good"), "Bearer", issuer, url, "c", time.time(), 36_000.0)
    TokenStore(path, kind).keep((url,), server, client, token)
    return url


def table(rows: Sequence[Row]) -> str:
    """Return a Markdown table."""
    lines = [HEAD, tuple("-" * len(name) for name in HEAD), *(row.cells for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEAD))]
    return "\n".join(
        "| "
        + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        + " |"
        for line in lines
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, print, and return 1 when `--check` was given and a target is missed."""
    parser = ArgumentParser(description=__doc__, prog="python -m tests.bench.run")
    parser.add_argument("--check", action="store_true", help="exit code 1 for a missed target")
    parser.add_argument("--rounds", type=int, default=15, help="processes on each side (15)")
    parser.add_argument("--only", choices=("flows", "pauses", "screens", "helps", "headers"))
    given = parser.parse_args(argv)
    parts: dict[str, Callable[[], Iterator[Row]]] = {
        "flows": lambda: flows(given.rounds),
        "pauses": pauses,
        "screens": lambda: screens(given.rounds),
        "helps": lambda: helps(2 * given.rounds),
        "headers": lambda: headers(2 * given.rounds),
    }
    rows = [row for name, part in parts.items() if given.only in (None, name) for row in part()]
    print(table(rows))
    return int(given.check and any(row.held is False for row in rows))


if __name__ == "__main__":
    sys.exit(main())
