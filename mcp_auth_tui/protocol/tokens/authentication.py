"""Knows how a client proves itself at the token endpoint (K2, K3); sends nothing."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import quote_plus

from mcp_auth_tui.model import Exchange, Field, Secret
from mcp_auth_tui.model.oauth import AuthorizationServer, CertificateFacts, Client
from mcp_auth_tui.protocol import certificate as certificates
from mcp_auth_tui.protocol import error_answer
from mcp_auth_tui.text.patterns import pattern

# The authentication methods that this program can use at the token endpoint, strongest first.
METHODS = ("client_secret_basic", "client_secret_post", "none")
_LISTED = "token_endpoint_auth_methods_supported"
# What an answer says of a client that it did not find in the request, whatever its code.
_LACKS = (
    r"(miss|requir|must|need|expect|provide|specif|empty|blank|absent|null|no |not (present|given|"
    r"found|sent|set))"
)
_CREDENTIAL = r"client[\s_-]?(id|secret|credential)"
_MISSING = pattern(rf"(?i){_LACKS}.*{_CREDENTIAL}|{_CREDENTIAL}.*{_LACKS}")
# A secret that was found, and is not the right one (any more).
_WRONG = pattern(
    r"(?i)\b(invalid|incorrect|wrong|bad|expired)\b[^.]{0,20}\bsecret\b"
    r"|\bsecret\b[^.]{0,80}\b(is|are|was|has) (invalid|incorrect|wrong|expired)\b"
    r"|AADSTS7000(215|222)\b"
)
# Codes that are about something else than the client, even where they come with 401.
_OTHER = (
    "access_denied",
    "authorization_pending",
    "expired_token",
    "invalid_dpop_proof",
    "invalid_grant",
    "invalid_scope",
    "invalid_target",
    "slow_down",
    "unsupported_grant_type",
    "use_dpop_nonce",
)


def method_for(
    server: AuthorizationServer,
    wished: str | None,
    has_secret: bool,
    certificate: CertificateFacts | None = None,
) -> str:
    """Choose the token endpoint authentication method (K2).

    The registered or returned one if the server lists it, else the strongest listed that we can
    do, else (no list) Basic with a secret and none without (RFC 8414 §2). A certificate stands in
    for a secret that was not given (RFC 8705 §2).
    """
    listed = server.list(_LISTED)
    if listed is None:
        return wished or ("client_secret_basic" if has_secret else "none")
    able = [name for name in METHODS if has_secret or name == "none"]
    by_certificate = certificates.method_for(certificate, listed)
    if wished in listed and (wished in able or wished in ("private_key_jwt", by_certificate)):
        return str(wished)
    if by_certificate is not None and not has_secret:
        return by_certificate
    return next((name for name in able if name in listed), wished or able[0])


def authenticate(client: Client) -> tuple[tuple[Field, ...], tuple[Field, ...]]:
    """Return the headers and the form fields of exactly one authentication method (K2, K3)."""
    id = Field("client_id", client.id, "names the client", "RFC 6749 §3.2.1")
    secret = client.secret.reveal() if client.secret else ""
    if client.auth_method == "client_secret_basic" and client.secret:
        # Both parts are form-encoded before they are joined (RFC 6749 §2.3.1).
        parts = (client.id, secret)
        pair = ":".join(quote_plus(part) if client.encoded else part for part in parts)
        value = Secret(f"Basic {b64encode(pair.encode()).decode('ascii')}")
        return (Field("Authorization", value, "client_secret_basic", "RFC 6749 §2.3.1"),), ()
    if client.auth_method == "client_secret_post" and client.secret:
        field = Field("client_secret", client.secret, "client_secret_post", "RFC 6749 §2.3.1")
        return (), (id, field)
    return (), ((id,) if client.id else ())


def refuses_other(answer: Mapping[str, Any] | None) -> bool:
    """Return whether an error is about something else than who sent the request.

    Whatever its status: such an answer comes from a server that knew the client.
    """
    return (answer or {}).get("error") in _OTHER


def refuses_client(exchange: Exchange, answer: Mapping[str, Any] | None) -> bool:
    """Return whether a request was refused over who sent it (RFC 6749 §5.2), in whatever form.

    That is ``invalid_client``, a 401 that is about nothing else, or words that miss the client's id
    or secret.
    """
    words = error_answer.read(exchange)
    error = (answer or {}).get("error")
    code = error if isinstance(error, str) else words.code
    if not 400 <= exchange.status < 500 or words.blocked or code in _OTHER:
        return code == "invalid_client"
    return code == "invalid_client" or exchange.status == 401 or misses_client(words.words)


def misses_client(words: str) -> bool:
    """Return whether a refusal says that it found no client id or secret in the request."""
    return _MISSING.search(words) is not None and _WRONG.search(words) is None


def alternatives(client: Client, server: AuthorizationServer, words: str) -> Iterator[Client]:
    """Yield the client with each other way of authentication that is worth one attempt.

    ``words`` are those of the refusal. Without a secret there is no other way; a server that lists
    no methods promises Basic alone (RFC 8414 §2), and many such read the body.
    """
    if client.secret is None or client.auth_method not in METHODS:
        return
    basic, post, none = METHODS
    raw = (client.id, client.secret.reveal())
    altered = client.encoded and any(quote_plus(part) != part for part in raw)
    if client.auth_method == basic and altered and not misses_client(words):
        yield replace(client, encoded=False)
    listed = server.list(_LISTED)
    order = [post, basic] if "client_secret" in words else [basic, post]
    if client.how == "dynamic":
        order.append(none)
    for method in order:
        if method != client.auth_method and (method in (listed or (basic, post))):
            yield replace(client, auth_method=method)
            return


def way_of(client: Client) -> str:
    """Name the way in which a client proves itself."""
    raw = "" if client.encoded else ", id and secret not form-encoded"
    return f"{client.auth_method}{raw}"
