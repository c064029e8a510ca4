"""Knows which proxy a URL goes through; must not know how to speak to one.

The environment is read as curl reads it: ``http_proxy``, ``https_proxy``, ``all_proxy`` and
``no_proxy`` in either case. Loopback goes through a proxy only when one was given by hand.
"""

from __future__ import annotations

import ipaddress
import sys
from collections.abc import Mapping
from dataclasses import field
from urllib.parse import urlsplit

from mcp_auth_tui.net.addresses import ascii_host, class_of
from mcp_auth_tui.records import dataclass
from mcp_auth_tui.text.hosts import address_of, is_own_name
from mcp_auth_tui.text.terminal import one_line

_SCHEMES = ("http", "https", "socks5", "socks5h")


@dataclass(frozen=True, slots=True)
class Proxies:
    """The proxies of a run."""

    given: str | None = None
    """Chosen by hand: it takes every request."""
    by_scheme: Mapping[str, str] = field(default_factory=dict)
    bypass: tuple[str, ...] = ()
    """Entries of ``no_proxy`` in lower case."""

    @classmethod
    def read(
        cls, given: str | None, environ: Mapping[str, str], platform: str = sys.platform
    ) -> Proxies:
        """Take a proxy given by hand, else those of the environment (or of the system)."""
        if given:
            return cls(given=_url(given))
        found = _from_environment(environ)
        if not found and platform in ("darwin", "win32"):
            # Imported only here: it costs 30 ms, and only these systems keep proxies elsewhere.
            from urllib.request import getproxies

            found = dict(getproxies())
        fallback = found.get("all")
        by_scheme = {
            scheme: _url(value)
            for scheme in ("http", "https")
            if (value := found.get(scheme) or fallback)
        }
        entries = (item.strip().lower() for item in found.get("no", "").split(","))
        return cls(by_scheme=by_scheme, bypass=tuple(item for item in entries if item))

    def of(self, url: str) -> str | None:
        """Return the URL of the proxy for a URL, or None when it is asked directly."""
        if self.given:
            return self.given
        parts = urlsplit(url)
        proxy = self.by_scheme.get(parts.scheme)
        host = (parts.hostname or "").lower()
        if proxy is None or is_loopback(host) or self._bypassed(host, parts.port):
            return None
        return proxy

    def _bypassed(self, host: str, port: int | None) -> bool:
        return any(_matches(entry, host, port) for entry in self.bypass)

    @property
    def description(self) -> str:
        """Say which proxies are in use, without their credentials; empty when there are none."""
        if self.given:
            return f"through the proxy {shown(self.given)}"
        names = dict.fromkeys(shown(value) for value in self.by_scheme.values())
        return f"through the proxy {' and '.join(names)} (from the environment)" if names else ""


def shown(proxy: str) -> str:
    """Return a proxy URL without user name and password."""
    parts = urlsplit(proxy)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


def is_loopback(host: str) -> bool:
    """Return whether a host is spelled as one of the machine itself."""
    address = address_of(host)
    if address is not None:
        return class_of(address) == "loopback"
    return is_own_name(host)


def _from_environment(environ: Mapping[str, str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name in ("http", "https", "all", "no"):
        value = environ.get(f"{name}_proxy")
        # In a CGI program HTTP_PROXY is a request header called Proxy ("httpoxy").
        if value is None and not (name == "http" and "REQUEST_METHOD" in environ):
            value = environ.get(f"{name.upper()}_PROXY")
        if value:
            found[name] = value
    return found


def _matches(entry: str, host: str, port: int | None) -> bool:
    if entry == "*":
        return True
    address = address_of(host)
    if address is not None:
        try:
            return address in ipaddress.ip_network(entry.strip("[]"), strict=False)
        except ValueError:
            pass
    name, _, wanted = entry.rpartition(":") if entry.count(":") == 1 else (entry, "", "")
    if wanted and wanted != str(port):
        return False
    name = name.strip("[]").removeprefix("*").removeprefix(".")
    return bool(name) and (host == name or host.endswith(f".{name}"))


def _url(value: str) -> str:
    """Complete and check a proxy URL; ValueError with a sentence when it is none."""
    url = value if "://" in value else f"http://{value}"
    try:
        parts = urlsplit(url)
        host = ascii_host(parts.hostname or "")
        usable = parts.scheme in _SCHEMES and bool(host) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        # Not `shown`: what cannot be taken apart may hold a password in any part.
        scheme, _, rest = url.partition("://")
        told = one_line(f"{scheme}://{rest.rpartition('@')[2]}")
        raise ValueError(
            f"The proxy {told} is not usable: it must be a URL with one of {', '.join(_SCHEMES)}, a"
            " host and perhaps a port."
        )
    return url
