"""Knows JSON, with and without comments, as a text whose members have places; opens no file.

With comments also means with trailing commas, as the editors that read such files take them.
"""

from __future__ import annotations

import json
import re
from dataclasses import field
from typing import Any

from mcp_auth_tui.exports.config import EditProblem, EntryPlace, checked, line_end, twice
from mcp_auth_tui.records import dataclass

_BLANK = re.compile(r"[ \t\r\n]+")
_COMMENT = re.compile(r"//[^\r\n]*|/\*.*?\*/", re.DOTALL)
_STRING = re.compile(r'"(?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"')
_SCALAR = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?|true|false|null")
_DEEPEST = 200


@dataclass(slots=True)
class _Member:
    name: str
    lead: int
    """Where the token or comment before it ends."""
    start: int
    value: _Value
    comma: int | None = None
    """Where the comma behind it stands."""


@dataclass(slots=True)
class _Value:
    start: int
    end: int
    data: Any
    members: list[_Member] = field(default_factory=list)
    """Those of an object."""
    tail: int = 0
    """Of an object: where the last token or comment before its closing brace ends."""


class _Scanner:
    """Reads a text once, from its start to its end."""

    def __init__(self, text: str, *, comments: bool) -> None:
        self.text = text
        self._comments = comments
        self._at = 1 if text.startswith("\ufeff") else 0
        self._lead = self._at

    def root(self) -> _Value | None:
        """Return the value that the text is, None for none."""
        self._skip()
        if self._at == len(self.text):
            return None
        value = self._value(0)
        self._skip()
        if self._at < len(self.text):
            raise self._problem("the end of the file was expected")
        return value

    def _skip(self) -> None:
        """Go on to the next token; `_lead` stays where the last token or comment ended."""
        self._lead = self._at
        while True:
            if blank := _BLANK.match(self.text, self._at):
                self._at = blank.end()
            elif self._comments and (comment := _COMMENT.match(self.text, self._at)):
                self._at = self._lead = comment.end()
            else:
                return

    def _value(self, depth: int) -> _Value:
        if depth > _DEEPEST:
            raise self._problem(f"more than {_DEEPEST} objects are inside each other")
        start, sign = self._at, self.text[self._at : self._at + 1]
        if sign == "{":
            return self._object(depth)
        if sign == "[":
            return self._array(depth)
        match = (_STRING if sign == '"' else _SCALAR).match(self.text, start)
        if match is None:
            raise self._problem("a value was expected")
        try:
            found = json.loads(match[0])
        except ValueError as error:  # a number of thousands of digits
            raise self._problem(str(error).partition(";")[0].lower()) from None
        self._at = match.end()
        return _Value(start, self._at, found)

    def _object(self, depth: int) -> _Value:
        value = _Value(self._at, 0, {})
        self._at += 1
        self._skip()
        while not self._take("}"):
            if value.members and value.members[-1].comma is None:
                raise self._problem("a comma or a closing brace was expected")
            lead, start = self._lead, self._at
            name = _STRING.match(self.text, start)
            if name is None:
                raise self._problem("a name in double quotes was expected")
            self._at = name.end()
            self._skip()
            if not self._take(":"):
                raise self._problem("a colon was expected")
            self._skip()
            member = _Member(json.loads(name[0]), lead, start, self._value(depth + 1))
            value.members.append(member)
            value.data[member.name] = member.value.data
            member.comma = self._comma("}")
        value.tail, value.end = self._lead, self._at
        return value

    def _array(self, depth: int) -> _Value:
        value = _Value(self._at, 0, [])
        self._at += 1
        self._skip()
        comma: int | None = self._at
        while not self._take("]"):
            if comma is None:
                raise self._problem("a comma or a closing bracket was expected")
            value.data.append(self._value(depth + 1).data)
            comma = self._comma("]")
        value.end = self._at
        return value

    def _comma(self, closing: str) -> int | None:
        """Take the comma behind a value and return where it stands, None where there is none."""
        self._skip()
        place = self._at
        if not self._take(","):
            return None
        self._skip()
        if not self._comments and self.text.startswith(closing, self._at):
            raise self._problem("nothing follows the comma before it")
        return place

    def _take(self, sign: str) -> bool:
        if not self.text.startswith(sign, self._at):
            return False
        self._at += 1
        return True

    def _problem(self, message: str) -> EditProblem:
        return EditProblem(message, self._at)


