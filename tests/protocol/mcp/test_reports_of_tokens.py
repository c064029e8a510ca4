"""Servers out of public reports that refuse, or never see, a good token: told by their own words.

Each names its repository and number; those without one are of our own making.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from mcp_auth_tui.findings.rule import REPORT
from mcp_auth_tui.model import Finding, Level, Outcome, Request, Whose
from tests.findings.old_transport import Sse
from tests.findings.site import MCP, PRM, Site, challenged, jwt, prm, site
from tests.protocol.script import (
    HELLO,
    NO_STORE,
    Page,
    Script,
    body_of,
    error,
    header,
    json,
    raw,
    result,
)

HTML, PLAIN = ("content-type", "text/html"), ("content-type", "text/plain")
GOOD = " The token was accepted before that: the headers are good."
Answer = Page | Callable[[Request], Page | None]


def method_of(request: Request) -> str:
    return str(body_of(request).get("method", "")) if request.url == MCP else ""


def with_token(page: Answer, *methods: str, **changes: Any) -> Site:
    """A server that answers these methods (all of them) so where a token is sent."""

    def answer(request: Request) -> Page | None:
        if request.url != MCP or not header(request, "Authorization"):
            return None
        if methods and method_of(request) not in methods:
            return None
        return page(request) if callable(page) else page

    return site(answers=answer, **changes)


def without_token(page: Page, **changes: Any) -> Site:
    """A server that answers so where no token is sent."""
    return site(
        answers=lambda r: page if r.url == MCP and not header(r, "Authorization") else None,
        **changes,
    )


def everywhere(page: Page) -> Site:
    """Something before the server that answers everything on its host."""
    return site(answers=lambda r: page if r.url.startswith("https://mcp.example") else None)


def fails(code: int, message: str) -> Callable[[Request], Page]:
    return lambda request: error(request, 400, code, message)


def told(script: Script, id: str) -> Finding:
    return next(item for item in script.findings if item.id == id)


def ids(script: Script) -> set[str]:
    """Return the ids of what is told at warning and above."""
    return {item.id for item in script.findings if item.level.rank <= Level.WARNING.rank}


# --- kind 1: a header that the server accepted is given ------------------------------------------


class Sessions:
    """A server that gives a session id, and refuses the requests in a session (some of them)."""

    def __init__(self, page: Answer, *lost: str, named: bool = True) -> None:
        self.page, self.lost, self.named, self.begun = page, lost, named, 0

    def __call__(self, request: Request) -> Page | None:
        if not header(request, "Authorization"):
            return None
        if method_of(request) == "initialize":
            self.begun += 1
            id = (("mcp-session-id", f"s{self.begun}"),) if self.named else ()
            return result(request, HELLO, *id)
        session = header(request, "Mcp-Session-Id") or ""
        if method_of(request) != "tools/list" or (self.lost and session not in self.lost):
            return None
        return self.page(request) if callable(self.page) else self.page


@pytest.mark.parametrize(
    ("answers", "id", "message", "seen"),
    [
        # hyodotdev/openiap#287: the words of the server, which the next run is searched with
        (
            Sessions(
                fails(-32000, "Bad Request: initialize first, then send mcp-session-id."), "s1"
            ),
            "rs-session-lost",
            "The server does not know the session that it began a moment ago.",
            "HTTP 400 to tools/list in the session that initialize began; a second one was taken:"
            " “Bad Request: initialize first, then send mcp-session-id.”",
        ),
        # IBM/mcp-context-forge#4922: another worker answers, and blames the token
        (
            Sessions(json(401, {"detail": "Invalid token"}, ("www-authenticate", "Bearer"))),
            "rs-session-lost",
            f"The server does not know the session that it began a moment ago.{GOOD}",
            "HTTP 401 to tools/list in the session that initialize began, twice: “Invalid token”",
        ),
        # taylorwilsdon/google_workspace_mcp#262: the proxy drops Mcp-Session-Id
        (
            Sessions(fails(-32600, "Bad Request: Missing session ID"), named=False),
            "net-http",
            "The server wants a session id, and gave none with initialize.",
            "HTTP 400, JSON-RPC error -32600: Bad Request: Missing session ID",
        ),
    ],
)
def test_a_lost_session_takes_no_header_back(
    answers: Sessions, id: str, message: str, seen: str
) -> None:
    script = site(answers=answers).run()
    assert script.returned() is Outcome.OK
    finding = told(script, id)
    assert (finding.level, finding.message, finding.seen) == (Level.ERROR, message, seen)
    assert "ession" in finding.next


# Of our own making: a server that knows nothing of server/discover and fails over it.
def test_a_server_that_fails_over_the_newest_method_is_asked_in_the_older_way() -> None:
    script = site(answers=lambda r: raw(500) if method_of(r) == "server/discover" else None).run()
    assert (script.returned(), ids(script)) == (Outcome.OK, set())


# anomalyco/opencode#20239: GitLab refuses the revision, with 401
def test_a_revision_that_is_refused_with_401_is_no_refusal_of_the_token() -> None:
    def answer(request: Request) -> Page | None:
        asked = body_of(request).get("params") or {}
        if not header(request, "Authorization"):
            return None
        if method_of(request) == "server/discover":
            return json(404, {"message": "404 Not Found"})
        if method_of(request) == "initialize" and asked["protocolVersion"] > "2025-06-18":
            words = "Unsupported protocol version '2025-11-25'. Supported: 2025-06-18, 2025-03-26"
            return json(401, {"message": "Invalid params", "data": {"params": words}})
        return None

    script = site(answers=answer).run()
    assert script.returned() is Outcome.OK
    assert told(script, "rs-revision-refused").seen.endswith("asked again with 2025-06-18")


# Azure/MCP#26: the list takes the token, the tools do not
def test_a_tool_that_refuses_the_token_is_not_told_as_a_server_that_does() -> None:
    refused = json(401, {"message": "Unauthorized"}, ("www-authenticate", "Bearer"))
    script = with_token(refused, "tools/call").run(call="test-tool")
    stop = script.stopped()
    assert (stop.id, stop.whose, stop.message) == (
        "rs-fresh-token-refused",
        Whose.SERVER,
        "The server took the token before, and refuses it for tools/call.",
    )
    assert script.learned("token")[-1].verified


# punkpeye/mcp-remote#196: an old transport that answers a POST to its stream with 404
def test_an_old_transport_is_met_where_it_is() -> None:
    script = Sse(post=raw(404, "Missing sessionId parameter", PLAIN)).run()
    assert (script.returned(), ids(script)) == (Outcome.OK, set())


# jmrplens/gitlab-mcp-server#432: a missing right with 401; the token itself is valid
def test_a_missing_scope_with_401_is_stepped_up_to() -> None:
    words = f'Bearer error="insufficient_scope", scope="api", resource_metadata="{PRM}"'
    page, left = challenged(401, words), [1]
    script = with_token(lambda _: page if left and not left.clear() else None).run()
    assert script.returned() is Outcome.OK
    assert ids(script) == {"rs-scope-as-401"}


# --- kind 3: the server's own words come first ---------------------------------------------------

HOST = 'Forbidden: invalid Host header "mcp.example"\n'
OF_HOST = "The server does not answer for this host name."


@pytest.mark.parametrize(
    ("world", "id"),
    [
        # open-orbis/open-orbis#427, bytebase/bytebase#20585: protection against DNS rebinding
        (with_token(raw(421, "Invalid Host header", PLAIN)), "net-http"),
        (with_token(raw(403, HOST, PLAIN)), "net-http"),
        (everywhere(raw(403, HOST, PLAIN)), "rs-wrong-status"),
    ],
)
def test_a_host_name_that_is_not_known_is_no_refusal_of_the_token(world: Site, id: str) -> None:
    stop = world.run().stopped()
    assert (stop.id, stop.whose, stop.message) == (id, Whose.SERVER, OF_HOST)
    assert "add it to the hosts that it allows" in stop.next


@pytest.mark.parametrize(
    "page",
    [
        # heroku/heroku-mcp-server#226, adcontextprotocol/adcp#1131
        raw(500),
        json(500, {"error": "server_error", "error_description": "Internal Server Error"}),
        # agentailor/create-mcp-server#27: a token of another form than the check expects
        raw(502, "<title>502 Bad Gateway</title>", HTML),
    ],
)
def test_a_server_that_fails_with_the_token_only_fails_over_it(page: Page) -> None:
    stop = with_token(page).run().stopped()
    assert (stop.id, stop.whose) == ("net-http", Whose.SERVER)
    assert stop.next.startswith("Without a token it answers 401, with one it fails:")


@pytest.mark.parametrize(
    ("page", "seen"),
    [
        # anthropics/claude-ai-mcp#442, diegosouzapw/OmniRoute#9159
        (raw(403, "Forbidden", PLAIN), "“Forbidden”"),
        (
            json(403, {"error": {"code": "AUTH_001", "message": "Invalid management token"}}),
            "“AUTH_001: Invalid management token”",
        ),
    ],
)
def test_a_403_without_a_challenge_is_told_in_its_own_words(page: Page, seen: str) -> None:
    stop = with_token(page).run().stopped()
    assert (stop.id, stop.message) == (
        "rs-403-no-challenge",
        "The MCP server refused the token with 403, in words of its own.",
    )
    assert seen in stop.seen
    assert stop.next.startswith("Look in the server's log")


# solana-foundation/solana-mcp-official#116: Databricks names the scope in the body only
@pytest.mark.parametrize(
    ("settings", "whose", "meanwhile"),
    [
        ({}, Whose.SERVER, f"Ask for the scope that it names: --scope SCOPES. {REPORT}"),
        ({"scope": "all-apis"}, Whose.CLIENT, ""),
    ],
)
def test_a_scope_that_the_words_name_is_asked_for(
    settings: dict[str, str], whose: Whose, meanwhile: str
) -> None:
    words = "access token does not have required scopes: ai-search"
    page = json(403, {"error_code": "403", "message": words})
    stop = with_token(page, issues={"scope": "all-apis"}).run(**settings).stopped()
    assert (stop.id, stop.whose) == ("rs-403-no-challenge", whose)
    assert (stop.message, stop.meanwhile) == (
        "The token lacks a scope, says the MCP server.",
        meanwhile,
    )


INVALID = 'Bearer realm="https://mcp.example/mcp", error="invalid_token"'
BAD = ("www-authenticate", INVALID)
ES256 = "Unsupported JWT algorithm: ES256"


@pytest.mark.parametrize(
    ("page", "seen", "next"),
    [
        # istio/istio#40718: a gateway that does not know the issuer
        (
            raw(401, "Jwt issuer is not configured", PLAIN, BAD, ("server", "istio-envoy")),
            "answered by Envoy: invalid_token; “Jwt issuer is not configured”",
            "know the issuer of the token",
        ),
        # envoyproxy/ai-gateway#2048: 403 where 401 is due
        (
            raw(403, "Audiences in Jwt are not allowed", PLAIN, BAD),
            "HTTP 403, answered by Envoy: invalid_token; “Audiences in Jwt are not allowed”",
            "expect the aud that the token has",
        ),
        # chuan-101/Hamster-Nest#348: the front of Supabase verifies the wrong algorithm
        (
            json(401, {"code": "UNAUTHORIZED_UNSUPPORTED_TOKEN_ALGORITHM", "message": ES256}),
            f"“{ES256}”",
            "take the algorithm that the token is signed with",
        ),
        (json(401, {"message": "unable to find a signing key"}, BAD), "signing key", "jwks_uri"),
        (json(401, {"message": "not enough segments"}, BAD), "segments", "introspection"),
        # SocketDev/socket-mcp#185: words that say nothing of the token
        (
            json(
                401,
                {"error": "invalid_token", "error_description": "Invalid or expired access token"},
                ("www-authenticate", f'{INVALID}, resource_metadata="{PRM}"'),
            ),
            "invalid_token; “Invalid or expired access token”",
            "",
        ),
    ],
)
def test_what_the_server_says_of_the_token_is_what_is_to_be_mended(
    page: Page, seen: str, next: str
) -> None:
    stop = with_token(page, issues={"access_token": jwt()}).run().stopped()
    assert (stop.id, stop.whose) == ("rs-fresh-token-refused", Whose.SERVER)
    assert seen in stop.seen
    assert next in stop.next


def test_a_403_that_calls_the_token_invalid_is_about_no_right() -> None:
    """As Databricks answers."""
    page = json(403, {"error_code": 403, "message": "Invalid access token."})
    script = with_token(page).run()
    assert script.stopped().id == "rs-fresh-token-refused"
    assert ids(script) == {"rs-invalid-token-not-401"}
    assert told(script, "rs-invalid-token-not-401").seen == "HTTP 403; no challenge"


def mat() -> Page:
    kind = ("x-amzn-errortype", "MissingAuthenticationTokenException")
    return json(403, {"message": "Missing Authentication Token"}, kind, ("x-amz-apigw-id", "x="))


@pytest.mark.parametrize(
    ("world", "message", "next"),
    [
        # aws/chalice#12
        (everywhere(mat()), "AWS API Gateway leads this URL nowhere.", "Check the URL"),
        # aws/agentcore-cli#714
        (
            without_token(
                json(
                    403,
                    {"message": "Authorization method mismatch. The agent is configured for …"},
                    ("x-amzn-errortype", "AccessDeniedException"),
                )
            ),
            "The runtime takes signatures of AWS, and no tokens.",
            "Set the runtime up with an authorizer for JSON Web Tokens",
        ),
        # open-orbis/open-orbis#421
        (
            everywhere(
                raw(
                    403,
                    "<title>403 Forbidden</title><h1>Error: Forbidden</h1><h2>Your client does not"
                    " have permission to get URL <code>/mcp</code> from this server.</h2>",
                    HTML,
                    ("server", "Google Frontend"),
                )
            ),
            "Google Cloud Run refuses a request without a token: no 401 of MCP comes.",
            "Let requests to the MCP path through",
        ),
    ],
)
def test_what_stands_before_the_server_is_named(world: Site, message: str, next: str) -> None:
    stop = world.run().stopped()
    assert (stop.id, stop.whose, stop.message) == ("rs-wrong-status", Whose.SERVER, message)
    assert stop.next.startswith(next)
    assert "--force" in stop.meanwhile


# anthropics/claude-ai-mcp#982: Vercel's protection of deployments answers every path
def test_the_protection_of_a_deployment_is_named() -> None:
    page = raw(
        401,
        "<title>Authentication Required</title><p>This page requires Vercel authentication.",
        HTML,
        ("set-cookie", "_vercel_sso_nonce=abc; Path=/"),
    )
    assert "answered by Vercel" in everywhere(page).run().stopped().seen


# supabase/supabase#38314: the login covers the metadata, too
def test_a_login_before_the_metadata_is_what_is_to_be_mended() -> None:
    page = json(401, {"code": 401, "message": "Missing authorization header"})
    stop = everywhere(page).run().stopped()
    assert (stop.id, stop.whose) == ("prm-status", Whose.SERVER)
    assert "Let the well-known path through" in stop.next


# anthropics/claude-ai-mcp#748: AWS API Gateway renames the challenge
def test_a_challenge_that_a_gateway_renamed_is_told_so() -> None:
    named = f'Bearer realm="mcp", resource_metadata="{PRM}"'
    page = json(401, {"error": "unauthorized"}, ("x-amzn-remapped-www-authenticate", named))
    script = without_token(page).run()
    finding = told(script, "rs-401-no-challenge")
    assert script.returned() is Outcome.OK
    assert finding.seen == f"x-amzn-remapped-www-authenticate: {named}"
    assert finding.next.startswith("AWS API Gateway renames WWW-Authenticate")


# aliasunder/vault-cortex#121: AWS API Gateway answers 403 to every request without a token
def test_a_403_without_a_token_is_got_past() -> None:
    page = json(403, {"message": "Forbidden"}, ("apigw-requestid", "abc="))
    assert "--force" in without_token(page).run().stopped().meanwhile
    assert without_token(page).run(force=True).returned() is Outcome.OK


# getsentry/junior#832: Cloudflare Access sends to its login, and says how to sign in besides
def test_a_redirect_that_says_how_to_sign_in_is_got_past() -> None:
    document = "https://mcp.example/.well-known/cloudflare-access-protected-resource/mcp"
    page = raw(
        302,
        "",
        ("location", "https://team.cloudflareaccess.com/cdn-cgi/access/login/mcp.example?x"),
        ("www-authenticate", f'Cloudflare-Access resource_metadata="{document}"'),
    )
    pages = {document: json(200, prm())}
    stop = without_token(page, pages=pages).run().stopped()
    assert (stop.id, stop.meanwhile) == (
        "rs-login-redirect",
        "It says how to sign in all the same: --force reads that.",
    )
    assert without_token(page, pages=pages).run(force=True).returned() is Outcome.OK


# --- kind 4: owner by evidence -------------------------------------------------------------------

REFUSED = json(401, {"error": "invalid_token"}, NO_STORE, BAD)


@pytest.mark.parametrize(
    ("settings", "issues", "option"),
    [
        ({"send_resource": False}, {"access_token": jwt(aud="other")}, "--no-resource"),
        (
            {"resource": "https://mcp.example"},
            {"access_token": jwt(aud="https://mcp.example")},
            "--resource",
        ),
        (
            {"id_token": True},
            {"id_token": jwt({"typ": "JWT"}, aud="registered-1", nonce="x")},
            "--id-token",
        ),
    ],
)
def test_a_token_that_is_refused_over_an_option_is_the_person_s(
    settings: dict[str, Any], issues: dict[str, Any], option: str
) -> None:
    stop = with_token(REFUSED, issues=issues).run(**settings).stopped()
    assert (stop.id, stop.whose, stop.meanwhile) == ("rs-fresh-token-refused", Whose.CLIENT, "")
    assert option in stop.next
    assert "run without that option" in stop.next
