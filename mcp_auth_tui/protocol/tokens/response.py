"""Knows how a token endpoint's answer is judged (K1-K8, F2); must not know how it is used."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from mcp_auth_tui.model import Exchange, Field, Level, Secret
from mcp_auth_tui.model.oauth import AuthorizationCode, Token
from mcp_auth_tui.protocol.actions import Protocol
from mcp_auth_tui.protocol.checks import token
from mcp_auth_tui.protocol.checks.check import Check, as_seen
from mcp_auth_tui.protocol.judge import Judge
from mcp_auth_tui.protocol.jwt import read_jwt
from mcp_auth_tui.protocol.tokens.dpop import thumbprint_in
from mcp_auth_tui.protocol.tokens.endpoint import Endpoint
from mcp_auth_tui.text.patterns import pattern

_TOKEN68 = pattern(r"[A-Za-z0-9\-._~+/]+=*\Z")
_ODD = pattern(r"[^A-Za-z0-9\-._~+/=]")
# What a header field can hold without a blank (RFC 9110 §5.5): nothing ends the field or its value.
_VISIBLE = pattern(r"[\x21-\x7e]+\Z")
_LARGE = 4096
_DAY = 86_400
_FOREVER = 1e11


def exchange_code(asker: Endpoint, authorization: AuthorizationCode) -> Protocol[Token]:
    """Exchange the code (K1, K6) at the endpoint that was recorded; raises `FlowStop`."""
    attempt = authorization.attempt
    form = [
        Field("grant_type", "authorization_code", "the code flow", "RFC 6749 §4.1.3"),
        Field("code", authorization.code, "from the callback", "RFC 6749 §4.1.3"),
        Field(
            "redirect_uri",
            attempt.redirect_uri,
            "as in the authorization request",
            "RFC 6749 §4.1.3",
        ),
        Field("code_verifier", attempt.verifier, "proves that the request was ours", "RFC 7636 §4"),
    ]
    if attempt.resource is not None:
        form.append(
            Field("resource", attempt.resource, "as in the authorization request", "RFC 8707 §2")
        )
    exchange, answer = yield from asker.answer(
        tuple(form),
        "token request",
        attempt.token_endpoint,
        sent=f"resource: {attempt.resource or 'none'}",
    )
    return (yield from read_token(asker, exchange, answer, attempt.scope, attempt.resource))


def refresh(asker: Endpoint, old: Token) -> Protocol[Token]:
    """Refresh a token (F1, F2): same issuer, client and resource, scope left out."""
    if old.refresh is None:
        asker.judge.stop(
            "token-refresh-refused",
            seen="there is no refresh token",
            message="The authorization server gave no refresh token, so nothing can be refreshed.",
            next="Sign in again when the token expires; ask for offline_access if it is offered.",
        )
    form = [
        Field("grant_type", "refresh_token", "staying signed in", "RFC 6749 §6"),
        Field("refresh_token", old.refresh, "given with the token", "RFC 6749 §6"),
    ]
    if old.resource is not None:
        form.append(Field("resource", old.resource, "as before", "RFC 8707 §2.2"))
    exchange, answer = yield from asker.ask(tuple(form), "token refresh")
    if answer is None and exchange.status < 300:
        answer = yield from asker.other_form(exchange)
    if answer is None or answer.get("error") is not None or exchange.status >= 400:
        yield from asker.judge.tell(token.refusal(exchange, answer or {}), exchange)
        asker.refused(exchange, answer or {}, "refresh", "token-refresh-refused")
    yield from asker.judge.tell(token.form(exchange), exchange)
    scope = old.scope_granted
    new = yield from read_token(asker, exchange, answer, scope, old.resource, before=old)
    looked: list[Check] = []
    if scope:
        wider = set((new.scope_granted or "").split()) - set(scope.split())
        looked.append(Check("token-refresh-wider", bool(wider), new.scope_granted or "", "/scope"))
    if asker.client.auth_method == "none" and asker.dpop is None:
        same = new.refresh in (None, old.refresh)
        seen = "no new refresh token" if new.refresh is None else "the same refresh token"
        looked.append(Check("token-refresh-static", same, seen if same else "", "/refresh_token"))
    yield from asker.judge.tell(looked, exchange)
    return replace(new, refresh=new.refresh or old.refresh, scope_asked=old.scope_asked)


def not_refreshable(judge: Judge, token: Token) -> Protocol[None]:
    """Tell that a refresh was asked for and no refresh token issued (F1): nothing was refused."""
    scope = token.scope_asked or "none"
    yield from judge.note("token-no-refresh", seen=f"no refresh_token; scope asked for: {scope}")


def _odd(access: str) -> str:
    """Name the characters of a token that RFC 6750 §2.1 does not have; the token is not told."""
    odd = " ".join(sorted(set(_ODD.findall(access))))
    return odd and f"among the characters: {odd}"


def _members(answer: Mapping[str, Any]) -> str:
    """Say what an answer holds in the place of a token; where one stands deeper, its pointer."""
    inner = (
        f"/{name}/access_token"
        for name, value in answer.items()
        if isinstance(value, dict) and isinstance(value.get("access_token"), str)
    )
    if deeper := next(inner, ""):
        return f"one stands at {deeper}"
    if "access_token" in answer:
        value = answer["access_token"]
        return f"access_token: {'null' if value is None else as_seen(value)[:80]}"
    return f"its members: {', '.join(map(str, answer)) or 'none'}"


def read_token(
    asker: Endpoint,
    exchange: Exchange,
    answer: Mapping[str, Any],
    scope: str | None,
    resource: str | None,
    *,
    before: Token | None = None,
) -> Protocol[Token]:
    """Check the members of a successful answer (K5) before anything is done with the token.

    ``before`` is the one that a refresh is to replace.
    """
    judge = asker.judge
    access = answer.get("access_token")
    if not isinstance(access, str) or not access:
        from mcp_auth_tui.protocol.tokens import no_token  # only where there is none

        no_token.stop(judge, exchange, _members(answer))
    if not _VISIBLE.match(access):
        # U2: what cannot stand in a header is never written into one.
        message = "The token has characters that cannot stand in a header."
        judge.stop("token-syntax", message=message, exchange=exchange, pointer="/access_token")
    form = Check("token-syntax", not _TOKEN68.match(access), _odd(access), "/access_token")
    size = Check("token-size", len(access) > _LARGE, f"{len(access):,} characters", "/access_token")
    yield from judge.tell([Check("token-no-access", False), form, size], exchange)
    jose, claims = read_jwt(access)
    kind = yield from _kind(asker, exchange, answer.get("token_type"), claims)
    yield from judge.tell(token.refresh_token(answer, asker.client), exchange)
    if jose is not None and claims is not None:
        judged = token.IssuedToken(
            answer,
            jose,
            claims,
            asker.server.issuer if asker.server.url else "",
            asker.client.id,
            resource,
            scope,
            exchange.started + exchange.seconds,
        )
        yield from judge.tell(token.jwt(judged), exchange)
    yield from judge.tell(token.certificate(claims, asker.server, judge.config), exchange)
    granted = yield from _granted(judge, exchange, answer.get("scope"), scope)
    refresh, identity = answer.get("refresh_token"), answer.get("id_token")
    issued = Token(
        Secret(access),
        kind,
        asker.server.issuer,
        resource,
        asker.client.id,
        exchange.started + exchange.seconds,
        (yield from _lifetime(judge, exchange, answer.get("expires_in"))),
        scope,
        granted,
        Secret(refresh) if isinstance(refresh, str) and refresh else None,
        Secret(identity) if isinstance(identity, str) and identity else None,
        claims,
        jose,
        allowed=tuple(sorted(judge.config.allow)),
    )
    if judge.config.id_token:
        return (yield from _by_id_token(judge, exchange, issued, before))
    return issued


def _by_id_token(
    judge: Judge, exchange: Exchange, issued: Token, before: Token | None
) -> Protocol[Token]:
    """Return the token as one that is used by its ID token, for as long as that lasts.

    A refresh may bring none (OIDC Core §12.2): the one before stays, and so does what else came.
    """
    if issued.id_token is None or not _VISIBLE.match(issued.id_token.reveal()):
        seen = f"no id_token; scope asked for: {issued.scope_asked or 'none'}"
        if before is None or before.id_token is None:
            judge.stop("client-no-id-token", seen=seen, exchange=exchange, pointer="/id_token")
        yield from judge.note(
            "client-no-id-token",
            seen=seen,
            message="The refresh brought no ID token: the one before is given as long as it lasts.",
            next="Sign in again when it ends.",
            level=Level.WARNING,
            exchange=exchange,
            pointer="/id_token",
        )
        issued = replace(issued, id_token=before.id_token)
    assert issued.id_token is not None
    until = (read_jwt(issued.id_token.reveal())[1] or {}).get("exp")
    lasts = issued.expires_in
    if isinstance(until, int | float) and not isinstance(until, bool):
        lasts = max(float(until) - issued.received, 0.0)
    return replace(issued, type="Bearer", expires_in=lasts, by_id_token=True)


def _kind(
    asker: Endpoint, exchange: Exchange, kind: Any, claims: Mapping[str, Any] | None
) -> Protocol[str]:
    """Accept Bearer, and DPoP where proofs are given (K5, D4); raises `FlowStop`.

    What is missing or unknown is taken for Bearer only where a person lifted that.
    """
    judge, dpop, pointer = asker.judge, asker.dpop, "/token_type"
    if not isinstance(kind, str) or not kind:
        yield from judge.refuse(
            "token-no-type", seen=as_seen(kind), exchange=exchange, pointer=pointer, exit=1
        )
        return "Bearer"
    lower = kind.lower()
    if lower not in ("bearer", "dpop") or (lower == "dpop" and dpop is None):
        message = f"The token type is {kind}; MCP uses Bearer tokens." if lower != "dpop" else ""
        yield from judge.refuse(
            "token-type-unknown",
            seen=kind,
            message=message,
            exchange=exchange,
            pointer=pointer,
            exit=1,
        )
        return "Bearer"
    if lower == "bearer" and dpop is not None:
        if dpop.required:
            judge.stop("dpop-bearer-returned", seen=kind, exchange=exchange, pointer=pointer)
        yield from judge.note("dpop-bearer-returned", seen=kind, exchange=exchange, pointer=pointer)
    if lower == "dpop" and dpop is not None:
        yield from judge.keep("dpop-bearer-returned", seen=kind, exchange=exchange, pointer=pointer)
    if lower == "dpop" and dpop is not None and claims is not None:
        bound = thumbprint_in(claims)
        cnf = Check(
            "dpop-cnf",
            bound is None or bound != dpop.thumbprint,
            f"cnf.jkt: {bound or 'absent'}",
            "cnf in the token",
            expected=f"cnf.jkt: {dpop.thumbprint}",
        )
        yield from judge.tell([cnf], exchange)
    yield from judge.keep("token-no-type", seen=kind, exchange=exchange, pointer=pointer)
    yield from judge.keep("token-type-unknown", seen=kind, exchange=exchange, pointer=pointer)
    return kind


def _granted(
    judge: Judge, exchange: Exchange, value: Any, requested: str | None
) -> Protocol[str | None]:
    if value is None or value == "":
        return requested  # a scope has a character at least (RFC 6749 §3.3): nothing is said
    pointer = "/scope"
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        yield from judge.note("token-scope-array", exchange=exchange, pointer=pointer)
        value = " ".join(value)
    if not isinstance(value, str):
        return requested
    if _divided_by_commas(value, requested):
        yield from judge.note("token-scope-commas", seen=value, exchange=exchange, pointer=pointer)
        value = " ".join(value.replace(",", " ").split())
    granted: str = value
    if requested:
        want, got = set(requested.split()), set(granted.split())
        less = f"not granted: {' '.join(sorted(want - got))}" if want - got else granted
        more = f"more than asked: {' '.join(sorted(got - want))}" if got - want else granted
        looked = (
            Check("token-scope-narrow", bool(want - got), less, pointer),
            Check("token-scope-wide", bool(got - want), more, pointer),
        )
        yield from judge.tell(looked, exchange)
    return granted


def _divided_by_commas(value: str, asked: str | None) -> bool:
    """Return whether commas divide the scopes: a comma may also be part of one (RFC 6749 §3.3)."""
    return "," in value and not any("," in scope for scope in (asked or "").split())


def _lifetime(judge: Judge, exchange: Exchange, value: Any) -> Protocol[float | None]:
    pointer = "/expires_in"
    try:
        known = isinstance(value, int | float | str) and not isinstance(value, bool)
        seconds = float(value) if known else 0.0
    except (ValueError, OverflowError):
        seconds = 0.0
    good = 0 < seconds < _FOREVER
    if value is None:
        yield from judge.note("token-expiry", seen="absent", exchange=exchange, pointer=pointer)
    elif not good or isinstance(value, str):
        yield from judge.note(
            "token-expiry",
            seen=as_seen(value)[:80],
            exchange=exchange,
            pointer=pointer,
            level=Level.ERROR,
        )
    else:
        long = Check("token-long-lived", seconds > _DAY, f"{seconds:,.0f} s", pointer)
        yield from judge.tell(
            [Check("token-expiry", False, f"{seconds:,.0f} s", pointer), long], exchange
        )
    over = value in (0, "0") and value is not False  # at once, which is not without end
    return seconds if good or over else None
