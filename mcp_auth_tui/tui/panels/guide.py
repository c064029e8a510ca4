"""Knows what a newcomer to OAuth reads about a panel, a text file each beside it; knows no panel.

Its paragraphs: what the panel is for, the rules, and on each of the others what usually goes wrong.
"""

from __future__ import annotations

from pathlib import Path

from mcp_auth_tui.records import dataclass


@dataclass(frozen=True, slots=True)
class Guide:
    """What a person reads about one panel; actions in braces stand for their keys."""

    what: str
    rules: str
    wrong: tuple[str, ...]


def read_guide(name: str) -> Guide:
    """Return the guide of the panel whose module has this name."""
    text = Path(__file__).with_name(f"{name}.txt").read_text(encoding="utf-8")
    what, rules, *wrong = (" ".join(part.split()) for part in text.split("\n\n"))
    return Guide(what, rules, tuple(wrong))
