"""fastmcp as resource server and as authorization server, each on a port of its own.

Knows how fastmcp is set up as its documentation says; must not repair what it answers. Nothing asks
a person: its authorization server for tests grants at once, and the proxy's consent page is off.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass

from fastmcp import FastMCP
from fastmcp.server.auth import OAuthProxy
from fastmcp.server.auth.auth import (
    AccessToken,
    AuthProvider,
    ClientRegistrationOptions,
    TokenVerifier,
)
from fastmcp.server.auth.providers.in_memory import InMemoryOAuthProvider
from key_value.aio.stores.memory import MemoryStore
from mcp.shared.auth import OAuthClientInformationFull
from starlette.applications import Starlette
from starlette.routing import Mount

from .sdk_server import Ports, serve_until_stdin_ends

UPSTREAM = {"client_id": "upstream", "client_secret": "a secret of two servers"}
_METHOD = "client_secret_post"


@dataclass
class _Asking(TokenVerifier):
    """Takes what another provider has issued."""

    provider: InMemoryOAuthProvider

    def __post_init__(self) -> None:
        super().__init__()

    async def verify_token(self, token: str) -> AccessToken | None:
        return await self.provider.verify_token(token)


def _server(name: str, auth: AuthProvider) -> FastMCP[None]:
    server: FastMCP[None] = FastMCP(name, version="1.2.3", auth=auth)

    @server.tool
    async def read_note() -> str:
        """Reads the only note there is."""
        return "a note"

    return server


def _memory(origin: str, *scopes: str) -> InMemoryOAuthProvider:
    wish = ClientRegistrationOptions(
        enabled=True, valid_scopes=list(scopes), default_scopes=list(scopes)
    )
    return InMemoryOAuthProvider(
        base_url=origin, client_registration_options=wish, required_scopes=list(scopes)
    )


def _proxy(origin: str, upstream: str, provider: InMemoryOAuthProvider) -> OAuthProxy:
    """Registers clients itself and sends every one of them to one upstream as the same client."""
    provider.clients[UPSTREAM["client_id"]] = OAuthClientInformationFull.model_validate(
        {
            **UPSTREAM,
            "redirect_uris": [f"{origin}/auth/callback"],
            "scope": "notes",
            "token_endpoint_auth_method": _METHOD,
        }
    )
    return OAuthProxy(
        upstream_authorization_endpoint=f"{upstream}/authorize",
        upstream_token_endpoint=f"{upstream}/token",
        upstream_client_id=UPSTREAM["client_id"],
        upstream_client_secret=UPSTREAM["client_secret"],
        token_endpoint_auth_method=_METHOD,
        token_verifier=_Asking(provider),
        base_url=origin,
        valid_scopes=["notes"],
        require_authorization_consent=False,
        jwt_signing_key="a key of this peer alone",
        client_storage=MemoryStore(),  # else it keeps files in the person's home
    )


def _mounted(origin: str) -> Starlette:
    """Below a prefix, and with a slash at the end of its path, which redirects to itself."""
    auth = _memory(f"{origin}/svc")
    inner = _server("peer-mounted", auth).http_app(path="/mcp/")
    places = auth.get_well_known_routes(mcp_path="/mcp/")
    return Starlette(routes=[*places, Mount("/svc", app=inner)], lifespan=inner.lifespan)


def build() -> tuple[Ports, dict[str, str]]:
    """Everything that listens, and the addresses a test needs to know."""
    ports = Ports()
    memory, proxy, mounted = ports.open("memory"), ports.open("proxy"), ports.open("mounted")
    provider = _memory(memory, "notes")
    ports.serve("memory", _server("peer-memory", provider).http_app(path="/mcp"))
    ports.serve(
        "proxy", _server("peer-proxy", _proxy(proxy, memory, provider)).http_app(path="/mcp")
    )
    ports.serve("mounted", _mounted(mounted))
    return ports, {
        "memory": f"{memory}/mcp",
        "proxy": f"{proxy}/mcp",
        "mounted": f"{mounted}/svc/mcp",
    }


if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING)
    asyncio.run(serve_until_stdin_ends(*build()))
