"""Knows how a token that a run holds is refreshed, also beside the run; must not know a store."""

from __future__ import annotations

from mcp_auth_tui.model import Failure, Learned, Session
from mcp_auth_tui.model.oauth import Token
from mcp_auth_tui.protocol.actions import BeginRefresh, Protocol
from mcp_auth_tui.protocol.judge import Judge
from mcp_auth_tui.protocol.tokens import response
from mcp_auth_tui.protocol.tokens.dpop import choose_dpop
from mcp_auth_tui.protocol.tokens.endpoint import Endpoint


def renew(asker: Endpoint, old: Token) -> Protocol[Token]:
    """Refresh a token, or take what another program got for it meanwhile (F3); tells the new one.

    Raises `FlowStop`; what is held stays held then.
    """
    quicker: Token | Failure | None = None
    if old.refresh is not None:
        quicker = yield BeginRefresh(old)
    if isinstance(quicker, Failure):
        asker.judge.stop(quicker.kind, seen=quicker.message)
    token = quicker if quicker is not None else (yield from response.refresh(asker, old))
    yield Learned("token", token)
    return token


def renew_beside(judge: Judge, session: Session) -> Protocol[None]:
    """Refresh the token of a run that is over (F4); raises `FlowStop`.

    The session holds a token, and the server and the client that it is of.
    """
    token, server, client = session.token, session.server, session.client
    assert token and server and client
    dpop = None
    if session.resource is not None and session.contact is not None:
        dpop = choose_dpop(judge, session.resource, server, session.contact)
    asker = Endpoint(judge, server, client, dpop)
    yield from renew(asker, token)
    if asker.client != client:
        yield Learned("client", asker.client)
