"""P9: which addresses a run may connect to (SPEC 6, SSRF)."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_auth_tui.net.addresses import Guard, Unreachable, class_of, resolve


@pytest.mark.parametrize(
    ("address", "group"),
    [
        ("93.184.216.34", "public"),
        ("2606:4700::1111", "public"),
        ("10.1.2.3", "private"),
        ("172.16.0.1", "private"),
        ("192.168.1.1", "private"),
        ("100.64.0.1", "private"),
        ("fd00::1", "private"),
        ("127.0.0.1", "loopback"),
        ("127.9.9.9", "loopback"),
        ("::1", "loopback"),
        ("0.0.0.0", "loopback"),
        ("::", "loopback"),
        ("::ffff:127.0.0.1", "loopback"),
        ("::ffff:10.0.0.1", "private"),
        ("64:ff9b::a00:1", "private"),
        ("2002:7f00:1::", "loopback"),
        ("::127.0.0.1", "loopback"),
        ("64:ff9b::7f00:1", "loopback"),
        ("64:ff9b:1::a00:1", "private"),
        ("::ffff:0:10.0.0.1", "private"),
        ("::8.8.8.8", "public"),
        ("fec0::1", "private"),
        ("169.254.1.1", "link-local"),
        ("fe80::1", "link-local"),
        ("224.0.0.1", "reserved"),
        ("ff02::1", "reserved"),
    ],
)
def test_every_address_has_a_class(address: str, group: str) -> None:
    assert class_of(ipaddress.ip_address(address)) == group


async def refused(guard: Guard, host: str) -> str:
    with pytest.raises(Unreachable) as caught:
        await guard.addresses(host, 443)
    assert caught.value.failure.kind == "as-endpoint-private"
    return caught.value.failure.message


async def test_a_public_run_may_not_be_sent_inside(names: dict[str, list[str]]) -> None:
    names |= {"mcp.example": ["93.184.216.34"], "as.example": ["93.184.216.35", "10.0.0.7"]}
    guard = Guard("https://mcp.example/mcp")
    assert await guard.addresses("mcp.example", 443) == ("93.184.216.34",)
    assert await refused(guard, "as.example") == (
        "as.example resolves to 10.0.0.7, a private address; "
        "a server's metadata may not send this program there."
    )
    assert "127.0.0.1 is a loopback address" in await refused(guard, "127.0.0.1")
    assert "a loopback address" in await refused(guard, "::ffff:127.0.0.1")


async def test_the_first_contact_decides_and_a_second_look_up_cannot_change_it(
    names: dict[str, list[str]],
) -> None:
    """DNS rebinding: the typed name turns into a private address later."""
    names["mcp.example"] = ["93.184.216.34"]
    guard = Guard("https://mcp.example/mcp")
    await guard.addresses("mcp.example", 443)
    names["mcp.example"] = ["127.0.0.1"]
    assert "mcp.example resolves to 127.0.0.1" in await refused(guard, "mcp.example")


async def test_a_run_on_a_private_host_may_use_its_own_class_only(
    names: dict[str, list[str]],
) -> None:
    names |= {"mcp.lan": ["192.168.1.2"], "as.lan": ["192.168.1.3"], "out.example": ["8.8.8.8"]}
    guard = Guard("https://mcp.lan/mcp")
    assert await guard.addresses("as.lan", 443) == ("192.168.1.3",)
    assert await guard.addresses("out.example", 443) == ("8.8.8.8",)
    assert "loopback" in await refused(guard, "127.0.0.1")


async def test_numbers_in_disguise_are_judged_by_what_they_resolve_to(
    names: dict[str, list[str]],
) -> None:
    names |= {"mcp.example": ["93.184.216.34"], "odd.example": ["127.0.0.1"]}
    for host in ("2130706433", "127.1", "0x7f.1", "017700000001", "odd.example"):
        assert "loopback" in await refused(Guard("https://mcp.example/"), host)


async def test_allow_private_lifts_the_rule_but_not_for_metadata_services(
    names: dict[str, list[str]],
) -> None:
    names["mcp.example"] = ["93.184.216.34"]
    guard = Guard("https://mcp.example/mcp", allow_private=True)
    assert await guard.addresses("10.0.0.1", 443) == ("10.0.0.1",)
    assert "cloud metadata" in await refused(guard, "169.254.169.254")
    assert "cloud metadata" in await refused(guard, "::ffff:169.254.169.254")
    assert "cloud metadata" in await refused(guard, "fd00:ec2::254%1")


async def test_a_link_local_address_that_a_name_resolves_to_keeps_its_zone(
    names: dict[str, list[str]],
) -> None:
    names["mcp.local"] = ["fe80::1%1", "192.168.1.2"]
    found = await resolve("mcp.local", 443)
    assert [str(item) for item in found] == ["fe80::1%1", "192.168.1.2"]


async def test_a_metadata_service_is_asked_only_by_who_typed_it() -> None:
    guard = Guard("http://169.254.169.254/mcp")
    assert await guard.addresses("169.254.169.254", 80) == ("169.254.169.254",)
    near = Guard("http://169.254.1.1/mcp")
    assert "cloud metadata" in await refused(near, "169.254.169.254")


@pytest.mark.parametrize(
    "host", ["10.0.0.1", "127.1", "0x7f.1", "0xa9fea9fe", "::127.0.0.1", "fec0::1", "localhost."]
)
def test_behind_a_proxy_spelled_out_addresses_are_still_judged(host: str) -> None:
    guard = Guard("https://mcp.example/mcp")
    guard.check_literal("as.example")
    with pytest.raises(Unreachable):
        guard.check_literal(host)


@given(st.ip_addresses(v=4))
def test_an_address_is_of_its_class_whatever_carries_it(address: ipaddress.IPv4Address) -> None:
    group = class_of(address)
    assert group in ("public", "private", "loopback", "link-local", "reserved")
    number = int(address)
    for prefix in ("::ffff:0:0", "64:ff9b::"):
        carrier = int(ipaddress.IPv6Address(prefix)) + number
        assert class_of(ipaddress.IPv6Address(carrier)) == group
    behind = ipaddress.IPv6Address((0x2002 << 112) + (number << 80))  # 6to4 (RFC 3056)
    assert class_of(behind) == group


@given(st.ip_addresses(v=6))
def test_every_address_of_six_has_a_class(address: ipaddress.IPv6Address) -> None:
    assert class_of(address) in ("public", "private", "loopback", "link-local", "reserved")
