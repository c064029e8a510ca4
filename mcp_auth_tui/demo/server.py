"""Knows how the practice server's two origins are started, joined and ended; no rule of either."""

import asyncio
import time
from collections.abc import Callable, Iterable
from email.utils import formatdate
from functools import partial
from typing import TYPE_CHECKING

from mcp_auth_tui.demo.answers import as_text
from mcp_auth_tui.demo.faults import WEAKNESSES, checked
from mcp_auth_tui.demo.front import METADATA_PATH, AuthorizationFront
from mcp_auth_tui.demo.records import Entropy, RegisteredClient
from mcp_auth_tui.demo.resource import ResourceServer
from mcp_auth_tui.demo.tokens import TOKEN_SECONDS
from mcp_auth_tui.loopback.server import Handler, Incoming, Loopback, Reply

if TYPE_CHECKING:
    from mcp_auth_tui.demo.imitation import Imitation
    from mcp_auth_tui.demo.jwt import TokenSigner
    from mcp_auth_tui.demo.provider_front import ProviderFront

_HOST = "127.0.0.1"
_LEGACY = frozenset({"legacy", "legacy-paths"})
_OAUTH_PATHS = frozenset(
    {
        *("/authorize", "/sign-in", "/consent", "/token", "/register", "/revoke", "/introspect"),
        *("/device_authorization", "/device", "/jwks", METADATA_PATH),
    }
)


class PracticeServer:
    """An MCP server and an authorization server on two ports of 127.0.0.1, forgetful of all.

    `url` is the MCP URL, `sse_url` that of the 2024-11-05 transport, `issuer` the authorization
    server's, `client` what was made in the console of a provider that is imitated. The attributes
    may be read from any thread.
    """

    def __init__(self, origin: str, issuer: str) -> None:
        self.url = f"{origin}/mcp"
        self.sse_url = f"{origin}/sse"
        self.issuer = issuer
        self.client: RegisteredClient | None = None
        self._loopbacks: list[Loopback] = []

    @classmethod
    async def start(
        cls,
        *,
        port: int = 0,
        faults: Iterable[str] = frozenset(),
        auto_approve: bool = False,
        cimd_ca: str | None = None,
        clock: Callable[[], float] = time.time,
        fixed: bool = False,
        jwt: bool = False,
        device: bool = False,
        token_life: float = TOKEN_SECONDS,
        provider: str = "",
    ) -> "PracticeServer":
        """Start both servers: the MCP server on `port`, the other on the next one (0: any).

        `faults` are names of `FAULTS`, `VARIANTS` or `WEAKNESSES`; `auto_approve` redirects without
        pages; `cimd_ca` is a PEM file trusted for client metadata documents; `clock` gives seconds
        since the epoch; `fixed` makes every code, token and id the same in each run (not with
        `jwt`). `jwt`: access tokens are JWTs (RFC 9068), their key is published. `device`: device
        authorization is offered (RFC 8628). `token_life`: that of an access token, in seconds.
        `provider`: which one of `PROVIDERS` the authorization server imitates; it goes before
        `jwt`, `device` and what is wrong with that server.
        Raises ValueError for an unknown fault, KeyError for an unknown provider, OSError when a
        port is taken.
        """
        chosen, row = checked(faults), _imitation(provider)
        doors = _Door(clock), _Door(clock)
        loopbacks: list[Loopback] = []
        try:
            for door, number in zip(
                doors, (port, port + 1 if 0 < port < 65535 else 0), strict=True
            ):
                loopbacks.append(await Loopback.bind(door.handle, _HOST, number))
        except BaseException:
            for loopback in loopbacks:
                await loopback.aclose()
            raise
        origin, issuer = (f"http://{_HOST}:{loopback.port}" for loopback in loopbacks)
        if _LEGACY & chosen:
            issuer = origin
        server = cls(origin, issuer)
        server._loopbacks = loopbacks
        entropy = Entropy(fixed=fixed)
        make = partial(
            AuthorizationFront,
            auto_approve=auto_approve,
            cimd_ca=cimd_ca,
            clock=clock,
            entropy=entropy,
            token_life=token_life,
        )
        urls = (server.url, server.sse_url)
        if row is not None:
            imitated = _provider_front(row, make, issuer, urls, entropy)
            front, handle, named = imitated.front, imitated.handle, imitated.named
            server.issuer, server.client = front.issuer, imitated.client
        else:
            signer = _signer(issuer, entropy) if jwt else None
            front = make(issuer, urls, faults=chosen, signer=signer, device=device)
            handle, named = front.handle, issuer
        resource = ResourceServer(origin, named, front.tokens.judge, faults=chosen, entropy=entropy)
        served: Handler = resource.handle
        if weak := chosen & WEAKNESSES.keys():
            from mcp_auth_tui.demo.weaknesses import WeakResource

            served = WeakResource(served, weak, front.tokens.is_refresh).handle
        served = _joined(served, handle) if _LEGACY & chosen else served
        doors[0].open(f"{_HOST}:{loopbacks[0].port}", served)
        doors[1].open(f"{_HOST}:{loopbacks[1].port}", handle)
        return server

    async def aclose(self) -> None:
        """End both servers and all their connections; a second call does nothing."""
        await asyncio.gather(*(loopback.aclose() for loopback in self._loopbacks))


class _Door:
    """What stands before an origin: the Host check against DNS rebinding, and the date."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._served: asyncio.Future[tuple[str, Handler]] = (
            asyncio.get_running_loop().create_future()
        )

    def open(self, authority: str, handler: Handler) -> None:
        """Let requests in; those that came before have waited."""
        self._served.set_result((authority, handler))

    async def handle(self, incoming: Incoming) -> Reply:
        """Answer 421 to a foreign Host, else as the origin does."""
        authority, handler = await asyncio.shield(self._served)
        if incoming.header("host") != authority:
            return as_text(421, f"Only {authority} is served here.")
        reply = await handler(incoming)
        date = ("Date", formatdate(self._clock(), usegmt=True))
        return Reply(reply.status, reply.body, (*reply.headers, date))


def _imitation(provider: str) -> "Imitation | None":
    if not provider:
        return None
    from mcp_auth_tui.demo.imitation import imitation

    return imitation(provider)


def _provider_front(
    row: "Imitation",
    make: Callable[..., AuthorizationFront],
    origin: str,
    urls: tuple[str, str],
    entropy: Entropy,
) -> "ProviderFront":
    from mcp_auth_tui.demo.provider_front import ProviderFront

    return ProviderFront(row, make, origin, urls, entropy)


def _signer(issuer: str, entropy: Entropy) -> "TokenSigner":
    from mcp_auth_tui.demo.jwt import TokenSigner

    return TokenSigner(issuer, entropy)


def _joined(resource: Handler, front: Handler) -> Handler:
    """Serve the authorization server's paths on the MCP origin: the shape of 2025-03-26."""

    async def handle(incoming: Incoming) -> Reply:
        ours = incoming.path in _OAUTH_PATHS or incoming.path.startswith("/register/")
        return await (front if ours else resource)(incoming)

    return handle
