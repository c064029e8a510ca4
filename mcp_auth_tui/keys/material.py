"""Knows how key material is read (PEM, RFC 7517) and what a key can do; signs nothing.

The parsers of two libraries see hostile or broken material here, and raise what they like: every
fault becomes a sentence, and no sentence carries what they said, since that can quote the key.
"""

from __future__ import annotations

import json
import re
import warnings
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mcp_auth_tui.records import dataclass
from mcp_auth_tui.text import units

if TYPE_CHECKING:
    from mcp_auth_tui.model import Secret

MAX_MATERIAL = 65_536
MAX_RSA_BITS = 8192
MIN_RSA_BITS = 2048
# A longer one costs whoever checks it minutes. 8192 bits are 1366 characters.
_MAX_MEMBER = 1400
_FORMS = "a private key as PEM (PKCS 8, PKCS 1, SEC 1), as JWK, or a JWKS that holds one"
_PRIVATE_BLOCK = re.compile(
    r"-----BEGIN ([A-Z0-9 ]*PRIVATE KEY)-----.*?-----END \1-----", re.DOTALL
)


class KeyProblem(Exception):
    """A key cannot be used; the message is a sentence with its origin and the next step."""

    def __init__(self, message: str, *, passphrase_needed: bool = False) -> None:
        """Take the sentence, and whether another passphrase could help."""
        super().__init__(message)
        self.passphrase_needed = passphrase_needed


@dataclass(frozen=True, slots=True)
class KeyKind:
    """What a key must be for an algorithm."""

    kty: str
    curve: str = ""


# In the order of how widely each is understood; the first of an equal kind is the first choice.
ALGORITHMS: Mapping[str, KeyKind] = {
    "ES256": KeyKind("EC", "P-256"),
    "RS256": KeyKind("RSA"),
    "PS256": KeyKind("RSA"),
    "EdDSA": KeyKind("OKP"),
    "Ed25519": KeyKind("OKP", "Ed25519"),
    "Ed448": KeyKind("OKP", "Ed448"),
    "ES384": KeyKind("EC", "P-384"),
    "ES512": KeyKind("EC", "P-521"),
    "PS384": KeyKind("RSA"),
    "PS512": KeyKind("RSA"),
    "RS384": KeyKind("RSA"),
    "RS512": KeyKind("RSA"),
}
_SIGNING_CURVES = ("Ed25519", "Ed448")  # the other OKP ones only agree on keys
# RFC 7638 §3.2, RFC 8037 §2
PUBLIC_MEMBERS = {
    "EC": ("crv", "kty", "x", "y"),
    "OKP": ("crv", "kty", "x"),
    "RSA": ("e", "kty", "n"),
}


@dataclass(frozen=True, slots=True, repr=False)
class PrivateKey:
    """A private key that can sign; its repr is the default one and shows nothing."""

    key: Any
    """A key object of joserfc."""
    algorithms: tuple[str, ...]
    kid: str | None
    origin: str

    @property
    def public(self) -> dict[str, Any]:
        """The public JWK with its required members only."""
        members = self.key.as_dict(private=False)
        return {name: members[name] for name in PUBLIC_MEMBERS[members["kty"]]}

    @property
    def thumbprint(self) -> str:
        """The SHA-256 thumbprint (RFC 7638)."""
        from joserfc.jwk import thumbprint

        return thumbprint(self.public)


class _Fault(Exception):
    """Why material is no key: a name of `faults.toml`, and what its sentence is filled with.

    `parsed` says it as `KeyProblem`, without the frames that saw the material.
    """

    def __init__(self, name: str, **values: object) -> None:
        import tomllib  # not with the module: most keys are good

        sentences = tomllib.loads(Path(__file__).with_name("faults.toml").read_text("utf-8"))
        super().__init__(sentences[name].format(forms=_FORMS, **values))
        self.passphrase_needed = name in ("encrypted", "passphrase")


def parsed(material: Secret, passphrase: Secret | None, origin: str) -> PrivateKey:
    """Return the private key in some material; raises `KeyProblem`."""
    try:
        return _parsed(material, passphrase, origin)
    except _Fault as fault:
        message, passphrase_needed = f"{origin} {fault}", fault.passphrase_needed
    # Out here no traceback leads back to the material.
    raise KeyProblem(message, passphrase_needed=passphrase_needed)


def _parsed(material: Secret, passphrase: Secret | None, origin: str) -> PrivateKey:
    length = len(material.reveal())
    if length > MAX_MATERIAL:
        raise _Fault("too-long", length=length)
    member: dict[str, Any] = {}
    if material.reveal().lstrip()[:1] == "{":
        raw, member = _from_json(material)
    else:
        raw = _from_pem(material, passphrase)
    key = _wrapped(raw)
    kid = member.get("kid")
    algorithms = _algorithms(key, member.get("alg"))
    return PrivateKey(key, algorithms, kid if isinstance(kid, str) else None, origin)


def _from_pem(material: Secret, passphrase: Secret | None) -> Any:
    """Return the library's key in the one private block of a PEM text."""
    value = material.reveal()
    blocks = list(_PRIVATE_BLOCK.finditer(value))
    if len(blocks) > 1:
        raise _Fault("several")
    if not blocks:
        raise _Fault(_no_block(value))
    if blocks[0][1] == "OPENSSH PRIVATE KEY":
        raise _Fault("openssh")
    encrypted = blocks[0][1].startswith("ENCRYPTED") or "ENCRYPTED" in blocks[0][0][:200]
    if encrypted and passphrase is None:
        raise _Fault("encrypted")
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    password = passphrase.reveal().encode() if passphrase and encrypted else None
    with suppress(Exception):  # each fault has another class there, and may quote the input
        return load_pem_private_key(blocks[0][0].encode(), password)
    if encrypted:
        raise _Fault("passphrase")
    raise _Fault("damaged")