@dataclass(frozen=True, slots=True)
class JsonFormat:
    """JSON, or with ``comments`` JSON with comments and trailing commas (`config.Format`)."""

    comments: bool

    def read(self, text: str) -> Any:
        """Return what a text holds, None when it is empty."""
        root = self._scanned(text)
        return root.data if root else None

    def insert(self, text: str, place: EntryPlace, entry: Any) -> str:
        """Return the text with an entry behind the others."""
        root = self._scanned(text)
        if root is None:
            expected, end = place.added(None, entry), line_end(text)
            value = json.dumps(expected, indent=2, ensure_ascii=False)
            # A comment without a line end would go on over what follows it.
            between = "" if text[-1:] in ("", "\n", "\ufeff") else end
            return self._checked(text + between + f"{value}\n".replace("\n", end), expected)
        expected = place.added(root.data, entry)
        node, keys = root, [*place.inside, place.name]
        while member := _only(node, keys[0]):
            node = member.value
            keys.pop(0)
        for key in reversed(keys[1:]):
            entry = {key: entry}
        return self._checked(_appended(text, root, node, keys[0], entry), expected)

    def remove(self, text: str, place: EntryPlace) -> str:
        """Return the text without an entry, and without the comma that it needed."""
        root = self._scanned(text)
        assert root is not None
        expected = place.removed(root.data)
        node = root
        for key in place.inside:
            member = _only(node, key)
            assert member is not None
            node = member.value
        member = _only(node, place.name)
        assert member is not None
        return self._checked(_without(text, node, node.members.index(member)), expected)

    def _scanned(self, text: str) -> _Value | None:
        return _Scanner(text, comments=self.comments).root()

    def _checked(self, text: str, expected: Any) -> str:
        return checked(text, [expected], self.read)


def _only(node: _Value, name: str) -> _Member | None:
    members = [member for member in node.members if member.name == name]
    if len(members) > 1:
        raise twice(name, members[1].start)
    return members[0] if members else None


def _appended(text: str, root: _Value, node: _Value, name: str, entry: Any) -> str:
    end, own = line_end(text), _indentation(text, node.start)
    unit = _indentation(text, root.members[0].start) if root.members else ""
    inner = own + (unit or "  ")
    last = node.members[-1] if node.members else None
    if last is None:
        member = _written(name, entry, inner, unit, end)
        closing = "" if "\n" in text[node.tail : node.end - 1] else end + own
        return f"{text[: node.tail]}{end}{inner}{member}{closing}{text[node.tail :]}"
    if "\n" in text[node.start : last.start] or "\n" in text[node.tail : node.end]:
        if "\n" in text[last.lead : last.start]:
            inner = _indentation(text, last.start)
        member = end + inner + _written(name, entry, inner, unit, end)
    else:
        member = f" {json.dumps(name)}: {json.dumps(entry, ensure_ascii=False)}"
    if last.comma is not None:
        return f"{text[: node.tail]}{member},{text[node.tail :]}"
    behind = last.value.end
    return f"{text[:behind]},{text[behind : node.tail]}{member}{text[node.tail :]}"


def _written(name: str, entry: Any, inner: str, unit: str, end: str) -> str:
    value = json.dumps(entry, indent=unit or "  ", ensure_ascii=False).replace("\n", end + inner)
    return f"{json.dumps(name, ensure_ascii=False)}: {value}"


def _without(text: str, node: _Value, index: int) -> str:
    member = node.members[index]
    if member.comma is not None:
        return text[: member.lead] + text[member.comma + 1 :]
    rest = text[member.value.end :]
    if index == 0:
        return text[: member.lead] + rest
    comma = node.members[index - 1].comma
    assert comma is not None
    return text[:comma] + text[comma + 1 : member.lead] + rest


def _indentation(text: str, offset: int) -> str:
    """Return the blanks that the line of a character begins with."""
    start = text.rfind("\n", 0, offset) + 1
    line = text[start:offset]
    return line[: len(line) - len(line.lstrip(" \t"))]
