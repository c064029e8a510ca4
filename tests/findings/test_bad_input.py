"""Documents that no server should send: findings, never an exception.

What one place alone may give (HTML, arrays, duplicates, depth) is in tests/protocol.
"""

from __future__ import annotations

import json as jsonlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcp_auth_tui.findings import CATALOGUE
from mcp_auth_tui.model import Outcome, Response
from tests.findings.site import CIMD, OAUTH, Site, at, jwt, site
from tests.protocol.script import AS, NO_STORE, OIDC, PRM, Page, Script, json, raw
from tests.protocol.test_resource import JSON

# Every member of RFC 9728 §2.
RESOURCE = """
    resource authorization_servers jwks_uri scopes_supported bearer_methods_supported
    resource_signing_alg_values_supported resource_name resource_documentation resource_policy_uri
    resource_tos_uri tls_client_certificate_bound_access_tokens
    authorization_details_types_supported dpop_signing_alg_values_supported
    dpop_bound_access_tokens_required signed_metadata
"""
# Every member of RFC 8414 §2 and of those that build on it.
SERVER = """
    issuer authorization_endpoint token_endpoint jwks_uri registration_endpoint scopes_supported
    response_types_supported response_modes_supported grant_types_supported
    token_endpoint_auth_methods_supported token_endpoint_auth_signing_alg_values_supported
    service_documentation ui_locales_supported op_policy_uri op_tos_uri revocation_endpoint
    revocation_endpoint_auth_methods_supported
    revocation_endpoint_auth_signing_alg_values_supported introspection_endpoint
    introspection_endpoint_auth_methods_supported
    introspection_endpoint_auth_signing_alg_values_supported code_challenge_methods_supported
    authorization_response_iss_parameter_supported client_id_metadata_document_supported
    protected_resources pushed_authorization_request_endpoint require_signed_request_object
    dpop_signing_alg_values_supported authorization_grant_profiles_supported userinfo_endpoint
    subject_types_supported id_token_signing_alg_values_supported device_authorization_endpoint
"""
# Every member of RFC 7591 §2 and §3.2.1, and of RFC 7592 §3.
CLIENT = """
    client_id client_secret client_id_issued_at client_secret_expires_at redirect_uris
    token_endpoint_auth_method grant_types response_types client_name client_uri logo_uri scope
    contacts tos_uri policy_uri jwks_uri jwks software_id software_version software_statement
    application_type registration_access_token registration_client_uri
"""
TOKEN = "access_token token_type expires_in refresh_token scope id_token"
CLAIMS = "iss aud exp iat sub client_id jti scope scp cnf nonce email at_hash"


def some(names: str) -> st.SearchStrategy[dict[str, Any]]:
    return st.dictionaries(st.sampled_from(names.split()), JSON, min_size=1, max_size=6)


def judged(script: Script) -> None:
    """A run ended as runs end: with an outcome or a finding, and all that it told is known."""
    assert script.stop is not None or script.result in (Outcome.OK, Outcome.OPEN)
    assert {finding.id for finding in script.findings} <= set(CATALOGUE)


@given(some(RESOURCE))
def test_wrong_types_in_resource_metadata_are_findings(members: dict[str, Any]) -> None:
    """P4, RFC 9728."""
    judged(site(members).run())


@given(some(SERVER), st.booleans())
def test_wrong_types_in_server_metadata_are_findings(
    members: dict[str, Any], stateless: bool
) -> None:
    """A8, RFC 8414."""
    settings: dict[str, Any] = {"spec": "2026-07-28"} if stateless else {}
    judged(site(server=members, era="stateless" if stateless else "initialize").run(**settings))


@given(some(CLIENT))
def test_wrong_types_in_a_registration_are_findings(members: dict[str, Any]) -> None:
    """G5, RFC 7591."""
    judged(site(registers=members).run())


@given(some(CLIENT))
def test_wrong_types_in_our_own_document_are_findings(members: dict[str, Any]) -> None:
    """G2."""
    page = json(200, members)
    judged(site(answers=at(CIMD, page)).run(client_metadata_url=CIMD))


@given(some(TOKEN))
def test_wrong_types_in_a_token_answer_are_findings(members: dict[str, Any]) -> None:
    """K5."""
    judged(site(issues=members).run())


@given(some(CLAIMS), st.dictionaries(st.sampled_from(["alg", "typ", "kid"]), JSON))
def test_wrong_types_in_the_claims_of_a_token_are_findings(
    claims: dict[str, Any], header: dict[str, Any]
) -> None:
    """RFC 9068: what can be read of a token is no more trusted than the rest."""
    judged(site(issues={"access_token": jwt(header, **claims)}).run())


DEEP = "[" * 5000 + "]" * 5000
BAD = {
    "html": raw(200, "<!doctype html><title>404</title>", ("content-type", "text/html")),
    "html called json": json(200, "<!doctype html>"),
    "an array": json(200, [{"issuer": AS}]),
    "a text": json(200, "issuer"),
    "deeply nested": raw(200, f'{{"x": {DEEP}}}', ("content-type", "application/json")),
    "twice the same member": raw(
        200, '{"issuer": "a", "issuer": "b", "resource": 1, "resource": 2}'
    ),
    "cut off at the limit": Response(200, (("content-type", "application/json"),), b"{", True),
    "five megabytes": raw(200, jsonlib.dumps({"x": "y" * 5_000_000})),
    "no text": raw(200, b"\xff\xfe\x00{}", ("content-type", "application/json")),
    "empty": raw(200),
    "not a number": raw(200, '{"expires_in": NaN}', ("content-type", "application/json")),
}


@pytest.mark.parametrize("page", BAD.values(), ids=BAD.keys())
@pytest.mark.parametrize(
    ("url", "prefixes"),
    [
        (PRM, ("prm-", "rs-prm-", "net-oversize")),
        (OAUTH, ("as-", "net-oversize")),
        (f"{AS}/register", ("dcr-",)),
        (f"{AS}/token", ("token-",)),
        (CIMD, ("cimd-own-",)),
    ],
)
def test_a_body_that_is_no_document_is_a_finding_about_its_place(
    url: str, prefixes: tuple[str, ...], page: Page
) -> None:
    """P4, K5, G5: each is named for what it is, and nothing else is blamed."""
    settings = {"client_metadata_url": CIMD} if url == CIMD else {}
    made = _with(url, page)
    script = made.run(**settings)
    judged(script)
    blamed = {*script.broken, *([script.stop.id] if script.stop else [])}
    assert blamed
    assert [id for id in blamed if not id.startswith(prefixes)] == []


def _with(url: str, page: Page) -> Site:
    made = site(answers=at(url, page))
    made.pages.pop(OIDC, None)
    return made


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_any_octets_in_place_of_a_document_are_findings(body: bytes) -> None:
    for url in (PRM, OAUTH, f"{AS}/register", f"{AS}/token"):
        page = Response(200, (("content-type", "application/json"), NO_STORE), body)
        judged(site(answers=at(url, page)).run())
