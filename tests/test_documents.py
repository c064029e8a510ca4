"""What the README and the help say is so: generated parts, examples, options, links."""

from __future__ import annotations

import json
import re
import subprocess
import sys

import pytest

from mcp_auth_tui.cli.headers import headers_parser
from mcp_auth_tui.cli.run import run_parser
from mcp_auth_tui.cli.sessions import sessions_parser
from mcp_auth_tui.help import TOPICS, text, title
from mcp_auth_tui.model import Event, Session
from mcp_auth_tui.render.document import document
from mcp_auth_tui.settings.arguments import commands
from mcp_auth_tui.settings.arguments.clients import clients, install
from mcp_auth_tui.settings.arguments.inspect import inspect
from mcp_auth_tui.settings.arguments.names import GRANTS, REVISIONS
from mcp_auth_tui.settings.arguments.probe import probe
from tests import documents
from tests.bench.run import Row
from tests.conformance.run import Verdict
from tests.conformance.scenarios import PAIRS

ROOT = documents.ROOT
README = documents.README.read_text(encoding="utf-8")
TEXTS = {
    str(path.relative_to(ROOT)): path.read_text(encoding="utf-8") for path in documents.DOCUMENTS
}
README_LINES = 250
"""What a newcomer reads in ten minutes."""
MENDING = "a document is stale: python -m tests.documents --write"
INSTALL = (
    "python3 -m venv .venv && .venv/bin/pip install . "
    "&& .venv/bin/mcp-auth-tui demo --browser follow --auto-approve"
)
PYTEST = ".venv/bin/pytest -n auto"
TEST = f"python3 -m venv .venv && .venv/bin/pip install -e '.[test]' && {PYTEST}"


@pytest.mark.parametrize("name", documents.PARTS)
def test_a_generated_part_is_what_the_program_says_now(name: str) -> None:
    assert documents.part(name) == documents.PARTS[name](), MENDING


@pytest.mark.parametrize("name", documents.EXAMPLES)
def test_an_example_prints_what_the_document_shows(name: str) -> None:
    output = documents.comparable(documents.EXAMPLES[name]())
    assert documents.comparable(documents.part(name)) == output, MENDING


def test_every_part_of_a_document_is_a_known_one() -> None:
    markers = re.findall(r"<!-- ([\w-]+):begin -->", "".join(TEXTS.values()))
    assert sorted(markers) == sorted([*documents.PARTS, *documents.EXAMPLES, *documents.MEASURED])


def test_what_differs_between_runs_is_all_that_is_not_compared() -> None:
    output = (
        "1. POST http://127.0.0.1:45171/mcp: 401, 1.5 s, x%3A%2F%2F127.0.0.1%3A9 (practice-ab-d_fgh"
        "ij12) ‹32 chars #c56132›, 242 ms in 8 requests, Bearer -bcdefghijklmnopqrstuvwxyz01234-\n"
    )
    assert documents.comparable(output) == (
        "1. POST http://127.0.0.1:PORT/mcp: 401, TIME, x%3A%2F%2F127.0.0.1%3APORT (practice-ID) "
        "‹32 chars #HASH›, TIME in 8 requests, Bearer TOKEN\n"
    )


@pytest.mark.parametrize("name", TEXTS)
def test_every_option_in_a_document_is_one_of_the_program(name: str) -> None:
    known = {
        option
        for parser in (
            commands.flow(),
            commands.demo(),
            inspect(),
            probe(),
            headers_parser(),
            run_parser(),
            sessions_parser(),
            install(),
            clients(),
        )
        for action in parser._actions
        for option in action.option_strings
    }
    assert set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", TEXTS[name])) - known == set()


def test_every_grant_and_revision_is_in_the_documents() -> None:
    words = set(re.findall(r"[\w.-]+", "".join(TEXTS.values())))
    assert {*GRANTS, *REVISIONS} - {"authorization_code"} <= words


def test_the_json_members_of_the_help_are_those_of_the_document() -> None:
    assert set(documents.JSON_MEMBERS) == set(document(Session()))


def test_the_events_of_the_help_are_those_of_the_model() -> None:
    kinds = {kind.__name__.lower() for kind in Event.__args__}  # type: ignore[attr-defined]
    assert set(documents.EVENTS) == kinds


def test_the_limit_of_a_body_is_the_one_that_is_told() -> None:
    from mcp_auth_tui.render.document import BODY_LIMIT

    assert f"{BODY_LIMIT:,}".replace(",", " ") in documents.JSON_MEMBERS["exchanges"]


