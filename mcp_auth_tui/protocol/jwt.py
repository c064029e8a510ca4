"""Knows how a JWT is read without being believed (RFC 7519 §3); must not verify or decide."""

from __future__ import annotations

import binascii
from base64 import urlsafe_b64decode
from collections.abc import Mapping
from typing import Any

from mcp_auth_tui.protocol.strict_json import loads


def read_jwt(token: str) -> tuple[Mapping[str, Any] | None, Mapping[str, Any] | None]:
    """Return header and claims of a JWT, not verified; (None, None) when it is none."""
    parts = token.split(".")
    if len(parts) != 3:
        return None, None
    try:
        header, claims = (loads(_decoded(part)) for part in parts[:2])
    except (ValueError, binascii.Error):
        return None, None
    if not isinstance(header, dict) or not isinstance(claims, dict) or "alg" not in header:
        return None, None
    return header, claims


def _decoded(part: str) -> str:
    return urlsafe_b64decode(part + "=" * (-len(part) % 4)).decode("utf-8")
