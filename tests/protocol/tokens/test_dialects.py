"""What providers say in codes and words of their own, and whose it is then."""

from __future__ import annotations

from typing import Any

import pytest

from mcp_auth_tui.model import Finding, Secret, Whose
from tests.findings.site import AS, Site, at, site
from tests.protocol.script import NO_STORE, Page, json

OWN = {"client_id": "me", "client_secret": Secret("abc")}
BOTH = {"token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"]}
COMPARE = "Compare the client id and the secret that were given"
REDIRECT = "Register the redirect address http://127.0.0.1:4321/callback for"


def oauth(status: int, error: str, text: str) -> Page:
    return json(status, {"error": error, "error_description": text}, NO_STORE)


def refusing(page: Page) -> Site:
    return site(server=BOTH, answers=at(f"{AS}/token", page))


def told(page: Page, **settings: Any) -> Finding:
    return refusing(page).run(**settings).stopped()


@pytest.mark.parametrize(
    ("page", "next"),
    [
        # adrianhajdin/yc_directory#4: GitHub says so with 200
        (
            oauth(
                200,
                "incorrect_client_credentials",
                "The client_id and/or client_secret passed are incorrect.",
            ),
            COMPARE,
        ),
        # auth0/node-auth0#682, auth0-samples/auth0-python-web-app#62
        (oauth(403, "access_denied", "Unauthorized"), COMPARE),
        # As Slack, Salesforce and HubSpot say it.
        (json(200, {"ok": False, "error": "bad_client_secret"}), COMPARE),
        (oauth(400, "invalid_client_id", "client identifier invalid"), COMPARE),
        (json(400, {"status": "BAD_CLIENT_ID", "message": "unknown client id"}), COMPARE),
        # As Entra ID answers for another tenant: its words speak of consent, too.
        (
            oauth(
                400,
                "unauthorized_client",
                "AADSTS700016: Application with identifier 'me' was not found in the directory 'X'."
                " This can happen if it has not been consented to by any user in the tenant.",
            ),
            COMPARE,
        ),
        # vippsas/vipps-ecom-api#246, sidebase/nuxt-auth#301
        (
            oauth(
                400,
                "invalid_request",
                "AADSTS9002326: Cross-origin token redemption is permitted only for the"
                " 'Single-Page Application' client-type.",
            ),
            f"{REDIRECT} a desktop application",
        ),
        (
            oauth(
                400,
                "invalid_request",
                "AADSTS9002327: Tokens issued for the 'Single-Page Application' client-type may"
                " only be redeemed via cross-origin requests.",
            ),
            f"{REDIRECT} a desktop application",
        ),
        # slackapi/python-slack-sdk#791, and as GitHub and HubSpot say it
        (json(200, {"ok": False, "error": "bad_redirect_uri"}), f"{REDIRECT} this client"),
        (
            oauth(200, "redirect_uri_mismatch", "The redirect_uri MUST match the registered one."),
            f"{REDIRECT} this client",
        ),
        (
            json(400, {"status": "BAD_REDIRECT_URI", "message": "unknown redirect URI"}),
            f"{REDIRECT} this client",
        ),
    ],
)
def test_what_is_wrong_with_a_client_of_ones_own_is_the_person_s(page: Page, next: str) -> None:
    stop = told(page, **OWN)
    assert (stop.id, stop.whose) == ("token-error", Whose.CLIENT)
    assert stop.next.startswith(next)


@pytest.mark.parametrize(
    "page",
    [
        # jetstreamapp/jetstream#656: Salesforce
        oauth(400, "invalid_app_access", "user is not admin approved to access this app"),
        oauth(400, "invalid_grant", "AADSTS65001: The user or administrator has not consented."),
        oauth(400, "interaction_required", "AADSTS50076: you must use multi-factor authentication"),
    ],
)
def test_an_account_that_may_not_is_no_fault_of_the_code(page: Page) -> None:
    stop = told(page, **OWN)
    assert (stop.id, stop.whose, stop.message) == (
        "token-error",
        Whose.ISSUER,
        "The account may not use this client yet, says the authorization server.",
    )
    assert stop.meanwhile.startswith("Sign in again and agree")


def test_what_is_wrong_with_a_registered_client_is_the_server_s() -> None:
    assert told(json(200, {"ok": False, "error": "bad_client_secret"})).whose is Whose.ISSUER
    stop = told(oauth(200, "redirect_uri_mismatch", "The redirect_uri MUST match."))
    assert (stop.id, stop.whose) == ("token-error", Whose.ISSUER)
