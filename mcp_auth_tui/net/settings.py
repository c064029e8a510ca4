"""Knows what a person says of the network, once for all faces; must not load what it costs."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkSettings:
    """How requests go out, and how long they may take."""

    ca_file: str | None = None
    """A PEM file with certificates to trust beside those of the system."""
    proxy: str | None = None
    """A proxy URL for every request; None leaves it to the environment."""
    insecure: bool = False
    """TLS certificates are not checked."""
    timeout: float = 10.0
    """Seconds that one request may take to connect or to answer."""

    @property
    def total(self) -> float:
        """Seconds that one request may take in all."""
        return 3 * self.timeout

    @property
    def marks(self) -> tuple[str, ...]:
        """What makes a result that came by this network worth less."""
        return ("TLS certificates are NOT checked (--insecure)",) if self.insecure else ()
