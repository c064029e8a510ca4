"""Knows what providers say at the token endpoint in codes and words of their own; pure.

It must not know how a refusal ends a run.
"""

from __future__ import annotations

from typing import NamedTuple

from mcp_auth_tui.protocol.error_answer import ErrorAnswer
from mcp_auth_tui.text.patterns import pattern

# The codes of GitHub, Slack, Salesforce and HubSpot for what RFC 6749 §5.2 calls so.
_CODES = {
    **dict.fromkeys(
        ("incorrect_client_credentials", "bad_client_secret", "bad_client_id"), "invalid_client"
    ),
    **dict.fromkeys(("invalid_client_id", "invalid_client_secret"), "invalid_client"),
    "invalid_scopes": "invalid_scope",
    "bad_verification_code": "invalid_grant",
    "bad_auth_code": "invalid_grant",
    "invalid_code": "invalid_grant",
}
_UNKNOWN = pattern(
    r"(?i)\b(client|application)\b.{0,60}\b(was not found|not found|does not exist|unknown)\b"
    r"|\bunknown client\b"
)


# What some say of a code under no code of their own, or under that of a form.
_OF_CODE = pattern(
    r"(?i)\b(invalid|unknown|expired)\b.{0,16}\b(code|oauth request)\b(?! (ver|chall))"
    r"|\bauthori[sz]ation code\b.{0,30}\b(invalid|unknown|expired|not found|used)\b"
)
_ENDED = pattern(r"(?i)\brefresh[_ ]token\b.{0,30}\b(invalid|expired|revoked|unknown)\b")


class Way(NamedTuple):
    """What is done about a client in the console, and what is the cause.

    ``meanwhile``: what a person does who cannot; without it only the client's owner can.
    """

    next: str
    message: str
    meanwhile: str = ""


_CONSOLE = (
    (
        pattern(r"(?i)single-page application|cross-origin|AADSTS9002327\b"),
        Way(
            "Register the redirect address {redirect_uri} for a desktop application (Entra ID:"
            " “Mobile and desktop applications”), and not for a single-page application.",
            "The client is registered as an application in a browser.",
        ),
    ),
    (
        pattern(
            r"(?i)redirect[_ ](ur[il][_ ]?)?(mismatch\b|must match\b)|bad_redirect"
            r"|AADSTS50011\b"
        ),
        Way(
            "Register the redirect address {redirect_uri} for this client in the server's console,"
            " or name one that is registered with --redirect-uri.",
            "The redirect address is not one that this client is registered with.",
        ),
    ),
    (
        pattern(
            r"(?i)\bconsent|multi-factor|\badmin(istrator)?\b.{0,20}\bappro"
            r"|\buser\b.{0,20}not assigned|AADSTS(65001|50105|50076|50079|90094)\b"
        ),
        Way(
            "Let this account use the application: assign it, or consent to what it asks for as an"
            " administrator.",
            "The account may not use this client yet, says the authorization server.",
            "Sign in again and agree to what is asked, or use an account that may.",
        ),
    ),
)


def standard(error: object, words: ErrorAnswer) -> object:
    """Return the code of the standard for what a provider says in its own way."""
    code = (error if isinstance(error, str) else words.code).lower()
    if code == "unauthorized_client" and _UNKNOWN.search(words.text):
        return "invalid_client"
    if code in ("", "invalid_request", "bad_request", "error") and _OF_CODE.search(words.text):
        return "invalid_grant"
    # As Atlassian refuses a refresh token.
    if code == "unauthorized_client" and _ENDED.search(words.text):
        return "invalid_grant"
    # As Auth0 refuses a wrong secret.
    if code == "access_denied" and words.text.strip().lower() == "unauthorized":
        return "invalid_client"
    return _CODES.get(code, error)


def unknown_client(words: str) -> bool:
    """Return whether a refusal says that there is no such client."""
    return _UNKNOWN.search(words) is not None


def console(words: str) -> Way | None:
    """Return what is set wrong for a client in the server's console; None where nothing says so."""
    return next((way for pattern, way in _CONSOLE if pattern.search(words)), None)
