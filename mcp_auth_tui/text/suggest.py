"""Knows how a name that is in no table is answered; must not know any table."""

from __future__ import annotations

from collections.abc import Iterable


def unknown(kind: str, name: str, known: Iterable[str]) -> str:
    """Return the sentence for a name that is not in a table, with those that are near to it."""
    close = near(name, known)
    hint = f"did you mean {' or '.join(close)}?" if close else "nothing has a name like it"
    return f"there is no {kind} {name!r}: {hint}"


def near(name: str, known: Iterable[str], least: float = 0.5) -> list[str]:
    """Return the names of a table that one may have meant, the nearest first, at most three.

    ``least`` is how alike two names must be, from 0 to 1.
    """
    from difflib import get_close_matches

    return get_close_matches(name, list(known), n=3, cutoff=least)
