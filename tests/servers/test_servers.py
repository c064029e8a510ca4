"""Small real authorization servers come out as the table has them; see `run.py` for all."""

from __future__ import annotations

import json
import re
import shutil
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mcp_auth_tui.findings import CATALOGUE
from tests.missing import missing
from tests.servers import table
from tests.servers.rows import SERVERS, Server
from tests.servers.trial import Finding, Trial

if TYPE_CHECKING:
    from tests.peers.browser import Person

HERE = Path(__file__).parent
SMALL = [server for server in SERVERS if server.small]
STEPS = {"inspect", "run", "refresh", "introspect", "revoke", "device", "sdk"}


@pytest.mark.parametrize("server", SMALL, ids=lambda server: server.name)
def test_a_server_comes_out_as_the_table_has_it(
    server: Server, person: Person, tmp_path: Path
) -> None:
    if server.kind == "npm" and not (HERE / "node" / "node_modules").is_dir():
        missing("npm install was not run in tests/servers/node")
    if server.kind == "npm" and not shutil.which("node"):
        missing("there is no node on the path")
    if server.kind == "pypi" and not find_spec("oauth2_provider"):
        missing("not installed in this environment: django-oauth-toolkit")
    from tests.servers.run import tried

    trial = tried(server, None, person, tmp_path)
    assert (table.differences(server.name, trial), trial.said.get("run")) == ([], None)


def test_the_table_is_about_servers_and_rules_that_there_are() -> None:
    names = {server.name for server in SERVERS}
    assert set(table.SERVERS) == names
    assert {row.finding for row in table.VERDICTS} <= set(CATALOGUE)
    assert {name for row in table.VERDICTS for name in row.servers} <= names
    assert {step for row in table.VERDICTS for step in row.steps} == {"inspect", "run", "device"}
    for server in SERVERS:
        release = table.SERVERS[server.name].version
        assert server.kind == "apt" or re.search(rf"[@=]{re.escape(release)}$", server.packages[0])


def test_the_small_node_servers_are_those_of_the_table() -> None:
    wanted = json.loads((HERE / "node" / "package.json").read_text())["dependencies"]
    listed = [name for server in SMALL if server.kind == "npm" for name in server.packages]
    assert sorted(f"{name}@{release}" for name, release in wanted.items()) == sorted(listed)


def test_each_finding_was_looked_up_and_is_true() -> None:
    rows = table.document()["finding"]
    assert [row["id"] for row in rows if not row["why"]] == []
    assert {(row.true, row.owner) for row in table.VERDICTS} == {(True, "right")}


def test_what_does_not_end_well_has_its_reason() -> None:
    for name, known in table.SERVERS.items():
        assert set(known.steps) <= STEPS, name
        bad = {step for step, result in known.steps.items() if result != table.GOOD[step]}
        assert set(known.why) == bad, name


def test_inspect_ends_badly_with_an_error_and_well_with_the_others() -> None:
    for name, known in table.SERVERS.items():
        rows = [row for row in table.VERDICTS if name in row.servers and "inspect" in row.steps]
        bad = any(row.level in ("fatal", "error") for row in rows)
        assert known.steps["inspect"] == str(int(bad)), name


def test_a_trial_that_is_not_as_the_table_has_it_is_named() -> None:
    """The check is one that can say no."""
    known = table.SERVERS["glewlwyd"]
    steps = {**known.steps, "run": "1 token-error"}
    findings = {
        step: {
            row.finding: Finding(row.finding, row.level, row.whose, "", "")
            for row in table.VERDICTS
            if "glewlwyd" in row.servers and step in row.steps and not row.sometimes
        }
        for step in ("inspect", "run")
    }
    findings["run"].pop("dcr-status")
    findings["inspect"]["jwt-aud"] = Finding("jwt-aud", "error", "client", "", "")
    assert table.differences("glewlwyd", Trial(steps, findings)) == [
        f"run: 1 token-error, and the table has {known.steps['run']}",
        "inspect: not in the table: ('jwt-aud', 'error', 'client')",
        "run: not told: ('dcr-status', 'error', 'authorization server')",
    ]
    assert table.differences("nobody", Trial()) == ["it is not in the table"]
