"""JSON pointers name members as RFC 6901 has it, whatever they are called."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mcp_auth_tui.text import json_pointer


@given(st.lists(st.text()))
def test_a_pointer_goes_through_the_members_that_it_was_made_of(names: list[str]) -> None:
    pointer = "".join(json_pointer.member(name) for name in names)
    assert list(json_pointer.steps(pointer)) == names


def test_the_examples_of_the_standard_are_told_apart() -> None:
    """RFC 6901 §5."""
    assert json_pointer.member("a/b") == "/a~1b"
    assert json_pointer.member("m~n") == "/m~0n"
    assert [*json_pointer.steps("/~01")] == ["~1"]
