"""The clients that are known, run for real against a site in memory; must not know the rules.

Each is used as its own documentation says. It gets on when it ends with the list of tools.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, parse_qsl

import httpx2
from mcp.client import Client
from mcp.client.auth import OAuthClientProvider
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.auth import AuthorizationCodeResult, OAuthClientMetadata
from pydantic import AnyUrl

from mcp_auth_tui.model import Failure, Field, Kind, Request, Stage
from mcp_auth_tui.protocol.actions import Send
from tests.bench.sdk_client import Memory
from tests.findings.site import Site
from tests.missing import missing

NODE = Path(__file__).parent / "node"
REDIRECT = "http://127.0.0.1:4321/callback"
Answer = tuple[int, list[tuple[str, str]], bytes]


class Unreachable(Exception):
    """Nobody answers there."""


def answer(site: Site, method: str, url: str, headers: Sequence[Any], body: bytes) -> Answer:
    """Let a site answer what a client sent."""
    fields = tuple(Field(name, value) for name, value in headers)
    kind = {name.lower(): value for name, value in headers}.get("content-type", "")
    form = value = None
    if kind.startswith("application/x-www-form-urlencoded"):
        form = tuple(Field(*pair) for pair in parse_qsl(body.decode(), keep_blank_values=True))
    elif body:
        value = json.loads(body)
    if method == "GET" and url == site.url:
        return 405, [], b""  # the stream that a server may offer
    sent = Request(Stage.PROBE, "", method, url, Kind.MCP, fields, form, value)
    result = site.perform(Send(sent)).result
    if isinstance(result, Failure):
        raise Unreachable(result.message)
    return result.status, list(result.headers), result.body


def browse(site: Site, url: str) -> str:
    """Sign in at a site and return the query of the callback."""
    site._signed_in(url)
    if site.arrivals:
        return ""
    return site._redirected(site.authorizations[-1])


async def python(site: Site, url: str) -> str:
    """Run the MCP Python SDK; return why it stopped, empty when it got on."""
    query = ""

    async def redirect(address: str) -> None:
        nonlocal query
        query = browse(site, address)

    async def callback() -> AuthorizationCodeResult:
        given = {name: values[0] for name, values in parse_qs(query).items()}
        return AuthorizationCodeResult(
            code=given.get("code", ""), state=given.get("state"), iss=given.get("iss")
        )

    def wire(request: httpx2.Request) -> httpx2.Response:
        try:
            status, headers, body = answer(
                site,
                request.method,
                str(request.url),
                request.headers.multi_items(),
                request.content,
            )
        except Unreachable as error:
            raise httpx2.ConnectError(str(error), request=request) from None
        octets = [(name.encode(), value.encode("latin-1")) for name, value in headers]
        return httpx2.Response(status, headers=octets, content=body, request=request)

    metadata = OAuthClientMetadata(
        client_name="yardstick",
        redirect_uris=[AnyUrl(REDIRECT)],
        grant_types=["authorization_code", "refresh_token"],
        response_types=["code"],
        token_endpoint_auth_method="none",
    )
    provider = OAuthClientProvider(url, metadata, Memory(), redirect, callback)
    try:
        async with (
            httpx2.AsyncClient(
                auth=provider, transport=httpx2.MockTransport(wire), follow_redirects=True
            ) as http,
            Client(streamable_http_client(url, http_client=http), mode="legacy") as client,
        ):
            await client.list_tools()
    except Exception as error:
        return _told(error)
    return ""


def _told(error: BaseException) -> str:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return f"{type(error).__name__}: {error}"


class TypeScript:
    """The MCP TypeScript SDK in a process of its own, for one site after the other."""

    def __init__(self) -> None:
        if not (NODE / "node_modules/@modelcontextprotocol/client").is_dir():
            missing("the client is not there: npm install in tests/findings/node")
        try:
            self._process = subprocess.Popen(
                ["node", "client.mjs"],
                cwd=NODE,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                bufsize=1,
            )
        except FileNotFoundError:
            missing("there is no node on the path")
        assert self._heard() == {"ready": True}

    def run(self, site: Site, url: str, seconds: float | None = None) -> str:
        """Return why it stopped, empty when it got on.

        It waits ``seconds`` for what answers a request; None: as long as it does by itself (60).
        """
        self._say({"url": url} if seconds is None else {"url": url, "timeout": seconds * 1000})
        while "stopped" not in (heard := self._heard()):
            self._say(self._reply(site, heard))
        return str(heard["stopped"])

    @staticmethod
    def _reply(site: Site, heard: dict[str, Any]) -> dict[str, Any]:
        try:
            if "browse" in heard:
                return {"callback": browse(site, heard["browse"])}
            asked = heard["fetch"]
            status, headers, body = answer(
                site, asked["method"], asked["url"], asked["headers"], asked["body"].encode()
            )
        except Unreachable as error:
            return {"error": str(error)}
        return {"status": status, "headers": headers, "body": body.decode("utf-8", "replace")}

    def _say(self, value: dict[str, Any]) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(value) + "\n")
        self._process.stdin.flush()

    def _heard(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, "the client ended"
        heard: dict[str, Any] = json.loads(line)
        return heard

    def close(self) -> None:
        """End the process."""
        for stream in (self._process.stdin, self._process.stdout):
            assert stream is not None
            stream.close()
        self._process.wait(20)
