"""Pins that every face tells a finding that is a known provider's way, as a guess, and alike."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from mcp_auth_tui.exports import rendered
from mcp_auth_tui.findings import fatal, finding
from mcp_auth_tui.inspect.formats import FORMATS
from mcp_auth_tui.model import Ended, Event, Learned, Outcome, Stage, Started
from mcp_auth_tui.model.oauth import AuthorizationServer, Resource
from mcp_auth_tui.render.document import document, event
from mcp_auth_tui.tui.views.content import Look, stack
from mcp_auth_tui.tui.views.finding import finding_block
from tests.inspect.written import written
from tests.protocol.script import metadata_at
from tests.render.test_plain import told
from tests.scripted import START, folded

MCP, ISSUER = "https://mcp.example/mcp", "https://tenant.auth0.com/"
STOP = fatal(finding("rs-fresh-token-refused", Stage.VERIFY, seen="HTTP 401"))
REASON = "the host of the issuer ends in .auth0.com"
EXPECTED = {
    "id": "auth0",
    "name": "Auth0",
    "reason": REASON,
    "means": "Without an audience it issues a token for itself that nobody else can read (opaque,"
    " or encrypted in five parts). It takes resource in its place only with the resource parameter"
    " compatibility profile.",
    "options": ["--param", f"audience={MCP}"],
    "blanks": [],
    "console": "",
    "source": "modelcontextprotocol/inspector#566; microsoft/vscode#274226",
}


def events(issuer: str = ISSUER) -> list[Event]:
    server = AuthorizationServer(issuer, MCP, document=metadata_at(issuer))
    return [
        Started(MCP, START),
        Learned("resource", Resource(MCP, MCP, issuers=(issuer,))),
        Learned("server", server),
        STOP,
        Ended(Outcome.FAILED, START + 1, STOP, 1),
    ]


def test_plain_output_tells_it_at_the_finding_and_at_the_end() -> None:
    lines = told(events())
    at = next(i for i, line in enumerate(lines) if "looks like" in line)
    assert lines[at : at + 4] == [
        f"      looks like: Auth0: {REASON}",
        f"      there: {EXPECTED['means']}",
        f"      way through: Run it with --param audience={MCP}",
        f"      known from: {EXPECTED['source']}",
    ]
    end = f"  It looks like Auth0 ({REASON}). Run it with --param audience={MCP}"
    assert lines.count(end) == 1 and lines.index(end) > at + 4


def test_the_document_and_the_events_tell_it_with_the_words_to_run_again_with() -> None:
    session = folded(events())
    made = document(session)
    assert made["stop"]["provider"] == made["findings"][0]["provider"] == EXPECTED
    assert event(STOP, session)["provider"] == EXPECTED
    assert event(events()[-1], session)["stop"]["provider"] == EXPECTED


@pytest.mark.parametrize("name", ["report", "report-html"])
def test_reports_tell_it(name: str) -> None:
    text = rendered(name, folded(events()), lambda _: None).replace("\\", "")
    assert "Looks like" in text and "looks like" in text and "known from" in text
    assert f"--param audience={MCP}" in text


@pytest.mark.parametrize("name", sorted({*FORMATS} - {"har"}))  # HAR tells of exchanges alone
def test_every_form_of_an_inspection_tells_it(name: str) -> None:
    text = written(name, folded(events())).replace("\\", "")
    assert REASON in text and f"audience={MCP}" in text


def test_the_screen_tells_it_in_the_finding() -> None:
    block = stack(finding_block(folded(events()), STOP, Look(200))).plain
    for piece in (
        f"Auth0: {REASON}",
        f"Run it with --param audience={MCP}",
        EXPECTED["source"],
    ):
        assert str(piece) in block


def test_of_an_unknown_server_nothing_is_told() -> None:
    unknown = events("https://as.example")
    lines, session = told(unknown), folded(unknown)
    assert not [line for line in lines if "looks like" in line]
    assert document(session)["stop"]["provider"] is None
    assert "looks like" not in stack(finding_block(session, STOP, Look(60))).plain


def test_what_a_server_sends_is_harmless_in_it() -> None:
    evil = "https://mcp.example/\x1b[31m\u202e`id`"
    session = replace(folded(events()), resource=Resource(evil, MCP, issuers=(ISSUER,)))
    told_of = document(session)["stop"]["provider"]
    assert told_of["options"] == ["--param", "audience=RESOURCE"]
    assert told_of["blanks"] == ["RESOURCE"]
    assert json.dumps(told_of).isprintable()
