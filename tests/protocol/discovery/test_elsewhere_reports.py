"""Servers of public reports whose documents stand elsewhere, or name somebody else."""

from __future__ import annotations

from typing import Any

import pytest

from mcp_auth_tui.model import Level, Outcome, Request, Whose
from tests.findings.site import Site, callback, site
from tests.protocol.script import (
    AS,
    MCP,
    OAUTH,
    PRM,
    PRM_ROOT,
    Page,
    json,
    metadata,
    only,
    prm,
    raw,
)

HTML = ("content-type", "text/html")
ORIGIN = "https://mcp.example"
AT_ORIGIN = f"{ORIGIN}/.well-known/oauth-authorization-server"
HAND = {
    "authorization_endpoint": f"{AS}/authorize",
    "token_endpoint": f"{AS}/token",
    "registration_endpoint": f"{AS}/register",
}


def place_of(issuer: str) -> str:
    return f"{issuer}/.well-known/oauth-authorization-server"


# --- the document names another issuer than the entry ------------------------------------------


@pytest.mark.parametrize(
    ("entry", "place", "issuer", "hint"),
    [
        # upstash/context7#2723
        (
            "https://shop.example",
            place_of("https://shop.example"),
            "https://clerk.example",
            "They are on different hosts.",
        ),
        # BerriAI/litellm#36479
        (
            "https://proxy.example/srv",
            "https://proxy.example/.well-known/oauth-authorization-server/srv",
            "https://proxy.example",
            "They differ by the path only.",
        ),
    ],
)
def test_the_issuer_that_a_document_names_is_the_way_for_who_knows_it(
    entry: str, place: str, issuer: str, hint: str
) -> None:
    def make() -> Site:
        documents = {place: metadata(issuer), place_of(issuer): metadata(issuer)}
        entries = {"authorization_servers": [entry]}
        return site(entries, documents=documents, callback=callback(iss=issuer))

    stop = make().run().stopped()
    assert (stop.id, stop.exit, stop.whose) == ("as-issuer-mismatch", 4, Whose.ISSUER)
    assert stop.message.endswith(hint)
    assert f"If you know {issuer} as the authorization server of this MCP server" in stop.meanwhile
    assert f"--issuer {issuer}. " in stop.meanwhile
    assert make().run(issuer=issuer).returned() is Outcome.OK


@pytest.mark.parametrize(
    "named", ["http://as.example", f"{AS}/{{tenantid}}/v2.0", f"{AS}/%7Btenant%7D", f"{AS}?a=b", 5]
)
def test_what_cannot_be_an_issuer_is_recommended_to_nobody(named: Any) -> None:
    stop = site(server={"issuer": named}).run().stopped()
    assert stop.id == "as-issuer-mismatch"
    assert "--issuer" not in stop.meanwhile


def test_where_the_mcp_server_names_no_issuer_the_wrong_guess_is_its_to_mend() -> None:
    """atlassian/atlassian-mcp-server#148: no metadata of the resource, and that of another host."""
    other = "https://cf.mcp.example"

    def make() -> Site:
        documents = {AT_ORIGIN: metadata(other), place_of(other): metadata(other)}
        return site(
            challenge='Bearer realm="OAuth", error="invalid_token"',
            pages={},
            documents=documents,
            callback=callback(iss=other),
        )

    stop = make().run().stopped()
    assert (stop.id, stop.whose) == ("as-issuer-mismatch", Whose.SERVER)
    assert stop.next.startswith("Publish protected resource metadata that names")
    assert f"--issuer {other}. " in stop.meanwhile
    assert make().run(issuer=other).returned() is Outcome.OK


@pytest.mark.parametrize(
    ("document", "seen"),
    [
        ({}, "its members: none: it is an empty object"),
        ({"endpoints": {}, "version": 4}, "its members: endpoints, version"),
    ],
)
def test_a_document_that_is_nobody_s_is_done_without_where_endpoints_are_given(
    document: dict[str, Any], seen: str
) -> None:
    """envoyproxy/ai-gateway#2049: ``{}`` at the issuer's place, the true one at another path."""
    issuer = "https://idp.example/api/idp/authn"

    def make() -> Site:
        return site(
            {"authorization_servers": [issuer]},
            documents={f"{issuer}/.well-known/openid-configuration": document},
            callback=callback(iss=issuer),
        )

    stop = make().run().stopped()
    assert (stop.id, stop.exit, stop.seen) == ("as-issuer-missing", 4, seen)
    assert "--authorization-endpoint URL --token-endpoint URL" in stop.meanwhile
    script = make().run(**HAND)
    assert script.returned() is Outcome.OK
    told = only(item for item in script.findings if item.id == "as-issuer-missing")
    assert (told.level, told.seen) == (Level.WARNING, seen)


# --- the resource's own document ---------------------------------------------------------------


