"""A registration asks for what the run will need, and the client goes on as the server took it."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from mcp_auth_tui.model import Finding, Level, Outcome, Request, Secret, Whose
from tests.findings.site import Site, site
from tests.protocol.script import (
    AS,
    NO_STORE,
    Page,
    Script,
    body_of,
    form_of,
    header,
    json,
    only,
    raw,
)

TOKEN, REGISTER = f"{AS}/token", f"{AS}/register"
BASIC, POST, NONE = "client_secret_basic", "client_secret_post", "none"
METHODS = "token_endpoint_auth_methods_supported"
NOWHERE = "http://127.0.0.1/callback"
ALL = {METHODS: [BASIC, POST, NONE]}
Answers = Callable[[Request], Page | None]


def finding(script: Script, id: str) -> Finding:
    """Return the one finding of this id that is no passed check."""
    told: Finding = only(f for f in script.findings if f.id == id and f.level is not Level.OK)
    return told


def registered(world: Site) -> list[dict[str, Any]]:
    return [body_of(item) for item in world.sent if item.url == REGISTER]


def asked_for_tokens(world: Site) -> list[Request]:
    return [item for item in world.sent if item.url == TOKEN]


def way_of(request: Request) -> str:
    if header(request, "Authorization"):
        return BASIC
    return POST if "client_secret" in dict(form_of(request)) else NONE


def refusing(ways: Mapping[str, Page], *grants: str) -> Answers:
    """Refuse each way of authentication that is named, with this page."""

    def answer(request: Request) -> Page | None:
        right = request.url == TOKEN and (
            not grants or dict(form_of(request)).get("grant_type") in grants
        )
        return ways.get(way_of(request)) if right else None

    return answer


def oauth_error(status: int, error: str, text: str = "") -> Page:
    return json(status, {"error": error, **({"error_description": text} if text else {})}, NO_STORE)


# The scopes


@pytest.mark.parametrize(
    ("settings", "scope"),
    [({}, "mcp:basic"), ({"scope": "a b"}, "a b"), ({"spec": "2025-06-18"}, "mcp:basic")],
)
def test_a_registration_carries_the_scopes_that_will_be_asked_for(
    settings: dict[str, Any], scope: str
) -> None:
    """openai/codex#20503: a server that registers nobody without a scope."""
    world = site()
    assert world.run(**settings).returned() is Outcome.OK
    assert only(registered(world))["scope"] == only(world.authorizations)["scope"] == scope


@pytest.mark.parametrize(
    "page",
    [
        oauth_error(400, "invalid_scope"),
        oauth_error(400, "invalid_client_metadata", "Only mcp:read scopes are supported."),
        oauth_error(400, "invalid_client_metadata"),
        json(422, {"detail": [{"loc": ["body", "scope"], "msg": "unexpected"}]}),
        raw(400, "Scopes are not allowed here"),
    ],
)
def test_where_the_scopes_are_refused_it_is_asked_once_more_without_them(page: Page) -> None:
    """As archestra-ai/archestra#7311 has it: the registration without them is taken."""
    world = site(answers=lambda r: page if r.url == REGISTER and "scope" in body_of(r) else None)
    script = world.run()
    assert script.returned() is Outcome.OK
    assert [("scope" in body) for body in registered(world)] == [True, False]
    assert "mcp:basic" in finding(script, "dcr-scope-refused").seen


def test_where_it_is_refused_without_them_too_the_first_refusal_is_the_end() -> None:
    first, then = (
        oauth_error(400, "invalid_client_metadata"),
        oauth_error(400, "invalid_x", "other"),
    )
    world = site(
        answers=lambda r: (first if "scope" in body_of(r) else then) if r.url == REGISTER else None
    )
    script = world.run()
    assert (script.stopped().id, script.stopped().seen) == (
        "dcr-refused",
        "HTTP 400: invalid_client_metadata",
    )
    assert "dcr-scope-refused" not in script.broken


