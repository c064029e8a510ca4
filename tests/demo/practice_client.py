"""A client written out by hand: httpx and the wire, nothing of the package's own client."""

import base64
import hashlib
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import httpx

from mcp_auth_tui.demo.server import PracticeServer

VERIFIER = "a-verifier-that-is-long-enough-for-rfc-7636-yes"
CHALLENGE = (
    base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
)
REDIRECT = "http://127.0.0.1:43117/callback"
BOTH = "application/json, text/event-stream"
META = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientInfo": {"name": "hand", "version": "1"},
    "io.modelcontextprotocol/clientCapabilities": {},
}
NATIVE = {
    "client_name": "Hand <b>made</b>",
    "redirect_uris": [REDIRECT],
    "grant_types": ["authorization_code", "refresh_token"],
    "response_types": ["code"],
    "token_endpoint_auth_method": "none",
    "application_type": "native",
}


class Clock:
    """Seconds since the epoch that pass only when told."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


class Practice:
    """One practice server and an httpx client that follows nothing by itself."""

    def __init__(self, server: PracticeServer, http: httpx.AsyncClient) -> None:
        self.server = server
        self.http = http
        self.origin = server.url.removesuffix("/mcp")
        self.issuer = server.issuer
        self.person = "Ada"

    async def register(self, **changes: Any) -> httpx.Response:
        return await self.http.post(f"{self.issuer}/register", json=NATIVE | changes)

    async def client_id(self) -> str:
        answer = await self.register()
        assert answer.status_code == 201
        return str(answer.json()["client_id"])

    def request(self, client_id: str, /, **changes: str | None) -> dict[str, str]:
        parameters = {
            "response_type": "code",
            "client_id": client_id,
            "redirect_uri": REDIRECT,
            "state": "the-state",
            "scope": "notes:read",
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
            "resource": self.server.url,
        } | changes
        return {name: value for name, value in parameters.items() if value is not None}

    async def authorize(self, client_id: str, /, **changes: str | None) -> httpx.Response:
        return await self.http.get(
            f"{self.issuer}/authorize", params=self.request(client_id, **changes)
        )

    async def signed_in(self, client_id: str, **changes: str | None) -> httpx.Response:
        """Fill in the sign-in page and return the consent page."""
        page = await self.authorize(client_id, **changes)
        answer = await self.http.post(
            f"{self.issuer}/sign-in", data=hidden(page) | {"name": self.person}
        )
        assert answer.status_code == 303
        return await self.http.get(self.issuer + answer.headers["location"])

    async def decide(self, page: httpx.Response, decision: str) -> dict[str, str]:
        answer = await self.http.post(
            f"{self.issuer}/consent", data=hidden(page) | {"decision": decision}
        )
        return callback_of(answer)

    async def code(self, client_id: str, **changes: str | None) -> str:
        page = await self.signed_in(client_id, **changes)
        return (await self.decide(page, "allow"))["code"]

    async def exchange(
        self, client_id: str | None, code: str, auth: Any = None, **changes: str | None
    ) -> httpx.Response:
        form = {
            "grant_type": "authorization_code",
            "client_id": client_id,
            "code": code,
            "code_verifier": VERIFIER,
            "redirect_uri": REDIRECT,
            "resource": self.server.url,
        } | changes
        data = {name: value for name, value in form.items() if value is not None}
        return await self.http.post(f"{self.issuer}/token", data=data, auth=auth)

    async def refresh(self, client_id: str, token: str, **more: str) -> httpx.Response:
        form = {"grant_type": "refresh_token", "client_id": client_id, "refresh_token": token}
        return await self.http.post(f"{self.issuer}/token", data=form | more)

    async def tokens(self, **changes: str | None) -> dict[str, Any]:
        client_id = await self.client_id()
        code = await self.code(client_id, **changes)
        resource = changes.get("resource", self.server.url)
        answer = await self.exchange(client_id, code, resource=resource)
        assert answer.status_code == 200
        return dict(answer.json()) | {"client_id": client_id}

    async def modern(
        self,
        method: str,
        token: str | None = None,
        *,
        params: dict[str, Any] | None = None,
        headers: dict[str, str | None] | None = None,
        meta: dict[str, Any] | None = None,
    ) -> httpx.Response:
        body = {
            "jsonrpc": "2.0",
            "id": 1,
            "method": method,
            "params": (params or {}) | {"_meta": META if meta is None else meta},
        }
        sent = {
            "accept": BOTH,
            "mcp-protocol-version": "2026-07-28",
            "mcp-method": method,
            "mcp-name": (params or {}).get("name"),
            "authorization": f"Bearer {token}" if token else None,
        } | (headers or {})
        kept = {name: value for name, value in sent.items() if value is not None}
        return await self.http.post(self.server.url, json=body, headers=kept)

    async def legacy(
        self,
        method: str,
        token: str | None,
        session: str | None = None,
        *,
        params: dict[str, Any] | None = None,
        version: str | None = None,
        notification: bool = False,
    ) -> httpx.Response:
        body: dict[str, Any] = {"jsonrpc": "2.0", "method": method, "params": params or {}}
        sent = {
            "accept": BOTH,
            "authorization": f"Bearer {token}" if token else None,
            "mcp-session-id": session,
            "mcp-protocol-version": version,
        }
        kept = {name: value for name, value in sent.items() if value is not None}
        body |= {} if notification else {"id": 7}
        return await self.http.post(self.server.url, json=body, headers=kept)

    async def initialize(self, token: str, version: str = "2025-11-25") -> httpx.Response:
        params = {
            "protocolVersion": version,
            "capabilities": {},
            "clientInfo": {"name": "hand", "version": "1"},
        }
        return await self.legacy("initialize", token, params=params)


@asynccontextmanager
async def practising(**options: Any) -> AsyncIterator[Practice]:
    server = await PracticeServer.start(**options)
    try:
        async with httpx.AsyncClient(trust_env=False, timeout=5) as http:
            yield Practice(server, http)
    finally:
        await server.aclose()


def hidden(page: httpx.Response) -> dict[str, str]:
    """The hidden fields of the form on a page."""
    assert page.status_code == 200, page.text
    return dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page.text))


def callback_of(answer: httpx.Response) -> dict[str, str]:
    """The parameters of a redirect to the client."""
    assert answer.status_code == 303, answer.text
    location = answer.headers["location"]
    assert location.startswith(REDIRECT + "?")
    return dict(parse_qsl(urlsplit(location).query, strict_parsing=True))


def query_of(url: str) -> dict[str, list[str]]:
    return parse_qs(urlsplit(url).query)


def events_of(text: str) -> list[Any]:
    """The JSON of every message event of a complete event stream."""
    return [json.loads(data) for data in re.findall(r"^event: message\ndata: (.*)$", text, re.M)]
