"""Knows how a refusal by the token endpoint ends a run: what was said, what it means, whose it is.

It must not know how the request was made, nor ask again.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, NoReturn

from mcp_auth_tui.findings.rule import OWN_CLIENT
from mcp_auth_tui.model import Exchange, Whose
from mcp_auth_tui.model.oauth import Client
from mcp_auth_tui.protocol import certificate, error_answer
from mcp_auth_tui.protocol.judge import Judge
from mcp_auth_tui.protocol.tokens import dialects
from mcp_auth_tui.protocol.tokens.authentication import (
    misses_client,
    refuses_client,
    refuses_other,
    way_of,
)
from mcp_auth_tui.protocol.tokens.refusals import clock_off, flow_of, owner_of
from mcp_auth_tui.protocol.tokens.remedies import FAILED, in_the_way, lacks, not_there, remedy
from mcp_auth_tui.protocol.urls import split
from mcp_auth_tui.text.patterns import pattern

_COMPARE = (
    "Compare the client id and the secret that were given (--client-id, --client-secret-file,"
    " $MCP_AUTH_CLIENT_SECRET) with those in the server's console."
)
_COMPARE_CERTIFICATE = (
    "Compare the certificate that was given (--client-cert) with the one that this client is"
    " registered with; where a proxy ends TLS, it has to hand the certificate on."
)
_GIVE_SECRET = (
    "If this client has a secret, give it: --client-secret-file FILE, --client-secret-prompt or"
    " $MCP_AUTH_CLIENT_SECRET."
)
_LEAVE_SECRET = (
    "This client is registered without a secret: run without one, or with --auth-method none."
)
_NEW_SECRET = (
    "Make a new secret for this client in the server's console, and give that one"
    " (--client-secret-file, --client-secret-prompt, $MCP_AUTH_CLIENT_SECRET)."
)
# Entra ID writes in the language of the account: its codes say it in any.
_ENDED = pattern(
    r"(?i)\bexpired\b[^.]{0,20}\bsecret\b|\bsecret\b[^.]{0,80}\bexpired\b|AADSTS7000222\b"
)
_USED = pattern(r"(?i)\breus|\brotat|\breplay|\balready\b.{0,12}\b(used|consumed|redeemed)\b")
_ONE_EACH = (
    "Sign in again. Where programs share one sign-in, give each its own: the server takes each"
    " refresh token once, and who comes second holds one that has ended."
)
_AGAIN_LATER = (
    "Sign in again: the grant has ended. It expired, was revoked, or another program used its"
    " refresh token."
)
_JUST_ISSUED = (
    "Sign in again if the grant was taken back meanwhile. Else look for why a refresh token is not"
    " taken that was issued a moment ago and sent once, by the client that it was issued to:"
    " instances that share no store, or one that ends at once."
)
_FORGOTTEN = (
    "Look for instances that share no store, and for registrations that are not kept: this client"
    " was registered a moment ago."
)
_UNREAD_DOCUMENT = (
    "See that the server gets the document {} also at the token endpoint (bot protection before it,"
    " names of this network alone, a short cache)."
)
_REGISTER = "Let a client be registered (--register), or give one of your own with --client-id."
_NAME_RESOURCE = "Run without --no-resource: the server wants to be told the resource."
_NO_SECRET = pattern(
    r"(?i)client is public|public client"
    r"|(neither|must not|should not|not allowed).{0,60}client_secret"
)
_AGAIN = (
    "If they are right, sign in again with --auth-method {method}: sent so, the server refused the"
    " code alone, which had ended or was spent by the attempt before."
)
_LOGIN = pattern(r"(?i)credential|secret|authenticat|authori[sz]ation failed|invalid client\b")
# Refusals of what a client asked for, which is known and proved who it is.
_NOT_ALLOWED = ("unauthorized_client", "access_denied")


# Who is told by the next step alone what to do.
_PERSONS = (Whose.CLIENT, Whose.NOBODY)


class TokenRequest(NamedTuple):
    """One refused request: its exchange, the answer's JSON, and what to tell of what was sent."""

    exchange: Exchange
    answer: Mapping[str, Any]
    sent: str

    @property
    def member(self) -> str:
        """What the metadata calls the endpoint, where a person can give it; else empty."""
        grant = any(field.name == "grant_type" for field in self.exchange.request.form or ())
        return "token_endpoint" if grant else ""


