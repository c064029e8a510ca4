"""How a client comes to an identity (SPEC 2.6)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_auth_tui.model import Failure, Secret, Stage, Whose
from mcp_auth_tui.protocol import actions
from mcp_auth_tui.protocol.registration import client
from mcp_auth_tui.protocol.registration.client import choose_way, document_url_faults
from mcp_auth_tui.protocol.tokens.authentication import method_for
from tests.protocol.discovery.test_resource import JSON
from tests.protocol.script import (
    AS,
    NO_STORE,
    REDIRECT,
    Page,
    Script,
    body_of,
    headers_of,
    json,
    judge,
    raw,
    server,
)

CIMD = "https://client.example/client.json"
GOOD = {
    "client_id": "new-1",
    "redirect_uris": [REDIRECT],
    "grant_types": ["authorization_code", "refresh_token"],
    "response_types": ["code"],
    "token_endpoint_auth_method": "none",
}


def registering(settings: Any = None, **members: Any) -> Script:
    made = server(**members)
    return Script(client.register(judge(Stage.REGISTER, **(settings or {})), made, REDIRECT))


def answered(page: Page, **members: Any) -> Script:
    script = registering(**members)
    script.sends("POST", f"{AS}/register", page)
    return script


def answer(**members: Any) -> Script:
    body = {key: value for key, value in {**GOOD, **members}.items() if value is not ...}
    return answered(json(201, body, NO_STORE))


HAND = {"client_id": "me"}
DOCUMENT = {"client_metadata_url": CIMD}
FORCED = {"register": True}


@pytest.mark.parametrize(
    ("settings", "cimd", "dynamic", "chosen"),
    [
        ({**HAND, **DOCUMENT}, True, True, "pre-registered"),
        (DOCUMENT, True, True, "metadata document"),
        (DOCUMENT, False, True, "dynamic"),
        (DOCUMENT, "yes", True, "dynamic"),
        ({}, True, True, "dynamic"),
        ({}, True, False, "ask"),
        (DOCUMENT, False, False, "ask"),
        ({**HAND, **DOCUMENT, **FORCED}, True, True, "dynamic"),
    ],
)
def test_the_order_of_ways_to_a_client_G1(
    settings: Any, cimd: Any, dynamic: bool, chosen: str
) -> None:
    endpoint = {} if dynamic else {"registration_endpoint": ...}
    made = server(client_id_metadata_document_supported=cimd, **endpoint)
    assert choose_way(judge(**settings).config, made) == chosen


def test_the_registration_request_is_this_json() -> None:
    """G3, G4, G8: every member; what is registered is what was bound."""
    script = registering({"version": "1.2"})
    request = script.sends("POST", f"{AS}/register", json(201, GOOD, NO_STORE))
    assert body_of(request) == {
        "client_name": "mcp-auth-tui",
        "redirect_uris": [REDIRECT],
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "token_endpoint_auth_method": "none",
        "application_type": "native",
        "software_id": "mcp-auth-tui",
        "software_version": "1.2",
    }
    assert headers_of(request) == [
        ("Accept", "application/json"),
        ("Content-Type", "application/json"),
    ]
    assert script.returned().redirect_uri == REDIRECT


@pytest.mark.parametrize(
    ("listed", "settings", "method"),
    [
        (..., {}, "none"),
        (["client_secret_basic"], {}, "client_secret_basic"),
        (["client_secret_post", "client_secret_basic"], {}, "client_secret_post"),
        (["private_key_jwt"], {}, "none"),
        (["none"], {"auth_method": "client_secret_post"}, "client_secret_post"),
    ],
)
def test_the_method_that_is_wished_for(listed: Any, settings: Any, method: str) -> None:
    script = registering(settings, token_endpoint_auth_methods_supported=listed)
    request = script.sends("POST", f"{AS}/register", json(201, GOOD, NO_STORE))
    assert body_of(request)["token_endpoint_auth_method"] == method


@pytest.mark.parametrize(
    ("members", "listed", "used", "secret"),
    [
        ({}, ["none"], "none", None),
        ({"token_endpoint_auth_method": ...}, ..., "none", None),
        (
            {"token_endpoint_auth_method": ..., "client_secret": "s"},
            ...,
            "client_secret_basic",
            "s",
        ),
        (
            {"token_endpoint_auth_method": "client_secret_post", "client_secret": "s"},
            ["client_secret_basic", "client_secret_post"],
            "client_secret_post",
            "s",
        ),
        (
            {"token_endpoint_auth_method": "client_secret_post", "client_secret": "s"},
            ["client_secret_basic"],
            "client_secret_basic",
            "s",
        ),
        ({"client_secret": "s"}, ["none"], "none", "s"),
    ],
)
def test_what_the_answer_says_counts_not_the_wish(
    members: Any, listed: Any, used: str, secret: str | None
) -> None:
    """G5, K2: the returned method if the server lists it, with the defaults of RFC 7591."""
    body = {key: value for key, value in {**GOOD, **members}.items() if value is not ...}
    script = answered(json(201, body, NO_STORE), token_endpoint_auth_methods_supported=listed)
    made = script.returned()
    assert (made.id, made.auth_method, made.secret) == (
        "new-1",
        used,
        Secret(secret) if secret else None,
    )
    assert "client_secret" not in made.document


def test_absent_members_have_their_defaults_G5() -> None:
    script = answered(json(201, {"client_id": "x"}, NO_STORE))
    made = script.returned()
    assert (made.id, made.how, made.redirect_uri, made.auth_method) == (
        "x",
        "dynamic",
        REDIRECT,
        "none",
    )


@pytest.mark.parametrize(
    ("listed", "wished", "secret", "method"),
    [
        (..., None, True, "client_secret_basic"),
        (..., None, False, "none"),
        (..., "client_secret_post", True, "client_secret_post"),
        (["client_secret_post", "none"], None, True, "client_secret_post"),
        (["client_secret_post", "client_secret_basic"], None, True, "client_secret_basic"),
        (["client_secret_basic"], None, False, "none"),
        (["client_secret_basic", "none"], "client_secret_basic", False, "none"),
        (["none"], "client_secret_basic", True, "none"),
    ],
)
def test_the_method_is_chosen_from_what_is_listed_and_held_K2(
    listed: Any, wished: str | None, secret: bool, method: str
) -> None:
    made = server(token_endpoint_auth_methods_supported=listed)
    assert method_for(made, wished, secret) == method


@pytest.mark.parametrize("status", [404, 405, 410, 501])
def test_a_guessed_path_with_nothing_there_is_no_refusal_but_metadata_that_is_missing_L2(
    status: int,
) -> None:
    """Who published no metadata refused nothing, and --client-id would lead nowhere."""
    guessed = replace(server(), url=None)
    script = Script(client.register(judge(Stage.REGISTER), guessed, REDIRECT))
    script.sends("POST", f"{AS}/register", raw(status, "<html>"))
    stop = script.stopped()
    assert (stop.id, stop.whose) == ("prm-missing", Whose.SERVER)
    assert stop.seen == f"no metadata anywhere, and {AS}/register: HTTP {status}"
    assert "/.well-known/oauth-protected-resource/mcp" in stop.next
    assert "--issuer" in stop.meanwhile
    assert answered(raw(status, "<html>")).stopped().id == "dcr-refused"


@pytest.mark.parametrize(
    ("page", "id"),
    [
        (json(400, {"error": "invalid_redirect_uri"}), "dcr-loopback-refused"),
        (json(401, {"error": "invalid_redirect_uri"}), "dcr-loopback-refused"),
        (json(400, {"error": "invalid_client_metadata"}), "dcr-refused"),
        (json(401, {}), "dcr-needs-token"),
        (json(403, {"error": "x"}), "dcr-refused"),
        (raw(500, "oops"), "dcr-refused"),
        (raw(302, b"", ("location", "https://evil.example")), "dcr-refused"),
        (raw(201, "<html>"), "dcr-no-client-id"),
        (raw(201, ""), "dcr-no-client-id"),
        (json(201, {}), "dcr-no-client-id"),
        (json(201, {"client_id": True}), "dcr-no-client-id"),
        (json(201, {"client_id": "a\nb"}), "dcr-no-client-id"),
        (raw(201, '{"client_id":"\\ud800"}'), "dcr-no-client-id"),
        (Failure("net-connect", "refused"), "net-connect"),
    ],
)
def test_a_registration_that_failed_ends_the_run_after_one_request(page: Page, id: str) -> None:
    """G6, K6: with the way on."""
    stop = answered(page).stopped()
    assert stop.id == id
    assert stop.next


@pytest.mark.parametrize(
    ("page", "seen"),
    [
        (raw(500, "oops: no database"), "HTTP 500: “oops: no database”"),
        (raw(403, "<title>Denied</title>"), "HTTP 403: a web page, “Denied”"),
        (json(400, {"error": "invalid_client_metadata"}), "HTTP 400: invalid_client_metadata"),
    ],
)
def test_a_refusal_without_an_error_shows_what_the_answer_says_G6(page: Page, seen: str) -> None:
    stop = answered(page).stopped()
    assert stop.seen == seen
    failed = "Look in the authorization server's log for what failed at that time."
    assert (stop.next == failed) is seen.startswith("HTTP 500")


def test_a_refusal_of_the_redirect_address_shows_it_and_another_form_G6() -> None:
    stop = answered(
        json(400, {"error": "invalid_redirect_uri", "error_description": "no loopback"})
    ).stopped()
    assert stop.seen == f"HTTP 400: invalid_redirect_uri: no loopback (for {REDIRECT})"
    assert "http://localhost:PORT/callback" in stop.meanwhile
    assert "http://127.0.0.1" in stop.next


@pytest.mark.parametrize(
    ("page", "broken"),
    [
        (json(200, GOOD, NO_STORE), ["dcr-status"]),
        (
            json(
                201,
                {
                    **GOOD,
                    "registration_access_token": "t",
                    "registration_client_uri": f"{AS}/register/1",
                },
            ),
            ["dcr-cacheable"],
        ),
        (json(201, GOOD), []),
        (
            json(201, {**GOOD, "redirect_uris": ["http://localhost/cb"]}, NO_STORE),
            ["dcr-redirects-changed"],
        ),
        (
            json(201, {**GOOD, "client_secret": "s", "client_secret_expires_at": 0}, NO_STORE),
            ["dcr-secret-mismatch"],
        ),
        (
            json(201, {**GOOD, "token_endpoint_auth_method": "x"}, NO_STORE),
            ["dcr-method-unlisted"],
        ),
    ],
)
def test_what_is_tolerated_is_told_G5(page: Page, broken: list[str]) -> None:
    script = answered(page)
    assert script.returned().id == "new-1"
    assert script.broken == broken


@given(
    st.dictionaries(
        st.sampled_from([*GOOD, "client_secret", "client_secret_expires_at", "grant_types"]), JSON
    )
)
def test_wrong_types_in_any_member_give_findings_or_a_stop_G5(members: dict[str, Any]) -> None:
    script = answered(json(201, {**GOOD, **members}))
    assert script.stop is not None or script.returned().id


# --- a client made by hand, a metadata document --------------------------------------------------


def test_a_client_made_by_hand_needs_no_request_G1() -> None:
    made = registering({"client_id": "me", "client_secret": Secret("s")}).returned()
    assert (made.id, made.how, made.issuer, made.auth_method) == (
        "me",
        "pre-registered",
        AS,
        "client_secret_basic",
    )


def test_without_any_way_a_person_is_asked_G1() -> None:
    script = registering(registration_endpoint=...)
    question = script.wants(actions.Ask).question
    assert (question.id, question.default) == ("client_id", None)
    assert REDIRECT in question.detail
    script.reply("typed")
    assert script.wants(actions.Ask).question.secret
    script.reply("s")
    made = script.returned()
    assert (made.id, made.secret) == ("typed", Secret("s"))


def test_without_any_way_and_nobody_to_ask_the_run_ends_G1() -> None:
    script = registering(registration_endpoint=...)
    script.reply(None)
    assert script.stopped().id == "as-no-registration"


@pytest.mark.parametrize(
    "url",
    [
        "http://localhost/client.json",
        "https://client.example",
        "https://client.example/",
        "https://client.example/a#b",
        "https://u:p@client.example/a",
        "https://client.example/a/../b",
        "https://client.example/a/%2e%2e/b",
        "https://client.example/./b",
        "client.json",
    ],
)
def test_the_address_of_a_metadata_document_keeps_the_rules_G2(url: str) -> None:
    assert document_url_faults(url) != ()
    script = registering({"client_metadata_url": url}, client_id_metadata_document_supported=True)
    assert script.stopped().id == "cimd-own-url-form"


def test_a_good_address_is_the_client_id_G2() -> None:
    script = registering(DOCUMENT, client_id_metadata_document_supported=True)
    script.sends("GET", CIMD, Failure("net-dns", "no such host"))
    made = script.returned()
    # That we cannot read it from here breaks no rule: the server reads it from elsewhere.
    assert (script.broken, script.tried) == ([], [(CIMD, "lost")])
    assert (made.id, made.how, made.auth_method) == (CIMD, "metadata document", "none")


# --- the listener --------------------------------------------------------------------------------


def test_the_bound_address_is_used_as_it_is_G8() -> None:
    script = Script(client.bind(judge(Stage.REGISTER, port=7)))
    bound = script.wants(actions.Bind)
    assert (bound.redirect_uri, bound.port) == (None, 7)
    script.reply("http://127.0.0.1:7/callback")
    assert script.returned() == "http://127.0.0.1:7/callback"
