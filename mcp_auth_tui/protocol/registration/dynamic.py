"""Knows dynamic client registration (RFC 7591): what is asked for and how the answer is read.

It must not know the other ways to a client, nor what the client is used for.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from mcp_auth_tui.model import Exchange, Field, Kind, Request, Secret, Stage
from mcp_auth_tui.model.oauth import AuthorizationServer, Client
from mcp_auth_tui.protocol import certificate, error_answer
from mcp_auth_tui.protocol.actions import Protocol, Send
from mcp_auth_tui.protocol.authorization.scope import Scope
from mcp_auth_tui.protocol.checks import registration
from mcp_auth_tui.protocol.checks.check import Check, as_seen
from mcp_auth_tui.protocol.config import Config
from mcp_auth_tui.protocol.discovery.guesses import guessed_wrong
from mcp_auth_tui.protocol.judge import Judge
from mcp_auth_tui.protocol.registration import refusals
from mcp_auth_tui.protocol.registration.concessions import Concession, concessions
from mcp_auth_tui.protocol.strict_json import loads
from mcp_auth_tui.protocol.tokens.authentication import METHODS, method_for
from mcp_auth_tui.protocol.tokens.remedies import not_there
from mcp_auth_tui.text.patterns import pattern

NAME = "mcp-auth-tui"
# RFC 6749 appendix A.1: what a client id is made of.
_VSCHARS = pattern(r"[\x20-\x7e]+\Z")
_CREATED = (200, 201)
_DEVICE = "urn:ietf:params:oauth:grant-type:device_code"


def metadata_fields(
    config: Config,
    server: AuthorizationServer,
    redirect_uri: str,
    scope: Scope | None = None,
    *,
    dpop: bool = False,
) -> tuple[Field, ...]:
    """Return the members of the registration request with the reason for each (G3, G4).

    ``scope`` is what will be asked for; ``dpop``: the tokens will be bound to a key.
    """
    listed = server.list("token_endpoint_auth_methods_supported")
    able = [name for name in reversed(METHODS) if listed is None or name in listed]
    by_certificate = certificate.method_for(config.certificate, listed)
    method = config.auth_method or by_certificate or (able[0] if able else "none")
    reason = "as asked" if config.auth_method else "a program on a person's machine has no secret"
    if by_certificate == method:
        reason = "a certificate was given (--client-cert)"
    elif not config.auth_method and method != "none":
        reason = "the server does not list none"
    flow = "authorization_code" if redirect_uri else _DEVICE
    name = config.client_name or NAME
    members = [Field("client_name", name, "what the consent page shows", "RFC 7591 §2")]
    if redirect_uri:
        members.append(
            Field(
                "redirect_uris", json.dumps([redirect_uri]), "bound a moment ago", "RFC 8252 §7.3"
            )
        )
    members += [
        Field(
            "grant_types",
            json.dumps([flow, "refresh_token"]),
            "the flow, and staying signed in",
            "RFC 7591 §2",
        ),
        Field(
            "response_types",
            json.dumps(["code"] if redirect_uri else []),
            "the code flow" if redirect_uri else "no redirect is part of it",
            "RFC 7591 §2",
        ),
        Field("token_endpoint_auth_method", json.dumps(method), reason, "RFC 7591 §2"),
        Field(
            "application_type",
            '"native"',
            "the redirect URI is loopback",
            "MCP 2026-07-28 client registration",
        ),
        Field("software_id", json.dumps(NAME), "names the program", "RFC 7591 §2"),
        Field("software_version", json.dumps(config.version), "names its version", "RFC 7591 §2"),
    ]
    if scope is not None and scope.value:
        reason = f"what will be asked for: {scope.reason}"
        members.append(Field("scope", json.dumps(scope.value), reason, "RFC 7591 §2"))
    bound = server.flag(certificate.BOUND)
    members += certificate.registration_fields(config.certificate, method, bound=bound)
    if dpop:
        members.append(
            Field("dpop_bound_access_tokens", "true", "proofs will be given", "RFC 9449 §5.2")
        )
    return tuple(members)


def _initial_access(config: Config) -> tuple[Field, ...]:
    if config.registration_token is None:
        return ()
    value = Secret(f"Bearer {config.registration_token.reveal()}")
    return (Field("Authorization", value, "as asked by --registration-token", "RFC 7591 §3"),)


def _member(field: Field) -> Any:
    return field.raw if field.name == "client_name" else json.loads(field.raw)


def register(
    judge: Judge,
    server: AuthorizationServer,
    redirect_uri: str,
    scope: Scope | None = None,
    *,
    dpop: bool = False,
) -> Protocol[Client]:
    """Register a client; raises `FlowStop` (dcr-refused, dcr-needs-token, client-no-person, …).

    Where something optional is refused, it is asked again without it (`concessions`).
    """
    config = judge.config
    if config.nobody and redirect_uri:
        judge.stop(
            "client-no-person",
            seen=config.nobody,
            message="Nobody can come to sign in: no client was registered for it.",
            next="Run it on a terminal, or with --wait SECONDS and sign in at the address that is"
            " shown.",
        )
    members = metadata_fields(config, server, redirect_uri, scope, dpop=dpop)
    exchange = yield from _asked(judge, server, members)
    if _refuses(exchange):
        exchange = yield from _conceded(judge, server, members, exchange)
    answer = yield from _registered(judge, exchange, redirect_uri)
    client = yield from _client(judge, server, exchange, answer)
    # What was conceded to a server is no address to come back to.
    return client if redirect_uri else replace(client, redirect_uri="")


def _conceded(
    judge: Judge, server: AuthorizationServer, members: tuple[Field, ...], refusal: Exchange
) -> Protocol[Exchange]:
    """Ask again as each refusal suggests; where all are refused, the first refusal stands."""
    chosen = judge.config.auth_method is not None
    given: list[tuple[Concession, Exchange]] = []
    exchange = refusal
    while left := [
        item
        for item in concessions(server, members, exchange, chosen=chosen)
        if item.finding not in {before.finding for before, _ in given}
    ]:
        given.append((left[0], exchange))
        members = left[0].members
        exchange = yield from _asked(judge, server, members)
        if not _refuses(exchange):
            for concession, before in given:
                seen = f"HTTP {before.status} ({concession.about})"
                seen = error_answer.seen(seen, before)
                yield from judge.note(concession.finding, seen=seen, exchange=before)
            return exchange
    return refusal


def outgrown(client: Client, scope: Scope) -> bool:
    """Return whether a client was registered for fewer scopes than will be asked for now."""
    registered = client.document.get("scope")
    if client.how != "dynamic" or not isinstance(registered, str) or not registered:
        return False
    return not set((scope.value or "").split()) <= set(registered.split())


def _asked(
    judge: Judge, server: AuthorizationServer, members: tuple[Field, ...]
) -> Protocol[Exchange]:
    request = Request(
        Stage.REGISTER,
        "dynamic client registration",
        "POST",
        server.registration_endpoint or "",
        Kind.TOKEN,
        (
            Field("Accept", "application/json", "the answer is JSON", "RFC 7591 §3.2"),
            Field("Content-Type", "application/json", "the request is JSON", "RFC 7591 §3.1"),
            *_initial_access(judge.config),
        ),
        json={field.name: _member(field) for field in members},
        reasons=members,
    )
    exchange: Exchange = yield Send(request)
    if (failure := exchange.failure) is not None:
        judge.lost(exchange, failure)
    guessed_wrong(judge, server, exchange)
    return exchange


def _refuses(exchange: Exchange) -> bool:
    """Return whether nothing was registered: some servers answer an error with 200."""
    if exchange.status not in _CREATED:
        return True
    try:
        answer = loads(exchange.response.text if exchange.response else "", duplicates=True)
    except ValueError:
        return False
    refusal = isinstance(answer, dict) and isinstance(answer.get("error"), str)
    return refusal and "client_id" not in answer


def _registered(judge: Judge, exchange: Exchange, redirect_uri: str) -> Protocol[Mapping[str, Any]]:
    """Check the shape of the registration answer; raises `FlowStop` on a refusal (G6)."""
    response = exchange.response
    text = response.text if response else ""
    try:
        answer = loads(text, duplicates=True)
    except ValueError as error:
        answer = None
        why = "an empty body" if not text.strip() else f"a body that is not JSON ({error})"
    else:
        why = "a body that is no JSON object"
    judge.busy(exchange)
    if _refuses(exchange):
        told = isinstance(answer, dict) and isinstance(answer.get("error"), str)
        # 401 and 403 are how a server says that it wants an initial access token (RFC 7591 §3).
        shaped = told and exchange.status in (400, 401, 403)
        seen = f"HTTP {exchange.status} {'with' if told else 'without'} a JSON error"
        missing = not_there(judge.config, exchange, "registration_endpoint")
        if not error_answer.read(exchange).blocked and missing is None:
            yield from judge.tell([Check("dcr-error-shape", not shaped, seen)], exchange)
        refusals.stop(judge, exchange, answer if isinstance(answer, dict) else {}, redirect_uri)
    if not isinstance(answer, dict):
        seen = error_answer.seen(f"HTTP {exchange.status} with {why}", exchange)
        refusals.stop_at_page(judge, exchange, seen)
        judge.stop("dcr-no-client-id", seen=seen, exchange=exchange)
    status = Check("dcr-status", exchange.status != 201, f"HTTP {exchange.status}")
    yield from judge.tell([status], exchange)
    credential = answer.get("client_secret") or answer.get("registration_access_token")
    if response and credential:
        control = response.header("cache-control") or "no Cache-Control"
        wrong = "no-store" not in control.lower()
        yield from judge.tell([Check("dcr-cacheable", wrong, control, "cache-control")], exchange)
    return answer


def _client(
    judge: Judge, server: AuthorizationServer, exchange: Exchange, answer: Mapping[str, Any]
) -> Protocol[Client]:
    """Read the answer, not the wish (G5)."""
    sent = exchange.request.json or {}
    id = answer.get("client_id")
    if isinstance(id, int) and not isinstance(id, bool):
        yield from judge.note(
            "dcr-client-id-type",
            seen=f"{id}: a number",
            expected=f'"client_id": "{id}"',
            exchange=exchange,
            pointer="/client_id",
        )
        answer = {**answer, "client_id": (id := str(id))}
    if not isinstance(id, str) or not _VSCHARS.match(id):
        judge.stop("dcr-no-client-id", seen=as_seen(id), exchange=exchange, pointer="/client_id")
    yield from judge.keep("dcr-no-client-id", seen=id, exchange=exchange, pointer="/client_id")
    given = answer.get("client_secret")
    secret = Secret(given) if isinstance(given, str) and given else None
    yield from judge.tell(registration.answer(answer, sent, server, exchange), exchange)
    named, wished = registration.method_of(answer, sent, server), sent.get("redirect_uris")
    redirect_uri = str(wished[0]) if isinstance(wished, list) and wished else ""
    known = named in (*METHODS, *certificate.METHODS)
    wish = named if known or judge.config.client_key else None
    method = judge.config.auth_method or method_for(
        server, wish, secret is not None, judge.config.certificate
    )
    token = answer.get("registration_access_token")
    hidden = ("client_secret", "registration_access_token")
    return Client(
        id,
        "dynamic",
        server.issuer,
        redirect_uri,
        method,
        secret,
        {key: value for key, value in answer.items() if key not in hidden},
        Secret(token) if isinstance(token, str) and token else None,
    )
