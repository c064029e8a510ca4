"""Servers out of public reports that refuse a client: at the registration, or where it asks.

Each names its repository and number; those without one are of our own making.
"""

from __future__ import annotations

from base64 import b64encode
from typing import Any

import pytest

from mcp_auth_tui.model import Finding, Level, Outcome, Request, Secret, Whose
from tests.findings.site import Site, at, site
from tests.protocol.script import (
    AS,
    MCP,
    NO_STORE,
    Page,
    body_of,
    form_of,
    header,
    json,
    only,
    raw,
)

HTML, PLAIN = ("content-type", "text/html"), ("content-type", "text/plain")
TOKEN, REGISTER = f"{AS}/token", f"{AS}/register"
METHODS = "token_endpoint_auth_methods_supported"
METHOD = "token_endpoint_auth_method"
SECRET = {"client_secret": "a-secret", "client_secret_expires_at": 0}
OWN = {"client_id": "me", "client_secret": Secret("abc")}


def oauth(status: int, error: str, text: str = "") -> Page:
    return json(status, {"error": error, **({"error_description": text} if text else {})}, NO_STORE)


def told(world: Site, **settings: Any) -> Finding:
    return world.run(**settings).stopped()


def registered(world: Site) -> list[dict[str, Any]]:
    return [body_of(item) for item in world.sent if item.url == REGISTER]


def registering(page: Page, *members: str) -> Site:
    """A server that refuses each registration, or those that have one of these members."""
    return site(
        answers=lambda r: (
            page
            if r.url == REGISTER and (not members or any(name in body_of(r) for name in members))
            else None
        )
    )


# --- kind 2: what a registration can do without --------------------------------------------------

KEYCLOAK = "Policy '{}' rejected request to client-registration service. Details: {}"


@pytest.mark.parametrize(
    ("page", "member", "id"),
    [
        # keycloak/keycloak#43654, turnstonelabs/turnstone#1082: 403, and no token is wanted
        (
            oauth(
                403,
                "insufficient_scope",
                KEYCLOAK.format(
                    "Allowed Client Scopes", "Not permitted to use specified clientScope"
                ),
            ),
            "scope",
            "dcr-scope-refused",
        ),
        # supabase/mcp#183
        (
            json(
                400,
                {"message": "scope.0: Invalid enum value. Expected 'projects:read', received 'x'"},
            ),
            "scope",
            "dcr-scope-refused",
        ),
        # keycloak/keycloak#14946: the members that are known stand in the sentence as well
        (
            json(
                400,
                {
                    "error": 'Unrecognized field "software_version" (class x.OIDCClient), not'
                    ' marked as ignorable (54 known properties: "redirect_uris", "scope")'
                },
            ),
            "software_version",
            "dcr-member-refused",
        ),
        (
            oauth(400, "invalid_client_metadata", "application_type is not supported"),
            "application_type",
            "dcr-member-refused",
        ),
    ],
)
def test_a_member_that_is_refused_by_name_is_left_out(page: Page, member: str, id: str) -> None:
    world = registering(page, member)
    script = world.run()
    assert script.returned() is Outcome.OK
    assert [member in body for body in registered(world)] == [True, False]
    (finding,) = (item for item in script.findings if item.id == id and item.level != "ok")
    assert (finding.level, member in finding.seen) == (Level.INFO, True)


def refusing_public(request: Request) -> Page | None:
    if request.url != REGISTER or body_of(request)[METHOD] != "none":
        return None
    # obot-platform/mcp-oauth-proxy#52 refuses its own default in these words.
    supported = "Supported methods: [client_secret_basic client_secret_post]"
    return oauth(400, "invalid_client_metadata", f"unsupported {METHOD}: none. {supported}")


def test_a_way_of_authentication_that_is_refused_is_asked_for_otherwise() -> None:
    world = site(server={METHODS: ...}, registers=SECRET, answers=refusing_public)
    script = world.run()
    assert script.returned() is Outcome.OK
    assert [body[METHOD] for body in registered(world)] == ["none", "client_secret_post"]
    assert "dcr-member-refused" in script.broken


def test_a_way_of_authentication_that_a_person_chose_is_the_person_s() -> None:
    """anthropics/claude-ai-mcp#1043."""
    page = oauth(
        400,
        "invalid_client_metadata",
        f"Only {METHOD}='none' is supported, got 'client_secret_post'",
    )
    stop = told(registering(page), auth_method="client_secret_post")
    assert (stop.id, stop.whose) == ("dcr-refused", Whose.CLIENT)
    assert stop.next.startswith("Leave --auth-method out")


