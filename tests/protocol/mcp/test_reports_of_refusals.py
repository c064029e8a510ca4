"""Servers out of public reports that refuse a token, or a right: what their words and facts mean.

Each names its repository and number; those without one are of our own making.
"""

from __future__ import annotations

from typing import Any

import pytest

from mcp_auth_tui.findings.rule import REPORT
from mcp_auth_tui.model import Finding, Level, Outcome, Whose
from tests.findings.site import AS, MCP, PRM, Site, at, jwt, site, with_token
from tests.protocol.script import Page, Script, body_of, challenged, json, raw, result

HTML = ("content-type", "text/html")
PLAIN = ("content-type", "text/plain")
ERROR = f'Bearer error="invalid_token", resource_metadata="{PRM}"'
INVALID = challenged(401, ERROR)
INTROSPECTION = f"{AS}/introspect"
ENDPOINT = {"introspection_endpoint": INTROSPECTION}
LOG = "Look in the server's log"
CLOCKS = "Set the clocks of the MCP server and of the authorization server"


def refusing(text: str, page: Page | None = None, **changes: Any) -> Site:
    """A server that refuses each token, with a sentence in its challenge or in a page."""
    told = challenged(401, f'{ERROR}, error_description="{text}"')
    return site(answers=with_token(page or told), **changes)


def stopped(world: Site, **settings: Any) -> Finding:
    return world.run(**settings).stopped()


def told(script: Script, id: str) -> Finding:
    return next(item for item in script.findings if item.id == id and item.level != "ok")


# --- what the words of a refusal ask for ---------------------------------------------------------


@pytest.mark.parametrize(
    ("world", "next"),
    [
        # anthropics/claude-ai-mcp#912: the check of the token hands on no expiresAt
        (refusing("Token has no expiration time"), "Let the check of the token say when it ends"),
        # IBM/mcp-context-forge#2836
        (
            refusing(
                "",
                json(401, {"detail": "Token is missing required expiration claim. Set X=false"}),
                issues={"access_token": jwt(exp=...)},
            ),
            "Let the check of the token say when it ends",
        ),
        # openai/codex#18769: JSON that is labelled as text
        (
            refusing(
                "",
                raw(
                    401,
                    '{"error":{"message":"Provided authentication token is expired. Please try'
                    ' signing in again.","type":null,"code":"token_expired"},"status":401}',
                    PLAIN,
                ),
            ),
            CLOCKS,
        ),
        (refusing("The access token expired"), CLOCKS),  # openai/codex#17265
        (refusing("", json(401, {"message": "令牌已过期"})), CLOCKS),
        (refusing("", json(401, {"message": "El token ha caducado"})), CLOCKS),
        # A sentence for every case says nothing of this one, in any language.
        (refusing("Invalid or expired token"), LOG),
        (refusing("", json(401, {"message": "Token inválido ou expirado"})), LOG),
        # agigante80/actual-mcp-server#462: Cloudflare Access gives opaque tokens
        (refusing("ERR_JWS_INVALID"), "Let the server ask about such tokens (introspection"),
    ],
)
def test_what_a_refusal_says_is_what_is_to_be_mended(world: Site, next: str) -> None:
    stop = stopped(world)
    assert (stop.id, stop.whose) == ("rs-fresh-token-refused", Whose.SERVER)
    assert stop.next.startswith(next)


@pytest.mark.parametrize(
    ("text", "aud", "seen"),
    [
        # epicweb-dev/mcp-auth#9
        ("Invalid audience", "https://mcp.example/db-api", "https://mcp.example/db-api"),
        # DuendeArchive/IdentityServer4#4278
        ("The audience 'empty' is invalid", ..., "no aud: it names nobody"),
    ],
)
def test_a_token_for_another_is_its_issuer_s(text: str, aud: Any, seen: str) -> None:
    stop = stopped(refusing(text, issues={"access_token": jwt(aud=aud)}))
    assert (stop.whose, stop.message.partition(".")[0]) == (
        Whose.ISSUER,
        "The token is not made out for this server",
    )
    assert stop.seen.startswith(f"jwt-aud: {seen}; HTTP 401: {text}; resource asked: {MCP};")
    assert stop.meanwhile == REPORT


