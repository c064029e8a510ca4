"""What is said of the known clients against the client that is installed here."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

import httpx2
import pytest
from mcp.client.auth import OAuthFlowError, OAuthRegistrationError, utils
from mcp.client.auth.oauth2 import check_registration_usable
from mcp.shared.auth import OAuthClientInformationFull, OAuthMetadata, OAuthToken
from mcp.shared.auth_utils import check_resource_allowed
from pydantic import ValidationError

from mcp_auth_tui.findings import CATALOGUE
from mcp_auth_tui.findings.clients import CLIENTS, PYTHON, TYPESCRIPT
from tests.findings.cases_server import openid
from tests.protocol.script import AS, MCP, metadata, prm

SERVER_METADATA = {
    "as-issuer-missing": metadata(issuer=...),
    "as-no-authorize": metadata(authorization_endpoint=...),
    "as-no-token": metadata(token_endpoint=...),
    "as-endpoint-scheme": metadata(authorization_endpoint="javascript:alert(1)"),
    "as-endpoint-http": metadata(token_endpoint="http://as.example/token"),
    "as-response-types": metadata(response_types_supported=...),
    "as-pkce-absent": metadata(code_challenge_methods_supported=...),
    "as-pkce-no-s256": metadata(code_challenge_methods_supported=["plain"]),
    "as-null": metadata(service_documentation=None),
    "as-oidc-members": openid(jwks_uri=...),
    "as-issuer-mismatch": metadata("https://elsewhere.example"),
    "as-issuer-slash": metadata(f"{AS}/"),
}
RESOURCE_METADATA = {
    "prm-resource-missing": prm(resource=...),
    "prm-no-as": prm(authorization_servers=[]),
    "prm-null": prm(resource_name=None),
    "prm-resource-foreign": prm(resource="https://other.example/mcp"),
    "prm-resource-http": prm(resource="http://mcp.example/mcp"),
    "prm-resource-slash": prm(resource=f"{MCP}/"),
}
TOKENS = {
    "token-no-access": {"token_type": "Bearer"},
    "token-no-type": {"access_token": "t"},
    "token-type-unknown": {"access_token": "t", "token_type": "mac"},
    "token-scope-array": {"access_token": "t", "token_type": "Bearer", "scope": ["a"]},
}
REGISTRATIONS = {
    "dcr-no-client-id": {},
    "dcr-null": {"client_id": "c", "client_uri": None},
    "dcr-echo": {"client_id": "c"},
    "dcr-secret-mismatch": {"client_id": "c", "token_endpoint_auth_method": "client_secret_basic"},
}


def python_stops(id: str) -> bool:
    """Return what is said of the Python SDK."""
    return CLIENTS[id][0].stops


def test_every_row_is_about_a_rule_and_about_both_clients() -> None:
    assert set(CLIENTS) <= set(CATALOGUE)
    named = {tuple((note.client, note.version) for note in notes) for notes in CLIENTS.values()}
    assert named == {(PYTHON, TYPESCRIPT)}
    assert [note for notes in CLIENTS.values() for note in notes if note.why[-1] != "."] == []


def test_the_python_client_that_was_read_is_the_one_that_is_installed() -> None:
    assert (PYTHON[1], version("mcp")) == ("2.3.0", "2.3.0")


@pytest.mark.parametrize("id", SERVER_METADATA)
async def test_the_python_client_takes_server_metadata_as_is_said(id: str) -> None:
    response = httpx2.Response(200, json=SERVER_METADATA[id])
    _, found = await utils.handle_auth_metadata_response(response)
    stops = found is None or not _validated(found)
    assert stops is python_stops(id)


def _validated(found: OAuthMetadata) -> bool:
    try:
        utils.validate_metadata_issuer(found, AS)
    except OAuthFlowError:
        return False
    return True


@pytest.mark.parametrize("id", RESOURCE_METADATA)
async def test_the_python_client_takes_resource_metadata_as_is_said(id: str) -> None:
    response = httpx2.Response(200, json=RESOURCE_METADATA[id])
    found = await utils.handle_protected_resource_response(response)
    fits = found is not None and check_resource_allowed(MCP, str(found.resource))
    assert fits is not python_stops(id)


@pytest.mark.parametrize("id", TOKENS)
def test_the_python_client_takes_a_token_answer_as_is_said(id: str) -> None:
    assert _parses(OAuthToken, TOKENS[id]) is not python_stops(id)


@pytest.mark.parametrize("id", REGISTRATIONS)
def test_the_python_client_takes_a_registration_as_is_said(id: str) -> None:
    try:
        check_registration_usable(OAuthClientInformationFull.model_validate(REGISTRATIONS[id]))
        stops = False
    except (ValidationError, OAuthRegistrationError):
        stops = True
    assert stops is python_stops(id)


def _parses(model: Any, answer: dict[str, Any]) -> bool:
    try:
        model.model_validate(answer)
    except ValidationError:
        return False
    return True


@pytest.mark.parametrize(("id", "iss"), [("authz-iss-absent", None), ("authz-iss-differs", "x")])
def test_the_python_client_judges_iss_as_is_said(id: str, iss: str | None) -> None:
    found = OAuthMetadata.model_validate(metadata())
    assert python_stops(id)
    with pytest.raises(OAuthFlowError):
        utils.validate_authorization_response_iss(iss, found)
