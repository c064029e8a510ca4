"""What the files of advice hold: a row for each rule, in its form, and no text that is empty."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from mcp_auth_tui.findings import CATALOGUE
from mcp_auth_tui.findings import advice as package
from mcp_auth_tui.findings.advice import CLIENTS, advice

FILES = sorted(Path(package.__file__).parent.glob("*.toml"))
ADVICE = advice()

SHORT = {
    "client-bug": "a mistake of this program is no server's, and has no right and wrong",
}
"""Rules without a sample, and why."""
COMMON = (
    *("as-issuer-slash", "as-issuer-mismatch", "as-missing", "as-pkce-absent", "as-html"),
    *("as-no-registration", "dcr-loopback-refused", "authz-resource-refused", "jwt-aud"),
    *("prm-missing", "prm-html", "prm-status", "prm-resource-foreign", "prm-resource-slash"),
    *("prm-resource-parent", "rs-401-no-challenge", "rs-challenge-no-prm", "token-refresh-static"),
)
"""What real servers break most."""


def test_every_rule_is_explained_with_samples_of_right_and_wrong() -> None:
    assert set(ADVICE) == set(CATALOGUE)
    assert {id for id, row in ADVICE.items() if not (row.wrong and row.right)} == set(SHORT)
    for id, row in ADVICE.items():
        assert all(where and how for where, how in row.mend.items())
        assert row.wrong != row.right or id in SHORT
        assert all(line.isprintable() for line in f"{row.wrong}\n{row.right}".split("\n"))


@pytest.mark.parametrize("id", COMMON)
def test_what_real_servers_break_most_is_mended_on_more_than_one_of_them(id: str) -> None:
    assert len(ADVICE[id].mend) >= 2


def test_no_text_of_a_mend_is_the_next_step_over_again() -> None:
    for id, row in ADVICE.items():
        assert CATALOGUE[id].next not in row.mend.values(), id


@pytest.mark.parametrize("id", [id for id, row in ADVICE.items() if row.right.startswith('{"')])
def test_a_right_sample_that_is_an_object_is_json(id: str) -> None:
    right = ADVICE[id].right
    if "…" not in right.replace('"…"', ""):
        json.loads(right)


def rows(path: Path) -> dict[str, dict[str, Any]]:
    return tomllib.loads(path.read_text(encoding="utf-8"))


def texts(value: dict[str, Any]) -> Iterator[str]:
    """Every text of a row, with those of the tables in it."""
    for part in value.values():
        if isinstance(part, dict):
            yield from texts(part)
        else:
            yield part


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_file_has_a_row_for_each_rule_of_its_module_in_the_same_order(path: Path) -> None:
    rules = import_module(f"mcp_auth_tui.findings.rules.{path.stem}").RULES
    assert list(rows(path)) == [rule.id for rule in rules]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_row_has_known_parts_and_names_known_clients_and_no_text_is_empty(path: Path) -> None:
    for id, row in rows(path).items():
        assert row.keys() <= {"wrong", "right", "mend", "clients"}, id
        assert row.get("clients", CLIENTS).keys() == CLIENTS.keys(), id
        for does in row.get("clients", {}).values():
            assert len(does) == 1, id
            assert does.keys() <= {"stops", "goes_on"}, id
        for text in texts(row):
            assert isinstance(text, str), id
            assert text.strip(), id


def test_a_text_that_is_wrapped_in_its_file_is_read_as_one_line() -> None:
    how = [text for row in ADVICE.values() for text in row.mend.values()]
    why = [note.why for row in ADVICE.values() for note in row.clients]
    assert [text for text in how + why if not text.isprintable() or "  " in text] == []
