"""The event stream format (WHATWG HTML §9.2.6)."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_auth_tui.protocol.mcp.event_stream import Event, EventStreamParser


def parsed(*chunks: bytes) -> list[Event]:
    parser = EventStreamParser()
    return [event for chunk in chunks for event in parser.feed(chunk)]


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
@pytest.mark.parametrize(
    ("lines", "events"),
    [
        ([b"data: a", b"", b""], [Event("message", "a")]),
        ([b"event: x", b"data:a", b"data: b", b"", b""], [Event("x", "a\nb")]),
        ([b"data:  a", b"", b""], [Event("message", " a")]),
        ([b": comment", b"id: 1", b"retry: 5", b"data: a", b"", b""], [Event("message", "a")]),
        ([b"event: x", b"", b"data: a", b"", b""], [Event("message", "a")]),
        ([b"data", b"", b""], [Event("message", "")]),
        ([b"data: a:b: c", b"", b""], [Event("message", "a:b: c")]),
        ([b"data: not finished", b""], []),
        ([b"\xef\xbb\xbfdata: \xc3\xa9", b"", b""], [Event("message", "é")]),
    ],
)
def test_events_are_read(lines: list[bytes], events: list[Event], end: bytes) -> None:
    """T1: with each of the three line ends, and as soon as the last one is there."""
    assert parsed(end.join(lines)) == events


STREAM = st.lists(
    st.sampled_from(
        [
            b"data: a",
            b"data:",
            b"event: e",
            b":c",
            b"\n",
            b"\r",
            b"\r\n",
            b"\xc3\xa9",
            b"\xff",
            b"x",
        ]
    ),
    max_size=25,
).map(b"".join) | st.binary(max_size=60)


@given(STREAM, st.lists(st.integers(0, 80), max_size=8))
def test_chunks_make_no_difference_T1(stream: bytes, cuts: list[int]) -> None:
    places = sorted({min(cut, len(stream)) for cut in cuts} | {0, len(stream)})
    chunks = [stream[a:b] for a, b in pairwise(places)]
    assert parsed(*chunks) == parsed(stream) == parsed(*(bytes([octet]) for octet in stream))
