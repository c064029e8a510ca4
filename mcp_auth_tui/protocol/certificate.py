"""Knows what a client's certificate means to OAuth (RFC 8705); asks nobody, and knows no TLS."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from mcp_auth_tui.model import Field
from mcp_auth_tui.model.oauth import CertificateFacts
from mcp_auth_tui.protocol.config import Config

BY_AUTHORITY, BY_ITSELF = "tls_client_auth", "self_signed_tls_client_auth"
METHODS = (BY_AUTHORITY, BY_ITSELF)
BOUND = "tls_client_certificate_bound_access_tokens"
_ALIASES = "mtls_endpoint_aliases"


def method_for(certificate: CertificateFacts | None, listed: tuple[str, ...] | None) -> str | None:
    """Return the way of authentication by certificate that a server lists, the fitting one first.

    None without a certificate, or where neither way is listed (RFC 8705 §2).
    """
    if certificate is None:
        return None
    order = (BY_ITSELF, BY_AUTHORITY) if certificate.self_issued else METHODS
    return next((name for name in order if name in (listed or ())), None)


def registration_fields(
    certificate: CertificateFacts | None, method: str, *, bound: bool
) -> tuple[Field, ...]:
    """Return what a registration says of the certificate; ``bound``: tokens are bound to it."""
    if certificate is None:
        return ()
    fields = []
    if method == BY_AUTHORITY:
        subject = json.dumps(certificate.subject)
        reason = "what the certificate is known by"
        fields.append(Field("tls_client_auth_subject_dn", subject, reason, "RFC 8705 §2.1.2"))
    if method == BY_ITSELF:
        keys = json.dumps({"keys": [dict(certificate.jwk)]})
        fields.append(Field("jwks", keys, "holds the certificate", "RFC 8705 §2.2.2"))
    if bound:
        reason = "the server binds tokens to certificates"
        fields.append(Field(BOUND, "true", reason, "RFC 8705 §3.4"))
    return tuple(fields)


def aliases(config: Config, document: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the endpoints that a client with a certificate uses in the place of others (§5).

    Empty without a certificate. A person's browser shows none of ours, so its endpoint stays.
    """
    named = document.get(_ALIASES)
    if config.certificate is None or not isinstance(named, Mapping):
        return {}
    return {
        name: url
        for name, url in named.items()
        if name.endswith("_endpoint") and name != "authorization_endpoint"
    }


def alias_pointer(name: str) -> str:
    """Return where in the metadata an alias stands."""
    return f"/{_ALIASES}/{name}"


def thumbprint_in(claims: Mapping[str, Any] | None) -> str | None:
    """Return the thumbprint of the certificate that a token is bound to (RFC 8705 §3.1)."""
    confirmation = (claims or {}).get("cnf")
    value = confirmation.get("x5t#S256") if isinstance(confirmation, Mapping) else None
    return value if isinstance(value, str) else None