@pytest.mark.parametrize(
    ("page", "id"),
    [
        (oauth_error(400, "invalid_redirect_uri"), "dcr-loopback-refused"),
        (oauth_error(401, "invalid_token", "scope"), "dcr-needs-token"),
        (raw(500, "no scope table"), "dcr-refused"),
    ],
)
def test_a_refusal_for_something_else_is_not_asked_again(page: Page, id: str) -> None:
    world = site(answers=lambda r: page if r.url == REGISTER else None)
    assert world.run().stopped().id == id
    assert len(registered(world)) == 1


@pytest.mark.parametrize(
    "listed", [["authorization_code", "refresh_token"], ["authorization_code"], ...]
)
def test_a_registration_asks_for_refresh_whatever_the_server_lists(listed: Any) -> None:
    """Glewlwyd 2.7 lists no refresh_token, gives one, and refreshes for who registered for it."""
    world = site(server={"grant_types_supported": listed})
    world.run()
    grants = ["authorization_code", "refresh_token"]
    assert only(registered(world))["grant_types"] == grants


@pytest.mark.parametrize(
    "page",
    [
        oauth_error(400, "invalid_client_metadata", "unsupported grant type"),
        # Authlib 1.9 refuses what it does not list, and says no more than that.
        oauth_error(400, "invalid_client_metadata"),
    ],
)
def test_where_refresh_is_refused_and_not_listed_it_is_asked_without(page: Page) -> None:
    world = site(
        server={"grant_types_supported": ["authorization_code"]},
        answers=lambda r: (
            page if r.url == REGISTER and "refresh_token" in body_of(r)["grant_types"] else None
        ),
    )
    script = world.run()
    assert script.returned() is Outcome.OK
    assert registered(world)[-1]["grant_types"] == ["authorization_code"]
    told = finding(script, "dcr-refresh-refused")
    assert (told.level, told.whose) == (Level.INFO, Whose.ISSUER)
    assert "authorization_code, refresh_token" in told.seen


def test_a_server_that_lists_refresh_is_not_asked_without_it() -> None:
    page = oauth_error(400, "invalid_client_metadata", "unsupported grant type")
    world = site(
        server={"grant_types_supported": ["authorization_code", "refresh_token"]},
        answers=lambda r: page if r.url == REGISTER else None,
    )
    assert world.run().stopped().id == "dcr-refused"
    assert len(registered(world)) == 1


def test_a_registration_says_that_tokens_will_be_bound() -> None:
    world = site(server={"dpop_signing_alg_values_supported": ["ES256"]})
    world.run(dpop="on")
    assert only(registered(world))["dpop_bound_access_tokens"] is True


# What comes back


def test_a_number_as_client_id_is_told_and_used_as_its_text() -> None:
    """laravel/mcp#85, CASES 11: ``201 {"client_id":42,…}``."""
    world = site(registers={"client_id": 42})
    script = world.run()
    assert script.returned() is Outcome.OK
    told = finding(script, "dcr-client-id-type")
    assert (told.level, told.seen, told.expected) == (
        Level.ERROR,
        "42: a number",
        '"client_id": "42"',
    )
    assert only(world.authorizations)["client_id"] == "42"
    assert "dcr-no-client-id" not in script.broken


@pytest.mark.parametrize("value", [True, 4.5, None, [], {}, "", "a\nb"])
def test_nothing_else_is_taken_for_a_client_id(value: Any) -> None:
    assert site(registers={"client_id": value}).run().stopped().id == "dcr-no-client-id"


@pytest.mark.parametrize(
    ("listed", "members", "asked", "used"),
    [
        ([NONE, BASIC], {}, NONE, NONE),
        ([NONE, BASIC], {"client_secret": "s"}, NONE, NONE),
        ([POST, BASIC], {"client_secret": "s"}, POST, POST),
        ([BASIC], {"client_secret": "s"}, BASIC, BASIC),
        (..., {"client_secret": "s"}, NONE, BASIC),
    ],
)
def test_where_the_answer_is_silent_the_method_that_was_asked_for_stays_if_it_is_listed(
    listed: Any, members: dict[str, str], asked: str, used: str
) -> None:
    """SPEC 8.6; what the silence means by RFC 7591 §2 is told."""
    secret = {**members, "client_secret_expires_at": 0} if members else {}
    world = site(server={METHODS: listed}, registers={"token_endpoint_auth_method": ..., **secret})
    script = world.run()
    assert script.returned() is Outcome.OK
    assert only(registered(world))["token_endpoint_auth_method"] == asked
    assert way_of(only(asked_for_tokens(world))) == used
    assert ("dcr-method-silent" in script.broken) is (used != BASIC)