def test_a_server_that_takes_itself_to_be_http_is_never_recommended_so() -> None:
    """mesh/mesh-mcp#20: behind a gateway that ends TLS, in ``resource`` and in the entry."""
    document = prm(resource="http://mcp.example/mcp", authorization_servers=["http://mcp.example"])

    def make() -> Site:
        return site(
            pages={PRM: json(200, document), PRM_ROOT: json(200, document)},
            documents={AT_ORIGIN: metadata(ORIGIN)},
            callback=callback(iss=ORIGIN),
        )

    stop = make().run().stopped()
    assert (stop.id, stop.whose) == ("prm-resource-foreign", Whose.SERVER)
    assert "X-Forwarded-Proto" in stop.next
    assert "http://" not in stop.meanwhile
    assert "run again with that one" not in stop.meanwhile
    assert f"--issuer {ORIGIN}. " in stop.meanwhile
    lifted = make().run(issuer=ORIGIN, allow=frozenset({"prm-resource-foreign"}))
    assert lifted.returned() is Outcome.OK


def test_a_challenge_that_names_somebody_else_s_document_is_not_the_end() -> None:
    """msrbuilds/elementor-mcp#130: the bare place is another plugin's, the derived one is right."""
    theirs = prm(
        resource="https://mcp.example/other-plugin",
        authorization_servers=["https://other.example"],
    )
    world = site(
        challenge=f'Bearer resource_metadata="{PRM_ROOT}"',
        pages={PRM_ROOT: json(200, theirs), PRM: json(200, prm())},
    )
    script = world.run()
    assert script.returned() is Outcome.OK
    foreign = (item for item in script.findings if item.id == "prm-resource-foreign")
    told = only(item for item in foreign if item.level != "ok")
    assert (told.level, told.whose) == (Level.ERROR, Whose.SERVER)
    assert told.next == f'Name it in the challenge: resource_metadata="{PRM}".'
    assert all("other.example" not in item.url for item in world.sent)


@pytest.mark.parametrize("page", [raw(404), json(200, prm(resource="https://mcp.example/x"))])
def test_where_the_derived_place_has_nothing_better_it_is_refused(page: Page) -> None:
    theirs = prm(resource="https://mcp.example/other-plugin")
    world = site(
        challenge=f'Bearer resource_metadata="{PRM_ROOT}"',
        pages={PRM_ROOT: json(200, theirs), PRM: page},
    )
    stop = world.run().stopped()
    assert (stop.id, stop.exit) == ("prm-resource-foreign", 4)


def test_what_was_found_is_told_where_a_page_stands_in_its_place() -> None:
    """mayflower/contextmine#2: an application answers every path, the documents are below /mcp."""

    def answer(request: Request) -> Page | None:
        page = raw(200, "<!doctype html><div id=root>", HTML)
        return page if request.url.startswith(f"{ORIGIN}/.well-known/") else None

    place = f"{MCP}/.well-known/oauth-protected-resource"
    world = site(
        challenge="Bearer",
        pages={place: json(200, prm(authorization_servers=[ORIGIN]))},
        documents={place_of(MCP): metadata(ORIGIN)},
        answers=answer,
    )
    stop = world.run().stopped()
    assert (stop.id, stop.whose) == ("prm-html", Whose.SERVER)
    assert stop.meanwhile.startswith(f"{place} names that issuer; give it by hand: --issuer")


def test_a_document_behind_the_path_of_the_server_is_the_server_s_to_move() -> None:
    """modelcontextprotocol/inspector#2110: a program in a folder serves all below its own path."""
    url = "https://misc.example/mod/minilesson/mcp.php"
    own = f"{url}/.well-known/oauth-protected-resource"

    def make() -> Site:
        return site(
            url=url,
            challenge='Bearer realm="mcp"',
            pages={own: json(200, prm(resource=url, authorization_servers=[url]))},
            documents={f"{url}/.well-known/openid-configuration": metadata(url)},
            callback=callback(iss=url),
            answers=lambda r: raw(404) if r.url == "https://misc.example/register" else None,
        )

    script = make().run()
    stop = script.stopped()
    assert (stop.id, stop.whose) == ("prm-missing", Whose.SERVER)
    assert own in stop.seen
    assert f"--issuer {url}. " in stop.meanwhile
    told = only(item for item in script.findings if item.id == "as-misplaced")
    assert told.whose is Whose.SERVER
    assert told.next.startswith("Serve {")
    assert make().run(issuer=url).returned() is Outcome.OK


def test_a_server_with_metadata_at_its_origin_alone_works_as_in_2025_03_26() -> None:
    """cloudflare/mcp-server-cloudflare#257."""
    world = site(
        challenge='Bearer realm="OAuth"',
        pages={},
        documents={AT_ORIGIN: metadata(ORIGIN)},
        callback=callback(iss=ORIGIN),
    )
    script = world.run()
    assert script.returned() is Outcome.OK
    assert "prm-missing" in script.broken


def test_where_nothing_is_anywhere_the_issuer_is_asked_of_who_knows_it() -> None:
    """BuilderIO/agent-native#5268: the authorization server is on a host that nobody names."""
    issuer = "https://mcp-auth.example"

    def make(**changes: Any) -> Site:
        return site(
            challenge="Bearer",
            pages={},
            documents={place_of(issuer): metadata(issuer)},
            callback=callback(iss=issuer),
            **changes,
        )

    gone = make(answers=lambda r: raw(404) if r.url == f"{ORIGIN}/register" else None)
    stop = gone.run().stopped()
    assert (stop.id, stop.whose) == ("prm-missing", Whose.SERVER)
    assert "name it with --issuer" in stop.meanwhile
    assert make().run(issuer=issuer).returned() is Outcome.OK
    assert OAUTH not in {item.url for item in gone.sent}