def test_what_challenge_and_body_both_say_is_told_once() -> None:
    """danny-avila/LibreChat#12254: the body goes on where the challenge ends."""
    text = "The provided bearer token is invalid, expired, or no longer recognized by the server."
    page = json(
        401,
        {"error": "invalid_token", "error_description": f"{text} To resolve: reconnect."},
        ("www-authenticate", f'{ERROR}, error_description="{text}"'),
    )
    seen = f"HTTP 401: “{text} To resolve: reconnect.”; resource asked: {MCP}; opaque token"
    assert stopped(refusing("", page)).seen == seen


def test_a_server_that_cannot_fetch_keys_answers_as_without_a_token() -> None:
    """apollographql/apollo-mcp-server#534: Keycloak's certificate is unknown there."""
    page = challenged(401, f'Bearer resource_metadata="{PRM}", scope="mcp:basic"')
    stop = stopped(refusing("", page, issues={"access_token": jwt()}))
    assert stop.whose is Whose.SERVER
    assert "drops the Authorization header" in stop.next
    assert "reaches the authorization server (its metadata, its keys" in stop.next


@pytest.mark.parametrize(
    "page",
    [
        # freee/freee-mcp#398, byadsco/meta-ads-mcp#61: every fault of a token is an exception
        json(500, {"error": "server_error", "error_description": "Internal Server Error"}),
        raw(500, "JWTExpired", PLAIN),
    ],
)
def test_a_check_that_throws_is_the_server_s(page: Page) -> None:
    stop = stopped(site(answers=with_token(page)))
    assert (stop.id, stop.whose) == ("net-http", Whose.SERVER)
    assert stop.next.startswith("Without a token it answers 401, with one it fails")


@pytest.mark.parametrize(
    "page",
    [
        # google-gemini/gemini-cli#13840, anthropics/claude-code#84367
        raw(400, "bad request: Authorization header is badly formatted\n", PLAIN),
        json(400, {"message": "The access token is malformed"}),
        json(422, {"jsonrpc": "2.0", "id": 1, "error": {"code": -32001, "message": "Bad token"}}),
    ],
)
def test_a_token_that_is_refused_as_a_bad_request_is_no_question_of_the_url(page: Page) -> None:
    stop = stopped(site(answers=with_token(page)))
    assert (stop.id, stop.whose, stop.message) == (
        "rs-invalid-token-not-401",
        Whose.SERVER,
        f"The server refuses the token with HTTP {page.status}, and not with 401.",  # type: ignore[union-attr]
    )


@pytest.mark.parametrize(
    "page", [raw(404, "Not Found", PLAIN), raw(200, "<!doctype html><title>App</title>", HTML)]
)
def test_a_gateway_that_lets_a_token_in_to_nowhere_is_told_beside_the_url(page: Page) -> None:
    stop = stopped(site(answers=with_token(page)))
    assert (stop.id, stop.message) == (
        "rs-not-mcp",
        "A request with the token is let in, and no MCP server answers it.",
    )
    assert "leads requests with a token" in stop.next


def test_a_token_that_a_proxy_refuses_is_told_as_the_proxy_s() -> None:
    page = raw(401, "<title>401 Authorization Required</title><center>nginx", HTML)
    stop = stopped(site(answers=with_token(page)))
    assert (stop.id, stop.next.partition(":")[0]) == (
        "rs-fresh-token-refused",
        "It was nginx that refused",
    )


def test_a_grammar_s_token_is_no_bearer_token() -> None:
    page = raw(400, "Unexpected token '<' at position 0", PLAIN)
    stop = stopped(site(answers=with_token(page)))
    assert (stop.id, stop.whose, stop.message) == (
        "rs-not-mcp",
        Whose.SERVER,
        "The server answers a request with the token, and not as MCP says.",
    )


