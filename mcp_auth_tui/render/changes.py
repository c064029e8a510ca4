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
    rest = _rest(changes)
    if changes:
        return f"{news(changes)}, {rest}" if rest else news(changes)
    return f"{NOTHING} ({rest})" if rest else NOTHING


def news(changes: Changes) -> str:
    """Return how many findings are gone and new, or that nothing changed."""
    told = _numbers(
        (len(changes.mended), "gone"),
        (len(changes.new), "new"),
        (len(changes.altered), "otherwise wrong"),
    )
    return told or NOTHING


def _rest(changes: Changes) -> str:
    """Return how much is no news."""
    same = len(changes.same) - len(changes.altered)
    return _numbers((same, "the same"), (len(changes.unchecked), "not looked at"))


def _numbers(*numbers: tuple[int, str]) -> str:
    return ", ".join(f"{number} {word}" for number, word in numbers if number)


def since(changes: Changes, at: float) -> str:
    """Return the same with the time of the run before (seconds since the epoch)."""
    return f"since {units.time_of_day(at)}: {counted(changes)}"


def listed(changes: Changes) -> str:
    """Return what is news by the ids, and how much is not: on one line, for a log."""
    ids = " ".join(f"{sign} {item.id}" for sign, item in marked(changes)) or NOTHING
    rest = _rest(changes)
    return f"{ids} ({rest})" if rest else ids


def worst(found: tuple[Finding, ...]) -> str:
    """Return how many findings there are of the levels that weigh: ``2 errors and 1 warning``."""
    ranks = [item.level.rank for item in found]
    errors, warnings = sum(rank <= 1 for rank in ranks), ranks.count(2)
    weights = ((errors, "error"), (warnings, "warning"))
    told = " and ".join(units.count(number, noun) for number, noun in weights if number)
    return told or "nothing to mend"
