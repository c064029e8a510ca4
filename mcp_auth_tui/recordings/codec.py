"""Knows how the values of a run become JSON and come back, by the types of their fields; no files.

A dataclass is an object of the members that are not as usual; where several may stand, ``class``
names it (no field can be called so).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from enum import Enum
from functools import cache
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from mcp_auth_tui.model import Secret, Session, aside, events, http, oauth, session, vocabulary
from mcp_auth_tui.recordings.leaves import (
    DocumentShape,
    Door,
    FlagShape,
    OctetsShape,
    RealShape,
    SecretShape,
    Shape,
    TextShape,
    WholeShape,
    WordShape,
    check,
)
from mcp_auth_tui.records import dataclass

CLASS = "class"
LEARNED = frozenset(
    {
        *("url", "revision", "contact", "resource", "server", "client", "attempt", "grant"),
        *("device", "token", "peer", "checked", "scanned", "carried", "stored_header"),
    }
)
"""The fields of `Session` that a run learns by their names (`Learned`, `Started.known`)."""
_NAMES = {
    name: value
    for module in (vocabulary, http, oauth, aside, events, session)
    for name, value in vars(module).items()
}


@dataclass(frozen=True, slots=True)
class _Items:
    kind: type[tuple[Any, ...]] | type[frozenset[Any]]
    part: Shape

    def dump(self, value: Any, door: Door) -> Any:
        return [self.part.dump(item, door) for item in value]

    def load(self, found: Any, at: str) -> Any:
        check(isinstance(found, list), at, "a list")
        return self.kind(self.part.load(item, f"{at}[{n}]") for n, item in enumerate(found))


@dataclass(frozen=True, slots=True)
class _Row:
    """A tuple of so many parts; an `object` in it is what the name before it says."""

    parts: tuple[Any, ...]

    def _shapes(self, value: Any) -> list[Shape]:
        return [_learned(value[0]) if part is object else shape(part) for part in self.parts]

    def dump(self, value: Any, door: Door) -> Any:
        pairs = zip(self._shapes(value), value, strict=True)
        return [part.dump(item, door) for part, item in pairs]

    def load(self, found: Any, at: str) -> Any:
        good = isinstance(found, list) and len(found) == len(self.parts)
        check(good, at, f"a list of {len(self.parts)}")
        pairs = zip(self._shapes(found), found, strict=True)
        return tuple(part.load(item, f"{at}[{n}]") for n, (part, item) in enumerate(pairs))


@dataclass(frozen=True, slots=True)
class _Table:
    key: Shape
    value: Shape

    def dump(self, value: Any, door: Door) -> Any:
        return {self.key.dump(k, door): self.value.dump(v, door) for k, v in value.items()}

    def load(self, found: Any, at: str) -> Any:
        check(isinstance(found, dict), at, "an object")
        return {self.key.load(k, at): self.value.load(v, f"{at}.{k}") for k, v in found.items()}


@dataclass(frozen=True, slots=True)
class _Choice:
    """One of several types: nothing, one that is no dataclass, a secret, or a dataclass by name."""

    empty: bool
    plain: Shape | None
    hidden: bool
    records: Mapping[str, _Record]

    def dump(self, value: Any, door: Door) -> Any:
        if value is None:
            return None
        if isinstance(value, Secret):
            return SecretShape().dump(value, door)
        if is_dataclass(value):
            name = type(value).__name__.lower()
            made = self.records[name].dump(value, door)
            return made if len(self.records) == 1 else {CLASS: name, **made}
        assert self.plain is not None
        return self.plain.dump(value, door)

    def load(self, found: Any, at: str) -> Any:
        if found is None and self.empty:
            return None
        if self.hidden and isinstance(found, dict):
            return SecretShape().load(found, at)
        if self.plain is not None:
            return self.plain.load(found, at)
        if len(self.records) == 1:
            return next(iter(self.records.values())).load(found, at)
        check(isinstance(found, dict), at, "an object")
        name = found.get(CLASS)
        known = isinstance(name, str) and name in self.records
        check(known, f"{at}.{CLASS}".lstrip("."), "one that this version knows")
        return self.records[name].load(found, at)


@dataclass(frozen=True, slots=True)
class _Record:
    kind: type[Any]

    def dump(self, value: Any, door: Door) -> Any:
        value = door.prepare(value)
        members = ((item.name, item, getattr(value, item.name)) for item in fields(self.kind))
        told = ((name, member) for name, item, member in members if not _usual(item, member))
        return {name: self._shape(name, value).dump(member, door) for name, member in told}

    def load(self, found: Any, at: str) -> Any:
        check(isinstance(found, dict), at, "an object")
        made: dict[str, Any] = {}
        for item in fields(self.kind):
            name, where = item.name, f"{at}.{item.name}" if at else item.name
            if name in found:
                made[name] = self._shape(name, found).load(found[name], where)
            else:
                check(not _needed(item), where, "there")
        return self.kind(**made)

    def _shape(self, name: str, value: Any) -> Shape:
        hint = hints(self.kind)[name]
        if hint is object:  # `Learned`: what it is called says what it is
            return _learned(value.get("name") if isinstance(value, dict) else value.name)
        return shape(hint)


def _needed(item: Field[Any]) -> bool:
    return item.default is MISSING and item.default_factory is MISSING


def _usual(item: Field[Any], member: Any) -> bool:
    """Return whether a member is what it is when nothing is said; a number that is none never."""
    return (
        item.default is not MISSING
        and type(member) is type(item.default)
        and (bool(member == item.default))
    )


def _learned(name: Any) -> Shape:
    known = isinstance(name, str) and name in LEARNED
    check(known, "name", "one of what a run learns")
    return shape(hints(Session)[name])


_HINTS: dict[type[Any], Mapping[str, Any]] = {}


def hints(kind: type[Any]) -> Mapping[str, Any]:
    """Return the types of the fields of a dataclass of the model."""
    if kind not in _HINTS:
        _HINTS[kind] = get_type_hints(kind, globalns=_NAMES)
    return _HINTS[kind]


_LEAVES: Mapping[Any, Shape] = {
    str: TextShape(),
    bool: FlagShape(),
    int: WholeShape(),
    float: RealShape(),
    bytes: OctetsShape(),
    Secret: SecretShape(),
    Any: DocumentShape(),
}


@cache
def shape(hint: Any) -> Shape:
    """Return how values of a type of the model are written and read; raises TypeError for others.

    The events of a run are ``shape(model.Event)``.
    """
    if hint in _LEAVES:
        return _LEAVES[hint]
    origin, parts = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        return _choice(parts)
    if origin is tuple and parts[-1] is not ...:
        return _Row(parts)
    if origin in (tuple, frozenset):
        return _Items(origin, shape(parts[0]))
    if origin is Mapping:
        return DocumentShape() if parts[1] is Any else _Table(shape(parts[0]), shape(parts[1]))
    if isinstance(hint, type) and issubclass(hint, Enum):
        return WordShape(hint)
    if is_dataclass(hint) and isinstance(hint, type):
        return _Record(hint)
    raise TypeError(hint)


def _choice(parts: tuple[Any, ...]) -> _Choice:
    kinds = [part for part in parts if isinstance(part, type) and is_dataclass(part)]
    records = {kind.__name__.lower(): _Record(kind) for kind in kinds}
    others = [part for part in parts if part not in (NoneType, Secret, *kinds)]
    if len(others) > 1 or (others and records):
        raise TypeError(parts)
    plain = shape(others[0]) if others else None
    return _Choice(NoneType in parts, plain, Secret in parts, records)
