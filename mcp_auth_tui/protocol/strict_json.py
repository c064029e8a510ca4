"""Knows how JSON from a server is read strictly; must not know what it should say."""

from __future__ import annotations

import json
from typing import Any

from mcp_auth_tui.text.patterns import pattern

_DEPTH = 32
_ESCAPED_SURROGATE = pattern(r"\\u[dD][89abcdefABCDEF]")


class DuplicateKey(ValueError):
    """A JSON object names a member twice (RFC 8259 §4 lets readers disagree about such)."""


def loads(text: str, *, duplicates: bool = False) -> Any:
    """Read JSON strictly: no duplicate members, no NaN, no lone surrogates, depth at most 32.

    SPEC 6; RFC 7493 §2: a lone surrogate is no Unicode text and could not be sent back. With
    ``duplicates`` the last of a repeated member wins: for answers that come once only.

    Raises ValueError (`DuplicateKey` for a repeated member).
    """
    try:
        hook = dict if duplicates else _members
        value = json.loads(text, object_pairs_hook=hook, parse_constant=_constant)
        deep = _deeper(value, _DEPTH)
    except RecursionError:  # at a depth of its own in each version of Python
        deep = True
    if deep:
        raise ValueError(f"it is nested more than {_DEPTH} levels deep")
    if _ESCAPED_SURROGATE.search(text) or not text.isascii():
        encodable(value)
    return value


def encodable(value: Any) -> None:
    """Raise ValueError when a JSON value holds text that UTF-8 cannot carry."""
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise ValueError("it holds half of a surrogate pair") from None


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members: dict[str, Any] = {}
    for key, value in pairs:
        if key in members:
            raise DuplicateKey(f"the member {key!r} stands there twice")
        members[key] = value
    return members


def _constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON value")


def _deeper(value: Any, depth: int) -> bool:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return depth == 0 or any(_deeper(item, depth - 1) for item in inner)
