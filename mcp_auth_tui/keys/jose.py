"""Knows keys and JOSE (RFC 7515-7519); must not know what is signed for what purpose.

joserfc and cryptography are imported when a key is first used, so that a run without one does not
pay for them. Nothing private leaves `Keys`: errors are raised outside of the handlers that saw
key material, so that no traceback leads back to it.
"""

from __future__ import annotations

import base64
import json
import os
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from mcp_auth_tui.keys.material import ALGORITHMS, KeyProblem, PrivateKey, parsed, public_key
from mcp_auth_tui.model import Secret
from mcp_auth_tui.records import dataclass
from mcp_auth_tui.text import terminal, units

if TYPE_CHECKING:
    from joserfc.jws import JWSRegistry

__all__ = ["KeyProblem", "Keys", "Signed", "Verified", "verify_jwt"]

MAX_JWT = 131_072
MAX_KEYS = 100
_RSA_BITS = 3072  # RFC 7518 §3.3 demands 2048; NIST SP 800-57 counts on that only until 2030


@dataclass(frozen=True, slots=True)
class Signed:
    """A signed JWT and the public half of the key that signed it."""

    jwt: Secret
    alg: str
    public: Mapping[str, Any]
    """The public JWK: the members that RFC 7638 §3.2 requires, and no other."""
    thumbprint: str
    """SHA-256 JWK thumbprint in base64url (RFC 7638)."""


@dataclass(frozen=True, slots=True)
class Verified:
    """Whether a signature was found good; ``why`` is a sentence either way."""

    ok: bool
    why: str
    kid: str | None = None
    alg: str | None = None
    """As the header says it; believed only when ``ok``."""


class Keys:
    """The private keys of a run, by name. Its repr shows the names at most."""

    def __init__(
        self,
        *,
        clock: Callable[[], float] = time.time,
        entropy: Callable[[int], bytes] = os.urandom,
    ) -> None:
        """Take a clock (seconds since the epoch) and where the octets of ``jti`` come from.

        Keys and signatures draw on the random numbers of the cryptographic library alone.
        """
        self._clock = clock
        self._entropy = entropy
        self._keys: dict[str, PrivateKey] = {}

    def __repr__(self) -> str:
        return f"Keys({', '.join(sorted(self._keys))})"

    def load(
        self, name: str, material: Secret, passphrase: Secret | None = None, origin: str = ""
    ) -> None:
        """Take a private key: PEM (PKCS 8, also encrypted, PKCS 1, SEC 1), JWK, JWKS of one.

        ``origin`` is where it came from, for sentences. Raises `KeyProblem`.
        """
        self._keys[name] = parsed(material, passphrase, terminal.one_line(origin) or "the key")

    def generate(self, name: str, alg: str = "ES256") -> None:
        """Make a new key that can sign with ``alg``; raises `KeyProblem` for an unknown one."""
        from joserfc.jwk import ECKey, OKPKey, RSAKey

        kind = ALGORITHMS.get(alg)
        if kind is None:
            raise KeyProblem(
                f"no key can be made for {terminal.one_line(alg, 40)!r}: choose one of "
                f"{', '.join(ALGORITHMS)}."
            )
        if kind.kty == "RSA":
            key: Any = RSAKey.generate_key(_RSA_BITS)
        elif kind.kty == "EC":
            key = ECKey.generate_key(kind.curve)
        else:
            key = OKPKey.generate_key("Ed448" if kind.curve == "Ed448" else "Ed25519")
        self._keys[name] = PrivateKey(key, (alg,), None, "the key made for this run")

    def export(self, name: str) -> Secret:
        """Return a private key as a JWK that signs as it does here; raises `KeyProblem`."""
        key = self._key(name)
        members = {**key.key.as_dict(private=True), "alg": key.algorithms[0]}
        return Secret(json.dumps(members))

    def has(self, name: str) -> bool:
        """Tell whether there is a key of this name."""
        return name in self._keys

    def algorithms(self, name: str) -> tuple[str, ...]:
        """Return the JWS algorithms that the key can do, the most widely understood first.

        Only asymmetric ones (RFC 7518 §3, RFC 8037, RFC 9864). A JWK that names its ``alg`` can do
        only that. Raises `KeyProblem` when there is no such key.
        """
        return self._key(name).algorithms

    def thumbprint(self, name: str) -> str:
        """Return the SHA-256 thumbprint in base64url (RFC 7638); raises `KeyProblem`."""
        return self._key(name).thumbprint

    def sign(
        self,
        name: str,
        header: Mapping[str, Any],
        claims: Mapping[str, Any],
        *,
        alg: str,
        lifetime: float | None = None,
        jwk_header: bool = False,
    ) -> Signed:
        """Sign claims as a compact JWT.

        ``iat`` (whole seconds), a fresh ``jti`` and, with a ``lifetime`` (seconds), ``exp`` are
        added unless the claims have them. The header gets ``alg`` and either the public ``jwk`` or
        the key's own ``kid``, if it has one. Raises `KeyProblem` when the key cannot do ``alg``.
        """
        key = self._key(name)
        if alg not in key.algorithms:
            raise KeyProblem(
                f"{key.origin} cannot sign with {terminal.one_line(alg, 40)}: it can do "
                f"{', '.join(key.algorithms)}. Use one of these, or a key of the other kind."
            )
        now = int(self._clock())
        filled: dict[str, Any] = {"iat": now, "jti": _b64(self._entropy(16))}
        if lifetime is not None:
            filled["exp"] = now + int(lifetime)
        shown = {"jwk": dict(key.public)} if jwk_header else {"kid": key.kid} if key.kid else {}
        from joserfc import jwt

        members = {**header, **shown, "alg": alg}
        with _quietly():
            signed = jwt.encode(
                members, {**filled, **claims}, key.key, registry=_registry(alg), default_type=None
            )
        return Signed(Secret(signed), alg, key.public, key.thumbprint)

    def _key(self, name: str) -> PrivateKey:
        if name not in self._keys:
            raise KeyProblem(f"there is no key named {name!r} in this run: load or make it first.")
        return self._keys[name]


