"""Certificates of this client, written to a folder for the tests of mutual TLS."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import trustme
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, NoEncryption

PASSPHRASE = "open sesame"


@dataclass
class Files:
    """A certificate of an authority of our own in all the forms that people have it in."""

    folder: Path

    def __post_init__(self) -> None:
        self.authority = trustme.CA()
        self.issued = self.authority.issue_cert("ada@client.example")

    def _written(self, name: str, octets: bytes, mode: int = 0o600) -> str:
        path = self.folder / name
        path.write_bytes(octets)
        path.chmod(mode)
        return str(path)

    @cached_property
    def certificate(self) -> str:
        """The certificate alone."""
        return self._written("cert.pem", b"".join(p.bytes() for p in self.issued.cert_chain_pems))

    @cached_property
    def key(self) -> str:
        return self._written("key.pem", self._key(None))

    @cached_property
    def locked(self) -> str:
        """The key under `PASSPHRASE`."""
        return self._written("locked.pem", self._key(PASSPHRASE))

    @cached_property
    def both(self) -> str:
        """Certificate and key in one file."""
        return self._written("both.pem", self.issued.private_key_and_cert_chain_pem.bytes())

    @cached_property
    def foreign_key(self) -> str:
        other = self.authority.issue_cert("bob@client.example")
        return self._written("foreign.pem", other.private_key_pem.bytes())

    @cached_property
    def der(self) -> str:
        return self._written("cert.der", self.leaf.public_bytes(serialization.Encoding.DER))

    @property
    def leaf(self) -> x509.Certificate:
        return x509.load_pem_x509_certificate(self.issued.cert_chain_pems[0].bytes())

    def _key(self, passphrase: str | None) -> bytes:
        held = self.issued.private_key_pem.bytes()
        key = serialization.load_pem_private_key(held, None)
        form = serialization.PrivateFormat.PKCS8
        lock = BestAvailableEncryption(passphrase.encode()) if passphrase else NoEncryption()
        return key.private_bytes(serialization.Encoding.PEM, form, lock)

    def demanding(self, *names: str) -> ssl.SSLContext:
        """A server's TLS that demands a certificate of this authority; it is trusted by `trust`."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.authority.issue_cert(*names).configure_cert(context)
        self.authority.configure_trust(context)
        context.verify_mode = ssl.CERT_REQUIRED
        return context

    @cached_property
    def trust(self) -> str:
        """The authority's own certificate, for ``--ca-file``."""
        return self._written("ca.pem", self.authority.cert_pem.bytes())
