"""Sign-ins out of public reports that came back with an error: whose it is, and what to do.

Each names its repository and number; those without one are of our own making.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlencode

import pytest

from mcp_auth_tui.findings.rule import REPORT
from mcp_auth_tui.model import Finding, Outcome, Whose
from tests.findings.site import AS, MCP, PRM, Site, callback, site

Callback = Callable[[Mapping[str, str]], str]


def refusing(error: str, text: str = "", *scopes: str) -> Callback:
    """A sign-in that ends with an error: each, or that for one of these scopes."""

    def back(asked: Mapping[str, str]) -> str:
        if scopes and not set(scopes) & set(asked.get("scope", "").split()):
            return callback()(asked)
        told = {"error": error, **({"error_description": text} if text else {})}
        return urlencode({**told, "state": asked["state"], "iss": AS})

    return back


def told(back: Callback, **settings: Any) -> Finding:
    return site(callback=back).run(**settings).stopped()


def registrations(world: Site) -> int:
    return sum(item.url == f"{AS}/register" for item in world.sent)


UNKNOWN = f"AADSTS500011: The resource principal named {MCP} was not found in the tenant named X."


@pytest.mark.parametrize(
    ("error", "text", "message"),
    [
        # aws/agentcore-cli#2257: Entra ID has a code of its own
        ("invalid_resource", UNKNOWN, "The authorization server does not accept the resource"),
        # panaversity/ksor#185: Auth0 speaks of a service, and of access_denied
        ("access_denied", f"Service not found: {MCP}", "The authorization server does not accept"),
        (
            "access_denied",
            f'Client "x" is not authorized to access resource server "{MCP}".',
            "The authorization server does not let this client have the resource.",
        ),
    ],
)
def test_a_resource_that_is_not_known_is_told_so_whatever_the_code(
    error: str, text: str, message: str
) -> None:
    stop = told(refusing(error, text))
    assert (stop.id, stop.whose) == ("authz-resource-refused", Whose.ISSUER)
    assert stop.message.startswith(message)
    assert "--no-resource" in stop.meanwhile
    assert "--resource" in stop.meanwhile
    typed = told(refusing(error, text), resource=MCP)
    assert (typed.whose, typed.meanwhile) == (Whose.CLIENT, "")


@pytest.mark.parametrize(
    "text",
    [
        # oktadev/okta-wordpress-sign-in-widget#35
        "Policy evaluation failed for this request, please check the policy configurations.",
        "User is not assigned to the client application.",
        "AADSTS90094: The grant requires admin permission.",
        "User is not a member of the organization",
        "Your account has been suspended.",
    ],
)
def test_a_denial_by_a_policy_is_not_told_as_the_person_s_own(text: str) -> None:
    stop = told(refusing("access_denied", text))
    assert (stop.id, stop.whose, stop.message) == (
        "authz-denied",
        Whose.ISSUER,
        "The authorization server denied the sign-in by a rule of its own.",
    )
    assert text in stop.seen


def test_a_code_of_entra_says_it_in_any_language() -> None:
    text = "AADSTS50105: Votre administrateur a configuré l'application"
    stop = told(refusing("interaction_required", text))
    assert (stop.id, stop.whose) == ("authz-denied", Whose.ISSUER)
    assert stop.message == "The authorization server denied the sign-in by a rule of its own."


@pytest.mark.parametrize(
    "text",
    [
        "",
        "The resource owner or authorization server denied the request.",
        "The user has denied your application access.",
        "User did not authorize the request",
    ],
)
def test_a_denial_by_a_person_stays_one(text: str) -> None:
    stop = told(refusing("access_denied", text))
    assert (stop.id, stop.whose, stop.message) == (
        "authz-denied",
        Whose.NOBODY,
        "The sign-in was declined.",
    )


SCOPE = "The authorization server does not accept the scope."
OTHERS = "Ask for others, or for fewer, with --scope"
WRONG = "The requested scope is invalid, unknown, or malformed"


@pytest.mark.parametrize(
    ("error", "text", "way"),
    [
        # openchoreo/openchoreo#3217: Amazon Cognito puts the code into the description
        ("invalid_request", "invalid_scope", f"{OTHERS}. {REPORT}"),
        # laravel/mcp#258
        ("invalid_scope", WRONG, f"{OTHERS}. {REPORT}"),
        ("invalid_scope", "Invalid scopes: b.", f"Ask for the others only: --scope a. {REPORT}"),
        ("invalid_scope", "b:x is unknown", f"{OTHERS}. {REPORT}"),
        ("invalid_scope", "Supported scopes: b", f"{OTHERS}. {REPORT}"),
        # As Entra ID says it, under codes of another meaning.
        (
            "invalid_client",
            "AADSTS650053: The application 'App' asked for scope 'b' that doesn't exist.",
            f"Ask for the others only: --scope a. {REPORT}",
        ),
        (
            "invalid_request",
            "AADSTS28000: The input parameter scope contains more than one resource.",
            f"{OTHERS}. {REPORT}",
        ),
    ],
)
def test_a_scope_that_is_refused_is_told_with_what_to_ask_for(
    error: str, text: str, way: str
) -> None:
    challenge = f'Bearer resource_metadata="{PRM}", scope="a b"'
    world = site(callback=refusing(error, text), challenge=challenge)
    stop = world.run().stopped()
    assert (stop.id, stop.whose, stop.message, stop.meanwhile) == (
        "authz-error",
        Whose.ISSUER,
        SCOPE,
        way,
    )
    typed = told(refusing(error, text), scope="a b")
    assert (typed.whose, typed.next, typed.meanwhile) == (
        Whose.CLIENT,
        way.removesuffix(f" {REPORT}"),
        "",
    )


@pytest.mark.parametrize(
    ("supported", "registered", "back", "settings"),
    [
        # punkpeye/mcp-remote#204: FastMCP registers clients for scopes of its own
        (
            ["email", "openid", "profile"],
            "user",
            refusing(
                "invalid_scope",
                "Client was not registered with scope email",
                *("email", "openid", "profile"),
            ),
            {},
        ),
    ],
)
def test_a_client_registered_for_less_is_not_registered_again_in_vain(
    supported: list[str], registered: str, back: Callback, settings: dict[str, Any]
) -> None:
    def world() -> Site:
        return site(
            {"scopes_supported": supported},
            {"scopes_supported": [*supported, "offline_access"]},
            challenge=f'Bearer resource_metadata="{PRM}"',
            registers={"scope": registered},
            callback=back,
        )

    first = world()
    stop = first.run(**settings).stopped()
    assert (stop.id, stop.whose, stop.message) == ("authz-error", Whose.ISSUER, SCOPE)
    assert registrations(first) == 1
    assert stop.seen.endswith(f"registered for: {registered}")
    assert stop.meanwhile == f"Ask for what the client was registered for: --scope {registered}."
    again = world()
    assert again.run(**settings, scope=registered).returned() is Outcome.OK
    typed = world().run(**settings, scope=f"{registered} {supported[0]} offline_access").stopped()
    assert (typed.whose, typed.next) == (
        Whose.CLIENT,
        f"Ask for what the client may have: --scope {registered}.",
    )


def test_what_is_listed_and_given_to_nobody_is_done_without() -> None:
    """formbricks/formbricks#8406: it lists offline_access, and lets nobody have it."""
    words = "The following scopes are invalid: offline_access"
    listed = {"scopes_supported": ["surveys:read", "offline_access"]}
    world = site(
        {"scopes_supported": ["surveys:read"]},
        listed,
        challenge=f'Bearer resource_metadata="{PRM}"',
        registers={"scope": "surveys:read"},
        callback=refusing("invalid_scope", words, "offline_access"),
    )
    assert world.run(keep_tokens=True).returned() is Outcome.OK
    assert (registrations(world), len(world.authorizations)) == (1, 2)


@pytest.mark.parametrize("error", ["invalid_request", "unauthorized_client"])
def test_a_client_without_a_connection_is_told_so(error: str) -> None:
    """As Auth0 answers clients that register themselves."""
    stop = told(refusing(error, "no connections enabled for the client"))
    assert (stop.id, stop.whose, stop.message) == (
        "authz-error",
        Whose.ISSUER,
        "No way to sign in is open to this client.",
    )


def test_a_client_that_may_not_ask_is_the_person_s_where_it_is_their_own() -> None:
    """As Keycloak answers where the standard flow is off, and Entra ID in a wrong tenant."""
    back = refusing("unauthorized_client", "Standard flow is disabled for the client.")
    assert told(back).whose is Whose.ISSUER
    stop = told(back, client_id="me")
    assert (stop.id, stop.whose) == ("authz-error", Whose.CLIENT)
    assert "may use the authorization code grant" in stop.next
