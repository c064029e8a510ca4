"""Knows which modules a run will need, and loads them while it waits; not what is in them.

The first request leaves before they are loaded. Each is loaded between two looks at the network,
in the order of the stages, those that others need first: an answer waits for one of them at most.
No thread takes part, so that no two imports can get in each other's way. What cannot be loaded
here is an error where it is needed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from importlib import import_module

_PACKAGE = "mcp_auth_tui"
NAMES = (
    "findings.rules.endpoint",
    "findings.rules.access",
    "findings.rules.resource",
    "findings.rules.server",
    "findings.rules.capabilities",
    "findings.rules.registration",
    "findings.rules.authorization",
    "findings.rules.token",
    "protocol.intermediaries",
    "protocol.causes",
    "protocol.authorization.scope",
    "protocol.discovery.documents",
    "protocol.discovery.resource_document",
    "protocol.discovery.resource",
    "protocol.discovery.guesses",
    "protocol.checks.server",
    "protocol.discovery.server",
    "protocol.discovery.elsewhere",
    "protocol.authorization.request",
    "protocol.authorization.pages",
    "protocol.authorization.callback",
    "protocol.tokens.authentication",
    "protocol.registration.dynamic",
    "protocol.registration.client",
    "protocol.tokens.response",
    "protocol.mcp.verify",
    "protocol.stages",
    "protocol.authorization_run",
    "loopback.connection",
    "loopback.callback",
    "storage.preferences",
    "storage.tokens",
)
"""Of this package."""
_SENDING_SECONDS = 0.005
"""What a request that was just handed over may have to itself until it is written."""


class Ahead:
    """Loads modules while something else is waited for, and goes on the next time."""

    def __init__(self) -> None:
        self._left: Iterator[str] = iter(NAMES)

    async def load(self) -> None:
        """Load what is left, for as long as this is let run."""
        await asyncio.sleep(_SENDING_SECONDS)
        for name in self._left:
            import_module(f"{_PACKAGE}.{name}")
            await asyncio.sleep(0)
