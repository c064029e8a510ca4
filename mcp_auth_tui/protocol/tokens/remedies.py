"""Knows what can be done about a refusal by the authorization server; must not end a run (K7)."""

from __future__ import annotations

import re
from typing import NamedTuple

from mcp_auth_tui.model import Exchange, Whose
from mcp_auth_tui.protocol import error_answer
from mcp_auth_tui.protocol.config import Config
from mcp_auth_tui.protocol.discovery.by_hand import copiable
from mcp_auth_tui.protocol.error_answer import ErrorAnswer
from mcp_auth_tui.protocol.urls import join, split
from mcp_auth_tui.text.patterns import pattern

FAILED = "Look in the authorization server's log for what failed at that time."
# For who runs the server, and for who only uses it (K7).
REMEDIES = {
    "invalid_client": (
        "Compare client id, secret and authentication method with what is registered.",
        "Try another --auth-method, or another client with --client-id.",
    ),
    "invalid_target": (
        "Add this resource to those that the server knows.",
        "See with --no-resource whether it works without.",
    ),
    "invalid_scope": (
        "Grant these scopes to this client, or do not ask for them in challenge and metadata.",
        "Ask for fewer scopes with --scope.",
    ),
    "unauthorized_client": ("Allow this client the grant.", "Choose another grant with --grant."),
    "unsupported_grant_type": ("Allow the grant.", "Choose another grant with --grant."),
}
# Codes behind which may stand that the header with id and secret was not read.
_UNSURE = (None, "invalid_client", "invalid_request", "unauthorized_client")
_REFUSED_GRANT = {
    "authorization_code": "The code was sent once, as soon as it came back, with the redirect_uri"
    " and the code_verifier that belong to it: look for why it is not taken (instances that share"
    " no store, a very short life).",
    "urn:ietf:params:oauth:grant-type:jwt-bearer": "Look at the assertion: its audience, its"
    " expiry, and whether the server trusts who issued it.",
}


# What a sentence misses or does not know, where no error code says it.
_PARAMETERS = {
    "client_secret": (
        "Let clients without a secret in, or say in the metadata and in the registration that one"
        " is needed.",
        "This server wants a secret: give a client that has one with --client-id, or let the secret"
        " go in the body with --auth-method client_secret_post.",
    ),
    "client_id": (
        "Take client_id from the form, and from the Authorization header where the client uses it.",
        "Send client id and secret in the body with --auth-method client_secret_post.",
    ),
    "code_verifier": (
        "Take code_verifier (PKCE, RFC 7636 §4.5): every client of MCP sends it.",
        "",
    ),
    "resource": REMEDIES["invalid_target"],
    "audience": REMEDIES["invalid_target"],
    "scope": REMEDIES["invalid_scope"],
    "grant_type": REMEDIES["unsupported_grant_type"],
}
# Who proves itself may do so elsewhere than in the form.
_PROVING = ("client_id", "client_secret", "client_assertion", "client_assertion_type")
_READ_FORM = "Read the form of the request (application/x-www-form-urlencoded"
_LACKS = (
    r"(?i)\b{0}\b.{{0,40}}\b(required|missing|absent)\b|\b(missing|requires?)\b.{{0,40}}\b{0}\b"
)
_CREDENTIAL = r"(?i)client[\s_-]?(secret|credential)|client authentication"
_SAY_DPOP = (
    "Say in the metadata that proofs are wanted (dpop_signing_alg_values_supported of the server,"
    " dpop_bound_access_tokens_required of the resource): clients send none else.",
    "Give proofs of possession: --dpop on.",
)
_UNREAD = (
    "Read the Authorization header (Basic), or take client_secret_basic out of the metadata and of"
    " the registration.",
    "Send client id and secret in the body: --auth-method client_secret_post.",
)


def in_the_way(words: ErrorAnswer, exchange: Exchange) -> tuple[str, str]:
    """Return headline and next step where something before the server refused a request."""
    path = split(exchange.request.url).path
    product = f" ({words.product})" if words.product else ""
    return (
        f"Something before the authorization server refused the request{product}; the server"
        " itself did not answer.",
        f"Let {exchange.request.method} {path} through the bot protection, firewall, gateway or"
        " rate limit that answers so.",
    )


