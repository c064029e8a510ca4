"""Knows what of a run's values a recording holds; must not know how they are written.

Masked, it is safe for a public issue: what stands in a report, and whatever else the pages of the
screen show. `Safe` masks; here stands where it is asked.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from mcp_auth_tui.model import Browsed, Exchange, Field, Request, Response, Session
from mcp_auth_tui.model.oauth import Challenge, Peer, Token
from mcp_auth_tui.recordings.leaves import Door
from mcp_auth_tui.render.safe import Safe
from mcp_auth_tui.text import redaction


def door(session: Session, *, reveal: bool = False) -> Door:
    """Return what the values of a run pass; ``reveal``: as they are, for the person asks so."""
    if reveal:
        return Door()
    safe = Safe(session)

    def prepare(value: Any) -> Any:
        return _prepared(value, safe)

    def text(value: str) -> str:
        return safe.field("", value)

    def secret(value: Any) -> str:
        return redaction.masked(value.reveal())

    return Door(prepare, text, secret, safe.json)


def _prepared(value: Any, safe: Safe) -> Any:
    """Return a value of the model without what its texts alone do not give away."""
    match value:
        case Field(value=str()):
            return replace(value, value=safe.field(value.name, value.value))
        case Exchange(result=Response() as response):
            return replace(value, result=replace(response, body=safe.octets(value)))
        case Request():
            return replace(value, json=safe.message(value))
        case Response():
            return replace(value, headers=_pairs(value.headers, safe))
        case Challenge():
            return replace(value, params=_pairs(value.params, safe))
        case Token():
            return replace(value, claims=safe.claims(value.claims))
        case Peer(called=str() as answer) if answer:
            return replace(value, called="(left out)")
        case Browsed(forward=str() as line) if line:
            return replace(value, forward=f"{line.rpartition(' ')[0]} you@this-machine")
    return value


def _pairs(pairs: tuple[tuple[str, str], ...], safe: Safe) -> tuple[tuple[str, str], ...]:
    return tuple((name, safe.field(name, value)) for name, value in pairs)
