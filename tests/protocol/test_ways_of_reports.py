"""Servers out of public reports that an option gets through to: the end names it, and it works.

Each names its repository and number; those without one are of our own making.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, urlencode

import pytest

from mcp_auth_tui.model import Request
from tests.findings.site import Site, callback, site
from tests.protocol.script import (
    AS,
    MCP,
    OAUTH,
    PRM,
    Page,
    form_of,
    json,
    metadata,
    prm,
    raw,
)

SLASH = f"{AS}/"
OTHER = "https://gateway.example/api/v1/mcp"


def named(stop: Any) -> str:
    return f"{stop.next} {stop.meanwhile}"


@pytest.mark.parametrize(
    ("listed", "issuer"),
    [
        (AS, SLASH),  # anomalyco/opencode#50036 (JumpCloud), expo/expo#49054
        (SLASH, AS),  # modelcontextprotocol/python-sdk#1919 (Google), SparkDevNetwork/Rock#6974
    ],
)
def test_an_issuer_that_differs_by_its_slash_is_named_as_the_metadata_has_it(
    listed: str, issuer: str
) -> None:
    def make() -> Site:
        return site(
            {"authorization_servers": [listed]}, {"issuer": issuer}, callback=callback(iss=issuer)
        )

    stop = make().run().stop
    assert stop is not None
    assert stop.id == "as-issuer-slash"
    assert f"--issuer {issuer}." in named(stop)
    assert make().run(issuer=issuer).returned() == "ok"


# What Entra ID says where the resource is none of its identifiers.
ENTRA = {
    # punkpeye/mcp-remote#217, anthropics/claude-code#73460
    "AADSTS9010010": "invalid_target",
    # modelcontextprotocol/csharp-sdk#741, modelcontextprotocol/modelcontextprotocol#1389
    "AADSTS901002": "invalid_request",
}
WORDS = {
    "AADSTS9010010": "AADSTS9010010: The resource parameter provided in the request doesn't match"
    " with the requested scopes.",
    "AADSTS901002": "AADSTS901002: The 'resource' request parameter is not supported.",
}


@pytest.mark.parametrize("code", ENTRA)
def test_a_resource_that_is_refused_in_the_browser_can_be_left_out(code: str) -> None:
    def back(asked: dict[str, str]) -> str:
        if "resource" not in asked:
            return callback()(asked)
        error = {"error": ENTRA[code], "error_description": WORDS[code]}
        return urlencode({**error, "state": asked["state"], "iss": AS})

    stop = site(callback=back).run().stop
    assert stop is not None
    assert "--no-resource" in named(stop)
    assert site(callback=back).run(send_resource=False).returned() == "ok"


def test_a_resource_that_is_refused_at_the_token_endpoint_can_be_left_out() -> None:
    """As modelcontextprotocol/csharp-sdk#741: 400 to the token request as well."""

    def refusing(request: Request) -> Page | None:
        if request.url != f"{AS}/token" or "resource" not in dict(form_of(request)):
            return None
        return json(400, {"error": "invalid_target", "error_description": WORDS["AADSTS9010010"]})

    stop = site(answers=refusing).run().stop
    assert stop is not None
    assert "--no-resource" in named(stop)
    assert site(answers=refusing).run(send_resource=False).returned() == "ok"


def test_a_server_that_names_another_address_for_itself_is_to_be_asked_there() -> None:
    """mnfst/llm-gateway#2927: the address of the documentation is not that of the metadata."""
    stop = site({"resource": OTHER}).run().stop
    assert stop is not None
    assert stop.id == "prm-resource-foreign"
    assert f"mcp-auth-tui {OTHER}" in named(stop)
    assert "--allow prm-resource-foreign" in named(stop)


def test_metadata_behind_a_login_can_be_done_without() -> None:
    """An authorization server that shows its document to nobody but its administrators."""
    login = raw(302, b"", ("location", f"{AS}/login"))

    def make() -> Site:
        return site(pages={PRM: json(200, prm()), OAUTH: login}, documents={})

    stop = make().run().stop
    assert stop is not None
    assert "--authorization-endpoint URL --token-endpoint URL" in named(stop)
    endpoints = {
        "authorization_endpoint": f"{AS}/authorize",
        "token_endpoint": f"{AS}/token",
        "registration_endpoint": f"{AS}/register",
    }
    assert make().run(**endpoints).returned() == "ok"


def test_a_token_endpoint_of_another_host_than_meant_is_given_by_hand() -> None:
    """The metadata still holds the address inside of the cluster."""
    inside = {"token_endpoint": "http://auth.internal/token"}
    stop = site(server=inside).run().stop
    assert stop is not None
    assert stop.id == "as-endpoint-http"
    assert "--token-endpoint URL" in named(stop)
    assert site(server=inside).run(token_endpoint=f"{AS}/token").returned() == "ok"


def test_what_is_asked_for_stays_what_was_named() -> None:
    """A way through changes what it says and nothing else."""
    world = site(server=dict(metadata(), issuer=SLASH), callback=callback(iss=SLASH))
    assert world.run(issuer=SLASH).returned() == "ok"
    [asked] = world.authorizations
    assert (asked["resource"], asked["scope"]) == (MCP, "mcp:basic")
    sent = [dict(parse_qsl(item.url.partition("?")[2])) for item in world.sent]
    assert all("client_secret" not in query for query in sent)
