"""The token request and how its answer is judged (SPEC 2.9)."""

from __future__ import annotations

import json as jsonlib
from base64 import b64decode, urlsafe_b64encode
from typing import Any
from urllib.parse import unquote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_auth_tui.model import Failure, Level, Secret, Stage
from mcp_auth_tui.model.oauth import AuthorizationCode
from mcp_auth_tui.protocol.checks import token as checks_token
from mcp_auth_tui.protocol.jwt import read_jwt
from mcp_auth_tui.protocol.tokens import response
from mcp_auth_tui.protocol.tokens.authentication import authenticate
from mcp_auth_tui.protocol.tokens.endpoint import Endpoint
from tests.protocol.discovery.test_resource import JSON
from tests.protocol.script import (
    AS,
    MCP,
    NO_STORE,
    REDIRECT,
    Page,
    Script,
    attempt,
    client,
    form_of,
    headers_of,
    json,
    judge,
    raw,
    server,
)

GOOD = {"access_token": "at-1", "token_type": "Bearer", "expires_in": 60}


def exchanging(made: Any = None, **changes: Any) -> Script:
    code = AuthorizationCode(attempt(**changes), Secret("the-code"))
    asker = Endpoint(judge(Stage.TOKEN), server(), made or client())
    return Script(response.exchange_code(asker, code))


def answered(page: Page) -> Script:
    script = exchanging()
    script.sends("POST", f"{AS}/token", page)
    return script


def answer(**members: Any) -> Script:
    body = {key: value for key, value in {**GOOD, **members}.items() if value is not ...}
    return answered(json(200, body, NO_STORE))


def test_the_token_request_is_this_form() -> None:
    """K1, Z3: every field, and no other header than these."""
    request = exchanging().sends("POST", f"{AS}/token", json(200, GOOD))
    assert form_of(request) == [
        ("grant_type", "authorization_code"),
        ("code", "the-code"),
        ("redirect_uri", REDIRECT),
        ("code_verifier", "v" * 43),
        ("resource", MCP),
        ("client_id", "client-1"),
    ]
    assert headers_of(request) == [
        ("Accept", "application/json"),
        ("Content-Type", "application/x-www-form-urlencoded"),
    ]


def test_the_request_goes_to_the_endpoint_that_was_recorded_K1() -> None:
    """Z6: not to what a later document says."""
    exchanging(token_endpoint=f"{AS}/recorded").sends("POST", f"{AS}/recorded", json(200, GOOD))


def test_no_resource_in_the_request_when_none_was_asked_for_L4() -> None:
    request = exchanging(resource=None).sends("POST", f"{AS}/token", json(200, GOOD))
    assert "resource" not in dict(form_of(request))


def test_credentials_are_secrets_in_the_request_K6() -> None:
    """None stands in the URL, and none in what can be printed."""
    made = client(auth_method="client_secret_post", secret=Secret("s3cr3t-value"))
    request = exchanging(made).sends("POST", f"{AS}/token", json(200, GOOD))
    assert {item.reveal() for item in request.secrets} == {
        "the-code",
        "v" * 43,
        "s3cr3t-value",
    }
    for secret in request.secrets:
        assert secret.reveal() not in repr(request)


@pytest.mark.parametrize(
    ("method", "secret", "headers", "form"),
    [
        ("none", None, [], [("client_id", "i d")]),
        ("none", "s", [], [("client_id", "i d")]),
        ("client_secret_basic", "s", [("Authorization", "Basic aStkOnM=")], []),
        ("client_secret_post", "s", [], [("client_id", "i d"), ("client_secret", "s")]),
    ],
)
def test_exactly_one_way_of_authentication_K2(
    method: str, secret: str | None, headers: Any, form: Any
) -> None:
    made = client(id="i d", auth_method=method, secret=Secret(secret) if secret else None)
    got_headers, got_form = authenticate(made)
    assert [(item.name, item.raw) for item in got_headers] == headers
    assert [(item.name, item.raw) for item in got_form] == form


UNICODE = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)


@given(UNICODE, UNICODE)
def test_id_and_secret_are_form_encoded_before_they_are_joined_K3(id: str, secret: str) -> None:
    made = client(id=id, auth_method="client_secret_basic", secret=Secret(secret))
    ((field,), _) = authenticate(made)
    one, colon, two = b64decode(field.raw.removeprefix("Basic ")).decode("ascii").partition(":")
    assert (unquote_plus(one), colon, unquote_plus(two)) == (id, ":", secret)


