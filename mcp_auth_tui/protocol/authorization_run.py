"""Knows the order of the stages behind the challenge; knows no rule itself, nor who asks.

It is loaded while the first answer is waited for.
"""

from __future__ import annotations

from dataclasses import replace

from mcp_auth_tui.model import Finding, Learned, Left, Level, Outcome, Stage, Status
from mcp_auth_tui.model.oauth import (
    AuthorizationCode,
    AuthorizationServer,
    Client,
    Contact,
    Known,
    Peer,
    Resource,
    Token,
)
from mcp_auth_tui.protocol import causes, grant_types, stages
from mcp_auth_tui.protocol.actions import DropClient, FlowStop, Protocol
from mcp_auth_tui.protocol.authorization import scope_refusals
from mcp_auth_tui.protocol.authorization.scope import Scope, choose_scope
from mcp_auth_tui.protocol.checks.challenge import divided
from mcp_auth_tui.protocol.judge import Judge
from mcp_auth_tui.protocol.mcp import verify
from mcp_auth_tui.protocol.mcp.first_contact import explained
from mcp_auth_tui.protocol.registration import dynamic, refusals
from mcp_auth_tui.protocol.registration.client import bind_again
from mcp_auth_tui.protocol.staging import staged
from mcp_auth_tui.protocol.tokens import grants, renewal, response
from mcp_auth_tui.protocol.tokens.dpop import Dpop, choose_dpop
from mcp_auth_tui.protocol.tokens.endpoint import Endpoint
from mcp_auth_tui.records import dataclass

_NARROW = "The client was registered for fewer scopes than are needed now: it is registered anew."
_NOT_KEPT = (
    "The authorization server lists offline_access and does not take it: it is asked without, and"
    " nobody stays signed in."
)
_DEAD = "The authorization server does not know the kept client any more: a new one is registered."


def authorized(authorization: AuthorizationRun, known: Known, start: Stage) -> Protocol[Outcome]:
    """Get a token from a stage on; where that fails, an earlier finding may be the cause."""
    told: list[Finding] = []
    try:
        return (yield from causes.remembered(authorization.run(known, start), told))
    except FlowStop as stopped:
        raise causes.explained(explained(stopped, authorization.contact), told) from None


