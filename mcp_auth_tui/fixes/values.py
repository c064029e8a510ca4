"""Knows how single values are corrected: URLs, lists, scopes; must not know where they stand."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from mcp_auth_tui.fixes.answer import Blank, NoFix, blank

BY_HTTPS = (
    "Right only if the server is reached there by https; a proxy that ends TLS has to say so."
)


def https(value: str) -> str:
    """Return a URL with https in the place of its scheme."""
    return f"https://{value.partition('://')[2]}"


def is_https(value: object) -> bool:
    """Return whether a value is http that only lacks its s."""
    return isinstance(value, str) and value.lower().startswith("http://")


def bare(value: str) -> str:
    """Return a URL without query and fragment."""
    return value.partition("#")[0].partition("?")[0]


def public(value: str) -> Blank:
    """Return a URL whose host, known inside only, is for its owner to name."""
    try:
        parts = urlsplit(value)
    except ValueError:
        raise NoFix("The address cannot be read.") from None
    return Blank(urlunsplit(("https", "<public host>", *parts[2:])))


def texts(value: Any) -> list[Any]:
    """Return the items of a list; a single text is a list of it, and anything else none."""
    if isinstance(value, list):
        return list(value)
    return [value] if isinstance(value, str) else []


def with_items(value: Any, *items: str) -> list[Any]:
    """Return a list with items at its end that it lacks."""
    listed = texts(value)
    return [*listed, *(item for item in items if item not in listed)]


def without(value: Any, items: Collection[str]) -> list[Any]:
    """Return a list without some items."""
    return [item for item in texts(value) if not isinstance(item, str) or item not in items]


def some(items: Iterable[str], what: str) -> str:
    """Return scopes as one text where there is one, else a blank that names the choice."""
    listed = list(items)
    if len(listed) == 1:
        return listed[0]
    known = f", of {' '.join(listed[:8])}" if listed else ""
    return blank(f"{what}{known}")
