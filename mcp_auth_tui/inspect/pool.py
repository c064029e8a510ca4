"""Knows how many URLs are inspected side by side; must not know what is found, or how it is told.

Each place has a network of its own, kept for the next URL of the same origin. One big pool would
be slower: it looks through all its connections at every request.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterator
from typing import TYPE_CHECKING

from mcp_auth_tui.protocol.urls import origin_text
from mcp_auth_tui.records import dataclass

if TYPE_CHECKING:
    from mcp_auth_tui.model import Session
    from mcp_auth_tui.net.network import Network

Inspect = Callable[[str, "Network"], Awaitable["Session"]]


@dataclass(slots=True)
class Networks:
    """Networks at rest, by the origin that a person typed; as many as may be in use at once.

    Only the same origin shares one: which addresses a network may connect to depends on it.
    """

    make: Callable[[str], Network]
    most: int
    busy: int
    rest: OrderedDict[tuple[str, int], Network]

    @classmethod
    def of(cls, make: Callable[[str], Network], most: int) -> Networks:
        """Return an empty stock; ``make`` makes a network for a typed URL."""
        return cls(make, most, 0, OrderedDict())

    async def take(self, url: str) -> Network:
        """Return a network for a URL, of its own until it is given back."""
        origin = origin_text(url)
        self.busy += 1
        key = next((key for key in reversed(self.rest) if key[0] == origin), None)
        if key is not None:
            return self.rest.pop(key)
        while self.rest and self.busy + len(self.rest) > self.most:
            await self.rest.popitem(last=False)[1].aclose()
        return self.make(url)

    def give(self, url: str, network: Network) -> None:
        """Take a network back, its connections open."""
        self.busy -= 1
        self.rest[origin_text(url), id(network)] = network

    async def aclose(self) -> None:
        """Close all that rest."""
        while self.rest:
            await self.rest.popitem()[1].aclose()


async def inspect_all(
    urls: Iterator[str],
    inspect: Inspect,
    make: Callable[[str], Network],
    done: Callable[[Session], None],
    *,
    jobs: int,
) -> None:
    """Inspect each URL, at most ``jobs`` at a time, and hand over each result as it comes.

    No result is kept. What ``done`` raises ends everything and is raised again.
    """
    networks = Networks.of(make, jobs)

    async def place() -> None:
        for url in urls:
            network = await networks.take(url)
            try:
                session = await inspect(url, network)
            except BaseException:
                await network.aclose()
                raise
            networks.give(url, network)
            done(session)

    places = [asyncio.ensure_future(place()) for _ in range(jobs)]
    try:
        await asyncio.gather(*places)
    finally:
        for item in places:
            item.cancel()
        await asyncio.gather(*places, return_exceptions=True)
        await networks.aclose()
