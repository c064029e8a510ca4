"""Documents that no server should send: findings, never an exception.

What one place alone may give (HTML, arrays, duplicates, depth) is in tests/protocol.
"""

from __future__ import annotations

import json as jsonlib
from collections.abc import Callable
from itertools import cycle
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcp_auth_tui.findings import CATALOGUE
from mcp_auth_tui.inspect.formats import FORMATS
from mcp_auth_tui.model import Level, Response, Session
from tests.findings.site import CIMD, OAUTH, Site, at, jwt, site
from tests.findings.whole import assert_well_formed, assert_well_formed_everywhere, session_of
from tests.inspect.world import GOOD, ISSUER, inspected, metadata, resource, server
from tests.inspect.world import PRM as PLACE
from tests.protocol.discovery.test_resource import JSON
from tests.protocol.script import AS, NO_STORE, OIDC, PRM, Page, json, raw

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
METADATA = metadata(ISSUER)
Place = Callable[[dict[str, Any]], Session]
TOKEN = "access_token token_type expires_in refresh_token scope id_token"
CLAIMS = "iss aud exp iat sub client_id jti scope scp cnf nonce email at_hash"


def some(names: str) -> st.SearchStrategy[dict[str, Any]]:
    return st.dictionaries(st.sampled_from(names.split()), JSON, min_size=1, max_size=6)


def judged(world: Site, **settings: Any) -> Session:
    """A run ended as runs end, and all that it told is known."""
    session = session_of(world, **settings)
    assert {finding.id for finding in session.findings} <= set(CATALOGUE)
    return session


def wrong_resource(members: dict[str, Any]) -> Session:
    """P4, RFC 9728."""
    return judged(site(members))


def wrong_server(members: dict[str, Any]) -> Session:
    """A8, RFC 8414."""
    return judged(site(server=members))


def wrong_server_of_today(members: dict[str, Any]) -> Session:
    """A8, RFC 8414, under the newest revision."""
    return judged(site(server=members, era="stateless"), spec="2026-07-28")


def wrong_client(members: dict[str, Any]) -> Session:
    """G5, RFC 7591."""
    return judged(site(registers=members))


def wrong_own_document(members: dict[str, Any]) -> Session:
    """G2."""
    page = json(200, members)
    return judged(site(answers=at(CIMD, page)), client_metadata_url=CIMD)


def wrong_token(members: dict[str, Any]) -> Session:
    """K5."""
    return judged(site(issues=members))


def wrong_claims(members: dict[str, Any]) -> Session:
    """RFC 9068: what can be read of a token is no more trusted than the rest."""
    return judged(site(issues={"access_token": jwt(members, **members)}))


PLACES: dict[Place, str] = {
    wrong_resource: RESOURCE,
    wrong_server: SERVER,
    wrong_server_of_today: SERVER,
    wrong_client: CLIENT,
    wrong_own_document: CLIENT,
    wrong_token: TOKEN,
    wrong_claims: f"{CLAIMS} alg typ kid",
}
WRONG = (
    None, True, -1, 1.5, 10**40, "", "x", "http://[", "\x1b[31m\u202e\x00", "a" * 3000, [], [None],
    [[1, "x"]], ["x", "x"], {}, {"a": {"b": [1]}},
)  # fmt: skip
"""Values of each type, wrong for every member in one way or another."""


def named(value: Any) -> str:
    return value if isinstance(value, str) else str(value.__name__)


@pytest.mark.parametrize(
    ("place", "member"),
    [(place, member) for place, names in PLACES.items() for member in names.split()],
    ids=named,
)
def test_every_member_may_be_of_any_type_and_the_run_can_be_written_down(
    place: Place, member: str
) -> None:
    forms = cycle(FORMATS)
    for number, value in enumerate(WRONG):
        session = place({member: value})
        # Each form takes its turn: all of all would be minutes.
        if number % 3 == 0:
            assert_well_formed(session, next(forms))


@pytest.mark.parametrize("place", PLACES, ids=named)
@settings(max_examples=40)
@given(st.data())
def test_any_members_of_any_types_are_findings(place: Place, data: st.DataObject) -> None:
    members = data.draw(some(PLACES[place]))
    assert_well_formed(place(members), data.draw(st.sampled_from(FORMATS)))


@pytest.mark.parametrize("member", [*RESOURCE.split(), *SERVER.split()])
def test_an_inspection_takes_every_member_of_any_type_too(member: str) -> None:
    for value in WRONG:
        answers = {**GOOD, PLACE: resource(**{member: value}), METADATA: server(**{member: value})}
        session = inspected(answers)
        assert {finding.id for finding in session.findings} <= set(CATALOGUE)
        assert session.outcome is not None


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
    world = _with(url, page)
    session = judged(world, **settings)
    assert_well_formed_everywhere(session)
    blamed = {item.id for item in session.findings if item.level is not Level.OK}
    assert blamed
    assert [id for id in blamed if not id.startswith(prefixes)] == []


def _with(url: str, page: Page) -> Site:
    world = site(answers=at(url, page))
    world.pages.pop(OIDC, None)
    return world


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_any_octets_in_place_of_a_document_are_findings(body: bytes) -> None:
    for url in (PRM, OAUTH, f"{AS}/register", f"{AS}/token"):
        page = Response(200, (("content-type", "application/json"), NO_STORE), body)
        judged(site(answers=at(url, page)))
