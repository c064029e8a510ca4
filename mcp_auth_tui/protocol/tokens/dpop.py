"""Knows proof of possession (RFC 9449, SPEC D1-D4); must not hold a key or know a clock.

A proof is signed by the world outside (`Sign`), which adds ``iat`` and ``jti``.
"""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator, Mapping
from dataclasses import field, replace
from hashlib import sha256
from typing import Any
from urllib.parse import urlunsplit

from mcp_auth_tui.model import Exchange, Failure, Field, Kind, Request, Secret
from mcp_auth_tui.model.oauth import AuthorizationServer, Contact, Resource, Token
from mcp_auth_tui.protocol.actions import Protocol, Send, Sign, SignedJwt
from mcp_auth_tui.protocol.checks.check import Check
from mcp_auth_tui.protocol.judge import Judge
from mcp_auth_tui.protocol.urls import origin_text, split
from mcp_auth_tui.records import dataclass

KEY = "dpop"
OTHER_KEY = "dpop-other"
"""A key of the run that no token is bound to."""
_LISTED = "dpop_signing_alg_values_supported"
_NONCE = frozenset(
    "!#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[]^_`abcdefghijklmnopqrstuvwxyz{|}~"
)


@dataclass(slots=True)
class Dpop:
    """The proofs of one run: whether they are given, for which algorithms, with which nonces."""

    required: bool
    """Whether a Bearer token would not do (D4)."""
    algorithms: tuple[str, ...]
    nonces: dict[str, str] = field(default_factory=dict)
    """The latest nonce of each server, by origin (D3: never shared between servers)."""
    thumbprint: str = ""
    """The thumbprint (RFC 7638) of the run's key, once a proof was signed."""


def choose_dpop(
    judge: Judge, resource: Resource, server: AuthorizationServer, contact: Contact
) -> Dpop | None:
    """Decide whether proofs are given: ``--dpop on``, or `auto` where the resource asks for it.

    One key proves to both servers, so it is of an algorithm that each of them lists (D4). Raises
    `FlowStop` when there is none.
    """
    schemes = {item.scheme.lower() for item in contact.challenges}
    required = resource.document.get("dpop_bound_access_tokens_required") is True or schemes == {
        "dpop"
    }
    if judge.config.dpop == "off" or (judge.config.dpop == "auto" and not required):
        return None
    listed = server.list(_LISTED)
    # What is wrong with the list is told with the document (`checks_server`).
    good = tuple(name for name in listed or () if _asymmetric(name))
    if listed is not None and not good:
        seen = ", ".join(listed) or "an empty list"
        judge.stop("as-dpop-algs", seen=seen, pointer=f"/{_LISTED}")
    for where, others in _others(resource, contact):
        both = tuple(name for name in good if name in others) if good else others
        if not both:
            judge.stop(
                "as-dpop-algs",
                seen=f"the authorization server: {', '.join(good)}; {where}: {', '.join(others)}",
                message="The two servers have no DPoP algorithm in common.",
            )
        good = both
    return Dpop(required, good)


def _asymmetric(name: str) -> bool:
    return name != "none" and not name.startswith("HS")


