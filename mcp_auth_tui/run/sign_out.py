"""Knows how stored grants are looked at and ended on their server, then forgotten (ST3)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

from mcp_auth_tui.model import Exchange, Stage
from mcp_auth_tui.model.oauth import Client
from mcp_auth_tui.net.settings import NetworkSettings
from mcp_auth_tui.protocol.actions import Protocol
from mcp_auth_tui.protocol.config import Config
from mcp_auth_tui.protocol.judge import Judge
from mcp_auth_tui.protocol.tokens import management
from mcp_auth_tui.protocol.tokens.endpoint import Endpoint
from mcp_auth_tui.records import dataclass
from mcp_auth_tui.run.unattended import drive
from mcp_auth_tui.storage.token_entries import StoredToken
from mcp_auth_tui.storage.tokens import StoredGrant, TokenStore


@dataclass(frozen=True, slots=True)
class SignOut:
    """What became of the things that were to end: each a sentence without its full stop."""

    ended: tuple[str, ...] = ()
    remaining: tuple[str, ...] = ()
    """What the server still has, and why."""

    def __add__(self, other: SignOut) -> SignOut:
        return SignOut((*self.ended, *other.ended), (*self.remaining, *other.remaining))


def revoke(store: TokenStore, stored: StoredToken, settings: NetworkSettings) -> SignOut:
    """End a grant on its server: the refresh token, the access token; then forget it.

    Where the server could not be asked it stays stored, so that it can be tried again.
    """
    grant = store.open(stored.id)
    if grant is None:
        return SignOut()
    outcome, lost = SignOut(), False
    tokens = {"refresh_token": grant.token.refresh, "access_token": grant.token.access}
    for name, token in tokens.items():
        if token is None:
            continue
        what = f"{name.replace('_', ' ')} for {_named(stored)}"
        ask = partial(management.revoke, token=token, hint=name)
        reason, reached = _asked(grant, ask, settings)
        lost = lost or not reached
        outcome += SignOut(remaining=(f"{what}: {reason}",)) if reason else SignOut((what,))
    if not lost:
        store.forget(stored.id)
    return outcome


def delete_clients(
    store: TokenStore, clients: Iterable[Client], settings: NetworkSettings
) -> SignOut:
    """Delete the registrations that no stored token needs, and forget these clients."""
    outcome = SignOut()
    for known in clients:
        used = {(item.issuer, item.client_id) for item in store.tokens()}
        client = store.open_client(known.issuer, known.id)
        if client is None or (known.issuer, known.id) in used:
            continue
        what = f"registration {known.id} at {known.issuer}"
        if client.how == "dynamic":
            config = Config(url=known.issuer)
            deletion = management.delete_client(Judge(config, Stage.REGISTER), client)
            driven = asyncio.run(drive(config, deletion, settings))
            reason = driven.value if driven.stop is None else driven.stop.message.rstrip(".")
            outcome += SignOut(remaining=(f"{what}: {reason}",)) if reason else SignOut((what,))
            if _unreached(driven.session.exchanges):
                continue
        store.forget_client(known.issuer, known.id)
    return outcome


def introspect(
    grant: StoredGrant, settings: NetworkSettings
) -> tuple[Mapping[str, Any] | None, str]:
    """Return what the server says of the access token (RFC 7662), or None and why not."""
    answers: list[Mapping[str, Any] | None] = []

    def ask(asker: Endpoint) -> Protocol[str]:
        answer, reason = yield from management.introspect(asker, grant.token.access)
        answers.append(answer)
        return reason

    reason, _ = _asked(grant, ask, settings)
    return (answers[0] if answers else None), reason


def _asked(
    grant: StoredGrant, ask: Callable[[Endpoint], Protocol[str]], settings: NetworkSettings
) -> tuple[str, bool]:
    """Ask the server of a grant; returns why it was not done, and whether it was reached."""
    if grant.client is None:
        return "its client is not stored any more", True
    config = Config(url=grant.stored.urls[0], allow=frozenset(grant.stored.allowed))
    asker = Endpoint(Judge(config, Stage.TOKEN), grant.stored.server, grant.client)
    driven = asyncio.run(drive(config, ask(asker), settings))
    reason = driven.value if driven.stop is None else driven.stop.message.rstrip(".")
    return str(reason), not _unreached(driven.session.exchanges)


def _unreached(exchanges: tuple[Exchange, ...]) -> bool:
    return bool(exchanges) and exchanges[-1].response is None


def _named(stored: StoredToken) -> str:
    return f"{stored.urls[0] if stored.urls else stored.resource} (client {stored.client_id})"