def test_a_good_answer_is_read_whole_K5() -> None:
    script = answer(scope="a b", refresh_token="rt", id_token="it", unknown=[1])
    made = script.returned()
    assert (made.access, made.type, made.expires_in) == (Secret("at-1"), "Bearer", 60.0)
    assert (made.issuer, made.resource, made.client_id) == (AS, MCP, "client-1")
    assert (made.scope_asked, made.scope_granted) == ("a b", "a b")
    assert (made.refresh, made.id_token) == (Secret("rt"), Secret("it"))
    assert not made.verified
    assert script.broken == []


@pytest.mark.parametrize("kind", ["Bearer", "bearer", "BEARER"])
def test_the_type_is_read_in_any_case_and_an_absent_scope_is_as_asked_K5(kind: str) -> None:
    made = answer(token_type=kind).returned()
    assert (made.type, made.scope_granted) == (kind, "a b")


@pytest.mark.parametrize(
    ("members", "id"),
    [
        ({"access_token": ...}, "token-no-access"),
        ({"access_token": ""}, "token-no-access"),
        ({"access_token": 5}, "token-no-access"),
        ({"access_token": ..., "id_token": "a.b.c"}, "token-no-access"),
        ({"token_type": ...}, "token-no-type"),
        ({"token_type": ["Bearer"]}, "token-no-type"),
        ({"token_type": "mac"}, "token-type-unknown"),
        ({"token_type": "N_A"}, "token-type-unknown"),
        ({"token_type": "DPoP"}, "token-type-unknown"),
        ({"access_token": "a b"}, "token-syntax"),
        ({"access_token": "a\r\nX: y"}, "token-syntax"),
        ({"access_token": "a\n"}, "token-syntax"),
        ({"access_token": "é"}, "token-syntax"),
    ],
)
def test_a_token_that_must_not_be_used_is_refused(members: dict[str, Any], id: str) -> None:
    """K5, K8, U2: its absence, its type and its characters; an ID token is no access token."""
    assert answer(**members).stopped().id == id


@pytest.mark.parametrize(
    ("alg", "issuer", "level"),
    [
        ("HS256", "https://mcp.example/", Level.INFO),
        ("HS256", AS, Level.WARNING),
        ("none", "https://mcp.example/", None),
    ],
)
def test_a_shared_key_matters_where_it_has_to_be_shared(
    alg: str, issuer: str, level: Level | None
) -> None:
    """A server that is its own authorization server (as fastmcp's proxies are) keeps it alone."""
    issued = checks_token.IssuedToken({}, {"alg": alg}, {}, issuer, "client-1", MCP, None, 0.0)
    (check,) = [item for item in checks_token.jwt(issued) if item.id == "jwt-alg"]
    assert (check.broken, check.level) == (True, level)


@pytest.mark.parametrize(
    ("access", "seen"),
    [
        ("user:grant:secret", "among the characters: :"),
        ('a"b,c\\d', 'among the characters: " , \\'),
        ("a=b", ""),
    ],
)
def test_a_token_with_other_signs_is_told_and_used_for_a_header_can_hold_it_U2(
    access: str, seen: str
) -> None:
    """Well-known servers join the parts of a token with colons, and take it back as it is."""
    script = answer(access_token=access)
    assert script.returned().access.reveal() == access
    told = [item for item in script.findings if item.id == "token-syntax"]
    assert [(item.level, item.seen) for item in told] == [(Level.ERROR, seen)]


@pytest.mark.parametrize(
    ("page", "id"),
    [
        (raw(302, b"", ("location", "https://evil.example")), "token-redirect"),
        (raw(307, b"", ("location", f"{AS}/token2")), "token-redirect"),
        (raw(200, "access_token=a&token_type=bearer"), "token-content-type"),
        (raw(200, "[]"), "token-content-type"),
        (raw(500, "oops"), "token-error"),
        (raw(429, b"", ("retry-after", "5")), "net-rate-limited"),
        (raw(503, b"", ("retry-after", "5")), "net-rate-limited"),
        (raw(503), "token-error"),
        (json(400, {"message": "no"}), "token-error"),
        (Failure("net-timeout", "10 s"), "net-timeout"),
    ],
)
def test_nothing_is_followed_and_no_code_is_sent_twice_K6(page: Page, id: str) -> None:
    """One request, whatever comes back."""
    script = answered(page)
    assert script.stopped().id == id