@dataclass(slots=True)
class AuthorizationRun:
    """What a run has found so far; a refusal may throw some of it away and go on."""

    judge: Judge
    contact: Contact
    resource: Resource | None = None
    server: AuthorizationServer | None = None
    client: Client | None = None
    token: Token | None = None
    dpop: Dpop | None = None
    grant_type: str = ""
    bound: bool = False
    """Whether the callback listener of this run is bound (B1)."""
    new: bool = False
    """Whether the client was registered in this run."""
    peer: Peer | None = None
    """What the server told about itself to who brought the token."""

    def run(self, known: Known, start: Stage) -> Protocol[Outcome]:
        """Run from a stage on, with what is known of those before it."""
        yield from self.resume_from(known, start)
        return (yield from self.run_until_accepted())

    def resume_from(self, known: Known, start: Stage) -> Protocol[None]:
        """Take over what is known of the stages before the one to start from."""
        order = list(Stage)
        if order.index(start) > order.index(Stage.RESOURCE):
            resource = known.resource
            self.resource = replace(resource, exchange=None) if resource is not None else None
        if order.index(start) > order.index(Stage.SERVER):
            self.server = known.server
        if order.index(start) > order.index(Stage.REGISTER):
            self.client = known.client
        if order.index(start) > order.index(Stage.TOKEN):
            self.token = known.token
        elif start is Stage.TOKEN and known.token is not None and known.token.refresh:
            # The code is spent: from here on a run goes by the refresh token.
            yield from self._metadata()
            self.token = yield from self._refresh(known.token)

    def run_until_accepted(self) -> Protocol[Outcome]:
        """Get a token and use it, as often as refusals and S2 allow."""
        refused, before = self.contact, frozenset[str]()
        for number in range(1, verify.LIMIT + 1):
            resource, server = yield from self._metadata()
            at = self.judge.at(Stage.AUTHORIZE)
            challenged = divided(refused.param("scope"), resource.scopes)
            scope = choose_scope(at, challenged, resource, server, before, again=number > 1)
            if self.client is None:
                proofs = self.dpop is not None
                self.client = yield from stages.get_client(
                    self.judge, server, self.grant_type, scope, dpop=proofs
                )
                self.bound = True
                self.new = self.client.how == "dynamic" and not self.client.stored
            if self.token is None:
                self.token = yield from self.get_token(server, self.client, scope, refused, number)
            scopes = verify.ScopeRequest(refused, resource.scopes)
            verdict = yield from stages.try_token(
                self.judge, self.token, self.contact, number, self.dpop, scopes
            )
            if verdict.refused is None:
                self.peer = verdict.peer
                return (yield from self._finish())
            refused, before = verdict.refused, verify.granted_scopes(self.token)
            named = refused.params("resource_metadata")
            moved = named and self.resource is not None and self.resource.url not in named
            if verdict.exchange is not None or moved:
                before = yield from self.rediscover(verdict, before)
            self.token = None
            self.contact = replace(self.contact, era=refused.era, revision=refused.revision)
            self.judge = replace(self.judge, revision=refused.revision)
        self.judge.at(Stage.VERIFY).stop(
            "rs-stepup-limit",
            seen=f"{verify.LIMIT} authorizations; {refused.param('error') or 'still refused'}",
        )

    def _metadata(self) -> Protocol[tuple[Resource, AuthorizationServer]]:
        if self.resource is None:
            self.resource = yield from stages.find_resource(self.judge, self.contact)
        if self.resource.legacy and self.judge.config.issuer is None:
            self.judge = replace(self.judge, revision="2025-03-26")
        if self.server is None:
            self.server = yield from stages.find_server(self.judge, self.resource, self.contact)
        at = self.judge.at(Stage.SERVER)
        if not self.grant_type:
            self.grant_type = grant_types.choose_grant(self.judge.config, self.server)
            grants.check_offered(at, self.server, self.grant_type)
        if self.dpop is None:
            self.dpop = choose_dpop(at, self.resource, self.server, self.contact)
        return self.resource, self.server

    def get_token(
        self,
        server: AuthorizationServer,
        client: Client,
        scope: Scope,
        refused: Contact,
        number: int,
    ) -> Protocol[Token]:
        """Get a token by the grant of this run; the client stays as the server took it."""
        at = self.judge.at(Stage.AUTHORIZE)
        asker = Endpoint(at, server, client, self.dpop)
        try:
            token = yield from self._get_token(asker, scope, refused, number)
        except FlowStop as stopped:
            finding = stopped.finding
            if not asker.client.stored or "invalid_client" not in finding.seen:
                raise
            yield replace(finding, level=Level.WARNING, message=_DEAD, meanwhile="")
            yield DropClient(asker.client)
            client = yield from self._register_anew(server, scope)
            asker = Endpoint(at, server, client, self.dpop)
            token = yield from self._get_token(asker, scope, refused, number)
        yield from self._keep_client(asker)
        return token

    def _keep_client(self, asker: Endpoint) -> Protocol[None]:
        """Keep the way of authentication that worked, for all that follows."""
        if asker.client != self.client:
            self.client = asker.client
            yield Learned("client", asker.client)

    def _get_token(
        self, asker: Endpoint, scope: Scope, refused: Contact, number: int
    ) -> Protocol[Token]:
        assert self.resource is not None
        at, client = asker.judge, asker.client
        named = self.resource.identifier if at.config.send_resource else None
        if self.grant_type == "authorization_code":
            if not self.bound:
                yield from bind_again(at, client)
                self.bound = True
            code = yield from self._sign_in(asker, scope, refused, number)
            return (yield from stages.exchange_code(asker, code))
        if self.grant_type == "device_code":
            return (yield from stages.sign_in_elsewhere(asker, named, scope))
        yield Left(Stage.AUTHORIZE, Status.SKIPPED, f"{self.grant_type}: no person is part of it")
        return (yield from stages.obtain_directly(asker, self.grant_type, named, scope))

    def _sign_in(
        self, asker: Endpoint, scope: Scope, refused: Contact, number: int
    ) -> Protocol[AuthorizationCode]:
        """Sign in; a registered client that is refused is registered anew, once (K7).

        That is one which was kept and is gone, or one whose scopes a step-up has outgrown.
        """
        assert self.resource is not None
        arguments = (asker, self.resource, scope, refused, number)
        try:
            return (yield from stages.sign_in(*arguments, new=self.new))
        except FlowStop as stopped:
            finding, client = stopped.finding, asker.client
            # What is followed is not asked ahead, and so is refused in other words.
            followed = client.stored and asker.judge.config.follow and finding.id == "authz-error"
            dead = (finding.id == "authz-client-refused" or followed) and not self.new
            narrow = "invalid_scope" in finding.seen and dynamic.outgrown(client, scope)
            able = client.how == "dynamic" and asker.server.registration_endpoint is not None
            typed = asker.judge.config.scope is not None
            fewer = scope_refusals.without_offline(finding, scope, typed=typed)
            if fewer is not None and (self.new or not (able and narrow)):
                yield replace(finding, level=Level.WARNING, message=_NOT_KEPT, meanwhile="")
                return (yield from self._sign_in(asker, fewer, refused, number))
            if narrow and self.new and number == 1:  # it was registered for these very scopes
                raise refusals.too_wide(finding, client) from None
            if not able or not (dead or narrow):
                raise scope_refusals.explained(stopped, asker.server, scope) from None
        why = _DEAD if dead else _NARROW
        yield replace(finding, level=Level.WARNING, message=why, meanwhile="")
        if dead and client.stored:
            yield DropClient(client)
        asker.client = yield from self._register_anew(asker.server, scope)
        return (yield from stages.sign_in(asker, self.resource, scope, refused, number, new=True))

    def _register_anew(self, server: AuthorizationServer, scope: Scope) -> Protocol[Client]:
        """Register a client in the place of one that the server does not take (any more)."""
        judge = replace(self.judge, config=replace(self.judge.config, recall_clients=False))
        proofs = self.dpop is not None
        self.client = yield from stages.get_client(
            judge, server, self.grant_type, scope, dpop=proofs
        )
        self.bound = self.new = True
        return self.client

    def rediscover(
        self, verdict: verify.Verdict, before: frozenset[str]
    ) -> Protocol[frozenset[str]]:
        """Read the resource metadata again after a 401, or when a challenge names new one (C5, M1).

        Returns the scopes to keep asking for: none of an issuer that was left. Raises `FlowStop`
        when a 401 has no such reason, or when a client made by hand belongs to the old issuer.
        """
        refused, exchange = verdict.refused, verdict.exchange
        assert refused and self.token and self.resource and self.server and self.client
        judge = self.judge.at(Stage.VERIFY)
        if refused.param("error") == "insufficient_user_authentication":
            return before
        now = yield from stages.find_resource(self.judge, refused, again=True)
        if not now.issuers or self.server.issuer in now.issuers:
            if exchange is not None:
                token = replace(self.token, verified=verdict.accepted)
                from mcp_auth_tui.protocol.mcp import fresh_refusal  # only a refusal needs it

                asker = self._asker
                yield from fresh_refusal.explained(
                    judge, asker, token, refused, exchange, self.contact
                )
            self.resource = now
            return before
        seen = f"before: {self.server.issuer}; now: {', '.join(now.issuers)}"
        if self.client.how == "pre-registered":
            judge.stop(
                "as-changed",
                seen=f"{seen}; the client {self.client.id} belongs to the old one",
                exchange=exchange,
            )
        yield from judge.note("as-changed", seen=seen, exchange=exchange)
        self.resource, self.server, self.dpop, self.grant_type = now, None, None, ""
        self.client = None
        return frozenset()

    def _refresh(self, old: Token) -> Protocol[Token]:
        asker = self._asker

        def body() -> Protocol[Token]:
            token = yield from renewal.renew(asker, old)
            yield from self._keep_client(asker)
            return token

        return (yield from staged(Stage.TOKEN, body(), lambda _: "refreshed"))

    def _renew(self, old: Token) -> Protocol[Token]:
        """Refresh, or ask anew where the same credentials bring a new token (EM3)."""
        if self._by_sign_in:
            return (yield from self._refresh(old))
        assert self.server and self.client
        scope = Scope(old.scope_asked, "as before")
        return (yield from self.get_token(self.server, self.client, scope, self.contact, 1))

    @property
    def _asker(self) -> Endpoint:
        """The token endpoint, as the client of this run asks it."""
        assert self.server and self.client
        return Endpoint(self.judge.at(Stage.TOKEN), self.server, self.client, self.dpop)

    @property
    def _by_sign_in(self) -> bool:
        """Whether a new token without a refresh token means that a person signs in again."""
        return self.grant_type not in grant_types.DIRECT

    def _finish(self) -> Protocol[Outcome]:
        """Refresh once and verify again, when that was asked for."""
        assert self.token is not None
        if self.judge.config.refresh and self.token.refresh is None and self._by_sign_in:
            yield from response.not_refreshable(self.judge.at(Stage.VERIFY), self.token)
        elif self.judge.config.refresh:
            before = self.token
            self.token = yield from self._renew(before)
            verdict = yield from stages.try_token(
                self.judge, self.token, self.contact, verify.LIMIT, self.dpop
            )
            if verdict.refused is not None and verdict.exchange is not None:
                from mcp_auth_tui.protocol.mcp import fresh_refusal  # only a refusal needs it

                at, refused = self.judge.at(Stage.VERIFY), verdict.refused
                fresh_refusal.stop(at, self.token, refused, verdict.exchange, self.contact, before)
        return Outcome.OK
