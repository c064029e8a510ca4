"""Authorization servers out of public reports that refuse a code, a client or a refresh token.

Each names its repository and number; those without one are of our own making.
"""

from __future__ import annotations

from typing import Any

import pytest

from mcp_auth_tui.findings.rule import OWN_CLIENT
from mcp_auth_tui.model import Finding, Secret, Whose
from tests.findings.site import AS, CIMD, PRM, Site, at, prm, site
from tests.protocol.script import NO_STORE, Page, json, raw

TOKEN, REGISTER = f"{AS}/token", f"{AS}/register"
OWN = {"client_id": "me", "client_secret": Secret("abc")}
POST = {"token_endpoint_auth_methods_supported": ["client_secret_post"]}
BOTH = {"token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"]}
PLAIN = ("content-type", "text/plain")
AGAIN = "Sign in again"


def oauth(status: int, error: str, text: str = "") -> Page:
    return json(status, {"error": error, **({"error_description": text} if text else {})}, NO_STORE)


def stopped(world: Site, **settings: Any) -> Finding:
    return world.run(**settings).stopped()


# --- a secret that a person gave -----------------------------------------------------------------

ENDED = "The secret of this client has ended."


@pytest.mark.parametrize(
    ("server", "page", "message", "next"),
    [
        # Azure-Samples/ms-identity-python-webapp#67
        (
            POST,
            oauth(
                401,
                "invalid_client",
                "AADSTS7000222: The provided client secret keys are expired. Visit the Azure"
                " Portal to create new keys for your app.",
            ),
            ENDED,
            "Make a new secret",
        ),
        # The same in the language of the account.
        (
            POST,
            oauth(401, "invalid_client", "AADSTS7000222: As chaves secretas do cliente expiraram."),
            ENDED,
            "Make a new secret",
        ),
        # keycloak/keycloak#31294: the id of the secret in the place of its value
        (
            POST,
            oauth(
                401,
                "invalid_client",
                "AADSTS7000215: Invalid client secret provided. Ensure the secret being sent in"
                " the request is the client secret value, not the client secret ID.",
            ),
            "The authorization server refused to exchange the code for a token.",
            "Compare the client id and the secret",
        ),
        # anthropics/claude-code#83679: no object at all
        (
            BOTH,
            json(401, [{"logref": "59ae", "message": "Error : 'Fetch token call failed Bad cred"}]),
            "The authorization server refused to exchange the code for a token.",
            "Compare the client id and the secret",
        ),
    ],
)
def test_a_secret_that_is_not_right_is_the_person_s(
    server: dict[str, Any], page: Page, message: str, next: str
) -> None:
    stop = stopped(site(server=server, answers=at(TOKEN, page)), **OWN)
    assert (stop.id, stop.whose, stop.message) == ("token-error", Whose.CLIENT, message)
    assert stop.next.startswith(next)


# --- a client that was known at the sign-in ------------------------------------------------------

MISSING = oauth(401, "invalid_client", "Client not found")


def test_a_document_that_is_not_fetched_again_is_named() -> None:
    """cloudflare/workers-oauth-provider#248: a firewall answers where the document is."""
    document = {
        "client_id": CIMD,
        "client_name": "a client",
        "redirect_uris": ["http://127.0.0.1/callback"],
        "token_endpoint_auth_method": "none",
    }
    pages = {PRM: json(200, prm()), CIMD: json(200, document)}
    stop = stopped(site(pages=pages, answers=at(TOKEN, MISSING)), client_metadata_url=CIMD)
    assert (stop.whose, stop.message) == (
        Whose.ISSUER,
        "The authorization server does not find the client, which is a document.",
    )
    assert CIMD in stop.next
    assert "--register" in stop.meanwhile


def test_a_client_that_was_registered_a_moment_ago_is_not_the_person_s() -> None:
    stop = stopped(site(answers=at(TOKEN, MISSING)))
    assert (stop.whose, stop.message, stop.meanwhile) == (
        Whose.ISSUER,
        "The authorization server does not know the client that it has registered.",
        OWN_CLIENT,
    )


def test_a_refusal_without_a_word_is_no_guess() -> None:
    """pomerium/pomerium#6786: every fault of a client is an invalid_request."""
    stop = stopped(site(answers=at(TOKEN, oauth(400, "invalid_request"))))
    assert (stop.whose, stop.seen.partition(" (")[0]) == (
        Whose.ISSUER,
        "HTTP 400: invalid_request",
    )
    assert stop.next.startswith("Look in the server's log")


@pytest.mark.parametrize(
    "page",
    [
        # Altinity/altinity-mcp#113: two replicas, each with codes of its own
        raw(400, "Unknown OAuth request\n", PLAIN),
        # FusionAuth/fusionauth-issues#150
        json(
            400,
            {
                "error": "invalid_request",
                "error_description": "Invalid Authorization Code",
                "error_reason": "auth_code_not_found",
            },
        ),
        # h3poteto/megalodon#2272: Doorkeeper has one sentence for all
        oauth(
            400,
            "invalid_grant",
            "The provided authorization grant is invalid, expired, revoked, does not match the"
            " redirection URI used in the authorization request, or was issued to another client.",
        ),
        oauth(400, "invalid_grant", "redirect_uri does not match the original request"),
    ],
)
def test_a_code_that_is_lost_is_told_with_what_was_sent_whatever_its_code(page: Page) -> None:
    stop = stopped(site(answers=at(TOKEN, page)))
    assert (stop.id, stop.whose) == ("token-error", Whose.ISSUER)
    assert "instances that share no store" in stop.next
    assert stop.meanwhile.startswith(AGAIN)


