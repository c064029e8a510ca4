"""Knows how a document that names another issuer is refused, and what may explain it (A5).

It must not fetch: where documents are is known by `server`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from mcp_auth_tui.findings.rule import BY_ENDPOINTS, REPORT
from mcp_auth_tui.model import Exchange, Whose
from mcp_auth_tui.protocol.actions import Protocol
from mcp_auth_tui.protocol.checks.check import as_seen
from mcp_auth_tui.protocol.judge import Judge
from mcp_auth_tui.protocol.urls import UrlRefused, endpoint, same_origin, split


def has_host(value: str) -> bool:
    """Return whether a value can be worked with as an issuer at all, right or wrong."""
    try:
        split(value)
    except ValueError:
        return False
    return True


def as_text(value: Any) -> str:
    """Return an issuer as it was named, or what stands in its place."""
    return value if isinstance(value, str) else as_seen(value)


def mismatched(
    judge: Judge, issuer: str, document: Mapping[str, Any], exchange: Exchange, next: str = ""
) -> Protocol[None]:
    """Refuse a document that names another issuer (A5), with the hint that fits.

    ``next`` is given where no metadata of the resource named the issuer: then the document is the
    MCP server's own.
    """
    value = document.get("issuer")
    if value is None:
        members = ", ".join(map(str, document)) or "none: it is an empty object"
        yield from judge.refuse(
            "as-issuer-missing",
            seen=f"its members: {members}",
            exchange=exchange,
            pointer="/issuer",
        )
        return
    named = as_text(value)
    slash = named.rstrip("/") == issuer.rstrip("/")
    by_hand = judge.config.issuer == issuer
    whose = Whose.CLIENT if by_hand else Whose.SERVER if next else None
    why = f"{'--issuer' if by_hand else 'the MCP server'} named {issuer}"
    if next:
        why = f"where the MCP server names none, it has to be {issuer}"
    yield from judge.refuse(
        "as-issuer-slash" if slash else "as-issuer-mismatch",
        next=f"Run again with --issuer {named}, if that is the one you mean." if by_hand else next,
        seen=named,
        expected=issuer,
        message=f"The metadata names the issuer {named}; {why}.{_hint(issuer, named)}",
        exchange=exchange,
        pointer="/issuer",
        whose=whose,
        meanwhile="" if by_hand else _way_by_issuer(named, slash=slash),
    )


def _way_by_issuer(named: str, *, slash: bool) -> str:
    """Name the option by which a person may take the issuer that a document names."""
    try:
        usable = endpoint(named) and not re.search(r"[?{]|%7B", named, re.IGNORECASE)
    except UrlRefused:
        usable = False
    if not usable:
        return ""
    if slash:
        return f"Name the issuer as the metadata does: --issuer {named}. {REPORT}"
    return (
        f"If you know {named} as the authorization server of this MCP server, name it by hand:"
        f" --issuer {named}. {BY_ENDPOINTS}"
    )


def _hint(issuer: str, named: str) -> str:
    if named.rstrip("/") == issuer.rstrip("/"):
        return " They differ by the slash at the end only."
    if named.partition("://")[2] == issuer.partition("://")[2]:
        return " They differ by http and https only: is a proxy ending TLS?"
    if "{" in named or "%7B" in named.upper():
        return " It holds a placeholder that somebody should have filled in (a tenant?)."
    if same_origin(issuer, named):
        return " They differ by the path only."
    at = next(
        (i for i, (a, b) in enumerate(zip(issuer, named, strict=False)) if a != b),
        min(len(issuer), len(named)),
    )
    if issuer[:at].endswith("://"):
        return " They are on different hosts."
    return f" They differ from character {at + 1} on."
