"""HTTP Archives, against the schema of others (har-schema) and a reader of others (haralyzer)."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from haralyzer import HarParser
from hypothesis import given, settings
from jsonschema import Draft6Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT6

from mcp_auth_tui import __version__
from mcp_auth_tui.exports import EXPORTS
from mcp_auth_tui.inspect.formats import Setting, form
from mcp_auth_tui.model import Event, Failure, Session
from mcp_auth_tui.render.har import har
from tests import scripted
from tests.missing import missing
from tests.recordings.runs import ANY_RUN, RUNS, folded
from tests.tui import fakes

SCHEMA = Path(__file__).parent.parent / "inspect/node/node_modules/har-schema/lib"


@pytest.fixture(scope="module")
def schema() -> Draft6Validator:
    if not SCHEMA.is_dir():
        missing("har-schema is not there: npm install in tests/inspect/node")
    parts = {path.name: json.loads(path.read_text()) for path in SCHEMA.glob("*.json")}
    known = [(part["$id"], Resource(part, DRAFT6)) for part in parts.values()]
    return Draft6Validator(
        parts["har.json"],
        registry=Registry().with_resources(known),
        format_checker=Draft6Validator.FORMAT_CHECKER,
    )


def breaches(schema: Draft6Validator, text: str) -> list[str]:
    return [f"{error.json_path}: {error.message}" for error in schema.iter_errors(json.loads(text))]


@pytest.mark.parametrize("name", RUNS)
def test_every_run_is_a_valid_archive(name: str, schema: Draft6Validator) -> None:
    assert breaches(schema, har(folded(RUNS[name]()))) == []


def test_the_schema_tells_an_archive_from_something_else(schema: Draft6Validator) -> None:
    assert breaches(schema, '{"log": {"version": "1.2", "entries": [{}]}}') != []


@settings(max_examples=40, deadline=None)
@given(ANY_RUN)
def test_so_is_any_run_that_there_can_be(schema: Draft6Validator, run: list[Event]) -> None:
    assert breaches(schema, har(folded(run))) == []


def opened(text: str) -> list[Any]:
    """The entries as a reader of others has them."""
    parser = HarParser(json.loads(text))
    assert parser.creator == {"name": "mcp-auth-tui", "version": __version__}
    return [entry for page in parser.pages for entry in page.entries]


def test_a_reader_of_others_opens_one() -> None:
    session = folded(fakes.signed_in())
    entries = opened(EXPORTS["har"].render(session))
    assert [(e.request.method, e.url, e.status) for e in entries] == [
        (e.request.method, e.request.url, e.status) for e in session.exchanges
    ]
    for entry, exchange in zip(entries, session.exchanges, strict=True):
        assert entry.time == pytest.approx(exchange.seconds * 1000, abs=0.01)
        assert entry.startTime.timestamp() == pytest.approx(exchange.started, abs=0.01)
        spent = [part for name, part in entry.timings.items() if name != "ssl" and part > 0]
        assert sum(spent) == pytest.approx(entry.time, abs=0.01)
    assert entries[1].response.text == json.dumps(fakes.PRM)
    assert entries[4].request.mimeType == "application/x-www-form-urlencoded"


def test_inspections_are_one_archive_with_a_page_for_each(schema: Draft6Validator) -> None:
    sessions: Iterable[Session] = (folded(fakes.mismatch()), folded(scripted.refused()), Session())
    made = form("har", Setting(marks=("TLS is not checked",)))
    text = made.head() + "".join(map(made.one, sessions)) + made.tail(complete=False)
    assert breaches(schema, text) == []
    assert [entry.url for entry in opened(text)] == [
        exchange.request.url
        for session in (folded(fakes.mismatch()), folded(scripted.refused()))
        for exchange in session.exchanges
    ]
    assert json.loads(text)["log"]["comment"] == "TLS is not checked; interrupted"


def test_an_archive_of_nothing_is_valid_too(schema: Draft6Validator) -> None:
    made = form("har", Setting())
    assert breaches(schema, made.head() + made.tail(complete=True)) == []


def test_a_request_without_an_answer_says_why() -> None:
    first = scripted.probe().exchange.request
    failed = scripted.exchange(1, first, Failure("net-connect", "It hung up."))
    entry = json.loads(har(folded([scripted.run()[0], failed])))["log"]["entries"][0]
    assert (entry["response"]["status"], entry["response"]["_error"]) == (0, "It hung up.")
