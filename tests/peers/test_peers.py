"""The peers themselves, without the program: that their answers can be trusted as a yardstick."""

from __future__ import annotations

import base64
import hashlib
import secrets
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import httpx
import pytest

from .mcp_requests import call_tool, first_answer

if TYPE_CHECKING:
    from .browser import Person

CALLBACK = "http://127.0.0.1:{}/callback"


@contextmanager
def _client() -> Iterator[httpx.Client]:
    with httpx.Client(trust_env=False, timeout=10) as client:
        yield client


def _sign_in(
    client: httpx.Client, person: Person, metadata: dict[str, Any], resource: str, scope: str
) -> dict[str, Any]:
    """Registration, PKCE, sign-in and exchange by hand; the token response, with the client id."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        redirect_uri = CALLBACK.format(free.getsockname()[1])
    wish = {
        "redirect_uris": [redirect_uri],
        "application_type": "native",
        "token_endpoint_auth_method": "none",
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "client_name": "yardstick",
    }
    registered = client.post(metadata["registration_endpoint"], json=wish)
    assert registered.status_code == 201, registered.text
    verifier = secrets.token_urlsafe(32)
    digest = hashlib.sha256(verifier.encode()).digest()
    client_id = registered.json()["client_id"]
    query = {
        "response_type": "code",
        "client_id": client_id,
        "redirect_uri": redirect_uri,
        "scope": scope,
        "state": "a state",
        "resource": resource,
        "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
        "code_challenge_method": "S256",
    }
    url = f"{metadata['authorization_endpoint']}?{urlencode(query)}"
    landing = person.sign_in(url, reach_callback=False).parameters
    assert landing.pop("state") == "a state"
    form = {
        "grant_type": "authorization_code",
        "code": landing.pop("code"),
        "code_verifier": verifier,
        "redirect_uri": redirect_uri,
        "client_id": client_id,
        "resource": resource,
    }
    answer = client.post(metadata["token_endpoint"], data=form)
    assert answer.status_code == 200, answer.text
    return {"client_id": client_id, "landing": landing, **answer.json()}


def _refresh(
    client: httpx.Client, metadata: dict[str, Any], token: dict[str, Any], resource: str
) -> httpx.Response:
    form = {
        "grant_type": "refresh_token",
        "refresh_token": token["refresh_token"],
        "client_id": token["client_id"],
        "resource": resource,
    }
    return client.post(metadata["token_endpoint"], data=form)


@pytest.mark.parametrize("transport", ["http", "sse"])
def test_the_python_sdk_binds_tokens_to_one_resource_and_rotates_refresh_tokens(
    sdk: dict[str, str], person: Person, transport: str
) -> None:
    resource = sdk[transport]
    other = sdk[{"http": "sse", "sse": "http"}[transport]]
    with _client() as client:
        metadata = client.get(f"{sdk['issuer']}/.well-known/oauth-authorization-server").json()
        token = _sign_in(client, person, metadata, resource, "notes")
        assert token["landing"] == {}
        header = {"Authorization": f"Bearer {token['access_token']}"}
        assert first_answer(client, resource, header) == 200
        assert first_answer(client, other, header) == 401
        assert first_answer(client, resource, {}) == 401
        assert _refresh(client, metadata, token, resource).status_code == 200
        assert _refresh(client, metadata, token, resource).json()["error"] == "invalid_grant"


@pytest.mark.parametrize("form", ["jwt", "opaque"])
def test_oidc_provider_binds_tokens_to_one_resource_and_rotates_refresh_tokens(
    oidc: dict[str, str], person: Person, form: str
) -> None:
    resource = oidc[form]
    other = oidc[{"jwt": "opaque", "opaque": "jwt"}[form]]
    with _client() as client:
        metadata = client.get(f"{oidc['issuer']}/.well-known/openid-configuration").json()
        token = _sign_in(client, person, metadata, resource, "mcp:read")
        assert token["landing"] == {"iss": oidc["issuer"]}
        assert token["access_token"].count(".") == (2 if form == "jwt" else 0)
        header = {"Authorization": f"Bearer {token['access_token']}"}
        assert first_answer(client, resource, header) == 200
        assert first_answer(client, other, header) == 401
        assert first_answer(client, resource, {}) == 401
        assert call_tool(client, resource, header, "read_note").status_code == 200
        refused = call_tool(client, resource, header, "write_note")
        assert refused.status_code == 403
        assert 'error="insufficient_scope"' in refused.headers["www-authenticate"]
        assert 'scope="mcp:read mcp:write"' in refused.headers["www-authenticate"]
        assert _refresh(client, metadata, token, resource).status_code == 200
        assert _refresh(client, metadata, token, resource).json()["error"] == "invalid_grant"
