"""Knows how classes of plain data are made at little cost; must not know any of them.

`dataclass` is that of the standard library, which compiles six methods for each class when its
module is loaded: half a millisecond each, a quarter of what a whole run of this program took. Here
`__init__` is compiled after the first few calls, and the others are shared. What the fields are,
with their defaults, slots and order, is left to the standard library, whose `fields`, `replace` and
`is_dataclass` work as ever. `replace` here is the same for these classes at half the cost, for what
is replaced with each event of a run.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from functools import partial
from operator import attrgetter
from reprlib import recursive_repr
from typing import TYPE_CHECKING, Any

__all__ = ["dataclass", "replace"]


def _record(
    original: type | None = None,
    /,
    *,
    frozen: bool = False,
    slots: bool = False,
    kw_only: bool = False,
    repr: bool = True,  # noqa: A002, the name that the standard library gave it
    eq: bool = True,
) -> Any:
    """Take the options of `dataclasses.dataclass` that are in use."""
    if original is None:
        options = {"frozen": frozen, "slots": slots, "kw_only": kw_only, "repr": repr, "eq": eq}
        return partial(_record, **options)
    own = set(original.__dict__)
    if original.__doc__ is None:
        # Else the standard library writes one, and parses a signature for it: 4 ms the first time.
        original.__doc__ = original.__qualname__
    plain = dataclasses.dataclass(init=False, repr=False, eq=False, slots=slots, kw_only=kw_only)
    cls: type = plain(original)

    calls = 0

    def begin(self: object, *args: Any, **named: Any) -> None:
        nonlocal calls
        calls += 1
        if calls <= _FEW and _fill(self, cls, args, named):
            return
        written = _write_init(cls, frozen=frozen)
        setattr(cls, "__init__", written)  # noqa: B010, since mypy knows it as a method
        written(self, *args, **named)

    methods: dict[str, Any] = {"__init__": begin}
    if eq:
        methods |= {"__eq__": _equals, "__hash__": _hash if frozen else None}
    if repr:
        methods["__repr__"] = _represent
    if frozen:
        methods |= _FROZEN
    for name in methods.keys() - own:
        setattr(cls, name, methods[name])
    return cls


def _replace(original: Any, /, **changes: Any) -> Any:
    """Return a copy with other values of some fields, as `dataclasses.replace`."""
    cls = type(original)
    if cls not in _names:
        _names[cls] = tuple(item.name for item in dataclasses.fields(cls))
    return cls(**{name: getattr(original, name) for name in _names[cls]} | changes)


_names: dict[type, tuple[str, ...]] = {}
"""Of all fields of a class, since the standard library looks at each field with each call."""

if TYPE_CHECKING:
    from dataclasses import dataclass, replace
else:
    dataclass, replace = _record, _replace


_FEW = 6
"""Instances until `__init__` is compiled, which takes as long as to fill some twenty by hand."""


def _fill(self: object, cls: type, args: tuple[Any, ...], named: dict[str, Any]) -> bool:
    """Do what the `__init__` of a class does; False, with nothing done, where it would refuse."""
    items = dataclasses.fields(cls)
    ordered = [item.name for item in items if not item.kw_only]
    if len(args) > len(ordered) or not named.keys().isdisjoint(ordered[: len(args)]):
        return False
    given = dict(zip(ordered, args, strict=False)) | named
    values = []
    for item in items:
        if item.name in given:
            values.append(given.pop(item.name))
        elif item.default_factory is not dataclasses.MISSING:
            values.append(item.default_factory())
        elif item.default is not dataclasses.MISSING:
            values.append(item.default)
        else:
            return False
    if given:
        return False
    for item, value in zip(items, values, strict=True):
        object.__setattr__(self, item.name, value)
    if hasattr(cls, "__post_init__"):
        self.__post_init__()  # type: ignore[attr-defined]  # of the class, as was looked
    return True


def _write_init(cls: type, *, frozen: bool) -> Callable[..., None]:
    """Compile the `__init__` of a class: the one method whose text is another for each class."""
    names: dict[str, Any] = {"_set": object.__setattr__, "_unset": dataclasses.MISSING}
    ordered, named, lines = ["self"], ["*"], []
    for item in dataclasses.fields(cls):
        name, parameter, value = item.name, item.name, item.name
        if item.default_factory is not dataclasses.MISSING:
            names[f"_make_{name}"] = item.default_factory
            parameter, value = f"{name}=_unset", f"_make_{name}() if {name} is _unset else {name}"
        elif item.default is not dataclasses.MISSING:
            names[f"_else_{name}"] = item.default
            parameter = f"{name}=_else_{name}"
        (named if item.kw_only else ordered).append(parameter)
        lines.append(f" _set(self, {name!r}, {value})" if frozen else f" self.{name} = {value}")
    if hasattr(cls, "__post_init__"):
        lines.append(" self.__post_init__()")
    parameters = ", ".join(ordered + (named if len(named) > 1 else []))
    exec("\n".join([f"def __init__({parameters}):", *lines, " return"]), names)  # noqa: S102
    written: Callable[..., None] = names["__init__"]
    written.__qualname__ = f"{cls.__qualname__}.__init__"
    return written


_values: dict[type, Callable[[object], object]] = {}


def _compared(cls: type) -> Callable[[object], object]:
    """Return what gets all values of an instance that count when it is compared."""
    if cls not in _values:
        names = [item.name for item in dataclasses.fields(cls) if item.compare]
        _values[cls] = attrgetter(*names) if names else lambda _: ()
    return _values[cls]


def _equals(self: object, other: object) -> Any:
    if other.__class__ is not self.__class__:
        return NotImplemented
    values = _compared(type(self))
    return values(self) == values(other)


def _hash(self: object) -> int:
    return hash(_compared(type(self))(self))


@recursive_repr()
def _represent(self: Any) -> str:
    names = [item.name for item in dataclasses.fields(self) if item.repr]
    values = ", ".join(f"{name}={getattr(self, name)!r}" for name in names)
    return f"{type(self).__qualname__}({values})"


def _refuse_set(self: object, name: str, value: object) -> None:
    raise dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}")


def _refuse_delete(self: object, name: str) -> None:
    raise dataclasses.FrozenInstanceError(f"cannot delete field {name!r}")


def _restore(self: object, state: tuple[None, dict[str, Any]]) -> None:
    """Fill a copy: what `copy` takes from the slots of the original."""
    for name, value in state[1].items():
        object.__setattr__(self, name, value)


_FROZEN = {
    "__setattr__": _refuse_set,
    "__delattr__": _refuse_delete,
    "__setstate__": _restore,
}
