"""Knows how a client proves itself to the practice server (RFC 6749 section 2.3); no endpoint."""

import base64
import binascii
import hmac
from urllib.parse import unquote_plus

from mcp_auth_tui.demo.records import OAuthError, RegisteredClient, Shelf
from mcp_auth_tui.loopback.server import Incoming


def authenticate(
    incoming: Incoming, form: dict[str, str], clients: Shelf[RegisteredClient]
) -> RegisteredClient:
    """Return the client, authenticated as it registered; raises OAuthError ``invalid_client``."""
    basic = _basic(incoming.header("authorization"))
    if basic is not None and "client_secret" in form:
        raise OAuthError("invalid_request", "the client authenticates in two ways at once")
    method = "client_secret_basic" if basic else "none"
    if "client_secret" in form:
        method = "client_secret_post"
    name, secret = basic or (form.get("client_id", ""), form.get("client_secret", ""))
    status = 401 if basic else 400
    client = clients.get(name)
    if client is None or form.get("client_id", name) != name:
        raise OAuthError("invalid_client", "this client is unknown here", status)
    if method != client.auth_method:
        raise OAuthError("invalid_client", f"it registered {client.auth_method}", status)
    if not hmac.compare_digest(secret.encode(), (client.secret or "").encode()):
        raise OAuthError("invalid_client", "the client secret is wrong", status)
    return client


def _basic(value: str | None) -> tuple[str, str] | None:
    if value is None:
        return None
    scheme, _, credentials = value.partition(" ")
    if scheme.lower() != "basic":
        raise OAuthError("invalid_client", "only the scheme Basic is understood", 401)
    try:
        decoded = base64.b64decode(credentials.strip(), validate=True).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError):
        raise OAuthError("invalid_client", "the Basic credentials are unreadable", 401) from None
    name, _, secret = decoded.partition(":")
    return unquote_plus(name), unquote_plus(secret)
