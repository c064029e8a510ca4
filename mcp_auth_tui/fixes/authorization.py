"""Knows how metadata is mended that the browser's answer showed to be wrong (authz-*).

The answer itself holds a code and is not kept, so nothing of it can be shown.
"""

from __future__ import annotations

from collections.abc import Mapping

from mcp_auth_tui.fixes.answer import Fix
from mcp_auth_tui.fixes.breach import Breach, Row

_PROMISE = "authorization_response_iss_parameter_supported"


def _promise(breach: Breach) -> Fix:
    """Promise what the server does (RFC 9207 §2.3)."""
    return breach.at_metadata(lambda answer: answer.put(**{_PROMISE: True}))


FIXES: Mapping[str, Row] = {"authz-iss-unpromised": _promise}
