"""Knows the headers of a stored token that is bound to a key (DPoP): a proof for one request."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

from mcp_auth_tui.keys.jose import Keys
from mcp_auth_tui.keys.signer import DPOP
from mcp_auth_tui.protocol.tokens.dpop import target, token_hash
from mcp_auth_tui.protocol.urls import mcp_url
from mcp_auth_tui.run.renewal import renew
from mcp_auth_tui.settings.options import network
from mcp_auth_tui.storage.tokens import TokenStore


def headers(args: Namespace, path: str, id: str) -> tuple[dict[str, str], tuple[str, ...]]:
    """Return the token and a fresh proof for ``--method`` and ``--url``, and notes (RFC 9449 §7.1).

    Refreshes it if it is about to end. Raises `RenewalProblem`, `StoreProblem`, `Usage`,
    `KeyProblem`, and ValueError for a URL that is none.
    """
    store = TokenStore(Path(path), "file")
    renewal = renew(store, id, lambda: network(args))
    grant, keys = renewal.grant, Keys()
    if grant.proof_key is None:
        raise ValueError("the key that the token is bound to is not stored: sign in again")
    keys.load(DPOP, grant.proof_key, None, "the key that is stored with the token")
    access = grant.token.access.reveal()
    url = mcp_url(args.proof_url or args.url).url
    claims = {"htm": args.method, "htu": target(url), "ath": token_hash(access)}
    if args.nonce is not None:
        claims["nonce"] = args.nonce
    (algorithm, *_) = keys.algorithms(DPOP)
    signed = keys.sign(DPOP, {"typ": "dpop+jwt"}, claims, alg=algorithm, jwk_header=True)
    return (
        {"Authorization": f"DPoP {access}", "DPoP": signed.jwt.reveal()},
        (*renewal.notes, *store.notes),
    )
