"""The authorization endpoint is asked once before a person is sent there, where that is free."""

from __future__ import annotations

from typing import Any

import pytest

from mcp_auth_tui.model import Failure, Level, Outcome, Request, Session, Stage, Whose
from mcp_auth_tui.protocol.actions import Browse
from mcp_auth_tui.protocol.authorization.pages import LOOK_AHEAD
from tests.findings.site import CIMD, LATE, Site, site
from tests.protocol.script import (
    AS,
    PRM,
    Page,
    challenged,
    client,
    contact,
    json,
    only,
    prm,
    raw,
    resource,
    server,
)

HTML = ("content-type", "text/html")
MINE: dict[str, Any] = {"client_id": "me"}
KEPT = Session(
    contact=contact(("scope", "mcp:basic")),
    resource=resource(),
    server=server(),
    client=client(id="kept"),
)


def answering(page: Page, **changes: Any) -> Site:
    return site(pages={PRM: json(200, prm()), f"{AS}/authorize": page}, **changes)


def looks(world: Site) -> list[Request]:
    return [item for item in world.sent if item.purpose == LOOK_AHEAD]


def opened(world: Site) -> int:
    return sum(isinstance(item, Browse) for item in world.performed)


@pytest.mark.parametrize(
    ("page", "words"),
    [
        # supabase/mcp#355
        (json(422, {"message": "Unrecognized client_id"}), "Unrecognized client_id"),
        # PrefectHQ/fastmcp#2027
        (
            json(400, {"error": "invalid_request", "error_description": "Client ID 'x' not found"}),
            "Client ID 'x' not found",
        ),
        # nicobailon/pi-mcp-adapter#90
        (json(401, {"error": "invalid_client"}), "invalid_client"),
        (raw(400, "<h1>Unknown application</h1>", HTML), "Unknown application"),
        # aipoch/open-science#1562, Zomato/mcp-server-manifest#30
        (
            json(
                400,
                {"error": "invalid_request", "error_description": "Unregistered redirect_uri"},
            ),
            "Unregistered redirect_uri",
        ),
        (raw(404, "client not found"), "client not found"),
        (raw(400), "HTTP 400"),
    ],
)
def test_a_dead_client_is_noticed_before_the_browser_opens(page: Page, words: str) -> None:
    world = answering(page)
    stop = world.run(**MINE).stopped()
    assert (stop.id, stop.whose, opened(world)) == ("authz-client-refused", Whose.CLIENT, 0)
    assert words in stop.seen
    assert "--client-id" in f"{stop.next} {stop.meanwhile}" or stop.next


def test_a_redirect_address_that_is_not_registered_is_named() -> None:
    stop = answering(raw(400, "redirect_uri mismatch")).run(**MINE).stopped()
    assert stop.id == "authz-client-refused"
    assert "Register http://127.0.0.1:4321/callback for this client" in stop.next
    assert "--redirect-uri" in stop.next


def test_a_kept_client_that_is_gone_is_registered_anew_once() -> None:
    """anthropics/claude-code#84614, SPEC K7: no dead page, no keychain surgery."""
    world = answering(json(422, {"message": "Unrecognized client_id"}))
    script = world.run(KEPT, Stage.AUTHORIZE)
    assert script.returned() is Outcome.OK
    assert [item["client_id"] for item in world.authorizations] == ["registered-1"]
    told = only(item for item in script.findings if item.id == "authz-client-refused")
    assert (told.level, len(looks(world))) == (Level.WARNING, 1)
    assert "a new one is registered" in told.message


@pytest.mark.parametrize(
    ("settings", "changes"),
    [
        ({}, {}),
        ({**MINE, "follow": True}, {}),
        (
            MINE,
            {
                "server": {
                    "require_pushed_authorization_requests": True,
                    "pushed_authorization_request_endpoint": f"{AS}/par",
                }
            },
        ),
    ],
    ids=["registered a moment ago", "followed", "pushed"],
)
def test_nobody_asks_where_it_would_tell_nothing_or_spend_something(
    settings: dict[str, Any], changes: dict[str, Any]
) -> None:
    world = site(**changes)
    assert world.run(**settings).returned() is Outcome.OK
    assert looks(world) == []


def test_it_is_asked_once_though_a_step_up_opens_the_browser_again() -> None:
    world = site(protected={"*": "", "tools/list": "mcp:write"})
    assert world.run(**MINE).returned() is Outcome.OK
    assert (opened(world), len(looks(world))) == (2, 1)


