"""Knows which proofs of possession must be refused (RFC 9449 §4.3, §7.2; SPEC 5)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from mcp_auth_tui.model import Exchange, Failure, Field, Request, Secret
from mcp_auth_tui.model.oauth import Token
from mcp_auth_tui.protocol.actions import Now, Protocol, Send, Sign, SignedJwt
from mcp_auth_tui.protocol.mcp import jsonrpc
from mcp_auth_tui.protocol.probes.target import Target, Unable, refused, served, status_of
from mcp_auth_tui.protocol.probes.trial import Trial
from mcp_auth_tui.protocol.tokens.dpop import KEY, OTHER_KEY, token_hash
from mcp_auth_tui.protocol.tokens.dpop import target as target_of
from mcp_auth_tui.protocol.urls import origin_text

_FAR = 600


def proofs(target: Target) -> Protocol[tuple[Trial, ...]]:
    """Use the bound token without its proof, and with every kind of wrong one."""
    token = target.need_token()
    if target.dpop is None or token.type.lower() != "dpop":
        raise Unable("the token is bound to no key (--dpop on)")
    trials = []
    bearer = Field("Authorization", Secret(f"Bearer {token.access.reveal()}"), "a probe")
    exchange = yield from target.speak("probe: the bound token as Bearer", bearer)
    trials.append(refused("as Bearer", exchange))
    own = jsonrpc.authorization(token)[0]
    exchange = yield from target.speak("probe: no proof", own)
    trials.append(refused("no proof", exchange))
    now: float = yield Now()
    wrong: tuple[tuple[str, Mapping[str, Any], str], ...] = (
        ("another htu", {"htu": "https://probe.example/mcp"}, KEY),
        ("another htm", {"htm": "PUT"}, KEY),
        ("another ath", {"ath": token_hash("probe")}, KEY),
        ("iat 10 minutes ago", {"iat": int(now) - _FAR}, KEY),
        ("iat in 10 minutes", {"iat": int(now) + _FAR}, KEY),
        ("another key", {}, OTHER_KEY),
    )
    for what, changes, key in wrong:
        request = yield from _proved(target, token, f"probe: a proof with {what}", changes, key)
        trials.append(refused(what, (yield Send(request))))
    trials.append((yield from _reused(target, token)))
    return tuple(trials)


def _proved(
    target: Target, token: Token, what: str, changes: Mapping[str, Any], key: str
) -> Protocol[Request]:
    """Return the message with the token and a proof, some of whose claims are changed."""
    assert target.dpop is not None
    request = yield from target.message(what)
    claims: dict[str, Any] = {
        "htm": request.method,
        "htu": target_of(request.url),
        "ath": token_hash(token.access.reveal()),
    }
    if nonce := target.dpop.nonces.get(origin_text(request.url)):
        claims["nonce"] = nonce
    signed: SignedJwt | Failure = yield Sign(
        key, {"typ": "dpop+jwt"}, {**claims, **changes}, target.dpop.algorithms, jwk_header=True
    )
    if isinstance(signed, Failure):
        raise Unable(signed.message.rstrip("."))
    proof = Field("DPoP", signed.jwt, "a probe", "RFC 9449 §4.2")
    headers = (*request.headers, *jsonrpc.authorization(token), proof)
    return replace(request, headers=headers, idempotent=False)


def _reused(target: Target, token: Token) -> Protocol[Trial]:
    """Send one good proof twice: it is good once."""
    request = yield from _proved(target, token, "probe: a good proof", {}, KEY)
    first: Exchange = yield Send(request)
    if not served(first):
        return Trial(
            "a proof used twice", None, f"the first time: {status_of(first)}", first.number
        )
    second: Exchange = yield Send(replace(request, purpose="probe: the same proof once more"))
    return refused("a proof used twice", second)
