"""Knows the values that stages hand to one another; must not know how they are obtained."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Any

from mcp_auth_tui.model.http import Field, Secret
from mcp_auth_tui.records import dataclass


@dataclass(frozen=True, slots=True)
class Challenge:
    """One challenge of a ``WWW-Authenticate`` field (RFC 9110 §11.6.1)."""

    scheme: str
    """As received; compare in lower case."""
    token68: str | None = None
    params: tuple[tuple[str, str], ...] = ()
    """Names in lower case, values unquoted, repeated ones kept in order."""

    def get(self, name: str) -> str | None:
        """Return the first value of a parameter, or None."""
        return next((value for key, value in self.params if key == name), None)

    def all(self, name: str) -> tuple[str, ...]:
        """Return every value of a parameter in order."""
        return tuple(value for key, value in self.params if key == name)


@dataclass(frozen=True, slots=True)
class Contact:
    """What the first contact with the MCP endpoint showed."""

    status: int
    """The status of the request that decided: 401, 403, or 200 when all was open."""
    challenges: tuple[Challenge, ...] = ()
    era: str | None = None
    """``stateless``, ``initialize`` or ``sse`` once known (T3), else None."""
    revision: str = ""
    """The revision negotiated, empty when not known yet."""
    refused: str = ""
    """The JSON-RPC method that was refused."""
    exchange: int | None = None
    """The number of the exchange that showed it; None when it is of an earlier run."""
    url: str = ""
    """The MCP URL, if it is not the one that was given: the server redirected to it."""
    wants: str = ""
    """The refusal in its own words, where they ask for a key or a bearer token."""
    page: bool = False
    """Whether the refusal is a web page, as that of a login for people."""

    def param(self, name: str) -> str | None:
        """Return a parameter of the first challenge that carries it, whatever its scheme (C3)."""
        return next((v for c in self.challenges if (v := c.get(name)) is not None), None)

    def params(self, name: str) -> tuple[str, ...]:
        """Return every value of a parameter over all challenges, in order (C6)."""
        return tuple(dict.fromkeys(v for c in self.challenges for v in c.all(name)))


@dataclass(frozen=True, slots=True)
class Resource:
    """The protected resource: its metadata (RFC 9728), or none in the legacy path (L1)."""

    identifier: str
    """The ``resource`` verbatim, else the MCP URL (Z3)."""
    url: str | None
    """Where the document was found."""
    document: Mapping[str, Any] = field(default_factory=dict)
    issuers: tuple[str, ...] = ()
    scopes: tuple[str, ...] = ()
    exchange: int | None = None
    """The number of the exchange that brought it; None when it is of an earlier run."""

    @property
    def legacy(self) -> bool:
        """True when there is no metadata and the path of 2025-03-26 is taken."""
        return self.url is None


@dataclass(frozen=True, slots=True)
class MisplacedDocument:
    """A metadata document at a place where clients do not look, where there is none else."""

    place: str
    issuer: str
    """The issuer that it names, or that the resource metadata names."""
    reachable: bool
    """Whether the metadata of that issuer stands where clients of it look."""
    endpoints: tuple[tuple[str, str], ...] = ()
    """Names and URLs of the endpoints that it gives, where they are all that a sign-in needs."""


@dataclass(frozen=True, slots=True)
class AuthorizationServer:
    """An authorization server's metadata, validated (RFC 8414, OIDC Discovery)."""

    issuer: str
    url: str | None
    """Where the document was found; None for the default paths of 2025-03-26 (L2)."""
    authorization_endpoint: str = ""
    token_endpoint: str = ""
    registration_endpoint: str | None = None
    document: Mapping[str, Any] = field(default_factory=dict)
    misplaced: MisplacedDocument | None = None
    """What was found elsewhere, where the endpoints are guessed."""
    by_hand: bool = False
    """There is no metadata: a person gave the endpoints."""

    @property
    def guessed(self) -> bool:
        """Whether the endpoints are the default paths of 2025-03-26 (L2)."""
        return self.url is None and not self.by_hand and bool(self.authorization_endpoint)

    def list(self, name: str) -> tuple[str, ...] | None:
        """Return a member that is a list of strings, or None when it is anything else."""
        value = self.document.get(name)
        if not isinstance(value, list):
            return None
        return tuple(item for item in value if isinstance(item, str))

    def flag(self, name: str) -> bool:
        """Return whether a boolean member is present and true."""
        return self.document.get(name) is True


