"""Knows how one provider is imitated, as a row of data; must not know a request."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from pathlib import Path
from typing import Any

from mcp_auth_tui.demo.metadata import Document, server_metadata
from mcp_auth_tui.demo.providers import CLIENT, SECRET
from mcp_auth_tui.demo.records import OWN, Access, Entropy, RegisteredClient
from mcp_auth_tui.demo.tokens import Mint
from mcp_auth_tui.records import dataclass

_JWE = "eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIn0"  # {"alg":"dir","enc":"A256GCM"}
_ENDPOINTS = {
    "authorize": "authorization_endpoint",
    "token": "token_endpoint",
    "register": "registration_endpoint",
    "revoke": "revocation_endpoint",
    "introspect": "introspection_endpoint",
    "jwks": "jwks_uri",
}
"""What serves a path, and the member of the metadata that names it."""
_OURS = (
    *("revocation_endpoint_auth_methods_supported", "protected_resources"),
    *("introspection_endpoint_auth_methods_supported", "client_id_metadata_document_supported"),
)
"""Members of the practice server's own metadata that hardly any provider has."""
_OPENID = {
    "subject_types_supported": ["public"],
    "id_token_signing_alg_values_supported": ["RS256"],
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Imitation:
    """One row of `imitations.toml`."""

    paths: Mapping[str, str]
    """The paths of authorize, token, register, revoke, introspect and jwks."""
    issuer: str = ""
    """The path of the issuer."""
    named: str | None = None
    """The path of the issuer as the resource metadata names it, where that is another."""
    place: str = "oauth"
    """Which document there is: ``oauth`` (RFC 8414) or ``openid`` (the place of OpenID)."""
    iss: bool = False
    """Whether answers name the issuer, and the metadata promises it (RFC 9207)."""
    registration: str | Mapping[str, Any] = "none"
    """``none``, ``open``, or the answer that refuses: ``status`` with ``json`` or ``text``."""
    unknown: Mapping[str, Any] = field(default_factory=dict)
    """The answer to an unknown client at the authorization endpoint: ``status`` with ``json`` or
    ``text``; empty: a page of the practice server."""
    secret: str = ""
    """How the client that was made in its console proves itself; empty: it has no secret."""
    audience: str = "fixed"
    """What says what a token is for: ``fixed`` (the one MCP server, whatever is asked for),
    ``audience`` or ``scope`` (before ``/.default``)."""
    resource: str = ""
    """The words with which a resource parameter is refused; empty: it is passed over."""
    no_scope: str = ""
    """The words with which a request without a scope is refused; empty: it is taken."""
    scopes: tuple[str, ...] = ()
    """The scopes that may be asked for; empty: all may."""
    offline: str = ""
    """The parameter of the authorization request, as ``name=value``, without which no refresh token
    comes; empty: one always comes."""
    token: str = ""
    """What an opaque token begins with; ``jwe``: of five parts where it is for the provider itself.
    Where there is a path of keys, tokens are JWTs."""
    claims: Mapping[str, Any] = field(default_factory=dict)
    dropped: tuple[str, ...] = ()
    """Claims of a JWT in the place of, and without, those of RFC 9068."""
    members: Mapping[str, Any] = field(default_factory=dict)
    without: tuple[str, ...] = ()
    """Members of the metadata, and those that it lacks."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Fields of every answer."""
    errors: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """What takes the place of an error of the token endpoint, by its code."""

    def issuer_at(self, origin: str) -> str:
        """Return the issuer of a server at an origin."""
        return origin + self.issuer

    def named_at(self, origin: str) -> str:
        """Return the issuer as the resource metadata names it."""
        return origin + (self.issuer if self.named is None else self.named)

    @property
    def places(self) -> frozenset[str]:
        """The paths at which the metadata stands."""
        found = set()
        for path in (self.issuer, self.issuer if self.named is None else self.named):
            bare = path.removesuffix("/")
            if self.place == "openid":
                found.add(f"{bare}/.well-known/openid-configuration")
            else:
                found.add(f"/.well-known/oauth-authorization-server{bare}")
        return frozenset(found)

    def document(self, origin: str) -> Document:
        """Return the metadata (RFC 8414 section 2) as the provider has it."""
        issuer = self.issuer_at(origin)
        document = server_metadata(issuer, (), frozenset())
        for name in (*_OURS, *_ENDPOINTS.values(), *self.without):
            document.pop(name, None)
        if not self.iss:
            del document["authorization_response_iss_parameter_supported"]
        if self.place == "openid":
            document |= _OPENID
        document |= {_ENDPOINTS[name]: origin + path for name, path in self.paths.items()}
        document |= {
            name: value.format(origin=origin) if isinstance(value, str) else value
            for name, value in self.members.items()
        }
        return document

    @property
    def client(self) -> RegisteredClient:
        """The client that somebody made in the provider's console."""
        return RegisteredClient(
            CLIENT,
            "made by hand",
            ("http://127.0.0.1/callback", "http://localhost/callback", "http://[::1]/callback"),
            self.secret or "none",
            SECRET if self.secret else None,
        )

    def mint(self, entropy: Entropy, signed: Mint | None) -> Mint:
        """Return what makes its access tokens; ``signed`` makes JWTs."""

        def token(access: Access) -> str:
            if self.token == "jwe" and access.grant.resource == OWN:
                parts = (entropy.opaque("access") for _ in range(3))
                return f"{_JWE}..{'.'.join(parts)}"
            return signed(access) if signed else f"{self.token}{entropy.opaque('access')}"

        return token


def imitation(name: str) -> Imitation:
    """Return the row of a provider; raises KeyError for an unknown one."""
    import tomllib

    path = Path(__file__).parent / "imitations.toml"
    row = tomllib.loads(path.read_text(encoding="utf-8"))[name]
    for key in ("scopes", "dropped", "without"):
        row[key] = tuple(row.get(key, ()))
    return Imitation(**row)
