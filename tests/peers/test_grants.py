"""Grants beyond the plain code flow, with the real program against oidc-provider.

The resource servers check what they get by themselves: JWT tokens by the issuer's published keys,
DPoP proofs by jose (`node/grants.mjs`).
"""

from __future__ import annotations

import base64
import hashlib
import json
import time
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from joserfc import jwt
from joserfc.jwk import ECKey

from . import verdicts
from .conftest import Start
from .mcp_requests import first_answer
from .program import WAIT, Result
from .terminal import Terminal

if TYPE_CHECKING:
    from .browser import Person

BY_HAND = ("--browser", "none", *WAIT)
DEVICE = ("--grant", "device_code", *WAIT)
MACHINE = ("--grant", "client_credentials", "--scope", "mcp:read")


def _accepted(url: str, header: dict[str, str]) -> None:
    with httpx.Client(trust_env=False, timeout=10) as client:
        assert first_answer(client, url, header) == 200
        assert first_answer(client, url, {}) == 401


def _requests(result: Result, purpose: str) -> list[int]:
    """The statuses of the requests of one purpose, in order, from the JSON document."""
    exchanges = result.document["exchanges"]
    return [item["status"] for item in exchanges if item["purpose"] == purpose]


# Device authorization


def test_a_code_that_is_approved_in_a_browser_elsewhere_becomes_a_token(
    grants: dict[str, str], start: Start, person: Person, tmp_path: Path
) -> None:
    """X1: registered dynamically for the grant, polled, and the header is good at the resource."""
    target = tmp_path / "header"
    program = start(grants["bearer"], "--events", "--export", "headers", "-o", str(target), *DEVICE)
    device = program.learned("device")
    assert device["user_code"] in device["complete"]
    assert "Success" in person.approve(device["complete"])
    assert program.result().code == 0
    name, value = target.read_text().rstrip("\n").split(": ", 1)
    _accepted(grants["bearer"], {name: value})


def test_a_code_that_is_declined_ends_the_run(
    grants: dict[str, str], start: Start, person: Person
) -> None:
    """X1: access_denied of RFC 8628 section 3.5."""
    program = start(grants["bearer"], "--events", *DEVICE)
    person.approve(program.learned("device")["complete"], consent=False)
    result = program.result()
    ended = json.loads(result.out.splitlines()[-1])
    assert (result.code, ended["stop"]["id"]) == (1, "authz-denied")


# Client credentials


@pytest.mark.parametrize(
    ("client", "method"),
    [("basic:client", "client_secret_basic"), ("post-client", "client_secret_post")],
)
def test_a_client_with_a_secret_gets_a_token_for_itself(
    grants: dict[str, str], start: Start, client: str, method: str
) -> None:
    """CC1 and K3: id and secret have characters that Basic must encode first."""
    options = ("--client-id", client, "--auth-method", method, *MACHINE)
    program = start(grants["bearer"], "--plain", *options, MCP_AUTH_CLIENT_SECRET=grants["secret"])
    _accepted(grants["bearer"], program.result().header())


def _key(folder: Path, grants: dict[str, str], name: str) -> tuple[str, ...]:
    file = folder / f"{name}.pem"
    file.touch(mode=0o600)
    file.write_text(grants[name])
    return ("--client-id", "key-client", "--client-key", f"file:{file}", *MACHINE)


def test_a_client_with_a_key_gets_a_token_for_itself(
    grants: dict[str, str], start: Start, tmp_path: Path
) -> None:
    """CC1 and K4: oidc-provider checks signature, audience, lifetime and that jti is new."""
    program = start(grants["bearer"], "--plain", *_key(tmp_path, grants, "pem"))
    _accepted(grants["bearer"], program.result().header())


