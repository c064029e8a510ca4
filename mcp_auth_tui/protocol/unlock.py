"""Knows how the key of a client's certificate is opened with a person's help; reads no key."""

from __future__ import annotations

from mcp_auth_tui.model import Failure, Question, Secret
from mcp_auth_tui.protocol.actions import Ask, Protocol, Unlock
from mcp_auth_tui.protocol.judge import Judge

_PASSPHRASES = 3


def unlock(judge: Judge) -> Protocol[None]:
    """Ask for the passphrase of the certificate's key until it opens; raises `FlowStop`."""
    failure: Failure | None = yield Unlock(None)
    for _ in range(_PASSPHRASES):
        if failure is None:
            return
        if failure.kind != "passphrase":
            judge.stop("client-key", seen=failure.message)
        question = Question("passphrase", "Passphrase", failure.message, secret=True)
        answer: str | None = yield Ask(question)
        if answer is None:
            judge.stop("client-no-person", seen=failure.message)
        failure = yield Unlock(Secret(answer))
    if failure is not None:
        judge.stop("client-key", seen=f"{failure.message} It was wrong three times.")
