"""Prints how many octets a key writes to the terminal, beside a list in plain Textual.

``python -m tests.bench.octets_bench`` prints the table; with ``--check`` the exit code is 1 when a
target is missed. What a terminal of a given size was sent is counted in a pseudo-terminal, from the
key until nothing more comes. lazygit is measured where it is installed.
"""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.bench.measure import HERE, ROOT
from tests.bench.run import Row, table
from tests.peers.terminal import Terminal

MOVE, PAGE = 4_000, 30_000
"""The most octets of a move of focus or cursor at 80×24, and of a page at 160×50."""
SMALL, LARGE = (80, 24), (160, 50)
OURS = (sys.executable, "-m", "tests.tui.pty_program")
LIST = (sys.executable, str(HERE / "minimal_list.py"))


@dataclass(frozen=True, slots=True)
class Press:
    """A key and what it does; a page is what draws the whole screen anew."""

    key: str
    figure: str
    page: bool = False


PRESSES = (
    Press("2", "another panel takes the focus"),
    Press("x", "the log takes the focus"),
    Press("k", "k in the log"),
    Press("j", "j in the log"),
    Press("\r", "an exchange opens", page=True),
    Press("\x1b", "an exchange closes", page=True),
    Press("f", "the findings open", page=True),
    Press("j", "j in the findings"),
    Press("\x1b", "the findings close", page=True),
    Press("l", "the ladder opens", page=True),
    Press("\x1b", "the ladder closes", page=True),
    Press("?", "the help opens", page=True),
    Press("\x1b", "the help closes", page=True),
    Press("W", "the watch opens", page=True),
    Press("j", "j in the watch"),
    Press("k", "k in the watch"),
    Press("\r", "the watch looks at once"),
    Press("m", "the fix opens", page=True),
    Press("\x1b[C", "the next fix", page=True),
    Press("\x1b[D", "the fix before", page=True),
    Press("c", "the fix is copied", page=True),
    Press("\x1b", "the fix closes", page=True),
    Press("\x1b", "the watch closes", page=True),
)


@contextmanager
def _terminal(words: Sequence[str], size: tuple[int, int], until: str) -> Iterator[Terminal]:
    with (
        TemporaryDirectory(prefix="octets-") as folder,
        Terminal(
            Path(folder), size, words=words, TERM="xterm-256color", COLORTERM="truecolor",
            PYTHONPATH=str(ROOT),
        ) as terminal,
    ):  # fmt: skip
        terminal.until(until)
        terminal.settle()
        yield terminal


def typed(terminal: Terminal, key: str) -> int:
    """Press a key; return how many octets it changes."""
    terminal.press(key)
    return terminal.drawn()


def ours(size: tuple[int, int]) -> dict[Press, int]:
    """Return what each key costs at the end of a good run."""
    with _terminal(OURS, size, "paste the address") as terminal:
        typed(terminal, "p")
        terminal.press("pasted\r")
        terminal.until("copy headers")
        terminal.settle()
        return {press: typed(terminal, press.key) for press in PRESSES}


def theirs() -> list[int]:
    """Return what the same costs in plain Textual: the focus moves, then the cursor in a list."""
    with _terminal(LIST, SMALL, "left 1") as terminal:
        return [typed(terminal, key) for key in ("\t", "\x1b[B")]


def rows() -> Iterator[Row]:
    """Measure everything."""
    small, large = ours(SMALL), ours(LARGE)
    for press in PRESSES:
        most, judged = (PAGE, large) if press.page else (MOVE, small)
        figure = f"octets at 80×24 and 160×50: {press.figure}"
        counts = f"{small[press]:,} and {large[press]:,}"
        where = "160×50" if press.page else "80×24"
        yield Row(figure, counts, target=f"≤ {most:,} at {where}", held=judged[press] <= most)
    for name, octets in zip(("the focus moves", "one line down"), theirs(), strict=True):
        yield Row(f"octets at 80×24: two lists in plain Textual, {name}", "", f"{octets:,}")


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, print, and return 1 when ``--check`` was given and a target is missed."""
    parser = ArgumentParser(description=__doc__, prog="python -m tests.bench.octets_bench")
    parser.add_argument("--check", action="store_true", help="exit code 1 for a missed target")
    given = parser.parse_args(argv)
    found = list(rows())
    print(table(found))
    return int(given.check and any(row.held is False for row in found))


if __name__ == "__main__":
    sys.exit(main())