def test_a_key_that_is_locked_is_asked_for_its_passphrase_on_a_terminal(
    grants: dict[str, str], tmp_path: Path
) -> None:
    """K4: a wrong one may be corrected; neither stands on the screen."""
    options = _key(tmp_path, grants, "locked")
    with Terminal(tmp_path, (100, 40), grants["bearer"], "--plain", *options) as terminal:
        terminal.until("? Passphrase")
        terminal.press("wrong horse\n")
        terminal.until_matches(r"(?s)\? Passphrase.*\? Passphrase")
        terminal.press(f"{grants['passphrase']}\n")
        code, out = terminal.end()
        assert "horse" not in terminal.text
    assert code == 0, terminal.text
    name, value = out.rstrip("\n").split(": ", 1)
    _accepted(grants["bearer"], {name: value})


def test_a_key_that_is_locked_ends_the_run_when_nobody_can_be_asked(
    grants: dict[str, str], start: Start, tmp_path: Path
) -> None:
    """K4"""
    program = start(grants["bearer"], "--json", *_key(tmp_path, grants, "locked"))
    result = program.result()
    assert (result.code, result.document["stop"]["id"]) == (3, "client-no-person")
    assert _requests(result, "token request, client credentials") == []


# DPoP


def _proof(url: str, token: str, key: ECKey, **more: Any) -> str:
    """A proof by another implementation than the program's, for the same key or another."""
    digest = hashlib.sha256(token.encode()).digest()
    claims = {
        "htm": "POST",
        "htu": url,
        "ath": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
        "jti": str(uuid.uuid4()),
        "iat": int(time.time()),
        **more,
    }
    head = {"typ": "dpop+jwt", "alg": "ES256", "jwk": key.as_dict(private=False)}
    return jwt.encode(head, claims, key)


@pytest.mark.parametrize("realm", ["dpop", "nonce"])
def test_a_token_is_bound_to_a_key_and_accepted_with_a_fresh_proof_each_time(
    grants: dict[str, str], start: Start, person: Person, realm: str
) -> None:
    """D1-D3: the code flow, with and without nonces at both servers; verified by jose there."""
    url = grants[realm]
    program = start(url, "--json", "--reveal", "--call", "read_note", *BY_HAND)
    assert person.sign_in(program.authorization_url()).status == 200
    result = program.result()
    document = result.document
    assert (result.code, document["outcome"]) == (0, "ok"), result.err
    assert verdicts.unjudged(realm, document["findings"]) == set()
    nonces = [400, 200] if realm == "nonce" else [200]
    assert _requests(result, "token request") == nonces
    token = document["token"]["access"]
    assert document["headers"] == {"Authorization": f"DPoP {token}"}
    # The token alone, and the token with somebody else's key, are worth nothing there.
    other = ECKey.import_key(ec.generate_private_key(ec.SECP256R1()))
    with httpx.Client(trust_env=False, timeout=10) as client:
        assert first_answer(client, url, document["headers"]) == 401
        assert first_answer(client, url, {"Authorization": f"Bearer {token}"}) == 401
        stolen = {**document["headers"], "DPoP": _proof(url, token, other)}
        assert first_answer(client, url, stolen) == 401


@pytest.mark.parametrize("realm", ["dpop", "nonce"])
def test_a_bound_token_is_refreshed_with_the_same_key(
    grants: dict[str, str], start: Start, person: Person, realm: str
) -> None:
    """D2, F2: oidc-provider refuses a refresh whose proof is by another key."""
    program = start(grants[realm], "--json", "--refresh", *BY_HAND)
    person.sign_in(program.authorization_url())
    result = program.result()
    assert result.code == 0, result.err
    assert _requests(result, "token refresh") == [200]
    # The refresh token is not rotated, and need not be: the key binds it.
    assert verdicts.unjudged(realm, result.document["findings"]) == set()


