"""The MCP Python SDK as authorization server and as resource servers, each on a port of its own.

Knows the SDK's server side and the one sign-in page that the SDK leaves to its user; must not
repair what the SDK answers. Prints one JSON line when every port is open, and ends when its
standard input ends.
"""

from __future__ import annotations

import asyncio
import html
import json
import logging
import os
import secrets
import socket
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import uvicorn
from mcp.server.auth.provider import (
    AccessToken,
    AuthorizationCode,
    AuthorizationParams,
    OAuthAuthorizationServerProvider,
    ProviderTokenVerifier,
    RefreshToken,
    TokenError,
    construct_redirect_uri,
)
from mcp.server.auth.routes import create_auth_routes
from mcp.server.auth.settings import AuthSettings, ClientRegistrationOptions, RevocationOptions
from mcp.server.mcpserver import MCPServer
from mcp.shared.auth import OAuthClientInformationFull, OAuthToken
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

SCOPE = "notes"
CODE_SECONDS = 60
ACCESS_SECONDS = 600

_PAGE = """<!doctype html><title>Peer sign-in</title>
<h1>Sign in</h1><p>{client} asks for {scopes} at {resource}</p>
<form method="post"><input type="hidden" name="ticket" value="{ticket}">
<label>Name <input type="text" name="user" required></label>
<label>Password <input type="password" name="password" required></label>
<button type="submit" name="answer" value="allow">Allow</button>
<button type="submit" name="answer" value="deny" formnovalidate>Deny</button></form>"""


@dataclass
class PeopleProvider(
    OAuthAuthorizationServerProvider[AuthorizationCode, RefreshToken, AccessToken]
):
    """Keeps everything in memory, asks a person in the browser, and rotates refresh tokens."""

    clients: dict[str, OAuthClientInformationFull] = field(default_factory=dict)
    waiting: dict[str, tuple[OAuthClientInformationFull, AuthorizationParams]] = field(
        default_factory=dict
    )
    codes: dict[str, AuthorizationCode] = field(default_factory=dict)
    access: dict[str, AccessToken] = field(default_factory=dict)
    refresh: dict[str, RefreshToken] = field(default_factory=dict)

    async def get_client(self, client_id: str) -> OAuthClientInformationFull | None:
        return self.clients.get(client_id)

    async def register_client(self, client_info: OAuthClientInformationFull) -> None:
        assert client_info.client_id
        self.clients[client_info.client_id] = client_info

    async def authorize(
        self, client: OAuthClientInformationFull, params: AuthorizationParams
    ) -> str:
        ticket = secrets.token_urlsafe(24)
        self.waiting[ticket] = (client, params)
        return f"/sign-in?ticket={ticket}"

    async def load_authorization_code(
        self, client: OAuthClientInformationFull, authorization_code: str
    ) -> AuthorizationCode | None:
        return self.codes.get(authorization_code)

    async def exchange_authorization_code(
        self, client: OAuthClientInformationFull, authorization_code: AuthorizationCode
    ) -> OAuthToken:
        if self.codes.pop(authorization_code.code, None) is None:
            raise TokenError("invalid_grant", "the code was used before")
        code = authorization_code
        return self._issue(code.client_id, code.scopes, code.resource, code.subject)

    async def load_refresh_token(
        self, client: OAuthClientInformationFull, refresh_token: str
    ) -> RefreshToken | None:
        return self.refresh.get(refresh_token)

    async def exchange_refresh_token(
        self, client: OAuthClientInformationFull, refresh_token: RefreshToken, scopes: list[str]
    ) -> OAuthToken:
        if self.refresh.pop(refresh_token.token, None) is None:
            raise TokenError("invalid_grant", "the refresh token was used before")
        old = refresh_token
        return self._issue(old.client_id, scopes, old.resource, old.subject)

    async def load_access_token(self, token: str) -> AccessToken | None:
        return self.access.get(token)

    async def revoke_token(self, token: AccessToken | RefreshToken) -> None:
        self.access.pop(token.token, None)
        self.refresh.pop(token.token, None)

    def _issue(
        self, client_id: str, scopes: list[str], resource: str | None, subject: str | None
    ) -> OAuthToken:
        access, refresh = f"at-{secrets.token_urlsafe(32)}", f"rt-{secrets.token_urlsafe(32)}"
        self.access[access] = AccessToken(
            token=access,
            client_id=client_id,
            scopes=scopes,
            expires_at=int(time.time()) + ACCESS_SECONDS,
            resource=resource,
            subject=subject,
        )
        self.refresh[refresh] = RefreshToken(
            token=refresh, client_id=client_id, scopes=scopes, resource=resource, subject=subject
        )
        return OAuthToken(
            access_token=access,
            token_type="Bearer",
            expires_in=ACCESS_SECONDS,
            scope=" ".join(scopes),
            refresh_token=refresh,
        )

    def answer(self, ticket: str, user: str | None) -> str:
        """The address the browser goes to after `user` agreed, or after nobody did."""
        client, params = self.waiting.pop(ticket)
        back = str(params.redirect_uri)
        if user is None:
            return construct_redirect_uri(back, error="access_denied", state=params.state)
        code = f"code-{secrets.token_urlsafe(32)}"
        assert client.client_id
        self.codes[code] = AuthorizationCode(
            code=code,
            client_id=client.client_id,
            scopes=params.scopes or [SCOPE],
            expires_at=time.time() + CODE_SECONDS,
            code_challenge=params.code_challenge,
            redirect_uri=params.redirect_uri,
            redirect_uri_provided_explicitly=params.redirect_uri_provided_explicitly,
            resource=params.resource,
            subject=user,
        )
        return construct_redirect_uri(back, code=code, state=params.state)

    async def page(self, request: Request) -> Response:
        """Shows the sign-in form, and takes its answer."""
        if request.method == "GET":
            ticket = request.query_params["ticket"]
            client, params = self.waiting[ticket]
            shown = {
                "client": client.client_name,
                "scopes": " ".join(params.scopes or ()),
                "resource": params.resource,
                "ticket": ticket,
            }
            return HTMLResponse(
                _PAGE.format_map({k: html.escape(str(v)) for k, v in shown.items()})
            )
        form = await request.form()
        user = str(form["user"]) if form["answer"] == "allow" else None
        return RedirectResponse(self.answer(str(form["ticket"]), user), 302)


