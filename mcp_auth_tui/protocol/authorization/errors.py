"""Knows the errors that come back from the browser, each with who mends it and the next step."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NoReturn

from mcp_auth_tui.model import Whose
from mcp_auth_tui.model.oauth import Attempt
from mcp_auth_tui.protocol.judge import Judge
from mcp_auth_tui.protocol.tokens.remedies import FAILED

_NAME_SCOPES = (
    "If nobody declined: name the scopes that the server has with --scope (scopes_supported of its"
    " metadata lists them); some grant nothing where none is asked for."
)


DECLINED = (
    "The sign-in was declined, and the answer does not say which server it comes from, although"
    " that was promised."
)
FEWER = "If its error is true, ask for fewer scopes with --scope."
_CODE = re.compile(r"[a-z][a-z_]{2,40}\Z")
# Errors that have a name and a next step of their own (OIDC Core §3.1.2.6, RFC 6749 §4.1.2.1).
_NAMED = {
    "consent_required": (
        "The authorization server wants the person to agree first, and could not ask.",
        "Let it show its page of consent: run without --param prompt=none, or have an administrator"
        " agree for everybody.",
    ),
    "login_required": (
        "The authorization server wants the person to sign in first, and could not ask.",
        "Sign in at the server in the same browser, or run without --param prompt=none.",
    ),
    "interaction_required": (
        "The authorization server wants something of the person, and could not ask.",
        "Finish what the server asks for in a browser (a second factor, new terms), or run without"
        " --param prompt=none.",
    ),
    "account_selection_required": (
        "The authorization server wants the person to choose an account, and could not ask.",
        "Run without --param prompt=none, or choose with --param login_hint=ACCOUNT.",
    ),
    "temporarily_unavailable": (
        "The authorization server is overloaded or being maintained.",
        "Wait some minutes and sign in again.",
    ),
    "server_error": ("The authorization server failed while it answered.", FAILED),
}
# Many servers have no code of their own for it: Entra ID says invalid_request (AADSTS901002).
_OF_RESOURCE = re.compile(r"(?i)\bresource\W{0,2} (request )?(parameter|indicator)")
_SILENT = ("consent_required", "login_required", "interaction_required")


def words_of(values: Mapping[str, str]) -> str:
    """Return the members of an error as one text."""
    parts = (values.get(name, "") for name in ("error", "error_description", "error_uri"))
    return ": ".join(part for part in parts if part)


def unverified(values: Mapping[str, str]) -> str:
    """Return the sentence for an answer without ``iss`` that carries an error; empty without."""
    error = values.get("error", "")
    if error == "access_denied":
        return DECLINED
    if not _CODE.match(error):
        return ""
    return (
        f"The sign-in ended in the error {error}, and the answer does not say which server it comes"
        " from, although that was promised."
    )


def stop(judge: Judge, attempt: Attempt, values: Mapping[str, str]) -> NoReturn:
    """End the run with the error of an authorization response (RFC 6749 §4.1.2.1)."""
    error, seen, config = values["error"], words_of(values), judge.config
    if error in _NAMED:
        message, next = _NAMED[error]
        silent = error in _SILENT and ("prompt", "none") in config.params
        owner = Whose.CLIENT if silent else None
        judge.stop("authz-error", seen=seen, message=message, next=next, whose=owner)
    match error:
        case "access_denied":
            # Servers that have nothing to grant say so in the same way.
            none = "" if attempt.scope else " (no scope was asked for)"
            judge.stop("authz-denied", seen=f"{seen}{none}", next=_NAME_SCOPES if none else "")
        case "invalid_target":
            judge.stop(
                "authz-resource-refused",
                seen=f"{seen} (resource sent: {attempt.resource or 'none'})",
                next="Compare with the resources the server knows, or run with --no-resource.",
                whose=Whose.CLIENT if config.resource else None,
            )
        case "invalid_scope":
            judge.stop(
                "authz-error",
                seen=f"{seen} (scope sent: {attempt.scope or 'none'})",
                message="The authorization server does not accept the scope.",
                next="Ask for fewer with --scope; the challenge and the resource metadata are"
                " where the asked ones came from.",
                whose=Whose.CLIENT if config.scope else None,
            )
    if "AADSTS9010010" in seen:
        judge.stop(
            "authz-resource-refused",
            seen=seen,
            message="Microsoft Entra v2 refuses resource beside scopes.",
            next="Run again with --no-resource; the run is then marked as not conformant.",
        )
    if attempt.resource and _OF_RESOURCE.search(seen):
        judge.stop("authz-resource-refused", seen=f"{seen} (resource sent: {attempt.resource})")
    judge.stop("authz-error", seen=seen)
