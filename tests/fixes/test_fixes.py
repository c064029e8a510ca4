"""Every fix against a server that is broken: made as shown, it mends what it is for."""

from __future__ import annotations

import pytest

from mcp_auth_tui.fixes import rows
from tests.findings.case import Case, Run
from tests.findings.cases_scan import CASES as OF_SCANS
from tests.findings.test_cases import CASES, ids
from tests.fixes.mended import Owner, fix_for, visited, visited_again
from tests.fixes.owners import OWNERS

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
