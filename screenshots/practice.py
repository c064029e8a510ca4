"""Knows a run of the real program against the practice server's answers, without any socket.

Clock, durations, port, tokens and entropy are fixed, so that a picture of it is the same each time.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace
from email.utils import formatdate
from typing import Any
from urllib.parse import urlsplit

from mcp_auth_tui import __version__
from mcp_auth_tui.demo.front import AuthorizationFront
from mcp_auth_tui.demo.records import Entropy
from mcp_auth_tui.demo.resource import ResourceServer
from mcp_auth_tui.desktop.browser import Browser, OpenResult
from mcp_auth_tui.desktop.ssh import Way
from mcp_auth_tui.loopback.server import Incoming, Reply
from mcp_auth_tui.model import Event, Exchanged, Learned, Request, Response, Session, Stage, Timing
from mcp_auth_tui.net.messages import encode, place
from mcp_auth_tui.protocol.actions import Callback
from mcp_auth_tui.protocol.config import Config
from mcp_auth_tui.run.controller import Controller

MCP = "https://mcp.example.com"
ISSUER = "https://login.example.com"
PORT = 43117
NOW = 1_790_000_000.0
"""Seconds since the epoch at which every run starts."""
AWAY = 42.0
"""Seconds after which a person looks at the screen while the browser is open."""
_AGENT = f"mcp-auth-tui/{__version__}"
_SECONDS = (0.184, 0.038, 0.044, 0.061, 0.052, 0.041, 0.036)


class Practice:
    """Both halves of the practice server under the names of real ones, and a clock of their own."""

    sign_in = 12.0
    """Seconds that the person takes; one who is back at once would be worth a finding."""

    def __init__(self, *faults: str) -> None:
        entropy, chosen = Entropy(fixed=True), frozenset(faults)
        self._issuer = AuthorizationFront(
            ISSUER,
            (f"{MCP}/mcp", f"{MCP}/sse"),
            faults=chosen,
            auto_approve=True,
            cimd_ca=None,
            clock=self.clock,
            entropy=entropy,
        )
        judge = self._issuer.tokens.judge
        self._resource = ResourceServer(MCP, ISSUER, judge, faults=chosen, entropy=entropy)
        self._sent = 0
        self._passed = 0.0
        self.listener = Listener()

    def clock(self) -> float:
        """Seconds since the epoch: it moves with each request, by what that request took."""
        return NOW + self._passed

    @property
    def last(self) -> float:
        """Seconds that the newest request took."""
        return _SECONDS[(self._sent - 1) % len(_SECONDS)]

    def wait(self, seconds: float) -> None:
        """Let time pass while nothing is sent."""
        self._passed += seconds

    async def send(self, request: Request, enough: Any = None) -> tuple[Response, Timing]:
        """Answer a request as the practice server does; stands in for `net.Network`."""
        to = place(request.url)
        fields, body = encode(request, to, _AGENT)
        headers = tuple((name.decode().lower(), value.decode()) for name, value in fields)
        reply = await self._served(request.method, to.target, to.host, headers, body)
        self._sent += 1
        self._passed += self.last
        if not isinstance(reply.body, bytes):
            raise TypeError("the pictures show no streamed answer")
        date = ("date", formatdate(self.clock(), usegmt=True))
        length = ("content-length", str(len(reply.body)))
        told = tuple((name.lower(), value) for name, value in reply.headers)
        return Response(reply.status, (*told, date, length), reply.body), Timing(wait=self.last)

    async def authorize(self, url: str) -> str:
        """Return the query of the redirect that a person's sign-in ends in."""
        to = place(url)
        self.wait(self.sign_in)
        reply = await self._served("GET", to.target, to.host, (("host", to.host),), b"")
        return urlsplit(dict(reply.headers)["Location"]).query

    async def warm(self, url: str) -> None:
        """There is no connection to keep."""

    async def aclose(self) -> None:
        """There is no connection to end."""

    async def _served(
        self,
        method: str,
        target: str,
        host: str,
        headers: tuple[tuple[str, str], ...],
        body: bytes,
    ) -> Reply:
        path, _, query = target.partition("?")
        incoming = Incoming(method, target, path, query, headers, body, "127.0.0.1:50000")
        server = self._resource if host == urlsplit(MCP).hostname else self._issuer
        return await server.handle(incoming)


class Listener:
    """Stands in for `loopback.callback.Listener`: what the browser brings is put in by hand."""

    port = PORT
    redirect_uri = f"http://127.0.0.1:{PORT}/callback"

    def __init__(self) -> None:
        self._came: asyncio.Queue[Callback] = asyncio.Queue()

    def arm(self, state: str) -> None:
        """Nothing can come too early here."""

    def come(self, query: str) -> None:
        """The browser came back."""
        self._came.put_nowait(Callback(query, "listener"))

    async def next(self) -> Callback:
        """Return the next answer of the browser."""
        return await self._came.get()

    async def answer(self, page: str) -> None:
        """No browser waits for a page."""

    async def aclose(self) -> None:
        """Nothing is open."""


class PicturedBrowser(Browser):
    """The program's own browser, which signs in at once, or is far away over SSH."""

    def __init__(self, practice: Practice, *, far: bool) -> None:
        here = {"DISPLAY": ":0"}
        there = {"SSH_CONNECTION": "192.0.2.7 50022 192.0.2.10 22"}
        super().__init__("auto", there if far else here, "linux")
        self._far = far
        self._practice = practice

    async def open(self, url: str) -> OpenResult:
        """Sign in with an address, or tell why nothing can be opened."""
        if self._far:
            return await super().open(url)
        self._practice.listener.come(await self._practice.authorize(url))
        return OpenResult(True, "Opened with xdg-open.")

    def ssh_forward(self, port: int) -> str:
        """Return the line for the person's own machine; it holds no name of this one."""
        return f"ssh -L {port}:127.0.0.1:{port} you@build-box" if self._far else ""

    def forward_note(self) -> str:
        """Return what the line cannot know; it does not look at this machine."""
        return Way(self._far).note


class Run(Controller):
    """The program's own controller on the practice server; measured time is the fixed one."""

    def __init__(self, config: Config, practice: Practice, *, far: bool, stepping: bool) -> None:
        self._practice = practice
        drawn = 0

        def entropy(octets: int) -> bytes:
            nonlocal drawn
            drawn += 1
            return hashlib.sha512(f"picture {drawn}".encode()).digest()[:octets]

        async def bind(redirect_uri: str | None, port: int | None) -> Any:
            return practice.listener

        network: Any = practice
        super().__init__(
            config,
            lambda: network,
            PicturedBrowser(practice, far=far),
            person=True,
            stepping=stepping,
            clock=practice.clock,
            entropy=entropy,
            bind=bind,
        )

    @property
    def sent(self) -> None:
        """Nothing is late here: a tick of the real clock would come into a picture, or not."""

    async def run(
        self, known: Session | None = None, start: Stage = Stage.PROBE
    ) -> AsyncGenerator[Event, None]:
        """Run the flow as `Controller.run`."""
        async with aclosing(super().run(known, start)) as events:
            async for event in events:
                # What was measured here is the time of this machine, not of the practice.
                if isinstance(event, Exchanged):
                    fixed = replace(event.exchange, seconds=self._practice.last)
                    yield Exchanged(fixed)
                elif isinstance(event, Learned) and event.name == "token":
                    token = replace(event.value, received=self._practice.clock())
                    yield Learned("token", token)
                else:
                    yield event


def config() -> Config:
    """Return the settings of every run that is pictured."""
    return Config(url=f"{MCP}/mcp", version=__version__)
