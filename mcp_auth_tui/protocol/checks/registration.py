"""Knows the rules for a registration's answer and for our own client document (dcr-*, cimd-own-*).

It must not decide what follows; what a run must not go on without is judged in `registration`.
"""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import ip_address
from typing import Any

from mcp_auth_tui.model import Exchange, Response
from mcp_auth_tui.model.oauth import AuthorizationServer
from mcp_auth_tui.protocol.checks.check import Check, Checks, as_seen, pointer, strings
from mcp_auth_tui.protocol.strict_json import loads
from mcp_auth_tui.protocol.urls import split

# What a server that knows RFC 7591 registers in any case; others it may not know and then ignores.
_CORE = ("redirect_uris", "grant_types", "response_types", "token_endpoint_auth_method")
_SECRET_METHODS = ("client_secret_basic", "client_secret_post", "client_secret_jwt")
# RFC 6749 §2.3.1, RFC 7591 §2: the methods that this program can judge by the secret.
_JUDGED = ("client_secret_basic", "client_secret_post", "none")
_LARGEST = 5 * 1024
_METHOD = "token_endpoint_auth_method"


def answer(
    document: Mapping[str, Any],
    sent: Mapping[str, Any],
    server: AuthorizationServer,
    exchange: Exchange,
) -> Checks:
    """Look at the members of a successful registration (RFC 7591 §3.2.1, RFC 7592 §3)."""
    yield from _secret(document, sent, server, exchange)
    empty = [name for name, value in document.items() if value is None or value == ""]
    yield Check("dcr-null", bool(empty), ", ".join(empty), pointer(empty))
    lacking = [name for name in _CORE if name in sent and name not in document]
    seen = f"not returned: {', '.join(lacking)}" if lacking else ""
    yield Check("dcr-echo", bool(lacking), seen, pointer(lacking))
    # A client of device authorization asks for none, and an empty list says the same.
    wished = sent.get("redirect_uris", [])
    uris = document.get("redirect_uris", wished)
    yield Check("dcr-redirects-changed", uris != wished, as_seen(uris), "/redirect_uris")
    yield from _method(document, sent, server)
    yield from _management(document)
    id = str(document.get("client_id"))
    if server.flag("client_id_metadata_document_supported"):
        yield Check("dcr-id-like-url", id.startswith("https://"), id, "/client_id")


def method_of(
    document: Mapping[str, Any], sent: Mapping[str, Any], server: AuthorizationServer
) -> str:
    """Return the authentication method that was registered (G5, RFC 7591 §2).

    Where the answer is silent, the one that was asked for stays if the server lists it: a server
    that does not return what it registered means no other by that.
    """
    named, asked = document.get(_METHOD), sent.get(_METHOD)
    if isinstance(named, str) and named:
        return named
    if isinstance(asked, str) and asked in (server.list(f"{_METHOD}s_supported") or ()):
        return asked
    return "client_secret_basic" if document.get("client_secret") else "none"


def _secret(
    document: Mapping[str, Any],
    sent: Mapping[str, Any],
    server: AuthorizationServer,
    exchange: Exchange,
) -> Checks:
    secret, until = document.get("client_secret"), document.get("client_secret_expires_at")
    held = isinstance(secret, str) and bool(secret)
    if held:
        number = isinstance(until, int) and not isinstance(until, bool)
        past = number and 0 < int(until or 0) <= exchange.started
        seen = "it has passed" if past else as_seen(until)
        named = "/client_secret_expires_at"
        yield Check("dcr-secret-expiry", not number or past, seen, named)
    method = method_of(document, sent, server)
    if method in _JUDGED:
        seen = f"{method} with {'a' if held else 'no'} secret"
        wrong = held == (method == "none")
        yield Check("dcr-secret-mismatch", wrong, seen, "/token_endpoint_auth_method")


