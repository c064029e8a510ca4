"""Knows how tokens and clients are written as entries of the store; must not know where it is.

An entry's secrets stand apart from the rest, so that they can be sealed and a list needs no key.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from mcp_auth_tui.model import Secret
from mcp_auth_tui.model.oauth import AuthorizationServer, Client, Token
from mcp_auth_tui.records import dataclass

Entry = dict[str, Any]
Secrets = dict[str, str]

MOST_URLS = 10
"""MCP URLs of one resource that are remembered with its token; the oldest goes first."""
# What a refresh, a revocation and a look at a token need of the server's metadata.
_SERVER_MEMBERS = (
    "token_endpoint_auth_methods_supported",
    "token_endpoint_auth_signing_alg_values_supported",
    "revocation_endpoint",
    "introspection_endpoint",
)
_CLIENT_MEMBERS = (
    "client_id_issued_at",
    "client_name",
    "client_secret_expires_at",
    "grant_types",
    "redirect_uris",
    "registration_client_uri",
    "scope",
)


@dataclass(frozen=True, slots=True)
class StoredToken:
    """What is known of a stored token without its secrets."""

    id: str
    """Names the entry: made of issuer, client, resource, type and DPoP key (ST2)."""
    urls: tuple[str, ...]
    """The MCP URLs that it was used for, the newest first."""
    server: AuthorizationServer
    client_id: str
    resource: str | None
    type: str
    generation: int
    """Counts the answers of the token endpoint; who replaces one names it (F3)."""
    received: float
    """Seconds since the epoch."""
    expires: float | None
    """Seconds since the epoch; None when the server did not say."""
    scope_asked: str | None
    scope_granted: str | None
    verified: bool
    """Whether the MCP server accepted it."""
    refreshable: bool
    """Whether there is a refresh token."""
    unanswered: float | None
    """When a refresh was sent of which no answer came; None when there is none such."""
    bearer: str
    """Which of its secrets the MCP server is given: ``access``, or ``id_token``."""
    thumbprint: str
    """That of the DPoP key that it is bound to (RFC 7638); empty for none."""
    allowed: tuple[str, ...]
    """The refusals that a person lifted to get it (``--allow``)."""
    where: str
    """``keyring`` or ``file``: where its secrets are."""

    @property
    def issuer(self) -> str:
        """The issuer it belongs to."""
        return self.server.issuer


def token_id(token: Token, thumbprint: str = "") -> str:
    """Return the name of a token's entry (ST2); ``thumbprint`` is that of its DPoP key."""
    key = (token.issuer, token.client_id, token.resource or "", token.type.lower(), thumbprint)
    parts = "\n".join(key)
    return hashlib.sha256(parts.encode("utf-8", "surrogatepass")).hexdigest()[:12]


def client_name(issuer: str, client_id: str) -> str:
    """Return what a client's secrets are sealed for."""
    return f"client\n{issuer}\n{client_id}"


def token_entry(
    urls: tuple[str, ...],
    server: AuthorizationServer,
    token: Token,
    old: Entry | None,
    thumbprint: str = "",
) -> tuple[Entry, Secrets]:
    """Return the entry of a token that was just received, in the place of ``old``, and secrets.

    ``thumbprint`` is that of the DPoP key that it is bound to.
    """
    known = (old or {}).get("urls", ())
    expires = None if token.expires_in is None else token.received + token.expires_in
    entry = {
        "id": token_id(token, thumbprint),
        "thumbprint": thumbprint,
        "urls": list(dict.fromkeys((*urls, *known)))[:MOST_URLS],
        "issuer": token.issuer,
        "client_id": token.client_id,
        "resource": token.resource,
        "type": token.type,
        "generation": int((old or {}).get("generation", 0)) + 1,
        "received": token.received,
        "expires": expires,
        "scope_asked": token.scope_asked,
        "scope_granted": token.scope_granted,
        "verified": token.verified,
        "refreshable": token.refresh is not None,
        "unanswered": None,
        "server": _server_entry(server),
        "bearer": "id_token" if token.by_id_token else "access",
        "allowed": list(token.allowed),
    }
    given = {"access": token.access, "refresh": token.refresh, "id_token": token.id_token}
    return entry, {name: secret.reveal() for name, secret in given.items() if secret is not None}


