"""A request as it goes on the wire, and a body as it comes off it."""

from __future__ import annotations

import gzip
import re
import tracemalloc
import zlib
from collections.abc import Callable, Mapping
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_auth_tui.model import Field, Kind, Request, Stage
from mcp_auth_tui.net.addresses import Unreachable
from mcp_auth_tui.net.messages import Decoder, encode, place
from tests.sentences import assert_sentence

URLS = st.text(max_size=40) | st.text(
    "ab.:/@[]%?#0189 \\\u0661\xe4\ud800\x00\r\n\t", max_size=24
).map(lambda rest: f"http://{rest}")
TO = place("https://a.example/x")


def deflated(plain: bytes, bits: int) -> bytes:
    maker = zlib.compressobj(wbits=bits)
    return maker.compress(plain) + maker.flush()


ENCODERS: Mapping[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "X-GZip": gzip.compress,
    "identity, gzip": gzip.compress,
    "deflate": lambda plain: deflated(plain, zlib.MAX_WBITS),
    # RFC 9110 §8.4.1.2: some send it without its zlib header.
    " Deflate": lambda plain: deflated(plain, -zlib.MAX_WBITS),
    "": bytes,
}


@given(URLS)
def test_any_url_is_a_place_that_a_request_can_go_to_or_a_failure_that_names_it(url: str) -> None:
    try:
        to = place(url)
    except Unreachable as problem:
        assert_sentence(problem)
        return
    assert to.scheme in ("http", "https")
    assert to.host and to.host.isascii()
    assert 0 <= to.port <= 65535
    assert to.target.startswith("/") or to.target.startswith("*")
    assert to.target.isascii() and to.target.isprintable() and " " not in to.target
    assert place(f"{to.scheme}://{to.authority}{to.target}") == to


@given(st.text(max_size=20), st.text(max_size=30), URLS)
def test_no_header_field_has_a_line_end_whatever_it_is_made_of(
    name: str, value: str, url: str
) -> None:
    request = Request(Stage.PROBE, "", "GET", url, Kind.MCP, (Field(name, value),))
    try:
        fields, _ = encode(request, place(url), "agent")
    except (ValueError, Unreachable):
        return
    assert not {octet for pair in fields for part in pair for octet in part} & set(b"\r\n\0")


@given(st.binary(max_size=300), st.sampled_from(sorted(ENCODERS)), st.integers(1, 40))
def test_an_encoding_is_undone_however_the_body_is_cut(plain: bytes, name: str, size: int) -> None:
    encoded, decoder = ENCODERS[name](plain), Decoder(name)
    pieces = (encoded[at : at + size] for at in range(0, len(encoded), size))
    assert b"".join(decoder.feed(piece, len(plain)) for piece in pieces) == plain


@given(st.lists(st.binary(max_size=60), max_size=6), st.sampled_from(["gzip", "deflate"]),
       st.integers(0, 50))  # fmt: skip
def test_no_octets_are_undone_past_the_bound(pieces: list[bytes], name: str, limit: int) -> None:
    decoder = Decoder(name)
    for piece in pieces:
        try:
            assert len(decoder.feed(piece, limit)) <= limit + 1
        except ValueError as problem:
            assert_sentence(problem, name, name)
            return


def test_what_comes_behind_the_end_of_an_encoding_is_not_kept() -> None:
    """SPEC 6: bodies are limited, and this one has no end."""
    decoder = Decoder("gzip")
    assert decoder.feed(gzip.compress(b"{}"), 10) == b"{}"
    tracemalloc.start()
    for _ in range(20):
        assert decoder.feed(bytes(1_000_000), 10) == b""
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 3_000_000


@given(st.text(max_size=20))
def test_an_encoding_that_is_not_known_is_refused_by_its_name(name: str) -> None:
    known = {"", "identity", "gzip", "x-gzip", "deflate"}
    asked = {item.strip().lower() for item in name.split(",")}
    if asked <= known:
        Decoder(name)
    else:
        with pytest.raises(ValueError, match=f"^{re.escape(name)}$"):
            Decoder(name)


@given(st.text(max_size=20))
def test_a_path_arrives_as_it_was_meant(path: str) -> None:
    to = place(f"https://a.example/{path.replace('?', '').replace('#', '').strip()}")
    assert "%25" in to.target or unquote(to.target).startswith("/")
