"""Where a document is missed, a run looks elsewhere before it gives up, and names the way."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import pytest

from mcp_auth_tui.model import Outcome
from tests.findings.site import Site, callback, site
from tests.protocol.script import AS, MCP, PRM, Page, json, metadata, only, prm, raw

ORIGIN = "https://mcp.example"
AUTH = "https://auth.example"
ROOT = f"{AUTH}/.well-known/oauth-authorization-server"
OPENID = f"{ORIGIN}/.well-known/openid-configuration"


def with_entry(entry: str, pages: dict[str, Page], **changes: Any) -> Site:
    document = prm(authorization_servers=[entry])
    return site(pages={PRM: json(200, document), **pages}, documents={}, **changes)


def document_of(issuer: str) -> Page:
    return json(200, metadata(issuer))


def test_a_document_at_the_root_of_an_issuer_with_a_path_is_named_and_not_used() -> None:
    """open-webui/open-webui#21183, CASES 9."""
    world = with_entry(f"{AUTH}/v1/mcp", {ROOT: document_of(AUTH)})
    script = world.run()
    stop = script.stopped()
    assert stop.id == "as-misplaced"
    assert stop.seen.startswith(f"{ROOT} has a document of the issuer {AUTH}; ")
    assert f"--issuer {AUTH}." in stop.meanwhile
    assert f"name {AUTH} in authorization_servers" in stop.next
    assert script.learned("server") == []
    named = with_entry(
        f"{AUTH}/v1/mcp",
        {ROOT: document_of(AUTH)},
        callback=lambda asked: urlencode({"code": "c", "state": asked["state"], "iss": AUTH}),
    )
    assert named.run(issuer=AUTH).returned() is Outcome.OK


BY_HAND = {
    f"{name}_endpoint": f"{AS}/{path}"
    for name, path in (
        ("authorization", "authorize"),
        ("token", "token"),
        ("registration", "register"),
    )
}
OPTIONS = " ".join(f"--{name.replace('_', '-')} {url}" for name, url in BY_HAND.items())
NESTED = f"{AUTH}/v1/mcp"


@pytest.mark.parametrize(
    ("place", "issuer", "way", "settings"),
    [
        # mcp-use/mcp-use#1576, punkpeye/mcp-remote#216: the suffix is appended to the path
        (f"{NESTED}/.well-known/oauth-authorization-server", NESTED, OPTIONS, BY_HAND),
        # appstrate/appstrate#702: the document of the issuer with a path is at the root
        (ROOT, NESTED, OPTIONS, BY_HAND),
        # SmartBear/smartbear-mcp#682: the document at the root names an issuer with a path
        (
            ROOT,
            f"{AUTH}/backend",
            f"--issuer {AUTH}/backend {OPTIONS}",
            {"issuer": f"{AUTH}/backend", **BY_HAND},
        ),
        (f"{AUTH}/.well-known/openid-configuration", AUTH, f"--issuer {AUTH}", {"issuer": AUTH}),
        # an OAuth proxy in the MCP server itself
        (
            f"{ORIGIN}/.well-known/oauth-authorization-server",
            ORIGIN,
            f"--issuer {ORIGIN}",
            {"issuer": ORIGIN},
        ),
    ],
)
def test_what_is_found_is_the_evidence_of_the_stop_and_gets_through(
    place: str, issuer: str, way: str, settings: dict[str, Any]
) -> None:
    def make() -> Site:
        return with_entry(NESTED, {place: document_of(issuer)}, callback=callback(iss=issuer))

    stop = make().run().stopped()
    assert stop.id == "as-misplaced"
    assert place in stop.seen
    assert f"by hand: {way}. " in stop.meanwhile
    assert make().run(**settings).returned() is Outcome.OK


@pytest.mark.parametrize(
    "members",
    [
        {"token_endpoint": "http://as.example/token"},
        {"authorization_endpoint": ...},
        {"authorization_endpoint": "https://as.example/authorize?a=$(x)"},
        {"token_endpoint": f"{AS}/{'x' * 400}"},
    ],
)
def test_endpoints_that_nobody_may_copy_are_not_named(members: dict[str, Any]) -> None:
    page = json(200, metadata(NESTED, **members))
    stop = with_entry(NESTED, {ROOT: page}).run().stopped()
    assert stop.id == "as-misplaced"
    assert "endpoint https" not in stop.meanwhile


