"""Knows how changes between two runs are told, in words and as JSON; must not know how they arise.

The texts are those of findings: whoever shows them makes them harmless and masks them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mcp_auth_tui.text import units

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mcp_auth_tui.model import Finding
    from mcp_auth_tui.model.changes import Changes

GONE, NEW, ALTERED = "-", "+", "~"
"""The signs before what is gone, new, or wrong otherwise than before."""
NOTHING = "nothing changed"


def marked(changes: Changes) -> Iterator[tuple[str, Finding]]:
    """Yield each finding that is news, with its sign: what is gone, then new, then altered."""
    yield from ((GONE, item) for item in changes.mended)
    yield from ((NEW, item) for item in sorted(changes.new, key=lambda item: item.level.rank))
    yield from ((ALTERED, item) for _, item in changes.altered)


def counted(changes: Changes) -> str:
    """Return how many findings are gone, new, and the same: ``1 gone, 2 new, 3 the same``."""
    altered = len(changes.altered)
    numbers = (
        (len(changes.mended), "gone"),
        (len(changes.new), "new"),
        (altered, "otherwise wrong"),
        (len(changes.same) - altered, "the same"),
        (len(changes.unchecked), "not looked at"),
    )
    told = ", ".join(f"{number} {word}" for number, word in numbers if number)
    if changes:
        return told
    return f"{NOTHING} ({told})" if told else NOTHING


def listed(changes: Changes) -> str:
    """Return what is news by the ids, and how much is not: on one line, for a log."""
    news = " ".join(f"{sign} {item.id}" for sign, item in marked(changes)) or NOTHING
    rest = len(changes.same) - len(changes.altered)
    weights = [(rest, "the same"), (len(changes.unchecked), "not looked at")]
    told = ", ".join(f"{number} {word}" for number, word in weights if number)
    return f"{news} ({told})" if told else news


def worst(found: tuple[Finding, ...]) -> str:
    """Return how many findings there are of the levels that weigh: ``2 errors and 1 warning``."""
    ranks = [item.level.rank for item in found]
    errors, warnings = sum(rank <= 1 for rank in ranks), ranks.count(2)
    weights = ((errors, "error"), (warnings, "warning"))
    told = " and ".join(units.count(number, noun) for number, noun in weights if number)
    return told or "nothing to mend"
