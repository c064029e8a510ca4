"""An MCP server and its authorization server, whose every answer a scenario may replace.

Knows what well-behaved servers of 2025-11-25 answer; must not know which scenario changes what, nor
import the program's protocol. Both run on loopback in a thread of their own.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Thread
from typing import Any
from urllib.parse import parse_qsl, urlencode

from mcp_auth_tui.loopback.server import Incoming, Loopback, Reply

Answer = Callable[[Incoming], Reply]
PRM_PATH = "/.well-known/oauth-protected-resource/mcp"
AS_PATH = "/.well-known/oauth-authorization-server"


def told(status: int, body: Any, **headers: str) -> Reply:
    """JSON that no cache may keep."""
    fields = {"content_type": "application/json", "cache_control": "no-store", **headers}
    names = tuple((name.replace("_", "-"), value) for name, value in fields.items())
    return Reply(status, json.dumps(body).encode(), names)


def redirect(place: str, status: int = 302) -> Reply:
    return Reply(status, b"", (("Location", place),))


def page(text: str = "<!doctype html><title>Hello</title>") -> Reply:
    return Reply(200, text.encode(), (("Content-Type", "text/html"),))


def pairs(incoming: Incoming) -> dict[str, str]:
    return dict(parse_qsl(incoming.body.decode(), keep_blank_values=True))


@dataclass
class Play:
    """Two servers; `on` holds the answers that replace their own, by method and path."""

    on: dict[str, Answer] = field(default_factory=dict)
    prm: dict[str, Any] = field(default_factory=dict)
    """Members of the resource metadata in place of its own; None: left out."""
    metadata: dict[str, Any] = field(default_factory=dict)
    """Likewise for the authorization server's metadata."""
    token: dict[str, Any] = field(default_factory=dict)
    """Likewise for the token answer."""
    callback: dict[str, str | None] = field(default_factory=dict)
    """Likewise for the parameters of the redirect."""
    rotates: bool = True
    """Whether each refresh brings a new refresh token."""
    mcp: str = ""
    issuer: str = ""
    asked: list[str] = field(default_factory=list)
    forms: list[dict[str, str]] = field(default_factory=list)
    """What came to the token endpoint."""
    authorizations: list[dict[str, str]] = field(default_factory=list)
    tokens: set[str] = field(default_factory=set)

    async def at_resource(self, incoming: Incoming) -> Reply:
        return self._answer(incoming, {f"GET {PRM_PATH}": self.show_prm, "POST /mcp": self.serve})

    async def at_issuer(self, incoming: Incoming) -> Reply:
        usual = {
            f"GET {AS_PATH}": self.show_metadata,
            "POST /register": self._registered,
            "GET /authorize": self._authorized,
            "POST /token": self.grant,
        }
        return self._answer(incoming, usual)

    def _answer(self, incoming: Incoming, usual: dict[str, Answer]) -> Reply:
        name = f"{incoming.method} {incoming.path}"
        self.asked.append(name)
        answer = self.on.get(name) or usual.get(name)
        return answer(incoming) if answer else told(404, {})

    @property
    def resource(self) -> str:
        return f"{self.mcp}/mcp"

    def show_prm(self, _: Incoming) -> Reply:
        document = {
            "resource": self.resource,
            "authorization_servers": [self.issuer],
            "scopes_supported": ["read", "write"],
            "bearer_methods_supported": ["header"],
        }
        return told(200, changed(document, self.prm))

    def show_metadata(self, _: Incoming) -> Reply:
        document = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "registration_endpoint": f"{self.issuer}/register",
            "response_types_supported": ["code"],
            "grant_types_supported": ["authorization_code", "refresh_token"],
            "token_endpoint_auth_methods_supported": ["none", "client_secret_basic"],
            "code_challenge_methods_supported": ["S256"],
            "scopes_supported": ["read", "write"],
            "authorization_response_iss_parameter_supported": True,
        }
        return told(200, changed(document, self.metadata))

    def _registered(self, incoming: Incoming) -> Reply:
        return told(201, {**json.loads(incoming.body), "client_id": "registered"})

    def _authorized(self, incoming: Incoming) -> Reply:
        return redirect(self.landing(incoming))

    def landing(self, incoming: Incoming, mark: str = "?") -> str:
        """Where the browser is sent after signing in; `mark` is what stands before the answer."""
        asked = dict(parse_qsl(incoming.query))
        self.authorizations.append(asked)
        answer = {"code": "the-code", "state": asked["state"], "iss": self.issuer}
        return f"{asked['redirect_uri']}{mark}{urlencode(changed(answer, self.callback))}"

    def grant(self, incoming: Incoming) -> Reply:
        form = pairs(incoming)
        self.forms.append(form)
        if form["grant_type"] == "authorization_code":
            digest = hashlib.sha256(form["code_verifier"].encode()).digest()
            challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
            if challenge != self.authorizations[-1]["code_challenge"]:
                return told(400, {"error": "invalid_grant"})
        if form["grant_type"] == "refresh_token" and form["refresh_token"] != self._refresh:
            return told(400, {"error": "invalid_grant"})
        access = f"access-{len(self.tokens) + 1}"
        self.tokens.add(access)
        answer = {
            "access_token": access,
            "token_type": "Bearer",
            "expires_in": 600,
            "scope": "read write",
            "refresh_token": self._refresh,
        }
        return told(200, changed(answer, self.token))

    @property
    def _refresh(self) -> str:
        return f"refresh-{len(self.tokens) if self.rotates else 'for-ever'}"

    def serve(self, incoming: Incoming) -> Reply:
        scheme, _, access = (incoming.header("authorization") or "").partition(" ")
        if scheme != "Bearer" or access not in self.tokens:
            return self.challenge()
        message = json.loads(incoming.body)
        if "id" not in message:
            return Reply(202)
        tools = {"tools": [{"name": "look", "inputSchema": {"type": "object"}}]}
        hello = {
            "protocolVersion": "2025-11-25",
            "capabilities": {"tools": {}},
            "serverInfo": {"name": "play", "version": "1"},
        }
        results = {"initialize": hello, "tools/list": tools, "tools/call": {"content": []}}
        result = results[message["method"]]
        return told(200, {"jsonrpc": "2.0", "id": message["id"], "result": result})

    def challenge(self, status: int = 401, **more: str) -> Reply:
        """A refusal by the MCP server; `more` are parameters of its challenge."""
        named = {"resource_metadata": f"{self.mcp}{PRM_PATH}", "scope": "read write", **more}
        value = ", ".join(f'{key}="{text}"' for key, text in named.items())
        return Reply(status, b"", (("WWW-Authenticate", f"Bearer {value}"),))


def changed(usual: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in {**usual, **changes}.items() if value is not None}


@contextmanager
def playing(play: Play, *, tls: ssl.SSLContext | None = None) -> Iterator[Play]:
    """Serve a play until the block is left."""
    loop = asyncio.new_event_loop()
    thread = Thread(target=loop.run_forever, name="play", daemon=True)
    thread.start()

    def run(work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, loop).result(20)

    servers = []
    try:
        for handler in (play.at_resource, play.at_issuer):
            servers.append(run(Loopback.bind(handler, ssl=tls)))
        origins = [f"{'https' if tls else 'http'}://127.0.0.1:{item.port}" for item in servers]
        play.mcp, play.issuer = origins
        yield play
    finally:
        for server in servers:
            run(server.aclose())
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
