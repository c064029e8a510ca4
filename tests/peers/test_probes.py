"""Probes against servers that we did not write; each failure was looked up, and is true there.

fastmcp 4.2 and the MCP Python SDK whose handlers it uses: no look at Origin where the host is not
given; any URL may be registered as a redirect address (``AnyUrl``); tokens of the provider in
memory have no audience; redirect addresses are compared with their port; a 401 to Basic has no
challenge.
"""

from __future__ import annotations

import json

import pytest

from .conftest import Start

WORDS = ("--yes", "--destructive", "--browser", "follow", "--format", "json")
FAILED = {
    "memory": {
        "probe-audience",
        "probe-client-auth",
        "probe-dcr-redirects",
        "probe-loopback-port",
        "probe-origin",
        "probe-resource-bad",
    },
    "proxy": {"probe-dcr-redirects", "probe-origin"},
}


@pytest.mark.parametrize("peer", FAILED)
def test_what_fails_at_fastmcp_was_found_to_be_true(
    peer: str, start: Start, fastmcp: dict[str, str]
) -> None:
    result = start("probe", fastmcp[peer], *WORDS).result()
    found = [
        item for item in json.loads(result.out)[0]["findings"] if item["id"].startswith("probe-")
    ]
    failed = {item["id"] for item in found if item["level"] in ("error", "warning")}
    assert (failed, result.code) == (FAILED[peer], 1)
    assert len(found) == 40