def test_where_nothing_is_found_the_stop_is_as_before_after_few_requests() -> None:
    world = with_entry(f"{AUTH}/v1/mcp", {})
    stop = world.run().stopped()
    assert stop.id == "as-missing"
    asked = [item for item in world.sent if item.purpose.startswith("looking elsewhere")]
    assert len(asked) <= 4
    assert all(item.method == "GET" for item in asked)


def test_a_redirect_at_the_origin_is_followed_to_see_where_it_leads() -> None:
    """github/copilot-cli#4769, CASES 5: the guess of 2025-03-26 fails, and the way is named."""
    target = f"{AS}/.well-known/openid-configuration"
    world = Site(
        challenge="Bearer",
        pages={OPENID: raw(301, b"", ("location", target)), target: document_of(AS)},
        documents={},
        base=ORIGIN,
    )
    world.answers = lambda r: raw(404) if "/authorize" in r.url else None
    script = world.run(client_id="me")
    stop = script.stopped()
    assert stop.id == "prm-missing"
    assert f"{OPENID} (redirected to {target}) has a document of the issuer {AS}" in stop.seen
    assert f"--issuer {AS}." in stop.meanwhile
    assert "as-misplaced" in script.broken


def test_a_guess_that_comes_true_goes_on_whatever_was_found() -> None:
    world = Site(
        challenge="Bearer",
        pages={OPENID: document_of(AS)},
        documents={},
        base=ORIGIN,
        callback=lambda asked: f"code=c&state={asked['state']}",
    )
    assert world.run().returned() is Outcome.OK
    assert f"POST {ORIGIN}/token" in world.asked


@pytest.mark.parametrize("path", ["authorize", "token", "register"])
def test_a_guessed_endpoint_that_is_not_there_is_metadata_that_is_missing(path: str) -> None:
    world = Site(
        challenge="Bearer",
        pages={},
        documents={},
        base=ORIGIN,
        callback=lambda asked: f"code=c&state={asked['state']}",
    )
    world.answers = lambda r: raw(405) if r.url.partition("?")[0] == f"{ORIGIN}/{path}" else None
    stop = world.run(follow=path == "authorize").stopped()
    assert stop.id == "prm-missing"
    assert f"{ORIGIN}/{path}: HTTP 405" in stop.seen


@pytest.mark.parametrize(
    ("page", "id"),
    [(raw(401), "prm-status"), (raw(200, "<html>app</html>"), "prm-html")],
)
def test_a_blocked_place_of_the_resource_names_the_issuer_that_is_at_the_origin(
    page: Page, id: str
) -> None:
    """jimprosser/obsidian-web-mcp#18."""
    place = f"{ORIGIN}/.well-known/oauth-authorization-server"
    world = site(
        pages={PRM: page, f"{ORIGIN}/.well-known/oauth-protected-resource": page},
        documents={place: metadata(ORIGIN)},
        challenge="Bearer",
    )
    stop = world.run().stopped()
    assert stop.id == id
    assert f"--issuer {ORIGIN}." in stop.meanwhile


def test_a_document_of_the_resource_behind_its_path_names_its_issuer() -> None:
    place = f"{MCP}/.well-known/oauth-protected-resource"
    world = site(pages={place: json(200, prm())}, documents={}, challenge="Bearer")
    stop = world.run(spec="2025-11-25").stopped()
    assert stop.id == "prm-missing"
    assert f"{place} has a document of the issuer {AS}" in stop.seen
    assert f"--issuer {AS}." in stop.meanwhile


@pytest.mark.parametrize(
    "page",
    [
        json(200, {"issuer": 5}),
        json(200, []),
        raw(200, "<html>"),
        raw(302, b"", ("location", "http://evil.example/")),
        raw(302, b"", ("location", "javascript:alert(1)")),
    ],
)
def test_what_is_no_document_of_an_issuer_is_no_evidence(page: Page) -> None:
    assert with_entry(f"{AUTH}/v1/mcp", {ROOT: page}).run().stopped().id == "as-missing"


def test_each_place_is_kept_among_those_that_were_tried() -> None:
    script = with_entry(f"{AUTH}/v1/mcp", {ROOT: document_of(AUTH)}).run()
    assert only(item for item in script.tried if item[0] == ROOT) == (ROOT, "lost")
