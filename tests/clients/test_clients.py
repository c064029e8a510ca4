"""Small real clients connect with what this program wrote for them; see `run.py` for all."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from mcp_auth_tui.demo.thread import running
from mcp_auth_tui.exports.clients import clients, snippets
from tests.clients.rows import ROWS, Row
from tests.clients.world import NAME, NODE, World, signed_in
from tests.missing import missing

FILE = "servers.json"
SMALL = [row for row in ROWS if row.small]


@pytest.fixture
def url() -> Iterator[str]:
    with running(auto_approve=True) as server:
        yield server.url


@pytest.mark.parametrize("row", SMALL, ids=lambda row: row.id)
def test_a_client_lists_the_tools_with_what_was_written_for_it(
    row: Row, url: str, tmp_path: Path
) -> None:
    if row.package.kind == "npm" and not (NODE / "node_modules").is_dir():
        missing("npm install was not run in tests/clients/node")
    world = World(tmp_path, url)
    outcome = world.run(row, signed_in(world, url))
    assert outcome.connected, outcome.said


def test_after_the_token_ended_a_client_with_a_helper_connects_again_with_no_person(
    tmp_path: Path,
) -> None:
    ahead = 0.0
    rows = {row.form: row for row in ROWS if row.export == "mcp-hub"}
    if not (NODE / "node_modules").is_dir():
        missing("npm install was not run in tests/clients/node")
    with running(auto_approve=True, token_life=60.0, clock=lambda: time.time() + ahead) as server:
        world = World(tmp_path, server.url)
        token = signed_in(world, server.url)
        assert world.run(rows["helper"], token).connected
        ahead = 61.0
        world.end_tokens(ahead)
        assert world.run(rows["helper"], token).connected
        world.program("uninstall", "mcp-hub", server.url, "--name", NAME, "--yes", "--file", FILE)
        assert not world.run(rows["inline"], token, seconds=5.0).connected


def test_every_client_that_was_seen_to_work_is_run_in_the_version_that_the_table_names() -> None:
    run = {(row.export, row.form): row.package.version for row in ROWS}
    for client in clients().values():
        forms = [form for form in client.forms if (client.id, form) in run]
        assert {run[client.id, form] for form in forms} == ({client.seen} if client.seen else set())
    for piece in snippets().values():
        version = run.get((piece.id, "code"))
        assert not version or version.startswith(piece.seen)
