"""Knows the rules for what the browser brings back (SPEC 4, authz-*); must not accept or refuse.

What a run must not go on with (state, ``iss``, doubled parameters) is judged in `authorization`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import parse_qsl

from mcp_auth_tui.protocol.actions import Callback
from mcp_auth_tui.protocol.checks.check import Check, Checks
from mcp_auth_tui.text.patterns import pattern

# Registered for the authorization endpoint: RFC 6749 §4.1.2.1, RFC 8707, RFC 9396, RFC 9470,
# OpenID Connect Core §3.1.2.6 and its companions.
_ERRORS = frozenset(
    (
        "invalid_request",
        "unauthorized_client",
        "access_denied",
        "unsupported_response_type",
        "invalid_scope",
        "server_error",
        "temporarily_unavailable",
        "invalid_target",
        "invalid_authorization_details",
        "unmet_authentication_requirements",
        "interaction_required",
        "login_required",
        "account_selection_required",
        "consent_required",
        "invalid_request_uri",
        "invalid_request_object",
        "request_not_supported",
        "request_uri_not_supported",
        "registration_not_supported",
        "invalid_dpop_proof",
        "use_dpop_nonce",
        "invalid_resource",
    )
)
_CODE = pattern(r"[\x20\x21\x23-\x5b\x5d-\x7e]+\Z")
_TEXT = pattern(r"[\x20\x21\x23-\x5b\x5d-\x7e]*\Z")
# Nobody reads a consent page and agrees in less (seconds since the request was made).
_MOMENT = 0.5


def place(redirect_uri: str, callback: Callback, pairs: list[tuple[str, str]]) -> Checks:
    """Look whether the browser came back to the very address that was registered (RFC 9700 §2.1).

    The listener takes the registered path only; of its answers, and of those that were followed,
    the query is left to look at.
    """
    address, _, query = redirect_uri.partition("?")
    registered = parse_qsl(query, keep_blank_values=True)
    lost = [key for key, value in registered if (key, value) not in pairs]
    seen = f"the query of the redirect address lacks {', '.join(lost)}" if lost else ""
    if callback.source == "paste":
        text = "".join(callback.pasted.split()).strip("\"'<>")
        came = re.split(r"[?#]", text, maxsplit=1)[0]
        # Browsers hide the scheme, and a query alone says nothing about the place.
        whole = came.rstrip("/") in (address.rstrip("/"), address.partition("://")[2].rstrip("/"))
        if came and "=" not in came and not whole:
            seen = came
    yield Check("authz-redirect-altered", bool(seen), seen, "redirect_uri", expected=redirect_uri)


def error(values: Mapping[str, str]) -> Checks:
    """Look at the form of an error (RFC 6749 §4.1.2.1)."""
    code = values.get("error", "")
    faults = [] if code in _ERRORS else [f"error={code}"]
    if code and not _CODE.match(code):
        faults = ["forbidden characters in error"]
    if not _TEXT.match(values.get("error_description", "")):
        faults.append("forbidden characters in error_description")
    yield Check("authz-error-form", bool(faults), "; ".join(faults), "error")


def consent(seconds: float) -> Checks:
    """Look whether somebody can have been asked, from the time that the browser was away."""
    instant = 0 <= seconds < _MOMENT
    yield Check("authz-instant", instant, f"back after {max(seconds, 0.0):.1f} s")
