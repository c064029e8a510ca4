"""Knows what the refusal of a token issued a moment ago may come from; ends the run (SPEC 3).

It must not know how the token was tried.
"""

from __future__ import annotations

import re
from typing import NamedTuple, NoReturn

from mcp_auth_tui.findings.rule import REPORT
from mcp_auth_tui.model import Exchange, Whose
from mcp_auth_tui.model.oauth import Contact, Token
from mcp_auth_tui.protocol import error_answer, foreign
from mcp_auth_tui.protocol.actions import Protocol
from mcp_auth_tui.protocol.error_answer import ErrorAnswer
from mcp_auth_tui.protocol.judge import Judge
from mcp_auth_tui.protocol.tokens.endpoint import Endpoint
from mcp_auth_tui.protocol.tokens.evidence import Evidence, gather
from mcp_auth_tui.protocol.tokens.refusals import clock_off
from mcp_auth_tui.text.patterns import pattern

# Nobody but its issuer can read such a token, so there is nothing to compare from here.
_OPAQUE = (
    "Look in the server's log for why it refuses the token: whether it asks the right authorization"
    " server about it, for which resource it expects it, and the clocks of both machines."
)
_FOR_NOBODY = (
    "No resource was asked for (--no-resource), so the token may not be for this server: run"
    " without that option, and let the authorization server know the resource."
)
_FOR_ANOTHER = (
    "The token was asked for the resource that --resource names: run without that option, or name"
    " the one that the server expects."
)
_ID_TOKEN = "The ID token was given to the server (--id-token): run without that option."
# RFC 6750 §3.1: only a request without authentication is answered without an error code.
_UNSEEN = (
    "The server answers as it does where no token is sent: see whether a proxy before it drops the"
    " Authorization header. Else look in the server's log for why it refuses the token, and whether"
    " it reaches the authorization server (its metadata, its keys, its introspection)."
)
_IN_FRONT = (
    "It was {who} that refused: let it hand requests with a token on to the MCP server, or know the"
    " authorization server that issues the tokens."
)
_WANTS_KEY = (
    "The server asks for a key, though its metadata leads to an authorization server: let it take"
    " the tokens of that server, or publish no OAuth metadata where keys alone are taken."
)
_ELSEWHERE = (
    "Hand the token on to what answers {asked}, or let it take the same tokens: other requests with"
    " this token were answered."
)
# What a server says of a token, and what that asks of it, the plainest first.
_SAYS = (
    (
        r"\b(no|missing|required|without)\b.{0,20}\b(expir(y|ation)|exp\b)|\bexp\b.{0,9} missing",
        "Let the check of the token say when it ends (exp of a JWT, or of the introspection; with"
        " an SDK of MCP: expiresAt), or take tokens that do not end.",
    ),
    (
        r"audience|\baud\b",
        "Let the server expect the aud that the token has, or let the token get"
        " the one that it expects.",
    ),
    (
        r"issuer|\biss\b",
        "Let the server, or the gateway before it, know the issuer of the token as"
        " it is spelled there.",
    ),
    (
        r"algorithm|\balg\b|ES256|RS256|HS256",
        "Let the server take the algorithm that the token is"
        " signed with, or sign with one that it takes.",
    ),
    (
        rf"signature|\bkid\b|jwks|signing key|{foreign.SIGNATURE}",
        "Let the server fetch the keys of this authorization server (jwks_uri).",
    ),
    (
        r"malformed|segments|not a (valid )?jwt|compact",
        "Issue a JSON Web Token, or let the server"
        " ask the authorization server about the token (introspection).",
    ),
    # Where it may be invalid as well, the sentence is one for every case.
    (
        rf"^(?!.*(\binvalid\b|{foreign.INVALID})).*"
        rf"(\b(expired|not yet valid|in the future|nbf|used before)\b|{foreign.EXPIRED})",
        "Set the clocks of the MCP server and of the authorization server, allow some seconds"
        " between them, and read exp and nbf as seconds since 1970.",
    ),
)
# What a server says that can read JWTs alone, and was given something else.
_READS_JWT = pattern(
    r"(?i)\bjw[st]\b|three (parts|segments)|(not enough|wrong number of) segments|ERR_JWS"
)
_NO_JWT = "The server reads JWTs alone, and the access token is none."
_OPAQUE_TOO = (
    "Let the server ask about such tokens (introspection, RFC 7662), or let the authorization"
    " server issue JWTs for this resource."
)
_BY_ID_TOKEN = (
    "Run again once: it may pass. See with --id-token whether the server takes the ID token"
    f" instead. {REPORT}"
)
_REFRESHED = "The server refuses the token of the refresh, and took the one before."
_COMPARE_BOTH = (
    "Let a refresh without scope bring what was granted before (RFC 6749 §6): compare scope, aud"
    " and iss of both tokens."
)


class _Cause(NamedTuple):
    next: str = ""
    whose: Whose | None = None
    message: str = ""


