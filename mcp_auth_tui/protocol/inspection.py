"""Knows what is looked at without registering or signing in; must not know a rule of its own.

The stages are those of the flow. Where the flow must end, an inspection records why and looks on,
as far as there is something left to look at.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Unpack

from mcp_auth_tui import findings
from mcp_auth_tui.model import (
    Exchange,
    Finding,
    Learned,
    Level,
    Outcome,
    Stage,
)
from mcp_auth_tui.model.oauth import AuthorizationServer, Contact, Known, Peer, Resource
from mcp_auth_tui.protocol import challenge
from mcp_auth_tui.protocol.actions import FlowStop, Protocol, untold
from mcp_auth_tui.protocol.checks.server import needs_of
from mcp_auth_tui.protocol.config import Config
from mcp_auth_tui.protocol.discovery import elsewhere, resource, resource_document, server
from mcp_auth_tui.protocol.judge import REFUSED_FOR_SAFETY, Details, Judge
from mcp_auth_tui.protocol.mcp.first_contact import first_contact
from mcp_auth_tui.protocol.staging import staged
from mcp_auth_tui.records import dataclass
from mcp_auth_tui.text.units import count

# The server did refuse for want of a token, if in a wrong way: it owes its metadata.
_PROTECTED = frozenset({"rs-wrong-status", "rs-200-auth-error", "rs-login-redirect"})
_PEEKED = "no metadata, and none is owed"


@dataclass(frozen=True, slots=True)
class Surveyor(Judge):
    """A judge that records a refusal for safety as fatal and goes on: no credential is at stake."""

    def refuse(
        self,
        id: str,
        *,
        exit: int = REFUSED_FOR_SAFETY,
        meanwhile: str = "",
        **details: Unpack[Details],
    ) -> Protocol[None]:
        """Record what the flow would refuse over."""
        yield findings.fatal(self.finding(id, meanwhile=meanwhile, **details))


def _fatal(stop: FlowStop) -> Finding:
    return findings.fatal(stop.finding)


def run(
    config: Config, known: Known | None = None, start: Stage = Stage.PROBE
) -> Protocol[Outcome]:
    """Look at the first contact, the resource's metadata and that of every server it names (A9).

    Nothing is registered and nothing that carries a credential is sent. Every fatal finding is
    told as it is seen; returns `Outcome.OPEN` when the server asks for no authorization, else
    `Outcome.OK`, whatever was found. The arguments after ``config`` are those of `flow.run` and
    are not used: an inspection always begins at the beginning.
    """
    judge = Surveyor(config, Stage.PROBE)
    first = _Contact()
    found = yield from staged(Stage.PROBE, first.kept(judge), first.summary, _fatal)
    opened = found is not None and found[1] is not None
    contact = found[0] if found else first.left
    if contact is None:
        return Outcome.OK
    judge = replace(judge, revision=contact.revision).asking(contact.url)
    at = judge.at(Stage.RESOURCE)
    owed = not opened and (found is not None or first.stopped in _PROTECTED)
    looked = resource.discover_resource(at, contact)
    body = _resource(elsewhere.searched(at, looked) if owed else _quiet(looked))
    protected = yield from staged(Stage.RESOURCE, body, _told, _fatal)
    if opened and protected is not None:
        yield from resource.open_beside(at, protected.issuers, protected.exchange)
    if protected is not None and (owed or not protected.legacy):
        yield from _servers(judge, protected, contact)
    return Outcome.OPEN if opened else Outcome.OK


class _Contact:
    """The first contact, and what is left of it when it ends early."""

    def __init__(self) -> None:
        self.stopped = ""
        """The id of the finding that ended it."""
        self.left: Contact | None = None
        """What may still be looked for after that; None when nobody answers there."""

    def kept(self, judge: Judge) -> Protocol[tuple[Contact, Peer | None]]:
        """Speak to the server, and keep what a stop would lose: the last answer's challenge."""
        body, reply, last = first_contact(judge), None, None
        try:
            while True:
                try:
                    item = body.send(reply)
                except StopIteration as done:
                    found: tuple[Contact, Peer | None] = done.value
                    yield Learned("contact", found[0])
                    return found
                reply = yield item
                last = reply if isinstance(reply, Exchange) else last
        except FlowStop as stopped:
            self.stopped = stopped.finding.id
            if last is not None and last.response and self.stopped != "net-rate-limited":
                parsed = challenge.parse(last.response.all("www-authenticate"))
                self.left = Contact(last.status, parsed.challenges, exchange=last.number)
            raise

    def summary(self, found: tuple[Contact, Peer | None]) -> str:
        """Say in a few words how the server answered."""
        contact, peer = found
        if peer is not None:
            return "open: it asks for no authorization"
        schemes = ", ".join(dict.fromkeys(item.scheme for item in contact.challenges))
        return f"{contact.status} {schemes or 'without a challenge'}"


def _resource(looked: Protocol[Resource]) -> Protocol[Resource]:
    found = yield from looked
    if found.url is not None:
        yield Learned("resource", found)
    return found


def _told(found: Resource) -> str:
    return _PEEKED if found.legacy else found.identifier


def _quiet(body: Protocol[Resource]) -> Protocol[Resource]:
    """Look for metadata that nobody is owed: what is wrong with it counts only when it is there."""
    kept: list[Finding] = []
    try:
        found = yield from untold(body, kept)
    except FlowStop as stopped:
        if stopped.finding.pointer:
            # It is about a member: there is a document, and a client would stumble over it.
            yield from kept
            raise
        return Resource("", None)
    if not found.legacy:
        yield from kept
    return found


def _legacy(judge: Judge) -> Protocol[AuthorizationServer]:
    found = yield from server.legacy_server(judge)
    if found.guessed:
        yield from elsewhere.of_origin(judge)
    return found


def _servers(judge: Judge, protected: Resource, contact: Contact) -> Protocol[None]:
    """Look at every authorization server that is named, or at the place of 2025-03-26."""
    if protected.legacy:
        judge = replace(judge, revision="2025-03-26")
    at = judge.at(Stage.SERVER)

    def body() -> Protocol[list[AuthorizationServer]]:
        issuers = protected.issuers
        if len(issuers) > 1:
            seen = f"{', '.join(issuers)}; each was looked at"
            number = protected.exchange
            yield from at.at(Stage.RESOURCE).note("prm-as-several", seen=seen, exchange=number)
        wants = needs_of(protected, contact)
        if resource_document.compare(protected.identifier, at.config.url) == "foreign":
            # Told already; that a server does not list somebody else's resource is no news.
            wants = replace(wants, resource="")
        ways = [
            elsewhere.searched(at, server.discover_server(at, issuer, wants), issuer)
            for issuer in issuers
        ]
        found: list[AuthorizationServer] = []
        stops: list[FlowStop] = []
        for way in ways or [_legacy(at)]:
            try:
                found.append((yield from way))
            except FlowStop as stopped:
                stops.append(stopped)
        for stop in stops:
            # Clients take the first: where that can be used, another one stops nobody.
            good = bool(found) and found[0].issuer == issuers[0]
            spared = good and stop.finding.exit != REFUSED_FOR_SAFETY
            yield replace(stop.finding, level=Level.WARNING) if spared else _fatal(stop)
        if found:
            yield Learned("server", found[0])
        return found

    def summary(found: list[AuthorizationServer]) -> str:
        if len(protected.issuers) > 1:
            return f"{len(found)} of {count(len(protected.issuers), 'server')} can be used"
        return found[0].issuer if found else "none can be used"

    if protected.issuers or protected.legacy:
        yield from staged(Stage.SERVER, body(), summary, _fatal)
