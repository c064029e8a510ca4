"""Knows which URLs may be asked, opened or linked; must not change a string that is compared.

Issuers and resources are kept as received (P7); what is re-serialised here is only for use.
"""

from __future__ import annotations

import ipaddress
import re
from functools import lru_cache
from urllib.parse import SplitResult, quote, urljoin, urlsplit, urlunsplit

from mcp_auth_tui.records import dataclass
from mcp_auth_tui.text.hosts import address_of, is_own_name, is_public
from mcp_auth_tui.text.patterns import pattern

_SCHEME = pattern(r"[A-Za-z][A-Za-z0-9+.-]*://")
# ``mailto:x``, but neither ``host:8080`` nor ``user:password@host``, which are told apart later.
_OTHER_SCHEME = pattern(r"([A-Za-z][A-Za-z0-9+.-]*):(?!\d|//|$)[^@:]*\Z")
# Characters that no URL may hold and that a shell, a terminal or a `webbrowser` could act on.
_FORBIDDEN = pattern(r"[\x00-\x20\x7f-\xa0\"'`<>\\^{|}]|\$\(")
_DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class McpUrl:
    """An MCP URL ready for use and what was done to what the person typed."""

    url: str
    notes: tuple[str, ...] = ()


class UrlRefused(ValueError):
    """A URL that must not be used; ``reason`` is scheme, http, fragment, form or private."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


@lru_cache(maxsize=32)  # one URL is split some ten times between two requests
def split(url: str) -> SplitResult:
    """Split an absolute URL; raises ValueError when it has no usable host or an impossible port."""
    parts = urlsplit(url)
    if not parts.hostname:
        raise ValueError("there is no host in it")
    if "%" in parts.hostname:
        # A browser decodes it first (WHATWG URL): %31%32%37.0.0.1 would be this machine.
        raise ValueError("there is a % in its host, and no host has one")
    if parts.port == 0:
        raise ValueError("port 0 cannot be connected to")
    return parts


def is_url(text: str) -> bool:
    """Return whether `split` takes a text: what a recording or a fake run names may be anything."""
    try:
        split(text)
    except ValueError:
        return False
    return True


def join(base: str, place: str) -> str:
    """Resolve a ``Location`` against its base; one that cannot be resolved is returned as it is."""
    try:
        return urljoin(base, place)
    except ValueError:
        return place


def origin(url: str) -> tuple[str, str, int]:
    """Return scheme, host and port in comparable form (RFC 6454 §4)."""
    parts = split(url)
    scheme = parts.scheme.lower()
    port = parts.port or _DEFAULT_PORTS.get(scheme, 0)
    return scheme, (parts.hostname or "").lower(), port


def origin_text(url: str) -> str:
    """Return ``scheme://host[:port]`` of a URL in lower case, its port as given."""
    parts = split(url)
    return f"{parts.scheme.lower()}://{_netloc(parts)}"


def same_origin(one: str, other: str) -> bool:
    """Return whether two URLs share scheme, host and port; False when one is no URL."""
    try:
        return origin(one) == origin(other)
    except ValueError:
        return False


@lru_cache(maxsize=32)
def is_loopback(host: str) -> bool:
    """Return whether a host name or address literal is this machine (RFC 8252 §7.3).

    An odd spelling (``127.1``, a mapped address) is not believed: this is what allows http.
    """
    if is_own_name(host):
        return True
    try:
        return ipaddress.ip_address(host.strip("[]").rstrip(".")).is_loopback
    except ValueError:
        return False


def is_private(host: str) -> bool:
    """Return whether a host is a private address literal or a name that only a LAN resolves."""
    if (address := address_of(host)) is not None:
        return not is_public(address)
    name = host.rstrip(".").lower()
    return is_own_name(name) or "." not in name or name.endswith((".local", ".internal"))


def _netloc(parts: SplitResult) -> str:
    host = (parts.hostname or "").lower()
    host = f"[{host}]" if ":" in host else host
    return f"{host}:{parts.port}" if parts.port is not None else host


def _in_ascii(host: str) -> str:
    # Python's codec takes 4 ms to load, and leaves such names as they are.
    if host.isascii() and all(0 < len(label) < 64 for label in host.split(".")):
        return host
    return host.encode("idna").decode("ascii") if host else ""


