"""Knows how the practice server's JWT access tokens are made (RFC 9068); must not judge one."""

from collections.abc import Iterable, Mapping

from joserfc import jwt
from joserfc.jwk import ECKey

from mcp_auth_tui.demo.records import Access, Entropy


class TokenSigner:
    """Signs the access tokens of one issuer with a key of its own, made anew at each start."""

    def __init__(
        self,
        issuer: str,
        entropy: Entropy,
        claims: Mapping[str, object] | None = None,
        dropped: Iterable[str] = (),
    ) -> None:
        """Take the claims that go before those of RFC 9068, and which of these are left out."""
        self._issuer = issuer
        self._claims = claims or {}
        self._dropped = frozenset(dropped)
        self._entropy = entropy
        self._key = ECKey.generate_key("P-256", {"kid": entropy.opaque("kid", 9), "use": "sig"})

    def mint(self, access: Access) -> str:
        """Return a JWT of the type ``at+jwt`` for what a token stands for."""
        claims: dict[str, object] = {
            "iss": self._issuer,
            "sub": access.grant.subject,
            "aud": access.grant.resource,
            "client_id": access.grant.client_id,
            "scope": " ".join(sorted(access.scopes)),
            "iat": int(access.issued),
            "exp": int(access.expires),
            "jti": self._entropy.opaque("jti", 12),
        }
        claims = {name: value for name, value in claims.items() if name not in self._dropped}
        header = {"typ": "at+jwt", "alg": "ES256", "kid": self._key.kid}
        return jwt.encode(header, {**claims, **self._claims}, self._key)

    @property
    def jwks(self) -> Mapping[str, object]:
        """The public key as a JWK Set (RFC 7517)."""
        return {"keys": [{**self._key.as_dict(private=False), "alg": "ES256"}]}