@dataclass
class Ports:
    """One application for each listening socket, chosen by the port a request came in on."""

    sockets: dict[str, socket.socket] = field(default_factory=dict)
    apps: dict[int, Starlette] = field(default_factory=dict)

    def open(self, name: str) -> str:
        """Listens on a free loopback port under `name`; returns its origin."""
        listener = socket.create_server(("127.0.0.1", 0))
        self.sockets[name] = listener
        return f"http://127.0.0.1:{listener.getsockname()[1]}"

    def serve(self, name: str, app: Starlette) -> None:
        self.apps[self.sockets[name].getsockname()[1]] = app

    @asynccontextmanager
    async def lifespan(self, _app: object) -> AsyncIterator[None]:
        async with asyncio.TaskGroup() as group:
            stops = [asyncio.Event() for _ in self.apps]
            starts = [asyncio.Event() for _ in self.apps]
            for app, start, stop in zip(self.apps.values(), starts, stops, strict=True):
                group.create_task(_live(app, start, stop))
            for start in starts:
                await start.wait()
            yield
            for stop in stops:
                stop.set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await Starlette(lifespan=self.lifespan)(scope, receive, send)
            return
        await self.apps[scope["server"][1]](scope, receive, send)


async def _live(app: Starlette, start: asyncio.Event, stop: asyncio.Event) -> None:
    async with app.router.lifespan_context(app):
        start.set()
        await stop.wait()


def _with_tool(server: MCPServer) -> MCPServer:
    @server.tool()
    async def read_note() -> str:
        """Reads the only note there is."""
        return "a note"

    return server


def _resource_server(issuer: str, url: str, provider: PeopleProvider) -> MCPServer:
    auth = AuthSettings.model_validate(
        {
            "issuer_url": issuer,
            "resource_server_url": url,
            "required_scopes": [SCOPE],
            "validate_token_resource": True,
        }
    )
    verifier = ProviderTokenVerifier(provider)
    return _with_tool(MCPServer("peer-sdk", version="1.2.3", token_verifier=verifier, auth=auth))


def _combined_server(origin: str, provider: PeopleProvider) -> MCPServer:
    """A server of the 2025-03-26 kind: its own authorization server, no resource metadata."""
    auth = AuthSettings.model_validate(
        {
            "issuer_url": origin,
            "resource_server_url": None,
            "required_scopes": [SCOPE],
            "client_registration_options": _registration(),
        }
    )
    server = MCPServer("peer-combined", version="1.2.3", auth_server_provider=provider, auth=auth)
    server.custom_route("/sign-in", methods=["GET", "POST"])(provider.page)
    return _with_tool(server)


def _registration() -> ClientRegistrationOptions:
    return ClientRegistrationOptions(enabled=True, valid_scopes=[SCOPE], default_scopes=[SCOPE])


def _authorization_server(issuer: str, provider: PeopleProvider) -> Starlette:
    settings = AuthSettings.model_validate({"issuer_url": issuer, "resource_server_url": None})
    routes = create_auth_routes(
        provider,
        settings.issuer_url,
        client_registration_options=_registration(),
        revocation_options=RevocationOptions(enabled=True),
    )
    routes.append(Route("/sign-in", provider.page, methods=["GET", "POST"]))
    return Starlette(routes=routes)


def build() -> tuple[Ports, dict[str, str]]:
    """Everything that listens, and the addresses a test needs to know."""
    ports, provider = Ports(), PeopleProvider()
    issuer, http, sse = (
        ports.open("issuer"),
        f"{ports.open('http')}/mcp",
        f"{ports.open('sse')}/sse",
    )
    combined = ports.open("combined")
    ports.serve("issuer", _authorization_server(issuer, provider))
    ports.serve("http", _resource_server(issuer, http, provider).streamable_http_app())
    ports.serve("sse", _resource_server(issuer, sse, provider).sse_app())
    ports.serve("combined", _combined_server(combined, PeopleProvider()).streamable_http_app())
    return ports, {"issuer": issuer, "http": http, "sse": sse, "combined": f"{combined}/mcp"}


class _AnnouncingServer(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, ready: str) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        print(self._ready, flush=True)


async def serve_until_stdin_ends(ports: Ports, addresses: dict[str, str]) -> None:
    """Says where everything is, and serves until the standard input ends."""
    config = uvicorn.Config(
        ports, log_level="warning", timeout_graceful_shutdown=1, lifespan="on", access_log=False
    )
    server = _AnnouncingServer(config, json.dumps(addresses))

    def stop() -> None:
        if not os.read(sys.stdin.fileno(), 1024):
            server.should_exit = True
            asyncio.get_running_loop().remove_reader(sys.stdin)

    asyncio.get_running_loop().add_reader(sys.stdin, stop)
    await server.serve(sockets=list(_sockets(ports)))


def _sockets(ports: Ports) -> Iterator[socket.socket]:
    yield from ports.sockets.values()


if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING)
    asyncio.run(serve_until_stdin_ends(*build()))
