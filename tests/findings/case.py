"""One row of the table: a run that breaks a rule, and one that keeps it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.findings.site import Site, site
from tests.protocol.script import Script

STATELESS = {"spec": "2026-07-28"}


@dataclass(frozen=True)
class Run:
    """A site and the settings that it is visited with."""

    site: Callable[[], Site] = site
    settings: dict[str, Any] = field(default_factory=dict)

    def __call__(self) -> Script:
        """Visit the site and return what was told."""
        return self.site().run(**self.settings)


CLEAN = Run()


@dataclass(frozen=True)
class Case:
    """A rule, how it is broken, what follows from that, and how it is kept."""

    id: str
    broken: Callable[[], Script]
    also: frozenset[str] = frozenset()
    """Findings that the broken rule brings with it."""
    kept: Callable[[], Script] = CLEAN


def case(
    id: str,
    make: Callable[[], Site],
    *also: str,
    kept: Callable[[], Site] = site,
    kept_settings: dict[str, Any] | None = None,
    **settings: Any,
) -> Case:
    """Return a case; ``settings`` are those of the run that breaks the rule.

    The run that keeps it has them too, unless ``kept_settings`` says otherwise.
    """
    good = settings if kept_settings is None else kept_settings
    return Case(id, Run(make, settings), frozenset(also), Run(kept, good))
