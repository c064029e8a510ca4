"""Knows the parts of what a newcomer to OAuth reads about a panel; knows no panel and no widget."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Guide:
    """What a person reads about one panel; actions in braces stand for their keys."""

    what: str
    rules: str
    wrong: tuple[str, ...]
