"""Knows how what is in a token is mended (jwt-*, *-cnf); must not know what broke it.

Its issuer signs it, so what is shown is what it should sign.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from mcp_auth_tui.fixes.answer import Answer, NoFix, blank
from mcp_auth_tui.fixes.breach import Breach, Row

_PROFILE = ("iss", "exp", "aud", "sub", "client_id", "iat", "jti")
_NONCES = ("nonce", "at_hash", "c_hash")
_PERSONAL = ("email", "phone_number", "given_name", "family_name", "birthdate", "address")
_WORDS = {
    "exp": "when it ends, in seconds since 1970: a number",
    "iat": "when it was issued, in seconds since 1970: a number",
    "sub": "who signed in, as the server calls them",
    "jti": "an id of the token",
}


def resource_of(breach: Breach) -> str:
    """Return the resource that the token was asked for; raises `NoFix` where there was none."""
    form = {item.name: item.raw for item in breach.exchange.request.form or ()}
    resource = breach.session.resource
    asked = form.get("resource") or (resource.identifier if resource is not None else "")
    if not asked:
        raise NoFix("No resource was asked for, so whom the token should be for is not known.")
    return asked


def without_claims(answer: Answer, names: tuple[str, ...]) -> Answer:
    """Return an answer without some claims of its token."""
    kept = {key: value for key, value in (answer.claims or {}).items() if key not in names}
    return replace(answer, claims=kept)


def with_header(answer: Answer, **members: Any) -> Answer:
    """Return an answer with members of its token's header set."""
    return replace(answer, jose={**(answer.jose or {}), **members})


def _audience(breach: Breach) -> Answer:
    return breach.token.claim(aud=resource_of(breach))


def _issuer(breach: Breach) -> str:
    server = breach.session.server
    if server is None:
        raise NoFix("The issuer of this run is not known.")
    return server.issuer


def _complete(breach: Breach) -> Answer:
    """Add the claims of the profile that are lacking (RFC 9068 §2.2)."""
    answer, client = breach.token, breach.session.client
    known: dict[str, Any] = {
        "iss": _issuer(breach),
        "aud": resource_of(breach),
        "client_id": client.id if client is not None else blank("the client"),
    }
    claims = answer.claims or {}
    lacking = {
        name: known.get(name) or blank(_WORDS[name]) for name in _PROFILE if name not in known
    }
    return answer.claim(**{k: v for k, v in {**known, **lacking}.items() if k not in claims})


def _times(breach: Breach) -> Answer:
    """Let the times agree with the answer and with when it came."""
    answer, exchange = breach.token, breach.exchange
    received = int(exchange.started + exchange.seconds)
    lasts, since = answer.at("/expires_in"), (answer.claims or {}).get("iat")
    ahead = isinstance(since, int | float) and since > received + 60
    if ahead:
        answer = answer.claim(iat=received)
    if isinstance(lasts, int | float) and not isinstance(lasts, bool):
        return answer.claim(exp=received + int(lasts))
    return answer if ahead else answer.claim(exp=blank(_WORDS["exp"]))


def _no_identity(breach: Breach) -> Answer:
    """Return the claims of an access token in the place of those of an ID token."""
    answer = with_header(without_claims(_audience(breach), _NONCES), typ="at+jwt")
    client = breach.session.client
    if client is None or "client_id" in (answer.claims or {}):
        return answer
    return answer.claim(client_id=client.id)


def confirm(name: str) -> Row:
    """Return a fix that binds the token by a thumbprint, which the check expected."""

    def row(breach: Breach) -> Answer:
        value = breach.expected.rpartition(": ")[2]
        if not breach.expected.startswith(f"cnf.{name}: "):
            raise NoFix("No thumbprint is known that the token should be bound to.")
        answer = breach.token
        before = (answer.claims or {}).get("cnf")
        return answer.claim(cnf={**(before if isinstance(before, dict) else {}), name: value})

    return row


FIXES: Mapping[str, Row] = {
    "jwt-aud": _audience,
    "jwt-aud-many": _audience,
    "jwt-iss": lambda breach: breach.token.claim(iss=_issuer(breach)),
    "jwt-alg": lambda breach: with_header(
        breach.token, alg=blank("ES256 or another asymmetric algorithm")
    ),
    "jwt-typ": lambda breach: with_header(breach.token, typ="at+jwt"),
    "jwt-claims": _complete,
    "jwt-exp": _times,
    "jwt-is-id-token": _no_identity,
    "jwt-pii": lambda breach: without_claims(breach.token, _PERSONAL),
    "dpop-cnf": confirm("jkt"),
    "token-cnf": confirm("x5t#S256"),
}