@pytest.mark.parametrize(
    ("page", "words"),
    [
        (raw(403, "<title>Just a moment...</title>", HTML, ("cf-mitigated", "challenge")), "Cloud"),
        (raw(429, "slow down"), "slow down"),
        # knowsuchagency/mcp2cli#50
        (raw(500, "Internal Server Error"), "Internal Server Error"),
        (raw(200, "<p>Error: invalid_client, unknown client</p>", HTML), "unknown client"),
        # MoonshotAI/kimi-code#2606
        (raw(200, "<h1>Invalid redirect URI</h1>", HTML), "Invalid redirect URI"),
        # cloudflare/mcp#44
        (raw(500, "<title>Server Error</title><p>Error ID: 6f2", HTML), "Error ID: 6f2"),
        (challenged(401, "Negotiate"), "HTTP 401"),
    ],
)
def test_what_a_browser_may_get_past_is_told_and_the_browser_opens(page: Page, words: str) -> None:
    world = answering(page)
    script = world.run(**MINE)
    assert script.returned() is Outcome.OK
    told = only(item for item in script.findings if item.id == "authz-page")
    assert told.level is Level.WARNING
    assert words in told.seen


@pytest.mark.parametrize(
    "page",
    [
        raw(200, "<title>Sign in</title><p>to your application</p>", HTML),
        raw(302, b"", ("location", "/login")),
        Failure("net-timeout", "10 s"),
    ],
)
def test_a_page_to_sign_in_a_redirect_and_no_answer_say_nothing(page: Page) -> None:
    script = answering(page).run(**MINE)
    assert script.returned() is Outcome.OK
    assert not {"authz-page", "authz-client-refused"} & set(script.broken)


def test_a_page_that_said_no_is_the_first_line_when_nobody_comes_back() -> None:
    page = raw(200, "<p>Error: invalid_client</p>", HTML)
    stop = answering(page, arrivals=[LATE]).run(**MINE).stopped()
    assert (stop.id, stop.whose) == ("authz-timeout", Whose.CLIENT)
    assert stop.message.startswith("The authorization endpoint answered with something else")
    assert "invalid_client" in stop.seen


@pytest.mark.parametrize("status", [404, 405, 410])
def test_a_guessed_endpoint_that_is_not_there_ends_in_the_missing_metadata(status: int) -> None:
    """github/copilot-cli#4769, CASES 5: no word of client ids."""
    world = Site(
        challenge="Bearer",
        pages={"https://mcp.example/authorize": raw(status)},
        documents={},
        base="https://mcp.example",
    )
    for settings in (MINE, {**MINE, "follow": True}):
        world.answers = lambda r: raw(status) if "/authorize" in r.url else None
        stop = world.run(**settings).stopped()
        assert (stop.id, stop.whose) == ("prm-missing", Whose.SERVER)
        assert f"https://mcp.example/authorize: HTTP {status}" in stop.seen
        assert "client" not in stop.next.lower().replace("clients look", "")


def test_a_followed_endpoint_that_asks_to_wait_is_told_as_that() -> None:
    world = site(answers=lambda r: raw(429) if "/authorize" in r.url else None)
    assert world.run(follow=True).stopped().id == "net-rate-limited"


def demanding(name: str, words: str, **changes: Any) -> Site:
    """A server that refuses offline_access without prompt=consent, as idpyoidc 5.0.0 does."""

    def answer(request: Request) -> Page | None:
        asked = request.purpose == LOOK_AHEAD and "prompt=consent" not in request.url
        return json(400, {"error": "invalid_request", name: words}) if asked else None

    listed = {"scopes_supported": ["mcp:basic", "offline_access"]}
    return site(server=listed, answers=answer, **changes)


def test_a_server_that_demands_consent_beside_offline_access_is_asked_with_it() -> None:
    world = demanding("error_description", "consent in prompt")
    script = world.run(**MINE, keep_tokens=True)
    assert script.returned() is Outcome.OK
    assert world.authorizations[-1]["prompt"] == "consent"
    assert "offline_access" in world.authorizations[-1]["scope"].split()
    told = only(item for item in script.findings if item.id == "authz-error")
    assert (told.level, told.whose) == (Level.WARNING, Whose.ISSUER)
    assert "consent in prompt" in told.seen
    assert "offline_access without prompt=consent" in told.message


