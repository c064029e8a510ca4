"""Knows how a member is named in a JSON pointer (RFC 6901); must not know any document."""

from __future__ import annotations

from collections.abc import Iterator


def step(name: str) -> str:
    """Return a member's name as a step of a pointer (RFC 6901 §3)."""
    return name.replace("~", "~0").replace("/", "~1")


def member(name: str) -> str:
    """Return the pointer of a member of the whole document."""
    return f"/{step(name)}"


def steps(pointer: str) -> Iterator[str]:
    """Yield the names of members that a pointer goes through."""
    for each in pointer.split("/")[1:]:
        yield each.replace("~1", "/").replace("~0", "~")
