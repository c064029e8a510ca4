"""Knows what the token endpoint must refuse, and what ends a token (SPEC 5)."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import replace
from urllib.parse import urlencode

from mcp_auth_tui.model import Exchange, Failure, Field, Kind, Level, Request, Secret, Stage
from mcp_auth_tui.model.oauth import Client, Token
from mcp_auth_tui.protocol import error_answer
from mcp_auth_tui.protocol.actions import Protocol, RandomOctets, Sign, SignedJwt
from mcp_auth_tui.protocol.probes.codes import other_client, token_refused
from mcp_auth_tui.protocol.probes.sign_ins import new_token, refresh, request_token
from mcp_auth_tui.protocol.probes.target import Target, Unable, quiet, served, status_of
from mcp_auth_tui.protocol.probes.trial import Trial
from mcp_auth_tui.protocol.registration import dynamic
from mcp_auth_tui.protocol.tokens import grants, management
from mcp_auth_tui.protocol.tokens.endpoint import ASSERTION

_FOREIGN = "https://probe.example/mcp"
_REASON = "a probe"
_BASIC = "client_secret_basic"
_POST = "client_secret_post"


# -- refresh tokens


def refresh_bind(target: Target) -> Protocol[tuple[Trial, ...]]:
    """Use the refresh token as another client, for more scope and for another resource."""
    token = target.need_token()
    other = yield from other_client(target)
    trials = []
    exchange, came = yield from refresh(target, token, "a refresh by another client", client=other)
    trials.append(token_refused("another client", exchange, issued=came is not None))
    wider = _wider(target, token)
    changes = {"scope": f"{token.scope_granted or ''} {wider}".strip()}
    exchange, came = yield from refresh(target, token, "a refresh for more scope", changes=changes)
    got = set((came.scope_granted or "").split()) if came is not None else set[str]()
    kept = came is None or wider not in got
    seen = status_of(exchange) if came is None else f"granted: {came.scope_granted or 'not said'}"
    trials.append(Trial(f"scope {wider}", kept, seen, exchange.number))
    token = target.token = _newest(token, came)
    changes = {"resource": _FOREIGN}
    exchange, came = yield from refresh(
        target, token, "a refresh for another resource", changes=changes
    )
    trials.append(_other_resource(exchange, came))
    target.token = _newest(token, came)
    return tuple(trials)


def _wider(target: Target, token: Token) -> str:
    granted = set((token.scope_granted or token.scope_asked or "").split())
    server, resource = target.need_server(), target.resource
    listed = (*(resource.scopes if resource else ()), *(server.list("scopes_supported") or ()))
    return next((item for item in listed if item not in granted), "probe:more")


def _newest(old: Token, new: Token | None) -> Token:
    """Return the token to go on with: a refresh that was answered may have spent the old one."""
    if new is None:
        return old
    return replace(new, refresh=new.refresh or old.refresh, resource=old.resource)


def _other_resource(exchange: Exchange, came: Token | None) -> Trial:
    what = f"resource {_FOREIGN}"
    if came is None:
        return token_refused(what, exchange, issued=False)
    audience = (came.claims or {}).get("aud")
    named = audience if isinstance(audience, list) else [audience]
    if _FOREIGN in named:
        return Trial(what, False, "a token for it was issued", exchange.number)
    # The old audience again: the parameter was ignored, and nothing was won by it.
    return Trial(what, True, "the same audience as before", exchange.number)


def refresh_reuse(target: Target) -> Protocol[tuple[Trial, ...]]:
    """Refresh, and look whether the refresh token was replaced; then use the old one again (†)."""
    token = target.need_token()
    exchange, came = yield from refresh(target, token, "a refresh")
    if came is None:
        # A probe before this one ended its grant.
        token = yield from new_token(target)
        exchange, came = yield from refresh(target, token, "a refresh of a new grant")
    if came is None:
        raise Unable(f"a good refresh token was not taken ({status_of(exchange)})")
    rotated = came.refresh is not None and came.refresh != token.refresh
    target.token = _newest(token, came)
    if not rotated:
        public = target.need_client().auth_method == "none" and target.dpop is None
        seen = "the same refresh token came back, or none"
        kept = False if public else None
        return (Trial("rotation", kept, seen, exchange.number),)
    replaced = Trial("rotation", True, "a new refresh token came", exchange.number)
    if not target.destructive:
        return (replaced, Trial("the old one once more", None, "not tried (--destructive)"))
    again, late = yield from refresh(target, token, "the refresh token that was replaced")
    trial = token_refused("the old one once more", again, issued=late is not None)
    if trial.kept is False:
        seen = "still taken: a time of grace, or reuse is not noticed"
        return (replaced, replace(trial, seen=seen, level=Level.WARNING))
    last, newest = yield from refresh(target, target.token, "the newest one after that")
    family = "the newest one still works" if newest else "the newest one was ended with it"
    target.token = _newest(target.token, newest)
    return (replaced, replace(trial, seen=f"{trial.seen}; {family} (exchange {last.number})"))


# -- the endpoint and its clients


def method(target: Target) -> Protocol[tuple[Trial, ...]]:
    """Ask the token endpoint by GET: it serves POST alone."""
    server, client = target.need_server(), target.need_client()
    fields = {"grant_type": "authorization_code", "code": "probe", "client_id": client.id}
    mark = "&" if "?" in server.token_endpoint else "?"
    request = Request(
        Stage.TOKEN,
        "probe: GET at the token endpoint",
        "GET",
        f"{server.token_endpoint}{mark}{urlencode(fields)}",
        Kind.TOKEN,
        (Field("Accept", "application/json", "", ""),),
    )
    exchange = yield from target.send(request)
    if exchange.response is None or exchange.status >= 500:
        return (Trial("GET", None, status_of(exchange), exchange.number),)
    code = error_answer.read(exchange).code
    read = exchange.status < 300 or code in ("invalid_grant", "invalid_client")
    seen = f"{status_of(exchange)}{f' {code}' if code else ''}"
    return (Trial("GET", not read, seen, exchange.number),)


def client_auth(target: Target) -> Protocol[tuple[Trial, ...]]:
    """Authenticate with a bad secret, and in two ways at once."""
    server = target.need_server()
    listed = server.list("token_endpoint_auth_methods_supported")
    if listed is not None and _BASIC not in listed:
        raise Unable("the server lists no client_secret_basic")
    form = {"grant_type": "authorization_code", "code": "probe"}
    octets: bytes = yield RandomOctets(8)
    bad = yield from _asked(target, form, _basic(f"probe-{octets.hex()}", "wrong"), "a bad secret")
    what, response = "an unknown client by Basic", bad.response
    if response is None or bad.status >= 500:
        return (Trial(what, None, status_of(bad), bad.number),)
    challenged = any("basic" in item.lower() for item in response.all("www-authenticate"))
    refusal = bad.status == 401
    seen = f"{status_of(bad)}{'' if challenged else ', no Basic challenge'}"
    level = None if bad.status < 300 else Level.WARNING
    trials = [Trial(what, refusal and challenged, seen, bad.number, level)]
    confidential = yield from _confidential(target)
    if confidential is not None and confidential.secret is not None:
        both = {
            **form,
            "client_id": confidential.id,
            "client_secret": confidential.secret.reveal(),
        }
        credential = _basic(confidential.id, confidential.secret.reveal())
        exchange = yield from _asked(target, both, credential, "two ways at once")
        code = error_answer.read(exchange).code
        # Only who has accepted the client looks at its code.
        taken = exchange.status < 300 or code == "invalid_grant"
        seen = f"{status_of(exchange)}{f' {code}' if code else ''}"
        kept = None if exchange.response is None or exchange.status >= 500 else not taken
        trials.append(
            Trial("two ways at once", kept, seen, exchange.number, Level.WARNING if taken else None)
        )
    return tuple(trials)


def _basic(id: str, secret: str) -> Field:
    pair = b64encode(f"{id}:{secret}".encode()).decode("ascii")
    return Field("Authorization", Secret(f"Basic {pair}"), _REASON, "RFC 6749 §2.3.1")


def _asked(
    target: Target, form: Mapping[str, str], credential: Field, what: str
) -> Protocol[Exchange]:
    hidden = ("client_secret",)
    request = Request(
        Stage.TOKEN,
        f"probe: {what}",
        "POST",
        target.need_server().token_endpoint,
        Kind.TOKEN,
        (Field("Accept", "application/json", "", ""), credential),
        form=tuple(
            Field(name, Secret(value) if name in hidden else value, _REASON)
            for name, value in form.items()
        ),
    )
    return (yield from target.send(request))


def _confidential(target: Target) -> Protocol[Client | None]:
    """Register a client with a secret that may be sent in both ways; None where that is not so."""
    server = target.need_server()
    listed = server.list("token_endpoint_auth_methods_supported") or ()
    if not server.registration_endpoint or not {_BASIC, _POST} <= set(listed):
        return None
    redirect_uri = target.need_client().redirect_uri
    config = replace(target.config, auth_method=_BASIC, strict=False)
    judge = replace(target.judge, config=config, stage=Stage.REGISTER)
    try:
        client = yield from quiet(dynamic.register(judge, server, redirect_uri))
    except Unable:
        return None
    target.clients.append(client)
    return client


def assertion_aud(target: Target) -> Protocol[tuple[Trial, ...]]:
    """Prove the client with an assertion for the token endpoint, where the issuer is due."""
    server, client = target.need_server(), target.need_client()
    if client.auth_method != "private_key_jwt":
        raise Unable("the client does not prove itself with a key")
    listed = server.list("token_endpoint_auth_signing_alg_values_supported") or ()
    claims = {"iss": client.id, "sub": client.id, "aud": server.token_endpoint}
    header = {"typ": "client-authentication+jwt"}
    signed: SignedJwt | Failure = yield Sign("client", header, claims, listed, lifetime=60.0)
    if isinstance(signed, Failure):
        raise Unable(signed.message.rstrip("."))
    form: dict[str, str | Secret | None] = {
        "grant_type": "authorization_code",
        "code": "probe",
        "client_id": client.id,
        "client_assertion_type": ASSERTION,
        "client_assertion": signed.jwt,
    }
    nobody = replace(client, id="", auth_method="none", secret=None)
    what = "aud is the token endpoint"
    exchange, _ = yield from request_token(target, form, what, client=nobody)
    code = error_answer.read(exchange).code
    seen = f"{status_of(exchange)}{f' {code}' if code else ''}"
    # Servers from before 7523bis take both: that proves no fault.
    refusal = code == "invalid_client" or exchange.status == 401
    return (Trial(what, refusal or None, seen, exchange.number),)


def idjag_replay(target: Target) -> Protocol[tuple[Trial, ...]]:
    """Use one ID-JAG twice: the second time is refused."""
    if target.config.grant != "id-jag" or target.resource is None:
        raise Unable("the grant of this run is not id-jag")
    asker, resource = target.asker(), target.resource.identifier
    first, _ = yield from quiet(grants.id_jag(asker, resource, target.config.scope, _REASON))
    form: dict[str, str | Secret | None] = {
        item.name: item.value for item in first.request.form or () if "client" not in item.name
    }
    exchange, token = yield from request_token(target, form, "the same ID-JAG once more")
    return (token_refused("the same ID-JAG once more", exchange, issued=token is not None),)


# -- ends


def revoke(target: Target) -> Protocol[tuple[Trial, ...]]:
    """Revoke an unknown token (200), look at introspection without authentication, and, where that
    was allowed, revoke the access token and use it once more (†)."""
    server, trials = target.need_server(), list[Trial]()
    asker = target.asker()
    if management.endpoint_of(server, "introspection_endpoint"):
        trials.append((yield from _introspection(target)))
    if not management.endpoint_of(server, "revocation_endpoint"):
        trials.append(Trial("revocation", None, "the server offers none"))
        return tuple(trials)
    octets: bytes = yield RandomOctets(16)
    unknown = Secret(f"probe-{octets.hex()}")
    reason = yield from quiet(management.revoke(asker, unknown, "access_token"))
    seen = reason or "HTTP 200"
    trials.append(Trial("an unknown token", not reason, seen, level=Level.WARNING))
    if target.destructive:
        trials.append((yield from _revoked(target)))
    else:
        trials.append(Trial("a good token", None, "not tried (--destructive)"))
    return tuple(trials)


def _revoked(target: Target) -> Protocol[Trial]:
    what = "an access token, and its use after that"
    try:
        token = (yield from _alive(target)) or (yield from new_token(target))
    except Unable as unable:
        return Trial(what, None, str(unable))
    reason = yield from quiet(management.revoke(target.asker(), token.access, "access_token"))
    if reason:
        return Trial(what, None, reason)
    exchange = yield from target.speak("probe: the revoked token", token=token)
    if exchange.status == 401:
        return Trial(what, True, "HTTP 401", exchange.number)
    # RFC 7009 §3 leaves it to the server how far a token that is read offline can be ended.
    if token.claims is not None:
        return Trial(what, None, f"{status_of(exchange)}: a JWT may last", exchange.number)
    return Trial(what, False, f"{status_of(exchange)}, still accepted", exchange.number)


def _alive(target: Target) -> Protocol[Token | None]:
    """Return an access token that still works; best one that no later probe needs."""
    for token in (*target.issued, target.need_token()):
        exchange = yield from target.speak("probe: a token before it is revoked", token=token)
        if served(exchange):
            return token
    return None


def _introspection(target: Target) -> Protocol[Trial]:
    url = management.endpoint_of(target.need_server(), "introspection_endpoint")
    request = Request(
        Stage.TOKEN,
        "probe: introspection without authentication",
        "POST",
        url,
        Kind.TOKEN,
        (Field("Accept", "application/json", "", ""),),
        form=(Field("token", "probe", _REASON, "RFC 7662 §2.1"),),
    )
    exchange = yield from target.send(request)
    what = "introspection without authentication"
    if exchange.response is None or exchange.status >= 500:
        return Trial(what, None, status_of(exchange), exchange.number)
    return Trial(what, 400 <= exchange.status < 500, status_of(exchange), exchange.number)
