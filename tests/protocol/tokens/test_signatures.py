"""Checking signatures with the issuer's key set because a person asked (RFC 7515, RFC 8414 §2)."""

from __future__ import annotations

from typing import Any

import pytest

from mcp_auth_tui.model import Failure, Learned, Secret, Stage
from mcp_auth_tui.model.aside import SignatureCheck
from mcp_auth_tui.protocol.actions import Verification, Verify
from mcp_auth_tui.protocol.jwt import read_jwt
from mcp_auth_tui.protocol.tokens.signatures import ACCESS, IDENTITY, check, readable
from tests.protocol.script import AS, Script, headers_of, json, judge, raw, server, token

JWT = "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhZGEifQ.c2ln"
ID = "eyJhbGciOiJFUzI1NiJ9.eyJhdWQiOiJjIn0.c2ln"
KEYS = {"keys": [{"kty": "EC"}]}


def checking(**members: Any) -> Script:
    jose, claims = read_jwt(JWT)
    held = token(access=Secret(JWT), id_token=Secret(ID), claims=claims, jose=jose)
    return Script(check(judge(Stage.TOKEN), server(**members), held))


def test_the_key_set_is_fetched_once_without_credentials_and_every_jwt_is_checked_with_it() -> None:
    script = checking(jwks_uri=f"{AS}/keys")
    request = script.sends("GET", f"{AS}/keys", json(200, KEYS))
    assert sorted(name.lower() for name, _ in headers_of(request)) == [
        "accept",
        "mcp-protocol-version",
    ]
    assert script.wants(Verify) == Verify(Secret(JWT), KEYS)
    script.reply(Verification(True, "good", "k", "ES256"))
    assert script.wants(Verify) == Verify(Secret(ID), KEYS)
    script.reply(Verification(False, "the signature does not fit", "k", "ES256"))
    expected = (
        SignatureCheck(ACCESS, True, "good", 1),
        SignatureCheck(IDENTITY, False, "the signature does not fit", 1),
    )
    assert script.returned() == expected
    assert script.notes == [Learned("checked", expected)]


@pytest.mark.parametrize(
    ("members", "why"),
    [
        ({}, "the issuer's metadata has no jwks_uri, so its keys cannot be found"),
        (
            {"jwks_uri": "http://keys.example/k"},
            "jwks_uri is not asked: it is http, and its host is not this machine",
        ),
        ({"jwks_uri": ["x"]}, "the issuer's metadata has no jwks_uri, so its keys cannot be found"),
    ],
)
def test_keys_that_must_not_be_asked_for_are_not(members: dict[str, Any], why: str) -> None:
    """A7, SPEC 6: only https, or http on loopback."""
    assert checking(**members).returned() == (
        SignatureCheck(ACCESS, None, why),
        SignatureCheck(IDENTITY, None, why),
    )


def test_a_key_set_that_does_not_come_says_why() -> None:
    script = checking(jwks_uri=f"{AS}/keys")
    script.sends("GET", f"{AS}/keys", raw(404))
    assert [item.why for item in script.returned()] == ["the key set: HTTP 404"] * 2
    script = checking(jwks_uri=f"{AS}/keys")
    script.sends("GET", f"{AS}/keys", Failure("net-connect", "refused"))
    script.sends("GET", f"{AS}/keys", Failure("net-connect", "refused"))
    assert [item.ok for item in script.returned()] == [None, None]


def test_an_opaque_token_is_not_among_those_that_can_be_checked() -> None:
    assert readable(None) == ()
    assert readable(token()) == ()
    assert readable(token(id_token=Secret("opaque"))) == ()
    assert readable(token(id_token=Secret(ID))) == ((IDENTITY, Secret(ID)),)
