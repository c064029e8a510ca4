"""``--header``, ``--registration-token``, ``--client-name``: who gets what a person adds."""

from __future__ import annotations

import pytest

from mcp_auth_tui.model import Secret
from tests.protocol.script import AS, MCP, World, body_of, header

TENANT = {"headers": (("X-Tenant", Secret("blue-tenant")),)}


@pytest.mark.parametrize("era", ["initialize", "stateless"])
def test_a_header_goes_to_the_mcp_server_with_every_request_and_to_nobody_else(era: str) -> None:
    world = World(era=era)
    script = world.run(**TENANT)
    assert script.returned() == "ok"
    carried = {(item.url == MCP, header(item, "X-Tenant")) for item in world.sent}
    assert carried == {(True, "blue-tenant"), (False, None)}


def test_the_initial_access_token_goes_to_the_registration_alone() -> None:
    """RFC 7591 section 3."""
    world = World()
    world.run(registration_token=Secret("initial-1"), client_name="Ann's laptop").returned()
    [registration] = [item for item in world.sent if item.url == f"{AS}/register"]
    assert header(registration, "Authorization") == "Bearer initial-1"
    assert body_of(registration)["client_name"] == "Ann's laptop"
    others = [header(item, "Authorization") for item in world.sent if item is not registration]
    assert "Bearer initial-1" not in others
