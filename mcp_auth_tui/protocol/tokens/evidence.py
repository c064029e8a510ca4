"""Knows what can be learned of a token that a server refused without a reason; ends no run.

Its age, its scopes, and of an opaque one what its issuer says when it is asked (RFC 7662).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, TypeVar

from mcp_auth_tui.model import Exchange, Whose
from mcp_auth_tui.model.oauth import Token
from mcp_auth_tui.protocol.actions import FlowStop, Protocol, untold
from mcp_auth_tui.protocol.tokens import management
from mcp_auth_tui.protocol.tokens.endpoint import Endpoint

T = TypeVar("T")

_LONGEST = 100
"""Characters of a member of an introspection answer that are told."""
_INACTIVE = (
    "To this client the authorization server says that the token is not active: ask it as the MCP"
    " server does (introspection, RFC 7662). If it says so there too, see whether its instances"
    " share no store; if not, let the MCP server ask that one."
)
_ACTIVE = (
    "Let the MCP server ask the same authorization server (its introspection_endpoint, with"
    " credentials that may ask), and compare aud and scope with what it expects."
)
_AUDIENCE = "Make the token out for the resource that was asked for: aud, spelled the same."


class Evidence(NamedTuple):
    """What was learned; ``facts`` for what was seen, an empty text where nothing explains it."""

    facts: tuple[str, ...] = ()
    message: str = ""
    next: str = ""
    whose: Whose | None = None


def gather(asker: Endpoint, token: Token, refusal: Exchange, demanded: str) -> Protocol[Evidence]:
    """Look at a token that was refused; ``demanded`` are the scopes that the server named."""
    evidence = _age(token, refusal) or _scope(asker, token, demanded)
    if evidence is not None or token.claims is not None or token.by_id_token:
        return evidence or Evidence()
    if not management.endpoint_of(asker.server, "introspection_endpoint"):
        return Evidence()
    answered = yield from _quietly(management.introspect(asker, token.access))
    if answered is None:
        return Evidence()
    answer, reason = answered
    if answer is None:
        return Evidence((f"introspection: {reason}",))
    return _introspected(token, answer)


def _age(token: Token, refusal: Exchange) -> Evidence | None:
    """Return what explains it where the token had ended before it was tried."""
    if token.expires_in is None:
        return None
    age = refusal.started - token.received
    if age <= token.expires_in:
        return None
    return Evidence(
        (f"expires_in was {token.expires_in:g} s, and the token was {age:.1f} s old",),
        "The token had ended before it was tried.",
        "Let tokens live for some minutes at the least (expires_in).",
        Whose.ISSUER,
    )


def _scope(asker: Endpoint, token: Token, demanded: str) -> Evidence | None:
    """Return what explains it where the token lacks a scope that the server named."""
    if token.scope_granted is None:
        return None
    lacking = [name for name in demanded.split() if name not in token.scope_granted.split()]
    if not lacking:
        return None
    what = " ".join(lacking)
    facts = (f"scope granted: {token.scope_granted or 'none'}, demanded: {demanded}",)
    message = "The token lacks a scope that the server named."
    if set(lacking) <= set((token.scope_asked or "").split()):
        return Evidence(facts, message, f"Grant what was asked for: {what}.", Whose.ISSUER)
    typed = asker.judge.config.scope is not None
    next = f"Ask for it as well: {what}." if typed else ""
    return Evidence(facts, message, next, Whose.CLIENT if typed else None)


def _introspected(token: Token, answer: Mapping[str, Any]) -> Evidence:
    """Return what the issuer's word about a token means."""
    if not answer["active"]:
        return Evidence(
            ("introspection: not active, or not for this client to know",), "", _INACTIVE
        )
    told = [f"{name} {_text(answer[name])}" for name in ("aud", "scope", "iss") if answer.get(name)]
    facts = (f"introspection: active; {', '.join(told)}" if told else "introspection: active",)
    if answer.get("aud") and not _names(answer["aud"], token.resource):
        return Evidence(
            facts, "The token is not made out for this server.", _AUDIENCE, Whose.ISSUER
        )
    message = "The MCP server refuses a token that its authorization server calls active."
    return Evidence(facts, message, _ACTIVE)


def _text(value: object) -> str:
    parts = value if isinstance(value, list) else [value]
    return " ".join(str(part) for part in parts)[:_LONGEST]


def _names(audience: object, resource: str | None) -> bool:
    """Return whether an audience names the resource; one slash at the end makes no other."""
    listed = audience if isinstance(audience, list) else [audience]
    wanted = (resource or "").rstrip("/")
    return not wanted or any(isinstance(n, str) and n.rstrip("/") == wanted for n in listed)


def _quietly(body: Protocol[T]) -> Protocol[T | None]:
    """Run what is asked on the way to a failure: it tells nothing of its own, and ends nothing."""
    try:
        return (yield from untold(body, []))
    except FlowStop:
        return None
