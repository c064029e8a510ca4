"""Knows how a value of the flow is told in a line or two; must not know who reads it.

The lines hold server text as received: whoever shows them makes them harmless (`text.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from mcp_auth_tui.model import Level, Session
from mcp_auth_tui.render.verdict import verdict
from mcp_auth_tui.text import terminal, units

if TYPE_CHECKING:
    from mcp_auth_tui.model.aside import SignatureCheck
    from mcp_auth_tui.model.oauth import (
        AuthorizationServer,
        Client,
        Contact,
        Peer,
        Resource,
        StoredHeader,
        Token,
    )

GLYPHS = {Level.FATAL: "✗", Level.ERROR: "✗", Level.WARNING: "!", Level.INFO: "i", Level.OK: "✓"}


def parting(session: Session) -> list[str]:
    """Return what stopped a run and what to do next, one line each, masked and harmless."""
    if (stop := session.stop) is None:
        return []
    told = [f"{stop.id}: {verdict(session).sentence}"]
    told += [f"Next: {stop.next}"] if stop.next else []
    return [terminal.one_line(session.redactor().text(line)) for line in told]


def offered(header: StoredHeader, now: float) -> str:
    """Return that a header of an earlier run is good, and for how long; ``now`` since the epoch."""
    left = None if header.expires is None else max(header.expires - now, 0.0)
    lasting = "" if left is None else f" for {units.duration(left)}"
    use = "the server has accepted it" if header.verified else "it was not used yet"
    return f"A header of an earlier run is good{lasting}; {use}."


def kept(session: Session, given: Session | None) -> list[str]:
    """Return, where the headers given out are not the last run's, whose they are and how old."""
    if given is None or given is session or not given.headers or given.token is None:
        return []
    since = units.time_of_day(given.token.received)
    told = f"the header is that of {since}, for {given.url}: no later run brought another"
    return [terminal.one_line(session.redactor().text(told))]


_SOUGHT = frozenset({"prm-missing", "prm-html", "as-missing", "as-html"})


def elsewhere(session: Session) -> str:
    """Return where to look on for a document that was not at its place; empty when none was missed.

    Only the screen asks the other places, since only there somebody asks for it.
    """
    if not any(f.id in _SOUGHT for f in session.findings if f.level is Level.FATAL):
        return ""
    return (
        "Is the document elsewhere? On the screen (mcp-auth-tui URL on a terminal) d lists the"
        " places that were asked, and s there asks the others where people put such documents."
    )


def worth(session: Session) -> str:
    """Say what the headers of a run that did not end well came to.

    A token of the store was accepted by an earlier run: only the server's own words tell of this.
    """
    token = session.token
    if token is not None and token.verified and session.peer is not None:
        return "they were accepted before that"
    return "they were not accepted, or not tried"


def counted(session: Session) -> str:
    """Return how many findings there are of each level, the worst first."""
    counts = session.counts()
    told = (f"{GLYPHS[level]} {number} {level}" for level, number in counts.items() if number)
    return ", ".join(told) or "none"


def learned(name: str, value: object) -> list[str]:
    """Return the lines that say what a value of the flow holds; credentials stay masked."""
    teller = _TELLERS.get(name)
    return list(teller(value)) if teller is not None and value is not None else []


def _contact(contact: Contact) -> Iterable[str]:
    schemes = ", ".join(challenge.scheme for challenge in contact.challenges)
    yield (
        f"server: {contact.status}, challenge {schemes}" if schemes else f"server: {contact.status}"
    )


def _url(url: str) -> Iterable[str]:
    yield f"the server redirects there, and the run goes on there: {url}"


def _revision(revision: str) -> Iterable[str]:
    if revision:
        yield f"MCP revision: {revision}"


def _resource(resource: Resource) -> Iterable[str]:
    yield f"resource: {resource.identifier}"
    if resource.issuers:
        yield f"authorization servers: {', '.join(resource.issuers)}"
    if resource.scopes:
        yield f"scopes it knows: {' '.join(resource.scopes)}"


def _server(server: AuthorizationServer) -> Iterable[str]:
    yield f"issuer: {server.issuer}"
    yield f"authorization endpoint: {server.authorization_endpoint}"
    yield f"token endpoint: {server.token_endpoint}"


def _client(client: Client) -> Iterable[str]:
    yield f"client: {client.id} ({client.how}), authentication {client.auth_method}"


def _checked(checks: tuple[SignatureCheck, ...]) -> Iterable[str]:
    if not checks:
        yield "signatures: none to check, for no token is a JWT"
    for check in checks:
        verdict = {True: "good", False: "WRONG", None: "not checked"}[check.ok]
        yield f"signature of the {check.what}: {verdict}: {check.why}"


def _token(token: Token) -> Iterable[str]:
    life = "" if token.expires_in is None else f", expires in {units.duration(token.expires_in)}"
    yield f"token: {token.type} {token.access}{life}"
    yield f"scopes granted: {token.scope_granted or 'not said'}"
    yield f"refresh token: {token.refresh or 'none'}"
    if token.by_id_token:
        yield f"ID token: {token.bearer}, which the MCP server is given (--id-token)"
    if token.claims is not None:
        named = (
            f"{name} {token.claims[name]}"
            for name in ("iss", "aud", "sub", "exp")
            if name in token.claims
        )
        yield f"claims, not verified: {', '.join(named) or 'none of iss, aud, sub, exp'}"


def _peer(peer: Peer) -> Iterable[str]:
    name = f"{peer.name} {peer.version}".strip() or "a server without a name"
    yield f"MCP server: {name}, revision {peer.revision or 'not said'}, {peer.era}"
    if peer.tools is not None:
        names = f": {', '.join(peer.tools)}" if peer.tools else ""
        yield f"{units.count(len(peer.tools), 'tool')}{names}"
    if peer.called:
        yield f"the tool answered: {peer.called}"


# The name of a value decides its type (`Learned`).
_TELLERS: dict[str, Callable[[Any], Iterable[str]]] = {
    "url": _url,
    "contact": _contact,
    "revision": _revision,
    "resource": _resource,
    "server": _server,
    "client": _client,
    "token": _token,
    "checked": _checked,
    "peer": _peer,
}
