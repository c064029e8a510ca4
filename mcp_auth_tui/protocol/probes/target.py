"""Knows what the probes have in hand: the server, a client and tokens of their own; no rule.

Everything here was obtained for the probes: the token goes to its own resource only, and what was
registered or issued is ended when they are done.
"""

from __future__ import annotations

from dataclasses import field, replace
from typing import TypeVar

from mcp_auth_tui.model import Exchange, Field, Kind, Level, Request, Secret, Stage
from mcp_auth_tui.model.oauth import (
    AuthorizationServer,
    Client,
    Contact,
    Resource,
    Token,
)
from mcp_auth_tui.protocol import retry_after
from mcp_auth_tui.protocol.actions import Close, FlowStop, Open, Protocol, Sleep, untold
from mcp_auth_tui.protocol.config import NEWEST_INITIALIZE, REVISIONS, Config
from mcp_auth_tui.protocol.judge import Judge
from mcp_auth_tui.protocol.mcp import jsonrpc
from mcp_auth_tui.protocol.mcp.opening import opening_params
from mcp_auth_tui.protocol.probes.trial import Trial
from mcp_auth_tui.protocol.tokens.dpop import Dpop, send_with_proof, with_proof
from mcp_auth_tui.protocol.tokens.endpoint import Endpoint
from mcp_auth_tui.records import dataclass

_PATIENCE = 30.0
"""The most seconds that are waited when a server asks to wait."""
_BUSY_LIMIT = 3


T = TypeVar("T")


def quiet(steps: Protocol[T]) -> Protocol[T]:
    """Do what a run does without its findings: they were told when the run did it.

    Raises `Unable` where the run would have ended.
    """
    try:
        return (yield from untold(steps, []))
    except FlowStop as stopped:
        raise Unable(f"{stopped.finding.message.rstrip('.')} ({stopped.finding.id})") from None


class Unable(Exception):
    """A probe cannot be tried; the message says why, as half a sentence."""


@dataclass(slots=True)
class Target:
    """One MCP server with its authorization server, as far as a run has found them."""

    judge: Judge
    contact: Contact
    resource: Resource | None = None
    server: AuthorizationServer | None = None
    client: Client | None = None
    token: Token | None = None
    dpop: Dpop | None = None
    sign_ins: int = 0
    """How many more times the person may be asked to sign in."""
    destructive: bool = False
    """Whether what ends grants may be tried too."""
    privileged: str = ""
    """A tool that needs more than the least scope; empty: none was named."""
    clients: list[Client] = field(default_factory=list)
    """Further clients that were registered for a probe."""
    issued: list[Token] = field(default_factory=list)
    """Further tokens that were issued to a probe."""
    busy: int = 0
    """How often a server asked to wait, though it had been waited for."""
    session: Secret | None = None
    id: int = 9000

    @property
    def config(self) -> Config:
        """The settings of the run."""
        return self.judge.config

    def need_server(self) -> AuthorizationServer:
        """Return the authorization server; raises `Unable`."""
        if self.server is None:
            raise Unable("no authorization server was found")
        return self.server

    def need_client(self) -> Client:
        """Return the client of this run; raises `Unable`."""
        if self.client is None:
            raise Unable("there is no client at this authorization server")
        return self.client

    def need_token(self) -> Token:
        """Return the access token; raises `Unable`."""
        if self.token is None:
            raise Unable("nobody signed in, so there is no token")
        return self.token

    def need_code_flow(self) -> tuple[AuthorizationServer, Client, Resource]:
        """Return what an authorization request is made of; raises `Unable`."""
        server, client = self.need_server(), self.need_client()
        if self.resource is None or not client.redirect_uri:
            raise Unable("the code flow is not used in this run")
        return server, client, self.resource

    def asker(self, client: Client | None = None) -> Endpoint:
        """Return the token endpoint as a client speaks to it, in one way alone; raises `Unable`."""
        client = client or self.need_client()
        # No second way of authentication: each try is one request.
        config = replace(self.config, auth_method=client.auth_method, strict=False)
        judge = replace(self.judge, config=config, stage=Stage.TOKEN)
        return Endpoint(judge, self.need_server(), client, self.dpop)

    def send(self, request: Request, token: Token | None = None) -> Protocol[Exchange]:
        """Send one request; where the server asks to wait, or fails, it is sent once more.

        A server that leaves the body of what it refuses unread takes it for the next request of
        that connection, and fails there: that says nothing about this request.

        ``token``: with a fresh proof for it, where tokens are bound. Raises `Unable` where the
        server goes on asking to wait.
        """
        if self.busy >= _BUSY_LIMIT:
            raise Unable("the server asks to wait (429), again and again")
        for final in (False, True):
            exchange = yield from self._sent(request, token)
            seconds = _asks_to_wait(exchange)
            if seconds is None and (final or exchange.status < 500):
                return exchange
            if seconds is None:
                continue
            if final or seconds > _PATIENCE:
                break
            yield Sleep(seconds)
        self.busy += 1
        raise Unable(f"the server asked to wait (HTTP {exchange.status})")

    def _sent(self, request: Request, token: Token | None) -> Protocol[Exchange]:
        proof = self.dpop if token is not None else None
        if _streams(request):
            if proof is not None:
                request = yield from with_proof(self.judge, proof, request, token)
            exchange: Exchange = yield Open(request)
            yield Close(exchange.number)
            return exchange
        id = (request.json or {}).get("id")
        enough = (lambda: jsonrpc.Enough(id)) if isinstance(id, int) else None
        return (yield from send_with_proof(self.judge, proof, request, token=token, enough=enough))

    # -- the MCP server

    def speak(
        self,
        what: str,
        credential: Field | None = None,
        *,
        token: Token | None = None,
        headers: tuple[Field, ...] = (),
        query: str = "",
        session: bool = True,
    ) -> Protocol[Exchange]:
        """Send the message that the server refused without a token.

        With ``credential``, the header field that carries one, or ``token``, whose proof is added.
        """
        request = yield from self.message(what, session=session)
        if credential is None and token is not None:
            credential = jsonrpc.authorization(token)[0]
        own = (*((credential,) if credential else ()), *headers)
        request = replace(request, headers=(*request.headers, *own))
        if query:
            mark = "&" if "?" in request.url else "?"
            request = replace(request, url=f"{request.url}{mark}{query}")
        return (yield from self.send(request, token))

    def message(self, what: str, *, session: bool = True) -> Protocol[Request]:
        """Return the message that the server refused without a token, as its era writes it."""
        method = self.contact.refused or "initialize"
        if self.contact.era == "stateless":
            return self._stateless(what, method if method != "initialize" else "tools/list")
        if self.contact.era == "sse" or method == "GET":
            return self.stream(what)
        if method in ("initialize", "server/discover"):
            return self._stateful(what, "initialize", None)
        if session and self.session is None:
            yield from self.begin_session()
        return self._stateful(what, method, self.session if session else None)

    def stream(self, what: str) -> Request:
        """Return the request for the stream of events."""
        accept = Field("Accept", "text/event-stream", "a stream", "MCP 2025-11-25 transports")
        return self._own(Request(Stage.VERIFY, what, "GET", self.config.url, Kind.MCP, (accept,)))

    def begin_session(self) -> Protocol[Exchange]:
        """Begin a session with the token, and remember its id."""
        token = self.need_token()
        request = self._stateful("a session for the probes", "initialize", None)
        headers = (*request.headers, *jsonrpc.authorization(token))
        exchange = yield from self.send(replace(request, headers=headers), token)
        response = exchange.response
        name = response.header("mcp-session-id") if response is not None else None
        self.session = Secret(name) if name and exchange.status < 300 else None
        return exchange

    def call(self, what: str, method: str, session: Secret | None, **params: object) -> Request:
        """Return a message of any method, as the server's era writes it."""
        if self.contact.era == "stateless":
            return self._stateless(what, method, **params)
        return self._stateful(what, method, session, **params)

    def _stateless(self, what: str, method: str, **params: object) -> Request:
        request = jsonrpc.stateless(
            Stage.VERIFY,
            self.config.url,
            method,
            params,
            id=self._number(),
            token=None,
            version=self.config.version,
            purpose=what,
        )
        return self._own(request)

    def _stateful(
        self, what: str, method: str, session: Secret | None, **params: object
    ) -> Request:
        if method == "initialize":
            revision = self.contact.revision
            known = revision in REVISIONS[:-1]
            params = opening_params(self.config, revision if known else NEWEST_INITIALIZE)
        request = jsonrpc.stateful(
            Stage.VERIFY,
            self.config.url,
            method,
            params,
            id=self._number(),
            token=None,
            purpose=what,
            revision=self.contact.revision if session is not None else "",
            session=session,
        )
        return self._own(request)

    def _own(self, request: Request) -> Request:
        fields = (Field(name, value, "as asked by --header") for name, value in self.config.headers)
        return replace(request, headers=(*request.headers, *fields))

    def _number(self) -> int:
        self.id += 1
        return self.id


