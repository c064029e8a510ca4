"""Knows which options exclude or need one another; must not know what any of them is for."""

from __future__ import annotations

from typing import Any

from mcp_auth_tui.protocol.config import ENDPOINTS
from mcp_auth_tui.protocol.urls import UrlRefused, endpoint

_BY_CERTIFICATE = ("tls_client_auth", "self_signed_tls_client_auth")
EXCLUSIVE = (
    ("resource", "no_resource"),
    ("redirect_uri", "port"),
    ("register", "client_id"),
    ("register", "client_metadata_url"),
    ("client_secret_file", "client_secret_prompt"),
    ("json", "export"),
    ("client_key", "client_secret_file"),
    ("client_key", "client_secret_prompt"),
)
"""Pairs of options of which one may be given."""
DEPENDENT = (
    ("client_secret_file", "client_id"),
    ("client_secret_prompt", "client_id"),
    ("client_cert_key", "client_cert"),
    ("call_args", "call"),
)
"""Options, and what each needs beside it."""


def fault(args: Any) -> tuple[str, ...] | None:
    """Return what cannot be meant so, a sentence, and the options that it is about; else None."""
    for one, other in EXCLUSIVE:
        if _given(args, one) and _given(args, other):
            return f"{flag(one)} and {flag(other)} exclude each other", one, other
    for needing, needed in DEPENDENT:
        if _given(args, needing) and not _given(args, needed):
            return f"{flag(needing)} needs {flag(needed)}", needing, needed
    for name in ENDPOINTS:
        if why := _no_endpoint(getattr(args, name)):
            return f"{flag(name)} {getattr(args, name)}: {why}", name
    if args.auth_method in _BY_CERTIFICATE and args.client_cert is None:
        return f"--auth-method {args.auth_method} needs --client-cert", "auth_method"
    if args.events and args.export and args.output in (None, "", "-"):
        told = "--events fills stdout: name a file for the export with --output"
        return told, "events", "output"
    return None


def _no_endpoint(value: str | None) -> str:
    """Say why no request, no browser and no secret may go to a URL (SPEC A7); empty if they may."""
    if value is None:
        return ""
    try:
        endpoint(value)
    except UrlRefused as error:
        return str(error)
    return ""


def _given(args: Any, name: str) -> bool:
    return getattr(args, name) not in (None, False)


def flag(name: str) -> str:
    """Return an option as it is typed, by its name among the parsed arguments."""
    return f"--{name.replace('_', '-')}"
