"""Knows what one try showed and what a probe's tries add up to; must not know how to try."""

from __future__ import annotations

from collections.abc import Sequence

from mcp_auth_tui import findings
from mcp_auth_tui.model import Finding, Level, Stage
from mcp_auth_tui.records import dataclass

_UNDECIDED = "Not decided: {reason}."


@dataclass(frozen=True, slots=True)
class Trial:
    """One thing that was tried, and what the server made of it."""

    what: str
    """What was sent, as a few words."""
    kept: bool | None
    """Whether the rule was kept; None where the answer proves nothing."""
    seen: str
    """What came back, or why nothing could be tried."""
    exchange: int | None = None
    level: Level | None = None
    """The level where this way of breaking the rule differs from the rule's own."""

    @property
    def text(self) -> str:
        """What was tried and seen, as one line; the exchange that shows it by its number."""
        place = f" (exchange {self.exchange})" if self.exchange is not None else ""
        return f"{self.what}: {self.seen}{place}"


def untried(reason: str) -> tuple[Trial, ...]:
    """Return what stands for a probe that could not be tried; ``reason`` is half a sentence."""
    return (Trial("", None, reason),)


def verdict(id: str, stage: Stage, revision: str, trials: Sequence[Trial]) -> Finding:
    """Return the result of a probe: a broken rule, a kept one (OK), or information: undecided.

    One broken rule is enough to fail; to pass, at least one try has to have proved something.
    """
    broken = [trial for trial in trials if trial.kept is False]
    if broken:
        rule = findings.CATALOGUE[id].level_in(revision)
        worst = min(broken, key=lambda trial: (trial.level or rule).rank)
        return findings.finding(
            id,
            stage,
            seen="; ".join(trial.text for trial in broken),
            exchange=worst.exchange,
            revision=revision,
            level=worst.level,
        )
    kept = [trial for trial in trials if trial.kept]
    if kept:
        return findings.ok(
            id,
            stage,
            seen="; ".join(trial.text for trial in kept),
            exchange=kept[0].exchange,
            revision=revision,
        )
    reasons = [trial.text if trial.what else trial.seen for trial in trials]
    return findings.finding(
        id,
        stage,
        seen="; ".join(reasons),
        message=_UNDECIDED.format(reason="; ".join(dict.fromkeys(reasons))),
        next="Nothing was shown to be wrong.",
        exchange=next((trial.exchange for trial in trials if trial.exchange is not None), None),
        revision=revision,
        level=Level.INFO,
    )
