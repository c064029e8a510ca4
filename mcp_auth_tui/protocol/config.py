"""Knows what a person asked of a run; must not know where it was typed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Any

from mcp_auth_tui.model import Secret
from mcp_auth_tui.model.oauth import CertificateFacts
from mcp_auth_tui.records import dataclass

REVISIONS = ("2025-03-26", "2025-06-18", "2025-11-25", "2026-07-28")
STATELESS = "2026-07-28"
WAIT = 600.0
"""Seconds that a person has to come back, where nothing else was asked for."""
ENDPOINTS = ("authorization_endpoint", "token_endpoint", "registration_endpoint")
"""What a person may give by hand in the place of metadata."""
NEWEST_INITIALIZE = "2025-11-25"
GRANTS = (
    "auto",
    "authorization_code",
    "client_credentials",
    "jwt-bearer",
    "id-jag",
    "device_code",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """The settings of one run (DESIGN 3)."""

    url: str
    """The MCP URL, already checked and completed by `protocol.urls.mcp_url`."""
    spec: str = "auto"
    """``auto`` or one of `REVISIONS`."""
    client_id: str | None = None
    client_secret: Secret | None = None
    client_metadata_url: str | None = None
    client_name: str | None = None
    """What a registration calls this client; None: the program's own name."""
    registration_token: Secret | None = None
    """An initial access token for the registration endpoint (RFC 7591 §3)."""
    recall_clients: bool = False
    """Clients that earlier runs registered are looked for (G9)."""
    keep_tokens: bool = False
    """Tokens are kept for later, so that a refresh token is wanted."""
    register: bool = False
    """Register dynamically even when another way is open."""
    auth_method: str | None = None
    """A token endpoint authentication method to use instead of the chosen one (K2)."""
    scope: str | None = None
    resource: str | None = None
    send_resource: bool = True
    params: tuple[tuple[str, str], ...] = ()
    """Extra parameters of the authorization request."""
    headers: tuple[tuple[str, Secret], ...] = ()
    """Header fields that every request to the MCP server carries, and no other request."""
    redirect_uri: str | None = None
    port: int | None = None
    issuer: str | None = None
    """An issuer chosen by hand (A10); it also chooses among several (P6)."""
    allow: frozenset[str] = frozenset()
    """Finding ids whose refusal was lifted by hand."""
    strict: bool = False
    """Stop at any error."""
    force: bool = False
    """Run the flow though the server did not ask for authorization."""
    call: str | None = None
    """A tool to call after verifying."""
    call_args: Mapping[str, Any] = field(default_factory=dict)
    grant: str = "auto"
    """One of `GRANTS`; ``auto``: what was given and what the server lists decide."""
    client_key: bool = False
    """A private key of the client was given (private_key_jwt, K4)."""
    certificate: CertificateFacts | None = None
    """The client's certificate, which every server is shown that asks for one (RFC 8705)."""
    certificate_locked: str = ""
    """Why its key has to be unlocked first, as a sentence; empty: it can be used."""
    authorization_endpoint: str | None = None
    """An endpoint that was given by hand: it goes before what the metadata says."""
    token_endpoint: str | None = None
    registration_endpoint: str | None = None
    id_token: bool = False
    """The ID token, not the access token, is what the MCP server is given."""
    assertion: Secret | None = None
    """A workload's JWT (WI1)."""
    subject_token: Secret | None = None
    """The ID token or SAML assertion of the person at the identity provider (EM1)."""
    subject_token_type: str = "urn:ietf:params:oauth:token-type:id_token"
    idp_issuer: str | None = None
    idp_token_endpoint: str | None = None
    idp_client_id: str | None = None
    idp_client_secret: Secret | None = None
    browserless: bool = False
    """No browser can be opened here: device authorization is preferred where it is offered (X1)."""
    nobody: str = ""
    """Why nobody can come to sign in, when that is certain before the run: nothing is registered
    for a sign-in that will not be. Empty: somebody may come."""
    check_signatures: bool = False
    """Check the signatures of what was issued with the issuer's keys, which are fetched."""
    refresh: bool = False
    """Refresh the token once after verifying, and verify again (F2)."""
    dpop: str = "auto"
    """``auto``, ``on`` or ``off`` (RFC 9449)."""
    follow: bool = False
    """Request the authorization URL over HTTP and read the redirect (``--browser follow``)."""
    insecure: bool = False
    """TLS certificates are not checked: the run says so."""
    wait: float = WAIT
    """Seconds a person has to come back from the browser."""
    version: str = "0"
    """This program's version, for ``clientInfo`` and ``software_version``."""

    @property
    def allow_private(self) -> bool:
        """Whether addresses of a private network may be asked that no person typed (SE3)."""
        return "as-endpoint-private" in self.allow

    @property
    def opening_revision(self) -> str:
        """The revision a run starts to speak: what was chosen, else the newest (T3)."""
        return STATELESS if self.spec == "auto" else self.spec
