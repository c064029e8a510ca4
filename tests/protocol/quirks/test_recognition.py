"""Pins which provider a run is thought to speak to, why, and that no other is taken for one."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mcp_auth_tui.model import Exchange, Kind, Request, Response, Session, Stage
from mcp_auth_tui.model.oauth import AuthorizationServer, Resource
from mcp_auth_tui.protocol.quirks.recognition import host_in, recognise
from mcp_auth_tui.protocol.quirks.table import providers
from tests.protocol.script import metadata, metadata_at

UUID = "0f8fad5b-d9cb-469f-a165-70867728950e"
GUID = "11111111-2222-3333-4444-555555555555"


def session(issuer: str, document: dict[str, Any] | None = None, **changes: Any) -> Session:
    document = metadata_at(issuer) if document is None else document
    server = AuthorizationServer(issuer, "https://as.example/doc", document=document)
    return Session(**{"url": "https://mcp.example/mcp", "server": server, **changes})


def answer(stage: Stage, url: str, response: Response, kind: Kind = Kind.TOKEN) -> Exchange:
    return Exchange(1, Request(stage, "a request", "GET", url, kind), response, 0.0, 0.0)


def named(found: Session) -> tuple[str, str] | None:
    guess = recognise(found)
    return None if guess is None else (guess.provider.id, guess.reason)


BY_HOST = [
    (f"https://login.microsoftonline.com/{GUID}/v2.0", "entra", "is login.microsoftonline.com"),
    (f"https://tenant.ciamlogin.com/{GUID}/v2.0", "entra", "ends in .ciamlogin.com"),
    ("https://tenant.eu.auth0.com/", "auth0", "ends in .auth0.com"),
    ("https://dev-1.okta.com/oauth2/default", "okta", "ends in .okta.com"),
    ("https://accounts.google.com", "google", "is accounts.google.com"),
    ("https://github.com/login/oauth", "github", "is github.com"),
    (
        "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_AbCdEfGhI",
        "cognito",
        "is cognito-idp.*.amazonaws.com",
    ),
    (
        "https://auth.atlassian.com/VCeDsk8ZHncYF1g234fKtc4lNipbBhu3",
        "atlassian",
        "ends in .atlassian.com",
    ),
    ("https://mcp.linear.app", "linear", "is mcp.linear.app"),
    ("https://mcp.notion.com", "notion", "is mcp.notion.com"),
    ("https://mcp.sentry.dev", "sentry", "is mcp.sentry.dev"),
    ("https://access.stripe.com/mcp", "stripe", "is access.stripe.com"),
    (
        "https://bindings.mcp.cloudflare.com",
        "workers-oauth-provider",
        "ends in .mcp.cloudflare.com",
    ),
    ("https://acme.authkit.app", "workos", "ends in .authkit.app"),
    ("https://rustic-1.customers.stytch.dev", "stytch", "ends in .customers.stytch.dev"),
    ("https://api.descope.com/v1/apps/agentic/P2abc/MS1", "descope", "is api.descope.com"),
    ("https://acme.projects.oryapis.com", "hydra", "ends in .oryapis.com"),
    ("https://api.figma.com", "figma", "ends in .figma.com"),
    ("https://mcp.slack.com", "slack", "is mcp.slack.com"),
    ("https://mcp.hubspot.com", "hubspot", "is mcp.hubspot.com"),
    ("https://abcdefgh.supabase.co/auth/v1", "supabase", "ends in .supabase.co"),
    ("https://login.salesforce.com", "salesforce", "ends in .salesforce.com"),
    ("https://well-fish-71.clerk.accounts.dev", "clerk", "ends in .clerk.accounts.dev"),
    ("https://gitlab.com", "gitlab", "is gitlab.com"),
    (f"https://auth.pingone.eu/{UUID}/as", "pingone", "is auth.pingone.eu"),
    ("https://acme.forgeblocks.com/am/oauth2", "forgerock", "ends in .forgeblocks.com"),
    ("https://acme.fusionauth.io", "fusionauth", "ends in .fusionauth.io"),
    ("https://acme.zitadel.cloud", "zitadel", "ends in .zitadel.cloud"),
    ("https://acme.logto.app/oidc", "logto", "ends in .logto.app"),
]


@pytest.mark.parametrize(("issuer", "id", "sign"), BY_HOST)
def test_a_provider_is_known_by_the_host_of_its_issuer(issuer: str, id: str, sign: str) -> None:
    assert named(session(issuer)) == (id, f"the host of the issuer {sign}")


OWN = "https://id.example"
BY_DOCUMENT: list[tuple[str, dict[str, Any]]] = [
    (
        "entra",
        {"tenant_region_scope": "EU", "cloud_instance_name": "x", "msgraph_host": "graph.example"},
    ),
    (
        "auth0",
        {
            "authorization_endpoint": f"{OWN}/authorize",
            "token_endpoint": f"{OWN}/oauth/token",
            "mfa_challenge_endpoint": f"{OWN}/mfa/challenge",
        },
    ),
    ("okta", {"response_modes_supported": ["query", "fragment", "form_post", "okta_post_message"]}),
    (
        "keycloak",
        {
            "issuer": f"{OWN}/auth/realms/main",
            "authorization_endpoint": f"{OWN}/auth/realms/main/protocol/openid-connect/auth",
            "token_endpoint": f"{OWN}/auth/realms/main/protocol/openid-connect/token",
        },
    ),
    (
        "github",
        {
            "issuer": f"{OWN}/login/oauth",
            "authorization_endpoint": f"{OWN}/login/oauth/authorize",
            "token_endpoint": f"{OWN}/login/oauth/access_token",
        },
    ),
    ("google", {"authorization_endpoint": f"{OWN}/o/oauth2/v2/auth"}),
    (
        "cognito",
        {
            "issuer": f"{OWN}/us-east-1_AbCdEfGhI",
            "authorization_endpoint": f"{OWN}/oauth2/authorize",
            "token_endpoint": f"{OWN}/oauth2/token",
        },
    ),
    (
        "workos",
        {
            "authorization_endpoint": f"{OWN}/oauth2/authorize",
            "token_endpoint": f"{OWN}/oauth2/token",
            "introspection_endpoint": f"{OWN}/oauth2/introspection",
        },
    ),
    ("stytch", {"token_endpoint": f"{OWN}/v1/public/project-test-{UUID}/oauth2/token"}),
    (
        "descope",
        {
            "issuer": f"{OWN}/v1/apps/agentic/P2abc/MS1",
            "token_endpoint": f"{OWN}/oauth2/v1/apps/agentic/P2abc/MS1/token",
        },
    ),
    (
        "hydra",
        {
            "authorization_endpoint": f"{OWN}/oauth2/auth",
            "token_endpoint": f"{OWN}/oauth2/token",
            "credentials_endpoint_draft_00": f"{OWN}/credentials",
        },
    ),
    (
        "clerk",
        {
            "token_endpoint": f"{OWN}/oauth/token",
            "scopes_supported": ["openid", "public_metadata", "private_metadata"],
        },
    ),
    (
        "authentik",
        {
            "authorization_endpoint": f"{OWN}/application/o/authorize/",
            "token_endpoint": f"{OWN}/application/o/token/",
        },
    ),
    (
        "pingfederate",
        {
            "authorization_endpoint": f"{OWN}/as/authorization.oauth2",
            "token_endpoint": f"{OWN}/as/token.oauth2",
        },
    ),
    (
        "forgerock",
        {
            "authorization_endpoint": f"{OWN}/am/oauth2/realms/root/realms/alpha/authorize",
            "token_endpoint": f"{OWN}/am/oauth2/realms/root/realms/alpha/access_token",
        },
    ),
    (
        "fusionauth",
        {
            "authorization_endpoint": f"{OWN}/oauth2/authorize",
            "device_authorization_endpoint": f"{OWN}/oauth2/device_authorize",
        },
    ),
    (
        "zitadel",
        {
            "authorization_endpoint": f"{OWN}/oauth/v2/authorize",
            "token_endpoint": f"{OWN}/oauth/v2/token",
            "jwks_uri": f"{OWN}/oauth/v2/keys",
        },
    ),
    (
        "gitlab",
        {
            "authorization_endpoint": f"{OWN}/oauth/authorize",
            "token_endpoint": f"{OWN}/oauth/token",
            "scopes_supported": ["api", "read_api", "read_repository", "write_repository", "mcp"],
        },
    ),
    (
        "workers-oauth-provider",
        {
            "token_endpoint": f"{OWN}/token",
            "revocation_endpoint": f"{OWN}/token",
            "registration_endpoint": f"{OWN}/register",
            "response_modes_supported": ["query"],
            "token_endpoint_auth_methods_supported": [
                "client_secret_basic",
                "client_secret_post",
                "none",
            ],
        },
    ),
    ("figma", {"registration_endpoint": f"{OWN}/v1/oauth/mcp/register"}),
    (
        "slack",
        {
            "authorization_endpoint": f"{OWN}/oauth/v2_user/authorize",
            "token_endpoint": f"{OWN}/api/oauth.v2.user.access",
        },
    ),
    (
        "hubspot",
        {
            "authorization_endpoint": f"{OWN}/oauth/authorize/user",
            "token_endpoint": f"{OWN}/oauth/v3/token",
        },
    ),
    (
        "supabase",
        {
            "authorization_endpoint": f"{OWN}/auth/v1/oauth/authorize",
            "token_endpoint": f"{OWN}/auth/v1/oauth/token",
        },
    ),
    (
        "salesforce",
        {
            "authorization_endpoint": f"{OWN}/services/oauth2/authorize",
            "token_endpoint": f"{OWN}/services/oauth2/token",
        },
    ),
]


@pytest.mark.parametrize(("id", "members"), BY_DOCUMENT, ids=[id for id, _ in BY_DOCUMENT])
def test_a_provider_under_another_name_is_known_by_its_document(
    id: str, members: dict[str, Any]
) -> None:
    document = {**metadata_at(OWN), **members}
    found = named(session(document["issuer"], document))
    assert found is not None and found[0] == id
    assert found[1].startswith("its metadata has ") and OWN not in found[1]


@pytest.mark.parametrize(("id", "members"), BY_DOCUMENT, ids=[id for id, _ in BY_DOCUMENT])
def test_a_document_that_lacks_one_of_the_signs_is_nobodys(
    id: str, members: dict[str, Any]
) -> None:
    for name in members:
        document = {**metadata_at(OWN), **members}
        document = {key: value for key, value in document.items() if key != name}
        assert named(session(str(document.get("issuer")), document)) is None, name


@pytest.mark.parametrize(
    ("headers", "id"),
    [((("x-okta-request-id", "abc"),), "okta"), ((("server", "AtlassianEdge"),), "atlassian")],
)
def test_a_provider_is_known_by_a_field_of_its_answers(
    headers: tuple[tuple[str, str], ...], id: str
) -> None:
    exchange = answer(Stage.REGISTER, f"{OWN}/register", Response(403, headers))
    found = named(session(OWN, exchanges=(exchange,)))
    assert found == (id, f"its answers have the field {headers[0][0]}")


@pytest.mark.parametrize("stage", [Stage.PROBE, Stage.RESOURCE, Stage.VERIFY])
def test_a_field_of_the_mcp_servers_own_answers_says_nothing_of_the_issuer(stage: Stage) -> None:
    exchange = answer(
        stage, "https://mcp.example/mcp", Response(401, (("server", "AtlassianEdge"),))
    )
    assert named(session(OWN, exchanges=(exchange,))) is None


def test_a_front_is_known_by_the_host_of_the_endpoints_that_it_names() -> None:
    document = metadata(OWN, token_endpoint="https://tenant.auth0.com/oauth/token")
    assert named(session(OWN, document)) == (
        "auth0",
        "the host of an endpoint of its metadata ends in .auth0.com",
    )


def test_a_document_that_the_run_refused_is_read_where_it_came() -> None:
    body = b'{"issuer": "https://tenant.auth0.com/", "token_endpoint": 7}'
    url = "https://login.example/.well-known/oauth-authorization-server"
    came = answer(Stage.SERVER, url, Response(200, body=body), Kind.METADATA)
    resource = Resource("https://mcp.example/mcp", "https://mcp.example/prm", issuers=(OWN,))
    found = Session(url="https://mcp.example/mcp", resource=resource, exchanges=(came,))
    assert named(found) == ("auth0", "the host of the issuer ends in .auth0.com")


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[1]", b'"x"', b"\xff", b'{"issuer": 1}', b"[" * 99999]
)
def test_a_document_that_cannot_be_read_is_nobodys(body: bytes) -> None:
    came = answer(Stage.SERVER, f"{OWN}/doc", Response(200, body=body), Kind.METADATA)
    assert named(Session(url="https://mcp.example/mcp", exchanges=(came,))) is None


def test_signs_of_two_providers_are_those_of_none() -> None:
    document = metadata(
        OWN,
        authorization_endpoint="https://tenant.auth0.com/authorize",
        token_endpoint="https://tenant.okta.com/oauth2/v1/token",
    )
    assert named(session(OWN, document)) is None


SIMILAR = [
    "https://auth0.com.evil.example/",
    "https://tenant.auth0.com.evil.example/",
    "https://evilauth0.com/",
    "https://auth0.com/",
    "https://tenant.auth0.com@evil.example/",
    "https://evil.example/?tenant.auth0.com",
    "https://evil.example/#.auth0.com",
    "https://evil.example/.auth0.com",
    "https://evil.example\\.auth0.com",
    "https://evil.example%2f.auth0.com/",
    "https://evil.example .auth0.com/",
    "https://tenant.auth0.com:x/",
    "https://.auth0.com/",
    "https://tenant.аuth0.com/",  # the first letter is Cyrillic
    "https://tenant。auth0.com/",
    "https://login.microsoftonline.com.evil.example/common/v2.0",
    "https://login-microsoftonline.com/common/v2.0",
    "https://github.com.evil.example/login/oauth",
    "https://notgithub.com/login/oauth",
    "https://accounts.google.com.evil.example",
    "https://cognito-idp.a.b.amazonaws.com/us-east-1_x",
    "https://cognito-idp.amazonaws.com/us-east-1_x",
    "https://slack.com.example/",
    "https://myslack.com/",
    "javascript:alert('.auth0.com')",
    "//tenant.auth0.com/",
    "tenant.auth0.com",
    "",
]


@pytest.mark.parametrize("issuer", SIMILAR)
def test_a_similar_host_is_no_provider(issuer: str) -> None:
    assert named(session(issuer, metadata(issuer))) is None


PLAIN = {
    "a plain server": {},
    "Gitea, whose paths are GitHub's": {
        "authorization_endpoint": f"{OWN}/login/oauth/authorize",
        "token_endpoint": f"{OWN}/login/oauth/access_token",
        "jwks_uri": f"{OWN}/login/oauth/keys",
    },
    "another server on Doorkeeper": {
        "authorization_endpoint": f"{OWN}/oauth/authorize",
        "token_endpoint": f"{OWN}/oauth/token",
        "jwks_uri": f"{OWN}/oauth/discovery/keys",
        "scopes_supported": ["read", "write"],
    },
    "Bitbucket, whose paths are nearly PingAM's": {
        "authorization_endpoint": f"{OWN}/site/oauth2/authorize",
        "token_endpoint": f"{OWN}/site/oauth2/access_token",
    },
    "Spring Authorization Server": {
        "authorization_endpoint": f"{OWN}/oauth2/authorize",
        "token_endpoint": f"{OWN}/oauth2/token",
        "introspection_endpoint": f"{OWN}/oauth2/introspect",
        "device_authorization_endpoint": f"{OWN}/oauth2/device_authorization",
    },
    "a server with Auth0's token endpoint alone": {"token_endpoint": f"{OWN}/oauth/token"},
    "a server with a realm in its path": {
        "authorization_endpoint": f"{OWN}/realms/main/authorize",
        "token_endpoint": f"{OWN}/realms/main/token",
    },
    "a server that revokes elsewhere": {
        "revocation_endpoint": f"{OWN}/revoke",
        "response_modes_supported": ["query"],
    },
    "node oidc-provider below /oidc": {
        "issuer": f"{OWN}/oidc",
        "authorization_endpoint": f"{OWN}/oidc/auth",
        "token_endpoint": f"{OWN}/oidc/token",
    },
    "members of a wrong kind": {
        "authorization_endpoint": 7,
        "token_endpoint": ["x"],
        "revocation_endpoint": ["x"],
        "response_modes_supported": "okta_post_message",
        "scopes_supported": {"read_api": 1},
    },
}


@pytest.mark.parametrize("members", PLAIN.values(), ids=PLAIN)
def test_a_similar_document_is_no_providers(members: dict[str, Any]) -> None:
    document = {**metadata_at(OWN), **members}
    assert named(session(str(document["issuer"]), document)) is None


@given(st.text(max_size=60), st.text(max_size=60))
@example("https://[", ".auth0.com")
@example("https://a.auth0.com\x00", "")
def test_no_issuer_breaks_the_recognition_or_becomes_part_of_its_reason(
    issuer: str, endpoint: str
) -> None:
    document = metadata(issuer, authorization_endpoint=endpoint, token_endpoint=endpoint)
    guess = recognise(session(issuer, document))
    assert guess is None or any(map(guess.provider.owns, map(host_in, (issuer, endpoint))))


def test_every_provider_of_the_table_has_a_test_of_its_signs() -> None:
    shown = {id for _, id, _ in BY_HOST} | {id for id, _ in BY_DOCUMENT}
    assert shown == set(providers())
    by_document = {row.id for row in providers().values() if row.documents}
    assert by_document == {id for id, _ in BY_DOCUMENT}
