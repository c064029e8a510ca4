"""What is optional refuses nothing; errors that have a name are told by it; causes come first."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import pytest

from mcp_auth_tui.model import Level, Outcome, Request, Whose
from tests.findings.site import CIMD, LATE, Site, at, jwt, site
from tests.protocol.script import (
    AS,
    MCP,
    NO_STORE,
    PRM,
    Page,
    Script,
    challenged,
    header,
    json,
    only,
    prm,
    raw,
)

REFRESH: dict[str, Any] = {"refresh": True}
OFFLINE = {"scopes_supported": ["mcp:basic", "offline_access"]}
OPENID = {"subject_types_supported": ["public"], "id_token_signing_alg_values_supported": ["RS256"]}


@pytest.mark.parametrize(
    ("listed", "settings", "scope", "prompt"),
    [
        ({}, {}, "mcp:basic", None),
        ({}, REFRESH, "mcp:basic", None),
        (OFFLINE, {}, "mcp:basic", None),
        (OFFLINE, REFRESH, "mcp:basic offline_access", None),
        # Better Auth 1.7 gives a refresh token to nobody else, and what a run obtains is kept.
        (OFFLINE, {"keep_tokens": True}, "mcp:basic offline_access", None),
        ({}, {"keep_tokens": True}, "mcp:basic", None),
        (OFFLINE, {"keep_tokens": True, "scope": "mcp:basic"}, "mcp:basic", None),
        ({**OFFLINE, **OPENID}, REFRESH, "mcp:basic offline_access", "consent"),
        (
            {**OFFLINE, **OPENID, "prompt_values_supported": ["none"]},
            REFRESH,
            "mcp:basic offline_access",
            None,
        ),
        # anomalyco/opencode#50519: nobody is asked again whose administrator agreed for all
        (
            {**OFFLINE, **OPENID},
            {"scope": "mcp:basic offline_access"},
            "mcp:basic offline_access",
            None,
        ),
        (
            {**OFFLINE, **OPENID, "prompt_values_supported": ["login", "consent"]},
            {"scope": "mcp:basic offline_access"},
            "mcp:basic offline_access",
            "consent",
        ),
        (OFFLINE, {**REFRESH, "scope": "mcp:basic"}, "mcp:basic", None),
    ],
)
def test_offline_access_is_asked_for_where_it_is_listed_and_a_refresh_is_wanted(
    listed: dict[str, Any], settings: dict[str, Any], scope: str, prompt: str | None
) -> None:
    """SPEC 8.7, OIDC Core §11; can1357/oh-my-pi#9909, anthropics/claude-ai-mcp#42."""
    world = site(server=listed)
    world.run(**settings)
    asked = only(world.authorizations)
    assert (asked["scope"], asked.get("prompt")) == (scope, prompt)


def test_a_prompt_that_was_typed_stands() -> None:
    world = site(server={**OFFLINE, **OPENID})
    world.run(refresh=True, params=(("prompt", "login"),))
    assert only(world.authorizations)["prompt"] == "login"


def test_no_refresh_token_takes_no_header_back() -> None:
    """slackapi/slack-skills-plugin#2: an hour, and nothing to renew it with."""
    script = site().run(**REFRESH)
    assert script.returned() is Outcome.OK
    told = only(item for item in script.findings if item.id == "token-no-refresh")
    assert told.level is Level.WARNING
    assert "token-refresh-refused" not in script.broken


def test_a_refresh_that_is_refused_still_ends_the_run() -> None:
    page = json(400, {"error": "invalid_grant"})

    def answer(request: Any) -> Page | None:
        refreshes = any(item.name == "refresh_token" for item in request.form or ())
        return page if refreshes else None

    world = site(issues={"refresh_token": "r-1"}, answers=answer)
    assert world.run(**REFRESH).stopped().id == "token-refresh-refused"


def test_a_refresh_asks_for_no_scope_of_its_own() -> None:
    """danny-avila/LibreChat#13412: Salesforce takes none there."""

    def answer(request: Any) -> Page | None:
        form = {item.name for item in request.form or ()}
        page = json(400, {"error": "invalid_request", "error_description": "scope not supported"})
        return page if {"refresh_token", "scope"} <= form else None

    script = site(issues={"refresh_token": "r-1"}, answers=answer).run(**REFRESH)
    assert script.returned() is Outcome.OK


