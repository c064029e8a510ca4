"""Knows how one server is looked at again and again, and what of a round is news; it has no face.

A round is an inspection: it registers nothing, signs nobody in and sends no token. Nothing of a
round is kept but what its findings were, so the thousandth takes no more memory than the first.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import suppress
from math import inf
from typing import TYPE_CHECKING

from mcp_auth_tui.model import Level, Session
from mcp_auth_tui.model.changes import Changes, Snapshot, compare, merged, snapshot
from mcp_auth_tui.records import dataclass

if TYPE_CHECKING:
    from mcp_auth_tui.net.settings import NetworkSettings
    from mcp_auth_tui.protocol.config import Config

Look = Callable[[], Awaitable[Session]]
AWAY_PAUSE = 1.0
"""The most seconds until the next round while nobody answers: that costs a server nothing."""
LIMITED_PAUSE = 30.0
"""The least after a server said that it is asked too often (429)."""


@dataclass(frozen=True, slots=True)
class Round:
    """One round, and what became known by it."""

    number: int
    at: float
    """When it began, in seconds since the epoch."""
    seconds: float
    session: Session
    changes: Changes
    """Against what was known before; of the first round all is new."""
    away: bool
    """Nobody answered at the MCP URL, or with nothing but a failure of the server (5xx)."""
    turned: bool
    """Whether it is away since this round, or answers again since."""
    gone: float
    """Seconds for which it was away, where it answers again."""
    unchanged: int
    """So many rounds before it brought nothing."""

    @property
    def news(self) -> bool:
        """Whether there is anything to tell."""
        return self.number == 1 or self.turned or bool(self.changes)

    @property
    def bounds(self) -> tuple[float, float]:
        """The least and the most seconds until the next round."""
        stop = self.session.stop
        limited = stop is not None and stop.id == "net-rate-limited"
        return LIMITED_PAUSE if limited else 0.0, AWAY_PAUSE if self.away else inf


class Rounds:
    """What is known after some rounds: the fold of their sessions.

    A server that is away for a moment, as one that restarts, is a state: what was known of it
    stays, and is compared with once it answers again.
    """

    def __init__(self) -> None:
        self.number = 0
        self.code: int | None = None
        """The exit code of the last round; None before the first."""
        self._known: Snapshot | None = None
        self._away_since: float | None = None
        self._unchanged = 0

    def add(self, session: Session) -> Round:
        """Take the session of a round in, and return what is news of it."""
        self.number += 1
        self.code = session.exit
        found, first = snapshot(session), self._known is None
        known = self._known or Snapshot()
        away, since = not found.answered, self._away_since
        changes = Changes() if away and not first else compare(known, found)
        if first or not away:
            self._known = merged(known, found)
        self._away_since = (since or session.started) if away else None
        turned = away != (since is not None)
        ended = session.ended or session.started
        told = Round(
            self.number,
            session.started,
            max(ended - session.started, 0.0),
            session,
            changes,
            away,
            turned,
            max(session.started - since, 0.0) if since is not None and not away else 0.0,
            self._unchanged,
        )
        self._unchanged = 0 if told.news else self._unchanged + 1
        return told


class Pause:
    """The time between two rounds, which a person can end at once."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        """From the end of a round to the next."""
        self._ended = asyncio.Event()

    def end(self) -> None:
        """Let the next round begin; during one, another follows it at once."""
        self._ended.set()

    async def __call__(self, least: float, most: float) -> None:
        """Wait: so many seconds at least, and at most, whatever was asked for."""
        seconds = max(min(self.seconds, most), least)
        with suppress(TimeoutError):
            await asyncio.wait_for(self._ended.wait(), seconds)
        self._ended.clear()


async def watch(
    look: Look, pause: Callable[[float, float], Awaitable[None]], rounds: Rounds | None = None
) -> AsyncGenerator[Round, None]:
    """Look again and again, and yield each round; ``pause`` is `Pause`, or a test's own."""
    rounds = rounds or Rounds()
    while True:
        told = rounds.add(await look())
        bounds = told.bounds
        yield told
        del told  # nothing of it is held through the pause
        await pause(*bounds)


def looks(
    config: Config,
    network: NetworkSettings,
    *,
    fail_on: Level = Level.ERROR,
    octets: int | None = None,
    clock: Callable[[], float] = time.time,
) -> Look:
    """Return how one round is made: on a network of its own, within the limits of a run.

    A connection that is kept over a restart of the server would fail and tell nothing.
    """
    from mcp_auth_tui.inspect.target import inspect_url
    from mcp_auth_tui.net.network import Network, Tls
    from mcp_auth_tui.run.budget import OCTETS, Budget

    tls = Tls(network)

    async def look() -> Session:
        private = config.allow_private
        own = Network(config.url, network, allow_private=private, tls=tls)
        try:
            return await inspect_url(
                config,
                own,
                fail_on=fail_on,
                seconds=12 * network.timeout,
                budget=Budget(octets=octets or OCTETS, timeout=network.timeout),
                clock=clock,
            )
        finally:
            await own.aclose()

    return look