_LOGIN = pattern(r"(?i)log[-_]?in\b|sign[-_]?in\b|/oauth2/start\b")
# What a server says that has nothing at a path, or not for POST.
_NOT_THERE = (404, 405, 410, 501)
# The error codes that only an endpoint of OAuth gives (RFC 6749 §5.2, RFC 7591 §3.2.2, RFC 8707).
_OF_OAUTH = pattern(
    r"(invalid_(request|client|grant|scope|target|redirect_uri|client_metadata))"
    r"|unauthorized_client|unsupported_grant_type|access_denied"
)


class MissingEndpoint(NamedTuple):
    """What is told of an endpoint that is not where it is asked."""

    seen: str
    message: str
    next: str
    meanwhile: str
    whose: Whose | None


def not_there(config: Config, exchange: Exchange, member: str) -> MissingEndpoint | None:
    """Say so where nothing of OAuth answers at an endpoint; None where it is there.

    ``member`` is its name in the metadata; an endpoint that a person typed is the person's.
    """
    code = error_answer.read(exchange).code
    response, name = exchange.response, member.replace("_", " ")
    option = f"--{member.replace('_', '-')}"
    place = (response.header("location") if response else None) or ""
    if 300 <= exchange.status < 400:
        message = f"The {name} answers with a redirect."
        place = place and join(exchange.request.url, place)
        seen = f"HTTP {exchange.status} to {place or 'nowhere'}"
    elif exchange.status in _NOT_THERE and not _OF_OAUTH.fullmatch(code):
        message = f"There is no {name} at its address."
        seen, place = (
            error_answer.seen(f"HTTP {exchange.status} to {exchange.request.url}", exchange),
            "",
        )
    else:
        return None
    way = f"{option} {place}, if that place is to be trusted." if _secure(place) else ""
    if getattr(config, member) is not None:
        return MissingEndpoint(seen, message, f"Look at {option}. {way}".rstrip(), "", Whose.CLIENT)
    next = f"Name the address that answers POST as {member} in the metadata, or answer there."
    if not way and member == "token_endpoint":
        way = f"If you know the right one: {option} URL."
    return MissingEndpoint(seen, message, next, way, None)


def _secure(place: str) -> bool:
    return copiable(place) and not _LOGIN.search(place)


def remedy(exchange: Exchange, error: object, words: ErrorAnswer) -> tuple[str, str]:
    """Return what can be done about an error (RFC 6749 §5.2), as far as it is known.

    A parameter that the answer names comes before its code: it says more.
    """
    if unread := _unread(exchange, words):
        return unread, ""
    named = next((name for name in _PARAMETERS if re.search(_speaks_of(name), words.text)), "")
    basic = any(field.raw.startswith("Basic ") for field in exchange.request.headers)
    if basic and named in ("client_id", "client_secret") and error in _UNSURE:
        return _UNREAD
    if error == "invalid_dpop_proof" and not exchange.request.carries("DPoP"):
        return _SAY_DPOP
    if error == "invalid_grant":
        if exchange.edited:
            return "", ""  # what was sent is not what belongs together any more
        form = exchange.request.form or ()
        grant = next((field.raw for field in form if field.name == "grant_type"), "")
        return _REFUSED_GRANT.get(grant, ""), ""
    if error == "unauthorized_client" and re.search(_CREDENTIAL, words.text):
        return REMEDIES["invalid_client"]
    if isinstance(error, str) and error in REMEDIES:
        return REMEDIES[error]
    return _PARAMETERS[named] if named else ("", "")


def _speaks_of(name: str) -> str:
    """Return what a sentence says that is about a parameter, not about a page of that name."""
    page = r"(?!s? (was |could )?not (be )?found)" if name == "resource" else ""
    return rf"\b{name}\b{page}"


def _unread(exchange: Exchange, words: ErrorAnswer) -> str:
    """Return what to do where the form was sent and not read; empty where it was."""
    sent = [field.name for field in exchange.request.form or () if field.name not in _PROVING]
    if exchange.status == 415:
        return f"{_READ_FORM}, RFC 6749 §4.1.3)."
    missed = next((name for name in sent if lacks(name, words.words)), "")
    return f"{_READ_FORM}): {missed} was sent in it." if missed else ""


def lacks(name: str, words: str) -> bool:
    """Return whether a refusal says that a parameter was not sent."""
    return re.search(_LACKS.format(name), words) is not None
