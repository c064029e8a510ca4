"""Knows YAML by the places of its nodes in the text, where PyYAML finds them; opens no file."""

from __future__ import annotations

import json
import re
from typing import Any

import yaml

from mcp_auth_tui.exports.config import EditProblem, EntryPlace, checked, line_end, twice

_MAPPING = "a mapping was expected, with names before colons"


class _Loader(yaml.SafeLoader):
    """Reads a character that JSON writes as two escapes as one, which PyYAML leaves in halves."""

    def construct_yaml_str(self, node: Any) -> str:
        value: str = self.construct_scalar(node)
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")


_Loader.add_constructor("tag:yaml.org,2002:str", _Loader.construct_yaml_str)


def read(text: str) -> Any:
    """Return what a text holds, None when it is empty."""
    try:
        root = _Loader(text).get_single_data()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        message = " ".join(part for part in (error.context, error.problem) if part)
        raise EditProblem(message, mark.index if mark else None) from None
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise EditProblem(str(error).splitlines()[0]) from None
    if root is not None and not isinstance(root, dict):
        raise EditProblem(_MAPPING, 0)
    return root


def insert(text: str, place: EntryPlace, entry: Any) -> str:
    """Return the text with an entry behind the others."""
    expected = place.added(read(text), entry)
    root = _mapping(text)
    (key,) = place.inside  # no client of ours has them deeper
    node = _child(root, key) if root else None
    if node is None:
        changed = _at_the_end(text, root, key, place, entry)
    elif isinstance(node, yaml.ScalarNode):
        changed = _under(text, root, key, place, entry)
    elif node.flow_style:
        changed = _in_flow(text, node, place, entry)
    else:
        first = node.value[0] if place.listed else node.value[0][0]
        start = first.start_mark
        indent = _dash(text, start.index)[1] if place.listed else start.column
        changed = _lines(text, _end(text, node), _block(place, entry, indent))
    return _checked(changed, expected)


def remove(text: str, place: EntryPlace) -> str:
    """Return the text without an entry; the last one takes the name of them all with it."""
    root_value = read(text)
    expected = place.removed(root_value)
    root: Any = yaml.compose(text)
    (key,) = place.inside
    node = _child(root, key)
    if node.flow_style:
        return _checked(_out_of_flow(text, node, place), expected)
    if len(node.value) == 1:
        name = next(name for name, _ in root.value if name.value == key)
        start = _line(text, name.start_mark.index)
        expected = {name: value for name, value in expected.items() if name != key} or None
        return _checked(_cut(text, start, _end(text, node)), expected)
    for item in node.value:
        first, value = (item, item) if place.listed else item
        if _name(value if place.listed else first, listed=place.listed) == place.name:
            offset = first.start_mark.index
            start = _dash(text, offset)[0] if place.listed else offset
            return _checked(_cut(text, _line(text, start), _end(text, value)), expected)
    raise EditProblem(f"the entry {place.name!r} is not written as an item of its own")


def _mapping(text: str) -> Any:
    """Return the node of the whole file; None where there is nothing in it."""
    root = yaml.compose(text)
    if isinstance(root, yaml.ScalarNode) and root.value:
        raise EditProblem(_MAPPING, root.start_mark.index)  # ``null``, in one of its spellings
    return None if isinstance(root, yaml.ScalarNode) else root


def _at_the_end(text: str, root: Any, key: str, place: EntryPlace, entry: Any) -> str:
    if root is not None and root.flow_style:
        raise EditProblem("the whole file is one {…}", root.start_mark.index)
    return _lines(text, len(text), [f"{key}:", *_block(place, entry, 2)])


def _under(text: str, root: Any, key: str, place: EntryPlace, entry: Any) -> str:
    """Put an entry below a name that has nothing."""
    name = next(name for name, _ in root.value if name.value == key)
    end = text.find("\n", name.end_mark.index)
    return _lines(text, len(text) if end < 0 else end + 1, _block(place, entry, 2))


def _in_flow(text: str, node: Any, place: EntryPlace, entry: Any) -> str:
    closing = node.end_mark.index - 1
    value = json.dumps(entry, ensure_ascii=False)
    written = value if place.listed else f"{json.dumps(place.name)}: {value}"
    if not node.value:
        return text[:closing] + written + text[closing:]
    last = node.value[-1] if place.listed else node.value[-1][1]
    behind = last.end_mark.index
    return f"{text[:behind]}, {written}{text[behind:]}"


def _out_of_flow(text: str, node: Any, place: EntryPlace) -> str:
    items = [(item, item) for item in node.value] if place.listed else node.value
    names = [_name(value if place.listed else key, listed=place.listed) for key, value in items]
    index = names.index(place.name)
    start, stop = items[index][0].start_mark.index, items[index][1].end_mark.index
    if index:
        start = items[index - 1][1].end_mark.index
    elif len(items) > 1:
        stop = items[1][0].start_mark.index
    return text[:start] + text[stop:]


def _block(place: EntryPlace, entry: Any, indent: int) -> list[str]:
    value = [entry] if place.listed else {place.name: entry}
    lines = yaml.safe_dump(value, sort_keys=False, width=100_000).removesuffix("\n").split("\n")
    return [f"{' ' * indent}{line}" for line in lines]


def _lines(text: str, offset: int, lines: list[str]) -> str:
    """Return the text with lines at an offset; a last line without an end stays so."""
    end = line_end(text)
    block = end.join(lines)
    if offset == len(text) and text.removeprefix("\ufeff") and not text.endswith("\n"):
        return f"{text}{end}{block}"
    return f"{text[:offset]}{block}{end}{text[offset:]}"


def _cut(text: str, start: int, stop: int) -> str:
    rest = text[stop:]
    if not rest and not text.endswith("\n"):
        return re.sub(r"\r?\n\Z", "", text[:start])
    return text[:start] + rest


def _end(text: str, node: Any) -> int:
    """Return where the line behind the last thing of a node begins."""
    while isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        last = node.value[-1]
        node = last[1] if isinstance(last, tuple) else last
    index: int = node.end_mark.index
    if node.end_mark.column == 0 and index > node.start_mark.index:
        return index  # a text of several lines
    end = text.find("\n", index)
    return len(text) if end < 0 else end + 1


def _line(text: str, offset: int) -> int:
    return text.rfind("\n", 0, offset) + 1


def _dash(text: str, offset: int) -> tuple[int, int]:
    """Return the offset and the column of the dash before an item of a list."""
    dash = text.rfind("-", 0, offset)
    return dash, dash - _line(text, dash)


def _child(root: Any, key: str) -> Any:
    found = [(name, value) for name, value in root.value if name.value == key]
    if len(found) > 1:
        raise twice(key, found[1][0].start_mark.index)
    return found[0][1] if found else None


def _name(node: Any, *, listed: bool) -> Any:
    if not listed:
        return node.value
    pairs = node.value if isinstance(node, yaml.MappingNode) else ()
    return next((value.value for key, value in pairs if key.value == "name"), None)


def _checked(text: str, expected: Any) -> str:
    return checked(text, [expected], read)
