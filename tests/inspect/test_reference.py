"""What the program tells about its own rules, and the reference that is kept beside them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import mcp_auth_tui
from mcp_auth_tui.cli.main import main
from mcp_auth_tui.findings import CATALOGUE
from mcp_auth_tui.findings.advice import advice
from mcp_auth_tui.inspect.reference import (
    GROUPS,
    as_json,
    as_markdown,
    as_text,
    explained,
    group,
)
from tests.findings.test_advice import SHORT

REFERENCE = Path(mcp_auth_tui.__file__).parent / "findings" / "README.md"


def test_the_reference_beside_the_catalogue_is_current() -> None:
    """Mend it with: mcp-auth-tui inspect --list-checks --format markdown."""
    assert REFERENCE.read_text(encoding="utf-8") == as_markdown()


def test_every_rule_is_in_each_list_once() -> None:
    assert [rule["id"] for rule in json.loads(as_json())] == list(CATALOGUE)
    assert [line.split()[0] for line in as_text().splitlines()] == list(CATALOGUE)
    headings = [line[4:] for line in as_markdown().splitlines() if line.startswith("### ")]
    assert sorted(headings) == sorted(CATALOGUE)


def test_every_rule_belongs_to_one_group() -> None:
    assert sorted(rule.id for name in GROUPS for rule in group(name)) == sorted(CATALOGUE)


@pytest.mark.parametrize("id", CATALOGUE)
def test_every_rule_can_be_explained_in_every_form(id: str) -> None:
    rule = CATALOGUE[id]
    assert explained(id).startswith(f"{id} (")
    assert explained(id, "markdown").startswith(f"# {id}\n")
    value = json.loads(explained(id, "json"))
    assert (value["id"], value["why"], value["source"]) == (id, rule.why, rule.source)
    assert ("wrong" in value) is (id not in SHORT)
    mend = advice()[id].mend
    assert value["mend"] == [{"where": where, "how": how} for where, how in mend.items()]


def test_explain_says_rule_reason_mending_and_samples(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["inspect", "--explain", "as-issuer-slash"]) == 0
    output = capsys.readouterr().out
    for part in ("RFC 8414 §3.3", "Why it matters:", "On Auth0:", "Wrong:", "Right:"):
        assert part in output


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--explain", "as-isuer-slash"], "did you mean as-issuer-slash"),
        (["--explain", "rs-open", "--format", "sarif"], "not as sarif"),
        (["--list-checks", "--format", "junit"], "not as junit"),
        (["--list-checks", "mcp.example.com"], "not inspected together"),
    ],
)
def test_what_cannot_be_meant_is_usage(
    words: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["inspect", *words]) == 2
    assert message in capsys.readouterr().err


def test_the_list_of_checks_can_be_written_to_a_file(tmp_path: Path) -> None:
    target = tmp_path / "checks.json"
    words = ["inspect", "--list-checks", "--format", "json", "-o", str(target)]
    assert main(words) == 0
    assert len(json.loads(target.read_text(encoding="utf-8"))) == len(CATALOGUE)
