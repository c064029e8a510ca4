"""Knows what a refusal means in each flow, and whose it is; must not end a run."""

from __future__ import annotations

from email.utils import parsedate_to_datetime
from typing import NamedTuple

from mcp_auth_tui.findings.rule import REPORT
from mcp_auth_tui.model import Exchange, Whose
from mcp_auth_tui.protocol.config import Config

_OFF = 60.0


def clock_off(exchange: Exchange) -> str | None:
    """Say by how much our clock and the server's ``Date`` differ when it is over a minute."""
    response = exchange.response
    date = response.header("date") if response else None
    if not date:
        return None
    try:
        theirs = parsedate_to_datetime(date).timestamp()
    except (ValueError, OverflowError):
        return None
    off = exchange.started + exchange.seconds - theirs
    if abs(off) < _OFF:
        return None
    side = "ahead of" if off > 0 else "behind"
    return f"this machine's clock is {abs(off):,.0f} s {side} the server's"


class Flow(NamedTuple):
    """What a refusal means in one flow: in its words, by its rule, with its next step."""

    message: str
    source: str
    next: str
    meanwhile: str = REPORT


_URN = "urn:ietf:params:oauth:grant-type:"
_LOG = "Look in the server's log for the reason that stands behind the error."
# By grant type; by purpose where no grant is asked for yet.
_FLOWS = {
    "device authorization request": Flow(
        "The authorization server refused to begin a sign-in on another device.",
        "RFC 8628 §3.2; RFC 6749 §5.2",
        _LOG,
        f"Where a browser can be used: --grant authorization_code. {REPORT}",
    ),
    f"{_URN}device_code": Flow(
        "The authorization server refused a token to this device.",
        "RFC 8628 §3.5; RFC 6749 §5.2",
        _LOG,
        f"Run again and type the new code. {REPORT}",
    ),
    "pushed authorization request": Flow(
        "The authorization server refused the pushed authorization request.",
        "RFC 9126 §2.3; RFC 6749 §5.2",
        "Read the server's reason; it often names a scope, a resource or a redirect address.",
    ),
    "client_credentials": Flow(
        "The authorization server refused a token to the client.",
        "RFC 6749 §4.4; RFC 6749 §5.2",
        "Look in the server's log, and whether this client may use client_credentials.",
    ),
    f"{_URN}jwt-bearer": Flow(
        "The authorization server refused the assertion.",
        "RFC 7523 §3.1; RFC 6749 §5.2",
        "Look in the server's log for what it misses in the assertion.",
    ),
    f"{_URN}token-exchange": Flow(
        "The identity provider refused to exchange the token.",
        "RFC 8693 §2.2.2; RFC 6749 §5.2",
        "Look in the identity provider's log, and whether its client may exchange tokens.",
    ),
}
_CODE_FLOW = Flow("", "", "", "")


def flow_of(exchange: Exchange) -> Flow:
    """Return what a refusal of this request means; empty texts in the code flow."""
    form = exchange.request.form or ()
    grant = next((field.raw for field in form if field.name == "grant_type"), "")
    return _FLOWS.get(grant or exchange.request.purpose, _CODE_FLOW)


def owner_of(config: Config, error: object, text: str = "") -> Whose | None:
    """Return the person as the owner of a refusal of what was asked for by an option.

    ``text`` is the server's sentence: some servers have no code of their own for it.
    """
    spoken = text.lower()
    typed = {
        "invalid_scope": bool(config.scope),
        "invalid_target": bool(config.resource),
        "unsupported_grant_type": config.grant != "auto",
        "access_denied": bool(config.scope) and "scope" in spoken,
        "invalid_request": bool(config.scope) and "scope" in spoken,
    }
    return Whose.CLIENT if isinstance(error, str) and typed.get(error) else None
