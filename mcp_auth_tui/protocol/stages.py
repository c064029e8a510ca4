"""Knows how each stage is marked and summed up; the rules are in the rooms it calls."""

from __future__ import annotations

from dataclasses import replace

from mcp_auth_tui.model import Learned, Stage
from mcp_auth_tui.model.oauth import (
    Attempt,
    AuthorizationCode,
    AuthorizationServer,
    Client,
    Contact,
    Resource,
    Token,
)
from mcp_auth_tui.protocol.actions import Answer, Protocol
from mcp_auth_tui.protocol.authorization import request
from mcp_auth_tui.protocol.authorization.callback import authorize
from mcp_auth_tui.protocol.authorization.scope import Scope
from mcp_auth_tui.protocol.certificate import aliases
from mcp_auth_tui.protocol.checks.server import needs_of
from mcp_auth_tui.protocol.discovery import by_hand, elsewhere
from mcp_auth_tui.protocol.discovery.resource import discover_resource
from mcp_auth_tui.protocol.discovery.resource_document import choose_issuer
from mcp_auth_tui.protocol.discovery.server import discover_server, legacy_server
from mcp_auth_tui.protocol.judge import Judge
from mcp_auth_tui.protocol.mcp import verify
from mcp_auth_tui.protocol.registration import client as registration
from mcp_auth_tui.protocol.staging import staged
from mcp_auth_tui.protocol.tokens import grants, response
from mcp_auth_tui.protocol.tokens.dpop import Dpop
from mcp_auth_tui.protocol.tokens.endpoint import Endpoint
from mcp_auth_tui.text.units import count, host_of


def find_resource(judge: Judge, contact: Contact, *, again: bool = False) -> Protocol[Resource]:
    """Find the metadata of the resource, ``again`` when a token was refused."""

    def body() -> Protocol[Resource]:
        at = judge.at(Stage.RESOURCE)
        looked = discover_resource(at, contact, again=again)
        metadata = yield from elsewhere.searched(at, looked)
        yield Learned("resource", metadata)
        return metadata

    def summary(metadata: Resource) -> str:
        return metadata.identifier if metadata.url else "no metadata: the path of 2025-03-26"

    return (yield from staged(Stage.RESOURCE, body(), summary))


def find_server(
    judge: Judge, resource: Resource, contact: Contact
) -> Protocol[AuthorizationServer]:
    """Find the metadata of the authorization server, or take the path of 2025-03-26."""
    at = judge.at(Stage.SERVER)

    def body() -> Protocol[AuthorizationServer]:
        unnamed = judge.config.issuer is None and not resource.issuers
        if unnamed and by_hand.suffice(judge.config):
            metadata = yield from by_hand.server(at)
        elif resource.legacy and judge.config.issuer is None:
            metadata = yield from legacy_server(at)
            if metadata.guessed:
                metadata = replace(metadata, misplaced=(yield from elsewhere.of_origin(at)))
        else:
            issuer = yield from choose_issuer(at, resource)
            looked = discover_server(at, issuer, needs_of(resource, contact))
            looked = by_hand.instead(at, looked, issuer)
            metadata = yield from elsewhere.searched(at, looked, issuer)
        yield Learned("server", metadata)
        return metadata

    def summary(metadata: AuthorizationServer) -> str:
        own = aliases(judge.config, metadata.document)
        given = ", endpoints given by hand" if metadata.by_hand else ""
        return f"{metadata.issuer}{', endpoints for mutual TLS' if own else given}"

    return (yield from staged(Stage.SERVER, body(), summary))


def get_client(
    judge: Judge, server: AuthorizationServer, grant: str, scope: Scope, *, dpop: bool
) -> Protocol[Client]:
    """Get a client of the issuer, for what will be asked for."""
    at = judge.at(Stage.REGISTER)

    def body() -> Protocol[Client]:
        client = yield from registration.get_client(at, server, grant, scope, dpop=dpop)
        yield Learned("client", client)
        return client

    def summary(client: Client) -> str:
        return f"{client.how}, {client.id}{', of an earlier run' if client.stored else ''}"

    return (yield from staged(Stage.REGISTER, body(), summary))