def test_a_bound_token_is_kept_with_its_key_and_headers_prove_each_request(
    grants: dict[str, str], start: Start, person: Person, tmp_path: Path
) -> None:
    """ST2, D2: sealed or in the file beside its token; a refresh and a proof need that key."""
    url, store = grants["dpop"], tmp_path / "tokens" / "tokens.json"
    where = {"MCP_AUTH_TUI_TOKENS": str(store)}
    program = start(url, "--json", "--reveal", "--token-store", "file", *BY_HAND, **where)
    person.sign_in(program.authorization_url())
    signed_in = program.result()
    assert signed_in.code == 0, signed_in.err
    document = json.loads(store.read_text())
    (entry,) = document["tokens"]
    assert entry["thumbprint"]
    entry |= {"received": 0.0, "expires": 1.0}
    store.write_text(json.dumps(document))
    result = start("headers", url, "--format", "json", **where).result()
    assert result.code == 0, result.err
    headers = json.loads(result.out)
    assert headers["Authorization"] != f"DPoP {signed_in.document['token']['access']}"
    with httpx.Client(trust_env=False, timeout=10) as client:
        assert first_answer(client, url, headers) == 200
        assert first_answer(client, url, {**headers, "DPoP": headers["DPoP"][:-4]}) == 401
    other = start("headers", url, "--format", "json", "--method", "GET", **where).result()
    assert json.loads(other.out)["Authorization"] == headers["Authorization"]
    assert json.loads(other.out)["DPoP"] != headers["DPoP"]
    refused = start("headers", url, "--format", "token", **where).result()
    assert (refused.code, "has no place for the proof" in refused.err) == (2, True)
    ran = start("run", url, "--", "true", **where).result()
    assert (ran.code, "works in no variable" in ran.err) == (1, True)


def test_a_token_for_the_client_itself_is_bound_to_a_key_when_that_is_asked_for(
    grants: dict[str, str], start: Start
) -> None:
    """D2 and CC1: with `--dpop on` the proof goes with any grant; `cnf.jkt` names its key."""
    options = ("--client-id", "basic:client", "--dpop", "on", *MACHINE)
    program = start(
        grants["dpop"], "--json", "--reveal", *options, MCP_AUTH_CLIENT_SECRET=grants["secret"]
    )
    result = program.result()
    assert result.code == 0, result.err
    part = result.document["token"]["access"].split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    assert set(claims["cnf"]) == {"jkt"}


def test_a_device_gets_a_bound_token(grants: dict[str, str], start: Start, person: Person) -> None:
    """X1 with D2: every poll carries a proof of its own."""
    program = start(grants["dpop"], "--events", *DEVICE)
    person.approve(program.learned("device")["complete"])
    result = program.result()
    assert result.code == 0, result.err


# Pushed requests


def test_a_server_that_wants_requests_pushed_gets_them_pushed(
    grants: dict[str, str], start: Start, person: Person
) -> None:
    """Z9: the browser's address then holds the client and the request's name alone."""
    program = start(grants["pushed"], "--plain", *BY_HAND)
    redirect_uri, url = program.pushed_url()
    assert set(parse_qs(urlsplit(url).query)) == {"client_id", "request_uri"}
    assert person.sign_in(url, redirect_uri=redirect_uri).status == 200
    _accepted(grants["pushed"], program.result().header())


# Refresh


def test_a_refresh_token_of_a_public_client_is_rotated(
    grants: dict[str, str], start: Start, person: Person
) -> None:
    """F1, F2: the new token is verified, and both tokens are others than before."""
    program = start(grants["bearer"], "--json", "--reveal", "--refresh", *BY_HAND)
    person.sign_in(program.authorization_url())
    result = program.result()
    assert result.code == 0, result.err
    assert _requests(result, "token refresh") == [200]
    assert verdicts.unjudged("bearer", result.document["findings"]) == set()
    _accepted(grants["bearer"], result.document["headers"])


def test_a_grant_that_was_taken_back_cannot_be_refreshed(
    grants: dict[str, str], start: Start, person: Person
) -> None:
    """F1, K7: invalid_grant on a refresh says to sign in again; the first token is still shown."""
    program = start(grants["revoking"], "--json", "--refresh", *BY_HAND)
    person.sign_in(program.authorization_url())
    result = program.result()
    stop = result.document["stop"]
    assert (result.code, stop["id"]) == (1, "token-refresh-refused")
    assert "invalid_grant" in stop["seen"]
    assert "ign in again" in stop["next"]
    assert _requests(result, "token refresh") == [400]
