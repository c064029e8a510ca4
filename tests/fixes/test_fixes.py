"""Every fix against a server that is broken: made as shown, it mends what it is for."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from mcp_auth_tui.findings import CATALOGUE, finding
from mcp_auth_tui.fixes import fix_of, has_fix, rows
from mcp_auth_tui.model import (
    Exchange,
    Finding,
    Kind,
    Level,
    Request,
    Response,
    Session,
    Stage,
    Whose,
)
from mcp_auth_tui.protocol.probes.authorization import page_headers
from mcp_auth_tui.protocol.probes.trial import verdict
from tests.findings.case import Case, Run
from tests.findings.cases_scan import APPENDED, ISSUER, RIGHT
from tests.findings.cases_scan import CASES as OF_SCANS
from tests.findings.test_cases import CASES, ids
from tests.fixes.mended import Owner, applied, broken_of, fix_for, visited, visited_again
from tests.fixes.owners import OWNERS
from tests.fixes.without import ELSEWHERE, PROBE_WITH_FIX, WITHOUT
from tests.protocol.probes.test_by_hand import target, tried
from tests.protocol.script import (
    AS,
    MCP,
    OAUTH,
    OIDC,
    PRM,
    PRM_ROOT,
    json,
    made_exchange,
    metadata,
    prm,
    raw,
    resource,
    server,
)

SCANNED = {row.id for row in OF_SCANS}
FIXED = [row for row in CASES if row.id in rows() and row.id not in SCANNED]


def broken_run(row: Case) -> Run:
    owner = OWNERS.get(row.id, Owner())
    run = owner.broken or row.broken
    assert isinstance(run, Run)
    return run


@pytest.mark.parametrize("row", FIXED, ids=lambda row: row.id)
def test_a_server_with_the_fix_has_the_finding_no_more_and_no_other(row: Case) -> None:
    run, owner = broken_run(row), OWNERS.get(row.id, Owner())
    session = visited(run)
    fix = fix_for(session, row.id)
    assert fix is not None and not fix.why, fix
    assert set(fix.blanks) == set(owner.fills)
    before = ids(run())
    assert row.id in before
    after = ids(visited_again(run, fix, session, owner))
    assert row.id not in after
    assert after - before == owner.uncovers


@pytest.mark.parametrize("row", FIXED, ids=lambda row: row.id)
def test_a_server_that_its_owner_did_not_fix_has_the_finding_still(row: Case) -> None:
    """What the owner does beside it mends nothing by itself: the fix is what was missing."""
    run, owner = broken_run(row), OWNERS.get(row.id, Owner())
    site = run.site()
    owner.does(site)
    assert row.id in ids(site.run(**run.settings))


def test_every_finding_has_a_fix_or_a_reason_why_none_can_be_shown(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert set(CATALOGUE) == {*rows(), *WITHOUT}
    assert not set(rows()) & set(WITHOUT)
    assert [id for id in CATALOGUE if has_fix(finding(id, Stage.SERVER))] == [
        id for id in CATALOGUE if id in rows()
    ]
    assert {row.id for row in FIXED} | SCANNED | {PROBE_WITH_FIX} == set(rows())
    speaking = [id for id in CATALOGUE if WITHOUT.get(id) not in ELSEWHERE]
    with capsys.disabled():
        print(
            f"\n{len(rows())} of {len(CATALOGUE)} findings have a fix, of {len(speaking)} that"
            f" speak of a document, a header or a status; {len(WITHOUT)} have a reason why not"
        )
    assert len(rows()) / len(speaking) > 0.8


def test_nobody_is_left_in_the_list_of_owners_who_has_no_fix_to_make() -> None:
    assert set(OWNERS) <= {row.id for row in FIXED}


def test_a_kept_rule_has_no_fix() -> None:
    session = visited(Run())
    assert {fix_of(session, item) for item in session.findings} == {None}


@pytest.mark.parametrize(
    ("id", "settings"), [("as-issuer-mismatch", {"issuer": AS}), ("as-missing", {"issuer": AS})]
)
def test_what_was_given_by_hand_is_no_server_s_to_mend(id: str, settings: dict[str, Any]) -> None:
    row = next(row for row in FIXED if row.id == id)
    assert isinstance(row.broken, Run)
    session = visited(Run(row.broken.site, settings))
    assert broken_of(session, id).whose is Whose.CLIENT
    assert fix_for(session, id) is None


# What a scan of unusual places finds.


def at(number: int, stage: Stage, url: str, page: Any) -> Exchange:
    return made_exchange(Request(stage, "test", "GET", url, Kind.METADATA), page, number)


def test_copies_that_differ_are_made_to_say_the_same() -> None:
    other = prm(authorization_servers=[f"{AS}/other"], resource_name="Old")
    found = finding("prm-copies-differ", Stage.RESOURCE, exchange=2)
    session = replace(
        Session(url=MCP),
        resource=resource(document=prm()),
        exchanges=(
            at(1, Stage.RESOURCE, PRM, json(200, prm())),
            at(2, Stage.RESOURCE, PRM_ROOT, json(200, other)),
        ),
    )
    fix = fix_of(session, found)
    assert fix is not None
    (change,) = fix.changes
    assert (change.exchange, change.after.document) == (2, prm())
    assert fix.notes == (f"Right if {PRM} is: which of the two is, only their owner knows.",)


def test_of_two_kinds_of_metadata_only_what_both_have_is_made_alike() -> None:
    other = metadata(token_endpoint=f"{AS}/token2", jwks_uri=f"{AS}/jwks")
    found = finding("as-docs-differ", Stage.SERVER, exchange=2)
    session = replace(
        Session(url=MCP),
        server=server(),
        exchanges=(
            at(1, Stage.SERVER, OAUTH, json(200, metadata())),
            at(2, Stage.SERVER, OIDC, json(200, other)),
        ),
    )
    fix = fix_of(session, found)
    assert fix is not None
    (change,) = fix.changes
    assert change.after.document == metadata(jwks_uri=f"{AS}/jwks")


def test_a_document_that_is_elsewhere_is_served_where_clients_look() -> None:
    found = finding("as-misplaced", Stage.SERVER, exchange=2)
    session = replace(
        Session(url=MCP),
        exchanges=(
            at(1, Stage.SERVER, RIGHT, raw(404)),
            at(2, Stage.SERVER, APPENDED, json(200, metadata(ISSUER))),
        ),
    )
    fix = fix_of(session, found)
    assert fix is not None
    (change,) = fix.changes
    assert (change.exchange, change.url, change.after.status) == (1, RIGHT, 200)
    assert change.after.document == metadata(ISSUER)


def test_the_state_of_a_device_code_becomes_the_error() -> None:
    """authgent-server 0.3.4."""
    said = {"error": "invalid_grant", "error_description": "authorization_pending"}
    polled = at(1, Stage.AUTHORIZE, f"{AS}/token", json(400, said))
    found = finding("token-error-form", Stage.AUTHORIZE, exchange=1, pointer="/error")
    fix = fix_of(replace(Session(url=MCP), exchanges=(polled,)), found)
    assert fix is not None
    (change,) = fix.changes
    assert (change.after.status, change.after.document) == (400, {"error": "authorization_pending"})


def test_a_page_that_can_be_framed_gets_the_header_that_forbids_it() -> None:
    policy = ("content-security-policy", "default-src 'none'")
    open_to_all = ("access-control-allow-origin", "*")
    page: list[Response] = [Response(200, (policy, open_to_all), b"<form>")]
    sent: list[Exchange] = []

    def serve(request: Request) -> Response:
        sent.append(made_exchange(request, page[0], len(sent) + 1))
        return page[0]

    def probe() -> Finding:
        trials = tried(page_headers(target()), serve)
        return verdict(PROBE_WITH_FIX, Stage.AUTHORIZE, "2025-11-25", trials)

    found = probe()
    fix = fix_of(replace(Session(url=MCP), exchanges=tuple(sent)), found)
    assert found.level is Level.WARNING and fix is not None
    (change,) = fix.changes
    assert change.after.headers == (
        ("content-security-policy", "default-src 'none'; frame-ancestors 'none'"),
    )
    page[0] = applied(change, page[0], {})
    assert probe().level is Level.OK
