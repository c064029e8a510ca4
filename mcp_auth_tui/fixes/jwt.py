"""Knows how what is in a token is mended (jwt-*, *-cnf); must not know what broke it.

Its issuer signs it, so what is shown is what it should sign.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from mcp_auth_tui.fixes.answer import Answer, NoFix, blank
from mcp_auth_tui.fixes.served import Row, Served

_PROFILE = ("iss", "exp", "aud", "sub", "client_id", "iat", "jti")
_NONCES = ("nonce", "at_hash", "c_hash")
_PERSONAL = ("email", "phone_number", "given_name", "family_name", "birthdate", "address")
_WORDS = {
    "exp": "when it ends, in seconds since 1970: a number",
    "iat": "when it was issued, in seconds since 1970: a number",
    "sub": "who signed in, as the server calls them",
    "jti": "an id of the token",
}


def resource_of(served: Served) -> str:
    """Return the resource that the token was asked for; raises `NoFix` where there was none."""
    form = {item.name: item.raw for item in served.exchange.request.form or ()}
    resource = served.session.resource
    asked = form.get("resource") or (resource.identifier if resource is not None else "")
    if not asked:
        raise NoFix("No resource was asked for, so whom the token should be for is not known.")
    return asked


def without_claims(answer: Answer, names: tuple[str, ...]) -> Answer:
    """Return an answer without some claims of its token."""
    kept = {key: value for key, value in (answer.claims or {}).items() if key not in names}
    return replace(answer, claims=kept)


def titled(answer: Answer, **members: Any) -> Answer:
    """Return an answer with members of its token's header set."""
    return replace(answer, jose={**(answer.jose or {}), **members})


def _audience(served: Served) -> Answer:
    return served.token.claim(aud=resource_of(served))


def _issuer(served: Served) -> str:
    server = served.session.server
    if server is None:
        raise NoFix("The issuer of this run is not known.")
    return server.issuer


def _complete(served: Served) -> Answer:
    """Add the claims of the profile that are lacking (RFC 9068 §2.2)."""
    answer, client = served.token, served.session.client
    known: dict[str, Any] = {
        "iss": _issuer(served),
        "aud": resource_of(served),
        "client_id": client.id if client is not None else blank("the client"),
    }
    claims = answer.claims or {}
    lacking = {
        name: known.get(name) or blank(_WORDS[name]) for name in _PROFILE if name not in known
    }
    return answer.claim(**{k: v for k, v in {**known, **lacking}.items() if k not in claims})


def _times(served: Served) -> Answer:
    """Let the times agree with the answer and with when it came."""
    answer, exchange = served.token, served.exchange
    received = int(exchange.started + exchange.seconds)
    lasts, since = answer.at("/expires_in"), (answer.claims or {}).get("iat")
    ahead = isinstance(since, int | float) and since > received + 60
    if ahead:
        answer = answer.claim(iat=received)
    if isinstance(lasts, int | float) and not isinstance(lasts, bool):
        return answer.claim(exp=received + int(lasts))
    return answer if ahead else answer.claim(exp=blank(_WORDS["exp"]))


def _no_identity(served: Served) -> Answer:
    """Return the claims of an access token in the place of those of an ID token."""
    answer = titled(without_claims(_audience(served), _NONCES), typ="at+jwt")
    client = served.session.client
    if client is None or "client_id" in (answer.claims or {}):
        return answer
    return answer.claim(client_id=client.id)


def confirmed(name: str) -> Row:
    """Return a fix that binds the token by a thumbprint, which the check expected."""

    def row(served: Served) -> Answer:
        value = served.expected.rpartition(": ")[2]
        if not served.expected.startswith(f"cnf.{name}: "):
            raise NoFix("No thumbprint is known that the token should be bound to.")
        answer = served.token
        before = (answer.claims or {}).get("cnf")
        return answer.claim(cnf={**(before if isinstance(before, dict) else {}), name: value})

    return row


FIXES: Mapping[str, Row] = {
    "jwt-aud": _audience,
    "jwt-aud-many": _audience,
    "jwt-iss": lambda served: served.token.claim(iss=_issuer(served)),
    "jwt-alg": lambda served: titled(
        served.token, alg=blank("ES256 or another asymmetric algorithm")
    ),
    "jwt-typ": lambda served: titled(served.token, typ="at+jwt"),
    "jwt-claims": _complete,
    "jwt-exp": _times,
    "jwt-is-id-token": _no_identity,
    "jwt-pii": lambda served: without_claims(served.token, _PERSONAL),
    "dpop-cnf": confirmed("jkt"),
    "token-cnf": confirmed("x5t#S256"),
}