@lru_cache(maxsize=32)  # one of a list is read when its turn is looked for, and at its turn
def mcp_url(text: str) -> McpUrl:
    """Make an MCP URL of what a person typed (Z3: lower-case scheme and host, path kept).

    Raises ValueError with a sentence for that person.
    """
    raw, notes = text.strip().strip("<>"), list[str]()
    if not raw:
        raise ValueError("No URL was given: type the URL of an MCP server.")
    if re.match(r"https?:(?!//|\d+(?:[/?#]|$))", raw, re.I):
        raise ValueError("After http: or https: there must be two slashes, as in https://host/mcp.")
    if other := _OTHER_SCHEME.match(raw):
        raise ValueError(_no_mcp_url(f"{other.group(1).lower()}:"))
    if _SCHEME.match(raw) is None:
        scheme = "http" if is_loopback(_bare_host(raw)) else "https"
        raw = f"{scheme}://{raw}"
        notes.append(f"No scheme was given: {scheme}:// is assumed.")
    scheme = raw.partition("://")[0].lower()
    if scheme not in _DEFAULT_PORTS:
        raise ValueError(_no_mcp_url(f"{scheme}://"))
    try:
        parts = split(raw)
        host = _in_ascii(parts.hostname or "")
        port = parts.port
    except (ValueError, UnicodeError) as error:
        raise ValueError(f"This is not a URL: {error}.") from None
    if parts.username is not None or parts.password is not None:
        raise ValueError(
            "The URL carries a user name or password: take it out (everything before the @);"
            " this program gets a token instead."
        )
    if host != (parts.hostname or ""):
        notes.append(f"The host name in ASCII is {host}.")
    if parts.fragment or raw.endswith("#"):
        notes.append("The fragment (from # on) was dropped: servers never see it.")
    netloc = f"[{host}]" if ":" in host else host
    if port is not None:
        netloc = f"{netloc}:{port}"
    try:
        url = urlunsplit((scheme, netloc, _path(parts.path), _path(parts.query), ""))
    except UnicodeError:
        url = raw
    if _FORBIDDEN.search(url) or not url.isascii():
        raise ValueError("The URL holds a character that no URL may hold (a blank or a quote?).")
    return McpUrl(url, tuple(notes))


def _no_mcp_url(scheme: str) -> str:
    return (
        f"{scheme} is no MCP URL: this program speaks http and https only"
        " (a stdio server takes its credentials from the environment)."
    )


def _bare_host(raw: str) -> str:
    authority = re.split(r"[/?#]", raw, maxsplit=1)[0].rpartition("@")[2]
    if authority.startswith("["):
        return authority.partition("]")[0]
    return authority.partition(":")[0]


def _path(value: str) -> str:
    return quote(value, safe="%/:=&?~#+!$,;'@()*[]-._") if not value.isascii() else value


def endpoint(raw: str) -> str:
    """Check a URL that a server named for our use (A7, Z8) and return it unchanged.

    https, or http on loopback; absolute; no fragment, no user information, none of the characters
    that could be acted on (SPEC 6, CVE-2025-6514). Raises `UrlRefused`.
    """
    if _FORBIDDEN.search(raw) or not raw.isascii():
        raise UrlRefused("scheme", "it holds characters that no URL may hold")
    try:
        parts = split(raw)
    except ValueError as error:
        scheme = raw.partition(":")[0]
        named = f"its scheme is {scheme}:" if ":" in raw and "://" not in raw else str(error)
        raise UrlRefused("scheme", f"it is no absolute https URL: {named}") from None
    if parts.scheme.lower() not in _DEFAULT_PORTS:
        raise UrlRefused("scheme", f"its scheme is {parts.scheme}:, not https:")
    if parts.username is not None or parts.password is not None:
        raise UrlRefused("scheme", "it carries a user name or password")
    if parts.scheme.lower() == "http" and not is_loopback(parts.hostname or ""):
        raise UrlRefused("http", "it is http, and its host is not this machine")
    if parts.fragment or raw.endswith("#"):
        raise UrlRefused("fragment", "it has a fragment")
    return raw


def safe_url(raw: str) -> str:
    """Return a URL fit for a link or a browser, serialised anew; raises `UrlRefused` (Z8)."""
    parts = split(endpoint(raw))
    parsed = (parts.scheme.lower(), _netloc(parts), parts.path or "/", parts.query, "")
    # `%action` is a directive of some browser launchers (CVE-2026-4786): a lone % is escaped.
    text = re.sub(r"%(?![0-9A-Fa-f]{2})", "%25", urlunsplit(parsed))
    return re.sub(r"%[0-9a-f]{2}", lambda found: found.group(0).upper(), text, flags=re.I)


def well_known(url: str, suffix: str, *, with_query: bool = False) -> str:
    """Insert ``/.well-known/{suffix}`` between host and path (RFC 8414 §3.1, RFC 9728 §3.1).

    One terminating slash of the path goes (A4, P2); port, case and the rest stay as given.
    """
    parts = split(url)
    path = parts.path.removesuffix("/")
    query = f"?{parts.query}" if with_query and parts.query else ""
    return f"{origin_text(url)}/.well-known/{suffix}{path}{query}"
