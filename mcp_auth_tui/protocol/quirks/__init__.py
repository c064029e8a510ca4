"""Knows which findings may be a known provider's way; must not load the table before one is told.

What is known is in `advice`. It changes nothing in a run: it is told beside a finding.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mcp_auth_tui.model import Finding, Level, Session

if TYPE_CHECKING:
    from mcp_auth_tui.protocol.quirks.advice import KnownWay

FINDINGS = frozenset(
    {
        *("as-issuer-mismatch", "as-issuer-slash", "as-no-registration", "as-pkce-absent"),
        *("as-pkce-plain",),
        *("authz-client-refused", "authz-denied", "authz-error", "authz-iss-differs"),
        *("authz-page", "authz-resource-refused", "authz-timeout"),
        *("dcr-error-shape", "dcr-loopback-refused", "dcr-needs-token", "dcr-refused"),
        *("dcr-scope-refused",),
        *("jwt-aud", "jwt-claims", "jwt-iss"),
        *("rs-403-no-challenge", "rs-fresh-token-refused", "rs-stepup-limit"),
        *("token-error", "token-no-refresh", "token-refresh-refused", "token-scope-commas"),
        *("token-scope-differs", "token-scope-narrow", "token-scope-wide", "token-status"),
        *("token-syntax",),
    }
)
"""Every finding that the table speaks of."""


def known_way(session: Session, finding: Finding) -> KnownWay | None:
    """Return what a finding means at the provider of a run; None where nothing is known."""
    if finding.level is Level.OK or finding.id not in FINDINGS:
        return None
    from mcp_auth_tui.protocol.quirks.advice import advise

    return advise(session, finding)