def test_an_empty_method_names_none() -> None:
    """sigbit/mcp-auth-proxy#173: nulls, and an empty text."""
    empty = {"grant_types": None, "response_types": None, METHOD: ""}
    script = site(registers={**SECRET, **empty}).run()
    assert script.returned() is Outcome.OK
    assert "dcr-null" in script.broken
    assert "dcr-method-unlisted" not in script.broken


# --- kinds 3 and 4: who refuses a registration, and why ------------------------------------------


@pytest.mark.parametrize(
    "page",
    [
        # contextstream/mcp-server#57
        json(
            400, {"code": "BAD_REQUEST", "message": "Redirect URI must use HTTPS: http://127.0.0.1"}
        ),
        # metatool-ai/metamcp#334
        oauth(400, "invalid_redirect_uri", "Must use secure scheme and valid format."),
        # SkillfulAgents/SuperAgent#502 (Cloudflare Access)
        oauth(
            400,
            "invalid_client_metadata",
            "redirect_uri is not allowed by the account configuration",
        ),
        raw(422, "redirect uris must be https", PLAIN),
    ],
)
def test_a_refused_redirect_address_is_told_as_one_whatever_its_code(page: Page) -> None:
    stop = told(registering(page))
    assert (stop.id, stop.whose) == ("dcr-loopback-refused", Whose.ISSUER)
    assert "--redirect-uri http://localhost:PORT/callback" in stop.meanwhile
    mine = told(registering(page), redirect_uri="http://localhost:4321/callback")
    assert (mine.id, mine.whose) == ("dcr-loopback-refused", Whose.CLIENT)


@pytest.mark.parametrize(
    "page",
    [
        # apify/mcpc#297, docker/sbx-releases#435, github/copilot-cli#4906 (Figma)
        raw(403, "Forbidden", ("content-type", "application/json")),
        # opensearch-project/opensearch-mcp-server-py#227 (Keycloak)
        oauth(403, "insufficient_scope", KEYCLOAK.format("Trusted Hosts", "Host not trusted.")),
    ],
)
def test_a_registration_that_is_forbidden_asks_for_no_token(page: Page) -> None:
    stop = told(registering(page))
    assert (stop.id, stop.message) == (
        "dcr-refused",
        "The server registers this client not, or not from here.",
    )
    for way in ("--client-id", "--client-name", "--registration-token"):
        assert way in stop.meanwhile


def test_an_initial_access_token_that_is_refused_is_the_person_s() -> None:
    page = oauth(401, "invalid_token", "The initial access token has expired")
    stop = told(registering(page), registration_token=Secret("t-1"))
    assert (stop.id, stop.whose) == ("dcr-needs-token", Whose.CLIENT)
    assert stop.message == "The server does not take the initial access token."


def test_a_registration_endpoint_that_redirects_names_where_to() -> None:
    """koala73/worldmonitor#4938: the apex leads to www, and a POST becomes a GET on the way."""
    place = "https://www.as.example/register"
    page = raw(301, "", ("location", place))
    world = registering(page)
    script = world.run()
    stop = script.stopped()
    assert (stop.id, stop.message) == (
        "dcr-refused",
        "The registration endpoint answers with a redirect.",
    )
    assert f"--registration-endpoint {place}," in stop.meanwhile
    assert "dcr-error-shape" not in script.broken
    assert registering(page).run(registration_endpoint=place).returned() is Outcome.OK


@pytest.mark.parametrize(
    ("endpoint", "option", "id"),
    [
        ("registration_endpoint", "--registration-endpoint", "dcr-refused"),
        ("token_endpoint", "--token-endpoint", "token-error"),
    ],
)
def test_an_endpoint_that_was_typed_and_is_not_there_is_the_person_s(
    endpoint: str, option: str, id: str
) -> None:
    stop = told(site(), **{endpoint: f"{AS}/elsewhere"})
    assert (stop.id, stop.whose, stop.next) == (id, Whose.CLIENT, f"Look at {option}.")


def test_a_page_in_the_place_of_a_registration_is_told_as_one() -> None:
    """As of an application with one page for every path."""
    stop = told(registering(raw(200, "<!doctype html><title>App</title><div id=root>", HTML)))
    assert (stop.id, stop.message) == (
        "dcr-no-client-id",
        "A web page answers at the registration endpoint.",
    )


def test_a_registration_that_fails_without_a_word_is_the_server_s_failure() -> None:
    """different-ai/openwork#3599, reactive-resume/app#3398."""
    stop = told(registering(raw(500, "", ("content-type", "application/json"))))
    assert stop.message == "The authorization server failed: HTTP 500."


# --- kinds 3 and 4: the token endpoint -----------------------------------------------------------


