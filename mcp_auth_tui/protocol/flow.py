"""Knows the order of the stages, and reads like the sequence diagram; knows no rule itself."""

from __future__ import annotations

from dataclasses import dataclass, replace

from mcp_auth_tui.model import Learned, Left, Outcome, Session, Stage, Status
from mcp_auth_tui.protocol import (
    authorization,
    device,
    grants,
    pushed,
    registration,
    resource,
    server,
    token,
    verify,
)
from mcp_auth_tui.protocol import dpop as proofs
from mcp_auth_tui.protocol.actions import Answer, Protocol
from mcp_auth_tui.protocol.authorization import Scope
from mcp_auth_tui.protocol.config import Config
from mcp_auth_tui.protocol.dpop import Dpop
from mcp_auth_tui.protocol.endpoint import Endpoint
from mcp_auth_tui.protocol.judge import Judge
from mcp_auth_tui.protocol.staging import staged
from mcp_auth_tui.protocol.values import (
    AuthorizationServer,
    Client,
    Contact,
    Grant,
    Peer,
    Resource,
    Token,
)
from mcp_auth_tui.text import count, host_of


def run(
    config: Config, known: Session | None = None, start: Stage = Stage.PROBE
) -> Protocol[Outcome]:
    """Run the flow from a stage on, with what earlier stages of `known` found.

    Returns `Outcome.OK` with a verified token, or `Outcome.OPEN`; raises `FlowStop`.
    """
    known = known or Session()
    judge = Judge(config, Stage.PROBE)
    contact, opened = known.contact, None
    if start is Stage.PROBE or contact is None:
        contact, opened = yield from _probe(judge)
    if opened is not None and not config.force:
        return Outcome.OPEN
    course = _Course(replace(judge, revision=contact.revision), contact)
    yield from course.set_out(known, start)
    return (yield from course.to_the_end())