def test_a_header_that_a_proxy_changes_is_told_as_one_that_was_sent() -> None:
    """bh-rat/context-awesome#11, anomalyco/opencode#37019."""
    text = "Not Acceptable: Client must accept both application/json and text/event-stream"
    page = json(
        406, {"jsonrpc": "2.0", "id": "server-error", "error": {"code": -32600, "message": text}}
    )
    stop = stopped(site(answers=with_token(page)))
    assert (stop.id, stop.whose) == ("net-http", Whose.SERVER)
    assert stop.next.startswith("Accept was sent with application/json and text/event-stream")


# --- a refusal without a reason: the token's age, its scopes, its issuer -------------------------


def asked(answer: Page, **changes: Any) -> Site:
    """A server that refuses an opaque token whose issuer can be asked about it."""
    introspect, refuse = at(INTROSPECTION, answer), with_token(INVALID)
    return site(server=ENDPOINT, answers=lambda r: introspect(r) or refuse(r), **changes)


@pytest.mark.parametrize(
    ("answer", "message", "whose", "seen"),
    [
        # PrefectHQ/fastmcp#2430: Zoho's tokens are no JWTs, and Zoho can be asked
        (
            {"active": True, "aud": f"{MCP}/", "scope": "mcp:basic"},
            "The MCP server refuses a token that its authorization server calls active.",
            Whose.SERVER,
            f"introspection: active; aud {MCP}/, scope mcp:basic",
        ),
        # iterate/iterate#1588: a token of Better Auth without an audience
        (
            {"active": True, "aud": ["https://api.example"]},
            "The token is not made out for this server.",
            Whose.ISSUER,
            "introspection: active; aud https://api.example",
        ),
        (
            {"active": False},
            "The server refuses a token that its own authorization server has just issued.",
            Whose.SERVER,
            "introspection: not active, or not for this client to know",
        ),
    ],
)
def test_the_issuer_is_asked_about_an_opaque_token(
    answer: dict[str, Any], message: str, whose: Whose, seen: str
) -> None:
    stop = stopped(asked(json(200, answer)))
    assert (stop.message, stop.whose) == (message, whose)
    assert stop.seen.endswith(f"opaque token; {seen}")


@pytest.mark.parametrize(
    ("answer", "seen"),
    [
        (json(401, {"error": "invalid_client"}), "introspection: HTTP 401 (invalid_client); this"),
        (json(200, {"active": "yes"}), "introspection: HTTP 200"),
        (raw(302, "", ("location", f"{AS}/login")), "opaque token"),
        (raw(429, ""), "opaque token"),
    ],
)
def test_an_issuer_that_says_nothing_of_a_token_ends_the_run_no_other_way(
    answer: Page, seen: str
) -> None:
    script = asked(answer).run()
    stop = script.stopped()
    assert (stop.id, stop.next[: len(LOG)], script.broken) == ("rs-fresh-token-refused", LOG, [])
    assert seen in stop.seen


def test_a_jwt_is_not_asked_about() -> None:
    world = asked(json(200, {"active": True}), issues={"access_token": jwt()})
    stopped(world)
    assert f"POST {INTROSPECTION}" not in world.asked


def test_a_token_that_was_over_when_it_was_tried_is_its_issuer_s() -> None:
    stop = stopped(site(answers=with_token(INVALID), issues={"expires_in": 0.2}))
    assert (stop.message, stop.whose) == ("The token had ended before it was tried.", Whose.ISSUER)
    assert stop.seen.endswith("expires_in was 0.2 s, and the token was 0.5 s old")


@pytest.mark.parametrize(
    ("settings", "whose"), [({}, Whose.ISSUER), ({"scope": "other"}, Whose.CLIENT)]
)
def test_a_scope_that_was_not_granted_explains_a_401(
    settings: dict[str, str], whose: Whose
) -> None:
    stop = stopped(site(answers=with_token(INVALID), issues={"scope": "other"}), **settings)
    assert (stop.message, stop.whose) == ("The token lacks a scope that the server named.", whose)
    assert "scope granted: other, demanded: mcp:basic" in stop.seen


