"""Servers out of public reports that are not found, or not understood, on the way to a sign-in.

Each names its repository and number; those without one are of our own making.
"""

from __future__ import annotations

from typing import Any

import pytest

from mcp_auth_tui.findings.rule import REPORT
from mcp_auth_tui.model import Failure, Finding, Outcome, Request, Whose
from tests.findings.site import AS, CIMD, MCP, PRM, Site, callback, prm, site
from tests.protocol.script import (
    NOT_FOUND,
    PRM_ROOT,
    Page,
    Script,
    body_of,
    header,
    json,
    metadata,
    raw,
)

HTML, PLAIN = ("content-type", "text/html"), ("content-type", "text/plain")
ORIGIN = "https://mcp.example"
AUTHORIZE, REGISTER = f"{AS}/authorize", f"{AS}/register"


def stopped(world: Site, **settings: Any) -> Finding:
    return world.run(**settings).stopped()


def told(script: Script, id: str) -> Finding:
    return next(item for item in script.findings if item.id == id and item.level != "ok")


def alone(page: Page) -> Site:
    """A server that refuses so, and has nothing at any other place of its host."""

    def answer(request: Request) -> Page | None:
        if request.url == MCP:
            return None if header(request, "Authorization") else page
        return NOT_FOUND if request.url.startswith(ORIGIN) else None

    return site(answers=answer, pages={})


# --- a proxy before the server -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("place", "id"),
    [
        # taylorwilsdon/google_workspace_mcp#182: the port behind the ingress
        (f"{ORIGIN}:8000/.well-known/oauth-protected-resource/mcp", "rs-prm-url-dead"),
        # agentgateway/agentgateway#545: the scheme behind TLS
        ("http://mcp.example/.well-known/oauth-protected-resource/mcp", "rs-prm-url-bad"),
    ],
)
def test_an_address_of_behind_the_proxy_is_told_and_got_past(place: str, id: str) -> None:
    refused = Failure("net-connect", "connection refused by mcp.example:8000")
    script = site(
        challenge=f'Bearer resource_metadata="{place}"',
        answers=lambda r: refused if ":8000" in r.url else None,
    ).run()
    finding = told(script, id)
    assert script.returned() is Outcome.OK
    assert (finding.whose, finding.seen[: len(place)]) == (Whose.SERVER, place)


def test_a_server_that_does_not_know_its_public_name_is_told_where_it_is_set() -> None:
    """andrea-magni/MARS#203: scheme and port of behind the tunnel."""
    inner = "http://mcp.example:8080/mcp"
    stop = stopped(site({"resource": inner}))
    assert (stop.id, stop.whose, stop.seen) == ("prm-resource-foreign", Whose.SERVER, inner)
    assert "behind a proxy use the public host name, scheme and port" in stop.next
    assert "--allow prm-resource-foreign" in stop.meanwhile


def test_an_application_that_answers_every_path_is_what_is_to_be_mended() -> None:
    """vincentmakes/turbo-ea#761."""
    page = raw(200, "<!DOCTYPE html><title>Turbo EA</title><div id=root></div>", HTML)
    stop = stopped(
        site(challenge="Bearer", answers=lambda r: page if "/.well-known/" in r.url else None)
    )
    assert (stop.id, stop.whose) == ("prm-html", Whose.SERVER)
    assert "before the catch-all of the web application" in stop.next
    assert "--issuer" in stop.meanwhile


@pytest.mark.parametrize(
    "location",
    # oauth2-proxy/oauth2-proxy#3360: the page of a redirect, with the status of the refusal
    [(), (("location", "https://keycloak.example/realms/x/protocol/openid-connect/auth"),)],
)
def test_a_login_for_people_before_the_server_is_the_cause(location: Any) -> None:
    script = alone(raw(401, '<a href="/oauth2/start">Found</a>.', HTML, *location)).run()
    stop, first = script.stopped(), told(script, "rs-401-no-challenge")
    assert (stop.id, stop.whose) == ("prm-missing", Whose.SERVER)
    assert stop.message.startswith("A web page answers in the place of the MCP server, as a login")
    assert stop.next.startswith("A web page with 401 comes from what stands before the server")
    assert first.seen == "HTTP 401: a web page, “Found .”"