@pytest.mark.parametrize("command", [INSTALL, TEST])
def test_the_two_commands_stand_alone_in_a_block(command: str) -> None:
    assert f"```sh\n{command}\n```" in README


def test_the_first_command_needs_nobody_and_ends_with_a_header() -> None:
    words = INSTALL.rpartition("mcp-auth-tui ")[2].split()
    done = subprocess.run(
        [sys.executable, "-m", "mcp_auth_tui", *words],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, documents.comparable(done.stdout)) == (
        0,
        "Authorization: Bearer TOKEN\n",
    )


@pytest.mark.parametrize("name", TEXTS)
def test_every_file_that_a_document_links_exists(name: str) -> None:
    links = re.findall(r"\]\(([^)]+)\)", TEXTS[name])
    assert [link for link in links if not (ROOT / name).parent.joinpath(link).is_file()] == []


def test_the_readme_is_read_in_ten_minutes() -> None:
    assert len(README.splitlines()) <= README_LINES


def test_the_topics_of_the_help_are_its_files() -> None:
    assert {f"{topic}.md" for topic in TOPICS} == {
        path.name for path in documents.HELP.glob("*.md")
    }
    assert len(set(TOPICS)) == len(TOPICS)


@pytest.mark.parametrize("topic", TOPICS)
def test_a_topic_reads_well_in_a_terminal_of_eighty_columns(topic: str) -> None:
    """One heading first, no comments, no HTML, no table or code too wide, no code span broken."""
    output = text(topic)
    prose = re.sub(r"^```console\n.*?^```$", "", output, flags=re.MULTILINE | re.DOTALL)
    lines = prose.splitlines()
    assert re.findall(r"^# (.+)$", output, re.MULTILINE) == [title(topic)]
    assert "<" not in re.sub(r"`[^`]*`", "", prose)
    assert [line for line in lines if len(line) > documents.HELP_WIDTH] == []
    assert [line for line in lines if line.replace("```", "").count("`") % 2] == []
    assert "\n\n\n" not in output


def test_a_topic_that_is_named_in_a_document_exists() -> None:
    names = re.findall(r"mcp-auth-tui\s+help\s+(\w+)", "".join(TEXTS.values()))
    assert set(names) <= {*TOPICS, "TOPIC"}


def test_the_conformance_list_has_every_run_and_the_installed_suite() -> None:
    summary, _, scenarios = documents.part("conformance").partition("\n\n")
    runs = {
        (name, wire)
        for name, counts in re.findall(r"^- (\S+): (.*)$", scenarios, re.MULTILINE)
        for wire in re.findall(r"([\w-]+) [1-9]\d*", counts)
    }
    package = json.loads((ROOT / "tests/conformance/node/package.json").read_text())
    version = package["dependencies"]["@modelcontextprotocol/conformance"]
    assert runs == {(pair.scenario, pair.wire) for pair in PAIRS}
    assert summary.startswith(f"{len(PAIRS)} of {len(PAIRS)} passed (suite {version}, ")


def test_runs_of_the_suite_become_a_sum_and_a_list() -> None:
    pairs = [pair for pair in PAIRS if pair.scenario == "scope-step-up"]
    verdicts = [Verdict(pair, 7, (), "", 1.0) for pair in pairs]
    summary, _, scenarios = documents.conformance(verdicts).partition("\n\n")
    assert summary.startswith("2 of 2 passed (suite ")
    assert scenarios == "- scope-step-up: 2025-11-25 7, 2026-07-28 7"


def test_figures_become_a_list() -> None:
    rows = [Row("round trips", "4 + 2", target="4 + 2", held=True)]
    rows += [Row("first frame", "0.5 s", "0.4 s", "1.25")]
    assert documents.bench(rows) == (
        "- round trips: 4 + 2; target 4 + 2\n- first frame: 0.5 s; theirs 0.4 s; ratio 1.25"
    )


@pytest.mark.parametrize("name", [*TEXTS, "CHANGELOG.md", "CONTRIBUTING.md"])
def test_a_document_names_no_place_of_one_machine_and_no_registry(name: str) -> None:
    content = (ROOT / name).read_text(encoding="utf-8")
    strange = r"(?<![\w.])/(?:root|home|work|tmp|Users)/|pypi\.org|npmjs|registry\.|localhost:\d"
    assert re.findall(strange, content) == []
