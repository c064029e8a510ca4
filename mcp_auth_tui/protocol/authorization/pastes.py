"""Knows what a person pasted in place of the browser's last address; pure, judges no answer."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl

from mcp_auth_tui.model.oauth import Attempt
from mcp_auth_tui.protocol.actions import Callback
from mcp_auth_tui.protocol.urls import same_origin

MOST = 16_384
"""Characters; servers and browsers take no address as long as this."""

STALE = (
    "What was pasted answers another sign-in than the one that is open now: its state is "
    "missing or differs."
)
"""What is said of a paste that holds an answer, but not to this request."""
THEN = "Open the address that is shown now, sign in there, and paste what that ends on."


def fault_of(attempt: Attempt, callback: Callback, query: str) -> str:
    """Return what was pasted when it is no callback, to follow "What was pasted"; else nothing."""
    if callback.source != "paste":
        return ""
    text = callback.pasted.strip()
    names = {key for key, _ in parse_qsl(query, keep_blank_values=True)}
    if re.match(r"<(?!https?://)", text):
        return "is the source of a page, not its address."
    if len(text) > MOST:
        return f"has {len(text):,} characters: no address is as long."
    if "response_type" in names or "code_challenge" in names or text == attempt.url:
        return "is the sign-in address itself, not the one that your browser ended on."
    if names & {"code", "error", "state"}:
        return ""
    if same_origin("".join(text.split()), attempt.authorization_endpoint):
        return "is a page of the authorization server: the sign-in is not over there yet."
    if "://" in text:
        return "is an address that holds no code: take the one your browser ended on, all of it."
    return "is neither an address nor a code."