# --- rights --------------------------------------------------------------------------------------


def test_a_403_that_names_a_scope_and_no_error_is_stepped_up_to() -> None:
    """thunder-id/thunderid#4509."""
    script = site(
        protected={"*": "mcp:more"},
        forbidden='Bearer scope="{}", resource_metadata="' + PRM + '"',
    ).run()
    assert (script.returned(), script.broken) == (Outcome.OK, ["rs-403-incomplete"])


def test_a_403_that_names_what_the_token_has_is_about_something_else() -> None:
    page = challenged(403, f'Bearer scope="mcp:basic", resource_metadata="{PRM}"')
    assert stopped(site(answers=with_token(page))).id == "rs-403-no-challenge"


def test_scopes_that_stand_in_the_body_are_named_in_an_option() -> None:
    """nicobailon/pi-mcp-adapter#133."""
    page = json(403, {"error": "insufficient_scope", "required": ["some-scope"]})
    stop = stopped(site(answers=with_token(page)))
    assert (stop.id, stop.message, stop.whose) == (
        "rs-403-no-challenge",
        "The token lacks a scope, says the MCP server.",
        Whose.SERVER,
    )
    assert stop.meanwhile.startswith("Ask for what it names: --scope 'mcp:basic some-scope'.")


@pytest.mark.parametrize(
    ("page", "message"),
    [
        # openai/codex#41291: the firewall of Vercel
        (
            raw(
                403,
                '{"error":{"code":"403","message":"Forbidden","id":"hnd1::abc"}}',
                ("content-type", "application/json"),
                ("x-vercel-id", "hnd1::abc"),
            ),
            "Vercel refused the token with 403.",
        ),
        # anthropics/claude-ai-mcp#393
        (
            challenged(403, 'Bearer realm="mcp"'),
            "The MCP server refused the token with 403 and does not say what it lacks.",
        ),
        # anthropics/claude-ai-mcp#385
        (raw(403), "The MCP server refused the token with 403 and does not say what it lacks."),
    ],
)
def test_a_403_that_is_no_challenge_names_who_gave_it(page: Page, message: str) -> None:
    stop = stopped(site(answers=with_token(page)))
    assert (stop.id, stop.message, stop.whose) == ("rs-403-no-challenge", message, Whose.SERVER)


# --- a tool that says so itself ------------------------------------------------------------------


def calling(text: str) -> Script:
    failed = {"isError": True, "content": [{"type": "text", "text": text}]}
    return site(
        answers=lambda r: (
            result(r, failed) if r.url == MCP and body_of(r).get("method") == "tools/call" else None
        )
    ).run(call="test-tool")


@pytest.mark.parametrize(
    "text",
    [
        # Doist/todoist-mcp#366
        "Todoist API request failed (HTTP 401). Try next: Verify your API token, then retry.",
        # ProfessionalWiki/MediaWiki-MCP-Server#443
        '{"category": "upstream_failure", "message": "mwoauth-invalid-authorization: The'
        ' authorization headers in your request are not valid: Invalid access token"}',
    ],
)
def test_a_tool_that_is_not_authorized_behind_the_server_is_told(text: str) -> None:
    script = calling(text)
    finding = told(script, "rs-200-auth-error")
    assert (script.returned(), finding.level, finding.whose) == (
        Outcome.OK,
        Level.ERROR,
        Whose.SERVER,
    )
    assert finding.message.startswith("The tool test-tool was refused by what it asked in turn")
    assert f"isError: “{text}”" in finding.seen


@pytest.mark.parametrize(
    "text",
    [
        "Page 401 of the book was not found, token by token",
        "Input is too long: 401 tokens; that token limit is invalid for this model",
        "SyntaxError: Invalid token ';'",
    ],
)
def test_a_tool_that_fails_over_something_else_is_none_of_our_business(text: str) -> None:
    assert calling(text).broken == []