def _method(
    document: Mapping[str, Any], sent: Mapping[str, Any], server: AuthorizationServer
) -> Checks:
    listed = server.list(f"{_METHOD}s_supported")
    method = method_of(document, sent, server)
    default = "client_secret_basic"  # RFC 7591 §2: what an omitted method means
    if not document.get(_METHOD) and method != default:
        seen = f"no {_METHOD}: {default} by the standard; asked for and used: {method}"
        yield Check("dcr-method-silent", True, seen, f"/{_METHOD}")
    if listed is not None:
        seen = f"{method}; listed: {', '.join(listed)}"
        pointer = "/token_endpoint_auth_method"
        yield Check("dcr-method-unlisted", method not in listed, seen, pointer)


def _management(document: Mapping[str, Any]) -> Checks:
    place, token = (
        document.get("registration_client_uri"),
        document.get("registration_access_token"),
    )
    if place is None and token is None:
        return
    if not place or not token:
        lacking = "registration_access_token" if place else "registration_client_uri"
        yield Check("dcr-mgmt-partial", True, f"{lacking}: absent", f"/{lacking}")
        return
    try:
        split(str(place))
    except ValueError as error:
        yield Check("dcr-mgmt-partial", True, f"{place}: {error}", "/registration_client_uri")
        return
    yield Check("dcr-mgmt-partial", False, str(place), "/registration_client_uri")


def own_document(url: str, response: Response, redirect_uri: str) -> Checks:
    """Look at the person's own client metadata document as an authorization server would (G2)."""
    if 300 <= response.status < 400:
        place = response.header("location") or "nowhere"
        yield Check("cimd-own-redirected", True, f"HTTP {response.status} to {place}", "location")
        return
    yield Check("cimd-own-redirected", False, url)
    if response.status != 200:
        seen = f"HTTP {response.status}: there is no document"
        yield Check("cimd-own-required-members", True, seen)
        return
    kind, size = response.media_type, len(response.body)
    json = kind == "application/json" or (
        kind.startswith("application/") and kind.endswith("+json")
    )
    yield Check("cimd-own-content-type", not json, kind or "no content type", "content-type")
    large = size > _LARGEST or response.truncated
    yield Check("cimd-own-too-large", large, f"{size:,} octets")
    try:
        document = loads(response.text)
    except ValueError as error:
        yield Check("cimd-own-required-members", True, f"not valid JSON: {error}")
        return
    if isinstance(document, dict):
        yield from _own_members(document, url, redirect_uri)
    else:
        yield Check("cimd-own-required-members", True, "JSON, but not an object")


def _own_members(document: Mapping[str, Any], url: str, redirect_uri: str) -> Checks:
    uris = strings(document.get("redirect_uris"))
    texts = ("client_id", "client_name")
    lacking = [
        name for name in texts if not isinstance(document.get(name), str) or not document[name]
    ]
    lacking += [] if uris or not redirect_uri else ["redirect_uris"]
    seen = f"absent or of another type: {', '.join(lacking)}" if lacking else ""
    yield Check("cimd-own-required-members", bool(lacking), seen, pointer(lacking))
    if "client_id" not in lacking:
        id = str(document["client_id"])
        yield Check("cimd-own-id-mismatch", id != url, id, "/client_id", expected=url)
    secrets = [name for name in ("client_secret", "client_secret_expires_at") if name in document]
    yield Check("cimd-own-secret", bool(secrets), ", ".join(secrets), pointer(secrets))
    method = document.get("token_endpoint_auth_method", "none")
    named = "/token_endpoint_auth_method"
    yield Check("cimd-own-symmetric-auth", method in _SECRET_METHODS, str(method), named)
    if uris and redirect_uri:
        listed = any(_fits(redirect_uri, item) for item in uris)
        seen = ", ".join(uris)
        yield Check(
            "cimd-own-redirect-absent", not listed, seen, "/redirect_uris", expected=redirect_uri
        )


def _fits(sent: str, listed: str) -> bool:
    """Compare letter by letter; of a loopback address the port is free (RFC 8252 §7.3)."""
    if sent == listed:
        return True
    try:
        mine, theirs = split(sent), split(listed)
        loopback = ip_address(mine.hostname or "").is_loopback
    except ValueError:
        return False
    free = [(parts.scheme, parts.hostname, parts.path, parts.query) for parts in (mine, theirs)]
    return loopback and mine.scheme == "http" and free[0] == free[1]
