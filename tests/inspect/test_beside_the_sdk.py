"""An inspection finds no error where the MCP Python SDK gets on, or says for what reason.

Both run over the sites of the findings' table, in memory.
"""

from __future__ import annotations

import logging

import pytest

from mcp_auth_tui.findings import CATALOGUE
from mcp_auth_tui.findings.advice import client_notes
from mcp_auth_tui.model import Level
from mcp_auth_tui.protocol import inspection
from mcp_auth_tui.protocol.config import Config
from tests.findings.case import Run
from tests.findings.known_clients import python
from tests.findings.test_cases import FLOWS
from tests.protocol.script import played

_MUST = "a MUST that the SDK does not look at; other clients read the challenge"
# Errors where the SDK gets on, no known client stops, and our own run refuses nothing.
REASONS = {
    "rs-401-no-challenge": "a MUST since HTTP; who finds the metadata by the challenge finds none",
    "rs-challenge-syntax": _MUST,
    "rs-challenge-dup-param": _MUST,
    "rs-challenge-charset": _MUST,
    "rs-challenge-scheme": "the SDK looks at no scheme; a client that does has none it can use",
    "prm-content-type": "a MUST of RFC 9728 §3.2; clients that go by the label read no JSON",
    "prm-internal-host": "the document leads nobody outside to that host",
    "prm-missing": "a MUST since 2025-06-18; with --spec 2025-03-26 it is information, exit 0",
    "prm-scope-syntax": "the scope cannot be asked for; the SDK sends it as it stands",
    "prm-alg-none": "the SDK reads no signatures; a resource that signs with none proves nothing",
    "prm-jwks-http": "the SDK reads no keys; who does would take them from anybody on the way",
    "as-content-type": "a MUST of RFC 8414 §3.2; clients that go by the label read no JSON",
    "as-no-code-grant": "the document denies the grant that the SDK uses without asking",
}


def errors(row: Run) -> list[str]:
    """What makes an inspection of a site end with exit code 1."""
    world = row.site()
    world.era = "initialize"
    url = row.settings.get("url", world.url)
    script = played(inspection.run(Config(url=url)), world.perform)
    bad = (Level.FATAL, Level.ERROR)
    return [item.id for item in script.findings if item.level in bad]


async def gets_on(row: Run) -> bool:
    """Whether the SDK ends with the list of tools."""
    world = row.site()
    world.era = "initialize"
    try:
        return not await python(world, row.settings.get("url", world.url))
    except (AssertionError, IndexError, KeyError):
        return False  # a client by other settings than the site is made for


def reason(id: str) -> str:
    """Why an error is one though the SDK gets on."""
    if stopped := [note.client for note in client_notes(id) if note.stops]:
        return f"{', '.join(stopped)}: no further than that"
    if CATALOGUE[id].level is Level.FATAL:
        return "a run refuses there, for safety"
    return REASONS.get(id, "")


async def test_an_inspection_finds_no_error_where_the_sdk_gets_on(
    capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.CRITICAL)
    found: set[str] = set()
    good = 0
    for row in FLOWS:
        assert isinstance(row.broken, Run)
        if await gets_on(row.broken):
            seen = errors(row.broken)
            found.update(seen)
            good += not seen
    with capsys.disabled():
        print(f"\nthe MCP Python SDK gets on, and inspect exits 0: {good} sites; with 1 for:")
        print("\n".join(f"{id:24} {reason(id)}" for id in sorted(found)))
    assert good > 100
    assert [id for id in found if not reason(id)] == []
    assert {*REASONS} <= found
