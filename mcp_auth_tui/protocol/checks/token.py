"""Knows the rules for a token answer and for access tokens that can be read (token-*, jwt-*).

Claims are read, not verified: nothing here may decide whether a token is good. What a run must not
go on without is judged in `token`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mcp_auth_tui.model import Exchange, Level
from mcp_auth_tui.model.oauth import AuthorizationServer, Client
from mcp_auth_tui.protocol import error_answer
from mcp_auth_tui.protocol.certificate import BOUND, thumbprint_in
from mcp_auth_tui.protocol.checks.check import Check, Checks, as_seen, content_type
from mcp_auth_tui.protocol.config import Config
from mcp_auth_tui.protocol.urls import same_origin
from mcp_auth_tui.records import dataclass

_TYPES = frozenset({"at+jwt", "application/at+jwt"})
_PROFILE = ("sub", "client_id", "iat", "jti")
_PERSONAL = (
    "email",
    "phone_number",
    "given_name",
    "family_name",
    "birthdate",
    "address",
)
# Scopes that an access token need not carry: they are matters of the authorization server.
_NOT_RIGHTS = frozenset({"offline_access", "openid"})
_OFF = 300.0
_AHEAD = 60.0
_JAG_LIFE = 3600.0


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """A token answer and what it was asked for with."""

    answer: Mapping[str, Any]
    jose: Mapping[str, Any]
    claims: Mapping[str, Any]
    issuer: str
    """Empty when the issuer is not known (default paths of 2025-03-26)."""
    client_id: str
    resource: str | None
    scope: str | None
    received: float
    """Seconds since the epoch."""


def form(exchange: Exchange) -> Checks:
    """Look at the form of a successful answer (RFC 6749 §5.1)."""
    response = exchange.response
    if response is None:
        return
    yield Check("token-status", response.status != 200, f"HTTP {response.status}")
    if not error_answer.form_fields(response.text):  # told already, as what it is
        yield content_type("token", response)
    control = response.header("cache-control") or "no Cache-Control"
    yield Check("token-cacheable", "no-store" not in control.lower(), control, "cache-control")


def no_error_member(exchange: Exchange, answer: Mapping[str, Any] | None) -> str:
    """Return what is wrong with the form of a refusal (RFC 6749 §5.2); empty where nothing is.

    A server that failed, or something before it that answered, has other things to mend.
    """
    read, seen = error_answer.read(exchange), f"HTTP {exchange.status}, "
    if read.blocked or exchange.status >= 500:
        return ""
    if read.form == "form" and read.code and answer is None:
        return f"{seen}form-encoded"
    if exchange.status < 400 or isinstance((answer or {}).get("error"), str):
        return ""
    return seen + _FORMS.get(read.form, "no JSON object" if answer is None else "no error member")


_FORMS = {"empty": "an empty body", "page": "a web page"}


def refusal(exchange: Exchange, answer: Mapping[str, Any]) -> Checks:
    """Look at the form of an error (RFC 6749 §5.2) beyond its having the member ``error``."""
    response = exchange.response
    if response is None:
        return
    if response.status < 300 and answer.get("error") is not None:
        yield Check("token-status", True, f"HTTP {response.status} with an error")
    sent = (field.raw for field in exchange.request.headers if field.name == "Authorization")
    basic = any(value.startswith("Basic ") for value in sent)
    if response.status == 401 and basic and isinstance(answer.get("error"), str):
        challenges = [value.lower() for value in response.all("www-authenticate")]
        wrong = not any(
            value.lstrip().startswith("basic") or " basic" in value for value in challenges
        )
        seen = ", ".join(challenges) or "HTTP 401 to Basic without WWW-Authenticate"
        yield Check("token-error-form", wrong, seen, "www-authenticate")


def refresh_token(answer: Mapping[str, Any], client: Client) -> Checks:
    """Look whether a refresh token came for a client that is registered without that grant."""
    grants = client.document.get("grant_types")
    if client.how == "dynamic" and isinstance(grants, list) and answer.get("refresh_token"):
        wrong = "refresh_token" not in grants
        seen = f"grant_types of the client: {', '.join(map(str, grants))}"
        yield Check("token-refresh-unasked", wrong, seen, "/refresh_token")


def jwt(issued: IssuedToken) -> Checks:
    """Look at header and claims of a JWT access token (RFC 9068)."""
    algorithm = str(issued.jose.get("alg"))
    none, shared = algorithm.lower() == "none", algorithm.startswith("HS")
    # Where one server issues the token and takes it, nobody else has to hold the key.
    alone = shared and issued.resource and same_origin(issued.issuer, issued.resource)
    level = Level.INFO if alone else Level.WARNING if shared else None
    seen = f"{algorithm}, a key that is shared by who signs and who checks" if shared else algorithm
    yield Check("jwt-alg", none or shared, seen, "alg in the token", level=level)
    identity = _is_id_token(issued)
    reason = "aud is the client and there is a nonce" if identity else ""
    yield Check("jwt-is-id-token", identity, reason, "aud in the token")
    kind = issued.jose.get("typ")
    wrong = not isinstance(kind, str) or kind.lower() not in _TYPES
    yield Check("jwt-typ", wrong, f"typ: {kind}", "typ in the token")
    if not identity:
        yield from _audience(issued)
    if issued.issuer:
        named = issued.claims.get("iss")
        if named is not None:
            differs, of_profile = named != issued.issuer, not wrong
            # A word in a token of no profile names no issuer, so it contradicts none.
            label = not of_profile and isinstance(named, str) and "://" not in named
            level = Level.INFO if label else None
            yield Check(
                "jwt-iss",
                differs,
                f"{named} (a label, in a token that is no at+jwt)" if label else str(named),
                "iss in the token",
                expected=issued.issuer,
                level=level,
            )
    lacking = [name for name in (*_PROFILE, "iss") if name not in issued.claims]
    yield Check("jwt-claims", bool(lacking), f"absent: {', '.join(lacking)}" if lacking else "")
    yield from _times(issued)
    personal = [name for name in _PERSONAL if issued.claims.get(name)]
    yield Check("jwt-pii", bool(personal), f"claims: {', '.join(personal)}" if personal else "")
    yield from _scope(issued)


def certificate(
    claims: Mapping[str, Any] | None, server: AuthorizationServer, config: Config
) -> Checks:
    """Look whether a token is bound to the certificate that was shown (RFC 8705 §3.1).

    Of a token that cannot be read, or is bound to nothing where nothing was promised, nothing is
    said.
    """
    bound, own = thumbprint_in(claims), config.certificate
    promised = own is not None and claims is not None and server.flag(BOUND)
    if bound is None and not promised:
        return
    yield Check(
        "token-cnf",
        own is None or bound != own.thumbprint,
        f"cnf.x5t#S256: {bound or 'absent'}",
        "cnf in the token",
        expected=f"cnf.x5t#S256: {own.thumbprint}" if own else "--client-cert with the certificate",
    )


def audiences(claims: Mapping[str, Any]) -> tuple[str, ...]:
    """Return ``aud`` as a list of texts (RFC 7519 §4.1.3)."""
    value = claims.get("aud")
    listed = value if isinstance(value, list) else [value]
    return tuple(item for item in listed if isinstance(item, str))


def _is_id_token(issued: IssuedToken) -> bool:
    if issued.answer.get("id_token") == issued.answer.get("access_token"):
        return True
    alone = set(audiences(issued.claims)) == {issued.client_id}
    marked = any(name in issued.claims for name in ("nonce", "at_hash", "c_hash"))
    return alone and marked and str(issued.jose.get("typ")).lower() not in _TYPES


def _audience(issued: IssuedToken) -> Checks:
    named, pointer = audiences(issued.claims), "aud in the token"
    value = issued.claims.get("aud")
    seen = ", ".join(named) or ("no aud: it names nobody" if value is None else as_seen(value))
    resource = issued.resource
    # A slash at the end is told where the two names are compared (prm-resource-slash).
    ours = {name for name in named if resource and name.rstrip("/") == resource.rstrip("/")}
    wrong = not named or (resource is not None and not ours)
    yield Check("jwt-aud", wrong, seen, pointer, expected=resource or "")
    if resource and ours and len(named) > 1:
        related = (resource, issued.issuer)
        others = [
            name
            for name in named
            if name not in ours
            and name != issued.client_id
            and not any(same_origin(name, url) for url in related)
        ]
        yield Check("jwt-aud-many", bool(others), seen, pointer, expected=resource)


def _times(issued: IssuedToken) -> Checks:
    raw = issued.claims.get("exp")
    until, since = _seconds(raw), _seconds(issued.claims.get("iat"))
    lasts = _seconds(issued.answer.get("expires_in"))
    faults: list[str] = []
    if until is None:
        faults.append(f"exp: {as_seen(raw)[:80]}")
    elif lasts is not None and abs(off := until - issued.received - lasts) > _OFF:
        side = "after" if off > 0 else "before"
        faults.append(f"exp is {abs(off):,.0f} s {side} what expires_in says")
    if since is not None and since - issued.received > _AHEAD:
        faults.append(f"iat is {since - issued.received:,.0f} s ahead of this machine")
    yield Check("jwt-exp", bool(faults), "; ".join(faults), "exp in the token")


def _seconds(value: Any) -> float | None:
    known = isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e15
    return float(value) if known else None


def _scope(issued: IssuedToken) -> Checks:
    """Look whether a scope other than asked for is told (RFC 6749 §5.1)."""
    if issued.answer.get("scope") is not None or not issued.scope:
        return
    value = issued.claims.get("scope", issued.claims.get("scp"))
    if isinstance(value, str):
        value = value.split()
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        return
    granted, requested = set(value) - _NOT_RIGHTS, set(issued.scope.split()) - _NOT_RIGHTS
    seen = f"scope in the token: {' '.join(sorted(granted))}; in the answer: absent"
    yield Check("token-scope-differs", granted != requested, seen, "/scope", expected=issued.scope)


def id_jag(claims: Mapping[str, Any], received: float) -> Checks:
    """Look how long an ID-JAG lasts; over an hour is no matter of minutes."""
    until, since = _seconds(claims.get("exp")), _seconds(claims.get("iat"))
    if until is not None:
        lasts = until - (received if since is None else since)
        yield Check("idjag-long-lived", lasts > _JAG_LIFE, f"{lasts:,.0f} s", "exp in the token")
