"""Knows what the MCP server must refuse, with and without a token (SPEC 5); must not sign in."""

from __future__ import annotations

import hmac
import json
from base64 import urlsafe_b64encode
from collections.abc import Iterator, Mapping
from dataclasses import replace
from hashlib import sha256
from typing import Any

from mcp_auth_tui.model import Exchange, Field, Level, Request, Secret, Stage
from mcp_auth_tui.model.oauth import Token
from mcp_auth_tui.protocol import challenge
from mcp_auth_tui.protocol.actions import Now, Protocol, RandomOctets
from mcp_auth_tui.protocol.mcp import jsonrpc
from mcp_auth_tui.protocol.probes.target import Target, Unable, refused, served, status_of
from mcp_auth_tui.protocol.probes.trial import Trial
from mcp_auth_tui.protocol.urls import is_loopback, origin_text, split

_FOREIGN = "https://foreign-origin.example"
_NO_SERVICE = (401, 404, 405)
_REASON = "a probe: it must be refused"


def no_token(target: Target) -> Protocol[tuple[Trial, ...]]:
    """Ask in every way that a server may serve without having looked for a token."""
    ways: list[tuple[Request, tuple[int, ...]]] = []
    request = yield from target.message("probe: POST, no token", session=False)
    ways.append((request, (401,)))
    if target.contact.era != "sse":
        tool = target.call("probe: a tool call, no token", "tools/call", None, name="no-such-tool")
        ways.append((tool, (401, 400, 404)))
        ways.append((_notification(target), (401, 400, 404)))
        ways.append((replace(_bare(request), method="DELETE"), _NO_SERVICE))
        ways.append((target.stream("probe: the stream, no token"), (*_NO_SERVICE, 400, 406)))
    trials = []
    for way, expected in ways:
        exchange = yield from target.send(way)
        what = way.purpose.removeprefix("probe: ")
        trial = refused(what, exchange, expected=expected)
        # A server may forget a notification without a look at who sent it: nothing is served.
        if trial.kept is False and "notification" in what:
            trial = replace(trial, level=Level.WARNING)
        trials.append(trial)
    return tuple(trials)


def _bare(request: Request) -> Request:
    kept = tuple(item for item in request.headers if item.name != "Content-Type")
    return replace(request, json=None, headers=kept, purpose="probe: DELETE, no token")


def _notification(target: Target) -> Request:
    request = target.call("probe: a notification, no token", "notifications/initialized", None)
    body = {key: value for key, value in (request.json or {}).items() if key != "id"}
    return replace(request, json=body)


def garbage(target: Target) -> Protocol[tuple[Trial, ...]]:
    """Send tokens that cannot be good: random ones, and the good one damaged."""
    octets: bytes = yield RandomOctets(24)
    tokens = {"a random token": _encoded(octets), "a JWT of nobody": _forged({}, "HS256", octets)}
    if target.token is not None:
        good = target.token.access.reveal()
        tokens["the token cut short"] = good[: max(1, len(good) - 8)]
        tokens["the token with one character changed"] = _damaged(good)
    trials: list[Trial] = []
    for what, value in tokens.items():
        exchange = yield from target.speak(f"probe: {what}", _bearer(value))
        trials += _invalid(what, exchange)
    return tuple(trials)


def _damaged(token: str) -> str:
    # Not the last character: in base64url it may hold bits that mean nothing.
    place = max(0, len(token) - 6)
    other = "A" if token[place : place + 1] != "A" else "B"
    return f"{token[:place]}{other}{token[place + 1 :]}"


def _invalid(what: str, exchange: Exchange) -> Iterator[Trial]:
    """Judge the answer to a bad token: 401, and ``invalid_token`` in the challenge."""
    trial = refused(what, exchange)
    if trial.kept is False and not served(exchange):
        trial = replace(trial, level=Level.WARNING)
    yield trial
    if not trial.kept:
        return
    response = exchange.response
    fields = response.all("www-authenticate") if response is not None else ()
    errors = [item.get("error") for item in challenge.parse(fields).challenges]
    if "invalid_token" not in errors:
        seen = ", ".join(item for item in errors if item) or "no error parameter"
        yield Trial(what, False, f"HTTP 401 with {seen}", exchange.number, Level.WARNING)