def explained(
    judge: Judge,
    asker: Endpoint,
    token: Token,
    refused: Contact,
    exchange: Exchange,
    first: Contact,
) -> Protocol[NoReturn]:
    """Stop as `stop` does, with what can be learned of a token that was never accepted."""
    demanded = refused.param("scope") or first.param("scope") or ""
    nothing = token.verified or judge.config.id_token
    evidence = None if nothing else (yield from gather(asker, token, exchange, demanded))
    stop(judge, token, refused, exchange, first, evidence=evidence)


def stop(
    judge: Judge,
    token: Token,
    refused: Contact,
    exchange: Exchange,
    first: Contact,
    before: Token | None = None,
    evidence: Evidence | None = None,
) -> NoReturn:
    """Stop at a refusal of a token obtained a moment ago, with all that may explain it (SPEC 3).

    ``first`` is the answer to the same request without a token; ``before`` the token that a refresh
    has replaced, which was accepted. ``evidence`` explains what the server's words do not.
    """
    claims = token.claims or {}
    off = clock_off(exchange)
    facts = [f"{name}: {claims[name]}" for name in ("aud", "iss", "exp", "scope") if name in claims]
    words = error_answer.read(exchange)
    reason = _reason(words, refused)
    who = f", answered by {words.product}" if words.product else ""
    cause = _cause(judge, token, refused, exchange, first)
    learned, meanwhile, scopes = evidence or Evidence(), "", ""
    explains = cause in (_Cause(), _Cause(_UNSEEN)) and bool(learned.next or learned.message)
    if explains:
        cause = _Cause(learned.next, learned.whose, learned.message)
    if explains or (cause.next in dict(_SAYS).values() and cause.whose is None):
        meanwhile = "" if cause.whose is Whose.CLIENT else REPORT
    no_jwt = token.claims is None and _READS_JWT.search(reason) is not None
    if before is not None:
        cause = _Cause(_COMPARE_BOTH, Whose.ISSUER, _REFRESHED)
        scopes = f"; scope before: {before.scope_granted or 'unknown'}, now:"
        scopes = f"{scopes} {token.scope_granted or 'unknown'}"
        meanwhile = f"Without --refresh the token of the sign-in itself is given. {REPORT}"
    elif not token.by_id_token and not token.verified and cause.whose is None:
        cause = _Cause(_OPAQUE_TOO, message=_NO_JWT) if no_jwt else cause
        meanwhile = _BY_ID_TOKEN if no_jwt or token.id_token is not None else meanwhile
    judge.stop(
        "rs-fresh-token-refused",
        seen=f"HTTP {exchange.status}{who}: {reason}; resource asked: {token.resource or 'none'}"
        + (f"; in the token (not verified): {', '.join(facts)}" if facts else "; opaque token")
        + scopes
        + "".join(f"; {fact}" for fact in (*learned.facts, off) if fact),
        message=cause.message,
        next=cause.next or ("" if facts else _OPAQUE),
        meanwhile=meanwhile,
        exchange=exchange,
        pointer="www-authenticate",
        whose=cause.whose,
    )


def _reason(words: ErrorAnswer, refused: Contact) -> str:
    """Return what the refusal says, in challenge and body; what both say once."""
    reason = refused.param("error_description") or refused.param("error") or ""
    sentence = words.text or words.code
    if words.form == "empty" or not sentence or sentence in reason:
        return reason or "no reason given"
    if not reason or sentence.startswith(reason):
        return f"“{sentence}”"
    return f"{reason}; “{sentence}”"


def _cause(
    judge: Judge, token: Token, refused: Contact, exchange: Exchange, first: Contact
) -> _Cause:
    config, words = judge.config, error_answer.read(exchange)
    if token.verified:
        asked = (exchange.request.json or {}).get("method") or exchange.request.method
        message = f"The server took the token before, and refuses it for {asked}."
        return _Cause(_ELSEWHERE.format(asked=asked), message=message)
    if config.id_token:
        return _Cause(_ID_TOKEN, Whose.CLIENT)
    if token.resource is None and not config.send_resource:
        return _Cause(_FOR_NOBODY, Whose.CLIENT)
    if token.resource is None:
        return _Cause(_FOR_NOBODY)
    if config.resource is not None:
        return _Cause(_FOR_ANOTHER, Whose.CLIENT)
    if words.wants_key:
        return _Cause(_WANTS_KEY)
    if way := _said(words, refused):
        return _Cause(way)
    if words.product or words.form == "page":
        return _Cause(_IN_FRONT.format(who=words.who))
    if words.wants_bearer or (
        refused.param("error") is None and refused.challenges == first.challenges
    ):
        return _Cause(_UNSEEN)
    return _Cause()


def _said(words: ErrorAnswer, refused: Contact) -> str:
    """Return the next step by what the refusal says of the token; empty where it says nothing."""
    text = f"{words.text} {refused.param('error_description') or ''}"
    return next((way for pattern, way in _SAYS if re.search(f"(?i){pattern}", text)), "")
