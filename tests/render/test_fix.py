"""What leaves the program of a fix: masked, and the words of a blank as they are."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from mcp_auth_tui.model import Session
from mcp_auth_tui.render.document import document, dumped
from mcp_auth_tui.render.fix import Door, fix_text, to_person, to_public
from mcp_auth_tui.render.report import html, markdown
from mcp_auth_tui.render.safe import Safe
from tests.findings.case import Run
from tests.findings.site import jwt, site
from tests.fixes.mended import broken_of, visited

ACCESS, REFRESH = "access-Kq83hfTz01", "refresh-Pw02mdUy77"
SECRET = "client-Xn51rbVe44"
DOORS: list[Callable[[Session], Door]] = [
    lambda session: to_person(session.redactor()),
    lambda session: to_public(Safe(session)),
]


def told(session: Session, id: str, door: Callable[[Session], Door]) -> str:
    text = fix_text(session, broken_of(session, id), door(session))
    assert text is not None and text.parts
    return "\n".join([*text.lines, *(part.copy for part in text.parts)])


@pytest.mark.parametrize("door", DOORS, ids=["person", "public"])
def test_credentials_around_what_changes_are_masked(door: Callable[[Session], Door]) -> None:
    issues = {"access_token": ACCESS, "refresh_token": REFRESH, "expires_in": ...}
    session = visited(Run(lambda: site(issues=issues)))
    text = told(session, "token-expiry", door)
    assert ACCESS not in text and REFRESH not in text
    assert '"expires_in": "<seconds that it lasts: a number>"' in text


@pytest.mark.parametrize("door", DOORS, ids=["person", "public"])
def test_a_blank_that_bears_the_name_of_a_credential_is_told_and_the_credential_is_not(
    door: Callable[[Session], Door],
) -> None:
    session = visited(Run(lambda: site(issues={"access_token": f"{ACCESS}:é"[:-1]})))
    text = told(session, "token-syntax", door)
    assert "<a token of letters, digits and - . _ ~ + / =>" in text
    assert ACCESS not in text


def test_what_is_whole_to_a_person_says_nothing_of_a_person_to_others() -> None:
    token = jwt(email="ada@example.com")
    session = visited(Run(lambda: site(issues={"access_token": token})))
    assert "ada@example.com" in told(session, "jwt-pii", DOORS[0])
    public = told(session, "jwt-pii", DOORS[1])
    assert "ada@example.com" not in public and "person-1" not in public
    for report in (markdown.report(session), html.page(session)):
        assert '"email": "‹' in report.replace("&quot;", '"')
        assert "ada@example.com" not in report


def test_reports_and_the_document_hold_no_credential_of_a_registration() -> None:
    members = {"client_secret": SECRET, "token_endpoint_auth_method": "client_secret_basic"}
    session = visited(Run(lambda: site(registers=members)))
    written = dumped(document(session))
    fix = next(f for f in json.loads(written)["findings"] if f["id"] == "dcr-secret-expiry")["fix"]
    (change,) = fix["changes"]
    assert change["patch"] == [
        {
            "op": "add",
            "path": "/client_secret_expires_at",
            "value": "<0 if it never expires, else seconds since 1970: a number>",
        }
    ]
    assert fix["blanks"] == ["<0 if it never expires, else seconds since 1970: a number>"]
    report = markdown.report(session)
    assert '+   "client_secret_expires_at"' in report
    assert SECRET not in written and SECRET not in report


def test_the_content_of_an_mcp_answer_is_left_out_of_what_everybody_reads() -> None:
    from tests.findings.cases_resource import echoing

    session = visited(Run(lambda: site(answers=echoing)))
    finding = broken_of(session, "rs-token-echo")
    text = fix_text(session, finding, to_public(Safe(session)))
    assert text is not None
    assert text.parts == ()
    assert "left out here" in text.why