# A way of authentication that is refused

SECRET = {
    "client_secret": "s",
    "client_secret_expires_at": 0,
    "token_endpoint_auth_method": BASIC,
}


@pytest.mark.parametrize(
    "page",
    [
        # kernel/kernel-mcp-server#96, CASES 12
        oauth_error(400, "invalid_request", "missing client_id"),
        oauth_error(400, "invalid_client", "Missing client_id"),  # archestra-ai/archestra#7977
        # upstash/context7#2970
        oauth_error(
            400,
            "invalid_request",
            "The request is missing a required parameter. Client credentials missing or malformed"
            " in both HTTP Authorization header and HTTP POST body.",
        ),
        json(400, {"message": ["client_id should not be null"]}),  # gitroomhq/postiz-app#2093
        oauth_error(400, "invalid_client", "Client ID does not match"),  # metatool-ai/metamcp#342
        oauth_error(401, "unauthorized_client", "Invalid client credentials"),  # Keycloak
        raw(401),
    ],
)
def test_where_basic_is_refused_the_other_listed_method_is_tried_once_and_kept(page: Page) -> None:
    world = site(
        server=ALL,
        registers=SECRET,
        issues={"refresh_token": "r-1"},
        answers=refusing({BASIC: page}),
    )
    script = world.run(refresh=True)
    assert script.returned() is Outcome.OK
    assert [way_of(item) for item in asked_for_tokens(world)] == [BASIC, POST, POST]
    told = finding(script, "token-auth-method")
    assert (told.level, told.whose) == (Level.ERROR, Whose.ISSUER)
    assert f"{BASIC}: HTTP" in told.seen
    assert f"{POST}: accepted" in told.seen
    assert f"--auth-method {POST}" in told.next
    assert script.learned("client")[-1].auth_method == POST


def test_where_both_fail_the_first_refusal_is_the_end_and_names_the_other() -> None:
    pages = {
        BASIC: oauth_error(401, "invalid_client", "first"),
        POST: oauth_error(401, "invalid_client", "second"),
    }
    world = site(server=ALL, registers=SECRET, answers=refusing(pages))
    stop = world.run().stopped()
    assert stop.id == "token-error"
    assert "invalid_client: first" in stop.seen
    assert f"also tried {POST}: invalid_client" in stop.seen
    assert len(asked_for_tokens(world)) == 2


def test_a_refusal_of_the_code_by_the_other_method_proves_nothing() -> None:
    pages = {BASIC: oauth_error(401, "invalid_client"), POST: oauth_error(400, "invalid_grant")}
    stop = site(server=ALL, registers=SECRET, answers=refusing(pages)).run().stopped()
    assert "invalid_client" in stop.seen
    assert f"also tried {POST}: invalid_grant" in stop.seen
    assert f"sign in again with --auth-method {POST}" in stop.meanwhile


def passport(error: str, status: int) -> Answers:
    """OAuth2orize 1.12 behind passport-http 0.3: Basic is not decoded, and refused as plain text.

    It answers an ended code 403, and a grant that it does not have 501.
    """

    def answer(request: Request) -> Page | None:
        if request.url != TOKEN:
            return None
        basic = (header(request, "Authorization") or "").rpartition(" ")[2]
        if "a+secret" in b64decode(basic).decode():
            return raw(401, "Unauthorized", ("www-authenticate", 'Basic realm="Users"'))
        return json(status, {"error": error, "error_description": "as it says"})

    return answer


