"""Knows which key signs what a run asks for, and when one is made; must not know JOSE or rules."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from mcp_auth_tui.model import Failure, Secret
from mcp_auth_tui.protocol.actions import Sign, SignedJwt
from mcp_auth_tui.records import dataclass

if TYPE_CHECKING:
    from mcp_auth_tui.keys.jose import Keys

DPOP = "dpop"
_STORED = "the key that is stored with the token"
OTHER = "dpop-other"
_PREFERRED = "ES256"


@dataclass(frozen=True, slots=True)
class ProofKey:
    """A key that a token is bound to (RFC 9449)."""

    thumbprint: str
    """SHA-256 of the public key, base64url (RFC 7638)."""
    jwk: Secret
    """The private key."""


class Signer:
    """The keys of this process: the client's own, if one was given, and one for DPoP.

    The DPoP key is made at its first use and kept, so that a run that goes on from an earlier one
    can still use the token that is bound to it (SPEC D2).
    """

    def __init__(
        self, material: Secret | None = None, origin: str = "", proof_key: Secret | None = None
    ) -> None:
        """Take the client's private key (PEM or JWK); it is parsed when it is first needed.

        ``proof_key`` is the DPoP key of an earlier run (JWK).
        """
        self._proof_key = proof_key
        self._material = material
        self._origin = origin
        self._keys: Keys | None = None

    @property
    def proof_key(self) -> ProofKey | None:
        """The DPoP key, once something was signed with it."""
        if self._keys is None or not self._keys.has(DPOP):
            return None
        return ProofKey(self._keys.thumbprint(DPOP), self._keys.export(DPOP))

    def adopt(self, proof_key: Secret) -> None:
        """Prove with the DPoP key of an earlier run (JWK) from here on; raises `KeyProblem`."""
        from mcp_auth_tui.keys.jose import Keys

        self._proof_key, self._keys = proof_key, self._keys or Keys()
        self._keys.load(DPOP, proof_key, None, _STORED)

    async def __call__(self, action: Sign) -> SignedJwt | Failure:
        """Sign; a `Failure` is ``client-key``, or ``passphrase`` when the key wants one."""
        return await asyncio.to_thread(self._sign, action)

    def _sign(self, action: Sign) -> SignedJwt | Failure:
        from mcp_auth_tui.keys.jose import KeyProblem, Keys

        self._keys = self._keys or Keys()
        try:
            if not self._keys.has(action.key):
                self._provide(self._keys, action)
            able = self._keys.algorithms(action.key)
            algorithms = [
                name for name in able if not action.algorithms or name in action.algorithms
            ]
            if not algorithms:
                return Failure(
                    "client-key",
                    f"The key can sign with {', '.join(able)}; the server accepts only"
                    f" {', '.join(action.algorithms)}.",
                )
            signature = self._keys.sign(
                action.key,
                action.header,
                action.claims,
                alg=algorithms[0],
                lifetime=action.lifetime,
                jwk_header=action.jwk_header,
            )
        except KeyProblem as problem:
            kind = "passphrase" if problem.passphrase_needed else "client-key"
            return Failure(kind, str(problem))
        return SignedJwt(signature.jwt, signature.alg, signature.thumbprint)

    def _provide(self, keys: Keys, action: Sign) -> None:
        from mcp_auth_tui.keys.jose import KeyProblem
        from mcp_auth_tui.keys.material import ALGORITHMS

        if action.key == DPOP and self._proof_key is not None:
            keys.load(DPOP, self._proof_key, None, _STORED)
            return
        if action.key in (DPOP, OTHER):
            listed = action.algorithms or (_PREFERRED,)
            able = [name for name in ALGORITHMS if name in listed]
            keys.generate(action.key, able[0] if able else listed[0])
            return
        if self._material is None:
            raise KeyProblem("no private key was given: name one with --client-key.")
        keys.load(action.key, self._material, action.passphrase, self._origin)