@pytest.mark.parametrize(
    ("words", "settings"),
    [
        ("display is unknown", {"keep_tokens": True}),
        ("consent in prompt", {"keep_tokens": False}),
        ("consent in prompt", {"keep_tokens": True, "params": (("prompt", "login"),)}),
    ],
)
def test_what_is_refused_for_another_reason_is_not_asked_again(
    words: str, settings: dict[str, Any]
) -> None:
    world = demanding("error_description", words)
    stop = world.run(**MINE, **settings).stopped()
    assert (stop.id, words in stop.seen) == ("authz-error", True)
    assert len(looks(world)) == 1


@pytest.mark.parametrize(
    "page",
    [
        json(401, {"error": "login_required"}),  # kdcube/kdcube#174
        json(401, {"detail": "Not authenticated"}),
        json(403, {"message": "Authentication required"}),
        raw(401),
    ],
)
def test_who_is_not_signed_in_yet_is_no_client_that_is_unknown(page: Page) -> None:
    """The browser may be signed in, and so it opens; the server should lead to its sign-in."""
    world = answering(page)
    script = world.run(**MINE)
    assert (script.returned(), opened(world)) == (Outcome.OK, 1)
    told = only(item for item in script.findings if item.id == "authz-page")
    assert (told.level, told.whose) == (Level.WARNING, Whose.ISSUER)
    assert told.message == "The authorization endpoint refuses who is not signed in."
    assert told.next.startswith("Redirect whoever is not signed in to the sign-in page")
    followed = site(answers=lambda r: page if "/authorize" in r.url else None)
    stop = followed.run(follow=True).stopped()
    assert (stop.id, "client" in stop.next.lower()) == ("authz-error", False)


DOCUMENT = {
    "client_id": CIMD,
    "client_name": "mine",
    "redirect_uris": ["http://127.0.0.1/callback"],
}


@pytest.mark.parametrize(
    "page",
    [
        # BuilderIO/agent-native#2532: the port is compared, which is another each time
        json(
            400,
            {"error": "invalid_client", "error_description": "Unknown client or redirect_uri"},
        ),
        # wp-media/wp-rocket#8619: the document was not to be had from there
        raw(400, "Unknown OAuth client."),
    ],
)
def test_a_document_that_the_server_does_not_take_is_its_to_read(page: Page) -> None:
    pages = {PRM: json(200, prm()), CIMD: json(200, DOCUMENT), f"{AS}/authorize": page}
    world = site(pages=pages)
    stop = world.run(client_metadata_url=CIMD).stopped()
    assert (stop.id, stop.whose, opened(world)) == ("authz-client-refused", Whose.ISSUER, 0)
    assert stop.next.startswith(f"The client is the document {CIMD}: see that the server gets it")
    assert "lets any port stand" in stop.next
    assert "--register" in stop.meanwhile


@pytest.mark.parametrize(
    ("words", "settings", "id", "whose", "way"),
    [
        # cloudflare/mcp-server-cloudflare#457
        (
            "<h1>Invalid Scope</h1>Unknown OAuth scope: openid. Error code: invalid_scope",
            {"scope": "openid email profile"},
            "authz-error",
            Whose.CLIENT,
            "--scope",
        ),
        ("<p>Scope x is not allowed here", {}, "authz-error", Whose.ISSUER, "--scope"),
        # getsentry/sentry-mcp#837
        ("<p>invalid_target", {}, "authz-resource-refused", Whose.ISSUER, "--no-resource"),
        (
            "<p>The resource is not known",
            {"resource": "https://x.example"},
            "authz-resource-refused",
            Whose.CLIENT,
            "--no-resource",
        ),
    ],
)
def test_a_page_that_says_what_it_does_not_take_is_believed(
    words: str, settings: dict[str, Any], id: str, whose: Whose, way: str
) -> None:
    stop = answering(raw(400, words, HTML)).run(**MINE, **settings).stopped()
    assert (stop.id, stop.whose) == (id, whose)
    assert way in f"{stop.next} {stop.meanwhile}"


def test_a_block_before_the_sign_in_is_told_as_that() -> None:
    """anthropics/claude-code#33269: a challenge that a browser solves, before the page loads."""
    page = raw(403, "<title>Just a moment...</title>", HTML, ("cf-mitigated", "challenge"))
    script = answering(page).run(**MINE)
    assert script.returned() is Outcome.OK
    told = only(item for item in script.findings if item.id == "authz-page")
    assert "answered by Cloudflare" in told.seen
    assert told.next.startswith("Let GET /authorize through")
