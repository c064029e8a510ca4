"""Knows what a person can do who only uses a server that breaks a rule; must not know the rules."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from mcp_auth_tui.model import Level, Whose

REPORT = "If it is not yours: send its operator the report (--export report, or e on the screen)."
_BRING = "Make a client in the server's console and give it with --client-id."
_ISSUER = "If you know its authorization server, name it with --issuer."

MEANWHILE: Mapping[str, str] = MappingProxyType(
    {
        "rs-endpoint-http": "Try the same URL with https.",
        "rs-not-mcp": "",
        "rs-stepup-limit": "Ask the operator which rights your account lacks.",
        "rs-fresh-token-refused": f"Run again once, for a token may have been unlucky. {REPORT}",
        "prm-missing": f"{_ISSUER} {REPORT}",
        "prm-no-as": f"{_ISSUER} {REPORT}",
        "prm-resource-foreign": (
            "If the address that was seen is the server you meant, run again with that one. "
            f"{REPORT}"
        ),
        "as-no-registration": _BRING,
        "dcr-refused": f"{_BRING} {REPORT}",
        "dcr-needs-token": _BRING,
        "dcr-no-client-id": _BRING,
        "dcr-loopback-refused": (
            "Try --redirect-uri http://localhost:PORT/callback or a fixed --port; else make a "
            "client in the server's console and give it with --client-id."
        ),
        "authz-error": REPORT,
        "authz-resource-refused": "See with --no-resource whether it works without.",
        "authz-timeout": "",
        "token-error": "Sign in again (R in panel 3, or a new run): a code works once, and soon.",
        "token-refresh-refused": "Sign in again (a new run).",
    }
)
"""Sentences for rules where more can be done than to report, or where `next` is for a user too."""


def meanwhile(id: str, level: Level, whose: Whose) -> str:
    """Return what can be done until a finding is mended; empty where it stops nobody."""
    if level.rank > Level.ERROR.rank or whose not in (Whose.SERVER, Whose.ISSUER):
        return ""
    return MEANWHILE.get(id, REPORT)
