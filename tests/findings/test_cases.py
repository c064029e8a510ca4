"""Every rule of the catalogue: a server that breaks it is told so, one that keeps it is not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from mcp_auth_tui.findings import CATALOGUE
from mcp_auth_tui.model import Finding, Level, Session, Stage
from tests.findings.case import CLEAN, Case, Run
from tests.findings.cases_resource import CASES as OF_RESOURCES
from tests.findings.cases_scan import CASES as OF_SCANS
from tests.findings.cases_server import CASES as OF_SERVERS
from tests.findings.cases_token import CASES as OF_TOKENS
from tests.findings.site import site
from tests.protocol.script import Script

CASES = (*OF_RESOURCES, *OF_SERVERS, *OF_TOKENS, *OF_SCANS)
FLOWS = [row for row in CASES if isinstance(row.broken, Run)]
UNSEEN = {
    "net-budget": "it is the performer's (tests/run/test_budget.py has a server for each limit)",
    "client-bug": "a fault of our own: no server breaks it (tests/test_controller.py has one)",
}
"""Rules that no server can be seen to break, and why."""
PROBED = {id for id in CATALOGUE if id.startswith("probe-")}
"""Rules that only a probe looks at; tests/protocol/probes has their servers."""


def findings_of(script: Script) -> list[Finding]:
    """Return what a run found broken, and what ended it."""
    broken = [item for item in script.findings if item.level is not Level.OK]
    return [*broken, *([script.stop] if script.stop else [])]


def ids(script: Script) -> set[str]:
    """Return the ids of the rules that a run found broken."""
    return {item.id for item in findings_of(script)}


@pytest.mark.parametrize("row", CASES, ids=lambda row: row.id)
def test_a_server_that_breaks_a_rule_is_told_so_and_nothing_else(row: Case) -> None:
    assert ids(row.broken()) == {row.id, *row.also}


@pytest.mark.parametrize("row", CASES, ids=lambda row: row.id)
def test_a_server_that_keeps_a_rule_is_not_blamed(row: Case) -> None:
    script = row.kept()
    assert row.id not in ids(script)
    # Nor for anything that the broken one is not blamed for.
    assert ids(script) <= row.also


@pytest.mark.parametrize("settings", [{}, {"spec": "2025-11-25"}, {"strict": True}])
def test_a_clean_server_is_blamed_for_nothing(settings: dict[str, object]) -> None:
    script = Run(CLEAN.site, settings)()
    assert (ids(script), script.stop) == (set(), None)


STRICTER = {"prm-resource-parent", "prm-resource-slash"}
"""Warnings that end a strict run all the same (SPEC, P5)."""


@pytest.mark.parametrize("row", FLOWS, ids=lambda row: row.id)
def test_a_strict_run_ends_at_the_first_error_and_at_nothing_less(row: Case) -> None:
    assert isinstance(row.broken, Run)
    usual = row.broken()
    strict = Run(row.broken.site, {**row.broken.settings, "strict": True})()
    errors = {item.id for item in findings_of(usual) if item.level.rank <= Level.ERROR.rank}
    ends = errors or usual.stop or row.id in STRICTER
    assert (strict.stop is not None) is bool(ends)
    assert [item.id for item in strict.findings if item.level is Level.ERROR] == []
    if errors and strict.stop is not None:
        assert strict.stop.id in errors


def test_every_rule_has_a_server_that_breaks_it_and_one_that_keeps_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    rows = {row.id: row for row in CASES}
    assert len(rows) == len(CASES)
    lines = []
    for id in (id for id in CATALOGUE if id not in PROBED):
        if id in rows:
            kept = "recorded as kept" if id in rows[id].kept().kept else "not blamed"
            also = ", ".join(sorted(rows[id].also))
            lines.append(f"{id:26} broken[{id}]{f' + {also}' if also else ''}; kept[{id}]: {kept}")
        else:
            lines.append(f"{id:26} cannot be seen: {UNSEEN.get(id, '')}")
    with capsys.disabled():
        print("\n" + "\n".join(lines))
    assert set(CATALOGUE) == {*rows, *UNSEEN, *PROBED}
    assert not set(rows) & set(UNSEEN)


def test_what_is_broken_says_in_which_exchange_it_was_seen() -> None:
    """All but what the browser brought, what is ours, and what no single exchange shows."""
    nowhere = {
        finding.id
        for row in CASES
        for finding in findings_of(row.broken())
        if finding.id == row.id and finding.exchange is None
    }
    assert {id for id in nowhere if not id.startswith(("authz-", "client-", "cimd-own-"))} == {
        "rs-endpoint-http",
        "rs-open",
        "ext-undeclared",
        "token-no-refresh",
    }


@pytest.mark.parametrize(
    ("id", "start"), [("rs-prm-url-foreign", Stage.RESOURCE), ("prm-as-several", Stage.SERVER)]
)
def test_the_number_of_an_exchange_is_never_that_of_an_earlier_run(id: str, start: Stage) -> None:
    """A run that begins later numbers its own exchanges anew."""
    row = next(row for row in CASES if row.id == id)
    assert isinstance(row.broken, Run)
    first = row.broken()
    seen = next(item.exchange for item in findings_of(first) if item.id == id)
    assert seen is not None
    known = replace(
        Session(), contact=first.learned("contact")[-1], resource=first.learned("resource")[-1]
    )
    again = row.broken.site().run(known, start)
    assert [item.exchange for item in findings_of(again) if item.id == id] == [None]


def test_a_run_tells_what_was_kept_too() -> None:
    kept = set(CLEAN().kept)
    assert {"as-pkce-absent", "prm-resource-foreign", "rs-challenge-syntax"} <= kept
    assert len(kept) > 40


@pytest.mark.parametrize(
    ("id", "settings"),
    [
        ("as-cc-auth", {"grant": "client_credentials"}),
        ("as-jwt-auth-algs", {"client_key": True}),
        ("as-dpop-algs", {"dpop": "on"}),
        ("as-idjag-grant", {"grant": "id-jag"}),
    ],
)
def test_what_is_wrong_about_a_way_weighs_more_in_a_run_that_goes_it(
    id: str, settings: dict[str, Any]
) -> None:
    """A server on which people sign in with a browser keeps inspect's exit code at 0."""
    members = {
        "as-cc-auth": {
            "grant_types_supported": ["authorization_code", "client_credentials"],
            "token_endpoint_auth_methods_supported": ["none"],
        },
        "as-jwt-auth-algs": {"token_endpoint_auth_methods_supported": ["none", "private_key_jwt"]},
        "as-dpop-algs": {"dpop_signing_alg_values_supported": ["HS256"]},
        "as-idjag-grant": {
            "authorization_grant_profiles_supported": ["urn:ietf:params:oauth:grant-profile:id-jag"]
        },
    }[id]
    levels = []
    for chosen in ({}, settings):
        script = site(server=members).run(**chosen)
        levels += [item.level for item in findings_of(script) if item.id == id][:1]
    assert levels == [Level.WARNING, Level.ERROR]


