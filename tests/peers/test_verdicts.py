"""Servers that we did not write are told only what was looked up and is true (verdicts.toml)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from mcp_auth_tui.cli.main import main
from mcp_auth_tui.findings import CATALOGUE

from . import verdicts

REVISIONS = ("auto", "2025-03-26", "2025-06-18", "2025-11-25", "2026-07-28")
PEERS = {
    "http": "sdk",
    "sse": "sdk",
    "combined": "sdk",
    "jwt": "oidc",
    "opaque": "oidc",
    "bearer": "grants",
    "revoking": "grants",
    "pushed": "grants",
    "dpop": "grants",
    "nonce": "grants",
    "memory": "fastmcp",
    "proxy": "fastmcp",
    "mounted": "fastmcp",
}


@pytest.mark.parametrize("revision", REVISIONS)
@pytest.mark.parametrize("peer", PEERS)
def test_an_inspection_tells_exactly_what_was_found_to_be_true(
    peer: str,
    revision: str,
    request: pytest.FixtureRequest,
    capsys: pytest.CaptureFixture[str],
) -> None:
    addresses: dict[str, str] = request.getfixturevalue(PEERS[peer])
    main(["inspect", addresses[peer], "--format", "jsonl", "--spec", revision])
    document: dict[str, Any] = json.loads(capsys.readouterr().out)
    told = verdicts.bad(document["findings"])
    assert told == verdicts.of_inspection(peer, revision)
    assert not {(id, peer) for id in told} & verdicts.MENDED


def test_the_table_is_about_rules_and_peers_that_there_are() -> None:
    table = verdicts.table()
    rows = [*table["verdict"], *table["mended"]]
    assert [row["finding"] for row in rows if row["finding"] not in CATALOGUE] == []
    assert {peer for row in rows for peer in (*row["peers"], *row.get("run", ()))} == set(PEERS)
    assert {name for row in rows for name in row.get("revisions", ())} == set(REVISIONS)
    assert [row["finding"] for row in rows if not (row["sent"] and row["rule"])] == []
    assert len({row["finding"] for row in rows}) == len(rows)


def test_a_finding_that_nobody_has_looked_up_is_named() -> None:
    """The check is one that can say no."""
    new = {"id": "jwt-aud", "level": "warning"}
    known = {"id": "dcr-cacheable", "level": "error"}
    light = {"id": "token-scope-narrow", "level": "info"}
    assert verdicts.unjudged("http", [new, known, light]) == {"jwt-aud"}
    assert verdicts.unjudged("jwt", [known]) == {"dcr-cacheable"}
