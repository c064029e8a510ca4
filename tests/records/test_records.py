"""A record is a data class of the standard library in all that can be seen of it."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Callable
from dataclasses import FrozenInstanceError, field, fields, is_dataclass, replace
from operator import attrgetter
from typing import Any

import pytest

from mcp_auth_tui import records
from mcp_auth_tui.records import dataclass


def family(make: Callable[..., Callable[[type], type]]) -> dict[str, Any]:
    """The same classes, made by one of the two decorators."""

    @make(frozen=True, slots=True)
    class Point:
        """Two numbers, a name that is not compared, and a secret that is not shown."""

        x: int
        y: int = 2
        name: str = field(default="", compare=False)
        secret: str = field(default="s", repr=False)

        def moved(self) -> int:
            return self.x + 1

    @make(frozen=True, slots=True)
    class Deep(Point):
        """With one more."""

        z: int = 3

    @make(slots=True)
    class Notes:
        """Lists that nobody shares."""

        lines: list[str] = field(default_factory=list)
        more: list[int] = field(default_factory=lambda: [1])

    @make(frozen=True, slots=True, kw_only=True)
    class Named:
        """By their names alone."""

        one: int
        two: int = 2

    @make(frozen=True, slots=True)
    class Mixed:
        """Some by their names alone."""

        one: int
        _: dataclasses.KW_ONLY
        two: int = 2

    @make(frozen=True, slots=True)
    class Empty:
        """Nothing."""

    @make(frozen=True, slots=True, repr=False)
    class Silent:
        """Shows itself in its own way."""

        value: int

        def __repr__(self) -> str:
            return "silent"

    @make(slots=True, eq=False)
    class Itself:
        """Equal to nothing else."""

        value: int

    made = (Point, Deep, Notes, Named, Mixed, Empty, Silent, Itself)
    return {cls.__name__: cls for cls in made}


OURS, THEIRS = family(dataclass), family(dataclasses.dataclass)
CALLS: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = [
    ("Point", (1,), {}),
    ("Point", (1, 3, "a", "b"), {}),
    ("Point", (1,), {"name": "other"}),
    ("Point", (), {"y": 5, "x": 4}),
    ("Deep", (1,), {"z": 9}),
    ("Notes", (), {}),
    ("Notes", (["a"],), {"more": []}),
    ("Named", (), {"one": 1}),
    ("Mixed", (1,), {"two": 3}),
    ("Empty", (), {}),
    ("Silent", (7,), {}),
]
WRONG: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = [
    ("Point", (), {}),
    ("Point", (1, 2, "", "", 5), {}),
    ("Point", (1,), {"x": 2}),
    ("Point", (1,), {"unknown": 2}),
    ("Named", (1,), {}),
    ("Mixed", (1, 2), {}),
    ("Empty", (1,), {}),
]


@pytest.mark.parametrize("many", [False, True], ids=["first", "compiled"])
@pytest.mark.parametrize(("name", "values", "named"), CALLS)
def test_a_record_is_made_shown_and_compared_like_a_data_class(
    name: str, values: tuple[Any, ...], named: dict[str, Any], many: bool
) -> None:
    if many:  # its `__init__` is compiled by now
        assert len({repr(OURS[name](*values, **named)) for _ in range(2 * records._FEW)}) == 1
    ours, theirs = OURS[name](*values, **named), THEIRS[name](*values, **named)
    again = OURS[name](*values, **named)
    assert repr(ours) == repr(theirs)
    assert ours == again
    assert [getattr(ours, item.name) for item in fields(ours)] == [
        getattr(theirs, item.name) for item in fields(theirs)
    ]
    assert ours != theirs
    assert copy.copy(ours) == copy.deepcopy(ours) == ours
    assert replace(ours) == records.replace(ours) == ours


def test_a_copy_with_other_values_is_that_of_the_standard_library() -> None:
    point = OURS["Deep"](1, name="here", z=4)
    assert repr(records.replace(point, x=2, z=5)) == repr(replace(point, x=2, z=5))
    assert records.replace(point, name="there").name == "there"
    with pytest.raises(TypeError, match="unknown"):
        records.replace(point, unknown=1)


@pytest.mark.parametrize(("name", "values", "named"), WRONG)
def test_a_record_refuses_the_same_arguments_in_the_same_words(
    name: str, values: tuple[Any, ...], named: dict[str, Any]
) -> None:
    with pytest.raises(TypeError) as theirs:
        THEIRS[name](*values, **named)
    with pytest.raises(TypeError) as ours:
        OURS[name](*values, **named)
    assert str(ours.value) == str(theirs.value)


@pytest.mark.parametrize("name", list(OURS))
def test_a_record_has_the_fields_slots_and_patterns_of_a_data_class(name: str) -> None:
    ours, theirs = OURS[name], THEIRS[name]
    assert is_dataclass(ours)
    shape = attrgetter("name", "type", "default", "repr", "compare", "kw_only")
    assert [shape(item) for item in fields(ours)] == [shape(item) for item in fields(theirs)]
    assert ours.__slots__ == theirs.__slots__
    assert ours.__match_args__ == theirs.__match_args__
    assert ours.__doc__ == theirs.__doc__
    assert ours.__qualname__ == theirs.__qualname__


def test_what_is_not_compared_does_not_count_and_equal_records_have_one_hash() -> None:
    point = OURS["Point"]
    assert point(1, name="a") == point(1, name="b")
    assert point(1, secret="a") != point(1, secret="b")
    assert {point(1, name="a"), point(1, name="b")} == {point(1)}
    assert OURS["Deep"](1) != point(1)
    assert hash(OURS["Empty"]()) == hash(OURS["Empty"]())


def test_a_frozen_record_cannot_be_changed_and_another_can_but_has_no_hash() -> None:
    point, notes = OURS["Point"](1), OURS["Notes"]()
    with pytest.raises(FrozenInstanceError, match="cannot assign to field 'x'"):
        point.x = 2
    with pytest.raises(FrozenInstanceError, match="cannot delete field 'x'"):
        del point.x
    notes.lines = ["a"]
    assert notes == OURS["Notes"](["a"])
    with pytest.raises(TypeError, match="unhashable"):
        hash(notes)


def test_a_record_that_is_not_compared_is_equal_to_itself_alone_and_has_a_hash() -> None:
    one, other = OURS["Itself"](1), OURS["Itself"](1)
    assert one == one
    assert one != other
    assert len({one, other, one}) == 2
    assert repr(one) == repr(THEIRS["Itself"](1))


def test_each_record_has_lists_of_its_own() -> None:
    one, other = OURS["Notes"](), OURS["Notes"]()
    one.lines.append("a")
    one.more.append(2)
    assert other == OURS["Notes"]([], [1])


def test_methods_and_patterns_work_on_a_record() -> None:
    point = OURS["Point"]
    assert point(1).moved() == 2
    match point(4, 5):
        case object(x=4, y=y):
            assert y == 5
        case _:
            raise AssertionError("no match")


def test_the_first_instances_are_made_like_the_later_ones() -> None:
    """Also where one of them is refused, and where something is to happen after it is made."""
    made: list[int] = []

    @dataclass(slots=True)
    class Point:
        """Two numbers."""

        x: int
        y: list[int] = field(default_factory=list)

        def __post_init__(self) -> None:
            made.append(self.x)

    total = 2 * records._FEW
    points = [Point(number) for number in range(total)]
    assert [(item.x, item.y) for item in points] == [(number, []) for number in range(total)]
    assert len({id(item.y) for item in points}) == total
    assert made == list(range(total))


def test_a_record_that_holds_itself_can_be_shown() -> None:
    notes = OURS["Notes"]()
    notes.lines.append(notes)
    assert "Notes(lines=[...], more=[1])" in repr(notes)


def test_what_is_to_happen_after_a_record_is_made_happens() -> None:
    class Counted:
        """Knows that it was made."""

        made = False

        def __post_init__(self) -> None:
            self.made = True

    @dataclass
    class Child(Counted):
        """One of them."""

        one: int

    assert Child(1).made


def test_a_record_of_bare_options_is_a_data_class_too() -> None:
    @dataclass
    class Plain:
        """Nothing asked for."""

        one: int

    plain = Plain(1)
    plain.one = 2
    assert plain == Plain(2)
    assert vars(plain) == {"one": 2}