@dataclass(frozen=True, slots=True)
class Client:
    """A client of one issuer (G7)."""

    id: str
    how: str
    """``pre-registered``, ``metadata document`` or ``dynamic``."""
    issuer: str
    redirect_uri: str
    auth_method: str
    secret: Secret | None = None
    document: Mapping[str, Any] = field(default_factory=dict)
    """The registration answer with its secrets removed."""
    registration_token: Secret | None = None
    encoded: bool = True
    """Whether id and secret are form-encoded for Basic; a server may refuse that and take them as
    they are."""
    stored: bool = False
    """It was registered in an earlier run."""
    fixed: bool = False
    """A person chose its redirect URI: it is the one that the server knows."""


@dataclass(frozen=True, slots=True)
class CertificateFacts:
    """What a server sees of this client's certificate (RFC 8705)."""

    thumbprint: str
    """SHA-256 of its DER form, base64url: ``x5t#S256``."""
    subject: str
    """Its subject as RFC 4514 writes it."""
    self_issued: bool
    """Whether subject and issuer are one: no authority stands behind it."""
    jwk: Mapping[str, Any] = field(default_factory=dict)
    """Its public key as JWK, with the certificate as ``x5c``."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One authorization request: all that the callback is judged by (Z6)."""

    number: int
    url: str
    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    client_id: str
    redirect_uri: str
    state: Secret
    verifier: Secret
    scope: str | None
    resource: str | None
    iss_promised: bool
    fields: tuple[Field, ...] = ()
    """The parameters, each with reason and source."""
    made: float = 0.0
    """Seconds since the epoch."""


@dataclass(frozen=True, slots=True)
class AuthorizationCode:
    """An accepted callback: the code that may now be exchanged once."""

    attempt: Attempt
    code: Secret


@dataclass(frozen=True, slots=True)
class Token:
    """A token response that passed K5."""

    access: Secret
    type: str
    issuer: str
    resource: str | None
    client_id: str
    received: float
    """Seconds since the epoch."""
    expires_in: float | None = None
    scope_asked: str | None = None
    scope_granted: str | None = None
    refresh: Secret | None = None
    id_token: Secret | None = None
    claims: Mapping[str, Any] | None = None
    """Claims of a JWT access token, read but NOT verified; None when it is opaque."""
    jose: Mapping[str, Any] | None = None
    """Its JOSE header, likewise."""
    verified: bool = False
    """True once the MCP server accepted it."""
    by_id_token: bool = False
    """The ID token is what the MCP server is given, because a person asked for it."""
    allowed: tuple[str, ...] = ()
    """The refusals that a person lifted to get it (``--allow``): so they are for its refresh."""

    @property
    def bearer(self) -> Secret:
        """What the MCP server is given: the access token, unless a person chose the ID token."""
        return self.id_token if self.by_id_token and self.id_token else self.access


@dataclass(frozen=True, slots=True)
class StoredHeader:
    """A header that an earlier run obtained, without the secret, which nobody has opened yet."""

    id: str
    """The name of its entry in the token store."""
    issuer: str
    client_id: str
    scope_granted: str | None
    expires: float | None
    """Seconds since the epoch; None when the server did not say."""
    verified: bool
    """Whether the MCP server has accepted it."""


@dataclass(frozen=True, slots=True)
class Peer:
    """What the MCP server told about itself when asked with the token (or without, if open)."""

    era: str
    revision: str
    name: str = ""
    version: str = ""
    tools: tuple[str, ...] | None = None
    """Names of tools; None when the server offers none or did not say."""
    instructions: str = ""
    called: str = ""
    """The answer of ``--call`` as JSON text; empty when no tool was called."""


@dataclass(frozen=True, slots=True)
class DeviceCode:
    """A device authorization that waits for the person (RFC 8628 §3.2)."""

    user_code: str
    verification_uri: str
    complete: str | None
    """The address that carries the user code already."""
    until: float
    """Seconds since the epoch."""
    device_code: Secret


@dataclass(frozen=True, slots=True)
class Known:
    """What is known before a run, from an earlier one or from a store: it may begin later then."""

    contact: Contact | None = None
    resource: Resource | None = None
    server: AuthorizationServer | None = None
    client: Client | None = None
    token: Token | None = None