def test_a_login_before_every_path_is_let_past_by_its_operator() -> None:
    """oauth2-proxy/oauth2-proxy#3375."""
    page = raw(401, "Unauthorized", PLAIN)
    stop = stopped(site(answers=lambda r: page if r.url.startswith(ORIGIN) else None))
    assert (stop.id, stop.whose) == ("prm-status", Whose.SERVER)
    assert stop.next.startswith("Let the well-known path through login")


# --- challenges of other products ----------------------------------------------------------------

ENTRA = "https://login.windows.net/72f988bf-86f1/oauth2/authorize"


@pytest.mark.parametrize(
    ("place", "way"),
    [
        # microsoft/vscode#278875: Easy Auth of Azure, without commas
        (ENTRA, "--issuer https://login.microsoftonline.com/72f988bf-86f1/v2.0."),
        (
            "https://login.microsoftonline.com/common/oauth2/v2.0/authorize",
            "--issuer https://login.microsoftonline.com/common/v2.0.",
        ),
        (
            "https://id.example/realms/a/protocol/openid-connect/auth",
            "--issuer https://id.example/realms/a.",
        ),
        ("https://id.example/oauth2/v1/authorize", "--issuer https://id.example."),
        ("https://id.example/sign-in?$(x)", "find its issuer, and name it with --issuer."),
    ],
)
def test_a_sign_in_page_that_the_challenge_names_leads_on(place: str, way: str) -> None:
    page = raw(401, "", ("www-authenticate", f'Bearer realm="fn" authorization_uri="{place}"'))
    stop = stopped(alone(page))
    assert (stop.id, stop.whose) == ("prm-missing", Whose.SERVER)
    assert stop.seen.endswith(f"; the challenge names authorization_uri {place}")
    assert way in stop.meanwhile
    assert stop.meanwhile.endswith(REPORT)


@pytest.mark.parametrize(
    ("page", "words"),
    [
        # microsoft/vscode#321834: Apache APISIX before Keycloak
        (
            json(
                401,
                {"message": "Missing authorization in request"},
                ("www-authenticate", 'Bearer realm="apisix"'),
            ),
            "Missing authorization in request",
        ),
        # github/github-mcp-server#525
        (
            raw(401, "bad request: missing required Authorization header", PLAIN),
            "bad request: missing required Authorization header",
        ),
    ],
)
def test_a_server_that_misses_the_header_is_quoted(page: Page, words: str) -> None:
    stop = stopped(alone(page))
    assert (stop.id, stop.whose) == ("prm-missing", Whose.SERVER)
    assert stop.message.startswith(f"The server refuses with “{words}”")


@pytest.mark.parametrize(
    ("challenge", "id"),
    [
        # containers/kubernetes-mcp-server#220: one quote too many
        (
            f'Bearer realm="Kubernetes MCP Server", audience="mcp"", resource_metadata="{PRM}",'
            ' error="missing_token"',
            "rs-challenge-syntax",
        ),
        # IBM/mcp-context-forge#3990: the check that comes first names nothing
        ('Bearer realm="mcp-gateway"', "rs-challenge-no-prm"),
    ],
)
def test_a_challenge_that_says_too_little_is_got_past(challenge: str, id: str) -> None:
    script = site(challenge=challenge).run()
    assert script.returned() is Outcome.OK
    assert told(script, id).whose is Whose.SERVER


# --- documents -----------------------------------------------------------------------------------


def test_an_origin_in_the_place_of_the_url_is_a_warning() -> None:
    """modelcontextprotocol/python-sdk#1400: its example named the root."""
    script = site({"resource": f"{ORIGIN}/"}).run()
    assert (script.returned(), script.broken) == (Outcome.OK, ["prm-resource-parent"])


def test_a_document_at_the_root_is_found_where_the_path_has_none() -> None:
    pages = {PRM_ROOT: json(200, prm())}
    assert site(challenge="Bearer", pages=pages).run().returned() is Outcome.OK


