"""What the README says is so: generated parts, examples, options, links, and nothing of ours."""

from __future__ import annotations

import json
import re
import subprocess
import sys

import pytest

from mcp_auth_tui.model import Event, Session
from mcp_auth_tui.render.document import document
from mcp_auth_tui.settings import arguments
from mcp_auth_tui.settings.inspect_arguments import inspect
from tests import documents
from tests.conformance.scenarios import PAIRS, WIRES

ROOT = documents.ROOT
TEXT = documents.README.read_text(encoding="utf-8")
MENDING = "README.md is stale: python -m tests.documents --write"
INSTALL = (
    "python3 -m venv .venv && .venv/bin/pip install . "
    "&& .venv/bin/mcp-auth-tui demo --browser follow --auto-approve"
)
PYTEST = ".venv/bin/pytest -n auto"
TEST = f"python3 -m venv .venv && .venv/bin/pip install -e '.[test]' && {PYTEST}"


@pytest.mark.parametrize("name", documents.PARTS)
def test_a_generated_part_is_what_the_program_says_now(name: str) -> None:
    assert documents.part(TEXT, name) == documents.PARTS[name](), MENDING


@pytest.mark.parametrize("name", documents.EXAMPLES)
def test_an_example_prints_what_the_readme_shows(name: str) -> None:
    said = documents.settled(documents.EXAMPLES[name]())
    assert documents.settled(documents.part(TEXT, name)) == said, MENDING


def test_what_differs_between_runs_is_all_that_is_not_compared() -> None:
    told = (
        "1. POST http://127.0.0.1:45171/mcp: 401, 1.5 s, x%3A%2F%2F127.0.0.1%3A9 (practice-ab-d_fgh"
        "ij12) ‹32 chars #c56132›, 242 ms in 8 requests, Bearer -bcdefghijklmnopqrstuvwxyz01234-\n"
    )
    assert documents.settled(told) == (
        "1. POST http://127.0.0.1:PORT/mcp: 401, TIME, x%3A%2F%2F127.0.0.1%3APORT (practice-ID) "
        "‹32 chars #HASH›, TIME in 8 requests, Bearer TOKEN\n"
    )


def test_every_option_in_the_readme_is_one_of_the_program() -> None:
    known = {
        option
        for parser in (arguments.flow(), arguments.demo(), inspect())
        for action in parser._actions
        for option in action.option_strings
    }
    others = {"--header"}  # curl
    named = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", TEXT))
    assert named - known - others == set()


def test_every_grant_and_revision_is_in_the_readme() -> None:
    words = set(re.findall(r"[\w.-]+", TEXT))
    assert {*arguments.GRANTS, *arguments.REVISIONS} - {"authorization_code"} <= words


def test_the_json_members_of_the_readme_are_those_of_the_document() -> None:
    assert set(documents.JSON_MEMBERS) == set(document(Session()))


def test_the_events_of_the_readme_are_those_of_the_model() -> None:
    kinds = {kind.__name__.lower() for kind in Event.__args__}  # type: ignore[attr-defined]
    assert set(documents.EVENTS) == kinds


def test_the_limit_of_a_body_is_the_one_that_is_told() -> None:
    from mcp_auth_tui.render.document import BODY_LIMIT

    assert f"{BODY_LIMIT:,}".replace(",", " ") in documents.JSON_MEMBERS["exchanges"]


@pytest.mark.parametrize("command", [INSTALL, TEST])
def test_the_two_commands_stand_alone_in_a_block(command: str) -> None:
    assert f"```sh\n{command}\n```" in TEXT


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
    assert (done.returncode, documents.settled(done.stdout)) == (0, "Authorization: Bearer TOKEN\n")


def test_every_picture_file_and_heading_that_is_linked_exists() -> None:
    linked = re.findall(r"\]\(([^)]+)\)", TEXT)
    heads = {
        f"#{re.sub(r'[^a-z0-9 -]', '', head.lower()).replace(' ', '-')}"
        for head in re.findall(r"^#+ (.*)$", TEXT, re.MULTILINE)
    }
    assert linked
    assert [name for name in linked if name not in heads and not (ROOT / name).is_file()] == []


def test_the_conformance_table_has_every_run_and_the_installed_suite() -> None:
    told = documents.part(TEXT, "conformance").splitlines()
    table = [[cell.strip() for cell in line.split("|")[1:-1]] for line in told if line[:1] == "|"]
    ran = {
        (row[0], wire)
        for row in table[2:]
        for wire, cell in zip(WIRES, row[1:], strict=True)
        if cell.isdecimal()
    }
    package = json.loads((ROOT / "tests/conformance/node/package.json").read_text())
    version = package["dependencies"]["@modelcontextprotocol/conformance"]
    assert table[0][1:] == list(WIRES)
    assert ran == {(pair.scenario, pair.wire) for pair in PAIRS}
    assert told[0].startswith(f"{len(PAIRS)} of {len(PAIRS)} passed (suite {version}, ")


PAPERS = ["README.md", "CHANGELOG.md", "CONTRIBUTING.md"]


@pytest.mark.parametrize("name", PAPERS)
def test_a_paper_names_no_place_of_one_machine_and_no_registry(name: str) -> None:
    told = (ROOT / name).read_text(encoding="utf-8")
    strange = r"(?<![\w.])/(?:root|home|work|tmp|Users)/|pypi\.org|npmjs|registry\.|localhost:\d"
    assert re.findall(strange, told) == []
