"""What other programs keep and say, read whatever it is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mcp_auth_tui.exports import machine
from mcp_auth_tui.exports.clients import clients
from mcp_auth_tui.text.terminal import one_line
from tests.protocol.discovery.test_resource import JSON

URL = "https://mcp.example.com/mcp"
CHECKED = next(client for client in clients().values() if client.check)
LEADS = st.fixed_dictionaries({"url": st.just(URL)}, optional={"name": JSON})


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("client") / "config"


@pytest.mark.parametrize("id", [
    next(c.id for c in clients().values() if c.listed),
    next(c.id for c in clients().values() if c.format == "json"),
])  # fmt: skip
@given(listed=st.lists(LEADS | JSON, max_size=4), name=st.text(max_size=8), other=JSON)
@example(listed=[{"name": "\U00010000", "url": URL}], name="", other=None)
def test_whatever_a_config_file_holds_the_entries_that_lead_to_a_server_have_names(
    path: Path, id: str, listed: list[Any], name: str, other: Any
) -> None:
    client = clients()[id]
    for servers in (listed, {name: {"url": URL}, "other": other}, other):
        path.write_text(json.dumps({client.inside[0]: servers}), encoding="utf-8")
        names = machine.names_of(client, path, URL)
        assert all(isinstance(item, str) for item in names)
        if client.listed and servers is listed:
            told = [e["name"] for e in listed if isinstance(e, dict) and e.get("url") == URL
                    and isinstance(e.get("name"), str)]  # fmt: skip
            assert [item for item in told if item not in names] == []


@given(st.text(max_size=80), st.text(min_size=1, max_size=8))
def test_whatever_a_client_says_is_told_in_a_harmless_line(said: str, name: str) -> None:
    for output in (said, f"{said}{name}{said} {CHECKED.connected}"):
        report = machine._read(CHECKED, output, name)
        assert report.state in ("connected", "not connected", "not known")
        assert report.reason == one_line(report.reason, None)