def test_a_code_that_ended_is_told_beside_the_refusal_of_basic() -> None:
    world = site(server=ALL, answers=passport("invalid_grant", 403))
    stop = world.run(client_id="me", client_secret=Secret("a secret")).stopped()
    assert stop.id == "token-error"
    assert f"{BASIC}, id and secret not form-encoded: invalid_grant" in stop.seen
    assert f"sign in again with --auth-method {POST}" in stop.next


def test_an_error_that_is_not_about_the_client_is_the_end_in_whatever_way_it_came() -> None:
    listed = {**ALL, "grant_types_supported": ...}
    world = site(server=listed, answers=passport("unsupported_grant_type", 501))
    words = {"client_id": "me", "client_secret": Secret("a secret")}
    script = world.run(grant="client_credentials", **words)
    stop = script.stopped()
    assert stop.seen.startswith("HTTP 501: unsupported_grant_type: as it says")
    assert "--client-secret-file" not in stop.next
    assert finding(script, "token-basic-encoding").whose is Whose.ISSUER


def test_a_method_that_was_given_by_hand_is_never_switched() -> None:
    world = site(
        server=ALL,
        registers=SECRET,
        answers=refusing({BASIC: oauth_error(400, "invalid_request", "missing client_id")}),
    )
    stop = world.run(auth_method=BASIC).stopped()
    assert len(asked_for_tokens(world)) == 1
    assert POST in stop.meanwhile


@pytest.mark.parametrize("error", ["invalid_grant", "invalid_scope", "invalid_target"])
def test_a_refusal_that_is_not_about_the_client_is_not_asked_again(error: str) -> None:
    world = site(server=ALL, registers=SECRET, answers=refusing({BASIC: oauth_error(401, error)}))
    assert world.run().stopped().id == "token-error"
    assert len(asked_for_tokens(world)) == 1


def test_a_silent_registration_whose_public_client_is_refused_goes_on_with_its_secret() -> None:
    wants = oauth_error(400, "invalid_request", "client_secret is required")
    world = site(
        server={METHODS: [NONE, POST]},
        registers={**SECRET, "token_endpoint_auth_method": ...},
        answers=refusing({NONE: wants}),
    )
    script = world.run()
    assert script.returned() is Outcome.OK
    assert [way_of(item) for item in asked_for_tokens(world)] == [NONE, POST]
    assert finding(script, "token-auth-method").level is Level.WARNING


@pytest.mark.parametrize("secret", ["a/b", "a:b", "a%b", "a+b"])
def test_id_and_secret_are_form_encoded_and_where_that_is_refused_sent_as_they_are(
    secret: str,
) -> None:
    as_it_is = f"Basic {b64encode(f'me:{secret}'.encode()).decode()}"

    def answer(request: Request) -> Page | None:
        good = request.url != TOKEN or header(request, "Authorization") == as_it_is
        return None if good else oauth_error(401, "invalid_client")

    world = site(server=ALL, issues={"refresh_token": "r-1"}, answers=answer)
    script = world.run(client_id="me", client_secret=Secret(secret), refresh=True)
    assert script.returned() is Outcome.OK
    assert len(asked_for_tokens(world)) == 3
    assert finding(script, "token-basic-encoding").whose is Whose.ISSUER
    assert script.learned("client")[-1].encoded is False


# Whose it is


def test_a_wrong_secret_of_a_person_s_own_client_is_the_person_s() -> None:
    page = oauth_error(401, "invalid_client", "bad secret")
    world = site(server=ALL, answers=refusing({BASIC: page, POST: page}))
    stop = world.run(client_id="me", client_secret=Secret("wrong")).stopped()
    assert (stop.id, stop.whose) == ("token-error", Whose.CLIENT)
    assert "--client-secret-file" in stop.next


def test_a_secret_that_was_not_given_is_the_person_s() -> None:
    """NousResearch/hermes-agent#29680, CASES 13, with a client made by hand."""
    world = site(
        answers=refusing({NONE: json(400, {"message": "Required parameter: client_secret"})})
    )
    script = world.run(client_id="me")
    stop = script.stopped()
    assert (stop.id, stop.whose) == ("token-error", Whose.CLIENT)
    assert "Required parameter: client_secret" in stop.seen
    assert "none was given" in stop.message
    assert "token-error-form" in script.broken


