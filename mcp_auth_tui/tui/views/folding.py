"""Knows what of a long answer is folded at first; pure, must not know how it is drawn."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

from mcp_auth_tui.model import Exchange, Response
from mcp_auth_tui.text import json_pointer
from mcp_auth_tui.tui.views.exchange import is_large

_MANY = 500
"""Lines that are drawn without a pause that is felt."""


def first(item: Exchange) -> frozenset[str]:
    """Return what is folded at first, so that a long answer opens without a pause.

    Counted, not drawn: to draw it all takes as long as the pause that is to be spared.
    """
    if item.response is None or is_large(item):
        return frozenset()
    containers = [each for path, value in _values(item.response) for each in _nests(value, path, 0)]
    nests, leaves = Counter[int](), Counter[int]()
    for _, depth, plain in containers:
        nests[depth] += 1
        leaves[depth] += plain
    open_, lines = 0, nests[0]
    while nests[open_]:
        # One line of each that is opened becomes two, with what is in it between them.
        lines += nests[open_] + leaves[open_] + nests[open_ + 1]
        if lines > _MANY:
            break
        open_ += 1
    return frozenset(path for path, depth, _ in containers if depth >= open_)


def _values(response: Response) -> Iterator[tuple[str, Any]]:
    """Yield the JSON values of an answer with their paths, as `answer` writes them."""
    parts = [("answer", response.text)]
    if response.media_type == "text/event-stream":
        lines = enumerate(response.text.splitlines())
        parts = [(f"event{n}", line[5:]) for n, line in lines if line.startswith("data:")]
    for path, plain in parts:
        try:
            yield path, json.loads(plain)
        except (ValueError, RecursionError):
            continue


def _nests(value: Any, path: str, depth: int) -> Iterator[tuple[str, int, int]]:
    """Yield path, depth and number of plain members of every object and array that is not empty."""
    waiting = [(value, path, depth)]
    while waiting:
        value, path, depth = waiting.pop()
        if not isinstance(value, dict | list) or not value:
            continue
        items = value.items() if isinstance(value, dict) else enumerate(value)
        inner = [
            (item, f"{path}/{json_pointer.step(str(key)) or index}", depth + 1)
            for index, (key, item) in enumerate(items)
            if isinstance(item, dict | list) and item
        ]
        yield path, depth, len(value) - len(inner)
        waiting += inner