@pytest.mark.parametrize(
    "error",
    [
        # metabase/metabase#80389: the one error for everything
        {"error": "invalid_request", "error_description": "The token request is invalid."},
        # better-auth/better-auth#11035: for a client that is gone
        {"error": "invalid_grant", "error_description": "session not found"},
    ],
)
def test_a_refresh_that_is_refused_names_the_run_without_it(error: dict[str, str]) -> None:
    def answer(request: Any) -> Page | None:
        refreshes = any(item.name == "refresh_token" for item in request.form or ())
        return json(400, error) if refreshes else None

    stop = site(issues={"refresh_token": "r-1"}, answers=answer).run(**REFRESH).stopped()
    assert (stop.id, stop.whose) == ("token-refresh-refused", Whose.ISSUER)
    assert "without --refresh the token of the sign-in itself is given" in stop.meanwhile


def test_a_refreshed_token_of_another_scope_is_not_the_mcp_server_s_fault() -> None:
    """anthropics/claude-code#89862: without scope Entra ID answers with one of its own."""
    other = {"access_token": "t-2", "token_type": "Bearer", "scope": ".{guid}", "expires_in": 9}

    def make() -> Site:
        return site(
            issues={"refresh_token": "r-1", "scope": "mcp:basic"},
            answers=at(f"{AS}/token", json(200, other, NO_STORE), "refresh_token"),
        )

    stop = make().run(**REFRESH).stopped()
    assert (stop.id, stop.whose) == ("rs-fresh-token-refused", Whose.ISSUER)
    assert stop.message == "The server refuses the token of the refresh, and took the one before."
    assert stop.seen.endswith("; scope before: mcp:basic, now: .{guid}")
    assert stop.meanwhile.startswith("Without --refresh the token of the sign-in itself is given.")
    assert make().run().returned() is Outcome.OK


# Errors by their names


def coming(iss: bool = True, **values: str) -> Site:
    def callback(asked: dict[str, str]) -> str:
        return urlencode({**values, "state": asked["state"], **({"iss": AS} if iss else {})})

    return site(callback=callback)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        ("consent_required", "agree first"),
        ("login_required", "sign in first"),
        ("interaction_required", "could not ask"),
        ("account_selection_required", "choose an account"),
        ("temporarily_unavailable", "overloaded"),
        ("server_error", "failed"),
    ],
)
def test_errors_that_have_a_name_are_told_by_it(error: str, words: str) -> None:
    script = coming(error=error, error_description="why").run()
    stop = script.stopped()
    assert (stop.id, stop.seen) == ("authz-error", f"{error}: why")
    assert words in stop.message
    assert "authz-error-form" not in script.broken


@pytest.mark.parametrize("error", ["consent_required", "login_required", "interaction_required"])
def test_a_prompt_of_none_that_was_typed_is_the_person_s(error: str) -> None:
    assert coming(error=error).run(params=(("prompt", "none"),)).stopped().whose is Whose.CLIENT


@pytest.mark.parametrize(
    ("values", "seen"),
    [
        # n8n-io/n8n#34503, CASES 14
        (
            {
                "error": "invalid_scope",
                "error_description": "The requested scope is not allowed",
            },
            "no iss; not verified, it carried error=invalid_scope: The requested scope is not"
            " allowed",
        ),
        (
            {"error": "access_denied"},
            "no iss; not verified, it carried error=access_denied",
        ),
        ({"code": "c"}, "no iss"),
    ],
)
def test_an_answer_without_the_promised_iss_is_refused_and_shown(
    values: dict[str, str], seen: str
) -> None:
    stop = coming(iss=False, **values).run().stopped()
    assert (stop.id, stop.exit, stop.seen) == ("authz-iss-absent", 4, seen)
    assert ("declined" in stop.message) is (values.get("error") == "access_denied")
    fewer = values.get("error") == "invalid_scope"
    assert ("invalid_scope" in stop.message) is ("--scope" in stop.meanwhile) is fewer


# What explains an end comes first


def with_document(document: dict[str, Any], **changes: Any) -> Script:
    pages = {PRM: json(200, prm()), CIMD: json(200, document)}
    return site(pages=pages, **changes).run(client_metadata_url=CIMD)