@dataclass(slots=True)
class _Course:
    """What a run has found so far; a refusal may throw some of it away and go on."""

    judge: Judge
    contact: Contact
    protected: Resource | None = None
    issuer: AuthorizationServer | None = None
    client: Client | None = None
    held: Token | None = None
    dpop: Dpop | None = None
    grant: str = ""
    bound: bool = False
    """Whether the callback listener of this run is bound (B1)."""

    def set_out(self, known: Session, start: Stage) -> Protocol[None]:
        """Take over what an earlier run found before the stage to start from."""
        order = list(Stage)
        if order.index(start) > order.index(Stage.RESOURCE):
            self.protected = known.resource
        if order.index(start) > order.index(Stage.SERVER):
            self.issuer = known.server
        if order.index(start) > order.index(Stage.REGISTER):
            self.client = known.client
        if order.index(start) > order.index(Stage.TOKEN):
            self.held = known.token
        elif start is Stage.TOKEN and known.token is not None and known.token.refresh:
            # The code is spent: from here on a run goes by the refresh token.
            yield from self._metadata()
            self.held = yield from self._refreshed(known.token)

    def to_the_end(self) -> Protocol[Outcome]:
        """Get a token and use it, as often as refusals and S2 allow."""
        refused, before = self.contact, frozenset[str]()
        for number in range(1, verify.LIMIT + 1):
            protected, issuer = yield from self._metadata()
            if self.client is None:
                self.client = yield from _register(self.judge, issuer, self.grant)
                self.bound = True
            if self.held is None:
                at = self.judge.at(Stage.AUTHORIZE)
                challenged = refused.param("scope")
                scope = authorization.choose_scope(
                    at, challenged, protected, issuer, before, again=number > 1
                )
                self.held = yield from self._obtain(issuer, self.client, scope, refused, number)
            verdict = yield from _verify(self.judge, self.held, self.contact, number, self.dpop)
            if verdict.refused is None:
                return (yield from self._finish())
            refused, before = verdict.refused, verify.held(self.held)
            named = refused.params("resource_metadata")
            moved = named and self.protected is not None and self.protected.url not in named
            if verdict.exchange is not None or moved:
                before = yield from self._read_again(verdict, before)
            self.held = None
            self.contact = replace(self.contact, era=refused.era, revision=refused.revision)
            self.judge = replace(self.judge, revision=refused.revision)
        raise AssertionError("verify stops at its own limit")

    def _metadata(self) -> Protocol[tuple[Resource, AuthorizationServer]]:
        if self.protected is None:
            self.protected = yield from _resource(self.judge, self.contact)
        if self.protected.legacy and self.judge.config.issuer is None:
            self.judge = replace(self.judge, revision="2025-03-26")
        if self.issuer is None:
            self.issuer = yield from _server(self.judge, self.protected)
        self.grant = self.grant or grants.choose(self.judge.config, self.issuer)
        if self.dpop is None:
            self.dpop = proofs.wanted(self.judge, self.protected, self.issuer, self.contact)
        return self.protected, self.issuer

    def _obtain(
        self,
        issuer: AuthorizationServer,
        client: Client,
        scope: Scope,
        refused: Contact,
        number: int,
    ) -> Protocol[Token]:
        """Get a token by the grant of this run."""
        assert self.protected is not None
        at = self.judge.at(Stage.AUTHORIZE)
        asker = Endpoint(at, issuer, client, self.dpop)
        named = self.protected.identifier if at.config.send_resource else None
        if self.grant == "authorization_code":
            if not self.bound:
                yield from registration.bind_again(at, client)
                self.bound = True
            grant = yield from _authorize(asker, self.protected, scope, refused, number)
            return (yield from _token(self.judge, issuer, client, grant, self.dpop))
        if self.grant == "device_code":
            return (yield from _device(asker, named, scope))
        yield Left(Stage.AUTHORIZE, Status.SKIPPED, f"{self.grant}: no person is part of it")
        return (yield from _direct(asker, self.grant, named, scope))

    def _read_again(
        self, verdict: verify.Verdict, before: frozenset[str]
    ) -> Protocol[frozenset[str]]:
        """Read the resource metadata again after a 401, or when a challenge names new one (C5, M1).

        Returns the scopes to keep asking for: none of an issuer that was left. Raises `FlowStop`
        when a 401 has no such reason, or when a client made by hand belongs to the old issuer.
        """
        refused, exchange = verdict.refused, verdict.exchange
        assert refused and self.held and self.protected and self.issuer and self.client
        judge = self.judge.at(Stage.VERIFY)
        if refused.param("error") == "insufficient_user_authentication":
            return before
        now = yield from _resource(self.judge, refused)
        if not now.issuers or self.issuer.issuer in now.issuers:
            if exchange is not None:
                verify.fresh_refused(judge, self.held, refused, exchange)
            self.protected = now
            return before
        seen = f"before: {self.issuer.issuer}; now: {', '.join(now.issuers)}"
        if self.client.how == "pre-registered":
            judge.stop(
                "as-changed",
                seen=f"{seen}; the client {self.client.id} belongs to the old one",
                exchange=exchange,
            )
        yield from judge.note("as-changed", seen=seen, exchange=exchange)
        self.protected, self.issuer, self.dpop, self.grant = now, None, None, ""
        self.client = None
        return frozenset()

    def _refreshed(self, old: Token) -> Protocol[Token]:
        assert self.issuer and self.client
        asker = Endpoint(self.judge.at(Stage.TOKEN), self.issuer, self.client, self.dpop)

        def body() -> Protocol[Token]:
            made = yield from token.refresh(asker, old)
            yield Learned("token", made)
            return made

        return (yield from staged(Stage.TOKEN, body(), lambda _: "refreshed"))

    def _finish(self) -> Protocol[Outcome]:
        """Refresh once and verify again, when that was asked for."""
        assert self.held is not None
        if self.judge.config.refresh:
            self.held = yield from self._refreshed(self.held)
            verdict = yield from _verify(
                self.judge, self.held, self.contact, verify.LIMIT, self.dpop
            )
            if verdict.refused is not None and verdict.exchange is not None:
                verify.fresh_refused(
                    self.judge.at(Stage.VERIFY), self.held, verdict.refused, verdict.exchange
                )
        return Outcome.OK


def _probe(judge: Judge) -> Protocol[tuple[Contact, Peer | None]]:
    def body() -> Protocol[tuple[Contact, Peer | None]]:
        contact, peer = yield from verify.first_contact(judge)
        yield Learned("contact", contact)
        return contact, peer

    def summary(found: tuple[Contact, Peer | None]) -> str:
        contact, peer = found
        if peer is not None:
            return "open: it asks for no authorization"
        schemes = ", ".join(dict.fromkeys(item.scheme for item in contact.challenges))
        return f"{contact.status} {schemes or 'without a challenge'}"

    return (yield from staged(Stage.PROBE, body(), summary))


def _resource(judge: Judge, contact: Contact) -> Protocol[Resource]:
    def body() -> Protocol[Resource]:
        found = yield from resource.discover(judge.at(Stage.RESOURCE), contact)
        yield Learned("resource", found)
        return found

    def summary(found: Resource) -> str:
        return found.identifier if found.url else "no metadata: the path of 2025-03-26"

    return (yield from staged(Stage.RESOURCE, body(), summary))


