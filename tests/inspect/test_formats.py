"""Every form is well-formed, says what was found, and shows nothing that a server could act by."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from html import unescape
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_auth_tui import findings
from mcp_auth_tui.inspect.formats import FORMATS
from mcp_auth_tui.model import Level, Stage
from mcp_auth_tui.settings.arguments.inspect import FORMATS as NAMES
from tests.hostile import HOSTILE
from tests.inspect.world import GOOD, ISSUER, MISSING, PRM, URL, inspected, metadata
from tests.inspect.written import BAD, EVIL, ended, evil, written


def test_the_help_names_the_forms_that_there_are() -> None:
    assert NAMES == FORMATS


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("text", [EVIL, *HOSTILE], ids=range(len(HOSTILE) + 1))
def test_hostile_text_reaches_no_terminal_in_any_form(name: str, text: str) -> None:
    """SPEC 6, terminal escape injection."""
    output = written(name, evil(text))
    odd = {char for char in output if char != "\n" and not char.isprintable()}
    assert not odd, f"{odd!r}"
    output.encode("utf-8")


@pytest.mark.parametrize("name", ["json", "sarif"])
@pytest.mark.parametrize("number", [0, 1, 3])
def test_json_forms_are_one_json_value_for_any_number_of_urls(name: str, number: int) -> None:
    value = json.loads(written(name, *[ended(inspected(BAD))] * number))
    results = value if name == "json" else value["runs"][0]["results"]
    assert len(results) == number


def test_json_is_an_array_of_the_documents_of_the_flow() -> None:
    first, second = json.loads(written("json", ended(inspected(BAD)), evil(EVIL)))
    assert (first["schema"], first["url"], first["outcome"]) == ("mcp-auth-tui/1", URL, "refused")
    assert first["stop"]["id"] == "prm-resource-foreign"
    assert first["headers"] == {}
    assert second["url"] == URL


def test_json_lines_are_one_document_each() -> None:
    lines = written("jsonl", ended(inspected(BAD)), evil(EVIL)).splitlines()
    assert [json.loads(line)["url"] for line in lines] == [URL, URL]


def test_the_worst_finding_comes_first_in_text() -> None:
    lines = written("text", ended(inspected(BAD))).splitlines()
    assert lines[0] == f"✗ {URL}"
    assert lines[2].startswith("  ✗ fatal: ") and lines[2].endswith("[prm-resource-foreign]")


def test_text_tells_what_looks_for_a_missed_document_elsewhere() -> None:
    missed = ended(inspected({**GOOD, metadata(ISSUER): MISSING}))
    further = "  Is the document elsewhere? On the screen"
    assert written("text", missed).splitlines()[-2].startswith(further)
    assert further not in written("text", ended(inspected(GOOD)))


def test_text_takes_colour_only_when_it_is_told_so() -> None:
    session = ended(inspected(BAD))
    assert "\x1b[" not in written("text", session)
    assert "\x1b[31m✗ fatal\x1b[0m" in written("text", session, colour=True)


@pytest.mark.parametrize("name", ["text", "markdown", "html"])
def test_an_interrupted_run_says_so_and_a_marked_one_says_why(name: str) -> None:
    output = written(name, complete=False, marks=("nothing <was> checked",))
    assert "Interrupted: not every URL was inspected." in output
    assert ("nothing &lt;was&gt; checked" if name == "html" else "nothing <was> checked") in output


def check_sarif(log: Any) -> None:
    """What no JSON schema sees (tests/inspect/test_schemas.py has the rest)."""
    assert log["$schema"].endswith("sarif-schema-2.1.0.json")
    (run,) = log["runs"]
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert len(set(rules)) == len(rules)
    for result in run["results"]:
        assert rules[result["ruleIndex"]] == result["ruleId"]
        for location in result["locations"]:
            uri = location["physicalLocation"]["artifactLocation"]["uri"]
            # RFC 3986: no blanks, controls, quotes or characters beyond ASCII.
            assert re.fullmatch(r"[!#$%&'()*+,\-./0-9:;=?@A-Z\[\]_a-z~]+", uri)


@pytest.mark.parametrize("complete", [True, False])
def test_sarif_has_the_required_structure(complete: bool) -> None:
    sessions = (ended(inspected(BAD)), evil(EVIL), ended(inspected(GOOD)))
    log = json.loads(written("sarif", *sessions, complete=complete, marks=("marked",)))
    check_sarif(log)
    results = log["runs"][0]["results"]
    assert results[0]["ruleId"] == "prm-resource-foreign"
    assert results[0]["locations"] == [
        {
            "physicalLocation": {"artifactLocation": {"uri": PRM}, "region": {"startLine": 1}},
            "logicalLocations": [{"fullyQualifiedName": "/resource", "kind": "member"}],
        }
    ]
    assert log["runs"][0]["invocations"][0]["executionSuccessful"] is complete


def test_sarif_messages_hold_no_link_and_no_placeholder() -> None:
    """SARIF 3.11.5, 3.11.6."""
    output = written("sarif", evil("[x](https://evil.example) {0}"))
    messages = [item["message"]["text"] for item in json.loads(output)["runs"][0]["results"]]
    assert messages
    assert not [text for text in messages if re.search(r"(?<!\\)\[", text)]
    assert not [text for text in messages if re.search(r"(?<!\{)\{0\}", text)]


def test_the_same_finding_keeps_its_fingerprint() -> None:
    one, other = (
        json.loads(written("sarif", ended(inspected(BAD))))["runs"][0]["results"] for _ in range(2)
    )
    assert one[0]["partialFingerprints"] == other[0]["partialFingerprints"]


def test_junit_has_a_suite_for_each_url_and_a_case_for_each_rule() -> None:
    root = ET.fromstring(written("junit", ended(inspected(BAD)), evil(EVIL)))
    for suite in root:
        assert int(suite.attrib["tests"]) == len(suite)
        assert int(suite.attrib["failures"]) == len(suite.findall("testcase/failure"))
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", suite.attrib["timestamp"])
    failures = root[0].findall("testcase/failure")
    assert failures[0].attrib["type"] == "fatal"


def test_the_threshold_says_what_is_a_failure_in_junit() -> None:
    session = inspected(GOOD).apply(findings.finding("as-pkce-plain", Stage.SERVER))
    light = ET.fromstring(written("junit", session))
    strict = ET.fromstring(written("junit", session, fail_on=Level.WARNING))
    assert (light[0].attrib["failures"], strict[0].attrib["failures"]) == ("0", "1")
    assert light[0].find("testcase[@name='as-pkce-plain']/system-out") is not None


class Tags(HTMLParser):
    """Gathers what a browser would build."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.open: list[str] = []
        self.text = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.mark.parametrize("text", [EVIL, *HOSTILE], ids=range(len(HOSTILE) + 1))
