"""Servers of public reports that deviate a little: a header comes, and it is told at its level."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from mcp_auth_tui.model import Level, Outcome, Request, Whose
from tests.findings.site import Site, at, callback, site
from tests.protocol.script import (
    AS,
    MCP,
    NO_STORE,
    PRM,
    PRM_ROOT,
    Page,
    Script,
    header,
    json,
    only,
    prm,
    raw,
)

HTML = ("content-type", "text/html")
ORIGIN = "https://mcp.example"
TOKEN = f"{AS}/token"
SILENT = f'Bearer resource_metadata="{PRM}"'


def weighed(script: Script) -> dict[str, Level]:
    """Return what a run that gave its header tells, without what is kept."""
    assert script.returned() is Outcome.OK
    return {item.id: item.level for item in script.findings if item.level is not Level.OK}


# A token answer of Entra ID's first version; SAP and NetSuite write the number so, too.
ENTRA = {
    "expires_in": "5250",
    "ext_expires_in": "5250",
    "expires_on": "1759495112",
    "not_before": "1759489561",
    "resource": "api://some-test-mcp-server",
}
# A registration by a library that knows no defaults, behind a path of its own.
NULLS = {
    "client_secret": "a-secret",
    "client_secret_expires_at": 0,
    "grant_types": None,
    "response_types": None,
    "token_endpoint_auth_method": "",
    "registration_client_uri": "/.idp/register/registered-1",
}
# A user's token beside that of a bot (Slack): the scope stands deeper.
SLACK = {
    "ok": True,
    "scope": "",
    "authed_user": {"id": "U1", "scope": "chat:write,search:read", "token_type": "user"},
}
CHALLENGE_TWICE = (
    f'Bearer realm="OAuth", resource_metadata="{PRM_ROOT}", error="invalid_token",'
    f' resource_metadata="{PRM}"'
)


@pytest.mark.parametrize(
    ("make", "told"),
    [
        # LibreChat-AI/librechat.ai#420, modelcontextprotocol/typescript-sdk#1120
        (lambda: site(issues=ENTRA), {"token-expiry": Level.ERROR}),
        # sigbit/mcp-auth-proxy#173: null and empty is said of nothing, and is no method either
        (
            lambda: site(registers=NULLS),
            {
                "dcr-null": Level.WARNING,
                "dcr-secret-mismatch": Level.WARNING,
                "dcr-method-silent": Level.WARNING,
                "dcr-mgmt-partial": Level.ERROR,
            },
        ),
        # getsentry/sentry-mcp#939: the first leads nowhere, the second is right
        (
            lambda: site(challenge=CHALLENGE_TWICE),
            {
                "rs-challenge-dup-param": Level.ERROR,
                "rs-challenge-error-early": Level.WARNING,
                "rs-prm-url-dead": Level.ERROR,
                "rs-challenge-no-scope": Level.WARNING,
            },
        ),
        # modelcontextprotocol/typescript-sdk#2783: a CDN answers 401 where nothing is
        (
            lambda: site(
                challenge="Bearer",
                pages={PRM: json(401, {"error": "unauthorized"}), PRM_ROOT: json(200, prm())},
            ),
            {"rs-challenge-bare": Level.WARNING, "prm-status": Level.INFO},
        ),
        # sigbit/mcp-auth-proxy#177: the document at the root is for the root
        (
            lambda: site(
                challenge="Bearer",
                pages={
                    PRM: json(401, {"error": "unauthorized"}),
                    PRM_ROOT: json(200, prm(resource=f"{ORIGIN}/")),
                },
            ),
            {
                "rs-challenge-bare": Level.WARNING,
                "prm-status": Level.INFO,
                "prm-resource-parent": Level.WARNING,
            },
        ),
        # modelcontextprotocol/python-sdk#2779: a parameter of the server's own stays where it is
        (lambda: site(server={"authorization_endpoint": f"{AS}/authorize?prompt=select"}), {}),
        # JSONbored/metagraphed#9637
        (
            lambda: site(server={"code_challenge_methods_supported": ["plain", "S256"]}),
            {"as-pkce-plain": Level.WARNING},
        ),
        # stacklok/mecatl#764: Dex says nothing of iss, and sends none
        (
            lambda: site(
                server={"authorization_response_iss_parameter_supported": ...},
                callback=callback(iss=...),
            ),
            {"as-iss-not-promised": Level.INFO},
        ),
        # UsefulSoftwareCo/executor#1643: an empty scope says that nothing is said
        (
            lambda: site(
                {"scopes_supported": ["chat:write", "search:read"]},
                challenge=f'{SILENT}, scope="chat:write search:read"',
                issues=SLACK,
            ),
            {},
        ),
        # exa-labs/exa-mcp-server#387: every endpoint has the document of its parent
        (
            lambda: site(
                url=f"{MCP}/oauth",
                challenge=f'{SILENT}, scope="mcp:basic"',
                pages={PRM: json(200, prm())},
            ),
            {"prm-resource-parent": Level.WARNING, "rs-prm-url-nonstandard": Level.INFO},
        ),
    ],
)  # fmt: skip
def test_a_header_comes_and_what_deviates_is_told_at_its_level(
    make: Callable[[], Site], told: dict[str, Level]
) -> None:
    assert weighed(make().run()) == told


def test_the_scheme_is_written_as_every_server_reads_it() -> None:
    """desplega-ai/agent-swarm#368, BerriAI/litellm#34743: ``bearer`` comes, ``Bearer`` is taken."""

    def answer(request: Request) -> Page | None:
        given = header(request, "Authorization") or "Bearer "
        words = {"error": "Invalid authorization header format. Expected Bearer token"}
        return None if given.startswith("Bearer ") else json(401, words)

    assert weighed(site(issues={"token_type": "bearer"}, answers=answer).run()) == {}


