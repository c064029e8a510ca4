"""Our own scenarios, which the official suite never looks at, against the real program."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conformance import own
from tests.conformance.own import Verdict
from tests.conformance.own_scenarios import SCENARIOS, Own
from tests.conformance.play import Play


@pytest.fixture(scope="module")
def verdicts(request: pytest.FixtureRequest) -> dict[Own, Verdict]:
    """The verdicts on all scenarios that were chosen, run in parallel; the table is shown."""
    chosen = [
        item.callspec.params["scenario"]
        for item in request.session.items
        if isinstance(item, pytest.Function) and item.originalname == OF_EACH.__name__
    ]
    capture = request.config.pluginmanager.getplugin("capturemanager")
    found = own.run_all(chosen, lambda _: None)
    with capture.global_and_fixture_disabled():
        print(f"\n{own.table(found)}")
    return {verdict.own: verdict for verdict in found}


@pytest.mark.timeout(300)  # the first of these tests runs all scenarios
@pytest.mark.parametrize("scenario", SCENARIOS, ids=str)
def test_the_program_ends_as_it_must(scenario: Own, verdicts: dict[Own, Verdict]) -> None:
    """State and callback (Z2, B3, B4, B7), PKCE (A6), refresh (F1, F2), errors (K5-7, G6), P6."""
    verdict = verdicts[scenario]
    assert verdict.ok, f"{verdict}\n{verdict.said}"


OF_EACH = test_the_program_ends_as_it_must


def test_no_two_scenarios_have_one_name() -> None:
    assert len({str(item) for item in SCENARIOS}) == len(SCENARIOS)


GOOD: dict[str, Any] = {"headers": {"Authorization": "…"}, "findings": [], "stop": None}
STOP = {"id": "token-error", "message": "refused", "seen": "invalid_grant", "next": "Sign in."}


def faults(row: Own, code: int, document: dict[str, Any], *asked: str) -> list[str]:
    return list(own.faults_of(row, code, document, Play(asked=list(asked))))


def test_a_run_that_ends_as_the_row_says_has_no_fault() -> None:
    row = Own("g", "n", asks=(1, 1))
    assert faults(row, 0, GOOD, "GET /authorize", "POST /token") == []
    refused = Own("g", "n", exit=1, stop="token-error", said=("invalid_grant",))
    assert faults(refused, 1, {"stop": STOP, "headers": {}}) == []


@pytest.mark.parametrize(
    ("row", "code", "document", "fault"),
    [
        (Own("g", "n"), 1, GOOD, "the exit code is 1, not 0"),
        (Own("g", "n"), 0, {**GOOD, "headers": {}}, "no headers are left"),
        (Own("g", "n", headers=False), 0, GOOD, "headers are left"),
        (Own("g", "n", told=("x",)), 0, GOOD, "not told: x; told: "),
        (
            Own("g", "n", asks=(1, 0)),
            0,
            GOOD,
            "asked for authorization and token (0, 0) times, not (1, 0)",
        ),
        (Own("g", "n"), 0, {**GOOD, "stop": STOP}, "ended by token-error (refused), not "),
        (
            Own("g", "n", exit=1, stop="token-error"),
            1,
            {"stop": {**STOP, "next": ""}},
            "the stop names no next step",
        ),
        (
            Own("g", "n", exit=1, stop="token-error", said=("clock",)),
            1,
            {"stop": STOP},
            "the stop does not say 'clock': token-error refused invalid_grant Sign in.",
        ),
    ],
)
def test_whatever_is_not_as_the_row_says_is_a_fault(
    row: Own, code: int, document: dict[str, Any], fault: str
) -> None:
    assert faults(row, code, document) == [fault]
