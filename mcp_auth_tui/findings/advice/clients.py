"""Knows which known clients a broken rule stops, and why; must not judge anything.

Read from the source of the clients in the versions named: the MCP Python SDK (``mcp.client.auth``,
``mcp.shared.auth``) and the MCP TypeScript SDK (``@modelcontextprotocol/client``, its ``auth``
module, with the schemas of ``@modelcontextprotocol/core``), and seen by running both against a
server that breaks the rule (tests/findings/test_clients.py). A rule that is not here stops neither.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from mcp_auth_tui.findings.advice.client_rows import ROWS

PYTHON = ("MCP Python SDK", "2.3.0")
TYPESCRIPT = ("MCP TypeScript SDK", "2.4.0")


@dataclass(frozen=True, slots=True)
class ClientNote:
    """What one client does with a server that breaks a rule."""

    client: str
    version: str
    """The version whose source was read."""
    stops: bool
    """Whether the sign-in ends there."""
    why: str
    """The reason, from its source, as a sentence."""


CLIENTS: Mapping[str, tuple[ClientNote, ...]] = MappingProxyType(
    {
        id: (ClientNote(*PYTHON, python, why), ClientNote(*TYPESCRIPT, typescript, reason))
        for id, python, why, typescript, reason in ROWS
    }
)
"""What each known client does, by the id of the rule that is broken."""
