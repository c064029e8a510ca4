"""Knows how registration answers (dcr-*) and a client's own document (cimd-own-*) are mended."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from mcp_auth_tui.fixes import values
from mcp_auth_tui.fixes.answer import Answer, Fix, NoFix, blank
from mcp_auth_tui.fixes.breach import Breach, Row
from mcp_auth_tui.fixes.resource import as_json
from mcp_auth_tui.model.oauth import AuthorizationServer
from mcp_auth_tui.protocol.checks.registration import method_of
from mcp_auth_tui.protocol.urls import is_url, join

_METHOD, _REDIRECTS = "token_endpoint_auth_method", "redirect_uris"
_CORE = (_REDIRECTS, "grant_types", "response_types", _METHOD)
_SECRET = ("client_secret", "client_secret_expires_at")
_NEEDED = ("client_id", "client_name", _REDIRECTS, _METHOD)
_LARGEST = 5 * 1024
_UNKNOWN = AuthorizationServer("", None)


def no_store(breach: Breach) -> Answer:
    """Forbid caches to store the answer (RFC 9111 §5.2.2.5)."""
    return breach.head.header("cache-control", "no-store")


def _error(breach: Breach) -> Answer:
    what = blank("invalid_redirect_uri or invalid_client_metadata")
    head = replace(breach.head, status=400, document={"error": what})
    return head.header("content-type", "application/json")


def _id(breach: Breach) -> Answer:
    return breach.answer.put(client_id=blank("an id for this client, as a string"))


def _return_all(breach: Breach) -> Answer:
    lacking = {k: breach.sent[k] for k in _CORE if k in breach.sent}
    document = breach.answer.document or {}
    return breach.answer.put(**{k: v for k, v in lacking.items() if k not in document})


def _method(breach: Breach) -> Answer:
    """Name the method that is in use (RFC 7591 §3.2.1)."""
    server = breach.session.server or _UNKNOWN
    document = breach.answer.document or {}
    return breach.answer.put(**{_METHOD: method_of(document, breach.sent, server)})


def _fit(breach: Breach) -> Answer:
    """Register the method that was asked for, with a secret exactly where it uses one."""
    server = breach.session.server or _UNKNOWN
    listed = server.list(f"{_METHOD}s_supported") or ()
    asked = breach.sent.get(_METHOD)
    method = asked if isinstance(asked, str) and (not listed or asked in listed) else None
    if method is None:
        method = listed[0] if listed else "none"
    answer = breach.answer.put(**{_METHOD: method})
    if method in ("none", "private_key_jwt"):
        return answer.drop(*_SECRET)
    if not answer.at("/client_secret"):
        return answer.put(client_secret=blank("a secret"), client_secret_expires_at=_expiry())
    return answer


def _expiry() -> str:
    return blank("0 if it never expires, else seconds since 1970: a number")


def _drop_empty(breach: Breach) -> Answer:
    document = breach.answer.document or {}
    return breach.answer.drop(*(name for name, value in document.items() if value in (None, "")))


def _manage(breach: Breach) -> Answer:
    """Return the whole place that manages the client, or no half of it (RFC 7592 §3)."""
    place, token = "registration_client_uri", "registration_access_token"
    document = breach.answer.document or {}
    if not document.get(place) or not document.get(token):
        return breach.answer.drop(place, token)
    whole = join(breach.exchange.request.url, str(document[place]))
    if not is_url(whole):
        return breach.answer.put(**{place: blank("absolute https URL of this registration")})
    return breach.answer.put(**{place: whole})


def _own(breach: Breach) -> Answer | Fix:
    """Complete the client's own document: its address, a name, the redirect address in use."""
    url, redirect = breach.exchange.request.url, _redirect_uri(breach)
    known: dict[str, Any] = {
        "client_id": url,
        "client_name": blank("the name that people are shown"),
        _REDIRECTS: [redirect] if redirect else [blank("redirect address")],
    }
    try:
        answer = breach.answer
    except NoFix:
        answer = None
    if answer is None or breach.head.status != 200:
        return breach.head.as_document({**known, _METHOD: "none"})
    document = answer.document or {}
    good = {
        "client_id": isinstance(document.get("client_id"), str) and document["client_id"],
        "client_name": isinstance(document.get("client_name"), str) and document["client_name"],
        _REDIRECTS: any(isinstance(item, str) for item in values.texts(document.get(_REDIRECTS))),
    }
    return answer.put(**{name: value for name, value in known.items() if not good[name]})


def _redirect_uri(breach: Breach) -> str:
    client, attempt = breach.session.client, breach.session.attempt
    return (client.redirect_uri if client else "") or (attempt.redirect_uri if attempt else "")


def _smaller(breach: Breach) -> Answer:
    """Leave out the largest members that no server needs, until the document is small enough."""
    answer = breach.answer
    while _size(answer) > _LARGEST:
        optional = {k: v for k, v in (answer.document or {}).items() if k not in _NEEDED}
        if not optional:
            raise NoFix("What is too large in it is needed: only its owner can say what may go.")
        answer = answer.drop(max(optional, key=lambda name: len(json.dumps(optional[name]))))
    return answer.note("Left out is what is largest and no server needs to sign you in.")


def _size(answer: Answer) -> int:
    return len(json.dumps(answer.document, indent=2).encode())


def _keyless(breach: Breach) -> Answer:
    note = "private_key_jwt is as good, with the key in jwks or jwks_uri."
    return breach.answer.put(**{_METHOD: "none"}).note(note)


FIXES: Mapping[str, Row] = {
    "dcr-status": lambda breach: replace(breach.head, status=201),
    "dcr-error-shape": _error,
    "dcr-no-client-id": _id,
    "dcr-client-id-type": lambda breach: breach.answer.put(
        client_id=str(breach.answer.at("/client_id"))
    ),
    "dcr-method-silent": _method,
    "dcr-secret-expiry": lambda breach: breach.answer.put(client_secret_expires_at=_expiry()),
    "dcr-secret-mismatch": _fit,
    "dcr-echo": _return_all,
    "dcr-null": _drop_empty,
    "dcr-redirects-changed": lambda breach: breach.answer.put(
        redirect_uris=breach.sent.get(_REDIRECTS, [])
    ),
    "dcr-method-unlisted": _fit,
    "dcr-cacheable": no_store,
    "dcr-mgmt-partial": _manage,
    "dcr-id-like-url": lambda breach: breach.answer.put(
        client_id=blank("an id that does not begin with https://")
    ),
    "cimd-own-id-mismatch": lambda breach: breach.answer.put(client_id=breach.exchange.request.url),
    "cimd-own-required-members": _own,
    "cimd-own-secret": lambda breach: breach.answer.drop(*_SECRET),
    "cimd-own-symmetric-auth": _keyless,
    "cimd-own-redirect-absent": lambda breach: breach.answer.put(
        redirect_uris=values.with_items(breach.answer.at(f"/{_REDIRECTS}"), breach.expected)
    ),
    "cimd-own-redirected": _own,
    "cimd-own-content-type": as_json,
    "cimd-own-too-large": _smaller,
}