@pytest.mark.parametrize(
    ("settings", "error"),
    [({"scope": "x"}, "invalid_scope"), ({"resource": "https://x.example"}, "invalid_target")],
)
def test_a_refusal_of_what_an_option_asked_for_is_the_person_s(
    settings: dict[str, Any], error: str
) -> None:
    answers = refusing({NONE: oauth_error(400, error)})
    assert site(answers=answers).run(**settings).stopped().whose is Whose.CLIENT
    assert site(answers=answers).run().stopped().whose is Whose.ISSUER


# Other flows in their own words

DEVICE = "urn:ietf:params:oauth:grant-type:device_code"
OFFERS_DEVICE = {
    "device_authorization_endpoint": f"{AS}/device",
    "grant_types_supported": ["authorization_code", "refresh_token", DEVICE],
}
CODE = {
    "device_code": "d-1",
    "user_code": "ABCD",
    "verification_uri": f"{AS}/activate",
    "expires_in": 600,
    "interval": 5,
}


def device(poll: Page | None = None, begin: Page | None = None, **members: Any) -> Site:
    def answer(request: Request) -> Page | None:
        if request.url == f"{AS}/device":
            return begin or json(200, {**CODE, **members}, NO_STORE)
        return poll if request.url == TOKEN else None

    return site(server=OFFERS_DEVICE, answers=answer)


def test_a_device_client_registers_what_it_needs() -> None:
    world = device(oauth_error(400, "access_denied"))
    world.run(grant="device_code")
    body = only(registered(world))
    assert (body["grant_types"], body["scope"]) == ([DEVICE, "refresh_token"], "mcp:basic")
    assert "redirect_uris" not in body


def test_a_redirect_address_that_was_not_sent_is_no_loopback_refusal() -> None:
    world = site(
        server=OFFERS_DEVICE,
        answers=lambda r: oauth_error(400, "invalid_redirect_uri") if r.url == REGISTER else None,
    )
    stop = world.run(grant="device_code").stopped()
    assert stop.id == "dcr-refused"
    assert "without a redirect address" in stop.message
    assert "--grant authorization_code" in stop.meanwhile
    assert [body.get("redirect_uris") for body in registered(world)] == [None, [NOWHERE]]


@pytest.mark.parametrize(
    "page",
    [
        # django-allauth 65.21.
        oauth_error(400, "invalid_redirect_uri", "'redirect_uris': This field is required."),
        oauth_error(400, "invalid_client_metadata", "redirect_uris is required"),
    ],
)
def test_a_server_that_demands_a_redirect_address_of_a_device_gets_one(page: Page) -> None:
    def answer(request: Request) -> Page | None:
        if request.url == REGISTER:
            return None if "redirect_uris" in body_of(request) else page
        if request.url == f"{AS}/device":
            return json(200, CODE, NO_STORE)
        return oauth_error(400, "access_denied") if request.url == TOKEN else None

    world = site(server=OFFERS_DEVICE, answers=answer)
    script = world.run(grant="device_code")
    assert script.stopped().id == "authz-denied"
    assert registered(world)[-1]["redirect_uris"] == [NOWHERE]
    assert finding(script, "dcr-redirect-demanded").level is Level.INFO


@pytest.mark.parametrize(
    ("listed", "whose"),
    [([DEVICE], Whose.ISSUER), ([DEVICE, "authorization_code"], Whose.ISSUER), (..., Whose.CLIENT)],
)
def test_a_device_flow_without_an_endpoint_is_the_server_s_where_it_lists_the_grant(
    listed: Any, whose: Whose
) -> None:
    """django-oauth-toolkit 3.4 has the endpoint, lists the grant, and does not name the place."""
    stop = site(server={"grant_types_supported": listed}).run(grant="device_code").stopped()
    assert (stop.id, stop.whose) == ("client-grant", whose)
    assert "no device_authorization_endpoint" in stop.seen