@pytest.mark.parametrize(
    "page",
    [
        raw(404, "Not found", PLAIN),  # webflow/mcp-server#107
        json(404, {"statusCode": 404, "message": "Resource not found"}),
        json(404, {"error": "not_found"}),
        raw(405, ""),
    ],
)
def test_a_token_endpoint_that_is_not_there_is_told_as_such(page: Page) -> None:
    script = site(answers=at(TOKEN, page)).run()
    stop = script.stopped()
    assert (stop.id, stop.message) == ("token-error", "There is no token endpoint at its address.")
    assert (stop.whose, "--token-endpoint URL" in stop.meanwhile) == (Whose.ISSUER, True)
    assert script.broken == []


def test_a_refusal_of_oauth_with_404_is_a_refusal() -> None:
    stop = told(site(answers=at(TOKEN, oauth(404, "invalid_client", "no such client"))))
    assert stop.message == "The authorization server refused to exchange the code for a token."


@pytest.mark.parametrize(
    "page",
    [
        # wagnerdelima/drf-social-oauth2#140
        json(415, {"detail": 'Unsupported media type "application/x-www-form-urlencoded".'}),
        # doobidoo/mcp-memory-service#358
        json(422, {"detail": [{"loc": ["body", "grant_type"], "msg": "Field required"}]}),
        oauth(400, "invalid_request", "Missing required parameter: code_verifier"),
    ],
)
def test_a_form_that_was_not_read_is_told_as_one(page: Page) -> None:
    stop = told(site(answers=at(TOKEN, page)))
    assert stop.next.startswith("Read the form of the request (application/x-www-form-urlencoded")
    assert "--grant" not in stop.meanwhile


def test_a_token_endpoint_that_asks_for_a_token_is_told_as_one() -> None:
    """doobidoo/mcp-memory-service#358: what guards the API guards the place of tokens too."""
    page = json(401, {"detail": "Authentication required"}, ("www-authenticate", "Bearer"))
    stop = told(site(answers=at(TOKEN, page)))
    assert stop.message == "The token endpoint itself asks for a token."
    assert stop.next.startswith("Let POST /token in without a token")


@pytest.mark.parametrize(
    "page",
    [
        # Softeria/ms-365-mcp-server#288
        oauth(500, "server_error", "Internal server error during token exchange"),
        oauth(400, "server_error", "Error creating token response"),  # punkpeye/mcp-remote#172
    ],
)
def test_a_server_that_failed_did_not_refuse(page: Page) -> None:
    stop = told(site(answers=at(TOKEN, page)))
    assert stop.message.startswith("The authorization server failed: HTTP ")
    assert stop.whose is Whose.ISSUER


def test_a_secret_that_its_own_registration_gave_out_is_no_question_of_the_grant() -> None:
    """PrefectHQ/fastmcp#1699."""
    world = site(
        server={METHODS: ["client_secret_post"]},
        registers=SECRET,
        answers=at(TOKEN, oauth(401, "unauthorized_client", "Invalid client_secret")),
    )
    stop = told(world)
    assert (stop.whose, "grant" in stop.next + stop.meanwhile) == (Whose.ISSUER, False)


@pytest.mark.parametrize(
    ("text", "option"),
    [
        # openai/codex#40783, taylorwilsdon/google_workspace_mcp#1008
        ("client_secret is missing.", "--client-secret-file"),
        # MicrosoftDocs/azure-docs#25959
        (
            "AADSTS7000218: The request body must contain the following parameter:"
            " 'client_assertion' or 'client_secret'.",
            "--client-secret-file",
        ),
    ],
)
def test_a_secret_that_is_missed_and_was_not_given_is_the_person_s(text: str, option: str) -> None:
    stop = told(site(answers=at(TOKEN, oauth(401, "invalid_client", text))), client_id="me")
    assert (stop.whose, option in stop.next) == (Whose.CLIENT, True)
    assert stop.message == "The server wants a secret of this client, and none was given."


def public(request: Request) -> Page | None:
    proved = header(request, "Authorization") or "client_secret" in dict(form_of(request))
    if request.url != TOKEN or not proved:
        return None
    text = "AADSTS700025: Client is public so neither 'client_assertion' nor 'client_secret'"
    return oauth(401, "invalid_client", f"{text} should be presented.")


def test_a_secret_that_was_given_and_is_not_wanted_is_the_person_s() -> None:
    """PrefectHQ/fastmcp#2420."""

    def make() -> Site:
        return site(server={METHODS: ["client_secret_post", "client_secret_basic"]}, answers=public)

    stop = told(make(), **OWN)
    assert (stop.whose, stop.message) == (
        Whose.CLIENT,
        "The authorization server wants no secret of this client.",
    )
    assert "--auth-method none" in stop.next
    assert "client_secret_post" not in stop.next + stop.meanwhile
    assert make().run(**OWN, auth_method="none").returned() is Outcome.OK