def stored_token(entry: Mapping[str, Any]) -> StoredToken:
    """Return what an entry says of a token."""
    return StoredToken(
        id=entry["id"],
        urls=tuple(str(url) for url in entry["urls"]),
        server=_server(entry),
        client_id=entry["client_id"],
        resource=entry.get("resource"),
        type=entry["type"],
        generation=int(entry["generation"]),
        received=float(entry["received"]),
        expires=entry.get("expires"),
        scope_asked=entry.get("scope_asked"),
        scope_granted=entry.get("scope_granted"),
        verified=entry.get("verified") is True,
        refreshable=entry.get("refreshable") is True,
        unanswered=entry.get("unanswered"),
        bearer=entry.get("bearer", "access"),
        thumbprint=str(entry.get("thumbprint") or ""),
        allowed=allowed_of(entry),
        where="keyring" if isinstance(entry["secrets"], str) else "file",
    )


def allowed_of(entry: Mapping[str, Any]) -> tuple[str, ...]:
    """Return what an entry says of the refusals that were lifted; an older one says nothing."""
    allowed = entry.get("allowed")
    return tuple(id for id in allowed if isinstance(id, str)) if isinstance(allowed, list) else ()


def token_of(stored: StoredToken, secrets: Secrets) -> Token:
    """Return the token of an entry."""
    refresh, identity = secrets.get("refresh"), secrets.get("id_token")
    expires_in = None if stored.expires is None else stored.expires - stored.received
    return Token(
        access=Secret(secrets["access"]),
        type=stored.type,
        issuer=stored.issuer,
        resource=stored.resource,
        client_id=stored.client_id,
        received=stored.received,
        expires_in=expires_in,
        scope_asked=stored.scope_asked,
        scope_granted=stored.scope_granted,
        refresh=Secret(refresh) if refresh else None,
        id_token=Secret(identity) if identity else None,
        verified=stored.verified,
        by_id_token=stored.bearer == "id_token",
        allowed=stored.allowed,
    )


def client_entry(client: Client) -> tuple[Entry, Secrets]:
    """Return the entry of a client, and its secrets."""
    entry = {
        "issuer": client.issuer,
        "client_id": client.id,
        "how": client.how,
        "redirect_uri": client.redirect_uri,
        "auth_method": client.auth_method,
        "encoded": client.encoded,
        "fixed": client.fixed,
        "document": {
            name: client.document[name] for name in _CLIENT_MEMBERS if name in client.document
        },
    }
    given = {"client_secret": client.secret, "registration_token": client.registration_token}
    return entry, {name: secret.reveal() for name, secret in given.items() if secret is not None}


def client_of(entry: Mapping[str, Any], secrets: Secrets) -> Client:
    """Return the client of an entry."""
    secret, token = secrets.get("client_secret"), secrets.get("registration_token")
    return Client(
        id=entry["client_id"],
        how=entry["how"],
        issuer=entry["issuer"],
        redirect_uri=entry["redirect_uri"],
        auth_method=entry["auth_method"],
        secret=Secret(secret) if secret else None,
        document=entry.get("document") or {},
        registration_token=Secret(token) if token else None,
        encoded=entry.get("encoded") is not False,
        stored=True,
        fixed=entry.get("fixed") is True,
    )


def usable(
    entry: Mapping[str, Any], redirect_uri: str | None, port: int | None, scope: str | None
) -> bool:
    """Return whether a registration serves a run with this redirect URI, port and scope (G9).

    ``redirect_uri`` None stands for one of our own making, empty for none at all (a device).
    """
    document = entry.get("document") or {}
    registered = document.get("scope")
    if scope and isinstance(registered, str) and not set(scope.split()) <= set(registered.split()):
        return False
    own = str(entry.get("redirect_uri", ""))
    if redirect_uri is not None:
        return own == redirect_uri
    try:
        parts = urlsplit(own)
        return parts.scheme == "http" and port in (None, parts.port)
    except ValueError:
        return False


def _server_entry(server: AuthorizationServer) -> Entry:
    return {
        "url": server.url,
        "authorization_endpoint": server.authorization_endpoint,
        "token_endpoint": server.token_endpoint,
        "registration_endpoint": server.registration_endpoint,
        "by_hand": server.by_hand,
        "document": {
            name: server.document[name] for name in _SERVER_MEMBERS if name in server.document
        },
    }


def _server(entry: Mapping[str, Any]) -> AuthorizationServer:
    server = entry.get("server") or {}
    return AuthorizationServer(
        issuer=entry["issuer"],
        url=server.get("url"),
        authorization_endpoint=server.get("authorization_endpoint", ""),
        token_endpoint=server.get("token_endpoint", ""),
        registration_endpoint=server.get("registration_endpoint"),
        document=server.get("document") or {},
        by_hand=server.get("by_hand") is True,
    )
