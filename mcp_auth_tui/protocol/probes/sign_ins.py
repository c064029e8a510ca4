"""Knows how a person signs in for a probe, and how the code that comes back is redeemed.

Nothing here judges: what a server let through is for the probe to say.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from mcp_auth_tui.model import Exchange, Failure, Field, Secret, Stage
from mcp_auth_tui.model.oauth import Attempt, Client, Token
from mcp_auth_tui.protocol.actions import Answer, Await, Bind, Browse, Callback, Now, Protocol
from mcp_auth_tui.protocol.authorization.callback import read
from mcp_auth_tui.protocol.authorization.follow import follow
from mcp_auth_tui.protocol.authorization.scope import Scope
from mcp_auth_tui.protocol.probes.authorization import prepared
from mcp_auth_tui.protocol.probes.target import Target, Unable, quiet, status_of
from mcp_auth_tui.protocol.registration import dynamic
from mcp_auth_tui.protocol.tokens.response import read_token
from mcp_auth_tui.records import dataclass

_ARRIVALS = 20
# What a server makes of a request behind a body that it has left unread (see `Target.send`).
_GARBLED = 501
_REASON = "a probe"


@dataclass(frozen=True, slots=True)
class Arrival:
    """What the browser brought back from a sign-in."""

    values: Mapping[str, str]
    seconds: float
    """Since the browser was opened."""

    @property
    def code(self) -> Secret:
        """The code; raises `Unable` where there is none."""
        if "code" not in self.values:
            raise Unable(f"the sign-in ended with error={self.values.get('error', 'nothing')}")
        return Secret(self.values["code"])


def arrive(target: Target, attempt: Attempt, *, other_state: bool = False) -> Protocol[Arrival]:
    """Let the person sign in once more, and return what comes back; raises `Unable`.

    Answers with another state are not ours and are waited past, unless ``other_state``.
    """
    if target.sign_ins <= 0:
        raise Unable("no more sign-ins were allowed (--sign-ins)")
    target.sign_ins -= 1
    server, client, _ = target.need_code_flow()
    judge = target.judge.at(Stage.AUTHORIZE)
    if target.config.follow:
        callback: Callback = yield from quiet(follow(judge, server, client, attempt))
        return Arrival(dict(parse_qsl(callback.query, keep_blank_values=True)), 0.0)
    bound: str | Failure = yield Bind(attempt.redirect_uri, None)
    if isinstance(bound, Failure):
        raise Unable(bound.message.rstrip("."))
    begun: float = yield Now()
    yield Browse(attempt, target.config.wait)
    for _ in range(_ARRIVALS):
        arrived: Callback | Failure = yield Await()
        if isinstance(arrived, Failure):
            target.sign_ins = 0  # nobody is there for the others either
            raise Unable(arrived.message.rstrip("."))
        values = dict(parse_qsl(read(arrived)[0], keep_blank_values=True))
        if values.get("state") == attempt.state.reveal() or (other_state and "state" in values):
            yield Answer("done")
            now: float = yield Now()
            return Arrival(values, now - begun)
        yield Answer("ignored")
    raise Unable(f"{_ARRIVALS} callbacks that were not ours")


def redeem(
    target: Target,
    attempt: Attempt,
    code: Secret,
    what: str,
    *,
    changes: Mapping[str, str | None] | None = None,
    client: Client | None = None,
) -> Protocol[tuple[Exchange, Token | None]]:
    """Redeem a code as a run would, some fields changed (None: left out); None: no token came."""
    fields: dict[str, str | Secret | None] = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": attempt.redirect_uri,
        "code_verifier": attempt.verifier,
        "resource": attempt.resource,
        **(changes or {}),
    }
    return (yield from request_token(target, fields, what, client=client, scope=attempt.scope))


def refresh(
    target: Target,
    token: Token,
    what: str,
    *,
    changes: Mapping[str, str | None] | None = None,
    client: Client | None = None,
) -> Protocol[tuple[Exchange, Token | None]]:
    """Use a refresh token as a run would, some fields changed; None: no token came."""
    if token.refresh is None:
        raise Unable("no refresh token was issued")
    fields: dict[str, str | Secret | None] = {
        "grant_type": "refresh_token",
        "refresh_token": token.refresh,
        "resource": token.resource,
        **(changes or {}),
    }
    scope = token.scope_granted
    return (yield from request_token(target, fields, what, client=client, scope=scope))


def request_token(
    target: Target,
    fields: Mapping[str, str | Secret | None],
    what: str,
    *,
    client: Client | None = None,
    scope: str | None = None,
) -> Protocol[tuple[Exchange, Token | None]]:
    """Send a form to the token endpoint; a token that comes is noted, so that it is ended later."""
    asker = target.asker(client)
    form = tuple(Field(name, value, _REASON) for name, value in fields.items() if value is not None)
    exchange, answer = yield from quiet(asker.ask(form, f"probe: {what}", patient=True))
    if exchange.status == _GARBLED:
        exchange, answer = yield from quiet(asker.ask(form, f"probe: {what}", patient=True))
    if answer is None or "access_token" not in answer or exchange.status >= 300:
        return exchange, None
    resource = fields.get("resource")
    named = resource if isinstance(resource, str) else None
    token = yield from quiet(read_token(asker, exchange, _readable(answer), scope, named))
    target.issued.append(token)
    return exchange, token


def _readable(answer: Mapping[str, Any]) -> Mapping[str, Any]:
    # What is wrong with the form of an answer is a run's to say, not a probe's.
    return {**answer, "token_type": answer.get("token_type") or "Bearer"}


def new_token(target: Target) -> Protocol[Token]:
    """Let the person sign in for a token of its own grant; raises `Unable`."""
    attempt = yield from prepared(target)
    code = (yield from arrive(target, attempt)).code
    exchange, token = yield from redeem(target, attempt, code, "a code for a new grant")
    if token is None:
        raise Unable(f"a good code was not taken ({status_of(exchange)})")
    return token


def second_client(target: Target) -> Protocol[Client]:
    """Register one more client, as the first was; raises `Unable`."""
    server, client, _ = target.need_code_flow()
    if not server.registration_endpoint:
        raise Unable("the server registers no clients, so there is no second one")
    judge = target.judge.at(Stage.REGISTER)
    scope = Scope(target.token.scope_asked if target.token else None, _REASON)
    registering = dynamic.register(judge, server, client.redirect_uri, scope)
    second = yield from quiet(registering)
    target.clients.append(second)
    return second
