"""Knows what a person can do who only uses a server that breaks a rule; must not know the rules."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from mcp_auth_tui.model import Level, Whose

REPORT = "Send its operator the report (--export report; e on the screen)."
_BRING = "Make a client in the server's console and give it with --client-id."
_ISSUER = "If you know its authorization server, name it with --issuer."

MEANWHILE: Mapping[str, str] = MappingProxyType(
    {
        "rs-endpoint-http": "Try the same URL with https.",
        "rs-not-mcp": "",
        "rs-stepup-limit": "Ask the operator which rights your account lacks.",
        "rs-fresh-token-refused": f"Run again once: it may pass. {REPORT}",
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
            "Some servers take one spelling only: try --redirect-uri "
            f"http://localhost:PORT/callback or a fixed --port. Else: {_BRING}"
        ),
        "authz-error": REPORT,
        "authz-iss-absent": f"Start over once. {REPORT}",
        "authz-iss-differs": f"Start over once. {REPORT}",
        "authz-resource-refused": "See with --no-resource whether it works without.",
        "authz-timeout": "",
        "token-error": f"Sign in again (R on the screen, or a new run). {REPORT}",
        "token-refresh-refused": "Sign in again (a new run).",
    }
)
"""Sentences for rules where more can be done than to report, or where `next` is for a user too."""


def meanwhile(id: str, level: Level, whose: Whose) -> str:
    """Return what can be done until a finding is mended; empty where it stops nobody."""
    if level.rank > Level.ERROR.rank or whose not in (Whose.SERVER, Whose.ISSUER):
        return ""
    return MEANWHILE.get(id, REPORT)
