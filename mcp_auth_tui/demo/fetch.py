"""Knows how to fetch a client's metadata document over https; must not know what it means.

Blocking, standard library only: the caller runs it in a thread.
"""

import http.client
import ipaddress
import socket
import ssl
from urllib.parse import urlsplit

from mcp_auth_tui.demo.clients import MAX_DOCUMENT, unusable

_SECONDS = 5.0


def fetch_document(url: str, ca_file: str | None) -> bytes:
    """Return the document's bytes: 200 with JSON, no redirect, at most 5 KB (CIMD draft section 6).

    `ca_file` is a PEM file trusted instead of the system's store.
    Raises OAuthError with `invalid_client` for whatever else comes back.
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    target = parts.path + (f"?{parts.query}" if parts.query else "")
    context = ssl.create_default_context(cafile=ca_file)
    try:
        address = _checked_address(host, parts.port or 443)
        with (
            socket.create_connection(address, timeout=_SECONDS) as plain,
            context.wrap_socket(plain, server_hostname=host) as secure,
        ):
            connection = http.client.HTTPSConnection(host, parts.port or 443, timeout=_SECONDS)
            connection.sock = secure
            connection.request(
                "GET", target, headers={"Accept": "application/json", "Connection": "close"}
            )
            return _judged(connection.getresponse())
    except ssl.SSLError as error:
        raise unusable(f"TLS failed ({error.reason or 'handshake'})") from None
    except (OSError, http.client.HTTPException) as error:
        raise unusable(f"it could not be fetched ({type(error).__name__})") from None


def _judged(response: http.client.HTTPResponse) -> bytes:
    if response.status != 200:
        raise unusable(f"the answer was {response.status}, not 200")
    kind = (response.getheader("Content-Type") or "").split(";")[0].strip().lower()
    if kind != "application/json" and not kind.endswith("+json"):
        raise unusable("it is not served as JSON")
    data = response.read(MAX_DOCUMENT + 1)
    if len(data) > MAX_DOCUMENT:
        raise unusable("it is longer than 5 KB")
    return data


def _checked_address(host: str, port: int) -> tuple[str, int]:
    # Connecting to the very address that was judged leaves no second look-up to lie in (SSRF).
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][4]
    address = ipaddress.ip_address(str(found[0]).partition("%")[0])
    if not (address.is_global or address.is_loopback):
        raise unusable("its host is on a private network")
    return str(found[0]), port