CREDENTIALS = {"grant": "client_credentials", **OWN}
GRANTS = {"grant_types_supported": ["authorization_code", "client_credentials"]}
DEVICE = {
    "device_authorization_endpoint": f"{AS}/device",
    "grant_types_supported": ["urn:ietf:params:oauth:grant-type:device_code"],
}


@pytest.mark.parametrize(
    ("server", "place", "page", "settings", "what"),
    [
        # databricks/databricks-sql-go#476
        (
            GRANTS,
            TOKEN,
            oauth(400, "access_denied", "Scopes 'all-apis' are not assigned to the secret"),
            {**CREDENTIALS, "scope": "all-apis"},
            "the scopes all-apis",
        ),
        # Keycloak, with a client that has no service account
        (
            GRANTS,
            TOKEN,
            oauth(401, "unauthorized_client", "Client not enabled to retrieve service account"),
            CREDENTIALS,
            "the grant client_credentials",
        ),
        # Keycloak; idenplane/idenplane#503
        (
            DEVICE,
            f"{AS}/device",
            oauth(401, "unauthorized_client", "The flow is disabled for the client."),
            {"grant": "device_code", "client_id": "me"},
            "the grant device_code",
        ),
        # panaversity/ksor#185 (Auth0)
        (
            {},
            TOKEN,
            oauth(403, "access_denied", f'Client "me" has no access to resource server "{MCP}"'),
            {"client_id": "me"},
            f"the resource {MCP}",
        ),
    ],
)
def test_what_a_person_s_own_client_may_not_is_allowed_in_the_console(
    server: dict[str, Any], place: str, page: Page, settings: dict[str, Any], what: str
) -> None:
    stop = told(site(server=server, answers=at(place, page)), **settings)
    assert stop.whose is Whose.CLIENT
    assert stop.next.startswith(f"Allow this client {what} in the server's console.")
    assert "secret" not in stop.next


def undecoded(request: Request) -> Page | None:
    right = f"Basic {b64encode(b'a/b=:se+cret=').decode()}"
    if request.url != TOKEN or header(request, "Authorization") == right:
        return None
    words = {"error": "invalid_client", "message": "This is an invalid client.", "success": False}
    return json(400, {"data": None, "code": None, **words})


def test_a_server_that_reads_id_and_secret_undecoded_gets_them_so() -> None:
    """epam/ai-dial-core#1527 (Snowflake)."""
    world = site(server={METHODS: ["client_secret_basic"]}, answers=undecoded)
    script = world.run(client_id="a/b=", client_secret=Secret("se+cret="))
    assert script.returned() is Outcome.OK
    assert only(i for i in script.findings if i.id == "token-basic-encoding").level is Level.ERROR


@pytest.mark.parametrize(
    "text",
    [
        "code_verifier does not match the challenge",  # n8n-io/n8n#34961
        "Unknown authorization code",  # Systemorph/MeshWeaver#5074: two replicas, no shared store
    ],
)
def test_a_code_that_is_not_taken_is_told_with_what_was_sent(text: str) -> None:
    stop = told(site(answers=at(TOKEN, oauth(400, "invalid_grant", text))))
    assert (stop.whose, text in stop.seen) == (Whose.ISSUER, True)
    assert "instances that share no store" in stop.next


# Of our own making, as Auth0 and others answer: the words stand beside a code that says nothing.
@pytest.mark.parametrize(
    "page",
    [
        json(
            403,
            {
                "statusCode": 403,
                "error": "Forbidden",
                "message": "Dynamic client registration is not enabled for this tenant.",
            },
        ),
        oauth(400, "registration_not_supported", "Dynamic client registration is disabled"),
    ],
)
def test_a_registration_that_is_turned_off_is_told_so(page: Page) -> None:
    stop = told(registering(page))
    assert (stop.id, stop.message) == ("dcr-refused", "The server registers no clients by itself.")
    assert "ynamic client registration is" in stop.seen
    assert "--client-id" in stop.meanwhile


def test_an_address_that_is_taken_is_not_one_that_is_refused() -> None:
    page = oauth(409, "invalid_client_metadata", "A client with this redirect_uri already exists")
    assert told(registering(page)).id == "dcr-refused"


def test_a_registration_whose_json_was_not_read_is_told_so() -> None:
    assert told(registering(json(415, {"error": "x"}))).next.startswith("Read the JSON")


def test_a_login_page_is_no_other_place_to_register_at() -> None:
    stop = told(registering(raw(302, "", ("location", f"{AS}/login"))))
    assert (stop.id, "--registration-endpoint" in stop.meanwhile) == ("dcr-refused", False)
