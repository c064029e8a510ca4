"""How a metadata document is fetched and read (P3, P4, P9, A9; SPEC 6)."""

from __future__ import annotations

import json as jsonlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_auth_tui.model import Failure, Kind, Level, Request, Stage
from mcp_auth_tui.protocol.discovery.documents import complain, everywhere, fetch, read
from mcp_auth_tui.protocol.strict_json import DuplicateKey, loads
from tests.protocol.script import Page, Script, headers_of, json, judge, made_exchange, raw

PLACE = "https://mcp.example/doc"


def fetching(prefix: str = "prm") -> Script:
    return Script(fetch(judge(Stage.RESOURCE), PLACE, "a document", prefix))


def moved(place: str, status: int = 302) -> Page:
    return raw(status, b"", ("location", place))


@given(st.text(max_size=200) | st.text('{}[]",:0eE+-.\\u dDaf', max_size=60))
def test_reading_raises_value_error_or_gives_what_can_be_sent_back(text: str) -> None:
    """SPEC 6: hostile text never gives another exception."""
    try:
        value = loads(text)
    except ValueError:
        return
    jsonlib.dumps(value, ensure_ascii=False).encode()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        '{"a":1,"a":1}',
        '{"x":{"a":1,"b":2,"a":3}}',
        "NaN",
        "[Infinity]",
        '"\\ud800"',
        '{"\\udfff":1}',
        "[" * 33 + "]" * 33,
        "[" * 100_000,
        '{"a":' * 50_000,
        "1" * 5000,
        "\ufeff{}",
    ],
)
def test_what_is_not_strict_json_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        loads(text)


def test_what_is_strict_json_is_read() -> None:
    assert loads('{"a":[1,"\\ud83d\\ude00","é"]}') == {"a": [1, "😀", "é"]}
    assert loads("[" * 31 + "]" * 31) is not None
    with pytest.raises(DuplicateKey, match="'a'"):
        loads('{"a":1,"a":2}')


def test_a_redirect_on_the_same_origin_is_followed_and_told_P9() -> None:
    script = fetching()
    script.gets((PLACE, moved("/other")), ("https://mcp.example/other", json(200, {})))
    assert script.returned().document == {}
    assert script.broken == ["prm-redirect"]


@pytest.mark.parametrize(
    ("place", "more"), [("/other", ""), ("https://elsewhere.example/doc", " (another origin)")]
)
def test_server_metadata_behind_a_redirect_is_read_and_told_P9(place: str, more: str) -> None:
    there = place if "://" in place else f"https://mcp.example{place}"
    script = fetching("as")
    script.gets((PLACE, moved(place)), (there, json(200, {})))
    assert script.returned().document == {}
    (found,) = script.findings
    assert (found.id, found.level) == ("as-status", Level.WARNING)
    assert found.seen == f"{PLACE} → {there}{more}"
    assert found.message == "The authorization server's metadata is served through a redirect."
    assert "derived address" in found.next


def test_what_a_failure_can_be_met_with_is_the_next_step() -> None:
    failure = Failure("net-oversize", "too much", "Send less.")
    script = Script(
        complain(judge(Stage.RESOURCE), read(made_exchange(request_of(), failure)), "prm")
    )
    assert [(item.seen, item.next) for item in script.findings] == [("too much", "Send less.")]


def request_of() -> Request:
    return Request(Stage.RESOURCE, "a document", "GET", PLACE, Kind.METADATA)


def test_every_hop_is_without_credentials_A9() -> None:
    script = fetching()
    script.gets((PLACE, moved("/other")))
    request = script.sends("GET", "https://mcp.example/other", json(200, {}))
    assert [name for name, _ in headers_of(request)] == ["Accept", "MCP-Protocol-Version"]


def test_three_hops_are_the_most_P9() -> None:
    script = fetching()
    script.gets((PLACE, moved("/1")))
    script.gets(*((f"https://mcp.example/{n}", moved(f"/{n + 1}")) for n in (1, 2, 3)))
    assert (script.returned().document, script.returned().why) == (None, "HTTP 302")


def test_a_redirect_from_https_to_http_ends_the_run_P9() -> None:
    script = fetching()
    script.gets((PLACE, moved("http://mcp.example/doc")))
    assert (script.stopped().id, script.stopped().exit) == ("net-downgrade", 4)


@pytest.mark.parametrize(
    "place",
    [
        "javascript:alert(1)",
        "file:///etc/passwd",
        "https://[",
        "https://u:p@mcp.example/",
        "https://a/\x1b",
        "https://mcp.example:0/",
        "ftp://mcp.example/doc",
    ],
)
@pytest.mark.parametrize("prefix", ["prm", "as"])
def test_a_redirect_to_what_must_not_be_asked_is_not_followed_P9(place: str, prefix: str) -> None:
    script = fetching(prefix)
    script.gets((PLACE, moved(place)))
    assert script.returned().document is None


@given(st.text(max_size=40) | st.text("htps:/[]@#?%\\", max_size=20))
def test_no_location_crashes_the_fetch_P9(place: str) -> None:
    script = fetching()
    script.gets((PLACE, moved(place)))
    while script.action is not None:
        script.sends("GET", script.action.request.url, json(200, {}))
    assert script.stop is not None or script.result is not None


LOGIN = raw(200, "<title>Log in</title><p>Who are you?", ("content-type", "text/html"))
DENIED = raw(403, "<title>Access denied</title><h1>Ray 12", ("content-type", "text/html"))
NO_VALUE = "Expecting value: line 1 column 1 (char 0)"
CUT = raw(200, '{"resource": "x", "access_token": "s3cr3t-v4lue-12345",', ("content-type", "a/b"))


@pytest.mark.parametrize("prefix", ["prm", "as"])
@pytest.mark.parametrize(
    ("page", "kind", "quoted"),
    [
        (LOGIN, "html", "a web page (HTML), not JSON: “Log in: Who are you?”"),
        (DENIED, "status", "HTTP 403: a web page, “Access denied: Ray 12”"),
        (json(200, [1, 2]), "json", "JSON, but not an object: “[ 1, 2 ]”"),
        (raw(200, ""), "json", f"not valid JSON: {NO_VALUE}"),
        (raw(200, "nope"), "json", f"not valid JSON: {NO_VALUE}: “nope”"),
    ],
)
def test_what_came_in_place_of_a_document_is_quoted(
    prefix: str, page: Page, kind: str, quoted: str
) -> None:
    script = Script(complain(judge(), read(made_exchange(request_of(), page)), prefix))
    (found,) = script.findings
    assert found.id == f"{prefix}-{kind}"
    assert found.seen == f"{PLACE}: {quoted}"


def test_no_credential_is_quoted_from_what_is_nearly_a_document() -> None:
    script = Script(complain(judge(), read(made_exchange(request_of(), CUT)), "prm"))
    (found,) = script.findings
    assert found.id == "prm-json"
    assert "chars #" in found.seen
    assert "s3cr3t" not in found.seen


def test_what_ends_a_search_comes_first_and_alone_with_its_quotation() -> None:
    first, last = (read(made_exchange(request_of(), page)) for page in (LOGIN, DENIED))
    assert everywhere([("one", first), ("two", last)], last) == (
        "two: HTTP 403: a web page, “Access denied: Ray 12”; one: a web page (HTML), not JSON"
    )
    assert everywhere([("one", first)], None) == "one: a web page (HTML), not JSON"