def _others(resource: Resource, contact: Contact) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield what the resource says about algorithms, if anything: metadata and challenge."""
    named = resource.document.get(_LISTED)
    texts = [item for item in named if isinstance(item, str)] if isinstance(named, list) else []
    algorithms = (contact.param("algs") or "").split()
    for where, names in (("the resource", texts), ("the challenge", algorithms)):
        if usable := tuple(name for name in names if _asymmetric(name)):
            yield where, usable


def target(url: str) -> str:
    """Return ``htu``: the URL without query and fragment (RFC 9449 §4.2)."""
    parts = split(url)
    return urlunsplit((parts.scheme, parts.netloc, parts.path or "/", "", ""))


def token_hash(access: str) -> str:
    """Return ``ath``, the hash that binds a proof to an access token (RFC 9449 §4.2)."""
    return urlsafe_b64encode(sha256(access.encode("ascii")).digest()).rstrip(b"=").decode("ascii")


def send_with_proof(
    judge: Judge,
    dpop: Dpop | None,
    request: Request,
    *,
    token: Token | None = None,
    enough: Callable[[], Callable[[bytes], bool]] | None = None,
) -> Protocol[Exchange]:
    """Send a request, with a fresh proof when proofs are given; answer a nonce demand once (D3).

    Raises `FlowStop` when the nonce that was just given is refused as well.

    ``enough`` makes the reader of one answer: a second attempt needs a new one.
    """
    if dpop is None:
        exchange: Exchange = yield Send(request, enough() if enough else None)
        return exchange
    exchange = yield from _signed_with(judge, dpop, request, token, enough)
    if _demands_nonce(exchange):
        right = 400 if request.kind is Kind.TOKEN else 401
        seen = f"use_dpop_nonce with HTTP {exchange.status}"
        status = Check("dpop-nonce", exchange.status != right, seen, expected=f"HTTP {right}")
        yield from judge.tell([status], exchange)
        if origin_text(request.url) not in dpop.nonces:
            yield from judge.note(
                "dpop-nonce", seen="use_dpop_nonce without one DPoP-Nonce", exchange=exchange
            )
            return exchange
        exchange = yield from _signed_with(judge, dpop, request, token, enough)
        if _demands_nonce(exchange):
            judge.stop(
                "dpop-nonce",
                seen="use_dpop_nonce again, for a proof with the nonce that was just given",
                message="The server demands a new nonce for every proof, the one it gave included.",
                next="Accept a nonce for at least the next request, and look at the clocks of the"
                " machines that share the work.",
                exchange=exchange,
            )
    return exchange


def with_proof(
    judge: Judge, dpop: Dpop, request: Request, token: Token | None
) -> Protocol[Request]:
    """Return the request with its proof (D1): one ``DPoP`` header, a fresh ``jti`` each time."""
    claims: dict[str, Any] = {"htm": request.method, "htu": target(request.url)}
    if token is not None:
        claims["ath"] = token_hash(token.bearer.reveal())
    if nonce := dpop.nonces.get(origin_text(request.url)):
        claims["nonce"] = nonce
    jwt = yield from _proof(judge, dpop, claims)
    proof = Field("DPoP", jwt, "proof of possession, fresh for each request", "RFC 9449 §4.2")
    # The proof is for one request: that request may not go out twice by itself.
    return replace(request, headers=(*request.headers, proof), idempotent=False)


def _proof(judge: Judge, dpop: Dpop, claims: Mapping[str, Any]) -> Protocol[Secret]:
    signed: SignedJwt | Failure = yield Sign(
        KEY, {"typ": "dpop+jwt"}, claims, dpop.algorithms, jwk_header=True
    )
    if isinstance(signed, Failure):
        judge.stop(signed.kind, seen=signed.message)
    dpop.thumbprint = signed.thumbprint
    return signed.jwt


def code_binding(judge: Judge, dpop: Dpop, endpoint: str) -> Protocol[Field]:
    """Return ``dpop_jkt``, which binds the code to the key of the proofs (RFC 9449 §10).

    The key is known by what it has signed: where that is nothing yet, a proof is made and not sent.
    """
    if not dpop.thumbprint:
        yield from _proof(judge, dpop, {"htm": "GET", "htu": target(endpoint)})
    reason = "binds the code to the key of the proofs"
    return Field("dpop_jkt", dpop.thumbprint, reason, "RFC 9449 §10")


def _signed_with(
    judge: Judge,
    dpop: Dpop,
    request: Request,
    token: Token | None,
    enough: Callable[[], Callable[[bytes], bool]] | None,
) -> Protocol[Exchange]:
    ready = yield from with_proof(judge, dpop, request, token)
    exchange: Exchange = yield Send(ready, enough() if enough else None)
    response = exchange.response
    given = response.all("dpop-nonce") if response else ()
    if len(given) == 1 and given[0] and set(given[0]) <= _NONCE:
        # Success answers may bring the next nonce too (RFC 9449 §8.2).
        dpop.nonces[origin_text(request.url)] = given[0]
    return exchange


def _demands_nonce(exchange: Exchange) -> bool:
    response = exchange.response
    if response is None or response.status not in (400, 401):
        return False
    challenged = any("use_dpop_nonce" in value for value in response.all("www-authenticate"))
    # In the body it is an error of the authorization server, whatever status comes with it.
    allowed = response.status == 400 or exchange.request.kind is Kind.TOKEN
    return challenged or (allowed and "use_dpop_nonce" in response.text)


def thumbprint_in(token_claims: Mapping[str, Any] | None) -> str | None:
    """Return the key thumbprint that a JWT access token is bound to (``cnf.jkt``), or None."""
    confirmation = (token_claims or {}).get("cnf")
    value = confirmation.get("jkt") if isinstance(confirmation, dict) else None
    return value if isinstance(value, str) else None