def test_a_document_that_names_another_id_explains_that_nobody_comes_back() -> None:
    document = {
        "client_id": "https://other.example/client.json",
        "client_name": "x",
        "redirect_uris": ["http://127.0.0.1/callback"],
    }
    stop = with_document(document, arrivals=[LATE]).stopped()
    assert (stop.id, stop.whose) == ("authz-timeout", Whose.CLIENT)
    assert stop.message.startswith("The client metadata document names another client id")
    assert "cimd-own-id-mismatch: https://other.example/client.json" in stop.seen
    assert stop.next.startswith("Set client_id to the exact URL")


def test_a_document_in_order_explains_nothing() -> None:
    document = {
        "client_id": CIMD,
        "client_name": "x",
        "redirect_uris": ["http://127.0.0.1/callback"],
    }
    stop = with_document(document, arrivals=[LATE]).stopped()
    assert (stop.id, stop.whose) == ("authz-timeout", Whose.NOBODY)


def test_redirect_addresses_that_the_registration_changed_explain_it_too() -> None:
    world = site(registers={"redirect_uris": ["https://other.example/callback"]}, arrivals=[LATE])
    stop = world.run().stopped()
    assert (stop.id, stop.whose) == ("authz-timeout", Whose.ISSUER)
    assert stop.message.startswith("The registration returned other redirect addresses")


def test_a_secret_that_is_over_explains_a_refused_client() -> None:
    registers = {
        "client_secret": "s",
        "client_secret_expires_at": 1,
        "token_endpoint_auth_method": "client_secret_basic",
    }
    page = json(401, {"error": "invalid_client"})
    world = site(registers=registers, answers=lambda r: page if r.url == f"{AS}/token" else None)
    stop = world.run().stopped()
    assert stop.id == "token-error"
    assert stop.message.startswith("The registration does not say how long the secret lasts")


def test_a_token_for_somebody_else_explains_why_the_server_refuses_it() -> None:
    """Canaille 0.3 leaves resource out of account: aud is the client, and the server refuses it."""

    def answer(request: Request) -> Page | None:
        return challenged(401) if request.url == MCP and header(request, "Authorization") else None

    world = site(issues={"access_token": jwt(aud="registered-1")}, answers=answer)
    stop = world.run().stopped()
    assert (stop.id, stop.whose) == ("rs-fresh-token-refused", Whose.ISSUER)
    assert stop.message.startswith("The token is not made out for this server.")
    assert stop.seen.startswith("jwt-aud: registered-1; ")


def test_a_token_for_nobody_says_so() -> None:
    """oauth2-mock-server 9.3 leaves aud out."""
    script = site(issues={"access_token": jwt(aud=...)}).run()
    assert script.returned() is Outcome.OK
    told = only(item for item in script.findings if item.id == "jwt-aud")
    assert (told.level, told.seen) == (Level.ERROR, "no aud: it names nobody")


def test_a_wait_that_was_cut_short_by_hand_is_the_person_s() -> None:
    assert site(arrivals=[LATE]).run(wait=5.0).stopped().whose is Whose.CLIENT
    assert site(arrivals=[LATE]).run().stopped().whose is Whose.NOBODY


def test_a_code_that_is_refused_is_not_explained_by_the_client() -> None:
    page = json(400, {"error": "invalid_grant"})
    world = site(
        registers={"client_secret": "s", "client_secret_expires_at": 1},
        answers=lambda r: page if r.url == f"{AS}/token" else None,
    )
    assert world.run().stopped().message.startswith("The authorization server refused to exchange")


def test_a_page_at_the_token_endpoint_is_no_word_of_the_client() -> None:
    page = raw(403, "<h1>403 ERROR</h1>", ("content-type", "text/html"), ("server", "CloudFront"))
    world = site(answers=lambda r: page if r.url == f"{AS}/token" else None)
    assert "CloudFront" in world.run().stopped().message


@pytest.mark.parametrize(("scope", "sent"), [("openid notes", True), ("notes openid.x", False)])
def test_a_nonce_goes_to_an_openid_provider(scope: str, sent: bool) -> None:
    """Canaille 0.3 answers nobody without one."""
    world = site()
    world.run(scope=scope)
    asked = only(world.authorizations)
    assert ("nonce" in asked) is sent
    assert asked.get("nonce") not in (asked["state"], asked["code_challenge"], "")
