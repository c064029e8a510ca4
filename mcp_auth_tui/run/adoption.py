"""Knows how what another program keeps is taken into the token store; changes nothing of theirs.

Their files name no endpoints, so the MCP server is asked for its metadata, without any token.
"""

from __future__ import annotations

import asyncio
import time

from mcp_auth_tui.model import Secret, Stage
from mcp_auth_tui.model.oauth import AuthorizationServer, Client, Resource, Token
from mcp_auth_tui.net.settings import NetworkSettings
from mcp_auth_tui.protocol import stages
from mcp_auth_tui.protocol.actions import Protocol
from mcp_auth_tui.protocol.config import Config
from mcp_auth_tui.protocol.contact import probe
from mcp_auth_tui.protocol.judge import Judge
from mcp_auth_tui.run.unattended import drive
from mcp_auth_tui.storage.other_tools import ForeignGrant
from mcp_auth_tui.storage.token_entries import StoredToken
from mcp_auth_tui.storage.tokens import TokenStore

_SECRETS = ("client_secret", "registration_access_token")


class AdoptionProblem(Exception):
    """It cannot be taken over; the message is a sentence, ``exit`` the exit code."""

    def __init__(self, message: str, exit: int = 1) -> None:
        super().__init__(message)
        self.exit = exit


def adopt(
    store: TokenStore, found: ForeignGrant, url: str, settings: NetworkSettings
) -> StoredToken:
    """Take a token and its client over, for the MCP URL; raises `AdoptionProblem`, `StoreProblem`.

    What the program keeps stays as it is. Both hold the same refresh token then.
    """
    client_id = found.client.get("client_id")
    if found.access is None:
        raise AdoptionProblem(found.note or "There is no token in it.")
    if not isinstance(client_id, str) or not client_id:
        raise AdoptionProblem("It does not say which client the token was given to.")
    if found.type.lower() != "bearer":
        raise AdoptionProblem(f"Its token is of the type {found.type}: only Bearer can be used.")
    resource, server = _discovered(url, settings)
    if found.issuer and found.issuer.rstrip("/") != server.issuer.rstrip("/"):
        raise AdoptionProblem(
            f"The token is of {found.issuer}, and {url} names {server.issuer} now: it was given "
            "away by another server, and is sent to none."
        )
    token = Token(
        found.access,
        "Bearer",
        server.issuer,
        resource.identifier,
        client_id,
        time.time(),
        None if found.expires is None else max(found.expires - time.time(), 0.0),
        found.scope,
        found.scope,
        found.refresh,
    )
    return store.keep((url,), server, _client(found, client_id, server), token)


def _client(found: ForeignGrant, id: str, server: AuthorizationServer) -> Client:
    secret = found.client.get("client_secret")
    given = secret if isinstance(secret, str) and secret else None
    method = found.client.get("token_endpoint_auth_method")
    usual = "client_secret_basic" if given else "none"
    uris = found.client.get("redirect_uris")
    first = uris[0] if isinstance(uris, list) and uris and isinstance(uris[0], str) else ""
    return Client(
        id,
        f"imported from {found.tool}",
        server.issuer,
        first,
        method if isinstance(method, str) else usual,
        Secret(given) if given else None,
        {key: value for key, value in found.client.items() if key not in _SECRETS},
    )


def _discovered(url: str, settings: NetworkSettings) -> tuple[Resource, AuthorizationServer]:
    judge = Judge(Config(url=url), Stage.PROBE)

    def look() -> Protocol[tuple[Resource, AuthorizationServer]]:
        contact, _ = yield from probe(judge)
        resource = yield from stages.find_resource(judge, contact)
        return resource, (yield from stages.find_server(judge, resource, contact))

    driven = asyncio.run(drive(Config(url=url), look(), settings))
    if driven.stop is not None:
        raise AdoptionProblem(
            f"The servers could not be found out: {driven.stop.message}", driven.stop.exit
        )
    found: tuple[Resource, AuthorizationServer] = driven.value
    return found
