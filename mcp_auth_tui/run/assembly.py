"""Knows how a run is put together from what was asked for; must not know who watches it."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import Any

from mcp_auth_tui.desktop.browser import Browser
from mcp_auth_tui.keys.signer import Signer
from mcp_auth_tui.model import Event, Request, Session, Stage
from mcp_auth_tui.net.network import Network
from mcp_auth_tui.protocol.actions import Protocol
from mcp_auth_tui.protocol.config import Config
from mcp_auth_tui.run.controller import Controller
from mcp_auth_tui.settings.options import Options

PRIVATE = "as-endpoint-private"


class Run(Controller):
    """A controller with a network of its own, which ends with the run."""

    def __init__(
        self, config: Config, options: Options, signer: Signer, *, person: bool, stepping: bool
    ) -> None:
        self._make: Callable[[], Network] = lambda: Network(
            config.url,
            options.network,
            allow_private=PRIVATE in config.allow,
        )
        self._own = self._make()
        self._over = False
        browser = Browser(options.browser)
        super().__init__(
            config,
            self._own,
            browser,
            person=person,
            stepping=stepping,
            sign=signer,
            marks=options.marks,
        )

    async def run(
        self, known: Session | None = None, start: Stage = Stage.PROBE
    ) -> AsyncGenerator[Event, None]:
        """Run the flow as `Controller.run`, and close the network after it."""
        try:
            async with aclosing(super().run(known, start)) as events:
                async for event in events:
                    yield event
        finally:
            self._over = True
            await self._own.aclose()

    async def send_again(
        self, request: Request, of: int, network: Network | None = None
    ) -> AsyncGenerator[Event, None]:
        """Send a request beside the flow; after its end by a network that ends with the answer."""
        made = self._make() if self._over else self._own
        try:
            async with aclosing(super().send_again(request, of, made)) as events:
                async for event in events:
                    yield event
        finally:
            if made is not self._own:
                await made.aclose()

    async def aside(
        self, beside: Protocol[Any], network: Network | None = None
    ) -> AsyncGenerator[Event, None]:
        """Do something beside the run, by a network that ends with it."""
        made = network or self._make()
        try:
            async with aclosing(super().aside(beside, made)) as events:
                async for event in events:
                    yield event
        finally:
            await made.aclose()


def controllers(options: Options, *, person: bool) -> Callable[[Config, bool], Controller]:
    """Return how a run is made from its settings and whether it goes step by step."""

    signer = Signer(options.client_key, options.key_origin)

    def make(config: Config, stepping: bool) -> Controller:
        return Run(config, options, signer, person=person, stepping=stepping)

    return make
