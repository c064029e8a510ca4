"""Fixes of documents that nobody would write by mistake: a fix, or a sentence why there is none."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcp_auth_tui.findings import finding
from mcp_auth_tui.fixes import fix_of, rows
from mcp_auth_tui.fixes.breach import LIMIT
from mcp_auth_tui.model import Exchange, Response, Session, Stage
from mcp_auth_tui.render.difference import MOST
from mcp_auth_tui.render.document import dumped
from mcp_auth_tui.render.fix import fix_members, fix_text, to_person, to_public
from mcp_auth_tui.render.safe import Safe
from mcp_auth_tui.tui.views.fix import fixable
from tests.findings.case import Run
from tests.fixes.mended import visited
from tests.hostile import HOSTILE

MEMBERS = (
    *("resource", "authorization_servers", "scopes_supported", "issuer", "jwks_uri", "client_id"),
    *("token_endpoint", "authorization_endpoint", "grant_types_supported", "redirect_uris"),
    *("response_types_supported", "code_challenge_methods_supported", "access_token", "scope"),
    *("token_endpoint_auth_methods_supported", "expires_in", "client_secret", "token_type"),
)
ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=12),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3)
    ),
    max_leaves=6,
)
DOCUMENTS = st.dictionaries(st.sampled_from(MEMBERS), ANY, max_size=6)
FIELDS = st.lists(
    st.tuples(
        st.sampled_from(["www-authenticate", "content-type", "location", "dpop-nonce"]),
        st.text(max_size=60) | st.sampled_from(HOSTILE),
    ),
    max_size=3,
)
POINTERS = st.sampled_from(["", "/issuer", "/token_endpoint", "/a~1b/c", "www-authenticate"])
BASE = visited(Run())


def broken(body: bytes, headers: Any = (), status: int = 200) -> Session:
    """A whole run, in which every answer was this one."""
    answer = Response(status, tuple(headers), body)
    items: tuple[Exchange, ...] = tuple(replace(e, result=answer) for e in BASE.exchanges)
    return replace(BASE, exchanges=items)


def look_at(session: Session, id: str, pointer: str = "", number: int = 2) -> str:
    """Return all that is told of a fix; each way of telling it ends well."""
    found = finding(id, Stage.SERVER, exchange=number, pointer=pointer, seen="seen")
    text = fix_text(session, found, to_person(session.redactor()))
    public = fix_text(session, found, to_public(Safe(session)))
    assert text is not None and public is not None
    assert "our bug" not in text.why
    assert bool(text.why) is not bool(text.parts)
    document = dumped({"fix": fix_members(session, found, to_person(session.redactor()))})
    json.loads(document)
    lines = [*text.lines, text.why, *text.notes, *(part.copy for part in text.parts)]
    return "\n".join(lines)


@settings(max_examples=400)
@given(
    id=st.sampled_from(sorted(rows())),
    document=DOCUMENTS,
    headers=FIELDS,
    pointer=POINTERS,
    number=st.integers(0, 9),
)
def test_whatever_was_served_there_is_a_fix_or_a_reason(
    id: str, document: dict[str, Any], headers: Any, pointer: str, number: int
) -> None:
    look_at(broken(json.dumps(document).encode(), headers), id, pointer, number)


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b'{"issuer": "a", "issuer": "b"}', "the member 'issuer' stands there twice"),
        (b"[" * 5000 + b"]" * 5000, "it is nested more than 32 levels deep"),
        (b'{"a":' * 60 + b"1" + b"}" * 60, "it is nested more than 32 levels deep"),
        (b'"https://as.example"', "JSON, but no object"),
        (b'["https://as.example"]', "JSON, but no object"),
        (b"\xff\xfe{}", "not UTF-8"),
        (b'{"issuer": NaN}', "NaN is no JSON value"),
        (b"<html>", "it is no JSON"),
        (b"", "it is no JSON"),
        (b'{"issuer": "' + b"x" * LIMIT + b'"}', "longer than 100,000 octets"),
    ],
)
def test_what_is_no_document_is_not_corrected_and_says_why(body: bytes, why: str) -> None:
    found = finding("as-pkce-absent", Stage.SERVER, exchange=3)
    fix = fix_of(broken(body), found)
    assert fix is not None
    assert fix.changes == ()
    assert why in fix.why


def test_a_body_that_was_cut_off_is_not_corrected() -> None:
    session = broken(b"{}")
    cut = replace(session.exchanges[2], result=Response(200, (), b"{}", truncated=True))
    session = replace(session, exchanges=(*session.exchanges[:2], cut))
    fix = fix_of(session, finding("as-pkce-absent", Stage.SERVER, exchange=3))
    assert fix is not None and "cut off" in fix.why


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_what_a_server_writes_reaches_no_terminal_as_it_is(text: str) -> None:
    document = {"issuer": text, text: [text], "resource": text}
    body = json.dumps(document).encode()
    headers = (("www-authenticate", f'Basic realm="{text}"'),)
    for id in ("as-pkce-absent", "as-issuer-mismatch", "rs-401-no-challenge"):
        told = look_at(broken(body, headers), id)
        odd = {c for c in told if c != "\n" and not c.isprintable()}
        assert not odd


def test_of_thousands_of_entries_that_break_one_rule_the_fix_is_told_once_and_cut() -> None:
    entries = [f"https://10.0.0.1/{n}" for n in range(2000)]
    session = broken(json.dumps({"authorization_servers": entries}).encode())
    found = [
        finding("prm-internal-host", Stage.RESOURCE, exchange=2, pointer=pointer, seen=entry)
        for entry, pointer in zip(entries, ["/authorization_servers"] * 2000, strict=True)
    ]
    session = replace(session, findings=tuple(found))
    texts = [fix_text(session, item, to_person(session.redactor())) for item in found[:3]]
    first, *others = texts
    assert first is not None
    (part,) = first.parts
    assert len(part.lines) == MOST + 1
    assert part.lines[-1].mark == "…" and "more lines" in part.lines[-1].text
    assert len(json.loads(part.copy)["authorization_servers"]) == 2000
    assert [item and item.why for item in others] == [
        "One change mends all findings like this: it is shown with the first."
    ] * 2
    assert fixable(session) == [found[0]]


def test_a_large_document_is_told_in_a_few_lines() -> None:
    document = {f"member-{n}": ["x"] * 20 for n in range(150)}
    session = broken(json.dumps(document).encode())
    found = finding("as-pkce-absent", Stage.SERVER, exchange=3)
    text = fix_text(session, found, to_person(session.redactor()))
    assert text is not None
    assert len([*text.lines]) < 12