def alg_none(target: Target) -> Protocol[tuple[Trial, ...]]:
    """Send the claims of the token under signatures that prove nothing."""
    claims = dict((target.token.claims if target.token else None) or {})
    if not claims:
        now: float = yield Now()
        claims = {
            "iss": target.server.issuer if target.server else origin_text(target.config.url),
            "aud": target.resource.identifier if target.resource else target.config.url,
            "sub": "probe",
            "client_id": target.client.id if target.client else "probe",
            "iat": int(now),
            "exp": int(now) + 600,
            "scope": (target.token.scope_granted if target.token else None) or "",
        }
    jose = {**((target.token.jose if target.token else None) or {})}
    trials = []
    for what, alg, key in (
        ("the claims with alg none", "none", None),
        ("the claims with alg None", "None", None),
        ("the claims with HS256 and an empty key", "HS256", b""),
        ("the claims with HS256 and the key “secret”", "HS256", b"secret"),
    ):
        token = _forged(claims, alg, key, jose)
        exchange = yield from target.speak(f"probe: {what}", _bearer(token))
        trial = refused(what, exchange)
        weak = trial.kept is False and not served(exchange)
        trials.append(replace(trial, level=Level.WARNING) if weak else trial)
    return tuple(trials)


def _forged(
    claims: Mapping[str, Any], alg: str, key: bytes | None, jose: Mapping[str, Any] | None = None
) -> str:
    header = {**(jose or {"typ": "at+jwt"}), "alg": alg}
    parts = [
        _encoded(json.dumps(item, separators=(",", ":")).encode()) for item in (header, claims)
    ]
    text = ".".join(parts)
    signature = "" if key is None else _encoded(hmac.digest(key, text.encode(), sha256))
    return f"{text}.{signature}"


def _encoded(octets: bytes) -> str:
    return urlsafe_b64encode(octets).rstrip(b"=").decode("ascii")


def _bearer(value: str, scheme: str = "Bearer") -> Field:
    return Field("Authorization", Secret(f"{scheme} {value}"), _REASON, "RFC 6750 §2.1")


def query_token(target: Target) -> Protocol[tuple[Trial, ...]]:
    """Send a token in the URL alone: it must be ignored."""
    trials = []
    exchange = yield from target.speak("probe: garbage in the query", query="access_token=probe")
    trials.append(refused("garbage in the query", exchange))
    if (token := target.token) is not None and target.dpop is None:
        value = token.access.reveal()
        exchange = yield from target.speak(
            "probe: the token in the query alone", query=f"access_token={value}"
        )
        trials.append(refused("the token in the query alone", exchange))
    return tuple(trials)


def two_methods(target: Target) -> Protocol[tuple[Trial, ...]]:
    """Send a token twice, in the header and as a form parameter."""
    token = target.need_token()
    request = Request(
        Stage.VERIFY,
        "probe: a token in header and form",
        "POST",
        target.config.url,
        target.stream("").kind,
        (
            Field("Accept", "application/json, text/event-stream", "", ""),
            *jsonrpc.authorization(token),
        ),
        form=(Field("access_token", Secret("probe"), _REASON, "RFC 6750 §2.2"),),
    )
    exchange = yield from target.send(request, token)
    what, seen = "header and form parameter together", status_of(exchange)
    if exchange.response is None:
        return (Trial(what, None, seen, exchange.number),)
    return (Trial(what, 400 <= exchange.status < 500, seen, exchange.number),)


def scheme_case(target: Target) -> Protocol[tuple[Trial, ...]]:
    """Send the good token under the scheme's name in other letters: it must be taken."""
    token = target.need_token()
    good = yield from target.speak("probe: the token as it is", token=token)
    if not served(good):
        raise Unable(f"the token is not taken any more ({status_of(good)})")
    trials = []
    scheme = jsonrpc.scheme(token)
    for name in (scheme.lower(), scheme.upper()):
        field = _bearer(token.access.reveal(), name)
        exchange = yield from target.speak(f"probe: the scheme {name}", field, token=token)
        ok = served(exchange) if exchange.response is not None else None
        trials.append(Trial(f"{name} …", ok, status_of(exchange), exchange.number))
    return tuple(trials)


def _as_access(target: Target, what: str, value: Secret | None) -> Protocol[tuple[Trial, ...]]:
    if value is None:
        raise Unable(f"no {what} was issued")
    exchange = yield from target.speak(
        f"probe: the {what} as access token", _bearer(value.reveal())
    )
    return (refused(f"the {what} as access token", exchange),)


def id_token(target: Target) -> Protocol[tuple[Trial, ...]]:
    """Use the ID token as an access token."""
    return (yield from _as_access(target, "ID token", target.need_token().id_token))


def refresh_as_access(target: Target) -> Protocol[tuple[Trial, ...]]:
    """Use the refresh token as an access token."""
    return (yield from _as_access(target, "refresh token", target.need_token().refresh))


