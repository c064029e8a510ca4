"""Knows how a run is put together from what was asked for; must not know who watches it."""

from __future__ import annotations

from mcp_auth_tui.desktop.browser import Browser
from mcp_auth_tui.keys.signer import Signer
from mcp_auth_tui.net.network import Network
from mcp_auth_tui.protocol.config import Config
from mcp_auth_tui.run.controller import Controller
from mcp_auth_tui.settings.options import Options

PRIVATE = "as-endpoint-private"


def controller(
    options: Options, config: Config, *, person: bool, stepping: bool = False
) -> Controller:
    """Return a run against the URL of ``config``, which goes step by step if ``stepping``.

    ``person``: somebody can sign in or answer.
    """

    def network() -> Network:
        return Network(config.url, options.network, allow_private=PRIVATE in config.allow)

    return Controller(
        config,
        network,
        Browser(options.browser),
        person=person,
        stepping=stepping,
        sign=Signer(options.client_key, options.key_origin),
        marks=options.marks,
    )
