"""Knows how the certificate of ``--client-cert`` is read and checked; not who is shown it.

Loaded with the option alone: it takes X.509 and OpenSSL.
"""

from __future__ import annotations

from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mcp_auth_tui.model import Secret
from mcp_auth_tui.model.oauth import CertificateFacts
from mcp_auth_tui.net.client_certificate import ClientCertificate
from mcp_auth_tui.records import dataclass
from mcp_auth_tui.storage.private_files import FileProblem, SmallFile, read_small

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

VARIABLE = "MCP_AUTH_CLIENT_CERT_PASSPHRASE"
_BEGIN = b"-----BEGIN CERTIFICATE-----"


class CertificateProblem(Exception):
    """A certificate or its key cannot be used; the message is a sentence, ``name`` the option."""

    def __init__(self, message: str, name: str = "client_cert") -> None:
        super().__init__(message)
        self.name = name


@dataclass(frozen=True, slots=True)
class GivenCertificate:
    """What ``--client-cert`` named."""

    certificate: ClientCertificate
    facts: CertificateFacts
    locked: str
    """Why the key cannot be used yet, as a sentence; empty when it can."""
    notes: tuple[str, ...]
    """Sentences about what is worth knowing of the files."""


def read(file: str, key_file: str | None, environ: Mapping[str, str]) -> GivenCertificate:
    """Read a certificate and try its key; raises `CertificateProblem`.

    A key that is encrypted stays locked where the variable does not hold its passphrase.
    """
    held = _file(file, "client_cert")
    if _BEGIN not in held.octets:
        raise CertificateProblem(_no_certificate(file, held.octets))
    if key_file is not None:
        key = _file(key_file, "client_cert_key")
    elif b"PRIVATE KEY-----" in held.octets:
        key = held
    else:
        told = f"{file} holds no private key: name the file of the key with --client-cert-key."
        raise CertificateProblem(told, "client_cert_key")
    passphrase = environ.get(VARIABLE, "")
    certificate = ClientCertificate(file, key_file, Secret(passphrase) if passphrase else None)
    failure = certificate.unlock(None)
    if failure is not None and failure.kind != "passphrase":
        raise CertificateProblem(failure.message)
    if failure is not None and passphrase:
        raise CertificateProblem(f"{failure.message} It came from ${VARIABLE}.")
    leaf = _leaf(file, held.octets)
    notes = (*_exposed(key_file or file, key), *_over(file, leaf, datetime.now(UTC)))
    return GivenCertificate(certificate, _facts(leaf), failure.message if failure else "", notes)


def _file(file: str, name: str) -> SmallFile:
    what = "your certificate" if name == "client_cert" else "the certificate's private key"
    try:
        return read_small(Path(file), what=what)
    except FileProblem as problem:
        raise CertificateProblem(f"--{name.replace('_', '-')}: {problem}", name) from None


def _no_certificate(file: str, octets: bytes) -> str:
    # PKCS #12 and DER are ASN.1: a sequence.
    if octets[:1] == b"\x30":
        return (
            f"{file} is no PEM file. Make one of it:  openssl pkcs12 -in {file} -out cert.pem"
            f"  (a DER certificate:  openssl x509 -inform DER -in {file} -out cert.pem)"
        )
    return f"{file} holds no certificate: PEM is expected, -----BEGIN CERTIFICATE-----."


def _leaf(file: str, octets: bytes) -> Certificate:
    from cryptography import x509

    try:
        return x509.load_pem_x509_certificate(octets[octets.index(_BEGIN) :])
    except ValueError:
        raise CertificateProblem(f"{file}: the first certificate in it is damaged.") from None


def _exposed(file: str, held: SmallFile) -> Iterator[str]:
    if held.readable_by_others:
        yield (
            f"{file} holds the certificate's private key and can be read by others (mode"
            f" {held.mode:04o}): chmod 600 {file}"
        )


def _over(file: str, leaf: Certificate, now: datetime) -> Iterator[str]:
    begin, end = leaf.not_valid_before_utc, leaf.not_valid_after_utc
    if not begin <= now <= end:
        verb, when = ("ended", end) if now > end else ("begins", begin)
        yield f"{file}: the certificate {verb} {when:%Y-%m-%d}; servers will not accept it now."


def _facts(leaf: Certificate) -> CertificateFacts:
    """Return what a server sees of a certificate, and what a registration says of it."""
    from cryptography.hazmat.primitives.serialization import Encoding

    der = leaf.public_bytes(Encoding.DER)
    return CertificateFacts(
        thumbprint=urlsafe_b64encode(sha256(der).digest()).rstrip(b"=").decode("ascii"),
        subject=leaf.subject.rfc4514_string(),
        self_issued=leaf.subject == leaf.issuer,
        jwk={**_public_key(leaf), "x5c": [b64encode(der).decode("ascii")]},
    )


def _public_key(leaf: Certificate) -> dict[str, str]:
    """Return the public key as members of a JWK (RFC 7518 §6, RFC 8037 §2)."""
    from cryptography.hazmat.primitives.asymmetric import ec, rsa
    from joserfc.jwk import ECKey, OKPKey, RSAKey

    from mcp_auth_tui.keys.material import PUBLIC_MEMBERS

    key = leaf.public_key()
    wrap: Any = OKPKey
    if isinstance(key, rsa.RSAPublicKey | ec.EllipticCurvePublicKey):
        wrap = RSAKey if isinstance(key, rsa.RSAPublicKey) else ECKey
    try:
        members = wrap.import_key(key).as_dict(private=False)
    except Exception:  # KeyError, ValueError, JoseError: a kind of key that no JWK is made of
        return {}
    return {name: str(members[name]) for name in PUBLIC_MEMBERS[str(members["kty"])]}
