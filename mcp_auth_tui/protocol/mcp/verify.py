"""Knows what a refusal by the MCP server means, before and after a token (C1-C6, S1, S2)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NoReturn

from mcp_auth_tui.findings.rule import REPORT
from mcp_auth_tui.model import Exchange, Question
from mcp_auth_tui.model.oauth import Challenge, Contact, Peer, Token
from mcp_auth_tui.protocol import challenge, error_answer
from mcp_auth_tui.protocol.actions import Ask, FlowStop, Protocol
from mcp_auth_tui.protocol.challenge import ParsedChallenges
from mcp_auth_tui.protocol.checks import challenge as checks_challenge
from mcp_auth_tui.protocol.checks.check import Check
from mcp_auth_tui.protocol.judge import Judge
from mcp_auth_tui.protocol.mcp.conversation import converse
from mcp_auth_tui.protocol.mcp.exchange import ConversationEnd
from mcp_auth_tui.protocol.mcp.refusals import wrong_status
from mcp_auth_tui.protocol.tokens.dpop import Dpop
from mcp_auth_tui.protocol.tokens.endpoint import clock_off

_READ_SINGLE = "--allow rs-challenge-syntax"
_PAGE = "A web page with HTTP 403 is all that a request without a token gets: no 401 of MCP."
_LET_THROUGH = (
    "Let requests to the MCP path through the bot protection, firewall or login that answers with"
    " this page, and answer 401 there."
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
    """The exchange of a 401."""


@dataclass(frozen=True, slots=True)
class ScopeRequest:
    """What the token that is tried was asked for with."""

    refusal: Contact
    """The refusal that named its scope."""
    catalogue: tuple[str, ...] = ()
    """Every scope that the resource lists."""


def first_contact(judge: Judge) -> Protocol[tuple[Contact, Peer | None]]:
    """Speak to the server without a token (T1-T4); raises `FlowStop`.

    Returns the challenge to start from, and what an open server told about itself.
    """
    if judge.config.url.startswith("http:") and not _loopback(judge.config.url):
        yield from judge.refuse("rs-endpoint-http", seen=judge.config.url)
    if judge.config.insecure:
        yield from judge.note("client-insecure", seen="--insecure")
    moved = ""
    try:
        end = yield from converse(judge, None)
    except FlowStop as stopped:
        if not (moved := stopped.place):
            raise
        yield stopped.finding
        judge = judge.asking(moved)
        end = yield from converse(judge, None)
    if end.refused is None:
        yield from judge.note("rs-open")
        return Contact(200, (), end.era, end.revision, url=moved), end.peer
    contact = replace((yield from _read_refusal(judge, end, end.refused)), url=moved)
    if end.method not in ("server/discover", "initialize", "GET"):
        seen = f"{end.method} is the first that is refused"
        yield from judge.note("rs-partial-auth", seen=seen, exchange=end.refused)
    return contact, None


def _contact(
    exchange: Exchange, challenges: tuple[Challenge, ...], end: ConversationEnd
) -> Contact:
    era = (end.era, end.revision, end.method)
    return Contact(exchange.status, challenges, *era, exchange.number)


def _loopback(url: str) -> bool:
    from mcp_auth_tui.protocol.urls import is_loopback, split

    return is_loopback(split(url).hostname or "")


def _read_refusal(judge: Judge, end: ConversationEnd, exchange: Exchange) -> Protocol[Contact]:
    parsed = yield from read_challenge(judge, exchange)
    contact = _contact(exchange, parsed.challenges, end)
    if exchange.status == 403 and contact.param("error") != "insufficient_scope":
        words = error_answer.read(exchange)
        page = words.form == "page" or bool(words.product)
        message = f"{words.product} refuses a request without a token: no 401 of MCP comes."
        if not judge.config.force:
            judge.stop(
                "rs-wrong-status",
                seen=error_answer.seen("HTTP 403 without a token", exchange),
                expected="HTTP 401 with WWW-Authenticate",
                message=message if words.product else _PAGE if page else "",
                next=_LET_THROUGH if page else "",
                meanwhile=f"To try the flow all the same: --force. {REPORT}",
                exchange=exchange,
            )
        yield from judge.note("rs-wrong-status", seen="HTTP 403", exchange=exchange)
    yield from judge.tell(checks_challenge.error(exchange, contact), exchange)
    words = error_answer.read(exchange)
    quoted = f"“{words.words or words.challenge}”"
    if words.wants_key and contact.param("resource_metadata") is None:
        yield from judge.note("rs-wants-key", seen=quoted, exchange=exchange)
    return replace(contact, wants=quoted if words.wants_key or words.wants_bearer else "")


def explained(stopped: FlowStop, contact: Contact) -> FlowStop:
    """Return the end of a run, explained by what the first refusal asked for in its own words."""
    finding = stopped.finding
    if finding.id != "prm-missing" or not contact.wants:
        return stopped
    told = replace(
        finding,
        message=f"The server refuses with {contact.wants} and nothing says how to sign in: it may"
        " take a key or a token that its operator hands out.",
        next=f"{finding.next} A server that takes keys alone keeps its bare Bearer challenge and"
        " publishes no OAuth metadata.",
        meanwhile=f"Ask the operator for a key or a token and send it as the server says."
        f" {finding.meanwhile}",
    )
    return FlowStop(told, stopped.place)


def read_challenge(judge: Judge, exchange: Exchange) -> Protocol[ParsedChallenges]:
    """Read and judge ``WWW-Authenticate`` (C1-C3, C6); a missing one is only noted."""
    response = exchange.response
    fields = response.all("www-authenticate") if response else ()
    parsed, pointer = challenge.parse(fields), "www-authenticate"
    if not fields:
        if exchange.status == 401:
            yield from judge.note("rs-401-no-challenge", exchange=exchange, pointer=pointer)
        return parsed
    text = ", ".join(fields)
    if exchange.status == 401:
        yield from judge.keep("rs-401-no-challenge", exchange=exchange, pointer=pointer)
    yield from judge.tell(checks_challenge.fields(exchange, parsed, text), exchange)
    if parsed.single:
        return (yield from _single_quotes(judge, parsed, text, exchange))
    return parsed


def _single_quotes(
    judge: Judge, parsed: ParsedChallenges, shown: str, exchange: Exchange
) -> Protocol[ParsedChallenges]:
    """Tell of single quotes, and take them for quotes where that was allowed."""
    lifted = "rs-challenge-syntax" in judge.config.allow
    yield from judge.note(
        "rs-challenge-syntax",
        seen=f"single quotes around {', '.join(parsed.single)}: {shown}",
        next=f'Write double quotes: {parsed.single[0]}="…".',
        meanwhile=f"To read them all the same, for debugging only: {_READ_SINGLE}. {REPORT}",
        exchange=exchange,
        pointer="www-authenticate",
    )
    if not lifted:
        return parsed
    yield from judge.note("client-overridden", seen=_READ_SINGLE, exchange=exchange)
    return ParsedChallenges(parsed.unquoted())


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
    refused = _contact(exchange, parsed.challenges, end)
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
        judge.stop(
            "rs-403-incomplete",
            seen=text,
            message=f"{refused.refused} needs more scope, and the server does not say which.",
            exchange=exchange,
        )
    if needed <= have:
        yield from judge.note("rs-stepup-loop", seen=seen, exchange=exchange)
        judge.stop("rs-stepup-limit", seen=seen, exchange=exchange)
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
