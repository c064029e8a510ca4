"""Patterns are compiled when they are first used, once, and every one of them can be."""

from __future__ import annotations

import pkgutil
import re
from collections.abc import Iterator
from importlib import import_module
from typing import Any

import pytest

import mcp_auth_tui
from mcp_auth_tui.text.patterns import _Pattern, pattern


def test_a_pattern_is_compiled_at_its_first_use_and_once(monkeypatch: pytest.MonkeyPatch) -> None:
    compiled: list[str] = []
    usual = re.compile

    def counted(text: str, flags: int = 0) -> re.Pattern[str]:
        compiled.append(text)
        return usual(text, flags)

    monkeypatch.setattr(re, "compile", counted)
    word = pattern(r"(\w+) ", re.I)
    assert word.pattern == r"(\w+) " and not compiled
    assert [word.sub("x", "a b "), word.sub("y", "c ")] == ["xx", "y"]
    assert compiled == [r"(\w+) "]


def test_a_pattern_finds_what_that_of_the_standard_library_finds() -> None:
    ours, theirs = pattern("(a)(B)?", re.IGNORECASE), re.compile("(a)(B)?", re.IGNORECASE)
    for text in ("", "xAb", "ab ab", "b"):
        for name in ("search", "match", "fullmatch"):
            found, other = getattr(ours, name)(text), getattr(theirs, name)(text)
            assert (found and found.groups()) == (other and other.groups())
        assert ours.findall(text) == theirs.findall(text)
        assert ours.split(text) == theirs.split(text)
    assert ours.match("xab", 1) is not None
    with pytest.raises(AttributeError, match="unknown"):
        getattr(ours, "unknown")  # noqa: B009, since mypy knows that it has none


def patterns_in(value: Any) -> Iterator[_Pattern]:
    """Yield the patterns of a module's value, also those in a table."""
    if isinstance(value, _Pattern):
        yield value
    elif isinstance(value, tuple | list):
        for item in value:
            yield from patterns_in(item)
    elif isinstance(value, dict):
        yield from patterns_in(list(value.values()))


def test_every_pattern_of_the_program_can_be_compiled() -> None:
    """One that cannot would be a fault of ours in the middle of a refusal."""
    names = [
        item.name for item in pkgutil.walk_packages(mcp_auth_tui.__path__, "mcp_auth_tui.")
        if not item.name.endswith("__main__")
    ]  # fmt: skip
    values = [value for name in names for value in vars(import_module(name)).values()]
    found = [item for value in values for item in patterns_in(value)]
    assert len(found) > 80
    for item in found:
        re.compile(item.pattern, item._flags)