@pytest.mark.parametrize(
    ("error", "told", "next"),
    [
        ("invalid_grant", "authentication: none", "The code was sent once, as soon as it came"),
        ("invalid_client", "authentication: none", "Compare client id, secret and authentication"),
        ("invalid_target", f"resource: {MCP}", "--no-resource"),
        ("invalid_scope", "", "--scope"),
    ],
)
def test_each_error_has_its_way_on_K7(error: str, told: str, next: str) -> None:
    stop = answered(json(400, {"error": error, "error_description": "because"})).stopped()
    assert (stop.id, stop.pointer) == ("token-error", "/error")
    assert stop.seen.startswith(f"HTTP 400: {error}: because")
    assert told in stop.seen
    assert next in f"{stop.next} {stop.meanwhile}"
    assert "--" not in stop.next


def test_an_error_with_status_200_is_an_error() -> None:
    assert answered(json(200, {"error": "invalid_grant"})).stopped().id == "token-error"


def test_a_null_error_beside_a_token_is_an_unknown_member_K5() -> None:
    assert answer(error=None).returned().access == Secret("at-1")


@pytest.mark.parametrize(
    ("page", "broken"),
    [
        (json(201, GOOD, NO_STORE), ["token-status"]),
        (json(200, GOOD, NO_STORE, kind="text/plain"), ["token-content-type"]),
        (json(200, GOOD), ["token-cacheable"]),
        (json(200, {**GOOD, "scope": ["a", "b"]}, NO_STORE), ["token-scope-array"]),
        (json(200, {**GOOD, "scope": "a"}, NO_STORE), ["token-scope-narrow"]),
        (json(200, {**GOOD, "scope": "a b c"}, NO_STORE), ["token-scope-wide"]),
        (json(200, {**GOOD, "expires_in": 90_000}, NO_STORE), ["token-long-lived"]),
        (json(200, {**GOOD, "access_token": "a" * 5000}, NO_STORE), ["token-size"]),
    ],
)
def test_what_is_tolerated_is_told(page: Page, broken: list[str]) -> None:
    script = answered(page)
    assert script.returned().access.reveal()
    assert script.broken == broken


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (..., None),
        (None, None),
        ("3600", 3600.0),
        ("soon", None),
        ("nan", None),
        (0, 0.0),
        (False, None),
        (-1, None),
        (True, None),
        ([], None),
        (10**400, None),
    ],
)
def test_a_bad_lifetime_is_told_and_never_crashes(value: Any, seconds: float | None) -> None:
    script = answer(expires_in=value)
    assert script.returned().expires_in == seconds
    assert script.broken == ["token-expiry"]


MEMBERS = (*GOOD, "scope", "refresh_token", "id_token", "error", "error_description")


@given(st.dictionaries(st.sampled_from(MEMBERS), JSON))
def test_wrong_types_in_any_member_give_findings_or_a_stop(members: dict[str, Any]) -> None:
    """K5: never another exception."""
    script = answered(json(200, {**GOOD, **members}))
    assert script.stop is not None or script.returned().access.reveal()


# --- reading a JWT -------------------------------------------------------------------------------


def part(value: Any) -> str:
    return urlsafe_b64encode(jsonlib.dumps(value).encode()).decode().rstrip("=")


def test_a_jwt_is_read_and_not_verified() -> None:
    header, claims = {"alg": "RS256", "typ": "at+jwt"}, {"aud": [MCP], "exp": 1}
    assert read_jwt(f"{part(header)}.{part(claims)}.c2ln") == (header, claims)
    assert answer(access_token=f"{part(header)}.{part(claims)}.c2ln").returned().claims == claims


@pytest.mark.parametrize(
    "text", ["", "opaque", "a.b", "a.b.c", "..", f"{part([])}.{part({})}.x", f"{part({})}.e30.x"]
)
def test_what_is_no_jwt_is_opaque(text: str) -> None:
    assert read_jwt(text) == (None, None)


@given(
    st.text(max_size=80)
    | st.builds("{}.{}.{}".format, st.text(max_size=9), st.text(max_size=9), st.text(max_size=9))
    | st.builds(lambda a, b: f"{part(a)}.{part(b)}.", JSON, JSON)
    | st.binary(max_size=30).map(lambda b: f"{urlsafe_b64encode(b).decode()}.e30.x")
)
def test_reading_a_jwt_never_raises(text: str) -> None:
    header, claims = read_jwt(text)
    assert (header is None) == (claims is None)


def test_a_jwt_of_many_levels_is_opaque() -> None:
    deep = urlsafe_b64encode(b'{"alg":' + b"[" * 50_000).decode().rstrip("=")
    assert read_jwt(f"{deep}.{deep}.x") == (None, None)
