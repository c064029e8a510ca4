"""The official suite against the real program: every scenario, on every wire, in strict mode."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.conformance import run
from tests.conformance.adapter import CLIENT_METADATA_URL, command_line
from tests.conformance.scenarios import PAIRS, Pair
from tests.missing import missing

URL = "http://localhost:1/mcp"
COMMON = ["--plain", "--browser", "follow", "--call", "test-tool", "--call-args", "{}"]


@pytest.fixture(scope="module")
def suite() -> list[str]:
    try:
        return run.suite_command()
    except run.Missing as absent:
        missing(str(absent))


@pytest.fixture(scope="module")
def verdicts(suite: list[str], request: pytest.FixtureRequest) -> dict[Pair, run.Verdict]:
    """The verdicts on all pairs that were chosen, run in parallel before the first is looked at.

    One line for each is shown at once and the table at the end, since the table is what is wanted.
    """
    chosen = [
        item.callspec.params["pair"]
        for item in request.session.items
        if isinstance(item, pytest.Function) and item.originalname == OF_EACH_PAIR.__name__
    ]
    capture = request.config.pluginmanager.getplugin("capturemanager")

    def show(what: object) -> None:
        with capture.global_and_fixture_disabled():
            print(f"\n{what}", end="", flush=True)

    found = run.run_all(chosen, show)
    show(f"\n{run.table(found)}\n")
    return {verdict.pair: verdict for verdict in found}


@pytest.mark.peers
@pytest.mark.timeout(300)  # the first of these tests runs all scenarios
@pytest.mark.parametrize("pair", PAIRS, ids=str)
def test_the_official_suite_finds_no_fault_in(
    pair: Pair, verdicts: dict[Pair, run.Verdict]
) -> None:
    verdict = verdicts[pair]
    assert verdict.ok, f"{verdict}\n{verdict.said}"


OF_EACH_PAIR = test_the_official_suite_finds_no_fault_in


@pytest.mark.peers
def test_every_auth_scenario_of_the_suite_is_in_the_table(suite: list[str]) -> None:
    assert {(pair.scenario, pair.wire) for pair in PAIRS} == run.listed(suite)


def test_the_table_has_fifty_pairs_each_once() -> None:
    assert len({(pair.scenario, pair.wire) for pair in PAIRS}) == len(PAIRS) == 50


def test_the_program_and_the_adapter_know_no_scenario_by_name() -> None:
    """A program that saw which test runs could pass it without being right."""
    names = "|".join(re.escape(pair.scenario) for pair in PAIRS if "-" in pair.scenario)
    package = run.ROOT / "mcp_auth_tui"
    files = [*package.rglob("*.py"), Path(command_line.__code__.co_filename)]
    told = re.compile(rf"[\"'](auth/)?({names})[\"']|MCP_CONFORMANCE_SCENARIO")
    findings = r"dpop-nonce"  # the id of a finding as well
    assert {
        (path.name, found[0])
        for path in files
        for found in told.finditer(path.read_text())
        if found[2] != findings
    } == set()


def test_without_a_context_a_client_id_document_is_offered() -> None:
    assert command_line(URL, "2026-07-28", {}) == (
        [*COMMON, "--spec", "2026-07-28", "--client-metadata-url", CLIENT_METADATA_URL, URL],
        {},
    )


def test_a_secret_of_the_context_never_becomes_an_argument() -> None:
    context = {
        "name": "auth/any",
        "client_id": "me",
        "client_secret": "s1",
        "private_key_pem": "s2",
        "valid_jwt": "s3",
        "idp_id_token": "s4",
        "idp_client_id": "idp-me",
        "idp_issuer": "http://localhost:2",
        "idp_token_endpoint": "http://localhost:2/token",
    }
    arguments, extra = command_line(URL, "2025-11-25", context)
    assert arguments == [
        *COMMON,
        *("--spec", "2025-11-25"),
        *("--client-id", "me"),
        *("--idp-issuer", "http://localhost:2"),
        *("--idp-token-endpoint", "http://localhost:2/token"),
        *("--idp-client-id", "idp-me"),
        *("--client-key", "env:CONFORMANCE_CLIENT_KEY"),
        *("--assertion", "env:CONFORMANCE_ASSERTION"),
        *("--subject-token", "env:CONFORMANCE_SUBJECT_TOKEN"),
        URL,
    ]
    assert extra == {
        "MCP_AUTH_CLIENT_SECRET": "s1",
        "CONFORMANCE_CLIENT_KEY": "s2",
        "CONFORMANCE_ASSERTION": "s3",
        "CONFORMANCE_SUBJECT_TOKEN": "s4",
    }


def check(status: str) -> dict[str, str]:
    return {"id": "some-check", "status": status, "description": "what it is about"}


GOOD = check("SUCCESS")
PAIR = Pair("some-scenario", "2026-07-28")
NOT_RUN = "no check was passed: the scenario was not run, or never got anywhere"


@pytest.mark.parametrize(
    ("code", "said", "checks", "faults"),
    [
        (0, "", [GOOD, check("INFO")], ()),
        (1, "", [GOOD, check("WARNING")], ("warning some-check: what it is about",)),
        (1, "", [GOOD, check("FAILURE")], ("failure some-check: what it is about",)),
        (0, "SKIPPED: not applicable", [], (NOT_RUN,)),
        (1, "Client timed out after 1ms", [GOOD], ("the program did not end within 30 s",)),
        (1, "x\nClient exited with code 4\n", [GOOD], ("the program's exit code is 4, not 0",)),
        (
            1,
            "Client exited with code 1\n\nResult: failed\n  token-error: No.\n",
            [GOOD],
            ("the program's exit code is 1, not 0: token-error: No.",),
        ),
        (1, "no such suite", [GOOD], ("the suite ended with 1: no such suite",)),
    ],
)
def test_a_run_is_only_good_when_all_of_it_is(
    code: int, said: str, checks: list[dict[str, str]], faults: tuple[str, ...]
) -> None:
    assert run.faults_of(PAIR, code, said, checks) == faults


def test_a_refusal_that_ends_as_if_all_were_well_is_a_fault() -> None:
    refusal = Pair("some-scenario", "2026-07-28", (4,))
    assert run.faults_of(refusal, 0, "", [GOOD]) == ("the program's exit code is 0, not 4",)
    said = "\nClient exited with code 4\n"
    assert run.faults_of(refusal, 0, said, [GOOD]) == ()
