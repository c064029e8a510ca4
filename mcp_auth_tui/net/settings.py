"""Knows what a person says of the network, once for all faces; must not load what it costs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from mcp_auth_tui.records import dataclass

if TYPE_CHECKING:
    from mcp_auth_tui.net.client_certificate import ClientCertificate


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkSettings:
    """How requests go out, and how long they may take."""

    ca_file: str | None = None
    """A PEM file with certificates to trust beside those of the system."""
    certificate: ClientCertificate | None = None
    """What every server that asks for a client's certificate is shown (RFC 8705)."""
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
    def words(self) -> tuple[str, ...]:
        """Return the options that make another command of this program use the same network.

        A proxy's password stands in no file and in no list of processes: such a proxy is left out.
        """
        given = {"--ca-file": self.ca_file and _absolute(self.ca_file)}
        if self.certificate is not None:
            file, key = self.certificate.file, self.certificate.key_file
            given |= {"--client-cert": _absolute(file), "--client-cert-key": key and _absolute(key)}
        given["--proxy"] = None if "@" in (self.proxy or "") else self.proxy
        words = [word for flag, value in given.items() if value for word in (flag, value)]
        return (*words, "--insecure") if self.insecure else tuple(words)

    @property
    def marks(self) -> tuple[str, ...]:
        """What makes a result that came by this network worth less."""
        return ("TLS certificates are NOT checked (--insecure)",) if self.insecure else ()


def _absolute(file: str) -> str:
    return str(Path(file).absolute())
