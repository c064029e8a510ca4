"""Knows how what an authorization server says to offer is mended (as-*); judges nothing."""

from __future__ import annotations

from collections.abc import Mapping

from mcp_auth_tui.fixes import values
from mcp_auth_tui.fixes.answer import Answer, blank
from mcp_auth_tui.fixes.breach import Breach, Row
from mcp_auth_tui.fixes.resource import without_empty
from mcp_auth_tui.protocol.checks.server import needs_of

_GRANTS, _METHODS = "grant_types_supported", "token_endpoint_auth_methods_supported"
_PKCE, _KINDS = "code_challenge_methods_supported", "response_types_supported"
_ALGORITHMS = "token_endpoint_auth_signing_alg_values_supported"
_DPOP, _CIMD = "dpop_signing_alg_values_supported", "client_id_metadata_document_supported"
_USUAL = ("authorization_code", "refresh_token")
_REFRESHES = "refresh_token is right only if the server issues refresh tokens."
_JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_READS = "Right only if the server fetches client_id where it is a URL, and reads the document."


def _listing(name: str, *items: str, note: str = "") -> Row:
    """Return a fix that adds items to a list."""

    def row(breach: Breach) -> Answer:
        answer = breach.answer.put(
            **{name: values.with_items(breach.answer.at(f"/{name}"), *items)}
        )
        return answer.note(note) if note else answer

    return row


def _unlisting(name: str, *items: str) -> Row:
    """Return a fix that takes items out of a list."""

    def row(breach: Breach) -> Answer:
        return breach.answer.put(**{name: values.without(breach.answer.at(f"/{name}"), items)})

    return row


def _promising(name: str, note: str) -> Row:
    return lambda breach: breach.answer.put(**{name: True}).note(note)


def _pkce(breach: Breach) -> Answer:
    note = "Right only if the server checks code_verifier; if it does not, that comes first."
    return breach.answer.put(**{_PKCE: ["S256"]}).note(note)


def _no_implicit(breach: Breach) -> Answer:
    """Offer no tokens in the URL, neither as a response type nor as a grant."""
    answer = breach.answer
    kinds = values.texts(answer.at(f"/{_KINDS}"))
    kept = [kind for kind in kinds if not isinstance(kind, str) or "token" not in kind.split()]
    if kept != kinds:
        answer = answer.put(**{_KINDS: kept or ["code"]})
    if _GRANTS not in (answer.document or {}):
        return answer.put(**{_GRANTS: list(_USUAL)}).note(_REFRESHES)
    return answer.put(**{_GRANTS: values.without(answer.at(f"/{_GRANTS}"), {"implicit"})})


def _methods(breach: Breach) -> Answer:
    """Say what the absence of the list means, and that clients without a secret are taken."""
    usual = ["none", "client_secret_basic"]
    note = "Leave in it what the token endpoint takes; absent, it means client_secret_basic."
    return breach.answer.put(**{_METHODS: usual}).note(note)


def _asymmetric_only(name: str) -> Row:
    """Return a fix of a list of algorithms: asymmetric ones alone, at least one."""

    def row(breach: Breach) -> Answer:
        listed = values.texts(breach.answer.at(f"/{name}"))
        kept = [item for item in listed if isinstance(item, str) and _asymmetric(item)]
        what = "algorithms that the server verifies, such as ES256"
        return breach.answer.put(**{name: kept or [blank(what)]})

    return row


def _asymmetric(name: str) -> bool:
    return name.lower() != "none" and not name.startswith("HS")


def _openid(breach: Breach) -> Answer:
    answer = breach.answer
    document = answer.document or {}
    algorithms = "id_token_signing_alg_values_supported"
    if not document.get("jwks_uri"):
        answer = answer.put(jwks_uri=blank("https URL of the keys"))
    if not document.get("subject_types_supported"):
        answer = answer.put(subject_types_supported=["public"])
    listed = values.with_items(document.get(algorithms), "RS256")
    note = "subject_types_supported is public where every client sees the same sub of a person."
    return answer.put(**{algorithms: listed}).note(note)


def _scopes(breach: Breach) -> Answer:
    resource, contact = breach.session.resource, breach.session.contact
    wanted = needs_of(resource, contact).scopes if resource is not None else ()
    listed = values.with_items(breach.answer.at("/scopes_supported"), *wanted)
    note = "Right only if the server grants them; else the MCP server asks for what is not there."
    return breach.answer.put(scopes_supported=listed).note(note)


def _optional(name: str) -> Row:
    note = "Right only if the server takes requests without it."
    return lambda breach: breach.answer.drop(name).note(note)


def _enterprise(breach: Breach) -> Answer:
    listed = breach.answer.at(f"/{_GRANTS}")
    base = listed if isinstance(listed, list) else list(_USUAL)
    return breach.answer.put(**{_GRANTS: values.with_items(base, _JWT_BEARER)})


FIXES: Mapping[str, Row] = {
    "as-response-types": _listing(_KINDS, "code"),
    "as-pkce-absent": _pkce,
    "as-pkce-no-s256": _pkce,
    "as-pkce-plain": _unlisting(_PKCE, "plain"),
    "as-implicit": _no_implicit,
    "as-password-grant": _unlisting(_GRANTS, "password"),
    "as-no-code-grant": _listing(_GRANTS, "authorization_code"),
    "as-no-refresh": _listing(_GRANTS, "refresh_token", note=_REFRESHES),
    "as-auth-methods-default": _methods,
    "as-public-unsupported": _listing(
        _METHODS, "none", note="Right only if the token endpoint takes clients without a secret."
    ),
    "as-jwt-auth-algs": _asymmetric_only(_ALGORITHMS),
    "as-iss-not-promised": _promising(
        "authorization_response_iss_parameter_supported",
        "Right only with iss in each answer of the authorization endpoint, errors too.",
    ),
    "as-no-registration": _promising(_CIMD, _READS),
    "as-no-cimd": _promising(_CIMD, _READS),
    "as-dcr-only": _promising(_CIMD, _READS),
    "as-oidc-members": _openid,
    "as-empty-array": lambda breach: without_empty(breach, []),
    "as-null": lambda breach: without_empty(breach, None),
    "as-scope-unknown": _scopes,
    "as-par-required": _optional("require_pushed_authorization_requests"),
    "as-jar-required": _optional("require_signed_request_object"),
    "as-dpop-algs": _asymmetric_only(_DPOP),
    "as-idjag-grant": _enterprise,
    "as-cc-auth": _listing(
        _METHODS,
        "client_secret_basic",
        note="Right only if the token endpoint takes the secret in the Authorization header.",
    ),
}
