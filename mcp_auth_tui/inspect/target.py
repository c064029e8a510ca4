"""Knows how one URL is inspected on a network; must not know other URLs, nor a rule.

It is driven as a run is, with nobody there.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import replace
from typing import TYPE_CHECKING

from mcp_auth_tui import findings
from mcp_auth_tui.desktop.browser import Browser
from mcp_auth_tui.model import Ended, Event, Finding, Level, Outcome, Session, Stage, Started
from mcp_auth_tui.protocol import inspection
from mcp_auth_tui.protocol.actions import FlowStop, Protocol
from mcp_auth_tui.protocol.config import Config
from mcp_auth_tui.protocol.judge import REFUSED_FOR_SAFETY
from mcp_auth_tui.render import bug
from mcp_auth_tui.run.performer import Performer, Result
from mcp_auth_tui.run.person import Nobody
from mcp_auth_tui.run.services import Services
from mcp_auth_tui.text.units import duration

if TYPE_CHECKING:
    from mcp_auth_tui.net.network import Network
    from mcp_auth_tui.run.budget import Budget

Flow = Callable[[Config], Protocol[Outcome]]


async def inspect_url(
    config: Config,
    network: Network,
    *,
    fail_on: Level = Level.ERROR,
    seconds: float = 120.0,
    budget: Budget | None = None,
    clock: Callable[[], float] = time.time,
    flow: Flow = inspection.run,
) -> Session:
    """Inspect one URL within so many seconds and a budget, and return all that was found.

    Its ``exit`` is 1 when a finding is at or over ``fail_on``, its ``stop`` the first finding that
    would end a sign-in. Nothing but cancellation is raised: a fault of our own is a finding too.
    """
    target = _Target(config, network, clock, budget)
    outcome = Outcome.FAILED
    try:
        async with asyncio.timeout(seconds) as limit:
            outcome = await target.drive(flow(config))
    except TimeoutError as error:
        late = limit.expired()
        target.note(_slow(target.session, seconds) if late else bug.stop(error, target.session))
    except FlowStop as stopped:
        target.note(findings.fatal(stopped.finding))
    except Exception as error:
        target.note(bug.stop(error, target.session))
    finally:
        await target.close()
    session = target.session
    stop = next((item for item in session.findings if item.level is Level.FATAL), None)
    if stop is not None:
        refused = stop.exit == REFUSED_FOR_SAFETY
        outcome = Outcome.REFUSED if refused else Outcome.FAILED
    over = any(item.level.rank <= fail_on.rank for item in session.findings)
    return session.apply(Ended(outcome, clock(), stop, int(over)))


class _Target:
    def __init__(
        self,
        config: Config,
        network: Network,
        clock: Callable[[], float],
        budget: Budget | None,
    ) -> None:
        self._session = Session().apply(Started(config.url, clock()))
        self._findings: list[Finding] = []
        self._services = Services(clock, os.urandom)
        self._performer = Performer(
            config, Browser("none"), Nobody(), lambda: self._session, self._services
        )
        self._performer.use(network, budget)

    def note(self, event: Event) -> None:
        """Add what happened. Findings are gathered: they are many, and change nothing else."""
        if isinstance(event, Finding):
            if event.level is Level.FATAL:
                self._findings = [item for item in self._findings if not event.repeats(item)]
            self._findings.append(event)
        else:
            self._session = self._session.apply(event)

    @property
    def session(self) -> Session:
        """The fold of all that happened so far."""
        return replace(self._session, findings=tuple(self._findings))

    async def drive(self, generator: Protocol[Outcome]) -> Outcome:
        """Drive the generator to its end and return its outcome."""
        try:
            async with aclosing(self._performer.drive(generator)) as steps:
                async for step in steps:
                    if isinstance(step, Result):
                        outcome: Outcome = step.value
                    else:
                        self.note(step)
        finally:
            generator.close()
        return outcome

    async def close(self) -> None:
        """Let go of streams that are still open."""
        await self._services.clean("done")


def _slow(session: Session, seconds: float) -> Finding:
    text = f"The inspection was ended after {duration(seconds)}."
    stage = session.current or Stage.PROBE
    return findings.fatal(findings.finding("net-slow", stage, message=text, seen=text))
