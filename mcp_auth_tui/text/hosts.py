"""Knows which address a host is spelled as; must not resolve a name or judge what it may be for."""

from __future__ import annotations

import ipaddress
import re
from functools import lru_cache

from mcp_auth_tui.text.patterns import pattern

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

# What resolvers and browsers read as one IPv4 address: 127.1, 0x7f.1, 017700000001, 2130706433.
_NUMBERS = pattern(r"(?:0x[0-9a-f]*|[0-9]+)(?:\.(?:0x[0-9a-f]*|[0-9]+)){0,3}\.?\Z", re.I)
# Prefixes of 96 bits behind which an IPv4 address stands (RFC 4291 §2.5.5, RFC 6052, RFC 2765).
_CARRIERS = tuple(
    int(ipaddress.IPv6Address(prefix)) >> 32
    for prefix in ("::", "::ffff:0:0", "::ffff:0:0:0", "64:ff9b::")
)
# RFC 8215: the local use of such prefixes; the address stands behind one of several lengths.
_LOCAL_NAT64 = int(ipaddress.IPv6Address("64:ff9b:1::")) >> 80


@lru_cache(maxsize=32)  # few hosts are looked at many times each
def address_of(host: str) -> Address | None:
    """Return the address that a host is spelled as, or None for a name.

    Beside the usual forms: IPv4 in one to four numbers, decimal, octal or hexadecimal, as
    ``inet_aton`` and the URL standard read them; brackets and a dot at the end are passed over.
    """
    text = host.strip("[]")
    try:
        return ipaddress.ip_address(text.removesuffix("."))
    except ValueError:
        return _numbers(text) if _NUMBERS.match(text) else None


def _numbers(text: str) -> Address | None:
    """Read one to four numbers: the last one fills all octets that are left."""
    *octets, last = (_number(part) for part in text.removesuffix(".").split("."))
    if any(octet > 0xFF for octet in octets) or last >= 1 << 8 * (4 - len(octets)):
        return None
    head = sum(octet << 8 * (3 - index) for index, octet in enumerate(octets))
    return ipaddress.IPv4Address(head + last)


def _number(text: str) -> int:
    if text[:2].lower() == "0x":
        return int(text[2:] or "0", 16)
    try:
        return int(text, 8 if text.startswith("0") else 10)
    except ValueError:  # 08 and 09 are no octal numbers: nobody's address
        return 1 << 32


def is_own_name(host: str) -> bool:
    """Return whether a name is one of this machine itself (RFC 6761 §6.3)."""
    name = host.rstrip(".").lower()
    return name == "localhost" or name.endswith(".localhost")


def carried(address: Address) -> Address:
    """Return the IPv4 address that an IPv6 address carries (mapped, NAT64, 6to4), else itself.

    Without its zone, which says how this machine gets there, and not where that is.
    """
    if isinstance(address, ipaddress.IPv4Address):
        return address
    number = int(address)
    if number >> 80 == _LOCAL_NAT64 or (number >> 32 in _CARRIERS and number > 1):
        return ipaddress.IPv4Address(number & 0xFFFFFFFF)
    return address.sixtofour or ipaddress.IPv6Address(number)


def is_public(address: Address) -> bool:
    """Return whether the world can reach an address, whatever it is spelled as."""
    inner = carried(address)
    local = isinstance(inner, ipaddress.IPv6Address) and inner.is_site_local
    return inner.is_global and not local
