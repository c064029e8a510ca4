"""Knows the results of what a person asks for beside a run; must not know how they are obtained."""

from __future__ import annotations

from mcp_auth_tui.records import dataclass


@dataclass(frozen=True, slots=True)
class SignatureCheck:
    """What became of the check of one token. ``ok`` is None when it could not be made."""

    what: str
    """``access token`` or ``id_token``."""
    ok: bool | None
    why: str
    exchange: int | None = None
    """The exchange that brought the key set."""


@dataclass(frozen=True, slots=True)
class Location:
    """One place where a document may be. ``standard``: a client that keeps the rules looks there.

    ``binds``: what stands there speaks for the resource or the issuer of this run, whatever it
    says itself.
    """

    what: str
    url: str
    why: str
    standard: bool
    binds: bool = False


@dataclass(frozen=True, slots=True)
class Difference:
    """A member that two copies do not share; values as text, empty when absent."""

    member: str
    ours: str
    theirs: str


@dataclass(frozen=True, slots=True)
class LocationCheck:
    """What a scan for misplaced documents found at one place."""

    location: Location
    verdict: str
    """One of ``used``, ``same``, ``differs``, ``other``, ``misplaced``, ``nothing``."""
    why: str
    exchange: int | None = None
    differences: tuple[Difference, ...] = ()
