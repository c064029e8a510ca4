"""Knows authorization server metadata: where it is and when it may be used (A1-A10, L1-L5)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from mcp_auth_tui.findings.rule import REPORT
from mcp_auth_tui.model import Exchange, Tried, Whose
from mcp_auth_tui.model.oauth import AuthorizationServer
from mcp_auth_tui.protocol.actions import Protocol
from mcp_auth_tui.protocol.certificate import aliases
from mcp_auth_tui.protocol.checks import server as checks_server
from mcp_auth_tui.protocol.checks.check import Check
from mcp_auth_tui.protocol.checks.server import NOTHING, ServerNeeds
from mcp_auth_tui.protocol.discovery import by_hand, guesses
from mcp_auth_tui.protocol.discovery.documents import (
    FetchedDocument,
    complain,
    content_type,
    everywhere,
    fetch,
    mend_failing,
)
from mcp_auth_tui.protocol.discovery.endpoints import read_endpoint
from mcp_auth_tui.protocol.discovery.issuers import as_text, has_host, mismatched
from mcp_auth_tui.protocol.grant_types import choose_grant
from mcp_auth_tui.protocol.judge import Judge
from mcp_auth_tui.protocol.urls import (
    origin_text,
    split,
    well_known,
)

OAUTH, _OIDC = "oauth-authorization-server", "openid-configuration"
_WHAT = "authorization server metadata"
# Revisions that know RFC 8414 alone (A1), and do not yet refuse without a promise of PKCE (A6).
_BEFORE_OIDC = ("2025-03-26", "2025-06-18")
# Parameters that an endpoint must not already carry (Z7).
_OURS = frozenset(
    {
        "response_type",
        "client_id",
        "redirect_uri",
        "state",
        "scope",
        "code_challenge",
        "code_challenge_method",
        "resource",
        "request",
        "request_uri",
        "response_mode",
        "dpop_jkt",
    }
)


def places(issuer: str, *, oidc: bool = True) -> tuple[str, ...]:
    """Return the metadata URLs of an issuer in order (A2-A4; RFC 8414 §3.1, OIDC Discovery §4)."""
    path = split(issuer).path.removesuffix("/")
    order = [well_known(issuer, OAUTH)]
    if oidc:
        order.append(well_known(issuer, _OIDC))
        if path:
            order.append(f"{origin_text(issuer)}{path}/.well-known/{_OIDC}")
    return tuple(order)


def discover_server(
    judge: Judge, issuer: str, wants: ServerNeeds = NOTHING
) -> Protocol[AuthorizationServer]:
    """Find and judge the metadata of an issuer, and how it fits the resource; raises `FlowStop`."""
    order = places(issuer, oidc=judge.config.spec not in _BEFORE_OIDC)
    failed: list[FetchedDocument] = []
    mismatch: FetchedDocument | None = None
    for index, url in enumerate(order):
        fetched = yield from fetch(judge, url, _WHAT, "as")
        number = fetched.exchange.number
        if fetched.document is None:
            failed.append(fetched)
            yield Tried(judge.stage, _WHAT, url, "lost", fetched.why, number)
            _answered(judge, fetched)
            continue
        named = fetched.document.get("issuer")
        if named != issuer:
            mismatch = mismatch or fetched
            why = f"its issuer is {as_text(named)}"
            yield Tried(judge.stage, _WHAT, url, "lost", why, number)
            continue
        yield Tried(judge.stage, _WHAT, url, "used", "the first with the right issuer", number)
        for rest in order[index + 1 :]:
            yield Tried(judge.stage, _WHAT, rest, "not tried", "an earlier place had it")
        for place in failed:
            yield from complain(judge, place, "as", needed=False)
        yield from judge.keep("as-issuer-mismatch", seen=issuer, exchange=fetched.exchange)
        yield from judge.tell(checks_server.issuer(named), fetched.exchange)
        return (yield from _judge_document(judge, issuer, fetched, fetched.document, wants))
    for place in failed:
        yield from complain(judge, place, "as")
    if mismatch is not None and mismatch.document is not None:
        value = mismatch.document.get("issuer")
        yield from judge.tell(checks_server.issuer(value), mismatch.exchange)
        yield from mismatched(judge, issuer, mismatch.document, mismatch.exchange)
        # Only when the refusal was lifted by hand (A10): then `iss` is compared with this issuer.
        named = value if isinstance(value, str) and has_host(value) else issuer
        return (yield from _judge_document(judge, named, mismatch, mismatch.document, wants))
    return _none(judge, order[0], failed)


def _answered(judge: Judge, fetched: FetchedDocument) -> None:
    """End the run where a place gave no answer at all, or asks to wait."""
    if (failure := fetched.exchange.failure) is not None:
        judge.lost(fetched.exchange, failure)
    judge.busy(fetched.exchange)


def _none(judge: Judge, first: str, failed: list[FetchedDocument]) -> AuthorizationServer:
    """End the run where no place had a document; ``first`` is where it belongs."""
    worst = next((item for item in reversed(failed) if not item.absent), None)
    documents = {item.exchange.request.url: item for item in failed}
    seen = everywhere(documents.items(), worst)
    if worst is not None and worst.broken in ("html", "json"):
        judge.stop(f"as-{worst.broken}", seen=seen, exchange=worst.exchange)
    by_hand = judge.config.issuer
    if worst is not None and worst.exchange.status >= 500:
        judge.stop(
            "as-missing",
            seen=seen,
            message="The authorization server fails where its metadata is: HTTP"
            f" {worst.exchange.status}.",
            next=mend_failing(worst.exchange),
            exchange=worst.exchange,
        )
    judge.stop(
        "as-missing",
        seen=seen,
        message=f"There is no metadata of {by_hand}, which --issuer names." if by_hand else "",
        next=f"Look whether that is the issuer; if it is, serve the document at {first}."
        if by_hand
        else f"Serve the document at {first}, without a token.",
        exchange=(worst or failed[-1]).exchange,
        whose=Whose.CLIENT if by_hand else None,
    )


def _judge_document(
    judge: Judge,
    issuer: str,
    fetched: FetchedDocument,
    document: Mapping[str, Any],
    wants: ServerNeeds,
    *,
    lenient: bool = False,
) -> Protocol[AuthorizationServer]:
    exchange = fetched.exchange
    document = {**document, **aliases(judge.config, document)}
    for id in ("as-missing", "as-html", "as-json"):
        yield from judge.keep(id, seen=exchange.request.url, exchange=exchange)
    yield from content_type(judge, fetched, "as")
    authorize = yield from read_endpoint(
        judge, issuer, document, "authorization_endpoint", exchange
    )
    token = yield from read_endpoint(judge, issuer, document, "token_endpoint", exchange)
    register = yield from read_endpoint(judge, issuer, document, "registration_endpoint", exchange)
    if token is None:
        judge.stop("as-no-token", exchange=exchange, pointer="/token_endpoint")
    yield from judge.keep("as-no-token", seen=token, exchange=exchange, pointer="/token_endpoint")
    server = AuthorizationServer(
        issuer, exchange.request.url, authorize or "", token, register, document
    )
    grant = choose_grant(judge.config, server)
    held = {"key": judge.config.client_key, "dpop": judge.config.dpop == "on"}
    uses = frozenset({grant, *(name for name, true in held.items() if true)})
    looked = checks_server.document(server, wants, stateless=judge.stateless, uses=uses)
    yield from judge.tell(looked, exchange)
    if grant == "authorization_code":
        yield from judge.tell(checks_server.code_flow(server), exchange)
        yield from _code_flow(judge, server, exchange, lenient)
    yield from judge.tell(checks_server.sites(server), exchange)
    return server


def _code_flow(
    judge: Judge, server: AuthorizationServer, exchange: Exchange, lenient: bool
) -> Protocol[None]:
    """Insist on what the code flow needs, and no other grant: endpoint, PKCE, response type."""
    authorize = server.authorization_endpoint
    if not authorize:
        judge.stop("as-no-authorize", exchange=exchange, pointer="/authorization_endpoint")
    pointer = "/authorization_endpoint"
    yield from judge.keep("as-no-authorize", seen=authorize, exchange=exchange, pointer=pointer)
    if taken := sorted(
        _OURS & {key for key, _ in parse_qsl(split(authorize).query, keep_blank_values=True)}
    ):
        yield from judge.refuse(
            "as-endpoint-params",
            seen=f"{authorize} carries {', '.join(taken)}",
            next=f"Remove {', '.join(taken)} from authorization_endpoint: the client sends what"
            " belongs there.",
            exchange=exchange,
            pointer="/authorization_endpoint",
            meanwhile=_without(authorize, taken),
        )
    else:
        yield from judge.keep(
            "as-endpoint-params", exchange=exchange, pointer="/authorization_endpoint"
        )
    yield from _pkce(judge, server, exchange, lenient)


def _without(authorize: str, taken: list[str]) -> str:
    """Name the option that gives the sign-in address without the parameters that are ours."""
    base, _, query = authorize.partition("?")
    rest = [part for part in query.split("&") if part.partition("=")[0] not in taken]
    address = f"{base}?{'&'.join(rest)}" if rest else base
    if not by_hand.copiable(base) or not re.match(r"[\w.~:/?@=+,%&-]*\Z", address):
        return ""
    given = f'"{address}"' if rest else address
    return f"Give it by hand without them: --authorization-endpoint {given}. {REPORT}"


def _pkce(
    judge: Judge, server: AuthorizationServer, exchange: Exchange, lenient: bool
) -> Protocol[None]:
    """Insist on a promise of PKCE S256 (A6).

    Its absence is only told when an older revision was chosen by hand, or on the legacy path: what
    the MCP server negotiates must not lower the guard.
    """
    pointer = "/code_challenge_methods_supported"
    methods = server.list("code_challenge_methods_supported")
    if methods is None or not methods:
        if lenient or judge.config.spec in _BEFORE_OIDC:
            yield from judge.note("as-pkce-absent", exchange=exchange, pointer=pointer)
        else:
            yield from judge.refuse("as-pkce-absent", exchange=exchange, pointer=pointer)
    elif "S256" not in methods:
        yield from judge.refuse(
            "as-pkce-no-s256", seen=", ".join(methods), exchange=exchange, pointer=pointer
        )
    else:
        for id in ("as-pkce-absent", "as-pkce-no-s256"):
            yield from judge.keep(id, seen=", ".join(methods), exchange=exchange, pointer=pointer)
        plain = Check("as-pkce-plain", "plain" in methods, ", ".join(methods), pointer)
        yield from judge.tell([plain], exchange)


def legacy_server(judge: Judge) -> Protocol[AuthorizationServer]:
    """Take the path of 2025-03-26: metadata at the MCP origin, else the default paths (L1-L4)."""
    base = origin_text(judge.config.url)
    url = f"{base}/.well-known/{OAUTH}"
    fetched = yield from fetch(judge, url, f"{_WHAT} (2025-03-26)", "as")
    number = fetched.exchange.number
    if fetched.document is not None:
        yield Tried(judge.stage, _WHAT, url, "used", "place of 2025-03-26", number)
        named = fetched.document.get("issuer")
        yield from judge.tell(checks_server.issuer(named), fetched.exchange)
        # Nobody named an issuer, and both spellings of an origin lead to this one place (RFC 8414
        # §3.1 takes the slash away): the server may use either.
        issuer = f"{base}/" if named == f"{base}/" else base
        if named != issuer:
            next = guesses.issuer_of_origin(base, fetched.document)
            yield from mismatched(judge, base, fetched.document, fetched.exchange, next)
        judgement = _judge_document(judge, issuer, fetched, fetched.document, NOTHING, lenient=True)
        return (yield from judgement)
    yield Tried(judge.stage, _WHAT, url, "lost", fetched.why, number)
    if not fetched.absent:
        # L5: something is there and broken; that is no server of 2025-03-26 without metadata.
        _answered(judge, fetched)
        yield from complain(judge, fetched, "as")
        _none(judge, url, [fetched])
    yield from judge.note(
        "as-legacy-paths",
        exchange=fetched.exchange,
        seen=f"{base}/authorize, {base}/token, {base}/register",
        message="There is no metadata at all: what is left are the default paths of 2025-03-26."
        " Whether the server checks PKCE S256 cannot be seen from here.",
    )
    return AuthorizationServer(base, None, f"{base}/authorize", f"{base}/token", f"{base}/register")
