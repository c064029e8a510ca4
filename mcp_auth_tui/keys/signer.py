"""Knows which key signs what a run asks for, and when one is made; must not know JOSE or rules."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from mcp_auth_tui.model import Failure, Secret
from mcp_auth_tui.protocol.actions import Sign, SignedJwt

if TYPE_CHECKING:
    from mcp_auth_tui.keys.jose import Keys

DPOP = "dpop"
OTHER = "dpop-other"
_PREFERRED = "ES256"


class Signer:
    """The keys of this process: the client's own, if one was given, and one for DPoP.

    The DPoP key is made at its first use and kept, so that a run that goes on from an earlier one
    can still use the token that is bound to it (SPEC D2).
    """

    def __init__(self, material: Secret | None = None, origin: str = "") -> None:
        """Take the client's private key (PEM or JWK); it is parsed when it is first needed."""
        self._material = material
        self._origin = origin
        self._keys: Keys | None = None

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

        if action.key in (DPOP, OTHER):
            listed = action.algorithms or (_PREFERRED,)
            able = [name for name in ALGORITHMS if name in listed]
            keys.generate(action.key, able[0] if able else listed[0])
            return
        if self._material is None:
            raise KeyProblem("no private key was given: name one with --client-key.")
        keys.load(action.key, self._material, action.passphrase, self._origin)
