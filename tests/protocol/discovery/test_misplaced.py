"""Where people put metadata, rightly and by mistake (SPEC 5, probe-locations)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from mcp_auth_tui.model import Exchanged, Failure, Finding, Learned, Session, Stage, Started, Tried
from mcp_auth_tui.model.aside import Difference, LocationCheck
from mcp_auth_tui.protocol.actions import Send
from mcp_auth_tui.protocol.discovery import misplaced
from mcp_auth_tui.protocol.discovery.documents import request
from mcp_auth_tui.protocol.discovery.misplaced import scan
from tests.protocol.script import (
    AS,
    MCP,
    NOT_FOUND,
    OAUTH,
    OIDC,
    PRM,
    PRM_ROOT,
    Page,
    Script,
    contact,
    headers_of,
    json,
    judge,
    made_exchange,
    metadata,
    prm,
    raw,
    resource,
    server,
)

MCP_OAUTH = "https://mcp.example/.well-known/oauth-authorization-server"


def tried(*places: tuple[Stage, str, str, Page], **known: Any) -> Session:
    """A session that has asked these places, in this order."""
    session = Session().apply(Started(MCP, 1000.0)).apply(Learned("contact", contact()))
    for number, (stage, url, verdict, page) in enumerate(places, 1):
        sent = request(stage, url, "metadata", judge().config)
        session = session.apply(Exchanged(made_exchange(sent, page, number)))
        session = session.apply(Tried(stage, "metadata", url, verdict, "so", number))
    for name, value in known.items():
        session = session.apply(Learned(name, value))
    return session


def usual() -> Session:
    return tried(
        (Stage.RESOURCE, PRM, "used", json(200, prm())),
        (Stage.SERVER, OAUTH, "used", json(200, metadata())),
        resource=resource(document=prm()),
        server=server(),
    )


def scanned(session: Session, pages: dict[str, Page], **settings: Any) -> Script:
    """Scan with an answer for each place; what has none is not there."""
    script = Script(scan(judge(**settings), session))
    while script.action is not None:
        sent = script.wants(Send).request
        assert sent.method == "GET"
        assert {name for name, _ in headers_of(sent)} == {"Accept", "MCP-Protocol-Version"}
        script.sends("GET", sent.url, pages.get(sent.url, NOT_FOUND))
    return script


def by_url(script: Script) -> dict[str, LocationCheck]:
    return {spot.location.url: spot for spot in script.returned()}


def findings(script: Script) -> list[tuple[str, str]]:
    return [(note.id, note.seen) for note in script.notes if isinstance(note, Finding)]


def test_the_places_of_a_resource_and_an_issuer_with_paths_in_order() -> None:
    """P2, A2-A4 first, and then what people do instead."""
    found = misplaced.locations("https://mcp.example/a/b", "https://as.example/t/1")
    assert [(place.url, place.standard) for place in found] == [
        ("https://mcp.example/.well-known/oauth-protected-resource/a/b", True),
        ("https://mcp.example/.well-known/oauth-protected-resource", True),
        ("https://mcp.example/a/b/.well-known/oauth-protected-resource", False),
        ("https://mcp.example/.well-known/oauth-protected-resource/a/b/", False),
        ("https://mcp.example/.well-known/oauth-protected-resource/a", False),
        ("https://as.example/.well-known/oauth-authorization-server/t/1", True),
        ("https://as.example/.well-known/openid-configuration/t/1", True),
        ("https://as.example/t/1/.well-known/openid-configuration", True),
        ("https://as.example/.well-known/oauth-authorization-server", False),
        ("https://as.example/.well-known/openid-configuration", False),
        ("https://as.example/t/1/.well-known/oauth-authorization-server", False),
        ("https://mcp.example/.well-known/oauth-authorization-server", False),
        ("https://mcp.example/.well-known/openid-configuration", False),
        ("https://mcp.example/.well-known/oauth-authorization-server/a/b", False),
    ]


def test_a_place_that_stands_there_twice_is_asked_once_and_a_long_path_ends_at_the_limit() -> None:
    found = misplaced.locations(f"{AS}/mcp", AS, [f"{AS}/.well-known/oauth-protected-resource/mcp"])
    urls = [place.url for place in found]
    assert len(urls) == len(set(urls))
    assert len(misplaced.locations("https://x.example/" + "a/" * 90, AS)) == misplaced.LIMIT


def test_only_what_the_run_did_not_ask_is_asked_and_a_redirect_is_not_followed() -> None:
    away = raw(302, b"", ("location", "https://elsewhere.example/x"))
    script = scanned(usual(), {PRM_ROOT: away})
    spots = by_url(script)
    assert (spots[PRM].verdict, spots[PRM].exchange) == ("used", 1)
    assert spots[OAUTH].verdict == "used"
    assert spots[PRM_ROOT].why == "redirects to https://elsewhere.example/x (not followed)"
    assert {spot.verdict for url, spot in spots.items() if url not in (PRM, OAUTH)} == {"nothing"}
    assert findings(script) == []
    assert script.notes == [Learned("scanned", script.returned())]


def test_another_copy_of_the_resource_metadata_is_compared_member_by_member() -> None:
    """prm-copies-differ: the order of lists means nothing, an absent member does."""
    copy = {**prm(), "authorization_servers": [AS, "https://other.example"], "extra": True}
    script = scanned(usual(), {PRM_ROOT: json(200, copy)})
    spot = by_url(script)[PRM_ROOT]
    assert (spot.verdict, spot.differences) == (
        "differs",
        (
            Difference("authorization_servers", AS, f"{AS} https://other.example"),
            Difference("extra", "", "True"),
        ),
    )
    assert [id for id, _ in findings(script)] == ["prm-copies-differ"]
    turned = {**prm(), "scopes_supported": list(reversed(prm()["scopes_supported"]))}
    assert by_url(scanned(usual(), {PRM_ROOT: json(200, turned)}))[PRM_ROOT].verdict == "same"


def test_the_root_document_of_another_resource_is_no_copy() -> None:
    other = json(200, prm(resource="https://mcp.example/"))
    script = scanned(usual(), {PRM_ROOT: other})
    spot = by_url(script)[PRM_ROOT]
    assert (spot.verdict, spot.why) == (
        "other",
        "it is for another resource: 'https://mcp.example/'",
    )
    assert findings(script) == []


def test_what_the_header_names_and_what_the_path_holds_must_be_the_same() -> None:
    """RFC 9728 §3: both speak for this resource, whatever they say themselves."""
    named = "https://mcp.example/meta"
    at = contact(("resource_metadata", named))
    session = tried(
        (Stage.RESOURCE, named, "used", json(200, prm())),
        resource=resource(document=prm(), url=named),
        server=server(),
    ).apply(Learned("contact", at))
    script = scanned(session, {PRM: json(200, prm(resource="https://mcp.example"))})
    assert by_url(script)[PRM].differences == (Difference("resource", MCP, "https://mcp.example"),)
    assert [id for id, _ in findings(script)] == ["prm-copies-differ"]


def test_the_two_documents_of_an_issuer_are_compared_in_the_members_that_both_have() -> None:
    """as-docs-differ."""
    oidc = {**metadata(), "token_endpoint": f"{AS}/token2", "subject_types_supported": ["public"]}
    script = scanned(usual(), {OIDC: json(200, oidc)})
    assert by_url(script)[OIDC].differences == (
        Difference("token_endpoint", f"{AS}/token", f"{AS}/token2"),
    )
    assert findings(script) == [
        ("as-docs-differ", f"{OIDC}: token_endpoint: {AS}/token / {AS}/token2")
    ]


def test_metadata_only_where_no_client_looks_is_misplaced() -> None:
    """as-misplaced: appended to the issuer's path, or at the root."""
    issuer = f"{AS}/tenant"
    right = f"{AS}/.well-known/oauth-authorization-server/tenant"
    session = tried(
        (Stage.RESOURCE, PRM, "used", json(200, prm(authorization_servers=[issuer]))),
        (Stage.SERVER, right, "lost", NOT_FOUND),
        resource=resource(document=prm(authorization_servers=[issuer]), issuers=(issuer,)),
    )
    appended = f"{AS}/tenant/.well-known/oauth-authorization-server"
    script = scanned(session, {appended: json(200, metadata(issuer))}, strict=True)
    assert by_url(script)[appended].verdict == "misplaced"
    assert by_url(script)[right].why == "so"
    assert findings(script) == [("as-misplaced", appended)]


def test_a_server_that_does_not_answer_is_told_and_the_scan_goes_on() -> None:
    script = scanned(usual(), {MCP_OAUTH: Failure("net-timeout", "It took too long.")})
    assert by_url(script)[MCP_OAUTH].why == "It took too long."
    assert len(script.returned()) == len(misplaced.of(usual()))


def test_places_that_must_not_be_asked_are_not_among_them() -> None:
    """A7, SPEC 6: what a server names is checked before it is asked."""
    at = contact(("resource_metadata", "http://10.0.0.1/x"))
    session = replace(Session(url=MCP), contact=at, resource=resource(issuers=("javascript:x",)))
    assert {place.what for place in misplaced.of(session)} == {misplaced.RESOURCE}
    assert "http://10.0.0.1/x" not in [place.url for place in misplaced.of(session)]
    assert misplaced.unseen(session) == misplaced.of(session)