@pytest.mark.parametrize(
    ("id", "revision", "level"),
    [
        ("rs-challenge-no-prm", "2025-06-18", Level.ERROR),
        ("rs-challenge-no-prm", "2025-11-25", Level.WARNING),
        ("rs-challenge-no-scope", "2025-06-18", Level.INFO),
        ("rs-challenge-no-scope", "2025-11-25", Level.WARNING),
        ("as-no-cimd", "2025-06-18", Level.INFO),
        ("as-no-cimd", "2025-11-25", Level.WARNING),
        ("as-iss-not-promised", "2025-11-25", Level.INFO),
        ("as-iss-not-promised", "2026-07-28", Level.WARNING),
        ("as-pkce-absent", "2025-06-18", Level.WARNING),
        ("as-pkce-absent", "2025-11-25", Level.FATAL),
    ],
)
def test_a_rule_weighs_what_the_revision_in_force_says(
    id: str, revision: str, level: Level
) -> None:
    row = next(row for row in CASES if row.id == id)
    assert isinstance(row.broken, Run)
    world = row.broken.site()
    world.era = "stateless" if revision == "2026-07-28" else "initialize"
    finding = next(item for item in findings_of(world.run(spec=revision)) if item.id == id)
    assert (finding.level, finding.revision) == (level, revision)
