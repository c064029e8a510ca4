"""Knows how a run is put together from what was asked for; must not know who watches it."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing

from mcp_auth_tui.browser import Browser
from mcp_auth_tui.controller import Controller
from mcp_auth_tui.model import Event, Session, Stage
from mcp_auth_tui.net import Network
from mcp_auth_tui.options import Options
from mcp_auth_tui.protocol.config import Config
from mcp_auth_tui.signer import Signer

PRIVATE = "as-endpoint-private"


class Run(Controller):
    """A controller with a network of its own, which ends with the run."""

    def __init__(
        self, config: Config, options: Options, signer: Signer, *, person: bool, stepping: bool
    ) -> None:
        self._own = Network(
            config.url,
            ca_file=options.ca_file,
            insecure=options.insecure,
            proxy=options.proxy,
            timeout=options.timeout,
            total=options.total,
            allow_private=PRIVATE in config.allow,
        )
        browser = Browser(options.browser)
        super().__init__(config, self._own, browser, person=person, stepping=stepping, sign=signer)

    async def run(
        self, known: Session | None = None, start: Stage = Stage.PROBE
    ) -> AsyncGenerator[Event, None]:
        """Run the flow as `Controller.run`, and close the network after it."""
        try:
            async with aclosing(super().run(known, start)) as events:
                async for event in events:
                    yield event
        finally:
            await self._own.aclose()


def controllers(options: Options, *, person: bool) -> Callable[[Config, bool], Controller]:
    """Return how a run is made from its settings and whether it goes step by step."""

    signer = Signer(options.client_key, options.key_origin)

    def make(config: Config, stepping: bool) -> Controller:
        return Run(config, options, signer, person=person, stepping=stepping)

    return make
