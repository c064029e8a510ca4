"""Knows how rules are mended and which known clients they stop; must not know what was found.

The rows are data: a TOML file for each module of ``rules`` with a table for each of its rules::

    [jwt-typ]
    wrong = "A sample that breaks the rule: a header, a piece of a document, an exchange."
    right = "The same as it should be."
    [jwt-typ.mend]
    Keycloak = "What to do there, where the rule's own next step is not all."
    [jwt-typ.clients]
    python.stops = "What the client does, and so the sign-in ends there."
    typescript.goes_on = "What it does instead."

Each part may be left out. A text of several lines is one paragraph; samples keep their lines. The
files are read (10 ms) for ``--explain``, the reference and reports alone; a run does not load them.

What clients do is read from their source in the versions of `CLIENTS`: the MCP Python SDK
(``mcp.client.auth``, ``mcp.shared.auth``) and the MCP TypeScript SDK
(``@modelcontextprotocol/client``, its ``auth`` module, with the schemas of
``@modelcontextprotocol/core``), and seen by running both against a server that breaks the rule
(tests/findings/test_clients.py). A rule without notes stops neither.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from mcp_auth_tui.records import dataclass

CLIENTS: Mapping[str, tuple[str, str]] = {
    "python": ("MCP Python SDK", "2.3.0"),
    "typescript": ("MCP TypeScript SDK", "2.4.0"),
}
"""The known clients as rows call them: name, and the version whose source was read."""


@dataclass(frozen=True, slots=True)
class ClientNote:
    """What one client does with a server that breaks a rule."""

    client: str
    version: str
    stops: bool
    """Whether the sign-in ends there."""
    why: str
    """The reason, from its source, as a sentence."""


@dataclass(frozen=True, slots=True)
class Advice:
    """How one rule is mended, and what clients do where it is broken."""

    wrong: str
    """A sample that breaks the rule, or nothing."""
    right: str
    """The same as it should be."""
    mend: Mapping[str, str]
    """By server or framework what to do there; empty where the rule's own next step is all."""
    clients: tuple[ClientNote, ...]


@cache
def advice() -> Mapping[str, Advice]:
    """Return the advice by the id of the rule: one for every rule of the catalogue."""
    import tomllib  # it takes 4 ms, and this module is loaded for what is no report, too

    paths = sorted(Path(__file__).parent.glob("*.toml"))
    return {
        id: _advice(row)
        for path in paths
        for id, row in tomllib.loads(path.read_text(encoding="utf-8")).items()
    }


def client_notes(id: str) -> tuple[ClientNote, ...]:
    """Return what the known clients do where a rule is broken; empty where nothing is known."""
    row = advice().get(id)
    return row.clients if row else ()


def _advice(row: Mapping[str, Any]) -> Advice:
    return Advice(
        row.get("wrong", ""),
        row.get("right", ""),
        {where: _paragraph(how) for where, how in row.get("mend", {}).items()},
        tuple(
            ClientNote(*CLIENTS[key], does == "stops", _paragraph(why))
            for key, note in row.get("clients", {}).items()
            for does, why in note.items()
        ),
    )


def _paragraph(text: str) -> str:
    return " ".join(text.split())
