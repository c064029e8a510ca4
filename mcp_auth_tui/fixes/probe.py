"""Knows how answers are mended that a probe showed to be wrong (probe-*); judges nothing."""

from __future__ import annotations

from collections.abc import Mapping

from mcp_auth_tui.fixes.answer import Answer
from mcp_auth_tui.fixes.breach import Breach, Row

_POLICY = "content-security-policy"
_ALONE = "frame-ancestors 'none'"


def _page(breach: Breach) -> Answer:
    """Forbid frames and other sites (CSP 3 §6.4.2, Fetch §3.3)."""
    head = breach.head
    policies = head.all(_POLICY)
    framed = not head.all("x-frame-options") and not any("frame-ancestors" in p for p in policies)
    if framed:
        first, *rest = policies or ("",)
        joined = f"{first.rstrip('; ')}; {_ALONE}" if first else _ALONE
        head = head.header(_POLICY, joined, *rest)
    return head.header("access-control-allow-origin")


FIXES: Mapping[str, Row] = {"probe-authz-headers": _page}
