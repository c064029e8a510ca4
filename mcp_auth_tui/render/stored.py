"""Knows how what is stored is told in lines and in JSON, its secrets masked; must not know a store.

The lines hold server text as received, but for what a name in it gives away: whoever prints them
makes them harmless.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from mcp_auth_tui.model import Finding, Level
from mcp_auth_tui.protocol.jwt import read_jwt
from mcp_auth_tui.text import redaction
from mcp_auth_tui.text.units import duration

if TYPE_CHECKING:
    from mcp_auth_tui.model.oauth import Client, Token
    from mcp_auth_tui.storage.other_tools import ForeignGrant
    from mcp_auth_tui.storage.token_entries import StoredToken

SCHEMA = "mcp-auth-tui-sessions/1"


def name(stored: StoredToken) -> str:
    """Return what a stored token is called in a sentence."""
    url = stored.urls[0] if stored.urls else str(stored.resource)
    return f"{redaction.redact_text(url)} (client {stored.client_id})"


def _place(stored: StoredToken) -> str:
    return redaction.redact_text(", ".join(stored.urls) or str(stored.resource))


def document(tokens: Sequence[StoredToken], clients: Sequence[Client]) -> dict[str, Any]:
    """Return what is stored, without any secret, as a JSON value."""
    members = {
        "schema": SCHEMA,
        "tokens": [_token_members(stored) for stored in tokens],
        "clients": [
            {
                "issuer": client.issuer,
                "client_id": client.id,
                "how": client.how,
                "redirect_uri": client.redirect_uri,
                "auth_method": client.auth_method,
            }
            for client in clients
        ],
    }
    shown: dict[str, Any] = redaction.redact_json(members, text=redaction.redact_text)
    return shown


def _token_members(stored: StoredToken) -> dict[str, Any]:
    members = {item.name: getattr(stored, item.name) for item in fields(stored)}
    del members["server"]
    return {**members, "urls": list(stored.urls), "issuer": stored.issuer}


def listing(tokens: Sequence[StoredToken], clients: Sequence[Client]) -> Iterator[str]:
    """Yield three lines a token, and one for each registration that has none."""
    for stored in tokens:
        yield _place(stored)
        yield f"  {stored.type}, {life(stored)}; scopes {stored.scope_granted or 'not said'}"
        yield f"  client {stored.client_id} of {stored.issuer}; in the {stored.where}"
    used = {(stored.issuer, stored.client_id) for stored in tokens}
    for client in clients:
        if (client.issuer, client.id) not in used:
            yield f"no token: client {client.id} of {client.issuer} ({client.how})"


def foreign(found: ForeignGrant) -> Iterator[str]:
    """Yield what another program keeps, without any secret."""
    unnamed = "for a server that the file does not name (sessions import URL finds it)"
    yield f"{found.tool}: {redaction.redact_text(found.url) or unnamed}"
    left = None if found.expires is None else found.expires - time.time()
    ends = "its end is not known" if left is None else "it has ended"
    if left is not None and left > 0:
        ends = f"good for {duration(left)}"
    refresh = "with a refresh token" if found.refresh else "no refresh token"
    held = f"{found.type}, {ends}, {refresh}" if found.access else found.note or "no token"
    yield f"  {held}; scopes {found.scope or 'not said'}"
    yield f"  client {found.client.get('client_id', 'not said')}; {found.path}"


def life(stored: StoredToken) -> str:
    """Return how long a token is good, and what comes then."""
    left = None if stored.expires is None else stored.expires - time.time()
    then = "is refreshed" if stored.refreshable else "then sign in again"
    if left is None:
        return f"its end was not said, {then}"
    return f"good for {duration(left)}, {then}" if left > 0 else f"ended, {then}"


def details(stored: StoredToken, token: Token, client: Client | None) -> Iterator[str]:
    """Yield all that is known of a token; its secrets masked."""
    yield _place(stored)
    rows: dict[str, object] = {
        "token": f"{token.type} {token.access}",
        "refresh token": token.refresh or "none",
        "life": life(stored),
        "received": _moment(stored.received),
        "accepted by the server": "yes" if stored.verified else "not yet",
        "generation": stored.generation,
        "scopes asked": stored.scope_asked or "none",
        "scopes granted": stored.scope_granted or "not said",
        "resource": stored.resource or "none",
        "issuer": stored.issuer,
        "token endpoint": stored.server.token_endpoint,
        "revocation": stored.server.document.get("revocation_endpoint", "not offered"),
        "introspection": stored.server.document.get("introspection_endpoint", "not offered"),
        "client": f"{stored.client_id} ({client.how})" if client else stored.client_id,
        "authentication": client.auth_method if client else "unknown: the client is not stored",
        "secrets": f"in the {stored.where}",
    }
    if stored.unanswered is not None:
        rows["refresh without an answer"] = _moment(stored.unanswered)
    for label, value in rows.items():
        yield f"  {label}: {redaction.redact_text(str(value))}"
    claims = read_jwt(token.access.reveal())[1]
    for key, value in (claims or {}).items():
        yield f"  claim {key} (not verified): {_member(str(key), value)}"


def introspection(stored: StoredToken, answer: Mapping[str, Any]) -> Iterator[str]:
    """Yield what the authorization server says of a token (RFC 7662 §2.2)."""
    active = answer.get("active") is True
    # RFC 7662 §2.2: who may not know is answered so, too.
    unless = "not active: it has ended, or the server lets this client not look it up"
    yield f"{name(stored)}: {'active' if active else unless}"
    for key, value in answer.items():
        if key != "active":
            yield f"  {key}: {_member(str(key), value)}"


def rotation(before: Token, after: Token, stored: StoredToken) -> Iterator[str]:
    """Yield what a refresh changed."""
    yield f"{name(stored)}: refreshed"
    same = before.access == after.access
    yield f"  access token: {'the same' if same else 'new'}, {after.access}"
    if after.refresh is None or after.refresh == before.refresh:
        yield "  refresh token: the same"
    else:
        yield f"  refresh token: rotated, {after.refresh}"
    lasts = "not said" if after.expires_in is None else duration(after.expires_in)
    yield f"  life: {lasts}"
    if after.scope_granted != before.scope_granted:
        yield f"  scopes before: {before.scope_granted or 'not said'}"
        yield f"  scopes now: {after.scope_granted or 'not said'}"


def warnings(findings: Sequence[Finding]) -> Iterator[str]:
    """Yield what a server should mend of its answer to a refresh."""
    for finding in findings:
        if finding.level.rank <= Level.WARNING.rank:
            yield f"  {finding.level}: {finding.message} [{finding.id}]"


def _moment(seconds: float) -> str:
    try:
        return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(seconds))
    except (OverflowError, ValueError, OSError):
        return f"{seconds:g}"


def _member(key: str, value: Any) -> str:
    shown = redaction.redact_json({key: value}, text=redaction.redact_text)[key]
    return shown if isinstance(shown, str) else json.dumps(shown)
