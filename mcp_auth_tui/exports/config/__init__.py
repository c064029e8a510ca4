"""Knows how one entry gets into the text of a config file and out again; opens no file.

Each module beside this one knows one format. All leave every other byte of the text as it was:
comments, order, indentation, line ends, a byte order mark, trailing commas.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any, Protocol

from mcp_auth_tui.records import dataclass


class EditProblem(Exception):
    """A text cannot be read, or not be changed safely; the message is a sentence without a path.

    ``offset`` is the character that it is about, or None.
    """

    def __init__(self, message: str, offset: int | None = None) -> None:
        super().__init__(message)
        self.offset = offset


@dataclass(frozen=True, slots=True)
class EntryPlace:
    """Where an entry stands: the keys that lead to the servers, and its name among them."""

    inside: Sequence[str]
    name: str
    listed: bool = False
    """Whether the servers are a list of objects with a ``name``."""

    def value(self, root: Any) -> Any:
        """Return what stands there, or None. Raises `EditProblem` where no servers can be."""
        servers = self.servers(root)
        if servers is None:
            return None
        if not self.listed:
            return servers.get(self.name)
        return next((item for item in servers if _name(item) == self.name), None)

    def servers(self, root: Any) -> Any:
        """Return the object or list of servers, or None where there is none yet."""
        value = root
        for key in self.inside:
            if value is None:
                return None
            if not isinstance(value, dict):
                raise EditProblem(f"an object was expected around {key!r}, not {_kind(value)}")
            value = value.get(key)
        if value is not None and not isinstance(value, list if self.listed else dict):
            expected = "a list" if self.listed else "an object"
            raise EditProblem(f"{self.inside[-1]!r} is {_kind(value)}, and {expected} is expected")
        return value

    def added(self, root: Any, entry: Any) -> Any:
        """Return a copy of a root with the entry in its place."""
        servers = self.servers(root)
        new = [*(servers or ()), entry] if self.listed else {**(servers or {}), self.name: entry}
        return _put(root or {}, self.inside, new)

    def removed(self, root: Any) -> Any:
        """Return a copy of a root without the entry."""
        servers = self.servers(root)
        if self.listed:
            return _put(root, self.inside, [item for item in servers if _name(item) != self.name])
        kept = {key: item for key, item in servers.items() if key != self.name}
        return _put(root, self.inside, kept)


class Format(Protocol):
    """What a module of a format offers."""

    def read(self, text: str) -> Any:
        """Return what a text holds, None when it is empty. Raises `EditProblem`."""

    def insert(self, text: str, place: EntryPlace, entry: Any) -> str:
        """Return the text with an entry that is not there yet. Raises `EditProblem`."""

    def remove(self, text: str, place: EntryPlace) -> str:
        """Return the text without an entry that is there. Raises `EditProblem`."""


def format_of(name: str) -> Format:
    """Return the format with one of the names that the table of clients uses."""
    if name in ("json", "jsonc"):
        from mcp_auth_tui.exports.config.jsonc import JsonFormat

        return JsonFormat(comments=name == "jsonc")
    module: Format = import_module(f"{__name__}.{name}")
    return module


def checked(changed: str, expected: Sequence[Any], read: Callable[[str], Any]) -> str:
    """Return a changed text, if it is read as one of what is expected. Raises `EditProblem`."""
    try:
        good = read(changed) in expected
    except EditProblem:
        good = False
    if not good:
        raise EditProblem("it cannot be changed without touching more than this entry")
    return changed


def twice(name: str, offset: int) -> EditProblem:
    """Return why a file is not changed in which a name stands twice where it is looked for."""
    return EditProblem(
        f"{name!r} stands there twice, and which one counts depends on the reader", offset
    )


def line_end(text: str) -> str:
    """Return how the lines of a text end: as its first one does."""
    end = text.find("\n")
    return "\r\n" if end > 0 and text[end - 1] == "\r" else "\n"


def _put(root: Any, keys: Sequence[str], value: Any) -> Any:
    if not keys:
        return value
    return {**root, keys[0]: _put(root.get(keys[0]) or {}, keys[1:], value)}


def _name(item: Any) -> Any:
    return item.get("name") if isinstance(item, dict) else None


def _kind(value: Any) -> str:
    kinds = {dict: "an object", list: "a list", str: "a text", bool: "true or false"}
    return kinds.get(type(value), "nothing of that kind")
