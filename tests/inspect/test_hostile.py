"""Inspecting servers that lie: findings, never a fault of ours (DESIGN 5)."""

from __future__ import annotations

import pytest

from mcp_auth_tui.inspect.formats import FORMATS, Setting, form
from mcp_auth_tui.inspect.target import inspect_url
from mcp_auth_tui.net.network import Network
from mcp_auth_tui.net.settings import NetworkSettings
from mcp_auth_tui.protocol.config import Config
from tests.hostile import hostile


@pytest.mark.parametrize("seed", range(60))
async def test_a_server_that_lies_yields_findings_and_no_exception(seed: int) -> None:
    async with hostile(seed) as server:
        network = Network(server.url, NetworkSettings(timeout=0.3))
        session = await inspect_url(Config(url=server.url, version="1"), network)
        await network.aclose()
    assert session.outcome is not None
    ours = [item for item in session.findings if item.id == "client-bug"]
    assert not ours, f"{server.menu}: {ours}"
    for name in FORMATS:
        output = form(name, Setting()).one(session)
        odd = {char for char in output if char != "\n" and not char.isprintable()}
        assert not odd, f"{odd!r} in {name}"
