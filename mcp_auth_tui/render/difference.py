"""Knows how two JSON objects differ, as lines of a difference; must not know what they are."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from itertools import groupby
from typing import Any

from mcp_auth_tui.records import dataclass

CONTEXT = 2
"""Lines that are shown as they are around what changes."""
LONGEST = 320
"""Characters of a line; of a longer one the beginning is shown."""
MOST = 300
"""Lines of a difference; who needs more takes the whole document."""
_MANY = 400
_ODD = re.compile(r"[^\x20-\x7e\n]")


@dataclass(frozen=True, slots=True)
class Line:
    """One line: ``mark`` is blank as it is, ``-`` as served, ``+`` as it should be, ``…`` a gap."""

    mark: str
    text: str

    @property
    def plain(self) -> str:
        """The line as text."""
        return f"{self.mark} {self.text}"


def laid_out(value: Any) -> str:
    """Return JSON in lines, with an escape in the place of what a terminal could act on."""
    return _ODD.sub(_escaped, json.dumps(value, indent=2, ensure_ascii=False))


def difference(before: Mapping[str, Any] | None, after: Mapping[str, Any]) -> tuple[Line, ...]:
    """Return how an object became another, with little around what changes."""
    lines = list(_near(changes(before, after)))
    if (more := len(lines) - MOST) <= 0:
        return tuple(lines)
    return (*lines[:MOST], Line("…", f"{more} more lines"))


def changes(before: Mapping[str, Any] | None, after: Mapping[str, Any]) -> list[Line]:
    """Return each line of an object, member by member; all of it is new where there was none.

    A member keeps the place that it had.
    """
    if before is None:
        return [Line("+", line) for line in laid_out(after).split("\n")]
    lines = [Line(" ", "{")]
    names = [*before, *(name for name in after if name not in before)]
    last = next((name for name in reversed(names) if name in after), "")
    for name in names:
        lines += _member(name, before, after, "" if name == last else ",")
    return [*lines, Line(" ", "}")]


def _near(lines: Sequence[Line]) -> Iterator[Line]:
    """Yield what changes with a few lines around it, and in the place of others how many."""
    close = {
        at
        for number, line in enumerate(lines)
        if line.mark != " "
        for at in range(number - CONTEXT, number + CONTEXT + 1)
    }
    for shown, run in groupby(enumerate(lines), lambda item: item[0] in close):
        part = [line for _, line in run]
        if shown or len(part) == 1:
            yield from (Line(line.mark, _cut(line.text)) for line in part)
        else:
            yield Line("…", f"{len(part)} lines as served")


def _member(
    name: str, before: Mapping[str, Any], after: Mapping[str, Any], comma: str
) -> list[Line]:
    old = _lines(name, before[name]) if name in before else []
    new = _lines(name, after[name]) if name in after else []
    if name in before and name in after and json.dumps(before[name]) == json.dumps(after[name]):
        return [Line(" ", text) for text in _ended(new, comma)]
    if not old or not new or len(old) == 1 or len(new) == 1 or len(old) + len(new) > _MANY:
        removed = [Line("-", text) for text in _ended(old, ",")] if old else []
        return removed + [Line("+", text) for text in (_ended(new, comma) if new else [])]
    return list(_within(old, _ended(new, comma)))


def _within(old: list[str], new: list[str]) -> Iterator[Line]:
    """Yield how the lines of a list or an object differ; a comma alone is no difference."""
    served, right = ([text.rstrip(",") for text in each] for each in (old, new))
    matcher = SequenceMatcher(None, served, right, autojunk=False)
    for tag, i, j, k, m in matcher.get_opcodes():
        if tag == "equal":
            yield from (Line(" ", text) for text in new[k:m])
            continue
        yield from (Line("-", text) for text in old[i:j])
        yield from (Line("+", text) for text in new[k:m])


def _lines(name: str, value: Any) -> list[str]:
    """Return a member as lines, indented; without the comma that may follow."""
    return laid_out({name: value}).split("\n")[1:-1]


def _ended(lines: list[str], comma: str) -> list[str]:
    return [*lines[:-1], lines[-1] + comma]


def _cut(text: str) -> str:
    if len(text) <= LONGEST:
        return text
    return f"{text[:LONGEST]}… ({len(text):,} characters)"


def _escaped(found: re.Match[str]) -> str:
    char = found[0]
    if char.isprintable():
        return char
    octets = char.encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{octets[at : at + 4]}" for at in range(0, len(octets), 4))