def test_a_registration_that_is_silent_is_used_as_it_was_asked_for() -> None:
    """kernel/kernel-mcp-server#96, CASES 12 to the letter: Basic would not be read."""

    def answer(request: Request) -> Page | None:
        words = {"error": "invalid_request", "error_description": "missing client_id"}
        basic = request.url == TOKEN and header(request, "Authorization")
        return json(400, words) if basic else None

    listed = ["client_secret_basic", "client_secret_post", "none"]
    world = site(
        server={"token_endpoint_auth_methods_supported": listed},
        registers={"client_secret": "a-secret", "token_endpoint_auth_method": ...},
        answers=answer,
    )
    assert world.run().returned() is Outcome.OK


# Open servers: what stands where metadata would be is no fault of theirs.

RPC = {"jsonrpc": "2.0", "id": None, "error": {"code": -32000, "message": "Not Acceptable"}}


@pytest.mark.parametrize(
    "page",
    [
        json(406, RPC),  # stacklok/toolhive#4366
        raw(200, "<!doctype html><div id=__nuxt>", HTML),  # earthobservations/wetterdienst#1772
        raw(404, "Not Found"),  # datagouv/datagouv-mcp#26
        json(405, {"detail": "Method Not Allowed"}),  # firecrawl/firecrawl-mcp-server#166
    ],
)
def test_an_open_server_is_open_whatever_its_other_places_answer(page: Page) -> None:
    world = site(protected={}, answers=lambda r: page if r.url != MCP else None)
    script = world.run()
    assert (script.returned(), script.broken) == (Outcome.OPEN, ["rs-open"])


# What is no small deviation is told by what is there.

NESTED = {
    "ok": True,
    "authed_user": {"id": "U1", "access_token": "xoxp-1-2", "token_type": "user"},
    "team": {"id": "T1"},
}


@pytest.mark.parametrize(
    ("answer", "seen"),
    [
        (NESTED, "one stands at /authed_user/access_token"),  # anthropics/claude-code#59725
        ({"ok": True, "team": {}}, "its members: ok, team"),
        ({"access_token": None, "token_type": "Bearer"}, "access_token: null"),
        ({"access_token": 7, "token_type": "Bearer"}, "access_token: 7"),
        ({}, "its members: none"),
    ],
)
def test_an_answer_without_a_token_is_told_by_what_it_holds(
    answer: dict[str, Any], seen: str
) -> None:
    stop = site(answers=at(TOKEN, json(200, answer, NO_STORE))).run().stopped()
    assert (stop.id, stop.whose, stop.seen) == ("token-no-access", Whose.ISSUER, seen)


def test_an_error_with_status_200_is_the_refusal_and_its_status_a_second_finding() -> None:
    """coder/coder#26150: Slack answers ``{"ok": false, "error": …}``."""
    page = json(200, {"ok": False, "error": "invalid_code"}, NO_STORE)
    script = site(answers=at(TOKEN, page)).run()
    stop = script.stopped()
    assert (stop.id, stop.seen.partition(" (")[0]) == ("token-error", "HTTP 200: invalid_code")
    told = only(item for item in script.findings if item.id == "token-status")
    assert (told.level, told.seen) == (Level.ERROR, "HTTP 200 with an error")


def test_what_the_metadata_leaves_out_by_habit_is_refused_and_can_be_lifted() -> None:
    """vercel/ai#18674, empires-security/mcp-oauth2-aws-cognito#9: Cognito is silent of S256."""
    silent = {"code_challenge_methods_supported": ...}
    stop = site(server=silent).run().stopped()
    assert (stop.id, stop.exit, stop.whose) == ("as-pkce-absent", 4, Whose.ISSUER)
    assert stop.meanwhile.endswith("--allow as-pkce-absent.")
    lifted = site(server=silent).run(allow=frozenset({"as-pkce-absent"}))
    assert lifted.returned() is Outcome.OK


def test_metadata_without_a_resource_is_refused_and_can_be_lifted() -> None:
    """macro-inc/macro#5521."""
    stop = site({"resource": ...}).run().stopped()
    assert (stop.id, stop.exit, stop.whose) == ("prm-resource-missing", 4, Whose.SERVER)
    lifted = site({"resource": ...}).run(allow=frozenset({"prm-resource-missing"}))
    assert lifted.returned() is Outcome.OK


@pytest.mark.parametrize("place", [PRM, PRM_ROOT])
def test_a_document_at_either_well_known_place_is_found(place: str) -> None:
    """tellahq/opensession#324 at the derived place, archestra-ai/archestra#7246 at the root."""
    world = site(challenge="Bearer", pages={place: json(200, prm())})
    assert weighed(world.run()) == {"rs-challenge-bare": Level.WARNING}
