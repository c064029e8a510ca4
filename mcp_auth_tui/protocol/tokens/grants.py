"""Knows the grants that need no browser (CC1, WI1-WI2, EM1-EM3) and how each is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from mcp_auth_tui.findings.rule import REPORT
from mcp_auth_tui.model import Exchange, Field
from mcp_auth_tui.model.oauth import AuthorizationServer, Client
from mcp_auth_tui.protocol.actions import Now, Protocol
from mcp_auth_tui.protocol.checks import token as checks_token
from mcp_auth_tui.protocol.checks.check import Check, as_seen
from mcp_auth_tui.protocol.grant_types import (
    ID_JAG,
    ID_JAG_PROFILE,
    JWT_BEARER,
    TOKEN_EXCHANGE,
    WIRE,
)
from mcp_auth_tui.protocol.judge import Judge
from mcp_auth_tui.protocol.jwt import read_jwt
from mcp_auth_tui.protocol.tokens.endpoint import Endpoint
from mcp_auth_tui.protocol.urls import UrlRefused, endpoint

_FRESH = (
    "Get a fresh assertion from where the workload gets its identity. Where a person may sign in"
    " too: --grant authorization_code."
)
_SKEW = 30.0


def check_offered(judge: Judge, server: AuthorizationServer, grant: str) -> None:
    """Stop when the server lists its grants and the wanted one is not among them.

    Only told (as-no-code-grant) for the code flow, whose absence from the list is a common mistake.
    """
    listed, wire = server.list("grant_types_supported"), WIRE[grant]
    if grant == "authorization_code" or listed is None or wire in listed:
        return
    judge.stop(
        "client-grant",
        seen=f"grant_types_supported: {', '.join(listed) or 'empty'}",
        expected=wire,
        message=f"{server.issuer} does not list the grant {grant}.",
        next=f"Allow {wire} at the server, or choose one it lists with --grant.",
        pointer="/grant_types_supported",
    )


def _common(resource: str | None, scope: str | None, reason: str) -> tuple[Field, ...]:
    fields: list[Field] = []
    if resource is not None:
        fields.append(Field("resource", resource, "the resource metadata", "RFC 8707 §2"))
    if scope is not None:
        fields.append(
            Field("scope", scope, reason, "MCP 2025-11-25 authorization, scope selection")
        )
    return tuple(fields)


def client_credentials(
    asker: Endpoint, resource: str | None, scope: str | None, reason: str
) -> Protocol[tuple[Exchange, Mapping[str, Any]]]:
    """Ask for a token for the client itself (CC1; RFC 6749 §4.4); raises `FlowStop`."""
    grant = Field("grant_type", "client_credentials", "no person is part of it", "RFC 6749 §4.4.2")
    exchange, answer = yield from asker.answer(
        (grant, *_common(resource, scope, reason)), "token request, client credentials"
    )
    if answer.get("refresh_token"):
        yield from asker.judge.note("token-refresh-cc", exchange=exchange)
    return exchange, answer


def jwt_bearer(
    asker: Endpoint, resource: str | None, scope: str | None, reason: str
) -> Protocol[tuple[Exchange, Mapping[str, Any]]]:
    """Trade a workload's JWT for a token (WI1, WI2): one attempt, no other grant after it."""
    judge, assertion = asker.judge, asker.judge.config.assertion
    if assertion is None:
        judge.stop("client-grant", seen="no assertion was given", next="Give one: --assertion.")
    yield from _checked_assertion(asker, assertion.reveal())
    form = (
        Field("grant_type", JWT_BEARER, "the workload proves itself", "RFC 7523 §2.1"),
        Field("assertion", assertion, "the workload's own JWT", "RFC 7523 §2.1"),
        *_common(resource, scope, reason),
    )
    return (yield from asker.answer(form, "token request, workload identity"))


def _checked_assertion(asker: Endpoint, assertion: str) -> Protocol[None]:
    """Look at expiry and audience before anything is sent (WI2)."""
    _, claims = read_jwt(assertion)
    if claims is None:
        asker.judge.stop("client-assertion", seen="the assertion is no JWT", next=_FRESH)
    now: float = yield Now()
    expiry = claims.get("exp")
    if isinstance(expiry, int | float) and expiry < now - _SKEW:
        asker.judge.stop(
            "client-assertion",
            seen=f"expired {now - expiry:,.0f} s ago (exp {expiry:.0f})",
            next=f"{_FRESH} If it is fresh, look at this machine's clock.",
        )
    audience = claims.get("aud")
    listed = audience if isinstance(audience, list) else [audience]
    fitting = (asker.server.issuer, asker.server.token_endpoint)
    if not set(map(str, listed)) & set(fitting):
        yield from asker.judge.note(
            "client-assertion-aud", seen=str(audience), expected=" or ".join(fitting)
        )


