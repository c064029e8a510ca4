"""Knows how rules are mended on the usual servers, with samples; must not know what was found.

It is read for ``--explain`` and the reference alone; a run does not load it.
"""

from __future__ import annotations

from collections.abc import Mapping

from mcp_auth_tui.findings import CATALOGUE
from mcp_auth_tui.findings.advice import (
    access,
    authorization,
    capabilities,
    documents,
    endpoint,
    extensions,
    jwt,
    network,
    program,
    registration,
    resource,
    server,
    token,
)
from mcp_auth_tui.findings.advice.advice import Explanation
from mcp_auth_tui.findings.rule import Rule

__all__ = ["EXPLANATIONS", "GROUPS", "Explanation", "group"]

EXPLANATIONS: Mapping[str, Explanation] = {
    item.id: item
    for room in (
        endpoint,
        access,
        resource,
        documents,
        server,
        capabilities,
        registration,
        authorization,
        token,
        jwt,
        extensions,
        network,
        program,
    )
    for item in room.ALL
}
"""By id: one for every rule of the catalogue."""

GROUPS: Mapping[str, str] = {
    "rs": "Challenge and MCP endpoint",
    "prm": "Protected resource metadata",
    "as": "Authorization server metadata",
    "dcr": "Dynamic client registration",
    "cimd": "Client ID metadata document",
    "authz": "Authorization response",
    "token": "Token response",
    "jwt": "JWT access tokens",
    "dpop": "DPoP",
    "idjag": "Enterprise-managed authorization",
    "ext": "Extensions",
    "net": "Network",
    "client": "This program and its user",
}
"""The first word of an id, and what such rules are about."""


def group(name: str) -> tuple[Rule, ...]:
    """Return the rules of a group in the order of the catalogue."""
    return tuple(rule for id, rule in CATALOGUE.items() if id.partition("-")[0] == name)
