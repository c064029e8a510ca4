"""Knows the errors that come back from the browser, each with who mends it and the next step."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from typing import NoReturn

from mcp_auth_tui.findings.rule import OWN_CLIENT, REPORT
from mcp_auth_tui.model import Whose
from mcp_auth_tui.model.oauth import Attempt
from mcp_auth_tui.protocol.judge import Judge
from mcp_auth_tui.protocol.tokens import dialects
from mcp_auth_tui.protocol.tokens.remedies import FAILED
from mcp_auth_tui.text.patterns import pattern

_NAME_SCOPES = (
    "If nobody declined: name the scopes that the server has with --scope (scopes_supported of its"
    " metadata lists them); some grant nothing where none is asked for."
)


DECLINED = (
    "The sign-in was declined, and the answer does not say which server it comes from, although"
    " that was promised."
)
FEWER = "If its error is true, ask for fewer scopes with --scope."
_CODE = pattern(r"[a-z][a-z_]{2,40}\Z")
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
_OWN = "Look at this client in the server's console: its id, and whether it is there (still)."
_LOST = (
    "Look for instances that share no store, and for registrations that are not kept: this client"
    " was registered for this sign-in."
)
_DOCUMENT = (
    "Take clients that are documents, and fetch {}; else leave"
    " client_id_metadata_document_supported out of the metadata."
)
# Many servers have no code of their own for it: Entra ID says invalid_request (AADSTS901002).
_OF_RESOURCE = pattern(r"(?i)\bresource\W{0,2} (request )?(parameter|indicator)")
_NOT_ALLOWED = pattern(r"(?i)not (authorized|allowed|permitted) to access")
_OF_SCOPE = pattern(r"(?i)\bscopes?\b")
_NO_CONNECTION = pattern(r"(?i)no connections? (is |are )?enabled")
# What Entra ID says of accounts that an administrator has to let in, in any language.
_NOT_LET_IN = pattern(r"AADSTS(50105|53003|90094)\b")
_OF_POLICY = pattern(
    r"(?i)\badmin(istrator)?\b"
    r"|\bnot a member\b|\b(suspended|blocked|deactivated|unlicensed)\b|\bno licen[sc]e\b"
    rf"|{_NOT_LET_IN.pattern}|\bpolic(y|ies)\b|\bconditional access\b"
    r"|\bnot (assigned|allowed|permitted|enabled)\b"
)
_OTHER_RESOURCE = "Name one that it knows with --resource, or see with --no-resource."
_LISTED = " (scopes_supported of its metadata lists them)"
# Words that name the scopes to ask for, and not those that were refused.
_LISTS = pattern(r"(?i)(?<!not )\b(valid|supported|allowed|available|expected)\b")
# One scope in a sentence, and no part of another.
_ITEM = r"(?<![\w:./-]){}(?![\w:/-]|\.\w)"
_CODES = ("invalid_scope", "invalid_target", "unauthorized_client", "access_denied")
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
    said = values.get("error_description", "").strip()
    if said in _CODES:  # as Amazon Cognito puts one below invalid_request
        error = said
    if error in _SILENT and _NOT_LET_IN.search(said):
        _stop_at_denial(judge, attempt, seen)
    if error in _NAMED:
        message, next = _NAMED[error]
        silent = error in _SILENT and ("prompt", "none") in config.params
        owner = Whose.CLIENT if silent else None
        judge.stop("authz-error", seen=seen, message=message, next=next, whose=owner)
    if "AADSTS9010010" in seen:
        judge.stop(
            "authz-resource-refused",
            seen=seen,
            message="Microsoft Entra v2 refuses resource beside scopes.",
            next="Run again with --no-resource; the run is then marked as not conformant.",
        )
    if _about_resource(error, attempt, seen):
        _stop_at_resource(judge, attempt, seen)
    way = dialects.console(f"{error} {said}")
    if way is not None and not way.meanwhile:
        judge.stop(
            "authz-error",
            seen=seen,
            message=way.message,
            next=way.next.format(redirect_uri=attempt.redirect_uri),
            whose=Whose.CLIENT if config.client_id else None,
        )
    if error in ("invalid_request", "invalid_client") and _OF_SCOPE.search(said):
        error = "invalid_scope"
    if _NO_CONNECTION.search(said):
        judge.stop(
            "authz-error",
            seen=seen,
            message="No way to sign in is open to this client.",
            next="Let this client use a connection of the server (Auth0: one at domain level, for"
            " clients that register themselves).",
            whose=Whose.CLIENT if config.client_id else None,
        )
    match error:
        case "access_denied":
            _stop_at_denial(judge, attempt, seen)
        case "invalid_scope":
            _stop_at_scope(judge, attempt, seen, said)
        case "invalid_client":
            _stop_at_client(judge, attempt, seen)
        case "unauthorized_client":
            judge.stop(
                "authz-error",
                seen=seen,
                message="The authorization server does not let this client ask for a sign-in.",
                next="Look at this client in the server's console: whether it exists there, and may"
                " use the authorization code grant.",
                whose=Whose.CLIENT if config.client_id else None,
            )
    judge.stop("authz-error", seen=seen)


def _about_resource(error: str, attempt: Attempt, seen: str) -> bool:
    """Return whether an error is about the resource that was asked for, whatever its code."""
    if error in ("invalid_target", "invalid_resource"):
        return True
    return bool(attempt.resource) and (
        str(attempt.resource) in seen or bool(_OF_RESOURCE.search(seen))
    )


def _stop_at_resource(judge: Judge, attempt: Attempt, seen: str) -> NoReturn:
    sent, typed = attempt.resource or "none", judge.config.resource is not None
    allowed = bool(_NOT_ALLOWED.search(seen))
    message = "The authorization server does not let this client have the resource."
    next = f"Allow this client the resource {sent} in the server's console."
    compare = "Compare with the resources the server knows, or run with --no-resource."
    judge.stop(
        "authz-resource-refused",
        seen=f"{seen} (resource sent: {sent})",
        message=message if allowed else "",
        next=next if allowed else compare if typed else "",
        meanwhile="" if typed else _OTHER_RESOURCE,
        whose=Whose.CLIENT if typed else None,
    )


def _stop_at_denial(judge: Judge, attempt: Attempt, seen: str) -> NoReturn:
    # Servers that have nothing to grant say so in the same way.
    none = "" if attempt.scope else " (no scope was asked for)"
    if _OF_POLICY.search(seen):
        judge.stop(
            "authz-denied",
            seen=f"{seen}{none}",
            message="The authorization server denied the sign-in by a rule of its own.",
            next="Look in the server's console at what it says: whether its policies let this"
            " client, this account and these scopes in.",
            meanwhile=f"Use an account that may, or ask for other scopes with --scope. {REPORT}",
            whose=Whose.ISSUER,
        )
    judge.stop("authz-denied", seen=f"{seen}{none}", next=_NAME_SCOPES if none else "")


def _stop_at_client(judge: Judge, attempt: Attempt, seen: str) -> NoReturn:
    """End the run where the client is not known, though the sign-in came back to it."""
    document = attempt.client_id.startswith("https://")
    own = judge.config.client_id is not None
    next, way = (_OWN, "") if own else (_LOST, f"{OWN_CLIENT} {REPORT}")
    if document:
        next = _DOCUMENT.format(attempt.client_id)
        way = "" if own else f"Let a client be registered (--register). {REPORT}"
    judge.stop(
        "authz-error",
        seen=f"{seen} (client: {attempt.client_id})",
        message="The authorization server does not know this client.",
        next=next,
        meanwhile=way,
        whose=Whose.CLIENT if own else None,
    )


def _stop_at_scope(judge: Judge, attempt: Attempt, seen: str, said: str) -> NoReturn:
    asked = (attempt.scope or "").split()
    rest = [item for item in asked if not re.search(_ITEM.format(re.escape(item)), said)]
    fewer = f"Ask for others, or for fewer, with --scope{_LISTED if len(asked) == 1 else ''}."
    if rest and rest != asked and not _LISTS.search(said):
        fewer = f"Ask for the others only: --scope {shlex.quote(' '.join(rest))}."
    typed = judge.config.scope is not None
    judge.stop(
        "authz-error",
        seen=f"{seen} (scope sent: {attempt.scope or 'none'})",
        message="The authorization server does not accept the scope.",
        next=fewer
        if typed
        else "Grant these scopes to clients, or do not name them in challenge and metadata.",
        meanwhile="" if typed else f"{fewer} {REPORT}",
        whose=Whose.CLIENT if typed else None,
    )