class Others(NamedTuple):
    """What became of the other ways of authentication."""

    tried: tuple[str, ...]
    known_by: str
    """The method in which the code was refused, and not the client."""

    @property
    def again(self) -> str:
        """The way through where it is open whether the client was refused or the code."""
        return _AGAIN.format(method=self.known_by) if self.known_by else ""


class Meaning(NamedTuple):
    """What a refusal means; an empty text leaves that of its flow, or of its rule."""

    message: str = ""
    next: str = ""
    meanwhile: str = ""
    whose: Whose | None = None


def stop(judge: Judge, client: Client, asked: TokenRequest, others: Others, id: str) -> NoReturn:
    """End the run with what the server said (RFC 6749 §5.2) and what was sent (SPEC 3).

    Words in another form than the standard's are read too; whoever stands before the server and
    answered in its place is named.
    """
    exchange, error = asked.exchange, asked.answer.get("error")
    told = [asked.answer.get(name) for name in ("error", "error_description", "error_uri")]
    seen = f"HTTP {exchange.status}: {': '.join(t for t in told if isinstance(t, str) and t)}"
    if not isinstance(error, str) or error_answer.read(exchange).text not in seen:
        seen = error_answer.seen(f"HTTP {exchange.status}", exchange)
    tried = f"also tried {'; '.join(others.tried)}" if others.tried else ""
    detail = [f"authentication: {way_of(client)}", asked.sent, tried, clock_off(exchange)]
    flow, meaning = flow_of(exchange), _meaning(judge, client, asked, others, id)
    judge.stop(
        id,
        seen=f"{seen} ({'; '.join(part for part in detail if part)})",
        message=meaning.message or flow.message,
        next=meaning.next or flow.next,
        meanwhile=meaning.meanwhile or ("" if meaning.whose in _PERSONS else flow.meanwhile),
        exchange=exchange,
        source=flow.source,
        pointer="/error" if isinstance(error, str) else "",
        whose=meaning.whose,
    )


def _meaning(judge: Judge, client: Client, asked: TokenRequest, others: Others, id: str) -> Meaning:
    exchange = asked.exchange
    words = error_answer.read(exchange)
    error = dialects.standard(asked.answer.get("error"), words)
    whose = owner_of(judge.config, error, words.text)
    if words.blocked:
        message, next = in_the_way(words, exchange)
        return Meaning(message, next, whose=whose)
    missing = not_there(judge.config, exchange, asked.member) if asked.member else None
    if missing is not None:
        return Meaning(missing.message, missing.next, missing.meanwhile, missing.whose)
    if error == "server_error" or (exchange.status >= 500 and not refuses_other(asked.answer)):
        return Meaning(f"The authorization server failed: HTTP {exchange.status}.", FAILED)
    if id == "token-refresh-refused" and error == "invalid_grant":
        return _ended_grant(words.words, fresh=judge.config.refresh)
    if (
        exchange.status == 401
        and "bearer" in words.challenge.lower()
        and not isinstance(error, str)
    ):
        path = split(exchange.request.url).path
        next = f"Let POST {path} in without a token: this is where one is got."
        return Meaning("The token endpoint itself asks for a token.", next, whose=whose)
    way = dialects.console(f"{asked.answer.get('error')} {words.words}")
    if way is not None and error != "invalid_client":
        return _set_wrong(client, exchange, way)
    unnamed = not judge.config.send_resource and error in ("invalid_request", "invalid_target")
    if unnamed and lacks("resource", words.words):
        return Meaning(next=_NAME_RESOURCE, whose=Whose.CLIENT)
    next, meanwhile = remedy(exchange, error, words)
    if client.how == "pre-registered":
        # Some servers have this code for who could not prove who it is.
        login = misses_client(words.words) or (exchange.status == 401 and _LOGIN.search(words.text))
        if error in _NOT_ALLOWED and not login:
            return _not_allowed(exchange, words.text)
        if error == "invalid_client" or refuses_client(exchange, asked.answer):
            # What would help against a missing right helps no login.
            known = "" if error in _NOT_ALLOWED else meanwhile
            return _own_client(client, words.words, others, Meaning("", next, known, whose))
    if error == "invalid_client" and dialects.unknown_client(words.text):
        return _unknown(client, Meaning("", next, meanwhile, whose))
    return Meaning("", next, others.again or meanwhile, whose)