def id_jag(
    asker: Endpoint, resource: str | None, scope: str | None, reason: str
) -> Protocol[tuple[Exchange, Mapping[str, Any]]]:
    """Enterprise-managed authorization (EM1-EM2): ID-JAG from the IdP, then a token for it."""
    judge, config = asker.judge, asker.judge.config
    jag = yield from _exchanged_at_idp(asker, resource, scope)
    listed = asker.server.list("authorization_grant_profiles_supported")
    if listed is not None and ID_JAG_PROFILE not in listed:
        pointer = "/authorization_grant_profiles_supported"
        yield from judge.note("ext-undeclared", seen=", ".join(listed), pointer=pointer)
    form = (
        Field(
            "grant_type",
            JWT_BEARER,
            "the identity provider vouches",
            "MCP enterprise-managed authorization §5",
        ),
        Field(
            "assertion", jag, "the ID-JAG a moment ago", "MCP enterprise-managed authorization §5"
        ),
        *_common(resource if config.send_resource else None, scope, reason),
    )
    exchange, answer = yield from asker.answer(form, "token request, ID-JAG")
    if answer.get("refresh_token"):
        yield from judge.note("token-refresh-cc", exchange=exchange)
    return exchange, answer


def _exchanged_at_idp(asker: Endpoint, resource: str | None, scope: str | None) -> Protocol[Any]:
    from mcp_auth_tui.model import Secret

    judge, config = asker.judge, asker.judge.config
    subject, url, id = config.subject_token, config.idp_token_endpoint, config.idp_client_id
    missing = [
        option
        for option, value in (
            ("--subject-token", subject),
            ("--idp-token-endpoint", url),
            ("--idp-client-id", id),
        )
        if not value
    ]
    if missing or subject is None or url is None or id is None:
        judge.stop(
            "client-grant",
            seen=f"missing: {', '.join(missing)}",
            message="Enterprise-managed authorization needs the identity provider's side too.",
            next=f"Give {', '.join(missing)}.",
        )
    try:
        endpoint(url)
    except UrlRefused as error:
        judge.stop("client-grant", seen=f"--idp-token-endpoint {url}: {error}")
    issuer = config.idp_issuer or url
    method = "client_secret_basic" if config.idp_client_secret else "none"
    client = Client(id, "pre-registered", issuer, "", method, config.idp_client_secret)
    idp = Endpoint(judge, AuthorizationServer(issuer, None, "", url), client)
    form = (
        Field("grant_type", TOKEN_EXCHANGE, "leg 2 of three", "RFC 8693 §2.1"),
        Field(
            "requested_token_type", ID_JAG, "an ID-JAG", "MCP enterprise-managed authorization §4"
        ),
        Field(
            "audience",
            asker.server.issuer,
            "who will read it",
            "MCP enterprise-managed authorization §4",
        ),
        Field(
            "subject_token",
            subject,
            "who you are at the provider",
            "MCP enterprise-managed authorization §4",
        ),
        Field("subject_token_type", config.subject_token_type, "its kind", "RFC 8693 §3"),
        *_common(resource, scope, "as for the MCP server"),
    )
    exchange, answer = yield from idp.answer(
        form, f"token exchange at the identity provider {urlsplit(url).netloc}"
    )
    token = answer.get("access_token")
    if not isinstance(token, str) or not token:
        judge.stop("token-no-access", exchange=exchange, pointer="/access_token")
    yield from _judged_jag(asker, exchange, answer, token, resource)
    return Secret(token)


def _judged_jag(
    asker: Endpoint,
    exchange: Exchange,
    answer: Mapping[str, Any],
    token: str,
    resource: str | None,
) -> Protocol[None]:
    """Check what came from the identity provider before it is passed on (EM2)."""
    judge = asker.judge
    if answer.get("issued_token_type") != ID_JAG:
        judge.stop(
            "idjag-issued-type",
            seen=as_seen(answer.get("issued_token_type")),
            expected=ID_JAG,
            exchange=exchange,
            pointer="/issued_token_type",
            meanwhile=f"If a person may sign in there too: --grant authorization_code. {REPORT}",
        )
    kind = answer.get("token_type")
    wrong = not isinstance(kind, str) or kind.upper() != "N_A"
    looked = (
        Check("idjag-issued-type", False, ID_JAG, "/issued_token_type"),
        Check("idjag-token-type", wrong, as_seen(kind), "/token_type"),
    )
    yield from judge.tell(looked, exchange)
    jose, claims = read_jwt(token)
    if jose is None or claims is None:
        return
    checks: tuple[tuple[str, Any, Any], ...] = (
        ("idjag-typ", jose.get("typ"), "oauth-id-jag+jwt"),
        ("idjag-aud", claims.get("aud"), asker.server.issuer),
        ("idjag-resource", claims.get("resource", resource), resource),
        ("idjag-client-id", claims.get("client_id"), asker.client.id),
    )
    for id, seen, expected in checks:
        values = seen if isinstance(seen, list) else [seen]
        if expected is not None:
            name = id.removeprefix("idjag-").replace("-", "_")
            where = f"{name} in the token"
            claim = Check(id, expected not in values, as_seen(seen), where, expected=str(expected))
            yield from judge.tell([claim], exchange)
    received = exchange.started + exchange.seconds
    yield from judge.tell(checks_token.id_jag(claims, received), exchange)
