"""Knows what can be done about a refusal by the authorization server; must not end a run (K7)."""

from __future__ import annotations

from mcp_auth_tui.model import Exchange
from mcp_auth_tui.protocol.error_answer import ErrorAnswer
from mcp_auth_tui.protocol.urls import split

FAILED = "Look in the authorization server's log for what failed at that time."
# For who runs the server, and for who only uses it (K7).
REMEDIES = {
    "invalid_client": (
        "Compare client id, secret and authentication method with what is registered.",
        "Try another --auth-method, or another client with --client-id.",
    ),
    "invalid_target": (
        "Add this resource to those that the server knows.",
        "See with --no-resource whether it works without.",
    ),
    "invalid_scope": (
        "Grant these scopes to this client, or do not ask for them in challenge and metadata.",
        "Ask for fewer scopes with --scope.",
    ),
    "unauthorized_client": ("Allow this client the grant.", "Choose another grant with --grant."),
    "unsupported_grant_type": ("Allow the grant.", "Choose another grant with --grant."),
}
# Codes behind which may stand that the header with id and secret was not read.
_UNSURE = (None, "invalid_client", "invalid_request", "unauthorized_client")
_REFUSED_GRANT = {
    "authorization_code": "The code was sent once, as soon as it came back, with the redirect_uri"
    " and the code_verifier that belong to it: look for why it is not taken (instances that share"
    " no store, a very short life).",
    "urn:ietf:params:oauth:grant-type:jwt-bearer": "Look at the assertion: its audience, its"
    " expiry, and whether the server trusts who issued it.",
}


# What a sentence misses or does not know, where no error code says it.
_PARAMETERS = {
    "client_secret": (
        "Let clients without a secret in, or say in the metadata and in the registration that one"
        " is needed.",
        "This server wants a secret: give a client that has one with --client-id, or let the secret"
        " go in the body with --auth-method client_secret_post.",
    ),
    "client_id": (
        "Take client_id from the form, and from the Authorization header where the client uses it.",
        "Send client id and secret in the body with --auth-method client_secret_post.",
    ),
    "code_verifier": (
        "Take code_verifier (PKCE, RFC 7636 §4.5): every client of MCP sends it.",
        "",
    ),
    "resource": REMEDIES["invalid_target"],
    "audience": REMEDIES["invalid_target"],
    "scope": REMEDIES["invalid_scope"],
    "grant_type": REMEDIES["unsupported_grant_type"],
}
_UNREAD = (
    "Read the Authorization header (Basic), or take client_secret_basic out of the metadata and of"
    " the registration.",
    "Send client id and secret in the body: --auth-method client_secret_post.",
)


def in_the_way(words: ErrorAnswer, exchange: Exchange) -> tuple[str, str]:
    """Return headline and next step where something before the server refused a request."""
    path = split(exchange.request.url).path
    product = f" ({words.product})" if words.product else ""
    return (
        f"Something before the authorization server refused the request{product}; the server"
        " itself did not answer.",
        f"Let {exchange.request.method} {path} through the bot protection, firewall, gateway or"
        " rate limit that answers so.",
    )


def remedy(exchange: Exchange, error: object, words: ErrorAnswer) -> tuple[str, str]:
    """Return what can be done about an error (RFC 6749 §5.2), as far as it is known.

    A parameter that the answer names comes before its code: it says more.
    """
    named = next((name for name in _PARAMETERS if name in words.text), "")
    basic = any(field.raw.startswith("Basic ") for field in exchange.request.headers)
    if basic and named in ("client_id", "client_secret") and error in _UNSURE:
        return _UNREAD
    if error == "invalid_grant":
        if exchange.edited:
            return "", ""  # what was sent is not what belongs together any more
        form = exchange.request.form or ()
        grant = next((field.raw for field in form if field.name == "grant_type"), "")
        return _REFUSED_GRANT.get(grant, ""), ""
    if isinstance(error, str) and error in REMEDIES:
        return REMEDIES[error]
    return _PARAMETERS[named] if named else ("", "")
