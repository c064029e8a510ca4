"""Knows which network addresses a run may connect to; must not know HTTP, TLS or OAuth.

The precaution against SSRF (SPEC 6, P9): names are resolved here, every address is judged, and the
caller connects to the judged address, so that a second look-up cannot bring another one.
"""

from __future__ import annotations

import ipaddress
import socket
from urllib.parse import urlsplit

from mcp_auth_tui.model import Failure
from mcp_auth_tui.text.hosts import Address, address_of, carried, is_own_name, is_public

PUBLIC = "public"
_METADATA = frozenset(
    ipaddress.ip_address(text)
    for text in ("169.254.169.254", "169.254.170.2", "100.100.100.200", "fd00:ec2::254")
)
# WSANO_DATA, which has no name there; elsewhere the number is nobody's.
_NO_HOST = {11004, *(getattr(socket, f"EAI_{it}", 0) for it in ("NONAME", "NODATA", "ADDRFAMILY"))}
_ARTICLE = {
    "loopback": "a loopback address",
    "link-local": "a link-local address",
    "private": "a private address",
    "reserved": "an address that no server can have",
}


class Unreachable(Exception):
    """No connection was made; ``failure`` says why."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message)
        self.failure = failure


def class_of(address: Address) -> str:
    """Return ``public``, ``private``, ``loopback``, ``link-local`` or ``reserved``."""
    address = carried(address)
    if address.is_loopback or address.is_unspecified:
        # A connection to the unspecified address ends on the machine itself.
        return "loopback"
    if address.is_link_local:
        return "link-local"
    if address.is_multicast or (address.is_reserved and not address.is_private):
        return "reserved"
    # Not `is_private`: the shared space 100.64.0.0/10 is neither private nor public.
    return PUBLIC if is_public(address) else "private"


class Guard:
    """Decides for one run which addresses may be connected to.

    Private, loopback and link-local addresses are for runs whose typed host is of the same class,
    or for which a person lifted the rule (``allow_private``). Addresses of cloud metadata services
    are for nobody who did not type them.
    """

    def __init__(self, typed_url: str, *, allow_private: bool = False) -> None:
        self._typed = _host(typed_url)
        self._allow_private = allow_private
        self._classes: frozenset[str] | None = None

    async def addresses(self, host: str, port: int) -> tuple[str, ...]:
        """Resolve a host and return its addresses in order, all of them judged.

        Raises `Unreachable` (``net-dns``, ``as-endpoint-private``).
        """
        found = await resolve(host, port)
        if self._classes is None:
            own = found if host == self._typed else await self._own(port)
            self._classes = frozenset(class_of(item) for item in own)
        self.check(host, found)
        return tuple(str(item) for item in found)

    def check(self, host: str, found: tuple[Address, ...]) -> None:
        """Raise `Unreachable` when one of the addresses of a host is not for this run."""
        for address in found:
            group = class_of(address)
            typed = address_of(self._typed)
            if carried(address) in _METADATA and (
                typed is None or carried(typed) != carried(address)
            ):
                raise _blocked(host, address, "the address of a cloud metadata service")
            if group == PUBLIC or group in (self._classes or ()):
                continue
            if group == "reserved" or not self._allow_private:
                raise _blocked(host, address, _ARTICLE[group])

    def check_literal(self, host: str) -> None:
        """Judge a host that a proxy will resolve: only what is spelled out can be judged."""
        address = address_of(host)
        if address is None and is_own_name(host):
            address = ipaddress.IPv4Address("127.0.0.1")
        if address is None:
            return
        typed = address_of(self._typed)
        if self._classes is None and typed is not None:
            self._classes = frozenset({class_of(typed)})
        self.check(host, (address,))

    async def _own(self, port: int) -> tuple[Address, ...]:
        try:
            return await resolve(self._typed, port)
        except Unreachable:
            return ()


async def resolve(host: str, port: int) -> tuple[Address, ...]:
    """Return every address of a host in the resolver's order, without repeats.

    Raises `Unreachable` (``net-dns``).
    """
    from mcp_auth_tui.desktop.threads import beside

    address = address_of(host)
    if address is not None:
        return (address,)
    try:
        # Not in the loop's own threads: a name server that does not answer would keep the program.
        infos = await beside(lambda: socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
    except (OSError, UnicodeError) as error:
        raise Unreachable(Failure("net-dns", _unresolved(host, error))) from error
    found = tuple(dict.fromkeys(_address(*info[4]) for info in infos))
    if not found:
        raise Unreachable(Failure("net-dns", f"The name {host} has no address."))
    return found


def unanswered(host: str, seconds: float) -> Failure:
    """Say that no name server answered within a limit (seconds)."""
    told = f"The name {host} could not be resolved: no name server answered within {seconds:g} s."
    return Failure("net-dns", told)


def _address(text: str, port: int, flow: int = 0, zone: int = 0) -> Address:
    """Read what a resolver found; a link-local address is of no use without its zone."""
    return ipaddress.ip_address(f"{text}%{zone}" if zone else text)


def _unresolved(host: str, error: Exception) -> str:
    why = "no such host"
    if isinstance(error, UnicodeError):
        why = "it is not a host name"
    elif isinstance(error, socket.gaierror) and error.errno == socket.EAI_AGAIN:
        why = "the name server did not answer"
    elif isinstance(error, OSError) and error.errno not in _NO_HOST:
        why = f"the resolver of this machine failed ({error.strerror or error})"
    return f"The name {host} could not be resolved: {why}."


def _blocked(host: str, address: Address, what: str) -> Unreachable:
    named = f"{host} is" if host == str(address) else f"{host} resolves to {address},"
    return Unreachable(
        Failure(
            "as-endpoint-private",
            f"{named} {what}; a server's metadata may not send this program there.",
        )
    )


def ascii_host(host: str) -> str:
    """Return a host in lower case as it goes on the wire (A-labels); ValueError when it cannot."""
    if "%" in host:  # nor does an address have a zone: it says nothing outside of one machine
        raise ValueError("there is a % in its host, and no host has one")
    if host.isascii():
        return host.lower()
    try:
        return host.encode("idna").decode("ascii").lower()
    except UnicodeError:
        raise ValueError(f"{host} is not a host name") from None


def _host(url: str) -> str:
    try:
        return ascii_host(urlsplit(url).hostname or "")
    except ValueError:
        return ""
