"""Knows the rules for what an authorization server offers (SPEC 4, as-*); must not decide.

What a run must not go on without (issuer, endpoints, PKCE) is judged in `server`.
"""

from __future__ import annotations

from typing import Any

from mcp_auth_tui.model import Level
from mcp_auth_tui.model.oauth import AuthorizationServer, Contact, Resource
from mcp_auth_tui.protocol.checks.check import (
    Check,
    Checks,
    absent_values,
    as_seen,
    insecure,
    plain_http,
    strings,
)
from mcp_auth_tui.protocol.urls import split
from mcp_auth_tui.records import dataclass

OIDC = "openid-configuration"
_GRANTS, _METHODS = "grant_types_supported", "token_endpoint_auth_methods_supported"
_ALGORITHMS = "token_endpoint_auth_signing_alg_values_supported"
_DPOP = "dpop_signing_alg_values_supported"
_JWT_METHODS = frozenset({"private_key_jwt", "client_secret_jwt"})
_JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_ID_JAG = "urn:ietf:params:oauth:grant-profile:id-jag"
# Endpoints that this program does not need for the code flow, but whose rules are the same.
_OTHERS = (
    "revocation_endpoint",
    "introspection_endpoint",
    "pushed_authorization_request_endpoint",
    "device_authorization_endpoint",
    "userinfo_endpoint",
    "jwks_uri",
)


@dataclass(frozen=True, slots=True)
class ServerNeeds:
    """What the MCP server said that its authorization server must fit."""

    resource: str = ""
    """The resource's identifier, empty when there is no metadata of it."""
    scopes: tuple[str, ...] = ()
    """The scopes of the challenge, else those of the resource."""
    dpop: bool = False
    """Whether the resource takes only tokens that are bound to a key."""


NOTHING = ServerNeeds()


def needs_of(resource: Resource, contact: Contact | None = None) -> ServerNeeds:
    """Return what the resource, and the challenge if there was one, want of the server."""
    challenged = (contact.param("scope") or "") if contact else ""
    schemes = {item.scheme.lower() for item in contact.challenges} if contact else set()
    return ServerNeeds(
        "" if resource.legacy else resource.identifier,
        tuple(challenged.split()) or resource.scopes,
        resource.document.get("dpop_bound_access_tokens_required") is True or schemes == {"dpop"},
    )


def document(
    server: AuthorizationServer,
    wants: ServerNeeds,
    *,
    stateless: bool,
    uses: frozenset[str] = frozenset(),
) -> Checks:
    """Look at every member that matters (RFC 8414 §2 and its companions).

    ``uses``: the grant of the run, ``key`` where its client signs, ``dpop`` where it proves. What
    is wrong about a way that the run does not go stops nobody: it is told as a warning.
    """
    metadata = server.document
    yield from absent_values("as", metadata, ())
    yield from _grants(server, uses)
    yield from _authentication(server, uses)
    yield from _ways_to_register(server, stateless)
    yield from _dpop(server, wants, uses)
    yield from _openid(server)
    for name in _OTHERS:
        if isinstance(value := metadata.get(name), str):
            yield Check("as-endpoint-http", plain_http(value), value, f"/{name}")
    yield from _fits(server, wants)


def code_flow(server: AuthorizationServer) -> Checks:
    """Look at what matters only where a person signs in with the code flow."""
    grants, pointer = server.list(_GRANTS), f"/{_GRANTS}"
    if grants is None or "authorization_code" in grants:
        kinds = server.list("response_types_supported") or ()
        seen = ", ".join(kinds) or "absent"
        yield Check("as-response-types", "code" not in kinds, seen, "/response_types_supported")
    if grants is not None:
        wrong = "authorization_code" not in grants
        yield Check("as-no-code-grant", wrong, ", ".join(grants), pointer)
    promised = server.flag("authorization_response_iss_parameter_supported")
    named = "/authorization_response_iss_parameter_supported"
    yield Check("as-iss-not-promised", not promised, pointer=named)
    for id, name in (
        ("as-par-required", "require_pushed_authorization_requests"),
        ("as-jar-required", "require_signed_request_object"),
    ):
        yield Check(id, server.flag(name), pointer=f"/{name}")


def _weight(way: str, uses: frozenset[str]) -> Level | None:
    return None if way in uses else Level.WARNING


def _grants(server: AuthorizationServer, uses: frozenset[str]) -> Checks:
    listed, pointer = server.list(_GRANTS), f"/{_GRANTS}"
    yield _implicit(server, listed, pointer)
    grants = listed or ()
    seen = ", ".join(grants)
    if listed is not None:
        yield Check("as-password-grant", "password" in grants, seen, pointer)
        if "authorization_code" in grants:
            yield Check("as-no-refresh", "refresh_token" not in grants, seen, pointer)
    profiles = strings(server.document.get("authorization_grant_profiles_supported"))
    if _ID_JAG in profiles:
        wrong, level = _JWT_BEARER not in grants, _weight("id-jag", uses)
        yield Check("as-idjag-grant", wrong, seen or "absent", pointer, level=level)


