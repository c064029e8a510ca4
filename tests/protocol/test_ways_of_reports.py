"""Servers out of public reports that an option gets through to: the end names it, and it works.

Each names its repository and number; those without one are of our own making.
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qsl, urlencode

import pytest

from mcp_auth_tui.model import Request, Whose
from tests.findings.site import Site, at, callback, jwt, site
from tests.protocol.script import (
    AS,
    MCP,
    OAUTH,
    PRM,
    Page,
    form_of,
    header,
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


# --- endpoints that are given by hand -----------------------------------------------------------

RESOURCE = "resource=https%3A%2F%2Fmcp.example%2Fmcp"


@pytest.mark.parametrize(
    ("query", "given"),
    [
        (RESOURCE, f"{AS}/authorize. "),  # NousResearch/hermes-agent#98117 (Railway)
        # google-gemini/gemini-cli#4845 (Auth0)
        (
            "audience=http://localhost:3000/&scope=openid%20profile%20email&prompt=login",
            f'"{AS}/authorize?audience=http://localhost:3000/&prompt=login". ',
        ),
    ],
)
def test_a_sign_in_address_is_given_without_what_is_ours(query: str, given: str) -> None:
    def make() -> Site:
        return site(server={"authorization_endpoint": f"{AS}/authorize?{query}"})

    stop = make().run().stop
    assert stop is not None
    assert (stop.id, stop.exit) == ("as-endpoint-params", 4)
    assert f"--authorization-endpoint {given}" in named(stop)
    assert stop.next.startswith(f"Remove {'resource' if query == RESOURCE else 'scope'} from")
    address = given.removesuffix(". ").strip('"')
    assert make().run(authorization_endpoint=address).returned() == "ok"


def test_an_address_that_a_shell_would_act_on_is_not_put_into_a_command() -> None:
    broken = {"authorization_endpoint": f"{AS}/authorize?scope=a&x=$(reboot)"}
    stop = site(server=broken).run().stop
    assert stop is not None
    assert "$" not in named(stop)
    assert "--authorization-endpoint URL" in named(stop)


@pytest.mark.parametrize(
    ("location", "way"),
    [
        (f"{AS}/token", f"{AS}/token"),  # PostHog/posthog#49807
        ("/oauth/token", "https://mcp.example/oauth/token"),
        ("http://as.example/token", "URL"),
        (f"{AS}/token?a=$(x)", "URL"),
        ("", "URL"),
    ],
)
def test_where_a_token_endpoint_leads_is_named_and_not_followed(location: str, way: str) -> None:
    old = "https://mcp.example/oauth/token/"

    def make() -> Site:
        answers = at(old, raw(301, b"", ("location", location)))
        return site(server={"token_endpoint": old}, answers=answers)

    stop = make().run().stop
    assert stop is not None
    assert stop.id == "token-redirect"
    [told] = re.findall(r"--token-endpoint (\S+)", named(stop))
    assert told.rstrip(",.") == way
    assert make().run(token_endpoint=f"{AS}/token").returned() == "ok"


# --- refusals in another form -------------------------------------------------------------------


@pytest.mark.parametrize(
    "page",
    [
        # TykTechnologies/tyk#8532: a gateway calls a missing credential a bad request
        json(
            400,
            {"error": "Authorization field missing"},
            ("www-authenticate", f'Bearer realm="tyk", resource_metadata="{PRM}"'),
        ),
        # emdash-cms/emdash#371: another check comes before that of the token
        json(403, {"error": {"code": "CSRF_REJECTED", "message": "Missing required header"}}),
        raw(500, b"", ("www-authenticate", "Bearer")),
    ],
)
def test_a_refusal_with_a_wrong_status_can_be_taken_for_one(page: Page) -> None:
    def make() -> Site:
        def closed(request: Request) -> Page | None:
            return page if request.url == MCP and not header(request, "Authorization") else None

        return site(answers=closed)

    stop = make().run().stop
    assert stop is not None
    assert (stop.id, stop.whose) == ("rs-wrong-status", Whose.SERVER)
    assert "--force" in named(stop)
    script = make().run(force=True)
    assert script.returned() == "ok"
    assert "rs-wrong-status" in script.broken


# --- a server that reads another token ----------------------------------------------------------


def wanting(identity: str, words: str) -> Any:
    """Answer as a server that takes one token and says why it does not take another."""

    def answer(request: Request) -> Page | None:
        given = header(request, "Authorization")
        if request.url != MCP or given in (None, f"Bearer {identity}"):
            return None
        return json(401, {"error": "invalid_token", "error_description": words})

    return answer


@pytest.mark.parametrize(
    ("access", "words", "reads"),
    [
        # tuannvm/oauth-mcp-proxy#15 (Google): an opaque token where a JWT is verified
        (
            "ya29.a0ARW5m7",
            "token verification failed: oidc: malformed jwt: go-jose/go-jose: compact JWS format"
            " must have three parts",
            True,
        ),
        # IBM/mcp-context-forge#2149
        ("opaque-token-1", "ERR_JWS_INVALID: Invalid Compact JWS", True),
        # punkpeye/mcp-remote#219 (Cognito, AgentCore)
        (jwt(aud=...), "Invalid audience", False),
    ],
)
def test_a_server_that_takes_the_id_token_is_told_by_its_words(
    access: str, words: str, reads: bool
) -> None:
    identity = jwt({"typ": "JWT"}, aud="registered-1", nonce="n")

    def make() -> Site:
        issues = {"access_token": access, "id_token": identity}
        world = site(issues=issues, answers=wanting(identity, words))
        world.tokens[identity] = "mcp:basic"
        return world

    stop = make().run().stop
    assert stop is not None
    assert stop.id == "rs-fresh-token-refused"
    assert "--id-token" in named(stop)
    assert stop.message.startswith("The server reads JWTs alone") is reads
    assert make().run(id_token=True).returned() == "ok"


def test_where_no_id_token_came_and_none_is_asked_for_nothing_is_said_of_one() -> None:
    stop = site(answers=wanting("none", "The token was revoked")).run().stop
    assert stop is not None
    assert "--id-token" not in named(stop)


def test_a_promise_of_iss_that_is_not_kept_can_be_lifted() -> None:
    """cloudflare/mcp-server-cloudflare#449, openai/codex#33354."""
    stop = site(callback=callback(iss=...)).run().stop
    assert stop is not None
    assert (stop.id, stop.exit, stop.whose) == ("authz-iss-absent", 4, Whose.ISSUER)
    assert "--allow authz-iss-absent" in named(stop)
    lifted = site(callback=callback(iss=...)).run(allow=frozenset({"authz-iss-absent"}))
    assert lifted.returned() == "ok"