def origin(target: Target) -> Protocol[tuple[Trial, ...]]:
    """Send a request as a page of another site would."""
    token, local = target.token, is_loopback(split(target.config.url).hostname or "")
    field = Field("Origin", _FOREIGN, _REASON, "MCP 2025-11-25 transports, security")
    exchange = yield from target.speak("probe: a foreign Origin", token=token, headers=(field,))
    what = f"Origin: {_FOREIGN}"
    if exchange.response is None:
        return (Trial(what, None, status_of(exchange), exchange.number),)
    if served(exchange):
        level = None if local else Level.WARNING
        return (Trial(what, False, f"{status_of(exchange)}, served", exchange.number, level),)
    if token is None:
        # 401 may be what anybody gets without a token.
        kept = exchange.status == 403 or None
        return (Trial(what, kept, status_of(exchange), exchange.number),)
    trials = [Trial(what, 400 <= exchange.status < 500, status_of(exchange), exchange.number)]
    if local:
        trials.append((yield from _foreign_host(target, token)))
    return tuple(trials)


def _foreign_host(target: Target, token: Token) -> Protocol[Trial]:
    field = Field("Host", "foreign-host.example", _REASON, "MCP 2025-11-25 transports, security")
    exchange = yield from target.speak("probe: a foreign Host", token=token, headers=(field,))
    refusal = exchange.response is not None and not served(exchange)
    # Where a foreign Origin is refused, a page cannot use it: no failure of its own.
    note = "" if refusal else ", served: the Origin alone guards this local server"
    return Trial("Host: foreign-host.example", refusal or None, f"{status_of(exchange)}{note}")


def session(target: Target) -> Protocol[tuple[Trial, ...]]:
    """Use a session of the token's owner with no token, and with a bad one."""
    if target.contact.era != "initialize":
        raise Unable("this revision has no sessions")
    target.need_token()
    exchange = yield from target.begin_session()
    if target.session is None:
        raise Unable(f"initialize gave no session ({status_of(exchange)})")
    trials = []
    credentials: tuple[tuple[str, Field | None], ...] = (
        ("a session id, no token", None),
        ("a session id, a token of nobody", _bearer("probe")),
    )
    for what, credential in credentials:
        request = target.call(f"probe: {what}", "tools/list", target.session)
        own = (credential,) if credential else ()
        sent = yield from target.send(replace(request, headers=(*request.headers, *own)))
        trials.append(refused(what, sent, expected=(401, 400, 403, 404)))
    return tuple(trials)


def http_port(target: Target) -> Protocol[tuple[Trial, ...]]:
    """Ask the plain http twin of each https endpoint, without any credential."""
    server = target.server
    urls = [target.config.url]
    if server is not None:
        urls += [server.authorization_endpoint, server.token_endpoint]
    hosts = dict.fromkeys(split(url).netloc for url in urls if url.startswith("https://"))
    if not hosts:
        raise Unable("the endpoints are http on this machine: there is no secure one")
    trials = []
    for host in hosts:
        url = next(item for item in urls if split(item).netloc == host)
        plain = f"http://{split(url).hostname}{split(url).path or '/'}"
        request = replace(target.stream(f"probe: plain http at {host}"), url=plain, headers=())
        exchange = yield from target.send(request)
        trials.append(_plain(host, exchange))
    return tuple(trials)


def _plain(host: str, exchange: Exchange) -> Trial:
    response = exchange.response
    place = (response.header("location") or "") if response is not None else ""
    what = f"http://{host}"
    if response is None:
        return Trial(what, True, "no service", exchange.number)
    if 300 <= exchange.status < 400 and place.startswith("https://"):
        return Trial(what, True, f"{status_of(exchange)} to https", exchange.number)
    kept = exchange.status in (400, 403, 404, 410, 421, 426) or exchange.status >= 500
    return Trial(what, kept, status_of(exchange), exchange.number)


def privileged_tool(target: Target, token: Token) -> Protocol[Exchange]:
    """Call the tool that needs more than the least scope, with a token that has the least."""
    what = f"probe: {target.privileged} with the least scope"
    if target.contact.era == "initialize" and target.session is None:
        yield from target.begin_session()
    request = target.call(
        what,
        "tools/call",
        target.session,
        name=target.privileged,
        arguments=dict(target.config.call_args),
    )
    headers = (*request.headers, *jsonrpc.authorization(token))
    return (yield from target.send(replace(request, headers=headers), token))


def scope_refusal(tool: str, exchange: Exchange) -> tuple[Trial, ...]:
    """Judge the answer to a call that the token's scope does not cover: 403, all said."""
    what, seen = f"{tool} with the least scope", status_of(exchange)
    if served(exchange):
        return (Trial(what, False, f"{seen}, done", exchange.number),)
    if exchange.status != 403 or exchange.response is None:
        return (Trial(what, None if exchange.status < 300 else False, seen, exchange.number),)
    parsed = challenge.parse(exchange.response.all("www-authenticate")).challenges
    names = ("error", "scope", "resource_metadata")
    lacks = [name for name in names if not any(item.get(name) for item in parsed)]
    text = f"{seen}, a challenge without {', '.join(lacks)}" if lacks else f"{seen}, all is named"
    return (Trial(what, not lacks, text, exchange.number, Level.WARNING if lacks else None),)
