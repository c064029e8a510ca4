"""Where a sign-in ends over its scopes: what to ask for, who mends it, and what was optional."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest

from mcp_auth_tui.model import Level, Outcome, Whose
from tests.findings.site import Site, callback, site
from tests.protocol.script import AS, PRM, Page, json, only, raw

SILENT = f'Bearer resource_metadata="{PRM}"'
HTML = ("content-type", "text/html")


def taking(
    taken: Callable[[list[str]], bool], words: str = "", **documents: Any
) -> Callable[[], Site]:
    """A server whose sign-in takes some scopes, and says so in the browser's answer."""

    def back(asked: dict[str, str]) -> str:
        if taken(asked.get("scope", "").split()):
            return callback()(asked)
        error = {"error": "invalid_scope", **({"error_description": words} if words else {})}
        return urlencode({**error, "state": asked["state"], "iss": AS})

    resource, server = documents.get("resource", {}), documents.get("server", {})
    return lambda: site(resource, server, challenge=SILENT, callback=back)


def test_scopes_that_only_the_resource_knows_are_told_apart() -> None:
    """PostHog/posthog#55307: the two documents list different scopes."""
    make = taking(
        lambda scopes: "c:write" not in scopes,
        resource={"scopes_supported": ["a:read", "b:read", "c:write"]},
        server={"scopes_supported": ["a:read", "b:read"]},
    )
    stop = make().run().stopped()
    assert (stop.id, stop.whose) == ("authz-error", Whose.ISSUER)
    assert stop.next.endswith("and not in scopes_supported here: c:write.")
    assert "--scope 'a:read b:read'. " in stop.meanwhile
    assert make().run(scope="a:read b:read").returned() is Outcome.OK


@pytest.mark.parametrize(
    ("listed", "way"),
    [
        (["churn:read", "churn:write"], "--scope 'churn:read churn:write'. "),
        (..., "--scope SCOPES, those that the server has. "),
        (["it's"], "--scope SCOPES, those that the server has. "),
    ],
)
def test_where_nobody_names_a_scope_and_one_is_wanted_it_is_the_mcp_server_s(
    listed: Any, way: str
) -> None:
    """churnkey/sdk#29."""
    make = taking(
        bool,
        "At least one scope is required",
        resource={"scopes_supported": ...},
        server={"scopes_supported": listed},
    )
    stop = make().run().stopped()
    assert (stop.id, stop.whose) == ("authz-error", Whose.SERVER)
    assert stop.message.endswith("wants scopes, and the MCP server names none.")
    assert way in stop.meanwhile
    assert make().run(scope="churn:read").returned() is Outcome.OK


@pytest.mark.parametrize("settings", [{"client_id": "me"}, {"follow": True}])
@pytest.mark.parametrize(
    "page",
    [
        json(400, {"message": "At least one scope is required"}),
        raw(400, "<p>No scope was requested", HTML),
    ],
)
def test_the_same_is_read_from_a_page(page: Page, settings: dict[str, Any]) -> None:
    world = site(
        {"scopes_supported": ...},
        {"scopes_supported": ["churn:read"]},
        challenge=SILENT,
        answers=lambda r: page if "/authorize" in r.url else None,
    )
    stop = world.run(**settings).stopped()
    assert (stop.id, stop.whose) == ("authz-error", Whose.SERVER)
    assert "--scope 'churn:read'. " in stop.meanwhile


OFFLINE = {"scopes_supported": ["mcp:basic", "offline_access"]}


@pytest.mark.parametrize(
    ("words", "settings"),
    [
        # Blazity/ai-workflow#298
        ("The following scopes are invalid: offline_access", {"keep_tokens": True}),
        # ChronoAIProject/NyxID#1217
        ("Scope 'offline_access' is not allowed for this client", {"refresh": True}),
        ("", {"keep_tokens": True}),
    ],
)
def test_staying_signed_in_is_optional_and_refuses_nobody_a_token(
    words: str, settings: dict[str, Any]
) -> None:
    world = taking(lambda scopes: "offline_access" not in scopes, words, server=OFFLINE)()
    script = world.run(**settings)
    assert script.returned() is Outcome.OK
    asked = [item["scope"] for item in world.authorizations]
    assert asked == ["mcp:basic offline_access", "mcp:basic"]
    told = only(item for item in script.findings if item.id == "authz-error")
    assert (told.level, told.whose) == (Level.WARNING, Whose.ISSUER)
    assert told.message.endswith("it is asked without, and nobody stays signed in.")


def test_what_a_person_typed_is_not_left_out() -> None:
    world = taking(lambda scopes: "offline_access" not in scopes, server=OFFLINE)()
    stop = world.run(scope="mcp:basic offline_access").stopped()
    assert (stop.id, stop.whose, len(world.authorizations)) == ("authz-error", Whose.CLIENT, 1)
    assert stop.next.endswith("The server lists: mcp:basic offline_access.")


def test_a_server_that_takes_neither_ends_the_run_after_two() -> None:
    world = taking(lambda scopes: False, "no", server=OFFLINE)()
    stop = world.run(keep_tokens=True).stopped()
    assert (stop.id, len(world.authorizations)) == ("authz-error", 2)
    assert stop.seen == "invalid_scope: no (scope sent: mcp:basic)"


@pytest.mark.parametrize(
    ("words", "admin"),
    [
        # anthropics/claude-ai-mcp#104, modelcontextprotocol/inspector#2068
        ("AADSTS90094: The grant requires admin permission.", True),
        ("An administrator must give consent for this application", True),
        ("The user denied the request", False),
    ],
)
def test_what_only_an_administrator_may_agree_to_was_not_declined(words: str, admin: bool) -> None:
    def back(asked: dict[str, str]) -> str:
        error = {"error": "access_denied", "error_description": words}
        return urlencode({**error, "state": asked["state"], "iss": AS})

    stop = site(callback=back).run().stopped()
    owner = Whose.ISSUER if admin else Whose.NOBODY
    assert (stop.id, stop.whose) == ("authz-denied", owner)
    assert ("by a rule of its own" in stop.message) is admin
