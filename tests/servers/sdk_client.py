"""The MCP Python SDK's client against one server: the yardstick for what a good client can do.

Knows how the SDK's OAuth client is set up as its documentation says; must not help it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

from mcp.client import Client
from mcp.client.auth import OAuthClientProvider
from mcp.client.streamable_http import streamable_http_client
from mcp.shared._httpx_utils import create_mcp_http_client
from mcp.shared.auth import (
    AuthorizationCodeResult,
    OAuthClientInformationFull,
    OAuthClientMetadata,
)
from pydantic import AnyUrl

from tests.bench.sdk_client import Memory

REDIRECT = "http://127.0.0.1:48123/callback"
"""Nobody listens there: the browser's last address is all that is needed."""
SECONDS = 60.0


async def _connect(
    url: str, client: OAuthClientInformationFull | None, sign_in: Callable[[str], str]
) -> None:
    landing, memory = "", Memory()
    memory.client = client

    async def redirect(address: str) -> None:
        nonlocal landing
        landing = await asyncio.to_thread(sign_in, address)

    async def callback() -> AuthorizationCodeResult:
        given = {name: values[0] for name, values in parse_qs(urlsplit(landing).query).items()}
        return AuthorizationCodeResult(
            code=given["code"], state=given.get("state"), iss=given.get("iss")
        )

    metadata = OAuthClientMetadata(
        client_name="yardstick",
        redirect_uris=[AnyUrl(REDIRECT)],
        grant_types=["authorization_code", "refresh_token"],
        response_types=["code"],
    )
    provider = OAuthClientProvider(url, metadata, memory, redirect, callback)
    async with create_mcp_http_client(auth=provider) as http:
        transport = streamable_http_client(url, http_client=http)
        async with Client(transport) as connected:
            assert [tool.name for tool in (await connected.list_tools()).tools]
    assert memory.tokens is not None


def gets_through(url: str, client: dict[str, str] | None, sign_in: Callable[[str], str]) -> str:
    """Connect and list the tools; returns "" or why it did not come to that.

    `sign_in` takes an authorization URL and returns the redirect URI with what came back.
    """
    known = client and OAuthClientInformationFull.model_validate(
        {**client, "redirect_uris": [REDIRECT]}
    )
    try:
        asyncio.run(asyncio.wait_for(_connect(url, known or None, sign_in), SECONDS))
    except BaseException as error:  # of any kind, in groups too: what it says is the result
        if isinstance(error, KeyboardInterrupt):
            raise
        return " ".join(_innermost(error).split())[:200]
    return ""


def _innermost(error: BaseException) -> str:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return f"{type(error).__name__}: {error}"
