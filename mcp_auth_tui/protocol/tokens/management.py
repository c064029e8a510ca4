"""Knows how what a server issued is looked at and ended (RFC 7009, 7662, 7592); stores nothing.

What a server could not or would not do is a sentence: nothing here ends what is done beside it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mcp_auth_tui.model import Exchange, Field, Kind, Request, Secret
from mcp_auth_tui.model.oauth import AuthorizationServer, Client
from mcp_auth_tui.protocol.actions import Protocol, Send
from mcp_auth_tui.protocol.judge import Judge
from mcp_auth_tui.protocol.tokens.endpoint import Endpoint
from mcp_auth_tui.protocol.urls import UrlRefused, endpoint

_DELETED = (200, 204)
# The registration is not there (any more), or its token is not: RFC 7592 §2.
_GONE = (401, 404)


def endpoint_of(server: AuthorizationServer, name: str) -> str:
    """Return an endpoint of the metadata that may be asked; empty when there is none."""
    url = server.document.get(name)
    try:
        return endpoint(url) if isinstance(url, str) and url else ""
    except UrlRefused:
        return ""


def revoke(asker: Endpoint, token: Secret, hint: str) -> Protocol[str]:
    """Revoke a token (RFC 7009 §2.1), ``hint`` is its type; returns why not, or nothing."""
    url = endpoint_of(asker.server, "revocation_endpoint")
    if not url:
        return "the authorization server names no revocation_endpoint"
    form = (
        Field("token", token, "what is to end", "RFC 7009 §2.1"),
        Field("token_type_hint", hint, "which kind it is", "RFC 7009 §2.1"),
    )
    exchange, answer = yield from asker.ask(form, f"revocation of the {hint}", url, patient=True)
    return "" if exchange.status == 200 else _reason(exchange, answer)


def introspect(asker: Endpoint, token: Secret) -> Protocol[tuple[Mapping[str, Any] | None, str]]:
    """Ask what a token is worth (RFC 7662 §2); returns the answer, or None and why not."""
    url = endpoint_of(asker.server, "introspection_endpoint")
    if not url:
        return None, "the authorization server names no introspection_endpoint"
    form = (
        Field("token", token, "what is asked about", "RFC 7662 §2.1"),
        Field("token_type_hint", "access_token", "which kind it is", "RFC 7662 §2.1"),
    )
    exchange, answer = yield from asker.ask(form, "token introspection", url, patient=True)
    if exchange.status != 200 or answer is None or not isinstance(answer.get("active"), bool):
        reason = _reason(exchange, answer)
        if exchange.status in (401, 403) and asker.client.secret is None:
            # RFC 7662 §2.1: who asks has to prove itself.
            reason += "; this client has no secret, and the server may answer those with one alone"
        return None, reason
    return answer, ""


def delete_client(judge: Judge, client: Client) -> Protocol[str]:
    """Delete the registration of a client (RFC 7592 §2.3); returns why not, or nothing."""
    place = client.document.get("registration_client_uri")
    if client.registration_token is None or not isinstance(place, str):
        return "the authorization server gave no way to delete it"
    try:
        url = endpoint(place)
    except UrlRefused as error:
        return f"its registration_client_uri is not asked: {error}"
    value = Secret(f"Bearer {client.registration_token.reveal()}")
    request = Request(
        judge.stage,
        "deletion of the registration",
        "DELETE",
        url,
        Kind.TOKEN,
        (Field("Authorization", value, "given with the registration", "RFC 7592 §2.3"),),
    )
    exchange: Exchange = yield Send(request)
    done = exchange.status in _DELETED or exchange.status in _GONE
    return "" if done else _reason(exchange, None)


def _reason(exchange: Exchange, answer: Mapping[str, Any] | None) -> str:
    if exchange.failure is not None:
        return exchange.failure.message.rstrip(".")
    error = (answer or {}).get("error")
    return f"HTTP {exchange.status}{f' ({error})' if isinstance(error, str) else ''}"