def _no_block(value: str) -> str:
    if "-----BEGIN CERTIFICATE" in value or "PUBLIC KEY-----" in value:
        return "public"
    return "not-whole" if "-----BEGIN" in value else "no-key"


def _from_json(material: Secret) -> tuple[Any, dict[str, Any]]:
    """Return the library's key and the JWK it came from."""
    try:
        document = json.loads(material.reveal())
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        raise _Fault("no-json")
    member = _one_private(document)
    _check_use(member)
    key = _imported(member)
    if key is None or not key.is_private:
        raise _Fault("members")
    # An OKP key is made of d alone, so a wrong x would only be seen by the server.
    if (
        member["kty"] == "OKP"
        and _wrapped(key.raw_value).as_dict(private=False)["x"] != member["x"]
    ):
        raise _Fault("other-x")
    return key.raw_value, member


def _one_private(document: dict[str, Any]) -> dict[str, Any]:
    if "keys" not in document:
        if "kty" not in document:
            raise _Fault("no-jwk")
        return document
    listed = document["keys"]
    members = listed if isinstance(listed, list) else []
    private = [m for m in members if isinstance(m, dict) and ("d" in m or m.get("kty") == "oct")]
    if len(private) != 1:
        counted = units.count(len(private), "private key")
        raise _Fault("jwks", private=counted, keys=units.count(len(members), "key"))
    return private[0]


def _check_use(member: dict[str, Any]) -> None:
    """Refuse a JWK that is not for signing, before any number of it is looked at."""
    kty = member.get("kty")
    if kty == "oct":
        raise _Fault("shared")
    if not isinstance(kty, str) or kty not in PUBLIC_MEMBERS:
        raise _Fault("kty")
    if "d" not in member:
        raise _Fault("public-jwk")
    if member.get("use") not in (None, "sig"):
        raise _Fault("use")
    operations = member.get("key_ops")
    if operations is not None and not (isinstance(operations, list) and "sign" in operations):
        raise _Fault("key-ops")


def _imported(member: dict[str, Any]) -> Any:
    """Return joserfc's key for the members of a JWK that make the key, or None."""
    from joserfc.jwk import JWKRegistry

    numbers = ("crv", "kty", "x", "y", "n", "e", "d", "p", "q", "dp", "dq", "qi")
    chosen = {name: member[name] for name in numbers if name in member}
    if any(not isinstance(v, str) or len(v) > _MAX_MEMBER for v in chosen.values()):
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about short keys, which are refused further on
            return JWKRegistry.import_key(chosen)
    except Exception:  # KeyError, TypeError, binascii.Error, JoseError, UnsupportedAlgorithm …
        return None


def _wrapped(raw: Any) -> Any:
    """Return joserfc's key around a key of cryptography; kinds that cannot sign are a fault."""
    from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
    from joserfc.jwk import ECKey, OKPKey, RSAKey

    if isinstance(raw, rsa.RSAPrivateKey):
        if not MIN_RSA_BITS <= raw.key_size <= MAX_RSA_BITS:
            raise _Fault("rsa-bits", bits=raw.key_size, least=MIN_RSA_BITS, most=MAX_RSA_BITS)
        return RSAKey.import_key(raw)
    if isinstance(raw, ec.EllipticCurvePrivateKey):
        if raw.curve.name not in ("secp256r1", "secp384r1", "secp521r1"):
            raise _Fault("curve", curve=raw.curve.name)
        return ECKey.import_key(raw)
    if isinstance(raw, ed25519.Ed25519PrivateKey | ed448.Ed448PrivateKey):
        return OKPKey.import_key(raw)
    raise _Fault("kind")


def _algorithms(key: Any, wanted: Any) -> tuple[str, ...]:
    """Return what a key can do, only ``wanted`` (a JWK's own ``alg``) where that is named."""
    able = tuple(name for name in ALGORITHMS if _able(key, name))
    if wanted is None:
        return able
    if wanted not in able:
        raise _Fault("alg", algorithms=", ".join(able))
    return (wanted,)


def _able(key: Any, alg: str) -> bool:
    kind = ALGORITHMS[alg]
    if key.key_type != kind.kty:
        return False
    if kind.kty == "OKP" and key.curve_name not in _SIGNING_CURVES:
        return False
    return not kind.curve or bool(key.curve_name == kind.curve)


def public_key(member: Mapping[str, Any], alg: str) -> Any:
    """Return joserfc's public key for a JWK of a published set, if it may check ``alg``.

    None for another kind or curve, another ``use`` or ``alg``, a shared key, or broken members.
    """
    kty = ALGORITHMS[alg].kty
    if member.get("kty") != kty or member.get("use") not in (None, "sig"):
        return None
    if member.get("alg") not in (None, alg):
        return None
    key = _imported({name: member[name] for name in PUBLIC_MEMBERS[kty] if name in member})
    if key is None:
        return None
    if kty == "RSA" and not MIN_RSA_BITS <= key.raw_value.key_size <= MAX_RSA_BITS:
        return None
    return key if _able(key, alg) else None
