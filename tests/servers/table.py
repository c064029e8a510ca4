"""Knows what was found out about each server (table.toml); must not ask any of them."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.servers.trial import Trial

TABLE = Path(__file__).with_name("table.toml")
GOOD = {"inspect": "0", "run": "0 200/401", "refresh": "0 new 200/401", "introspect": "0"}
"""What a step comes to where all goes well; anything else has its reason in the table."""
GOOD |= {"revoke": "0 401/401", "device": "0", "sdk": "yes"}


@dataclass(frozen=True, slots=True)
class Known:
    """A server, and what each step with it comes to."""

    version: str
    steps: dict[str, str]
    why: dict[str, str]
    """For each step that does not end well: whose doing that is, in a sentence."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """A finding at warning or above, looked up in the server's own bytes."""

    finding: str
    level: str
    servers: frozenset[str]
    steps: frozenset[str]
    whose: str
    true: bool
    owner: str
    """``right`` or ``wrong``."""
    sometimes: bool
    """Whether it hangs on how fast something was."""


def document() -> dict[str, Any]:
    """Return the file as it is."""
    return tomllib.loads(TABLE.read_text(encoding="utf-8"))


def _verdict(row: dict[str, Any]) -> Verdict:
    return Verdict(
        row["id"],
        row["level"],
        frozenset(row["servers"]),
        frozenset(row["steps"]),
        row["whose"],
        row["true"],
        row["owner"],
        row.get("sometimes", False),
    )


SERVERS = {
    row["name"]: Known(row["version"], row["steps"], row.get("why", {}))
    for row in document()["server"]
}
VERDICTS = tuple(_verdict(row) for row in document()["finding"])


def differences(server: str, trial: Trial) -> list[str]:
    """Return where a trial is not as the table has it, a line each."""
    known = SERVERS.get(server)
    if known is None:
        return ["it is not in the table"]
    lines = [
        f"{step}: {trial.steps.get(step)}, and the table has {known.steps.get(step)}"
        for step in sorted({*known.steps, *trial.steps})
        if trial.steps.get(step) != known.steps.get(step)
    ]
    for step, findings in trial.findings.items():
        rows = [row for row in VERDICTS if server in row.servers and step in row.steps]
        expected = {(row.finding, row.level, row.whose) for row in rows}
        sometimes = {(row.finding, row.level, row.whose) for row in rows if row.sometimes}
        found = {(item.id, item.level, item.whose) for item in findings.values()}
        lines += [f"{step}: not in the table: {item}" for item in sorted(found - expected)]
        lines += [f"{step}: not told: {item}" for item in sorted(expected - found - sometimes)]
    return lines
