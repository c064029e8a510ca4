"""Knows what the refusal of a token issued a moment ago may come from; ends the run (SPEC 3).

It must not know how the token was tried.
"""

from __future__ import annotations

import re
from typing import NamedTuple, NoReturn

from mcp_auth_tui.findings.rule import REPORT
from mcp_auth_tui.model import Exchange, Whose
from mcp_auth_tui.model.oauth import Contact, Token
from mcp_auth_tui.protocol import error_answer
from mcp_auth_tui.protocol.error_answer import ErrorAnswer
from mcp_auth_tui.protocol.judge import Judge
from mcp_auth_tui.protocol.tokens.refusals import clock_off

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
    " Authorization header. Else look in the server's log for why it refuses the token."
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
        r"signature|\bkid\b|jwks|signing key",
        "Let the server fetch the keys of this authorization server (jwks_uri).",
    ),
    (
        r"malformed|segments|not a (valid )?jwt|compact",
        "Issue a JSON Web Token, or let the server"
        " ask the authorization server about the token (introspection).",
    ),
)
# What a server says that can read JWTs alone, and was given something else.
_READS_JWT = re.compile(
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


def stop(
    judge: Judge,
    token: Token,
    refused: Contact,
    exchange: Exchange,
    first: Contact,
    before: Token | None = None,
) -> NoReturn:
    """Stop at a refusal of a token obtained a moment ago, with all that may explain it (SPEC 3).

    ``first`` is the answer to the same request without a token; ``before`` the token that a refresh
    has replaced, which was accepted.
    """
    claims = token.claims or {}
    off = clock_off(exchange)
    facts = [f"{name}: {claims[name]}" for name in ("aud", "iss", "exp", "scope") if name in claims]
    words = error_answer.read(exchange)
    reason = refused.param("error_description") or refused.param("error") or "no reason given"
    sentence = words.text or words.code
    if words.form != "empty" and sentence and sentence not in reason:
        reason = f"“{sentence}”" if reason == "no reason given" else f"{reason}; “{sentence}”"
    who = f", answered by {words.product}" if words.product else ""
    cause = _cause(judge, token, refused, exchange, first)
    known = bool(cause.whose) or cause.next in dict(_SAYS).values()
    meanwhile, scopes = REPORT if known and cause.whose is None else "", ""
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
        + (f"; {off}" if off else ""),
        message=cause.message,
        next=cause.next or ("" if facts else _OPAQUE),
        meanwhile=meanwhile,
        exchange=exchange,
        pointer="www-authenticate",
        whose=cause.whose,
    )


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
    if words.wants_bearer or (
        refused.param("error") is None and refused.challenges == first.challenges
    ):
        return _Cause(_UNSEEN)
    return _Cause()


def _said(words: ErrorAnswer, refused: Contact) -> str:
    """Return the next step by what the refusal says of the token; empty where it says nothing."""
    text = f"{words.text} {refused.param('error_description') or ''}"
    return next((way for pattern, way in _SAYS if re.search(f"(?i){pattern}", text)), "")