def test_a_document_without_issuer_and_with_paths_alone_is_its_server_s() -> None:
    """home-assistant/core#153820: the host name is none of those that are set."""
    document = {
        "authorization_endpoint": "/auth/authorize",
        "token_endpoint": "/auth/token",
        "response_types_supported": ["code"],
    }
    place = f"{ORIGIN}/.well-known/oauth-authorization-server"
    stop = stopped(site({"authorization_servers": [ORIGIN]}, documents={place: document}))
    assert (stop.id, stop.whose) == ("as-issuer-missing", Whose.ISSUER)
    assert "--authorization-endpoint URL --token-endpoint URL" in stop.meanwhile


NGINX = raw(
    502, "<title>502 Bad Gateway</title><center>502 Bad Gateway</center><center>nginx/1.25", HTML
)


@pytest.mark.parametrize(
    ("page", "next"),
    [
        (NGINX, "HTTP 502: nginx got no answer of the server behind it."),
        (raw(503), "HTTP 503: something before the server got no answer"),
        (
            raw(500, "Traceback"),
            "Look in the server's log for why it fails at this path (HTTP 500)",
        ),
    ],
)
def test_metadata_that_fails_is_not_told_as_missing(page: Page, next: str) -> None:
    stop = stopped(site(answers=lambda r: page if r.url.startswith(f"{AS}/.well") else None))
    status = page.status  # type: ignore[union-attr]
    assert (stop.id, stop.whose, stop.message) == (
        "as-missing",
        Whose.ISSUER,
        f"The authorization server fails where its metadata is: HTTP {status}.",
    )
    assert stop.next.startswith(next)
    stop = stopped(site(answers=lambda r: page if "protected-resource" in r.url else None))
    assert (stop.id, stop.whose) == ("prm-status", Whose.SERVER)
    assert stop.next.startswith(next)


def test_an_issuer_with_http_is_tried_with_https() -> None:
    """activepieces/activepieces#15016: no X-Forwarded-Proto reaches it."""
    world = site({"authorization_servers": ["http://as.example"]})
    stop = stopped(world)
    assert (stop.id, stop.whose) == ("prm-as-not-issuer", Whose.SERVER)
    assert "X-Forwarded-Proto" in stop.next
    assert stop.meanwhile.startswith(f"Try it with https: --issuer {AS}.")
    assert world.run(issuer=AS).returned() is Outcome.OK


@pytest.mark.parametrize(
    "page",
    [
        NGINX,  # modelcontextprotocol/typescript-sdk#1631: nothing is routed to the root
        json(200, {}),  # envoyproxy/ai-gateway#2592: a place that is not implemented
    ],
)
def test_a_place_that_fails_ends_no_search(page: Page) -> None:
    issuer = f"{AS}/my-app"
    places = (f"{AS}/.well-known/oauth-authorization-server/my-app",)
    document = {**metadata(issuer), "subject_types_supported": ["public"]}
    script = site(
        {"authorization_servers": [issuer]},
        documents={f"{issuer}/.well-known/openid-configuration": document},
        answers=lambda r: page if r.url in places else None,
        callback=callback(iss=issuer),
    ).run()
    assert script.returned() is Outcome.OK


def test_an_open_server_needs_no_metadata_that_works() -> None:
    """xpzouying/xiaohongshu-mcp#540: a client that looked for it first went no further."""
    page = raw(502, "")
    script = site(protected={}, answers=lambda r: page if ".well-known" in r.url else None).run()
    assert script.returned() is Outcome.OPEN


# --- registration --------------------------------------------------------------------------------


def test_scopes_that_a_registration_must_have_are_named_in_an_option() -> None:
    """dozigden/boardoil#11."""
    text = "Only mcp:read and mcp:write scopes are supported."
    page = json(400, {"error": "invalid_client_metadata", "error_description": text})

    def world() -> Site:
        return site(
            {"scopes_supported": ...},
            challenge=f'Bearer resource_metadata="{PRM}"',
            answers=lambda r: page if r.url == REGISTER and "scope" not in body_of(r) else None,
        )

    stop = stopped(world())
    assert (stop.id, stop.whose, stop.message) == (
        "dcr-refused",
        Whose.ISSUER,
        "The server registers no client without scopes.",
    )
    assert stop.meanwhile.startswith("Ask for those that it names: --scope 'mcp:read mcp:write'.")
    assert world().run(scope="mcp:read mcp:write").returned() is Outcome.OK


