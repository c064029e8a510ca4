"""Knows an answer as a value that can be changed, and what a change is; must not know any rule."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import field, replace
from typing import Any, Self

from mcp_auth_tui.model import Kind
from mcp_auth_tui.records import dataclass
from mcp_auth_tui.text import json_pointer

Members = Mapping[str, Any]
_BLANK = re.compile(r"<[^<>]+>")


class Blank(str):
    """A value with parts that only the owner of the server knows: ``<what belongs there>``."""

    __slots__ = ()


def blank(what: str) -> Blank:
    """Return what stands in the place of a value, in words that say what belongs there."""
    return Blank(f"<{what}>")


class NoFix(Exception):
    """There is nothing to show, and the sentence says why."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server answers, as far as a fix may change it."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    """Names in lower case."""
    document: Members | None = None
    """The JSON object of the body; None where there is none, or it is no matter of the fix."""
    jose: Members | None = None
    """The header of the token in ``access_token``."""
    claims: Members | None = None
    """The claims of that token."""
    notes: tuple[str, ...] = field(default=())
    """What has to be true beside, as sentences."""

    def put(self, **members: Any) -> Self:
        """Return the answer with members of its document set; they keep their places."""
        return replace(self, document={**(self.document or {}), **members})

    def drop(self, *names: str) -> Self:
        """Return the answer without some members of its document."""
        kept = {key: value for key, value in (self.document or {}).items() if key not in names}
        return replace(self, document=kept)

    def at(self, pointer: str) -> Any:
        """Return the value that a JSON pointer (RFC 6901) names in the document, or None."""
        value: Any = self.document
        for step in json_pointer.steps(pointer):
            value = value.get(step) if isinstance(value, dict) else None
        return value

    def set(self, pointer: str, value: Any) -> Self:
        """Return the answer with the value that a JSON pointer names in the document replaced.

        Raises `NoFix` where it names none.
        """
        if not pointer.startswith("/"):
            raise NoFix("Which member it is about is not known.")
        return replace(
            self, document=_with(self.document or {}, list(json_pointer.steps(pointer)), value)
        )

    def header(self, name: str, *values: str) -> Self:
        """Return the answer with these values of a header field and no other."""
        kept = [item for item in self.headers if item[0] != name]
        place = next((n for n, item in enumerate(self.headers) if item[0] == name), len(kept))
        fields = [(name, value) for value in values]
        return replace(self, headers=(*kept[:place], *fields, *kept[place:]))

    def claim(self, **claims: Any) -> Self:
        """Return the answer with claims of its token set."""
        return replace(self, claims={**(self.claims or {}), **claims})

    def as_document(self, members: Members) -> Self:
        """Return the answer as one with status 200 whose body is this document."""
        answer = replace(self, status=200, document=members).header("location")
        return answer.header("content-type", "application/json")

    def note(self, *notes: str) -> Self:
        """Return the answer with sentences about what has to be true beside."""
        return replace(self, notes=(*self.notes, *notes))

    def all(self, name: str) -> tuple[str, ...]:
        """Return every value of a header field in order."""
        return tuple(value for key, value in self.headers if key == name)


@dataclass(frozen=True, slots=True)
class Change:
    """One answer as it was served and as it should be."""

    method: str
    url: str
    before: Answer | None
    """None where this was never asked, so nobody knows what is there now."""
    after: Answer
    exchange: int | None = None
    """The exchange that showed ``before``."""
    kind: Kind = Kind.METADATA
    """What the request was for: it decides what of the body is nobody's business."""

    @property
    def fields(self) -> tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...]:
        """Name, served values and right values of each header field that changes."""
        before = self.before or Answer(0)
        names = dict.fromkeys(key for key, _ in (*before.headers, *self.after.headers))
        pairs = ((name, before.all(name), self.after.all(name)) for name in names)
        return tuple(item for item in pairs if item[1] != item[2])

    @property
    def blanks(self) -> tuple[str, ...]:
        """What only the owner knows in it, each once."""
        values = [*_blanks((self.after.document, self.after.jose, self.after.claims))]
        for _, served, right in self.fields:
            known = set(_BLANK.findall(" ".join(served)))
            values += [item for item in _BLANK.findall(" ".join(right)) if item not in known]
        return tuple(dict.fromkeys(values))


@dataclass(frozen=True, slots=True)
class Fix:
    """What mends a finding: one answer, rarely two; or why there is nothing to show."""

    changes: tuple[Change, ...]
    why: str = ""
    """Why there are no changes."""

    @property
    def notes(self) -> tuple[str, ...]:
        """What has to be true beside, each once."""
        return tuple(dict.fromkeys(note for item in self.changes for note in item.after.notes))

    @property
    def blanks(self) -> tuple[str, ...]:
        """What only the owner knows, each once."""
        return tuple(dict.fromkeys(word for item in self.changes for word in item.blanks))


def _with(members: Members, steps: list[str], value: Any) -> Members:
    head, *rest = steps
    inner = members.get(head)
    inside = _with(inner if isinstance(inner, dict) else {}, rest, value) if rest else value
    return {**members, head: inside}


def _blanks(value: Any) -> Iterator[str]:
    if isinstance(value, Blank):
        yield from _BLANK.findall(value)
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _blanks(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _blanks(item)
