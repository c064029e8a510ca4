"""Knows the rows of known providers and how they are read; must not know a run.

The rows are data, a TOML file for each kind of provider with a table for each of them::

    [auth0]
    name = "Auth0"
    hosts = [".auth0.com"]        # a suffix of the issuer's host; without the dot the host, where
                                  # an asterisk stands for one label
    console = "Where a person makes a client there."
    source = "Where its signs were read."
    [[auth0.documents]]           # a document is its own if all of one of these holds
    issuer = "(?:/.*)?"           # the whole path of the issuer (a regular expression)
    paths.token_endpoint = "/oauth/token"           # the whole path of an endpoint
    members = ["mfa_challenge_endpoint"]            # members that are there
    lists.response_modes_supported = ["query"]      # values that a list has
    same = [["token_endpoint", "revocation_endpoint"]]  # members of one value
    [[auth0.answers]]             # an answer of its own
    header = "x-okta-request-id"  # a field that it has
    value = "…"                   # its whole value; left out: any
    [[auth0.ways]]
    findings = ["rs-fresh-token-refused"]
    seen = "…"                    # what the finding has to say (searched); left out: anything
    here = true                   # only where both issuers are the provider's, or on one host
    means = "What the finding means there, as a sentence."
    take = "--param audience=RESOURCE"  # the options that get a person through
    source = "Where that was read."

The first way that fits a finding is told. In options, ``RESOURCE`` stands for the resource of the
run, ``ORIGIN`` for the origin of the MCP URL, ``NAMED`` for the issuer that a document names; other
words in capitals are blanks that a person fills. The files take some milliseconds to read: they
are loaded when a finding is told, never for a run without one.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from mcp_auth_tui.records import dataclass


@dataclass(frozen=True, slots=True)
class DocumentSign:
    """What a provider's metadata has that no other's has."""

    issuer: re.Pattern[str] | None
    paths: Mapping[str, re.Pattern[str]]
    members: tuple[str, ...]
    lists: Mapping[str, frozenset[str]]
    same: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class AnswerSign:
    """A header field that a provider's answers have."""

    header: str
    value: re.Pattern[str] | None


@dataclass(frozen=True, slots=True)
class Way:
    """What findings mean at one provider, and the options that get a person through."""

    findings: frozenset[str]
    seen: re.Pattern[str] | None
    here: bool
    means: str
    take: tuple[str, ...]
    """Words of a command line, with blanks."""
    source: str


@dataclass(frozen=True, slots=True)
class Provider:
    """One row of the table."""

    id: str
    name: str
    hosts: tuple[str, ...]
    documents: tuple[DocumentSign, ...]
    answers: tuple[AnswerSign, ...]
    console: str
    source: str
    ways: tuple[Way, ...]

    def owns(self, host: str) -> bool:
        """Return whether a host is this provider's by its name."""
        return self.sign_of(host) != ""

    def sign_of(self, host: str) -> str:
        """Return the sign by which a host is this provider's; empty where it is not."""
        return next((item for item in self.hosts if _names(item, host)), "")


def _names(sign: str, host: str) -> bool:
    """Return whether a host is what a sign says: ``.suffix``, ``one.*.label`` or the whole host."""
    if sign.startswith("."):
        return host.endswith(sign)
    parts, labels = sign.split("."), host.split(".")
    return len(parts) == len(labels) and all(
        part in ("*", label) for part, label in zip(parts, labels, strict=True)
    )


@cache
def providers() -> Mapping[str, Provider]:
    """Return every row by its id."""
    import tomllib  # it takes 4 ms, and most runs need no row

    paths = sorted(Path(__file__).parent.glob("*.toml"))
    return {
        id: _provider(id, row)
        for path in paths
        for id, row in tomllib.loads(path.read_text(encoding="utf-8")).items()
    }


def _provider(id: str, row: Mapping[str, Any]) -> Provider:
    return Provider(
        id,
        row["name"],
        tuple(row.get("hosts", ())),
        tuple(map(_document, row.get("documents", ()))),
        tuple(
            AnswerSign(item["header"], _whole(item.get("value"))) for item in row.get("answers", ())
        ),
        row.get("console", ""),
        row["source"],
        tuple(map(_way, row.get("ways", ()))),
    )


def _document(row: Mapping[str, Any]) -> DocumentSign:
    return DocumentSign(
        _whole(row.get("issuer")),
        {name: re.compile(rf"(?:{path})\Z") for name, path in row.get("paths", {}).items()},
        tuple(row.get("members", ())),
        {name: frozenset(values) for name, values in row.get("lists", {}).items()},
        tuple(map(tuple, row.get("same", ()))),
    )


def _way(row: Mapping[str, Any]) -> Way:
    seen = row.get("seen")
    return Way(
        frozenset(row["findings"]),
        re.compile(seen) if seen else None,
        row.get("here", False),
        " ".join(row["means"].split()),
        tuple(shlex.split(row.get("take", ""))),
        row["source"],
    )


def _whole(pattern: str | None) -> re.Pattern[str] | None:
    return None if pattern is None else re.compile(rf"(?:{pattern})\Z")
