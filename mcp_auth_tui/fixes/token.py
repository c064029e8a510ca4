"""Knows how token answers are mended (token-*, dpop-*); must not know what broke them.

What is in a token is mended in `jwt`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from mcp_auth_tui.fixes import values
from mcp_auth_tui.fixes.answer import Answer, Fix, NoFix, blank
from mcp_auth_tui.fixes.breach import Breach, Row
from mcp_auth_tui.fixes.registration import no_store
from mcp_auth_tui.fixes.resource import as_json
from mcp_auth_tui.model import Kind
from mcp_auth_tui.protocol import error_answer
from mcp_auth_tui.protocol.jwt import read_jwt
from mcp_auth_tui.protocol.urls import is_url, join

_METHODS = "token_endpoint_auth_methods_supported"
_CHALLENGE = "www-authenticate"
_NUMBER = "seconds that it lasts: a number"


def _status(breach: Breach) -> Answer:
    error = breach.answer.at("/error") is not None
    return replace(breach.head, status=400 if error else 200)


def _json(breach: Breach) -> Answer:
    """Call it JSON; what is form-encoded is written as an object."""
    response = breach.exchange.response
    fields: dict[str, Any] = error_answer.form_fields(response.text if response else "")
    if not fields:
        breach.answer  # noqa: B018, a body that is no JSON does not become it by its label
        return as_json(breach)
    if str(fields.get("expires_in", "")).isdecimal():
        fields["expires_in"] = int(fields["expires_in"])
    return as_json(breach).put(**fields)


def _expiry(breach: Breach) -> Answer:
    """Say how long the token lasts: as its text, or its own times, say it."""
    answer = breach.answer
    value, access = answer.at("/expires_in"), answer.at("/access_token")
    if isinstance(value, str) and value.isdecimal() and int(value) > 0:
        return answer.put(expires_in=int(value))
    _, claims = read_jwt(access) if isinstance(access, str) else (None, None)
    times = [(claims or {}).get(name) for name in ("exp", "iat")]
    if all(isinstance(time, int | float) and not isinstance(time, bool) for time in times):
        lasts = int(times[0] - times[1])  # type: ignore[operator] # both are numbers: looked at
        if lasts > 0:
            return answer.put(expires_in=lasts)
    return answer.put(expires_in=blank(_NUMBER))


def _scope(breach: Breach) -> Answer:
    value = breach.answer.at("/scope")
    text = " ".join(map(str, value)) if isinstance(value, list) else str(value)
    return breach.answer.put(scope=" ".join(text.replace(",", " ").split()))


def _tell_scope(breach: Breach) -> Answer:
    claims = breach.token.claims or {}
    value = claims.get("scope", claims.get("scp"))
    return breach.answer.put(
        scope=" ".join(map(str, value)) if isinstance(value, list) else str(value)
    )


def _error(breach: Breach) -> Answer:
    """Answer an error as JSON; with a challenge where the client came by Basic (RFC 6749 §5.2)."""
    if breach.finding.pointer == _CHALLENGE:
        host = blank("realm")
        return breach.head.header(_CHALLENGE, f'Basic realm="{host}"')
    if breach.finding.pointer == "/error":  # a device code's state stands beside it (RFC 8628 §3.5)
        state = breach.answer.at("/error_description")
        return breach.answer.put(error=state).drop("error_description")
    response = breach.exchange.response
    fields = error_answer.form_fields(response.text if response else "")
    what = blank("invalid_grant or another code of RFC 6749 section 5.2")
    members = {k: v for k, v in fields.items() if k.startswith("error")} or {"error": what}
    status = breach.head.status if breach.head.status in (400, 401) else 400
    head = replace(breach.head, status=status, document=members)
    return head.header("content-type", "application/json")


def _method(breach: Breach) -> Fix:
    """Take the method that is refused out of the metadata."""
    headers = breach.exchange.request.headers
    basic = any(
        item.name.lower() == "authorization" and item.raw.startswith("Basic ") for item in headers
    )
    name = "client_secret_basic" if basic else "client_secret_post"
    note = f"Or leave it there, and let the token endpoint take {name}."

    def edit(answer: Answer) -> Answer:
        listed = answer.at(f"/{_METHODS}") or ["client_secret_basic"]
        kept = values.without(listed, {name}) or ["client_secret_post"]
        return answer.put(**{_METHODS: kept}).note(note)

    return breach.at_metadata(edit)


def _final(breach: Breach) -> Fix:
    """Publish where the token endpoint redirects to as the endpoint."""
    target = next(iter(breach.head.all("location")), "")
    place = join(breach.exchange.request.url, target)
    if not target or not is_url(place):
        raise NoFix("The redirect names no URL.")
    note = "Right only if that place is yours and takes token requests."
    return breach.at_metadata(lambda answer: answer.put(token_endpoint=place).note(note))


def _nonce(breach: Breach) -> Answer:
    """Demand a nonce with the status of the place, and give exactly one (RFC 9449 §8, §9)."""
    at_token = breach.exchange.request.kind is Kind.TOKEN
    head = replace(breach.head, status=400 if at_token else 401)
    given = head.all("dpop-nonce")
    return head if len(given) == 1 else head.header("dpop-nonce", blank("a fresh nonce"))


FIXES: Mapping[str, Row] = {
    "token-status": _status,
    "token-content-type": _json,
    "token-cacheable": no_store,
    "token-no-access": lambda breach: breach.answer.put(access_token=blank("the token")),
    "token-no-type": lambda breach: breach.answer.put(token_type="Bearer"),
    "token-type-unknown": lambda breach: breach.answer.put(token_type="Bearer"),
    "token-expiry": _expiry,
    "token-long-lived": lambda breach: breach.answer.put(
        expires_in=blank("at most 86400 seconds: a number")
    ),
    "token-scope-differs": _tell_scope,
    "token-scope-array": _scope,
    "token-scope-commas": _scope,
    "token-refresh-static": lambda breach: breach.answer.put(
        refresh_token=blank("a new one at each use")
    ),
    "token-refresh-unasked": lambda breach: breach.answer.drop("refresh_token"),
    "token-refresh-cc": lambda breach: breach.answer.drop("refresh_token"),
    "token-error-form": _error,
    "token-auth-method": _method,
    "token-redirect": _final,
    "token-syntax": lambda breach: breach.answer.put(
        access_token=blank("a token of letters, digits and - . _ ~ + / =")
    ),
    "dpop-bearer-returned": lambda breach: breach.answer.put(token_type="DPoP").note(
        "Right only for a token that is bound to the key of the proof (cnf.jkt)."
    ),
    "dpop-nonce": _nonce,
}
