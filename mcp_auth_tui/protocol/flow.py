"""Knows the order of the stages, and reads like the sequence diagram; knows no rule itself."""

from __future__ import annotations

from dataclasses import dataclass, replace

from mcp_auth_tui.model import Learned, Left, Outcome, Session, Stage, Status
from mcp_auth_tui.model.oauth import AuthorizationServer, Client, Contact, Resource, Token
from mcp_auth_tui.protocol import stages
from mcp_auth_tui.protocol.actions import Protocol
from mcp_auth_tui.protocol.authorization import request
from mcp_auth_tui.protocol.authorization.request import Scope
from mcp_auth_tui.protocol.config import Config
from mcp_auth_tui.protocol.judge import Judge
from mcp_auth_tui.protocol.mcp import verify
from mcp_auth_tui.protocol.registration import client as registration
from mcp_auth_tui.protocol.staging import staged
from mcp_auth_tui.protocol.tokens import dpop as proofs
from mcp_auth_tui.protocol.tokens import grants, response
from mcp_auth_tui.protocol.tokens.dpop import Dpop
from mcp_auth_tui.protocol.tokens.endpoint import Endpoint


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
        contact, opened = yield from stages.probe(judge)
    else:
        contact = replace(contact, exchange=None)  # its number means another one in this run
    if opened is not None and not config.force:
        return Outcome.OPEN
    judge = replace(judge, revision=contact.revision).asking(contact.url)
    course = _Course(judge, contact)
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
    new: bool = False
    """Whether the client was registered in this run."""

    def set_out(self, known: Session, start: Stage) -> Protocol[None]:
        """Take over what an earlier run found before the stage to start from."""
        order = list(Stage)
        if order.index(start) > order.index(Stage.RESOURCE):
            found = known.resource
            self.protected = replace(found, exchange=None) if found is not None else None
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
                self.client = yield from stages.get_client(self.judge, issuer, self.grant)
                self.bound = self.new = True
            if self.held is None:
                at = self.judge.at(Stage.AUTHORIZE)
                challenged = refused.param("scope")
                scope = request.choose_scope(
                    at, challenged, protected, issuer, before, again=number > 1
                )
                self.held = yield from self._obtain(issuer, self.client, scope, refused, number)
            asked = verify.Asked(refused, protected.scopes)
            verdict = yield from stages.try_token(
                self.judge, self.held, self.contact, number, self.dpop, asked
            )
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
        self.judge.at(Stage.VERIFY).stop(
            "rs-stepup-limit",
            seen=f"{verify.LIMIT} authorizations; {refused.param('error') or 'still refused'}",
        )

    def _metadata(self) -> Protocol[tuple[Resource, AuthorizationServer]]:
        if self.protected is None:
            self.protected = yield from stages.find_resource(self.judge, self.contact)
        if self.protected.legacy and self.judge.config.issuer is None:
            self.judge = replace(self.judge, revision="2025-03-26")
        if self.issuer is None:
            self.issuer = yield from stages.find_server(self.judge, self.protected, self.contact)
        at = self.judge.at(Stage.SERVER)
        if not self.grant:
            self.grant = grants.choose(self.judge.config, self.issuer)
            grants.offered(at, self.issuer, self.grant)
        if self.dpop is None:
            self.dpop = proofs.wanted(at, self.protected, self.issuer, self.contact)
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
            grant = yield from stages.sign_in(
                asker, self.protected, scope, refused, number, new=self.new and number == 1
            )
            return (yield from stages.exchange_code(self.judge, issuer, client, grant, self.dpop))
        if self.grant == "device_code":
            return (yield from stages.sign_in_elsewhere(asker, named, scope))
        yield Left(Stage.AUTHORIZE, Status.SKIPPED, f"{self.grant}: no person is part of it")
        return (yield from stages.obtain_directly(asker, self.grant, named, scope))

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
        now = yield from stages.find_resource(self.judge, refused, again=True)
        if not now.issuers or self.issuer.issuer in now.issuers:
            if exchange is not None:
                verify.fresh_refused(judge, self.held, refused, exchange, self.contact)
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
            made = yield from response.refresh(asker, old)
            yield Learned("token", made)
            return made

        return (yield from staged(Stage.TOKEN, body(), lambda _: "refreshed"))

    def _renewed(self, old: Token) -> Protocol[Token]:
        """Refresh, or ask anew where the same credentials bring a new token (EM3)."""
        if self.grant not in grants.DIRECT:
            return (yield from self._refreshed(old))
        assert self.issuer and self.client
        scope = Scope(old.scope_asked, "as before")
        return (yield from self._obtain(self.issuer, self.client, scope, self.contact, 1))

    def _finish(self) -> Protocol[Outcome]:
        """Refresh once and verify again, when that was asked for."""
        assert self.held is not None
        if self.judge.config.refresh:
            self.held = yield from self._renewed(self.held)
            verdict = yield from stages.try_token(
                self.judge, self.held, self.contact, verify.LIMIT, self.dpop
            )
            if verdict.refused is not None and verdict.exchange is not None:
                at, refused = self.judge.at(Stage.VERIFY), verdict.refused
                verify.fresh_refused(at, self.held, refused, verdict.exchange, self.contact)
        return Outcome.OK
