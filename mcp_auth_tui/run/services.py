"""Knows the actions that are no event: time, chance, keys, store, listener, streams; not why.

Nothing here is told to anybody: what a generator asks for is done, and answered.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from mcp_auth_tui.model import Failure
from mcp_auth_tui.protocol.actions import (
    Action,
    Answer,
    BeginRefresh,
    Bind,
    Close,
    DropClient,
    Now,
    RandomOctets,
    Read,
    RecallClient,
    Sign,
    SignedJwt,
    Sleep,
    Verification,
    Verify,
)
from mcp_auth_tui.run.budget import Budget

if TYPE_CHECKING:
    from mcp_auth_tui.loopback.callback import Listener
    from mcp_auth_tui.net.answers import Stream
    from mcp_auth_tui.run.stored import RunStore

BindListener = Callable[[str | None, int | None], Awaitable["Listener"]]
Signer = Callable[[Sign], Awaitable[SignedJwt | Failure]]

QUIET = (
    RandomOctets,
    Now,
    Sign,
    Verify,
    Sleep,
    Bind,
    RecallClient,
    DropClient,
    BeginRefresh,
    Answer,
    Read,
    Close,
)
"""What `Services.perform` performs."""


def _verified(action: Verify) -> Verification:
    from mcp_auth_tui.keys.jose import verify_jwt

    found = verify_jwt(action.jwt.reveal(), action.jwks)
    return Verification(found.ok, found.why, found.kid, found.alg)


async def _stored(store: RunStore, action: RecallClient | DropClient | BeginRefresh) -> Any:
    match action:
        case RecallClient():
            return await store.find_client(action)
        case BeginRefresh():
            return await store.begin_refresh(action.token)
        case _:
            return await store.drop_client(action.client)


class Services:
    """What one run has beside network, browser and person; `clean` lets go of what was taken."""

    def __init__(
        self,
        clock: Callable[[], float],
        entropy: Callable[[int], bytes],
        bind: BindListener | None = None,
        sign: Signer | None = None,
        store: RunStore | None = None,
    ) -> None:
        self.clock = clock
        """Seconds since the epoch."""
        self._entropy = entropy
        self._bind = bind
        self._sign = sign
        self._store = store
        self.budget = Budget()
        """What the run has left."""
        self.listener: Listener | None = None
        """What waits for the browser now."""
        self.streams: dict[int, Stream] = {}
        """The answers that are read piece by piece, by the number of their exchange."""

    async def perform(self, action: Action) -> Any:
        """Perform an action and return what its asker is told: None for what has no answer."""
        match action:
            case RandomOctets():
                return self._entropy(action.octets)
            case Now():
                return self.clock()
            case Sign():
                if self._sign is None:
                    return Failure("client-key", "This run has no key to sign with.")
                return await self._sign(action)
            case Verify():
                return await asyncio.to_thread(_verified, action)
            case Sleep():
                await asyncio.sleep(action.seconds)
                if action.seconds >= 1:
                    self.budget.allow_one()
            case Bind():
                return await self._bound(action)
            case RecallClient() | DropClient() | BeginRefresh() if self._store is not None:
                return await _stored(self._store, action)
            case Answer() if self.listener is not None:
                await self.listener.answer(action.page)
            case Read():
                return await self._read(action)
            case Close():
                if (stream := self.streams.pop(action.exchange, None)) is not None:
                    await stream.aclose()
        return None

    async def _read(self, action: Read) -> bytes | Failure:
        stream, since = self.streams.get(action.exchange), time.monotonic()
        found = await stream.read(action.within) if stream is not None else b""
        octets = len(found) if isinstance(found, bytes) else 0
        self.budget.read(time.monotonic() - since, octets)
        return found

    async def _bound(self, action: Bind) -> str | Failure:
        await self.clean("failed")
        if (bind := self._bind) is None:
            from mcp_auth_tui.loopback.callback import Listener

            bind = Listener.bind
        try:
            self.listener = await bind(action.redirect_uri, action.port)
        except OSError as error:
            at = f"port {action.port}" if action.port else action.redirect_uri or "any port"
            reason = error.strerror or str(error)
            return Failure("client-port-busy", f"Nothing can listen on {at}: {reason}.")
        except ValueError:
            if action.redirect_uri is None:
                raise
            # Nothing can listen there: the person pastes the address the browser ended on.
            return action.redirect_uri
        return self.listener.redirect_uri

    async def clean(self, page: str) -> None:
        """Answer a browser that still waits, and let go of listener and streams."""
        listener, self.listener = self.listener, None
        streams, self.streams = list(self.streams.values()), {}
        if listener is not None:
            await listener.answer(page)
            await listener.aclose()
        for stream in streams:
            await stream.aclose()
