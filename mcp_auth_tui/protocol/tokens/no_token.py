"""Knows how a successful answer without a token ends a run; must not know how it was asked for."""

from __future__ import annotations

from typing import NoReturn

from mcp_auth_tui.model import Exchange
from mcp_auth_tui.protocol import error_answer
from mcp_auth_tui.protocol.judge import Judge
from mcp_auth_tui.text.patterns import pattern

# What words say that are no refusal.
_WELL = pattern(r"(?i)(ok|success(ful(ly)?)?|bearer)?\Z")
_REFUSED = "The token answer holds no access token, but words: it is a refusal with success."
_AS_ERROR = (
    "Mend what it says, and answer a refusal with 400 and error (RFC 6749 §5.2); else send"
    " access_token as a string."
)


def stop(judge: Judge, exchange: Exchange, members: str) -> NoReturn:
    """End the run; ``members`` says what the answer holds, and where a token stands deeper.

    Some servers refuse with 200, in words and a code of their own.
    """
    words = error_answer.read(exchange).words
    refused = not _WELL.match(words) and not members.startswith("one stands")
    judge.stop(
        "token-no-access",
        seen=f"{members}; “{words}”" if refused else members,
        message=_REFUSED if refused else "",
        next=_AS_ERROR if refused else "",
        exchange=exchange,
        pointer="/access_token",
    )