@pytest.mark.parametrize(
    "page",
    [
        # n8n-io/n8n#29429
        json(
            503,
            {
                "error": "temporarily_unavailable",
                "error_description": "Maximum number of OAuth clients reached (200).",
            },
        ),
        json(400, {"error": "client_limit", "message": "Client limit exceeded for this tenant"}),
    ],
)
def test_a_server_that_is_full_of_clients_is_told_as_one(page: Page) -> None:
    stop = stopped(site(answers=lambda r: page if r.url == REGISTER else None))
    assert (stop.id, stop.whose, stop.message) == (
        "dcr-refused",
        Whose.ISSUER,
        "The server registers no more clients.",
    )
    assert "--client-id" in stop.meanwhile


def test_a_registration_that_answers_another_method_is_taken_at_its_word() -> None:
    """buildswithpaul/Frappe_Assistant_Core#65: asked for none, it gives a secret for Basic."""
    given = {
        "client_secret": "1c7f044ea8",
        "client_secret_expires_at": 0,
        "token_endpoint_auth_method": "client_secret_basic",
    }
    methods = {"token_endpoint_auth_methods_supported": ["client_secret_basic"]}
    assert site(server=methods, registers=given).run().returned() is Outcome.OK


# --- the sign-in ---------------------------------------------------------------------------------

DOORKEEPER = (
    "<title>OAuth authorize required</title><h1>An error has occurred</h1><pre>The requested"
    " redirect uri is malformed or doesn't match client redirect URI."
)
DOCUMENT = {
    "client_id": CIMD,
    "client_name": "a client",
    "redirect_uris": ["http://localhost/callback", "http://127.0.0.1/callback"],
    "token_endpoint_auth_method": "none",
}
UNKNOWN = {"error": "invalid_client", "error_description": "Unknown client or redirect_uri"}


def refusing(page: Page) -> Site:
    """A server whose authorization endpoint answers so; the client may be a document."""
    pages = {PRM: json(200, prm()), CIMD: json(200, DOCUMENT)}
    return site(
        pages=pages, answers=lambda r: page if r.url.partition("?")[0] == AUTHORIZE else None
    )


@pytest.mark.parametrize(
    "page",
    [
        raw(400, DOORKEEPER, HTML),  # bborn/lewsnetter#20
        # As Auth0 answers, with a status that says less.
        raw(403, "<title>Error</title><p>Callback URL mismatch. The provided redirect_uri", HTML),
        # As Google leads to a page of its own: the words are packed into the address.
        raw(
            302,
            "",
            (
                "location",
                "https://accounts.google.com/signin/oauth/error?authError=ChVyZWRpcmVjdF91cmlfbWlzbWF0Y2g",
            ),
        ),
        # BerriAI/litellm-docs#1433: Amazon Cognito leads to a page of its own
        raw(302, "", ("location", f"{AS}/error?error=redirect_mismatch&client_id=me")),
        raw(400, "<title>Anmeldung</title><p>Ungültiger Parameter: redirect_uri", HTML),
        raw(400, "<title>Error</title><p>La URI de redirección no es válida", HTML),
        raw(400, "<title>エラー</title><p>リダイレクトURIが一致しません", HTML),
    ],
)
def test_an_address_that_is_not_registered_is_told_before_the_browser_opens(page: Page) -> None:
    stop = stopped(refusing(page), client_id="me")
    assert (stop.id, stop.whose) == ("authz-client-refused", Whose.CLIENT)
    assert "Register http://127.0.0.1:4321/callback for this client" in stop.next


@pytest.mark.parametrize("packed", ["A", "", "%20", "AAAA", "é", "ChV"])
def test_an_address_that_packs_no_words_lets_the_browser_open(packed: str) -> None:
    page = raw(302, "", ("location", f"{AS}/login?authError={packed}"))
    assert refusing(page).run(client_id="me").returned() is Outcome.OK


