"""Knows how an authorization request is made (Z1-Z8); sends nothing, and judges no answer."""

from __future__ import annotations

import hashlib
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from urllib.parse import quote, urlencode

from mcp_auth_tui.model import Field, Secret
from mcp_auth_tui.model.oauth import (
    Attempt,
    AuthorizationServer,
    Client,
    Contact,
    Resource,
)
from mcp_auth_tui.protocol.actions import Now, Protocol, RandomOctets
from mcp_auth_tui.protocol.authorization.scope import OFFLINE, OPENID, Scope
from mcp_auth_tui.protocol.judge import Judge
from mcp_auth_tui.protocol.tokens.dpop import Dpop, code_binding
from mcp_auth_tui.protocol.urls import split

_OCTETS = 32
# Members that only the metadata of an OpenID provider has (OIDC Discovery §3).
_PROVIDER = ("subject_types_supported", "id_token_signing_alg_values_supported")


def _unreserved(octets: bytes) -> str:
    return urlsafe_b64encode(octets).rstrip(b"=").decode("ascii")


def challenge_of(verifier: str) -> str:
    """Return the S256 code challenge of a verifier (RFC 7636 §4.2)."""
    return _unreserved(hashlib.sha256(verifier.encode("ascii")).digest())


def prepare(
    judge: Judge,
    server: AuthorizationServer,
    client: Client,
    resource: Resource,
    scope: Scope,
    number: int,
    refused: Contact | None = None,
    dpop: Dpop | None = None,
    *,
    consent: bool = False,
) -> Protocol[Attempt]:
    """Make one authorization request (Z1-Z7); everything that the answer is judged by is kept.

    ``consent``: the server demands that the person is asked (``prompt=consent``).
    """
    octets: bytes = yield RandomOctets(_OCTETS)
    verifier = _unreserved(octets)
    octets = yield RandomOctets(_OCTETS)
    state = Secret(_unreserved(octets))
    fields = [
        *_fields_of_code_flow(client, state, verifier),
        *_fields_of_access(judge, resource, scope),
        *(yield from _fields_of_server(judge, server, scope, refused, dpop, consent)),
    ]
    config = judge.config
    if config.resource or not config.send_resource:
        option = f"--resource {config.resource}" if config.send_resource else "--no-resource"
        yield from judge.note("client-overridden", seen=option)
    now: float = yield Now()
    typed = {key for key, _ in config.params}
    fields = [field for field in fields if field.name not in typed]
    fields += [Field(key, value, "as asked by --param") for key, value in config.params]
    if typed:
        yield from judge.note("client-overridden", seen=f"--param {', '.join(sorted(typed))}")
    # What was typed over is what the answer, and the token request, must fit.
    sent = {field.name: field.raw for field in fields}
    return Attempt(
        number,
        url_of(server.authorization_endpoint, fields),
        server.issuer,
        server.authorization_endpoint,
        server.token_endpoint,
        sent["client_id"],
        sent["redirect_uri"],
        Secret(sent["state"]),
        Secret(verifier),
        sent.get("scope"),
        sent.get("resource"),
        server.flag("authorization_response_iss_parameter_supported"),
        tuple(fields),
        now,
    )


def _fields_of_code_flow(client: Client, state: Secret, verifier: str) -> list[Field]:
    registered = "MCP 2025-11-25 authorization, client registration"
    return [
        Field("response_type", "code", "the code flow", "RFC 6749 §4.1.1"),
        Field("client_id", client.id, client.how, registered),
        Field("redirect_uri", client.redirect_uri, "where the listener is bound", "RFC 8252 §7.3"),
        Field("state", state, "ties the answer to this request", "RFC 6749 §10.12"),
        Field("code_challenge", challenge_of(verifier), "PKCE", "RFC 7636 §4.3"),
        Field("code_challenge_method", "S256", "PKCE", "RFC 7636 §4"),
    ]


def _fields_of_access(judge: Judge, resource: Resource, scope: Scope) -> Iterator[Field]:
    """Yield what says for which resource the token is to be, and for what there."""
    config = judge.config
    if config.send_resource:
        reason = "the resource metadata, verbatim" if resource.url else "the MCP URL"
        reason = "as asked by --resource" if config.resource else reason
        yield Field("resource", resource.identifier, reason, "RFC 8707 §2")
    if scope.value is not None:
        source = "MCP 2025-11-25 authorization, scope selection"
        yield Field("scope", scope.value, scope.reason, source)


def _fields_of_server(
    judge: Judge,
    server: AuthorizationServer,
    scope: Scope,
    refused: Contact | None,
    dpop: Dpop | None,
    consent: bool,
) -> Protocol[list[Field]]:
    """Return what this server, or the refusal before, asks for besides."""
    fields = []
    if OPENID in (scope.value or "").split():
        # Optional by the standard, and some servers answer nobody without it.
        octets: bytes = yield RandomOctets(_OCTETS)
        reason = "an OpenID provider may demand one"
        fields.append(Field("nonce", _unreserved(octets), reason, "OIDC Core §3.1.2.1"))
    if consent or _needs_consent(judge, server, scope):
        reason = "the server gives offline_access to those who were asked"
        fields.append(Field("prompt", "consent", reason, "OIDC Core §11"))
    for name in ("acr_values", "max_age"):
        if refused is not None and (value := refused.param(name)):
            fields.append(Field(name, value, "from the challenge", "RFC 9470 §4"))
    if dpop is not None:
        fields.append((yield from code_binding(judge, dpop, server.authorization_endpoint)))
    return fields


def _needs_consent(judge: Judge, server: AuthorizationServer, scope: Scope) -> bool:
    """Return whether ``offline_access`` needs ``prompt=consent`` (OIDC Core §11; SPEC 8.7).

    It does at an OpenID provider that lists the value, and at any other where a refresh token is
    what the person asked for: such a provider may leave it out without a word. Else nobody is
    asked again for what he or his operator agreed to before.
    """
    if OFFLINE not in (scope.value or "").split():
        return False
    prompts = server.list("prompt_values_supported")
    if prompts is not None:
        return "consent" in prompts
    provider = any(name in server.document for name in _PROVIDER)
    return provider and judge.config.refresh


def url_of(endpoint: str, fields: list[Field]) -> str:
    """Append parameters to an endpoint; a query that it has already is kept (Z7)."""
    query = urlencode([(field.name, field.raw) for field in fields], quote_via=quote)
    old = split(endpoint).query
    return f"{endpoint}{'&' if old else '' if endpoint.endswith('?') else '?'}{query}"
