"""Knows how the signatures of tokens are checked with the issuer's keys; trusts no claim for it.

For a person who asks: nothing of the flow depends on it, since a client need not be able to read
its access token (RFC 6749 §1.4). The key set is fetched without credentials.
"""

from __future__ import annotations

from mcp_auth_tui.model import Learned, Secret
from mcp_auth_tui.model.aside import SignatureCheck
from mcp_auth_tui.model.oauth import AuthorizationServer, Token
from mcp_auth_tui.protocol.actions import Protocol, Verification, Verify
from mcp_auth_tui.protocol.discovery.documents import fetch
from mcp_auth_tui.protocol.judge import Judge
from mcp_auth_tui.protocol.jwt import read_jwt
from mcp_auth_tui.protocol.urls import UrlRefused, endpoint

ACCESS, IDENTITY = "access token", "id_token"


def readable(token: Token | None) -> tuple[tuple[str, Secret], ...]:
    """Return the tokens that are JWTs and so can be checked, by what they are."""
    if token is None:
        return ()
    tokens = [(ACCESS, token.access)] if token.claims is not None else []
    if token.id_token is not None and read_jwt(token.id_token.reveal())[1] is not None:
        tokens.append((IDENTITY, token.id_token))
    return tuple(tokens)


def check(
    judge: Judge, server: AuthorizationServer, token: Token
) -> Protocol[tuple[SignatureCheck, ...]]:
    """Fetch the issuer's key set (RFC 8414 §2 jwks_uri) and check every token that can be read.

    Yields ``Learned("checked", …)`` at the end; raises `FlowStop` only for an unsafe redirect.
    """
    checks = yield from _check_all(judge, server, readable(token))
    yield Learned("checked", checks)
    return checks


def _check_all(
    judge: Judge, server: AuthorizationServer, tokens: tuple[tuple[str, Secret], ...]
) -> Protocol[tuple[SignatureCheck, ...]]:
    url = server.document.get("jwks_uri")
    if not isinstance(url, str) or not url:
        why = "the issuer's metadata has no jwks_uri, so its keys cannot be found"
        return tuple(SignatureCheck(what, None, why) for what, _ in tokens)
    try:
        endpoint(url)
    except UrlRefused as error:
        return tuple(
            SignatureCheck(what, None, f"jwks_uri is not asked: {error}") for what, _ in tokens
        )
    fetched = yield from fetch(judge, url, "key set of the issuer", "as")
    number = fetched.exchange.number
    if fetched.document is None:
        why = f"the key set: {fetched.why}"
        return tuple(SignatureCheck(what, None, why, number) for what, _ in tokens)
    checks: list[SignatureCheck] = []
    for what, jwt in tokens:
        verified: Verification = yield Verify(jwt, fetched.document)
        checks.append(SignatureCheck(what, verified.ok, verified.why, number))
    return tuple(checks)
