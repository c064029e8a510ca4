"""Knows TOML as a text in which an entry is a table of its own at the end; opens no file."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from mcp_auth_tui.exports.config import EditProblem, EntryPlace, checked, line_end

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_HEADER = re.compile(
    r"[ \t]*\[{1,2}[^\[\]\r\n]*(?:\"[^\"\r\n]*\"[^\[\]\r\n]*)*\]{1,2}[ \t]*(?:#.*)?"
)


def read(text: str) -> Any:
    """Return what a text holds."""
    import tomllib

    try:
        # The library takes no byte order mark; the clients that write one read it.
        return tomllib.loads(text.removeprefix("\ufeff").replace("\r\n", "\n"))
    except tomllib.TOMLDecodeError as error:
        line = re.search(r"line (\d+), column (\d+)", str(error))
        lines = text.splitlines(keepends=True)
        row, column = (int(line[1]), int(line[2])) if line else (len(lines) or 1, 1)
        offset = sum(map(len, lines[: row - 1])) + column - 1
        raise EditProblem(re.sub(r" \(at .*\)$", "", str(error)).lower(), offset) from None
    except RecursionError:
        raise EditProblem("it is nested too deeply") from None
    except ValueError as error:  # a number of thousands of digits
        raise EditProblem(str(error).partition(";")[0].lower()) from None


def insert(text: str, place: EntryPlace, entry: Any) -> str:
    """Return the text with a table behind all others."""
    expected = place.added(read(text), entry)
    end = line_end(text)
    lines = [f"[{'.'.join(_key(key) for key in (*place.inside, place.name))}]"]
    lines += [f"{_key(key)} = {_written(value)}" for key, value in entry.items()]
    table = end.join(lines)
    if not text.removeprefix("\ufeff"):
        return text + table + end
    # A last line without an end stays so: taking the table out again gives back every byte.
    closed = text.endswith("\n")
    changed = f"{text}{'' if closed else end}{end}{table}{end if closed else ''}"
    return checked(changed, [expected], read)


def remove(text: str, place: EntryPlace) -> str:
    """Return the text without a table, the tables inside it, and the blank line before it."""
    left = place.removed(read(text))
    # A table that was the only one takes the name of them all with it.
    expected = [left, _without_empty(left, place.inside)]
    path = [*place.inside, place.name]
    headers = [*_headers(text), (len(text), [])]
    for number, (start, keys) in reversed([*enumerate(headers)]):
        if keys[: len(path)] != path:
            continue
        stop = next(offset for offset, keys in headers[number:] if keys[: len(path)] != path)
        changed = _without(text, start, stop)
        # What looks like a header may be a line of a text, so the result is compared.
        with suppress(EditProblem):
            return checked(changed, expected, read)
    raise EditProblem(f"the entry {place.name!r} is not written as one table")


def _without(text: str, start: int, stop: int) -> str:
    before, body = text[:start], text[start:stop]
    if stop < len(text):
        # Blank lines and comments before the next table belong to that one.
        kept = re.search(r"(?:^[ \t]*(?:#[^\n]*)?\r?\n)*\Z", body, re.MULTILINE)
        return before + text[stop - len(kept[0] if kept else "") :]
    blank = r"(?<=\n)\r?\n\Z" if body.endswith("\n") else r"\r?\n\r?\n\Z"
    return re.sub(blank, "", before)


def _headers(text: str) -> Iterator[tuple[int, list[str]]]:
    """Yield where each line that looks like a table's header begins, and its keys."""
    import tomllib

    offset = 0
    for line in text.splitlines(keepends=True):
        if _HEADER.fullmatch(line.rstrip("\r\n")):
            # A line of a text or a list may be none: what is cut out is compared in the end.
            with suppress(tomllib.TOMLDecodeError):
                yield offset, _keys(tomllib.loads(line.replace("\r\n", "\n")))
        offset += len(line)


def _keys(value: Any) -> list[str]:
    keys = []
    while value:
        value = value[0] if isinstance(value, list) else value
        if not value:
            break
        key = next(iter(value))
        keys.append(key)
        value = value[key]
    return keys


def _without_empty(root: Any, inside: Any) -> Any:
    if len(inside) == 1 and not root[inside[0]]:
        return {key: value for key, value in root.items() if key != inside[0]}
    return root


def _key(key: str) -> str:
    return key if _BARE.fullmatch(key) else _written(key)


def _written(value: Any) -> str:
    if isinstance(value, dict):
        members = ", ".join(f"{_key(key)} = {_written(item)}" for key, item in value.items())
        return f"{{ {members} }}"
    if isinstance(value, list):
        return f"[{', '.join(map(_written, value))}]"
    # A text in JSON is one in TOML, but for DEL, which TOML wants escaped.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
