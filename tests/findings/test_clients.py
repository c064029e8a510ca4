"""What is said of the known clients against these clients, run at a server that breaks the rule."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from importlib.metadata import version
from typing import Any

import pytest

from mcp_auth_tui.findings import CATALOGUE
from mcp_auth_tui.findings.advice import CLIENTS, advice
from mcp_auth_tui.model import Request
from tests.findings.case import CLEAN
from tests.findings.known_clients import NODE, TypeScript, python
from tests.findings.site import Site, callback, site
from tests.findings.test_cases import FLOWS
from tests.protocol.script import AS, MCP, NOT_FOUND, Page, body_of, error, header, metadata_at
from tests.protocol.script import json as page

ORIGIN = "https://mcp.example"
NOTES = {id: row.clients for id, row in advice().items() if row.clients}


def refusing_rpc(request: Request) -> Page | None:
    """Nothing without a token, but under 200."""
    bare = request.url == MCP and not header(request, "Authorization")
    known = "id" in body_of(request)
    return error(request, 200, -32001, "Unauthorized") if bare and known else None


def refusing_bearer(request: Request) -> Page | None:
    field = header(request, "Authorization") or ""
    return page(401, {}) if request.url == MCP and field.startswith("Bearer") else None


def at_origin() -> Site:
    """A server of 2025-03-26: no metadata of the resource, and its own authorization server."""
    documents = {f"{ORIGIN}/.well-known/oauth-authorization-server": metadata_at(ORIGIN)}
    return site(pages={}, documents=documents, base=ORIGIN, callback=callback(iss=ORIGIN))


def plain_token_endpoint() -> Site:
    world = site(server={"token_endpoint": "http://as.example/token"})
    world.answers = lambda request: (
        world._token(request) if request.url == "http://as.example/token" else None
    )
    return world


def absent(*urls: str, **changes: Any) -> Callable[[], Site]:
    """Nothing is at these places, where a site has something without saying so."""
    return lambda: site(answers=lambda r: NOT_FOUND if r.url in urls else None, **changes)


def wanting(what: str, **members: Any) -> Callable[[], Site]:
    """An authorization server that holds to its demand for more than a plain request."""

    def back(asked: dict[str, str]) -> str:
        assert what not in asked
        return callback(code=..., error="invalid_request")(asked)

    return lambda: site(server=members, callback=back)


# The sites of the cases are kind where real servers are not, or break a rule in another way.
SITES: dict[str, Callable[[], Site]] = {
    "rs-200-auth-error": lambda: site(answers=refusing_rpc),
    "prm-missing": at_origin,
    "prm-dpop-required": lambda: site(
        {"dpop_bound_access_tokens_required": True}, answers=refusing_bearer
    ),
    "as-missing": absent(
        f"{AS}/register", f"{ORIGIN}/register", documents={}, pages=CLEAN.site().pages
    ),
    "as-endpoint-http": plain_token_endpoint,
    "as-no-registration": absent(f"{ORIGIN}/register", server={"registration_endpoint": ...}),
    "as-par-required": wanting("request_uri", require_pushed_authorization_requests=True),
    "as-jar-required": wanting("request", require_signed_request_object=True),
    "dcr-secret-mismatch": lambda: site(
        registers={"token_endpoint_auth_method": "client_secret_basic"}
    ),
    "dcr-echo": lambda: site(registers={"redirect_uris": ...}),
    "authz-state": lambda: site(callback=callback(state="other")),
}
_PERSON = "what a person did or did not do in the browser is the same for every client"
_NET = "no client gets on without an answer"
ELSEWHERE = {
    **dict.fromkeys(("authz-timeout", "authz-paste", "authz-post"), _PERSON),
    **{id: _NET for id in CATALOGUE if id.startswith("net-")},
    "authz-error-form": "an error ends the sign-in, as authz-error says",
    "authz-iss-error-absent": "an error ends the sign-in, as authz-error says",
    "rs-endpoint-http": "the site's documents are for https, and are refused as for another server",
    "rs-challenge-error-absent": "the token is refused all the same: rs-fresh-token-refused",
    "rs-stepup-loop": "the site never gives in, and no client asks for ever",
    "rs-stepup-limit": "the site never gives in, and no client asks for ever",
    "as-changed": "the site is never content with a token of before",
    "as-issuer-form": "the issuer of the document and of the resource differ besides",
    "as-endpoint-private": "the site has nothing at that address",
    "as-endpoint-fragment": "the site has nothing at that address",
    **dict.fromkeys(
        ("dpop-cnf", "dpop-nonce", "dpop-algs-param", "client-key"),
        "only a client that proves a key comes so far: prm-dpop-required",
    ),
}
"""Rules that are not in the table though a client stops at their site, and why not."""
SILENT = {"rs-sse-on-post": 3.0}
"""Rules at whose site an answer holds no message, and seconds that are enough to wait for one."""
BROKEN = {row.id: row.broken for row in FLOWS}


def broken(id: str) -> tuple[Site, str]:
    """Return a site that breaks a rule, in the era of these clients, and its URL."""
    if id in SITES:
        world = SITES[id]()
        return world, world.url
    world = BROKEN[id].site()
    world.era = "initialize"
    return world, BROKEN[id].settings.get("url", world.url)


@pytest.fixture(scope="module")
def typescript() -> Iterator[TypeScript]:
    client = TypeScript()
    yield client
    client.close()


def test_every_row_is_about_a_rule_and_about_both_clients() -> None:
    assert set(NOTES) <= set(CATALOGUE)
    named = {tuple((note.client, note.version) for note in notes) for notes in NOTES.values()}
    assert named == {tuple(CLIENTS.values())}
    assert [note for notes in NOTES.values() for note in notes if note.why[-1] != "."] == []
    assert not set(NOTES) & set(ELSEWHERE)


def test_the_clients_that_were_read_are_those_that_are_run(typescript: TypeScript) -> None:
    package = NODE / "node_modules/@modelcontextprotocol/client/package.json"
    assert CLIENTS["python"][1] == version("mcp")
    assert CLIENTS["typescript"][1] == json.loads(package.read_text())["version"]


async def test_both_clients_get_on_at_a_server_that_keeps_every_rule(
    typescript: TypeScript,
) -> None:
    assert await python(CLEAN.site(), MCP) == ""
    assert typescript.run(CLEAN.site(), MCP) == ""


@pytest.mark.parametrize("id", NOTES)
async def test_the_python_client_stops_where_it_is_said_to(id: str) -> None:
    why = await python(*broken(id))
    assert bool(why) is NOTES[id][0].stops, why


@pytest.mark.parametrize("id", NOTES)
def test_the_typescript_client_stops_where_it_is_said_to(id: str, typescript: TypeScript) -> None:
    why = typescript.run(*broken(id), SILENT.get(id))
    assert bool(why) is NOTES[id][1].stops, why
    assert ("Request timed out" in why) is (id in SILENT), why


@pytest.mark.parametrize("id", [id for id in BROKEN if id not in (*NOTES, *ELSEWHERE)])
async def test_a_rule_without_a_row_stops_neither_client(id: str, typescript: TypeScript) -> None:
    assert await python(*broken(id)) == ""
    assert typescript.run(*broken(id)) == ""
