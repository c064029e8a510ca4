"""Knows the rules for members of resource metadata (SPEC 4, prm-*); must not fetch or decide.

What a run must not go on without (`resource`, `authorization_servers`) is judged in `resource`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mcp_auth_tui.model import Level
from mcp_auth_tui.protocol.challenge import SCOPE_TOKEN
from mcp_auth_tui.protocol.checks.check import (
    Check,
    Checks,
    absent_values,
    as_seen,
    insecure,
    strings,
)
from mcp_auth_tui.protocol.jwt import read_jwt
from mcp_auth_tui.protocol.urls import is_private, split

_BROAD = frozenset({"*", "all", "full-access", "full_access"})
# More than anybody reads on a consent page; clients ask for all of them (Z4).
_MANY = 40
_ADDRESSES = ("jwks_uri", "resource_documentation", "resource_policy_uri", "resource_tos_uri")


def document(members: Mapping[str, Any], url: str, *, stateless: bool) -> Checks:
    """Look at every member that RFC 9728 §2 defines; ``url`` is the MCP URL."""
    yield from absent_values("prm", members, ("bearer_methods_supported", "authorization_servers"))
    yield from _scopes(members, stateless)
    yield from _keys(members)
    yield from _hosts(members, url)
    methods, named = members.get("bearer_methods_supported"), "/bearer_methods_supported"
    if isinstance(methods, list) and methods:
        wrong = "header" not in methods or "query" in methods
        yield Check("prm-bearer-methods", wrong, ", ".join(map(str, methods)), named)
    if members.get("dpop_bound_access_tokens_required") is True:
        pointer = "/dpop_bound_access_tokens_required"
        yield Check("prm-dpop-required", True, "true", pointer)


def _scopes(members: Mapping[str, Any], stateless: bool) -> Checks:
    value, pointer = members.get("scopes_supported"), "/scopes_supported"
    absent = "scopes_supported" not in members
    yield Check("prm-no-scopes", absent, "absent" if absent else "", pointer)
    if value is None:
        return
    listed = value if isinstance(value, list) else [value]
    valid = [item for item in listed if isinstance(item, str) and SCOPE_TOKEN.match(item)]
    whole = isinstance(value, list) and len(valid) == len(listed)
    yield Check("prm-scope-syntax", not whole, as_seen(value), pointer)
    broad = [item for item in valid if item.lower() in _BROAD]
    seen = ", ".join(broad) or f"{len(valid)} scopes"
    yield Check("prm-scope-broad", bool(broad) or len(valid) > _MANY, seen, pointer)
    if stateless:
        yield Check("prm-scope-offline", "offline_access" in valid, " ".join(valid), pointer)


def _keys(members: Mapping[str, Any]) -> Checks:
    algorithms, name = (
        members.get("resource_signing_alg_values_supported"),
        "/resource_signing_alg_values_supported",
    )
    if algorithms:
        yield Check("prm-alg-none", "none" in strings(algorithms), as_seen(algorithms), name)
    if (keys := members.get("jwks_uri")) is not None:
        yield Check("prm-jwks-http", insecure(keys), str(keys), "/jwks_uri")
    signed, name = members.get("signed_metadata"), "/signed_metadata"
    if signed is not None:
        _, claims = read_jwt(signed) if isinstance(signed, str) else (None, None)
        nested = claims is not None and "signed_metadata" in claims
        seen = "a signed document inside the signed one" if nested else "present, not verified"
        level = Level.WARNING if nested else None
        yield Check("prm-signed-unchecked", True, seen, name, level=level)


def _hosts(members: Mapping[str, Any], url: str) -> Checks:
    """Look for names that only an inside network knows, in the document of a public server."""
    if _private(url):
        return
    issuers = strings(members.get("authorization_servers"))
    entries = [("authorization_servers", item) for item in issuers]
    entries += [(name, value) for name in _ADDRESSES if isinstance(value := members.get(name), str)]
    inside = [(name, value) for name, value in entries if _private(value)]
    for name, value in inside:
        yield Check("prm-internal-host", True, value, f"/{name}")
    if not inside:
        yield Check("prm-internal-host", False)


def _private(url: str) -> bool:
    try:
        return is_private(split(url).hostname or "")
    except ValueError:
        return False
