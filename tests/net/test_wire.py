"""A request is addressed and framed as a second implementation, httpx, does it."""

from __future__ import annotations

import httpx
import pytest

from mcp_auth_tui.model import Kind, Request, Stage
from mcp_auth_tui.net.addresses import Unreachable
from mcp_auth_tui.net.messages import Place, encode, place
from mcp_auth_tui.net.wire import request_for


@pytest.mark.parametrize(
    "url",
    [
        "http://mcp.example.com/mcp?a=1",
        "http://mcp.example.com:80/mcp",
        "https://MCP.example.com:443/",
        "https://mcp.example.com:80/",
        "http://127.0.0.1:8080/mcp",
        "http://[::1]:8080/mcp",
        "https://[2001:db8::1]/",
        "https://bücher.example/",
        "https://under_score.example/",
        "https://per%2Fcent.example/",
        "https://a b.example/",
    ],
)
def test_a_request_goes_to_the_host_and_port_that_httpx_would_ask(url: str) -> None:
    to = place(url)
    ours, theirs = request_for("GET", to, [], b"", {}).url, httpx.URL(url)
    assert ours.scheme == theirs.raw_scheme
    assert ours.host == theirs.raw_host
    assert ours.port == theirs.port
    assert ours.target == to.target.encode()


@pytest.mark.parametrize(
    ("host", "why"),
    [
        ("1.2.3.999", "Octet 999"),
        ("010.1.1.1", "Leading zeros"),
        ("a\x00b", "no host name holds '\\x00'"),
        ("a\x7fb", "no host name holds '\\x7f'"),
        ("v1:x", "At least 3 parts expected"),
    ],
)
def test_half_an_address_and_an_odd_octet_are_told_before_anything_is_sent(
    host: str, why: str
) -> None:
    with pytest.raises(Unreachable) as caught:
        request_for("GET", Place("http", host, 80, "/"), [], b"", {})
    assert caught.value.failure.kind == "net-dns"
    assert why in caught.value.failure.message
    with pytest.raises(httpx.InvalidURL):
        httpx.URL(scheme="http", host=host, port=80, path="/")


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"])
def test_an_empty_body_has_a_length_where_httpx_gives_it_one(method: str) -> None:
    url = "http://mcp.example.com/"
    headers, content = encode(
        Request(Stage.TOKEN, "t", method, url, Kind.TOKEN), place(url), "agent"
    )
    theirs = httpx.Request(method, url).headers
    assert content == b""
    assert dict(headers).get(b"Content-Length") == dict(theirs.raw).get(b"Content-Length")
