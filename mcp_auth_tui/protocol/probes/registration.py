"""Knows what a registration must refuse, and what a client ID metadata document must not pass."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from mcp_auth_tui.model import Exchange, Field, Kind, Level, Request, Secret, Stage
from mcp_auth_tui.model.oauth import Client
from mcp_auth_tui.protocol.actions import Protocol
from mcp_auth_tui.protocol.probes.authorization import prepared, refused_back
from mcp_auth_tui.protocol.probes.target import Target, Unable, status_of
from mcp_auth_tui.protocol.probes.trial import Trial
from mcp_auth_tui.protocol.registration import dynamic
from mcp_auth_tui.protocol.strict_json import loads

_BAD: tuple[tuple[str, str, Level | None], ...] = (
    ("a script", "javascript:alert(1)", None),
    ("http on another host", "http://probe.example/callback", Level.WARNING),
    ("a fragment", "http://127.0.0.1:49152/callback#probe", Level.WARNING),
)
_CREATED = (200, 201)


def redirects(target: Target) -> Protocol[tuple[Trial, ...]]:
    """Register clients with redirect addresses that must be refused, and two with a good one."""
    server, client = target.need_server(), target.need_client()
    if not server.registration_endpoint:
        raise Unable("the server registers no clients")
    trials = []
    for what, address, level in _BAD:
        exchange, created = yield from _registered(target, address, f"a client with {what}")
        if exchange.response is None or exchange.status >= 500:
            trials.append(Trial(what, None, status_of(exchange), exchange.number))
            continue
        seen = f"{status_of(exchange)}{f', client {created.id}' if created else ''}"
        kept = not (created is not None and address in _redirects(created))
        trials.append(Trial(what, kept, seen, exchange.number, level if not kept else None))
    ids = []
    for number in ("one", "two"):
        exchange, created = yield from _registered(
            target, client.redirect_uri, f"a client, number {number}"
        )
        if created is not None:
            ids.append(created.id)
    what = "two registrations"
    if len(ids) < 2:
        trials.append(Trial(what, None, status_of(exchange), exchange.number))
    else:
        seen = "two ids" if ids[0] != ids[1] else f"both are {ids[0]}"
        same = Level.WARNING if ids[0] == ids[1] else None
        trials.append(Trial(what, ids[0] != ids[1], seen, exchange.number, same))
    return tuple(trials)


def _redirects(client: Client) -> list[Any]:
    listed = client.document.get("redirect_uris")
    # What is not said was taken as it was asked for.
    return listed if isinstance(listed, list) else [client.redirect_uri]


def _registered(
    target: Target, address: str, what: str
) -> Protocol[tuple[Exchange, Client | None]]:
    """Register a client, whatever is thought of its address; it is deleted with the others."""
    server = target.need_server()
    members = dynamic.metadata_fields(target.config, server, address)
    body = {
        item.name: item.raw if item.name == "client_name" else json.loads(item.raw)
        for item in members
    }
    accept = Field("Accept", "application/json", "the answer is JSON", "RFC 7591 §3.2")
    given = target.config.registration_token
    headers: tuple[Field, ...] = (accept,)
    if given is not None:
        value = Secret(f"Bearer {given.reveal()}")
        headers += (Field("Authorization", value, "--registration-token", "RFC 7591 §3"),)
    request = Request(
        Stage.REGISTER,
        f"probe: {what}",
        "POST",
        server.registration_endpoint or "",
        Kind.TOKEN,
        headers,
        json=body,
        reasons=members,
    )
    exchange = yield from target.send(request)
    client = _client(target, exchange, address)
    if client is not None:
        target.clients.append(client)
    return exchange, client


def _client(target: Target, exchange: Exchange, address: str) -> Client | None:
    if exchange.status not in _CREATED or exchange.response is None:
        return None
    try:
        answer: Any = loads(exchange.response.text)
    except ValueError:
        return None
    if not isinstance(answer, Mapping) or not isinstance(answer.get("client_id"), str):
        return None
    token = answer.get("registration_access_token")
    return Client(
        answer["client_id"],
        "dynamic",
        target.need_server().issuer,
        address,
        "none",
        None,
        {
            key: value
            for key, value in answer.items()
            if key not in ("client_secret", "registration_access_token")
        },
        Secret(token) if isinstance(token, str) and token else None,
    )


def metadata_document(target: Target) -> Protocol[tuple[Trial, ...]]:
    """Use a client metadata document under another id, and with an address it does not list."""
    server, _, _ = target.need_code_flow()
    if not server.flag("client_id_metadata_document_supported"):
        raise Unable("the server takes no client ID metadata documents")
    url = target.config.client_metadata_url
    if not url:
        raise Unable("no document was given (--client-metadata-url)")
    trials = []
    for what, changes in (
        ("a document that names another client_id", {"client_id": f"{url}?probe=1"}),
        (
            "an address that the document does not list",
            {"client_id": url, "redirect_uri": "https://probe.example/callback"},
        ),
    ):
        attempt = yield from prepared(target, changes)
        trial = yield from refused_back(target, attempt, what)
        trials.append(replace(trial, what=what))
    return tuple(trials)
