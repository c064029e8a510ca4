"""Knows what the MCP server makes of a token, and what its refusals mean (S1, S2)."""

from __future__ import annotations

from typing import NoReturn

from mcp_auth_tui.model import Exchange, Question, Whose
from mcp_auth_tui.model.oauth import Contact, Peer, Token
from mcp_auth_tui.protocol import error_answer
from mcp_auth_tui.protocol.actions import Ask, Protocol
from mcp_auth_tui.protocol.checks import challenge as checks_challenge
from mcp_auth_tui.protocol.checks.check import Check
from mcp_auth_tui.protocol.judge import Judge
from mcp_auth_tui.protocol.mcp.conversation import converse
from mcp_auth_tui.protocol.mcp.first_contact import contact_of, read_challenge
from mcp_auth_tui.protocol.mcp.refusals import wrong_status
from mcp_auth_tui.protocol.tokens.dpop import Dpop
from mcp_auth_tui.protocol.tokens.refusals import clock_off
from mcp_auth_tui.records import dataclass

# S2: authorizations in one run, the first included.
LIMIT = 3


@dataclass(frozen=True, slots=True)
class Verdict:
    """What verifying the token came to: one of the two is set."""

    peer: Peer | None = None
    refused: Contact | None = None
    """A refusal that another authorization may mend."""
    exchange: Exchange | None = None
    """The exchange of a 401."""


@dataclass(frozen=True, slots=True)
class ScopeRequest:
    """What the token that is tried was asked for with."""

    refusal: Contact
    """The refusal that named its scope."""
    catalogue: tuple[str, ...] = ()
    """Every scope that the resource lists."""


def verify(
    judge: Judge,
    token: Token,
    contact: Contact,
    number: int,
    dpop: Dpop | None = None,
    asked: ScopeRequest | None = None,
) -> Protocol[Verdict]:
    """Use the token; say whether another authorization is due (S1, S2). Raises `FlowStop`.

    A 401 is handed back too: whether the resource moved to another authorization server (M1) is
    seen in its metadata, and `stop_at_fresh_refusal` ends the run when it did not.
    """
    opening = contact.revision if contact.refused == "initialize" else ""
    end = yield from converse(
        judge, token, era=contact.era, opening=opening, protected=contact.refused, dpop=dpop
    )
    exchange = end.refused
    if exchange is None:
        return Verdict(peer=end.peer)
    parsed = yield from read_challenge(judge, exchange)
    refused = contact_of(exchange, parsed.challenges, end)
    yield from judge.tell(checks_challenge.error(exchange, refused), exchange)
    if exchange.status == 401:
        return Verdict(refused=refused, exchange=exchange)
    if refused.param("error") == "invalid_token":
        wrong_status(judge, exchange)
    if refused.param("error") != "insufficient_scope":
        judge.stop(
            "rs-403-no-challenge",
            seen=error_answer.seen(
                f"HTTP 403 to {end.method}; {_challenge_text(exchange)}", exchange
            ),
            message="The MCP server refused the token with 403 and does not say what it lacks.",
            exchange=exchange,
        )
    yield from _step_up(judge, token, refused, exchange, number, asked or ScopeRequest(contact))
    return Verdict(refused=refused)


def _challenge_text(exchange: Exchange) -> str:
    response = exchange.response
    return ", ".join(response.all("www-authenticate") if response else ()) or "no challenge"


# Nobody but its issuer can read such a token, so there is nothing to compare from here.
_OPAQUE = (
    "Look in the server's log for why it refuses the token: whether it asks the right authorization"
    " server about it, for which resource it expects it, and the clocks of both machines."
)


_FOR_NOBODY = (
    "No resource was asked for (--no-resource), so the token may not be for this server: run"
    " without that option, and let the authorization server know the resource."
)
# RFC 6750 §3.1: only a request without authentication is answered without an error code.
_UNSEEN = (
    "The server answers as it does where no token is sent: see whether a proxy before it drops the"
    " Authorization header. Else look in the server's log for why it refuses the token."
)


_WANTS_KEY = (
    "The server asks for a key, though its metadata leads to an authorization server: let it take"
    " the tokens of that server, or publish no OAuth metadata where keys alone are taken."
)


