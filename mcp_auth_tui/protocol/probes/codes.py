"""Knows what must be refused of a code, and of the requests that bring one (SPEC 5)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from urllib.parse import urlsplit, urlunsplit

from mcp_auth_tui.model import Exchange, Failure, Level, Secret
from mcp_auth_tui.model.oauth import Attempt, Client
from mcp_auth_tui.protocol import error_answer
from mcp_auth_tui.protocol.actions import Bind, Protocol, RandomOctets
from mcp_auth_tui.protocol.checks.callback import consent
from mcp_auth_tui.protocol.probes import access
from mcp_auth_tui.protocol.probes.authorization import answer_to, ask, asked, error_of, prepared
from mcp_auth_tui.protocol.probes.sign_ins import arrive, redeem, second_client
from mcp_auth_tui.protocol.probes.target import Target, Unable, refused, status_of
from mcp_auth_tui.protocol.probes.trial import Trial
from mcp_auth_tui.records import dataclass

_FOREIGN = "https://probe.example/mcp"
_WRONG = "w" * 43
# What may come back unharmed (RFC 6749 appendix A.5), and has to (§4.1.2).
_STATE = "a+b&c%d=e f/" + "0123456789" * 49


@dataclass(frozen=True, slots=True)
class _Attack:
    """A way to redeem a code that must be refused."""

    id: str
    what: str
    changes: Mapping[str, str | None]
    other_client: bool = False


_ATTACKS = (
    _Attack("probe-pkce-wrong", "a wrong verifier", {"code_verifier": _WRONG}),
    _Attack("probe-pkce-missing", "no verifier", {"code_verifier": None}),
    _Attack("probe-code-client", "another client", {}, other_client=True),
    _Attack("probe-redirect-token", "another redirect address", {"redirect_uri": _FOREIGN}),
)
ATTACKED = tuple(attack.id for attack in _ATTACKS)


def attacks(target: Target) -> Protocol[Mapping[str, tuple[Trial, ...]]]:
    """Redeem codes in every wrong way, with as few sign-ins as can prove something.

    A refusal proves something while the code is good: that is so at the first use, and before any
    use that brings a token. Where a server spends a code at the first wrong use, each way takes a
    sign-in of its own.
    """
    pending, trials = list(_ATTACKS), dict[str, tuple[Trial, ...]]()
    other: Client | None = None
    reason = ""
    while pending:
        attempt = yield from prepared(target)
        try:
            code = (yield from arrive(target, attempt)).code
        except Unable as unable:
            reason = str(unable)
            break
        tried: list[tuple[_Attack, Trial]] = []
        alive = False
        for attack in pending:
            if attack.other_client and other is None:
                other = yield from other_client(target)
            trial = yield from _attacked(target, attempt, code, attack, other)
            tried.append((attack, trial))
            if trial.kept is False:
                alive = True
                break
        if not alive:
            _, token = yield from redeem(target, attempt, code, "the code as it should be")
            alive = token is not None
        for attack, trial in tried if alive else tried[:1]:
            trials[attack.id] = (trial,)
            pending.remove(attack)
    for attack in pending:
        trials[attack.id] = (Trial(attack.what, None, reason),)
    return trials


def _attacked(
    target: Target, attempt: Attempt, code: Secret, attack: _Attack, other: Client | None
) -> Protocol[Trial]:
    client = other if attack.other_client else None
    exchange, token = yield from redeem(
        target,
        attempt,
        code,
        f"the code with {attack.what}",
        changes=attack.changes,
        client=client,
    )
    return token_refused(attack.what, exchange, issued=token is not None)


def token_refused(what: str, exchange: Exchange, *, issued: bool) -> Trial:
    """Judge an answer of the token endpoint that should be a refusal."""
    if issued:
        return Trial(what, False, "a token was issued", exchange.number)
    if exchange.response is None or exchange.status >= 500:
        return Trial(what, None, status_of(exchange), exchange.number)
    code = error_answer.read(exchange).code
    seen = f"{status_of(exchange)}{f' {code}' if code else ''}"
    return Trial(what, True, seen, exchange.number)


def other_client(target: Target) -> Protocol[Client]:
    """Return another client: a registered one, else one that nobody knows."""
    try:
        return (yield from second_client(target))
    except Unable:
        octets: bytes = yield RandomOctets(8)
        client = target.need_client()
        return replace(client, id=f"probe-{octets.hex()}", auth_method="none", secret=None)


def replay(target: Target) -> Protocol[tuple[Trial, ...]]:
    """Redeem a code twice: the second time is refused, and the first token should end with it."""
    attempt = yield from prepared(target)
    code = (yield from arrive(target, attempt)).code
    first, token = yield from redeem(target, attempt, code, "a code, the first time")
    if token is None:
        raise Unable(f"a good code was not taken ({status_of(first)})")
    second, again = yield from redeem(target, attempt, code, "the same code once more")
    trial = token_refused("the same code once more", second, issued=again is not None)
    after = yield from target.speak("probe: the token of the first time", token=token)
    if trial.kept:
        ended = "ended" if after.status == 401 else "stays good (it SHOULD be revoked)"
        trial = replace(trial, seen=f"{trial.seen}; the first token {ended}")
    return (trial,)


# -- requests that bring a code


def _code(target: Target, attempt: Attempt, what: str) -> Protocol[tuple[Trial, Secret | None]]:
    """Make a request that should bring no code; where a page leaves that open, a person signs in.

    Returns the code too, where one was issued all the same.
    """
    trial, code = yield from asked(target, attempt, what)
    if trial.kept is not None:
        return trial, code
    arrival = yield from arrive(target, attempt)
    if "code" not in arrival.values:
        return error_of(arrival.values, what, trial.exchange), None
    return Trial(what, False, "a code was issued", trial.exchange), arrival.code


def pkce_downgrade(target: Target) -> Protocol[tuple[Trial, ...]]:
    """Ask without a code challenge, and redeem what comes with a verifier all the same."""
    what = "no code_challenge"
    left_out = {"code_challenge": None, "code_challenge_method": None}
    attempt = yield from prepared(target, left_out)
    trial, code = yield from _code(target, attempt, what)
    if code is None:
        return (trial,)
    exchange, token = yield from redeem(target, attempt, code, "a code without a challenge")
    if token is not None:
        return (replace(trial, seen=f"{trial.seen}, and redeemed with a verifier"),)
    if target.need_client().auth_method == "none":
        return (replace(trial, seen=f"{trial.seen} to a public client", level=Level.WARNING),)
    return (Trial(what, True, "the code was refused with a verifier", exchange.number),)


def pkce_plain(target: Target) -> Protocol[tuple[Trial, ...]]:
    """Ask with the challenge method ``plain``, where the server does not list it."""
    server, _, _ = target.need_code_flow()
    if "plain" in (server.list("code_challenge_methods_supported") or ()):
        raise Unable("the server lists plain")
    changes = {"code_challenge": "p" * 43, "code_challenge_method": "plain"}
    attempt = yield from prepared(target, changes)
    return ((yield from _code(target, attempt, "the method plain"))[0],)


def audience(target: Target) -> Protocol[tuple[Trial, ...]]:
    """Ask for a token for another resource: it is refused, or this server refuses the token."""
    what = f"a token for {_FOREIGN}"
    attempt = yield from prepared(target, {"resource": _FOREIGN})
    trial, code = yield from _code(target, attempt, what)
    if code is None:
        return (trial,)
    exchange, token = yield from redeem(target, attempt, code, "a code for elsewhere")
    if token is None:
        return (token_refused(what, exchange, issued=False),)
    answer = yield from target.speak("probe: a token for another resource", token=token)
    verdict = refused("the token for another resource", answer, expected=(401, 403))
    if verdict.kept is False:
        verdict = replace(verdict, seen=f"{verdict.seen} (issued for {_named(token.claims)})")
    return (verdict,)


def _named(claims: Mapping[str, object] | None) -> str:
    value = (claims or {}).get("aud")
    return f"aud {value}" if value else "no audience that can be read"


def scope(target: Target) -> Protocol[tuple[Trial, ...]]:
    """Call a tool that needs more, with a token of the least scope."""
    if not target.privileged:
        raise Unable("no tool that needs more scope was named (--privileged-tool)")
    _, _, resource = target.need_code_flow()
    listed = (target.contact.param("scope") or "").split() or list(resource.scopes)
    least = listed[0] if listed else None
    attempt = yield from prepared(target, {"scope": least})
    code = (yield from arrive(target, attempt)).code
    exchange, token = yield from redeem(target, attempt, code, "a code of the least scope")
    if token is None:
        raise Unable(f"no token of the least scope was issued ({status_of(exchange)})")
    called = yield from access.privileged_tool(target, token)
    return access.scope_refusal(target.privileged, called)


def state_echo(target: Target) -> Protocol[tuple[Trial, ...]]:
    """Send a state with signs that mean something in a query, 502 characters long."""
    what = f"a state with + & % = and blanks, {len(_STATE)} characters"
    attempt = yield from prepared(target, {"state": _STATE})
    exchange = yield from ask(target, attempt, "a state with special characters")
    values = answer_to(attempt, exchange)
    if values is None:
        values = dict((yield from arrive(target, attempt, other_state=True)).values)
    came = values.get("state")
    seen = "came back as it was" if came == _STATE else f"came back otherwise: {came or 'none'}"
    return (Trial(what, came == _STATE, seen, exchange.number),)


def loopback_port(target: Target) -> Protocol[tuple[Trial, ...]]:
    """Use the registered loopback address with another port: it must be taken."""
    _, client, _ = target.need_code_flow()
    parts = urlsplit(client.redirect_uri)
    if parts.scheme != "http" or parts.hostname not in ("127.0.0.1", "::1"):
        raise Unable(f"{client.redirect_uri} is no address with a loopback IP")
    bound: str | Failure = yield Bind(None, None)
    if isinstance(bound, Failure):
        raise Unable(bound.message.rstrip("."))
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    address = urlunsplit(parts._replace(netloc=f"{host}:{urlsplit(bound).port}"))
    attempt = yield from prepared(target, {"redirect_uri": address})
    trial, code = yield from _code(target, attempt, "another port")
    if code is not None:
        return (replace(trial, kept=True, seen="accepted"),)
    kept = False if trial.kept else None
    seen = f"{trial.seen} for {address}"
    return (replace(trial, kept=kept, seen=seen, level=Level.WARNING),)


def silent_consent(target: Target) -> Protocol[tuple[Trial, ...]]:
    """Send the browser with a client that nobody has agreed to: a consent page has to appear."""
    if target.config.follow:
        raise Unable("no browser with a session is part of it (--browser follow)")
    first = target.client
    target.client = yield from second_client(target)
    try:
        attempt = yield from prepared(target)
        arrival = yield from arrive(target, attempt)
    finally:
        target.client = first
    instant = any(check.broken for check in consent(arrival.seconds)) and "code" in arrival.values
    what = "a new client in the same browser"
    seen = f"back after {arrival.seconds:.1f} s, {'no page' if instant else 'a page before it'}"
    return (Trial(what, not instant, seen),)
