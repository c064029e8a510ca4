"""Knows how a generator of the protocol is driven with nobody there; no store, no face."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import aclosing
from typing import Any

from mcp_auth_tui.desktop.browser import Browser
from mcp_auth_tui.keys.signer import Signer
from mcp_auth_tui.model import Finding, Session, Started
from mcp_auth_tui.net.network import Network
from mcp_auth_tui.net.settings import NetworkSettings
from mcp_auth_tui.protocol.actions import FlowStop, Protocol
from mcp_auth_tui.protocol.config import Config
from mcp_auth_tui.records import dataclass
from mcp_auth_tui.run.performer import Performer, Result
from mcp_auth_tui.run.person import Nobody
from mcp_auth_tui.run.services import Services

Clock = Callable[[], float]


@dataclass(frozen=True, slots=True)
class Driven:
    """What a generator came to without a run around it: a value, or the finding that ended it."""

    session: Session
    value: Any = None
    stop: Finding | None = None


async def drive(
    config: Config,
    generator: Protocol[Any],
    settings: NetworkSettings,
    clock: Clock = time.time,
    sign: Signer | None = None,
) -> Driven:
    """Drive a generator of the protocol by itself, with nobody there; ``sign`` holds its keys."""
    session = Session().apply(Started(config.url, clock()))
    network = Network(config.url, settings, allow_private=config.allow_private)
    services = Services(clock, os.urandom, sign=sign)
    performer = Performer(config, Browser("none"), Nobody(), lambda: session, services)
    performer.use(network)
    value: Any = None
    try:
        async with aclosing(performer.drive(generator)) as steps:
            async for step in steps:
                if isinstance(step, Result):
                    value = step.value
                else:
                    session = session.apply(step)
    except FlowStop as stopped:
        return Driven(session, stop=stopped.finding)
    finally:
        generator.close()
        await network.aclose()
    return Driven(session, value)