def _ended_grant(words: str, *, fresh: bool) -> Meaning:
    """Say what became of a refresh token; ``fresh``: it was issued a moment ago, in this run."""
    used = _USED.search(words) is not None
    message = "The refresh token was used before, says the authorization server." if used else ""
    if fresh:
        return Meaning(message, _JUST_ISSUED)
    return Meaning(message, _ONE_EACH if used else _AGAIN_LATER, "", Whose.NOBODY)


def _unknown(client: Client, meaning: Meaning) -> Meaning:
    """Say why a client may be unknown that the server knew at the sign-in."""
    if client.how == "metadata document":
        message = "The authorization server does not find the client, which is a document."
        next = _UNREAD_DOCUMENT.format(client.id)
        return meaning._replace(message=message, next=next, meanwhile=_REGISTER)
    if client.how == "dynamic" and not client.stored:
        message = "The authorization server does not know the client that it has registered."
        return meaning._replace(message=message, next=_FORGOTTEN, meanwhile=OWN_CLIENT)
    return meaning


def _set_wrong(client: Client, exchange: Exchange, way: dialects.Way) -> Meaning:
    """Say what of a client is set wrong in the server's console, and who sets it."""
    form = {field.name: field.raw for field in exchange.request.form or ()}
    next = way.next.format(redirect_uri=form.get("redirect_uri", "of this program"))
    theirs = not way.meanwhile and client.how == "pre-registered"
    return Meaning(way.message, next, way.meanwhile, Whose.CLIENT if theirs else None)


def _not_allowed(exchange: Exchange, text: str) -> Meaning:
    """Say what a person's own client lacks in the server's console: a grant, scopes, a resource."""
    form = {field.name: field.raw for field in exchange.request.form or ()}
    grant = form.get("grant_type", "").rpartition(":")[2] or "device_code"
    scope, resource = form.get("scope", ""), form.get("resource", "")
    if scope and "scope" in text.lower():
        what, way = f"the scopes {scope}", " Or ask for others with --scope."
    elif resource and "resource" in text.lower():
        what, way = f"the resource {resource}", " Or see with --no-resource."
    else:
        what, way = f"the grant {grant}", " Or choose another with --grant."
    next = f"Allow this client {what} in the server's console.{way}"
    return Meaning(next=next, whose=Whose.CLIENT)


def _own_client(client: Client, words: str, others: Others, meaning: Meaning) -> Meaning:
    """Say what a person can do whose own client was refused."""

    def persons(next: str, message: str = "") -> Meaning:
        return meaning._replace(message=message, next=next, whose=Whose.CLIENT)

    if client.auth_method in certificate.METHODS:
        return persons(_COMPARE_CERTIFICATE)
    if client.secret is None and client.auth_method != "private_key_jwt":
        message = "The server wants a secret of this client, and none was given."
        if misses_client(words):
            return persons(_GIVE_SECRET, message)
        return persons(f"{_COMPARE} {_GIVE_SECRET}")
    if _NO_SECRET.search(words):
        message = "The authorization server wants no secret of this client."
        return persons(_LEAVE_SECRET, message)._replace(meanwhile="")
    if _ENDED.search(words):
        return persons(_NEW_SECRET, "The secret of this client has ended.")._replace(meanwhile="")
    if misses_client(words) and not others.tried:
        return meaning._replace(next="", whose=None)  # what was sent was not read
    return persons(f"{_COMPARE} {others.again}".rstrip())
