"""Every spelling of an address is read as the address that a resolver or a browser makes of it."""

from __future__ import annotations

import ipaddress
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_auth_tui.protocol.urls import is_loopback, is_private
from mcp_auth_tui.text.hosts import address_of


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("127.0.0.1", "127.0.0.1"),
        ("127.0.0.1.", "127.0.0.1"),
        ("127.1", "127.0.0.1"),
        ("127.65535", "127.0.255.255"),
        ("0x7f.1", "127.0.0.1"),
        ("0X7F000001", "127.0.0.1"),
        ("017700000001", "127.0.0.1"),
        ("0177.0.0.1", "127.0.0.1"),
        ("2130706433", "127.0.0.1"),
        ("0", "0.0.0.0"),
        ("[::1]", "::1"),
        ("::ffff:7f00:1", "::ffff:127.0.0.1"),
    ],
)
def test_a_host_in_numbers_is_an_address(host: str, address: str) -> None:
    assert address_of(host) == ipaddress.ip_address(address)


@pytest.mark.parametrize(
    "host",
    ["", ".", "example", "1.example", "127.0.0.256", "1.2.3.4.5", "4294967296", "08", "0xg", "a.1"],
)
def test_a_name_is_no_address(host: str) -> None:
    assert address_of(host) is None


@given(
    st.lists(
        st.integers(0, 1 << 33).flatmap(
            lambda number: st.sampled_from([str(number), hex(number), f"0{number:o}"])
        ),
        min_size=1,
        max_size=4,
    )
)
def test_numbers_are_read_as_the_resolver_reads_them(numbers: list[str]) -> None:
    host = ".".join(numbers)
    try:
        expected = ipaddress.IPv4Address(socket.inet_aton(host))
    except OSError:
        expected = None
    assert address_of(host) == expected


@given(st.text(max_size=40))
def test_no_text_is_too_odd(host: str) -> None:
    address_of(host)
    assert is_private(host) or not is_loopback(host)


@pytest.mark.parametrize(
    "host", ["127.1", "0x7f.1", "2130706433", "::127.0.0.1", "64:ff9b::7f00:1", "fec0::1", "10.1"]
)
def test_what_a_browser_would_open_on_the_inside_is_private(host: str) -> None:
    assert is_private(host)
