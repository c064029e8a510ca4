"""Knows what the MCP server makes of a token, and what its refusals mean (S1, S2)."""

from __future__ import annotations

from typing import NoReturn

from mcp_auth_tui.findings.rule import REPORT
from mcp_auth_tui.model import Exchange, Question, Whose
from mcp_auth_tui.model.oauth import Contact, Peer, Token
from mcp_auth_tui.protocol import error_answer
from mcp_auth_tui.protocol.actions import Ask, Protocol
from mcp_auth_tui.protocol.checks import challenge as checks_challenge
from mcp_auth_tui.protocol.checks.check import Check
from mcp_auth_tui.protocol.judge import Judge
from mcp_auth_tui.protocol.mcp.conversation import converse
from mcp_auth_tui.protocol.mcp.first_contact import contact_of, read_challenge
from mcp_auth_tui.protocol.mcp.refusals import HOST, OTHER_HOST, about_host
from mcp_auth_tui.protocol.tokens.dpop import Dpop
from mcp_auth_tui.records import dataclass
from mcp_auth_tui.text.patterns import pattern

# What a 403 says that is about the token itself, and not about a right.
_OF_TOKEN = pattern(
    r"(?i)\b(invalid|expired|malformed) (access |bearer |jwt |oauth )*token\b"
    r"|\bjwt (is )?(invalid|expired|malformed)\b"
)
# S2: authorizations in one run, the first included.
LIMIT = 3


@dataclass(frozen=True, slots=True)
class Verdict:
    """What verifying the token came to: one of the two is set."""

    peer: Peer | None = None
    refused: Contact | None = None
    """A refusal that another authorization may mend."""
    exchange: Exchange | None = None
    """The exchange of a refusal of the token itself."""
    accepted: bool = False
    """Whether the token was taken for another request before."""


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
    seen in its metadata, and `fresh_refusal` ends the run when it did not.
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
    error = refused.param("error")
    bad = error == "invalid_token"
    if exchange.status == 403 and not error:
        bad = _OF_TOKEN.search(error_answer.read(exchange).text) is not None
    if bad and exchange.status != 401:
        yield from judge.note(
            "rs-invalid-token-not-401",
            seen=f"HTTP {exchange.status}; {_challenge_text(exchange)}",
            expected="HTTP 401 with WWW-Authenticate",
            exchange=exchange,
            pointer="www-authenticate",
        )
    named = frozenset((refused.param("scope") or "").split())
    if exchange.status == 403 and not error and not bad and named - granted_scopes(token):
        # Only the code is left out: the challenge says which scope it wants.
        error = "insufficient_scope"
    stepping = error == "insufficient_scope" and bool(refused.param("scope"))
    if bad or (exchange.status == 401 and not stepping):
        return Verdict(refused=refused, exchange=exchange, accepted=end.accepted)
    if error != "insufficient_scope":
        seen = f"HTTP 403 to {end.method}; {_challenge_text(exchange)}"
        _stop_at_403(judge, token, exchange, seen)
    yield from _step_up(judge, token, refused, exchange, number, asked or ScopeRequest(contact))
    return Verdict(refused=refused)


def _challenge_text(exchange: Exchange) -> str:
    response = exchange.response
    return ", ".join(response.all("www-authenticate") if response else ()) or "no challenge"


_NAME_SCOPE = "Ask for the scope that it names: --scope SCOPES."
_LOOK = (
    "Look in the server's log, and in that of what stands before it, for what this 403 checks;"
    ' where a right is missing, add WWW-Authenticate: Bearer error="insufficient_scope", scope="…".'
)


def _stop_at_403(judge: Judge, token: Token, exchange: Exchange, seen: str) -> NoReturn:
    """End the run at a 403 that carries no challenge of its own, by what it says in its body."""
    words = error_answer.read(exchange)
    seen = error_answer.seen(seen, exchange)
    if about_host(words):
        judge.stop("net-http", seen=seen, message=OTHER_HOST, next=HOST, exchange=exchange)
    scope = "scope" in words.words.lower()
    chosen = scope and judge.config.scope is not None
    named = error_answer.scopes(exchange) if scope else ()
    asked = " ".join(dict.fromkeys([*(token.scope_asked or "").split(), *named]))
    way = f"Ask for what it names: --scope '{asked}'." if named else _NAME_SCOPE
    message = "The MCP server refused the token with 403 and does not say what it lacks."
    if words.blocked:
        message = f"{words.who[:1].upper()}{words.who[1:]} refused the token with 403."
    elif words.words:
        message = "The MCP server refused the token with 403, in words of its own."
    judge.stop(
        "rs-403-no-challenge",
        seen=seen,
        message="The token lacks a scope, says the MCP server." if scope else message,
        next=way if chosen else "" if scope or not words.words else _LOOK,
        meanwhile=f"{way} {REPORT}" if scope and not chosen else "",
        exchange=exchange,
        whose=Whose.CLIENT if chosen else None,
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
    named = all(refused.param(name) for name in ("error", "resource_metadata"))
    incomplete = not needed or not named
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
