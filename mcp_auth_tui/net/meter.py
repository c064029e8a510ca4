"""Knows the parts of an exchange and how long each took; must not know what makes the exchange."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import field
from typing import Any

from mcp_auth_tui.model import Timing
from mcp_auth_tui.records import dataclass

_STEPS = {"connect_tcp": "connect", "start_tls": "tls", "receive_response_headers": "wait"}
_PHASES = _STEPS | {"send_request_headers": "wait", "receive_response_body": "read"}


@dataclass(slots=True)
class Meter:
    """Tells the parts of an exchange apart."""

    began: dict[str, float] = field(default_factory=dict)
    took: dict[str, float] = field(default_factory=dict)
    phase: str = "connect"
    """``connect``, ``tls``, ``wait`` or ``read``."""
    at_proxy: bool = False
    """True from the connection to a proxy on until TLS with the server begins through it."""
    stale: bool = False
    """True when a kept connection broke before any answer."""

    @property
    def connected(self) -> bool:
        """Whether the connection was made for this exchange."""
        return "connect" in self.began

    def begin(self, phase: str) -> None:
        """A phase begins; so does its time."""
        self.phase = phase
        self.began[phase] = time.monotonic()

    def end(self, phase: str) -> None:
        """A phase is over; where it never began nothing is kept."""
        if phase in self.began:
            self.took[phase] = time.monotonic() - self.began[phase]

    async def trace(self, name: str, info: Mapping[str, Any]) -> None:
        """Take one of httpcore's events, such as ``connection.start_tls.complete``.

        It makes the connections that go through a proxy; that of ``connection`` is the proxy's own.
        """
        layer, _, rest = name.partition(".")
        step, _, end = rest.rpartition(".")
        if end == "started":
            self.at_proxy = step == "connect_tcp" or (
                self.at_proxy and (step != "start_tls" or layer == "connection")
            )
            self.phase = _PHASES.get(step, self.phase)
            if step in _STEPS:
                self.begin(_STEPS[step])
        elif step in _STEPS:
            self.end(_STEPS[step])

    def timing(self) -> Timing:
        """Return what was measured so far, in seconds."""
        wait = self.took.get("wait")
        return Timing(
            connect=self.took.get("connect", 0.0),
            tls=self.took.get("tls", 0.0),
            wait=wait or 0.0,
            read=0.0 if wait is None else time.monotonic() - self.began["wait"] - wait,
        )