def _implicit(server: AuthorizationServer, listed: tuple[str, ...] | None, pointer: str) -> Check:
    """Look for access tokens in the URL, which are what RFC 9700 §2.1.2 is about.

    The grant alone is no offer of them: OpenID servers list it for ``id_token`` (OIDC Registration
    §2), and left out, the list means it too (RFC 8414 §2). Without a response type for an access
    token it is information.
    """
    kinds = server.list("response_types_supported")
    in_url = [kind for kind in kinds or () if "token" in kind.split()]
    if in_url:
        return Check("as-implicit", True, ", ".join(in_url), "/response_types_supported")
    if listed is None:
        seen = "absent: by default authorization_code and implicit"
        return Check("as-implicit", True, seen, pointer, level=Level.INFO)
    level = Level.INFO if kinds else None
    return Check("as-implicit", "implicit" in listed, ", ".join(listed), pointer, level=level)


def _authentication(server: AuthorizationServer, uses: frozenset[str]) -> Checks:
    listed, pointer = server.list(_METHODS), f"/{_METHODS}"
    methods = ("client_secret_basic",) if listed is None else listed
    seen = "absent" if listed is None else ", ".join(methods)
    yield Check("as-auth-methods-default", listed is None, seen, pointer)
    open_to_all = server.registration_endpoint or _documents(server)
    if open_to_all and listed is not None:
        yield Check("as-public-unsupported", "none" not in methods, seen, pointer)
    if set(methods) & _JWT_METHODS:
        algorithms = server.list(_ALGORITHMS) or ()
        wrong = not algorithms or "none" in algorithms
        seen, level = ", ".join(algorithms) or "absent", _weight("key", uses)
        yield Check("as-jwt-auth-algs", wrong, seen, f"/{_ALGORITHMS}", level=level)
    if "client_credentials" in (server.list(_GRANTS) or ()):
        fitting = {"private_key_jwt", "client_secret_basic"} & set(methods)
        # The extension's text and its proposal disagree about client_secret_post (SPEC CC1).
        posted = "client_secret_post" in methods
        level = Level.WARNING if posted else _weight("client_credentials", uses)
        seen = ", ".join(methods)
        yield Check("as-cc-auth", not fitting, seen, pointer, level=level)


def _documents(server: AuthorizationServer) -> bool:
    return server.flag("client_id_metadata_document_supported")


def _ways_to_register(server: AuthorizationServer, stateless: bool) -> Checks:
    pointer = "/client_id_metadata_document_supported"
    yield Check(
        "as-no-registration",
        not server.registration_endpoint and not _documents(server),
        "neither registration_endpoint nor client_id_metadata_document_supported",
        "/registration_endpoint",
    )
    if server.registration_endpoint or _documents(server):
        id = "as-dcr-only" if stateless else "as-no-cimd"
        seen = as_seen(server.document.get("client_id_metadata_document_supported"))
        yield Check(id, not _documents(server), seen, pointer)


def _dpop(server: AuthorizationServer, wants: ServerNeeds, uses: frozenset[str]) -> Checks:
    value = server.document.get(_DPOP)
    if value is None and not wants.dpop:
        return
    listed = strings(value)
    weak = [name for name in listed if name == "none" or name.startswith("HS")]
    seen = ", ".join(listed) or as_seen(value)
    level = None if wants.dpop else _weight("dpop", uses)
    yield Check("as-dpop-algs", not listed or bool(weak), seen, f"/{_DPOP}", level=level)


def _openid(server: AuthorizationServer) -> Checks:
    if OIDC not in (server.url or ""):
        return
    document = server.document
    algorithms = strings(document.get("id_token_signing_alg_values_supported"))
    lacking = [name for name in ("jwks_uri", "subject_types_supported") if not document.get(name)]
    if "RS256" not in algorithms:
        lacking.append("id_token_signing_alg_values_supported")
    seen = f"absent or without RS256: {', '.join(lacking)}" if lacking else ""
    yield Check("as-oidc-members", bool(lacking), seen, f"/{lacking[0]}" if lacking else "")


def _fits(server: AuthorizationServer, wants: ServerNeeds) -> Checks:
    known = server.list("scopes_supported")
    if known and wants.scopes:
        unknown = [item for item in wants.scopes if item not in known]
        yield Check("as-scope-unknown", bool(unknown), " ".join(unknown), "/scopes_supported")
    resources = strings(server.document.get("protected_resources"))
    if resources and wants.resource:
        seen = ", ".join(resources)
        missing = wants.resource not in resources
        yield Check(
            "prm-as-crosscheck", missing, seen, "/protected_resources", expected=wants.resource
        )


def same_site(one: str, other: str) -> bool:
    """Return whether two hosts share their last two labels: a rough site, never a decision."""
    try:
        return _site(one) == _site(other)
    except ValueError:
        return False


def _site(url: str) -> tuple[str, ...]:
    host = (split(url).hostname or "").rstrip(".")
    return (host,) if host.replace(".", "").isdigit() else tuple(host.split(".")[-2:])


def sites(server: AuthorizationServer) -> Checks:
    """Look for endpoints on a site that neither the issuer nor the sign-in is on."""
    for name in ("token_endpoint", "registration_endpoint"):
        other = getattr(server, name)
        if other:
            known = (server.issuer, server.authorization_endpoint)
            foreign = not any(same_site(other, url) for url in known)
            yield Check("as-endpoint-foreign", foreign, other, f"/{name}")


def issuer(named: Any) -> Checks:
    """Look at the form of an issuer (RFC 8414 §2): https, no query, no fragment."""
    if isinstance(named, str):
        wrong = insecure(named) or "?" in named or "#" in named
        yield Check("as-issuer-form", wrong, named, "/issuer")
