"""The official suite against the full screen, every request sent by a key."""

from __future__ import annotations

import pytest

from tests.conformance import run
from tests.conformance.scenarios import PAIRS, Pair
from tests.missing import missing

SCENARIOS = ("metadata-var3", "basic-cimd", "scope-step-up", "pre-registration", "iss-wrong-issuer")
CHOSEN = [pair for pair in PAIRS if pair.scenario in SCENARIOS]


@pytest.fixture(scope="module")
def verdicts() -> dict[Pair, run.Verdict]:
    try:
        found = run.run_all(CHOSEN, lambda verdict: None, adapter="screen")
    except run.Missing as absent:
        missing(str(absent))
    return {verdict.pair: verdict for verdict in found}


@pytest.mark.peers
@pytest.mark.timeout(300)  # the first of these tests runs all scenarios
@pytest.mark.parametrize("pair", CHOSEN, ids=str)
def test_the_screen_that_is_driven_by_keys_is_as_clean_as_the_plain_program(
    pair: Pair, verdicts: dict[Pair, run.Verdict]
) -> None:
    verdict = verdicts[pair]
    assert verdict.ok, f"{verdict}\n{verdict.said}"