def verify_jwt(jwt: str, jwks: Mapping[str, Any]) -> Verified:
    """Check a JWT's signature against a key set (RFC 7515 §5.2, RFC 8725 §3.1).

    What the unchecked header says only chooses among the asymmetric algorithms and among the keys
    that fit them: ``none`` and shared keys never count. Claims are not judged. Raises nothing.
    """
    header, why = _header(jwt)
    if header is None:
        return Verified(False, why)
    alg, kid = _string(header.get("alg")), _string(header.get("kid"))
    seen = Verified(
        False, "", kid and terminal.one_line(kid, 100), alg and terminal.one_line(alg, 40)
    )
    if alg is None or alg not in ALGORITHMS:
        return replace(
            seen,
            why=f"alg is {terminal.one_line(repr(alg), 40)}: "
            "only an asymmetric signature proves anything.",
        )
    if "crit" in header or "b64" in header:
        return replace(seen, why="its header has crit or b64, extensions that nobody here knows.")
    candidates = list(_candidates(jwks, alg, kid))
    if not candidates:
        wanted = f" and kid {terminal.one_line(kid, 60)}" if kid is not None else ""
        named = ", ".join(terminal.one_line(name, 60) for name in _kids(jwks)[:3])
        has = f" It has: {named}." if kid is not None and named else ""
        return replace(seen, why=f"the key set has no usable public key for {alg}{wanted}.{has}")
    if any(_signed_with(jwt, key, alg) for key in candidates):
        return Verified(True, f"a key of the key set signed it with {alg}.", seen.kid, seen.alg)
    keys = units.count(len(candidates), "key")
    return replace(seen, why=f"the signature does not fit ({keys} of the key set tried).")


def _header(jwt: str) -> tuple[dict[str, Any] | None, str]:
    if len(jwt) > MAX_JWT:
        return None, f"it has {len(jwt):,} characters, and at most {MAX_JWT:,} are looked at."
    parts = jwt.split(".")
    if len(parts) != 3 or not all(part.isascii() for part in parts):
        return None, "it is not a JWT: three parts in base64url with dots between were expected."
    try:
        padded = parts[0] + "=" * (-len(parts[0]) % 4)
        header = json.loads(base64.b64decode(padded, b"-_", validate=True))
    except (ValueError, RecursionError):
        header = None
    if not isinstance(header, dict):
        return None, "it is not a JWT: its header is not a JSON object in base64url."
    return header, ""


def _members(jwks: Mapping[str, Any]) -> list[dict[str, Any]]:
    listed = jwks.get("keys") if isinstance(jwks, Mapping) else None
    return [m for m in listed if isinstance(m, dict)] if isinstance(listed, list) else []


def _kids(jwks: Mapping[str, Any]) -> list[str]:
    return [kid for m in _members(jwks) if isinstance(kid := m.get("kid"), str)]


def _string(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _candidates(jwks: Mapping[str, Any], alg: str, kid: str | None) -> Iterator[Any]:
    """Yield the keys of a set that may have signed; a kid that is known chooses among them.

    It is a hint (RFC 7515 §4.1.4): where no key has it, those without any may have signed.
    """
    members = _members(jwks)
    if kid is not None:
        named = [m for m in members if m.get("kid") == kid]
        members = named or [m for m in members if m.get("kid") is None]
    for member in members[:MAX_KEYS]:
        if (key := public_key(member, alg)) is not None:
            yield key


def _signed_with(jwt: str, key: Any, alg: str) -> bool:
    from joserfc import jws
    from joserfc.errors import JoseError

    try:
        with _quietly():
            jws.deserialize_compact(jwt, key, registry=_registry(alg))
    except (JoseError, ValueError, TypeError, OverflowError, RecursionError):
        return False
    return True


def _registry(alg: str) -> JWSRegistry:
    """Return the rules for one algorithm; unknown header fields are left alone (RFC 7515 §4)."""
    from joserfc.jws import JWSRegistry

    registry = JWSRegistry(algorithms=[alg], strict_check_header=False)
    # A certificate chain (x5c) in a header is longer than the library expects.
    registry.max_header_length = registry.max_payload_length = MAX_JWT
    registry.max_signature_length = 4096
    return registry


@contextmanager
def _quietly() -> Iterator[None]:
    """Leave out that EdDSA has a newer name (RFC 9864): servers still list the older one."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _b64(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode("ascii")
