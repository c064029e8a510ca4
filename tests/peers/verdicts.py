"""Knows what was found out about the peers' findings (verdicts.toml); must not ask any peer."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

TABLE = Path(__file__).with_name("verdicts.toml")
BAD = {"fatal", "error", "warning"}


@dataclass(frozen=True, slots=True)
class Verdict:
    """A finding that peers are told and that is true of them."""

    finding: str
    inspected: frozenset[tuple[str, str]]
    """Peer and revision of each inspection that tells it."""
    run: frozenset[str]
    """The peers that a whole run tells it."""
    sometimes: bool
    """Whether it hangs on how fast something was."""


def _verdict(row: dict[str, Any]) -> Verdict:
    left_out = {tuple(item.split()) for item in row.get("except", ())}
    pairs = {(peer, revision) for peer in row["peers"] for revision in row["revisions"]}
    assert left_out <= pairs, row["finding"]
    auto = {peer for peer in row["peers"] if "auto" in row["revisions"]}
    return Verdict(
        row["finding"],
        frozenset(pairs - left_out),
        frozenset({*row.get("run", ()), *auto}),
        row.get("sometimes", False),
    )


def table() -> dict[str, Any]:
    """Return the file as it is."""
    return tomllib.loads(TABLE.read_text(encoding="utf-8"))


VERDICTS = tuple(_verdict(row) for row in table()["verdict"])
MENDED = {(row["finding"], peer) for row in table()["mended"] for peer in row["peers"]}


def bad(findings: Iterable[dict[str, Any]]) -> set[str]:
    """Return the ids of a document's findings at the level of a warning or above."""
    return {item["id"] for item in findings if item["level"] in BAD}


def of_inspection(peer: str, revision: str) -> set[str]:
    """Return what an inspection is to tell."""
    return {item.finding for item in VERDICTS if (peer, revision) in item.inspected}


def of_run(peer: str) -> set[str]:
    """Return what a whole run is to tell."""
    return {item.finding for item in VERDICTS if peer in item.run and not item.sometimes}


def unjudged(peer: str, findings: Iterable[dict[str, Any]]) -> set[str]:
    """Return what a run told about a peer that nobody has looked up yet."""
    known = {item.finding for item in VERDICTS if peer in item.run}
    return bad(findings) - known
