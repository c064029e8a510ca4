"""Knows how a stored token is refreshed, by one program at a time (F1-F4); must not know a face.

What sends a request is loaded by the one program whose turn it is: the others only wait.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from mcp_auth_tui.records import dataclass
from mcp_auth_tui.run.turn import PATIENCE_SECONDS, RefreshTurn, error_of
from mcp_auth_tui.storage.token_file import SKEW_SECONDS, StoreProblem, fresh

if TYPE_CHECKING:
    from mcp_auth_tui.keys.signer import Signer
    from mcp_auth_tui.model import Exchange, Finding, Secret
    from mcp_auth_tui.model.oauth import Token
    from mcp_auth_tui.net.settings import NetworkSettings
    from mcp_auth_tui.storage.token_entries import StoredToken
    from mcp_auth_tui.storage.tokens import StoredGrant, TokenStore

NETWORK = 5
Clock = Callable[[], float]


class RenewalProblem(Exception):
    """There is no token to use now; the message is a sentence, ``exit`` the exit code."""

    def __init__(self, message: str, exit: int) -> None:
        super().__init__(message)
        self.exit = exit


class SignInNeeded(RenewalProblem):
    """Only a person can bring a new token."""

    def __init__(self, message: str) -> None:
        super().__init__(message, 3)


@dataclass(frozen=True, slots=True)
class Renewal:
    """A token to use, and what became of the wish to refresh it."""

    grant: StoredGrant
    refreshed: bool = False
    """It is the answer of a refresh that was sent now."""
    notes: tuple[str, ...] = ()
    """Sentences about what went wrong though there is a token."""
    findings: tuple[Finding, ...] = ()
    """What was found in the answer of a refresh."""


def renew(
    store: TokenStore,
    id: str,
    settings: Callable[[], NetworkSettings],
    *,
    force: bool = False,
    clock: Clock = time.time,
) -> Renewal:
    """Return a token that is good for use, refreshed if it is about to end, or if ``force``.

    ``settings`` is asked for once a request is to be sent. Who comes while another program
    refreshes it waits for that one's answer. Raises `RenewalProblem`, `StoreProblem`, and what
    ``settings`` raises.
    """
    stored = _known(store, id)
    if not force and _fresh(stored, clock()):
        return Renewal(_open(store, id))
    with RefreshTurn(store, stored) as turn:
        if turn.grant is None:
            raise SignInNeeded("The token is not stored any more.")
        if turn.late:
            return Renewal(turn.grant)
        if not turn.locked:
            raise RenewalProblem(
                f"another program has been refreshing this token for {PATIENCE_SECONDS:g} s: end "
                "it, and try again.",
                NETWORK,
            )
        return _refreshed(store, turn, turn.grant, settings(), clock, force=force)


def _fresh(stored: StoredToken, now: float, skew: float = SKEW_SECONDS) -> bool:
    return fresh({"received": stored.received, "expires": stored.expires}, now, skew)


def _known(store: TokenStore, id: str) -> StoredToken:
    stored = next((item for item in store.tokens() if item.id == id), None)
    if stored is None:
        raise SignInNeeded("The token is not stored any more.")
    return stored


def _open(store: TokenStore, id: str) -> StoredGrant:
    grant = store.open(id)
    if grant is None:
        raise SignInNeeded("The token is not stored any more.")
    return grant


def _refreshed(
    store: TokenStore,
    turn: RefreshTurn,
    grant: StoredGrant,
    settings: NetworkSettings,
    clock: Clock,
    *,
    force: bool,
) -> Renewal:
    """Refresh with the newest refresh token, and with the one before it where that is refused."""
    stored, client = grant.stored, grant.client
    lasting = not force and (stored.expires is None or _fresh(stored, clock(), skew=0.0))
    if grant.token.refresh is None or client is None:
        if lasting:
            return Renewal(grant)
        raise SignInNeeded("There is nothing to refresh the token with.")
    import asyncio

    from mcp_auth_tui.keys.signer import Signer

    sign = Signer(*_client_key(grant), grant.proof_key)
    if not turn.begin():
        return Renewal(_open(store, stored.id))
    refused: _RefreshRefused | None = None
    for candidate in (grant.token, grant.previous):
        if candidate is None:
            continue
        try:
            token, findings = asyncio.run(_sent(grant, candidate, settings, clock, sign))
        except _RefreshRefused as error:
            refused = refused or error
            if error.code == "invalid_grant":
                continue
            break
        return _kept(store, turn, grant, token, findings)
    assert refused is not None
    problem = _problem(turn, stored, refused)
    if lasting:
        return Renewal(grant, notes=(f"The token was not refreshed: {problem}",))
    raise problem


def _kept(
    store: TokenStore,
    turn: RefreshTurn,
    grant: StoredGrant,
    token: Token,
    findings: tuple[Finding, ...],
) -> Renewal:
    notes: tuple[str, ...] = ()
    try:
        if not turn.keep(token):
            return Renewal(_open(store, grant.stored.id))
    except StoreProblem as problem:
        from dataclasses import replace

        # The old one is spent, and the new one is in nobody's hands but ours.
        notes = (f"{problem} The new refresh token is lost: sign in again when this one ends.",)
        return Renewal(replace(grant, token=token), True, notes, findings)
    return Renewal(_open(store, grant.stored.id), True, notes, findings)


def _problem(turn: RefreshTurn, stored: StoredToken, refused: _RefreshRefused) -> RenewalProblem:
    """Write down what became of a refresh, and return why there is no new token."""
    finding, code = refused.finding, turn.refuse(refused.exchange)
    if refused.exchange is None or refused.exchange.response is None:
        return RenewalProblem(f"the token could not be refreshed: {finding.message}", finding.exit)
    if turn.usable:
        return RenewalProblem(
            f"the authorization server did not refresh the token: {finding.message} "
            f"({finding.seen})",
            finding.exit,
        )
    late = ""
    if stored.unanswered is not None:
        when = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(stored.unanswered))
        late = f" The answer to a refresh at {when} never came, and with it the next refresh token."
    return SignInNeeded(f"The authorization server refused to refresh it: {code}.{late}")


class _RefreshRefused(Exception):
    """A refresh that brought no token; ``exchange`` None: it was never sent."""

    def __init__(self, finding: Finding, exchange: Exchange | None) -> None:
        super().__init__(finding.message)
        self.finding = finding
        self.exchange = exchange
        self.code = error_of(exchange) if exchange is not None else ""


async def _sent(
    grant: StoredGrant, token: Token, settings: NetworkSettings, clock: Clock, sign: Signer
) -> tuple[Token, tuple[Finding, ...]]:
    """Send one refresh and judge its answer; raises `_RefreshRefused`."""
    from mcp_auth_tui.model import Stage
    from mcp_auth_tui.protocol.config import Config
    from mcp_auth_tui.protocol.judge import Judge
    from mcp_auth_tui.protocol.tokens import response
    from mcp_auth_tui.protocol.tokens.dpop import Dpop
    from mcp_auth_tui.protocol.tokens.endpoint import Endpoint
    from mcp_auth_tui.run.unattended import drive

    client, url = grant.client, grant.stored.urls[0]
    assert client is not None
    config = Config(url=url, id_token=token.by_id_token, allow=frozenset(token.allowed))
    dpop = Dpop(required=True, algorithms=()) if grant.proof_key is not None else None
    asker = Endpoint(Judge(config, Stage.TOKEN), grant.stored.server, client, dpop)
    driven = await drive(config, response.refresh(asker, token), settings, clock, sign)
    if driven.stop is not None:
        last = driven.session.exchanges[-1] if driven.session.exchanges else None
        raise _RefreshRefused(driven.stop, last)
    return driven.value, driven.session.findings


def _client_key(grant: StoredGrant) -> tuple[Secret | None, str]:
    """Return the client's private key from where the sign-in read it, and what that is called.

    Raises `RenewalProblem` where it is not there any more.
    """
    if grant.key_source is None:
        return None, ""
    from mcp_auth_tui.storage.secret_sources import SourceProblem, read

    try:
        found = read(grant.key_source, what="the client's private key", commands={})
    except SourceProblem as problem:
        raise RenewalProblem(str(problem), 1) from None
    return found.secret, found.origin