def _server(judge: Judge, protected: Resource) -> Protocol[AuthorizationServer]:
    at = judge.at(Stage.SERVER)

    def body() -> Protocol[AuthorizationServer]:
        if protected.legacy and judge.config.issuer is None:
            found = yield from server.legacy(at)
        else:
            issuer = yield from resource.choose_issuer(at, protected)
            found = yield from server.discover(at, issuer)
        yield Learned("server", found)
        return found

    return (yield from staged(Stage.SERVER, body(), lambda found: found.issuer))


def _register(judge: Judge, issuer: AuthorizationServer, grant: str) -> Protocol[Client]:
    at = judge.at(Stage.REGISTER)

    def body() -> Protocol[Client]:
        client = yield from registration.obtain(at, issuer, grant)
        yield Learned("client", client)
        return client

    return (yield from staged(Stage.REGISTER, body(), lambda made: f"{made.how}, {made.id}"))


def _authorize(
    asker: Endpoint, protected: Resource, scope: Scope, refused: Contact, number: int
) -> Protocol[Grant]:
    at, issuer, client = asker.judge, asker.server, asker.client

    def body() -> Protocol[Grant]:
        attempt = yield from authorization.prepare(
            at, issuer, client, protected, scope, number, refused
        )
        if issuer.flag("require_pushed_authorization_requests"):
            attempt = yield from pushed.push(asker, attempt)
        yield Learned("attempt", attempt)
        grant = yield from authorization.authorize(at, attempt)
        yield Answer("received")
        if grant.attempt != attempt:
            yield Learned("attempt", grant.attempt)
        yield Learned("grant", grant)
        return grant

    where = host_of(issuer.authorization_endpoint)
    return (yield from staged(Stage.AUTHORIZE, body(), lambda _: f"signed in at {where}"))


def _summary(found: Token) -> str:
    lifetime = "" if found.expires_in is None else f", expires in {found.expires_in:.0f} s"
    return f"{found.type}{lifetime}"


def _token(
    judge: Judge, issuer: AuthorizationServer, client: Client, grant: Grant, dpop: Dpop | None
) -> Protocol[Token]:
    def body() -> Protocol[Token]:
        at = judge.at(Stage.TOKEN)
        found = yield from token.exchange_code(at, issuer, client, grant, dpop)
        yield Learned("token", found)
        yield Answer("done")
        return found

    return (yield from staged(Stage.TOKEN, body(), _summary))


def _device(asker: Endpoint, resource: str | None, scope: Scope) -> Protocol[Token]:
    body = device.authorize(asker, resource, scope.value, scope.reason)
    exchange, answer = yield from staged(Stage.AUTHORIZE, body, lambda _: "signed in elsewhere")
    at = replace(asker, judge=asker.judge.at(Stage.TOKEN))

    def judged() -> Protocol[Token]:
        found = yield from token.judged(at, exchange, answer, scope.value, resource)
        yield Learned("token", found)
        return found

    return (yield from staged(Stage.TOKEN, judged(), _summary))


def _direct(asker: Endpoint, grant: str, resource: str | None, scope: Scope) -> Protocol[Token]:
    """Get a token with no person in between (CC1, WI1, EM1)."""
    at = replace(asker, judge=asker.judge.at(Stage.TOKEN))
    ways = {
        "client_credentials": grants.client_credentials,
        "jwt-bearer": grants.jwt_bearer,
        "id-jag": grants.id_jag,
    }

    def body() -> Protocol[Token]:
        exchange, answer = yield from ways[grant](at, resource, scope.value, scope.reason)
        found = yield from token.judged(at, exchange, answer, scope.value, resource)
        yield Learned("token", found)
        return found

    return (yield from staged(Stage.TOKEN, body(), _summary))


def _verify(
    judge: Judge, held: Token, contact: Contact, number: int, dpop: Dpop | None
) -> Protocol[verify.Verdict]:
    def body() -> Protocol[verify.Verdict]:
        at = judge.at(Stage.VERIFY)
        verdict = yield from verify.verify(at, held, contact, number, dpop)
        if verdict.peer is not None:
            yield Learned("peer", verdict.peer)
        return verdict

    def summary(verdict: verify.Verdict) -> str:
        if verdict.peer is None:
            return "refused with 401" if verdict.exchange else "more scope is needed"
        peer, tools = verdict.peer, verdict.peer.tools
        parts = [f"{peer.name} {peer.version}".strip(), peer.revision]
        parts += [] if tools is None else [count(len(tools), "tool")]
        return ", ".join(part for part in parts if part)

    return (yield from staged(Stage.VERIFY, body(), summary))
