"""How two JSON objects differ in lines, and as a JSON Patch."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from mcp_auth_tui.render.difference import LONGEST, Line, changes, difference, laid_out
from mcp_auth_tui.render.fix import patch

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=8,
)
OBJECTS = st.dictionaries(st.text(max_size=5), VALUES, max_size=6)


def applied(before: dict[str, Any] | None, operations: list[dict[str, Any]]) -> Any:
    """Apply a patch of members as RFC 6902 has it."""
    value: Any = before
    for item in operations:
        name = item["path"][1:].replace("~1", "/").replace("~0", "~")
        if item["path"] == "":
            value = item["value"]
        elif item["op"] == "remove":
            value = {key: each for key, each in value.items() if key != name}
        else:
            assert (name in value) is (item["op"] == "replace")
            value = {**value, name: item["value"]}
    return value


@given(OBJECTS, OBJECTS)
def test_the_lines_that_are_no_more_removed_are_the_new_object(before: Any, after: Any) -> None:
    lines = changes(before, after)
    text = "\n".join(line.text for line in lines if line.mark in " +")
    assert json.loads(text) == after
    served = [line.text.rstrip(",") for line in lines if line.mark in " -"]
    inside = (line.rstrip(",") for line in laid_out(before).split("\n")[1:-1])
    assert served == ["{", *inside, "}"]


@given(OBJECTS)
def test_what_is_the_same_is_no_change(document: Any) -> None:
    assert {line.mark for line in changes(document, dict(document))} == {" "}
    assert patch(document, dict(document)) == []


@given(st.none() | OBJECTS, OBJECTS)
def test_the_patch_makes_the_one_of_the_other(before: Any, after: Any) -> None:
    assert applied(before, patch(before, after)) == after


def test_a_member_that_changes_stands_between_its_neighbours() -> None:
    before = {"a": 1, "b": 2, "c": "old", "d": [1], "e": 5, "f": 6, "g": 7}
    assert difference(before, {**before, "c": "new"}) == (
        Line(" ", "{"),
        Line(" ", '  "a": 1,'),
        Line(" ", '  "b": 2,'),
        Line("-", '  "c": "old",'),
        Line("+", '  "c": "new",'),
        Line(" ", '  "d": ['),
        Line(" ", "    1"),
        Line("…", "5 lines as served"),
    )


def test_an_item_of_a_list_changes_alone_and_a_comma_is_no_change() -> None:
    before = {"methods": ["S256", "plain"], "x": 1}
    assert difference(before, {"methods": ["S256"], "x": 1}) == (
        Line(" ", "{"),
        Line(" ", '  "methods": ['),
        Line(" ", '    "S256"'),
        Line("-", '    "plain"'),
        Line(" ", "  ],"),
        Line(" ", '  "x": 1'),
        Line(" ", "}"),
    )


def test_true_and_one_are_two_values() -> None:
    assert [line.mark for line in difference({"a": 1}, {"a": True})] == [" ", "-", "+", " "]
    assert patch({"a": 1}, {"a": True}) == [{"op": "replace", "path": "/a", "value": True}]


def test_a_long_line_is_cut_and_says_how_long_it_was() -> None:
    lines = difference({"a": "x" * 1000}, {})
    assert lines[1].text == f'  "a": "{"x" * (LONGEST - 8)}… (1,010 characters)'


def test_what_a_terminal_could_act_on_is_an_escape_of_json() -> None:
    value = {"a": "\x1b[2J\u202e\U000e0001\x7f\ud800é"}
    text = laid_out(value)
    assert text == '{\n  "a": "\\u001b[2J\\u202e\\udb40\\udc01\\u007f\\ud800é"\n}'
    assert json.loads(text) == value