@pytest.mark.parametrize(
    ("world", "settings", "source"),
    [
        (device(oauth_error(400, "access_denied")), {"grant": "device_code"}, "RFC 8628 §3.5"),
        (device(oauth_error(400, "expired_token")), {"grant": "device_code"}, "RFC 8628 §3.5"),
        (
            device(oauth_error(400, "invalid_grant")),
            {"grant": "device_code"},
            "RFC 8628 §3.5; RFC 6749 §5.2",
        ),
        (
            device(begin=oauth_error(400, "unauthorized_client")),
            {"grant": "device_code"},
            "RFC 8628 §3.2; RFC 6749 §5.2",
        ),
    ],
)
def test_a_refusal_in_the_device_flow_is_told_in_its_words_and_by_its_rule(
    world: Site, settings: dict[str, Any], source: str
) -> None:
    stop = world.run(**settings).stopped()
    assert stop.source == source
    told = f"{stop.message} {stop.expected} {stop.next} {stop.meanwhile}"
    assert not any(word in told for word in ("browser comes back", "exchange the code", "R on the"))


def test_a_wait_that_was_shorter_than_the_code_is_the_person_s() -> None:
    stop = device(oauth_error(400, "authorization_pending")).run(grant="device_code", wait=30.0)
    assert stop.stopped().whose is Whose.CLIENT
    assert "--wait 30" in stop.stopped().seen


def test_client_credentials_are_refused_in_their_own_words() -> None:
    grants = ["authorization_code", "client_credentials"]
    page = oauth_error(400, "invalid_request", "no")
    world = site(
        server={"grant_types_supported": grants, **ALL},
        answers=refusing({BASIC: page}),
    )
    stop = world.run(
        grant="client_credentials", client_id="me", client_secret=Secret("s")
    ).stopped()
    assert stop.source == "RFC 6749 §4.4; RFC 6749 §5.2"
    assert "the code" not in f"{stop.message} {stop.next} {stop.meanwhile}"


@pytest.mark.parametrize("status", [200, 201])
def test_an_error_that_is_answered_with_success_is_read_as_the_refusal_that_it_is(
    status: int,
) -> None:
    """idpyoidc 5.0.0 as a view that sends what it is given: status 200, and no client."""
    error = {
        "error": "invalid_configuration_request",
        "error_description": "'uG_OfHhdpaidP1BBZoTahQ'",
    }
    world = site(answers=lambda request: json(status, error) if request.url == REGISTER else None)
    script = world.run()
    stop = script.stopped()
    words = f"HTTP {status}: invalid_configuration_request: 'uG_OfHhdpaidP1BBZoTahQ'"
    assert (stop.id, stop.seen, stop.whose) == ("dcr-refused", words, Whose.ISSUER)
    assert finding(script, "dcr-error-shape").seen == f"HTTP {status} with a JSON error"
    assert len(registered(world)) == 1


def test_a_scope_that_is_refused_with_success_is_left_out_as_with_any_status() -> None:
    def answer(request: Request) -> Page | None:
        refused = request.url == REGISTER and "scope" in body_of(request)
        return json(200, {"error": "invalid_scope"}) if refused else None

    world = site(answers=answer)
    script = world.run()
    assert script.returned() is Outcome.OK
    assert ["scope" in body for body in registered(world)] == [True, False]
    assert finding(script, "dcr-scope-refused").seen.startswith("HTTP 200 (scope: ")


@pytest.mark.parametrize(
    "text",
    ["Invalid client or Invalid client credentials", "Authorization failed"],  # Keycloak, idpyoidc
)
def test_a_login_that_is_refused_by_the_code_of_a_missing_right_is_the_secret(text: str) -> None:
    refused = oauth_error(401, "unauthorized_client", text)
    world = site(server=ALL, answers=refusing({BASIC: refused, POST: refused}))
    stop = world.run(client_id="me", client_secret=Secret("wrong")).stopped()
    assert (stop.id, stop.whose) == ("token-error", Whose.CLIENT)
    assert "Compare the client id and the secret" in stop.next
    assert "--grant" not in stop.next + stop.meanwhile