def served(exchange: Exchange) -> bool:
    """Return whether an MCP server did what was asked, and not only answered."""
    if not 200 <= exchange.status < 300:
        return False
    body = exchange.request.json or {}
    id = body.get("id")
    if not isinstance(id, int):
        return True
    answer = jsonrpc.answer(exchange, id)
    return answer.result is not None or bool(answer.fault and answer.endpoint)


def status_of(exchange: Exchange) -> str:
    """Return the status, or why there was no answer."""
    if exchange.failure is not None:
        return f"no answer: {exchange.failure.message.rstrip('.')}"
    return f"HTTP {exchange.status}"


def refused(what: str, exchange: Exchange, *, expected: tuple[int, ...] = (401,)) -> Trial:
    """Judge an answer to what the MCP server must refuse, with one of some statuses."""
    if exchange.response is None:
        return Trial(what, None, status_of(exchange), exchange.number)
    if served(exchange):
        return Trial(what, False, f"{status_of(exchange)}, accepted", exchange.number)
    kept = exchange.status in expected
    if exchange.status >= 500 and not kept:
        # It was not let in; how it was kept out is another fault.
        return Trial(what, False, status_of(exchange), exchange.number, Level.WARNING)
    if 200 <= exchange.status < 300:
        return Trial(what, None, f"{status_of(exchange)} with an error in it", exchange.number)
    return Trial(what, kept, status_of(exchange), exchange.number)


def _streams(request: Request) -> bool:
    accepts = (item.raw for item in request.headers if item.name == "Accept")
    return request.method == "GET" and "text/event-stream" in accepts


def _asks_to_wait(exchange: Exchange) -> float | None:
    response = exchange.response
    if response is None or response.status not in (429, 503):
        return None
    after = response.header("retry-after") or ""
    if response.status == 503 and not after:
        return None
    if not after:
        return 1.0
    seconds = retry_after.delay(after)
    return _PATIENCE + 1 if seconds is None else float(seconds)