@pytest.mark.parametrize(
    "text",
    ["Invalid code_verifier", "Unknown code challenge method"],
)
def test_a_verifier_is_not_taken_for_the_code(text: str) -> None:
    stop = stopped(site(answers=at(TOKEN, oauth(400, "invalid_request", text))))
    assert "sent once" not in stop.next


@pytest.mark.parametrize(
    ("answer", "seen"),
    [
        # As Feishu refuses: with success, a number and a sentence.
        (
            {"code": 20029, "msg": "redirect_uri 请求不合法"},
            "its members: code, msg; “redirect_uri 请求不合法”",
        ),
        ({"code": 0, "msg": "success", "data": {}}, "its members: code, msg, data"),
        (
            {"code": 0, "msg": "found", "data": {"access_token": "t"}},
            "one stands at /data/access_token",
        ),
    ],
)
def test_words_in_the_place_of_a_token_are_quoted(answer: dict[str, Any], seen: str) -> None:
    stop = stopped(site(answers=at(TOKEN, json(200, answer, NO_STORE))))
    assert (stop.id, stop.whose, stop.seen) == ("token-no-access", Whose.ISSUER, seen)


def test_a_parameter_that_is_named_beside_the_sentence_is_read() -> None:
    """openai/codex#5045: Todoist wants a secret, and says so in a member of its own."""
    named = {"argument": "client_secret", "explanation": "Required argument is missing"}
    page = json(
        400, {"error": "Required argument is missing", "error_code": 19, "error_extra": named}
    )
    stop = stopped(site(answers=at(TOKEN, page)))
    assert stop.seen.startswith("HTTP 400: “Required argument is missing (client_secret)”")
    assert "--auth-method client_secret_post" in stop.meanwhile


def test_a_gateway_that_says_why_it_failed_is_quoted() -> None:
    """BerriAI/litellm#33113: what it uses itself was refused behind it."""
    text = "the upstream authorization server rejected the gateway's configured client credentials"
    stop = stopped(site(answers=at(TOKEN, oauth(502, "server_error", text))), **OWN)
    assert (stop.whose, stop.message) == (
        Whose.ISSUER,
        "The authorization server failed: HTTP 502.",
    )
    assert text in stop.seen


def test_a_proof_that_is_wanted_and_not_announced_is_given_with_an_option() -> None:
    stop = stopped(site(answers=at(TOKEN, oauth(400, "invalid_dpop_proof", "Proof required"))))
    assert (stop.whose, stop.meanwhile) == (
        Whose.ISSUER,
        "Give proofs of possession: --dpop on.",
    )
    assert "dpop_signing_alg_values_supported" in stop.next


# --- a refresh -----------------------------------------------------------------------------------

USED = "The refresh token was used before, says the authorization server."
REFUSED = "The authorization server refused to refresh the token."


def refreshing(page: Page, **settings: Any) -> Finding:
    world = site(issues={"refresh_token": "r-1"}, answers=at(TOKEN, page, "refresh_token"))
    return stopped(world, refresh=True, **settings)


@pytest.mark.parametrize(
    ("page", "message", "next"),
    [
        # PrefectHQ/fastmcp#4901
        (oauth(401, "invalid_grant", "already rotated"), USED, "a moment ago and sent once"),
        # openai/codex#27165: Atlassian has another code for it
        (
            oauth(403, "unauthorized_client", "refresh_token is invalid"),
            REFUSED,
            "a moment ago and sent once",
        ),
        # openai/codex#33403: what is missed was sent
        (
            oauth(400, "invalid_request", "resource parameter is required"),
            REFUSED,
            "resource was sent in it",
        ),
        # HQBase/hqbase#41: two refreshes at the same instant
        (raw(500), "The authorization server failed: HTTP 500.", "what failed at that time"),
    ],
)
def test_a_refresh_right_after_the_sign_in_is_its_issuer_s(
    page: Page, message: str, next: str
) -> None:
    stop = refreshing(page)
    assert (stop.id, stop.whose, stop.message) == ("token-refresh-refused", Whose.ISSUER, message)
    assert next in stop.next
    assert stop.meanwhile.startswith(AGAIN)


def test_a_resource_that_was_left_out_by_hand_is_the_person_s() -> None:
    page = oauth(400, "invalid_request", "resource parameter is required")
    stop = refreshing(page, send_resource=False)
    assert (stop.whose, stop.next) == (
        Whose.CLIENT,
        "Run without --no-resource: the server wants to be told the resource.",
    )


@pytest.mark.parametrize(
    ("url", "page", "words"),
    [
        # 2anki/2anki.net#3786
        (
            REGISTER,
            oauth(429, "rate_limited", "Too many registrations"),
            "rate_limited: Too many registrations",
        ),
        # jagduvi1/Cellarion#785: clients took it for a broken server
        (TOKEN, raw(429, "Too many requests, please try again later.", PLAIN), "Too many requests"),
    ],
)
def test_a_limit_is_told_as_one_wherever_it_stands(url: str, page: Page, words: str) -> None:
    stop = stopped(site(answers=at(url, page)))
    assert (stop.id, stop.whose) == ("net-rate-limited", Whose.ISSUER)
    assert words in stop.seen
