"""Knows how one URL is inspected on a network; must not know other URLs, nor a rule.

It performs what an inspection asks of the world, which is little: requests, and no person.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from mcp_auth_tui import findings
from mcp_auth_tui.model import (
    Ended,
    Entered,
    Event,
    Exchange,
    Exchanged,
    Finding,
    Learned,
    Left,
    Level,
    Outcome,
    Session,
    Stage,
    Started,
    Tried,
)
from mcp_auth_tui.protocol import inspection
from mcp_auth_tui.protocol.actions import Ask, Close, Now, Open, Protocol, Read, Send, Sleep
from mcp_auth_tui.protocol.config import Config
from mcp_auth_tui.render import bug
from mcp_auth_tui.text.units import duration

if TYPE_CHECKING:
    from mcp_auth_tui.net.answers import Stream
    from mcp_auth_tui.net.network import Network

REQUESTS = 60
"""The most requests for one URL (SPEC 6: a global budget)."""
_REFUSED_FOR_SAFETY = 4
_NOTES = (Finding, Learned, Tried, Entered, Left)
_TOO_MANY = "The inspection was ended after {} requests: it goes round in circles."

Way = Callable[[Config], Protocol[Outcome]]


async def inspected(
    config: Config,
    network: Network,
    *,
    fail_on: Level = Level.ERROR,
    seconds: float = 120.0,
    clock: Callable[[], float] = time.time,
    way: Way = inspection.run,
) -> Session:
    """Inspect one URL within so many seconds and return all that was found.

    Its ``exit`` is 1 when a finding is at or over ``fail_on``, its ``stop`` the first finding that
    would end a sign-in. Nothing but cancellation is raised: a fault of our own is a finding too.
    """
    run = _Run(config, network, clock)
    outcome = Outcome.FAILED
    try:
        async with asyncio.timeout(seconds) as limit:
            outcome = await run.driven(way(config))
    except TimeoutError as error:
        slow = limit.expired()
        run.note(_slow(run.session, seconds) if slow else bug.stop(error, run.session))
    except Exception as error:
        run.note(bug.stop(error, run.session))
    finally:
        await run.close()
    session = run.session
    stop = next((item for item in session.findings if item.level is Level.FATAL), None)
    if stop is not None:
        refused = stop.exit == _REFUSED_FOR_SAFETY
        outcome = Outcome.REFUSED if refused else Outcome.FAILED
    over = any(item.level.rank <= fail_on.rank for item in session.findings)
    return session.apply(Ended(outcome, clock(), stop, int(over)))


class _Run:
    def __init__(self, config: Config, network: Network, clock: Callable[[], float]) -> None:
        self._network = network
        self._clock = clock
        self._streams: dict[int, Stream] = {}
        self._session = Session().apply(Started(config.url, clock()))
        self._found: list[Finding] = []

    def note(self, event: Event) -> None:
        """Add what happened. Findings are gathered: they are many, and change nothing else."""
        if isinstance(event, Finding):
            if event.level is Level.FATAL:
                self._found = [item for item in self._found if not event.repeats(item)]
            self._found.append(event)
        else:
            self._session = self._session.apply(event)

    @property
    def session(self) -> Session:
        """The fold of all that happened so far."""
        return replace(self._session, findings=tuple(self._found))

    async def driven(self, generator: Protocol[Outcome]) -> Outcome:
        """Drive the generator to its end."""
        reply: Any = None
        try:
            while True:
                item = generator.send(reply)
                reply = None
                if isinstance(item, _NOTES):
                    self.note(item)
                else:
                    reply = await self._performed(item)
        except StopIteration as done:
            outcome: Outcome = done.value
            return outcome
        finally:
            generator.close()

    async def close(self) -> None:
        """Let go of streams that are still open."""
        while self._streams:
            await self._streams.popitem()[1].aclose()

    async def _performed(self, action: Any) -> Any:
        match action:
            case Send() | Open():
                return await self._exchanged(action)
            case Read():
                stream = self._streams.get(action.exchange)
                return await stream.read() if stream is not None else b""
            case Close():
                if (stream := self._streams.pop(action.exchange, None)) is not None:
                    await stream.aclose()
            case Sleep():
                await asyncio.sleep(action.seconds)
            case Now():
                return self._clock()
            case Ask():
                return action.question.default
            case _:
                raise TypeError(f"an inspection asked for {type(action).__name__}")
        return None

    async def _exchanged(self, action: Send | Open) -> Exchange:
        request, before = action.request, self._session.exchanges
        if len(before) >= REQUESTS:
            raise RuntimeError(_TOO_MANY.format(len(before)))
        same = (request.purpose, request.url)
        attempt = 1 + sum((old.request.purpose, old.request.url) == same for old in before)
        number, started, since = len(before) + 1, self._clock(), time.monotonic()
        if isinstance(action, Send):
            result, timing = await self._network.send(request, action.enough)
        else:
            result, timing, stream = await self._network.open(request)
            if stream is not None:
                self._streams[number] = stream
        seconds = time.monotonic() - since
        exchange = Exchange(number, request, result, started, seconds, attempt, timing=timing)
        self.note(Exchanged(exchange))
        return exchange


def _slow(session: Session, seconds: float) -> Finding:
    said = f"The inspection was ended after {duration(seconds)}."
    stage = session.current or Stage.PROBE
    return findings.fatal(findings.finding("net-slow", stage, message=said, seen=said))


__all__ = ["REQUESTS", "inspected"]