def test_html_builds_nothing_of_what_a_server_says(text: str) -> None:
    quiet = Tags(written("html", ended(inspected(BAD)), ended(inspected(GOOD))))
    page = Tags(written("html", evil(text)))
    assert page.open == []
    assert page.tags <= quiet.tags
    assert not page.tags & {"script", "a", "img", "iframe", "link", "form", "object"}
    assert page.attributes <= {"lang", "charset", "http-equiv", "content", "name", "class"}


def test_html_loads_nothing_and_forbids_itself_to() -> None:
    page = written("html", ended(inspected(BAD)))
    assert "default-src 'none'" in page
    assert not re.search(r"\b(src|href|srcset|action)\s*=", page)
    assert "url(" not in page


def outside_code(markdown: str) -> str:
    """What of Markdown is prose: without fenced blocks and code spans (CommonMark 4.5, 6.1)."""
    prose, fence = [], ""
    for line in markdown.split("\n"):
        ticks = re.match(r"`{3,}", line)
        if fence:
            if line.rstrip() == fence:
                fence = ""
            continue
        if ticks:
            fence = ticks.group()
            continue
        prose.append(re.sub(r"(?<!`)(`+)(?!`)(.*?)(?<!`)\1(?!`)", "", line))
    assert not fence, "a fence was left open"
    return "\n".join(prose)


@given(st.text(max_size=60) | st.sampled_from([EVIL, "`", "``", "a`b``c", "~~~", "```\n# x"]))
def test_markdown_keeps_what_a_server_says_inside_code(text: str) -> None:
    marker = "qzx"
    prose = outside_code(written("markdown", evil(f"{marker}{text}{marker}")))
    assert marker not in prose


@given(st.text(max_size=40))
def test_sarif_and_junit_hold_for_any_text(text: str) -> None:
    session = evil(text)
    check_sarif(json.loads(written("sarif", session)))
    assert ET.fromstring(written("junit", session)).tag == "testsuites"


@pytest.mark.parametrize("name", ["json", "jsonl"])
def test_documents_hold_what_mends_a_finding_as_a_patch(name: str) -> None:
    value = json.loads(written(name, ended(inspected(BAD))))
    (change,) = (value[0] if name == "json" else value)["stop"]["fix"]["changes"]
    assert change["url"] == PRM
    assert change["patch"] == [{"op": "replace", "path": "/resource", "value": URL}]


@pytest.mark.parametrize("name", ["text", "markdown", "html", "sarif", "junit"])
def test_reports_show_what_mends_a_finding_as_a_difference(name: str) -> None:
    output = unescape(written(name, ended(inspected(BAD)))).replace('\\"', '"')
    assert '-   "resource": "https://other.example.com/mcp"' in output
    assert f'+   "resource": "{URL}"' in output
    assert f"Right where clients are given {URL}" in output
