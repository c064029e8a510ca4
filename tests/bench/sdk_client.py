"""The MCP Python SDK's OAuth client up to its first answered request; knows nothing of ours.

``python sdk_client.py URL legacy|auto``: `legacy` speaks the ``initialize`` era, `auto` is the
client's own default (``server/discover``). The sign-in is followed over HTTP in this process.
"""

from __future__ import annotations

import asyncio
import sys
from urllib.parse import parse_qs, urlsplit

import httpx2
from mcp.client import Client
from mcp.client.auth import OAuthClientProvider
from mcp.client.streamable_http import streamable_http_client
from mcp.shared._httpx_utils import create_mcp_http_client
from mcp.shared.auth import (
    AuthorizationCodeResult,
    OAuthClientInformationFull,
    OAuthClientMetadata,
    OAuthToken,
)
from pydantic import AnyUrl


class Memory:
    """The store of tokens and registrations that the provider asks for."""

    def __init__(self) -> None:
        self.tokens: OAuthToken | None = None
        self.client: OAuthClientInformationFull | None = None

    async def get_tokens(self) -> OAuthToken | None:
        return self.tokens

    async def set_tokens(self, tokens: OAuthToken) -> None:
        self.tokens = tokens

    async def get_client_info(self) -> OAuthClientInformationFull | None:
        return self.client

    async def set_client_info(self, client_info: OAuthClientInformationFull) -> None:
        self.client = client_info


async def main(url: str, mode: str) -> None:
    """Sign in, connect, and print the header."""
    location, memory = "", Memory()

    async def redirect(address: str) -> None:
        nonlocal location
        async with httpx2.AsyncClient(trust_env=False) as browser:
            location = (await browser.get(address)).headers["location"]

    async def callback() -> AuthorizationCodeResult:
        given = {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}
        return AuthorizationCodeResult(
            code=given["code"], state=given.get("state"), iss=given.get("iss")
        )

    metadata = OAuthClientMetadata(
        client_name="bench",
        redirect_uris=[AnyUrl("http://127.0.0.1:9/callback")],
        grant_types=["authorization_code", "refresh_token"],
        response_types=["code"],
        token_endpoint_auth_method="none",
    )
    provider = OAuthClientProvider(url, metadata, memory, redirect, callback)
    async with create_mcp_http_client(auth=provider) as http:
        transport = streamable_http_client(url, http_client=http)
        async with Client(transport, mode=mode) as client:
            assert client.server_info is not None
    assert memory.tokens is not None
    print(f"Authorization: Bearer {memory.tokens.access_token}")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2]))