@pytest.mark.parametrize(
    "page",
    [
        raw(400, "Invalid redirect URI", PLAIN),  # getsentry/sentry-mcp#1190
        json(400, UNKNOWN),  # BuilderIO/agent-native#2576
        raw(400, "<title>Ошибка</title><p>Клиент не найден", HTML),
    ],
)
def test_a_port_that_is_compared_is_the_server_s_where_the_client_is_a_document(
    page: Page,
) -> None:
    stop = stopped(refusing(page), client_metadata_url=CIMD)
    assert (stop.id, stop.whose) == ("authz-client-refused", Whose.ISSUER)
    assert "lets any port stand in a redirect address on this machine (RFC 8252" in stop.next
    assert "--register" in stop.meanwhile


@pytest.mark.parametrize(
    ("settings", "whose", "next", "way"),
    [
        # Doist/todoist-mcp#478: ChatGPT is a document, and Todoist takes none
        ({"client_metadata_url": CIMD}, Whose.ISSUER, "Take clients that are documents", "--reg"),
        ({}, Whose.ISSUER, "Look for instances that share no store", "--client-id"),
        ({"client_id": "me"}, Whose.CLIENT, "Look at this client in the server's console", ""),
    ],
)
def test_a_client_that_is_refused_in_the_callback_is_told_by_what_it_is(
    settings: dict[str, str], whose: Whose, next: str, way: str
) -> None:
    pages = {PRM: json(200, prm()), CIMD: json(200, DOCUMENT)}
    stop = stopped(
        site(pages=pages, callback=callback(code=..., error="invalid_client")), **settings
    )
    assert (stop.id, stop.whose, stop.message) == (
        "authz-error",
        whose,
        "The authorization server does not know this client.",
    )
    assert stop.next.startswith(next)
    assert way in stop.meanwhile


def test_a_document_that_cannot_be_fetched_now_is_waited_for() -> None:
    """cloudflare/mcp#195."""
    page = json(503, {"error": "temporarily_unavailable"}, ("retry-after", "30"))
    stop = stopped(refusing(page), client_metadata_url=CIMD, follow=True)
    assert (stop.id, stop.whose, stop.next) == (
        "net-rate-limited",
        Whose.ISSUER,
        "Wait 30 s and run again.",
    )


@pytest.mark.parametrize(
    ("settings", "whose"), [({}, Whose.ISSUER), ({"client_id": "me"}, Whose.CLIENT)]
)
def test_an_address_that_is_refused_in_the_callback_is_told_as_one(
    settings: dict[str, str], whose: Whose
) -> None:
    """cognizant-ai-lab/nsflow#233: Salesforce takes localhost, and no 127.0.0.1."""
    text = "redirect_uri must match configuration"
    back = callback(code=..., error="redirect_uri_mismatch", error_description=text)
    stop = stopped(site(callback=back), **settings)
    assert (stop.id, stop.whose) == ("authz-error", whose)
    assert stop.message == "The redirect address is not one that this client is registered with."
    assert "http://127.0.0.1:4321/callback" in stop.next


def test_an_issuer_of_another_slash_is_told_as_no_other_server() -> None:
    stop = stopped(site(callback=callback(iss=f"{AS}/")))
    assert (stop.id, stop.whose, stop.exit) == ("authz-iss-differs", Whose.ISSUER, 4)
    assert (
        stop.message
        == "The answer and the metadata spell the issuer with another slash at the end."
    )
    assert stop.next.startswith("Send iss as issuer stands in the metadata")


def test_an_answer_without_iss_is_taken_where_none_was_promised() -> None:
    """endara-ai/endara-relay#116."""
    server = {"authorization_response_iss_parameter_supported": ...}
    script = site(server=server, callback=callback(iss=...)).run()
    assert (script.returned(), script.broken) == (Outcome.OK, ["as-iss-not-promised"])


def test_a_redirect_that_carries_an_error_of_no_client_lets_the_browser_open() -> None:
    page = raw(302, "", ("location", f"{AS}/login?error=session_expired"))
    assert refusing(page).run(client_id="me").returned() is Outcome.OK