def sign_in(
    asker: Endpoint,
    resource: Resource,
    scope: Scope,
    refused: Contact,
    number: int,
    *,
    new: bool,
) -> Protocol[AuthorizationCode]:
    """Send the person to the browser and judge what comes back."""
    at, server, client = asker.judge, asker.server, asker.client

    def body() -> Protocol[AuthorizationCode]:
        def prepared(*, consent: bool = False) -> Protocol[Attempt]:
            wish = (at, server, client, resource, scope, number, refused, asker.dpop)
            return (yield from request.prepare(*wish, consent=consent))

        attempt = yield from prepared()
        if _worth_asking(at, server, new=new or number > 1):
            from mcp_auth_tui.protocol.authorization import pages

            if (yield from pages.looked_ahead(at, server, client, attempt)):
                attempt = yield from prepared(consent=True)
                yield from pages.look_ahead(at, server, client, attempt)
        if server.flag("require_pushed_authorization_requests"):
            from mcp_auth_tui.protocol.authorization import pushed

            attempt = yield from pushed.push(asker, attempt)
        yield Learned("attempt", attempt)
        unknown = client.how == "dynamic" and new
        authorization = yield from authorize(at, server, client, attempt, unknown=unknown)
        yield Answer("received")
        if authorization.attempt != attempt:
            yield Learned("attempt", authorization.attempt)
        yield Learned("grant", authorization)
        return authorization

    where = host_of(server.authorization_endpoint)
    return (yield from staged(Stage.AUTHORIZE, body(), lambda _: f"signed in at {where}"))


def _worth_asking(judge: Judge, server: AuthorizationServer, *, new: bool) -> bool:
    """Return whether the authorization endpoint is asked before the browser opens.

    Not for a client that was registered or accepted a moment ago, and never where asking spends
    something: a pushed request is good once, and what is followed is asked in any case.
    """
    config, pushed = judge.config, server.flag("require_pushed_authorization_requests")
    return not (new or pushed or config.follow or config.nobody)


def _summary(token: Token) -> str:
    lifetime = "" if token.expires_in is None else f", expires in {token.expires_in:.0f} s"
    return f"{token.type}{lifetime}"


def _signatures(asker: Endpoint, token: Token) -> Protocol[None]:
    """Check the signatures of what was issued, where a person asked for it."""
    if asker.judge.config.check_signatures:
        from mcp_auth_tui.protocol.tokens import signatures

        yield from signatures.check(asker.judge, asker.server, token)


def exchange_code(asker: Endpoint, authorization: AuthorizationCode) -> Protocol[Token]:
    """Trade the code for a token."""
    asker.judge = asker.judge.at(Stage.TOKEN)

    def body() -> Protocol[Token]:
        token = yield from response.exchange_code(asker, authorization)
        yield Learned("token", token)
        yield Answer("done")
        yield from _signatures(asker, token)
        return token

    return (yield from staged(Stage.TOKEN, body(), _summary))


def sign_in_elsewhere(asker: Endpoint, resource: str | None, scope: Scope) -> Protocol[Token]:
    """Get a token by a code that is typed on another device (X1)."""
    from mcp_auth_tui.protocol.authorization import device

    body = device.authorize(asker, resource, scope.value, scope.reason)
    exchange, answer = yield from staged(Stage.AUTHORIZE, body, lambda _: "signed in elsewhere")
    asker.judge = asker.judge.at(Stage.TOKEN)

    def judged() -> Protocol[Token]:
        token = yield from response.read_token(asker, exchange, answer, scope.value, resource)
        yield Learned("token", token)
        yield from _signatures(asker, token)
        return token

    return (yield from staged(Stage.TOKEN, judged(), _summary))


def obtain_directly(
    asker: Endpoint, grant: str, resource: str | None, scope: Scope
) -> Protocol[Token]:
    """Get a token with no person in between (CC1, WI1, EM1)."""
    asker.judge = asker.judge.at(Stage.TOKEN)
    ways = {
        "client_credentials": grants.client_credentials,
        "jwt-bearer": grants.jwt_bearer,
        "id-jag": grants.id_jag,
    }

    def body() -> Protocol[Token]:
        exchange, answer = yield from ways[grant](asker, resource, scope.value, scope.reason)
        token = yield from response.read_token(asker, exchange, answer, scope.value, resource)
        yield Learned("token", token)
        yield from _signatures(asker, token)
        return token

    return (yield from staged(Stage.TOKEN, body(), _summary))


def try_token(
    judge: Judge,
    token: Token,
    contact: Contact,
    number: int,
    dpop: Dpop | None,
    scopes: verify.ScopeRequest | None = None,
) -> Protocol[verify.Verdict]:
    """Use the token, and sum up what the server told."""

    def body() -> Protocol[verify.Verdict]:
        at = judge.at(Stage.VERIFY)
        verdict = yield from verify.verify(at, token, contact, number, dpop, scopes)
        if verdict.peer is not None:
            yield Learned("peer", verdict.peer)
        return verdict

    def summary(verdict: verify.Verdict) -> str:
        if verdict.peer is None:
            return "refused with 401" if verdict.exchange else "more scope is needed"
        peer, tools = verdict.peer, verdict.peer.tools
        parts = [f"{peer.name} {peer.version}".strip(), peer.revision]
        parts += [] if tools is None else [count(len(tools), "tool")]
        return ", ".join(part for part in parts if part)

    return (yield from staged(Stage.VERIFY, body(), summary))
