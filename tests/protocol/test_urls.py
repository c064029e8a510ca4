"""Which URLs may be asked, opened or linked (A7, Z3, Z8, T5)."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_auth_tui.model import Session
from mcp_auth_tui.model.oauth import AuthorizationServer
from mcp_auth_tui.protocol.discovery import misplaced
from mcp_auth_tui.protocol.urls import (
    UrlRefused,
    _in_ascii,
    endpoint,
    is_loopback,
    is_private,
    is_url,
    join,
    mcp_url,
    origin,
    safe_url,
    same_origin,
    well_known,
)

FORBIDDEN = re.compile(r"[\x00-\x20\x7f-\U0010ffff\"'`<>\\^{|}]|\$\(")


@pytest.mark.parametrize(
    ("typed", "made"),
    [
        ("https://h.example/mcp", "https://h.example/mcp"),
        (" HTTPS://H.Example/MCP/ ", "https://h.example/MCP/"),
        ("https://h.example", "https://h.example"),
        ("https://h.example:8443/a?b=c", "https://h.example:8443/a?b=c"),
        ("http://[::1]:8/mcp", "http://[::1]:8/mcp"),
        ("<https://h.example/mcp>", "https://h.example/mcp"),
    ],
)
def test_a_whole_url_is_kept_but_for_the_case_of_scheme_and_host_Z3(typed: str, made: str) -> None:
    """No slash is added and the path is kept."""
    assert mcp_url(typed) == type(mcp_url(typed))(made)


@given(st.from_regex(r"[A-Za-z0-9._-]{0,80}", fullmatch=True))
def test_a_host_in_ascii_is_taken_or_refused_as_by_the_codec(host: str) -> None:
    def result(make: Callable[[str], str]) -> object:
        try:
            return make(host)
        except UnicodeError:
            return UnicodeError

    assert result(_in_ascii) == result(lambda name: name.encode("idna").decode("ascii"))


@pytest.mark.parametrize(
    ("typed", "made", "note"),
    [
        ("h.example/mcp", "https://h.example/mcp", "https:// is assumed"),
        ("localhost:8000/mcp", "http://localhost:8000/mcp", "http:// is assumed"),
        ("127.0.0.1/mcp", "http://127.0.0.1/mcp", "http:// is assumed"),
        ("[::1]:8/mcp", "http://[::1]:8/mcp", "http:// is assumed"),
        ("https://h.example/mcp#x", "https://h.example/mcp", "fragment"),
        ("https://bücher.example/", "https://xn--bcher-kva.example/", "xn--bcher-kva.example"),
    ],
)
def test_what_was_done_to_the_url_is_told(typed: str, made: str, note: str) -> None:
    result = mcp_url(typed)
    assert result.url == made
    assert any(note in item for item in result.notes)


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "   ",
        "stdio://server",
        "ftp://h.example/",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "https://",
        "https://user:pw@h.example/",
        "https://h.example:99999/",
        "https://h.example:0/",
        "https://[::1",
        "npx some server",
        "https://h.example/a b",
        "https://h.example/`id`",
        "https://h.example/\ud800",
    ],
)
def test_what_is_no_mcp_url_is_refused_with_a_sentence(typed: str) -> None:
    """T5: a stdio server is none either."""
    with pytest.raises(ValueError, match=r"[.?)]\Z") as caught:
        mcp_url(typed)
    assert "codec" not in str(caught.value)


TYPED = st.one_of(
    st.text(max_size=60),
    st.text("htps:/.[]@#?%&=$( '\"`\\é1a", max_size=40),
    st.builds("{}://{}".format, st.sampled_from(["http", "https", "HTTP"]), st.text(max_size=40)),
)


@given(TYPED)
def test_a_made_url_is_safe_and_made_of_itself_again(typed: str) -> None:
    """Z3, Z8: never a forbidden character, never another scheme."""
    try:
        made = mcp_url(typed).url
    except ValueError:
        return
    assert FORBIDDEN.search(made) is None
    assert urlsplit(made).scheme in ("http", "https")
    assert urlsplit(made).hostname
    assert mcp_url(made).url == made


@given(TYPED)
def test_an_endpoint_or_link_is_never_a_forbidden_url(raw: str) -> None:
    """A7, Z8: only https, or http on loopback, and nothing that a shell or terminal obeys."""
    try:
        kept, made = endpoint(raw), safe_url(raw)
    except UrlRefused:
        return
    assert kept == raw
    for url in (kept, made):
        parts = urlsplit(url)
        assert FORBIDDEN.search(url) is None
        assert parts.scheme == "https" or is_loopback(parts.hostname or "")
        assert (parts.username, parts.fragment) == (None, "")
    assert made.startswith(("https://", "http://"))
    assert safe_url(made) == made


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        ("http://h.example/", "http"),
        ("http://localhost.evil.example/", "http"),
        ("http://2130706433/", "http"),
        ("http://0x7f.1/", "http"),
        ("javascript:alert(1)", "scheme"),
        ("vbscript:x", "scheme"),
        ("data:text/html,x", "scheme"),
        ("ftp://h.example/", "scheme"),
        ("//h.example/", "scheme"),
        ("/path", "scheme"),
        ("", "scheme"),
        ("-https://h.example/", "scheme"),
        (" https://h.example/", "scheme"),
        ("https://h.example/\n", "scheme"),
        ("https://h.example/$(id)", "scheme"),
        ("https://h.example/'x'", "scheme"),
        ("https://bücher.example/", "scheme"),
        ("https://u@h.example/", "scheme"),
        ("https://h.example:0/", "scheme"),
        ("https://h.example/#x", "fragment"),
        ("https://h.example/#", "fragment"),
    ],
)
def test_what_a_server_must_not_name_is_refused_A7(raw: str, reason: str) -> None:
    with pytest.raises(UrlRefused) as caught:
        endpoint(raw)
    assert caught.value.reason == reason


def test_a_link_is_serialised_anew_Z8() -> None:
    assert safe_url("HTTPS://H.Example?a=%z") == "https://h.example/?a=%25z"
    assert "%action" not in safe_url("https://h.example/?a=%action")
    assert safe_url("http://LOCALHOST:1/a%20b") == "http://localhost:1/a%20b"


@pytest.mark.parametrize(
    ("host", "loopback", "private"),
    [
        ("localhost", True, True),
        ("a.localhost.", True, True),
        ("127.9.9.9", True, True),
        ("::1", True, True),
        ("[::1]", True, True),
        ("10.0.0.1", False, True),
        ("169.254.169.254", False, True),
        ("fd00::1", False, True),
        ("::ffff:10.0.0.1", False, True),
        ("100.64.0.1", False, True),
        ("intranet", False, True),
        ("x.local", False, True),
        ("8.8.8.8", False, False),
        ("h.example", False, False),
        ("localhost.h.example", False, False),
    ],
)
def test_hosts_of_this_machine_and_of_the_network_P9(
    host: str, loopback: bool, private: bool
) -> None:
    assert (is_loopback(host), is_private(host)) == (loopback, private)


def test_origins_are_compared_with_default_ports() -> None:
    assert origin("HTTPS://H.example/a") == ("https", "h.example", 443)
    assert same_origin("https://h.example:443/a", "https://H.EXAMPLE")
    assert not same_origin("https://h.example", "http://h.example")
    assert not same_origin("https://h.example:444", "https://h.example")
    assert not same_origin("https://[", "https://[")


def test_a_well_known_place_keeps_port_path_and_case_A4() -> None:
    assert well_known("https://H.example:81/A/", "x") == "https://h.example:81/.well-known/x/A"
    assert well_known("https://h.example/a?b", "x") == "https://h.example/.well-known/x/a"
    assert (
        well_known("https://h.example/a?b", "x", with_query=True)
        == "https://h.example/.well-known/x/a?b"
    )


@pytest.mark.parametrize("host", ["%31%32%37.0.0.1", "%h", "[fe80::1%25lo]"])
def test_a_host_with_a_percent_sign_is_refused_for_browsers_decode_it(host: str) -> None:
    """Z8: what was looked at would be another host than what is opened."""
    for use in (endpoint, safe_url, mcp_url):
        with pytest.raises(ValueError, match="there is a % in its host, and no host has one"):
            use(f"https://{host}/x")


@given(st.text(max_size=30))
def test_joining_never_raises(place: str) -> None:
    assert isinstance(join("https://h.example/a", place), str)


ODD = ("", "mailto:x", "https://", "http://[::1", "javascript:alert(1)", "https://h:99999/", "x")


@pytest.mark.parametrize("odd", ODD)
def test_pages_of_a_run_whose_addresses_are_none_are_drawn(odd: str) -> None:
    """A recording, or a fake run, may name anything as its server or issuer."""
    server = AuthorizationServer(odd, odd, odd, odd)
    for session in (Session(url=odd, server=server), Session(url="https://h/mcp", server=server)):
        assert all(place.url.startswith("http") for place in misplaced.unseen(session))
    assert not is_url(odd)
    assert is_url("https://h/mcp")
