"""Which proxy a URL goes through."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_auth_tui.net.proxies import Proxies
from tests.sentences import assert_sentence


def read(**environ: str) -> Proxies:
    return Proxies.read(None, environ, "linux")


def test_the_environment_chooses_by_scheme() -> None:
    proxies = read(HTTPS_PROXY="http://s:1", http_proxy="p:2")
    assert proxies.of("https://a.example/") == "http://s:1"
    assert proxies.of("http://a.example/") == "http://p:2"
    assert proxies.description == (
        "through the proxy http://p:2 and http://s:1 (from the environment)"
    )


def test_all_proxy_stands_in_for_both() -> None:
    proxies = read(ALL_PROXY="http://u:p@x:1")
    assert proxies.of("https://a.example/") == "http://u:p@x:1"
    assert proxies.description == "through the proxy http://x:1 (from the environment)"


def test_a_cgi_request_header_is_no_proxy() -> None:
    assert read(HTTP_PROXY="http://evil:1", REQUEST_METHOD="GET").of("http://a.example/") is None


@pytest.mark.parametrize(
    ("no_proxy", "url", "direct"),
    [
        ("*", "https://a.example/", True),
        ("a.example", "https://a.example/", True),
        ("a.example", "https://b.a.example/", True),
        (".a.example", "https://b.a.example/", True),
        ("*.a.example", "https://b.a.example/", True),
        ("a.example", "https://ba.example/", False),
        ("A.Example , x", "https://a.example/", True),
        ("a.example:8443", "https://a.example:8443/", True),
        ("a.example:8443", "https://a.example/", False),
        ("10.0.0.0/8", "https://10.1.2.3/", True),
        ("10.0.0.0/8", "https://11.1.2.3/", False),
        ("::2", "https://[::2]/", True),
        ("", "https://a.example/", False),
    ],
)
def test_no_proxy_is_honoured(no_proxy: str, url: str, direct: bool) -> None:
    proxies = read(ALL_PROXY="http://x:1", NO_PROXY=no_proxy)
    assert (proxies.of(url) is None) is direct


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "app.localhost", "127.1.1.1"])
def test_loopback_never_goes_through_a_proxy_of_the_environment(host: str) -> None:
    url = f"http://{host}:8000/mcp"
    assert read(ALL_PROXY="http://x:1").of(url) is None
    assert Proxies.read("http://x:1", {}).of(url) == "http://x:1"


def test_nothing_is_said_when_there_is_no_proxy() -> None:
    assert read().description == ""


@pytest.mark.parametrize("value", ["ftp://x:1", "http://", "http://[fe80::1%25eth0]:1", "ü..b:1"])
def test_what_is_no_proxy_url_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match="The proxy"):
        Proxies.read(value, {})


@given(
    st.sampled_from(["", "http://", "socks5://", "x://"]),
    st.text(max_size=30) | st.text("ab.:/@[]%0189\u0661 ", max_size=20),
)
def test_any_proxy_is_one_that_can_be_connected_to_or_refused_in_a_sentence(
    scheme: str, rest: str
) -> None:
    try:
        proxies = Proxies.read(f"{scheme}{rest}", {}, "linux")
    except ValueError as problem:
        assert_sentence(problem, "The proxy ")
        return
    proxy = proxies.of("https://a.example/")
    if proxy is not None:
        parts = urlsplit(proxy)
        assert parts.hostname and (parts.port or 1) <= 65535
        assert proxies.description.startswith("through the proxy ")
        assert (
            parts.password is None
            or parts.password in proxy.rpartition("@")[2]
            or (parts.password not in proxies.description)
        )


@given(st.text(max_size=30) | st.text("a.example:8[]2/*, \u0661", max_size=20))
def test_any_no_proxy_is_read(entries: str) -> None:
    proxies = read(ALL_PROXY="http://x:1", NO_PROXY=entries)
    for url in ("https://a.example:8/", "https://[::2]/", "https://10.0.0.1/"):
        assert proxies.of(url) in (None, "http://x:1")