def stop_at_fresh_refusal(
    judge: Judge, token: Token, refused: Contact, exchange: Exchange, first: Contact
) -> NoReturn:
    """Stop at a 401 for a token obtained a moment ago, with all that may explain it (SPEC 3).

    ``first`` is the answer to the same request without a token.
    """
    claims = token.claims or {}
    off = clock_off(exchange)
    facts = [f"{name}: {claims[name]}" for name in ("aud", "iss", "exp", "scope") if name in claims]
    words = error_answer.read(exchange)
    reason = refused.param("error_description") or refused.param("error") or "no reason given"
    sentence = words.text or words.code
    if words.form != "empty" and sentence and sentence not in reason:
        reason = f"“{sentence}”" if reason == "no reason given" else f"{reason}; “{sentence}”"
    way = "" if facts else _OPAQUE
    if token.resource is None:
        way = _FOR_NOBODY
    elif words.wants_key:
        way = _WANTS_KEY
    elif words.wants_bearer or (
        refused.param("error") is None and refused.challenges == first.challenges
    ):
        way = _UNSEEN
    judge.stop(
        "rs-fresh-token-refused",
        seen=f"HTTP 401: {reason}; resource asked: {token.resource or 'none'}"
        + (f"; in the token (not verified): {', '.join(facts)}" if facts else "; opaque token")
        + (f"; {off}" if off else ""),
        next=way,
        exchange=exchange,
        pointer="www-authenticate",
    )


def granted_scopes(token: Token) -> frozenset[str]:
    """Return the scopes that were asked for and granted so far (SPEC 7, item 10)."""
    return frozenset(f"{token.scope_asked or ''} {token.scope_granted or ''}".split())


def _stop_unnamed(
    judge: Judge,
    have: frozenset[str],
    refused: Contact,
    exchange: Exchange,
    catalogue: tuple[str, ...],
) -> NoReturn:
    """End the run where more scope is needed, and the challenge does not say which.

    What the resource lists and the token lacks may be it: where ``--scope`` left that out, it is
    for who chose so.
    """
    lacking = [scope for scope in catalogue if scope not in have]
    chosen = bool(lacking) and judge.config.scope is not None
    asked = f"--scope '{' '.join([*sorted(have), *lacking])}'"
    if chosen:
        what, way = "more than --scope asked for", "Run without --scope, or with what"
    else:
        what, way = "more scope", "Ask for what"
    way = f"{way} the resource lists as well: {asked}." if lacking else ""
    judge.stop(
        "rs-403-incomplete",
        seen=_challenge_text(exchange),
        message=f"{refused.refused} needs {what}, and the server does not say which.",
        next=way if chosen else "",
        meanwhile="" if chosen else way,
        whose=Whose.CLIENT if chosen else None,
        exchange=exchange,
    )


def _step_up(
    judge: Judge,
    token: Token,
    refused: Contact,
    exchange: Exchange,
    number: int,
    asked: ScopeRequest,
) -> Protocol[None]:
    """Judge a 403 insufficient_scope and offer another authorization (S1, S2)."""
    needed = frozenset((refused.param("scope") or "").split())
    have = frozenset((token.scope_granted or "").split())
    text = _challenge_text(exchange)
    incomplete = not needed or refused.param("resource_metadata") is None
    looked = (
        Check("rs-403-no-challenge", False, text, "www-authenticate"),
        Check("rs-403-incomplete", incomplete, text, "www-authenticate"),
        *checks_challenge.step_up(refused, asked.refusal, asked.catalogue),
    )
    yield from judge.tell(looked, exchange)
    seen = f"held: {' '.join(sorted(have)) or 'unknown'}; needed: {' '.join(sorted(needed))}"
    if not needed:
        _stop_unnamed(judge, have, refused, exchange, asked.catalogue)
    if needed <= have:
        yield from judge.note("rs-stepup-loop", seen=seen, exchange=exchange)
        scope = " ".join(sorted(needed))
        judge.stop(
            "rs-stepup-limit",
            seen=seen,
            message=f"The token already holds {scope}, and the server demands it again.",
            exchange=exchange,
        )
    if needed <= granted_scopes(token) and number > 1:
        judge.stop(
            "rs-stepup-limit",
            seen=seen,
            message="The scope was asked for and the authorization server did not grant it.",
            exchange=exchange,
        )
    if number >= LIMIT:
        judge.stop("rs-stepup-limit", seen=f"{number} authorizations; {seen}", exchange=exchange)
    question = Question(
        "step_up",
        f"{refused.refused} needs more: {' '.join(sorted(needed))}. Sign in again for it?",
        f"{seen}; authorization {number + 1} of {LIMIT} at most",
        choices=("yes", "no"),
        default="yes",
    )
    answer: str | None = yield Ask(question)
    if answer != "yes":
        judge.stop(
            "rs-stepup-limit",
            seen=seen,
            message=f"The token lacks the scope for {refused.refused}, and stepping up was"
            " declined.",
            exchange=exchange,
        )
