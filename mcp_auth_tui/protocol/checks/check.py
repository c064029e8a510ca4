"""Knows what one look at a rule comes to; must not know the rules, nor what follows from one."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from mcp_auth_tui.model import Level, Response
from mcp_auth_tui.protocol.urls import is_loopback, split
from mcp_auth_tui.records import dataclass
from mcp_auth_tui.text import json_pointer


@dataclass(frozen=True, slots=True)
class Check:
    """One rule that was looked at: kept, or broken by what was seen."""

    id: str
    broken: bool
    seen: str = ""
    pointer: str = ""
    """A header field or a JSON pointer (RFC 6901)."""
    expected: str = ""
    level: Level | None = None
    """The weight when it is not the rule's own: for a lighter way to break it."""


Checks = Iterator[Check]


def absent_values(prefix: str, document: Mapping[str, Any], empty_ok: Collection[str]) -> Checks:
    """Look for null members and empty lists (RFC 9728 §3.2, RFC 8414 §3.2), at the top level.

    ``prefix`` (prm or as) names the checks; members in ``empty_ok`` may be an empty list.
    """
    nulls = [name for name, value in document.items() if value is None]
    yield Check(f"{prefix}-null", bool(nulls), ", ".join(nulls), pointer(nulls))
    empty = [name for name, value in document.items() if value == [] and name not in empty_ok]
    yield Check(f"{prefix}-empty-array", bool(empty), ", ".join(empty), pointer(empty))


def content_type(prefix: str, response: Response) -> Check:
    """Look whether a document is called ``application/json`` (``prefix``: prm, as, token).

    A field that is there twice is read well by most: two layers before the server each add one.
    """
    named = ", ".join(response.all("content-type"))
    good, twice = response.media_type == "application/json", "," in named
    level = Level.WARNING if good and twice else None
    return Check(
        f"{prefix}-content-type",
        not good or twice,
        named if twice else response.media_type or "no content type",
        "content-type",
        level=level,
    )


def as_seen(value: Any) -> str:
    """Return a member's value as JSON spells it; one that is not there is called absent."""
    return "absent" if value is None else json.dumps(value, ensure_ascii=False)


def pointer(names: list[str]) -> str:
    """Return the JSON pointer of the first member named, empty when there is none."""
    return json_pointer.member(names[0]) if names else ""


def strings(value: Any) -> tuple[str, ...]:
    """Return the texts of a list, nothing for any other value."""
    return tuple(item for item in value if isinstance(item, str)) if isinstance(value, list) else ()


def insecure(value: Any) -> bool:
    """Return whether a value is no https URL, http on this machine allowed."""
    if not isinstance(value, str):
        return True
    try:
        scheme = split(value).scheme.lower()
    except ValueError:
        return True
    return scheme not in ("https", "http") or plain_http(value)


def plain_http(value: str) -> bool:
    """Return whether a URL is http, and its host is not this machine."""
    try:
        parts = split(value)
    except ValueError:
        return False
    return parts.scheme.lower() == "http" and not is_loopback(parts.hostname or "")
