"""Knows where else a missing document is looked for before a run gives up; decides nothing by it.

What is found is evidence for the person, who may name the issuer by hand; it is never used by
itself (SPEC A4). A few GET requests without credentials, and only on the way to a failure.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, TypeVar

from mcp_auth_tui import findings
from mcp_auth_tui.model import Exchange, Tried, Whose
from mcp_auth_tui.model.aside import Location
from mcp_auth_tui.model.oauth import MisplacedDocument
from mcp_auth_tui.protocol.actions import FlowStop, Protocol, Send
from mcp_auth_tui.protocol.checks.check import strings
from mcp_auth_tui.protocol.config import ENDPOINTS
from mcp_auth_tui.protocol.discovery import by_hand, guesses, misplaced, resource, server
from mcp_auth_tui.protocol.discovery.documents import FetchedDocument, read, request
from mcp_auth_tui.protocol.judge import Details, Judge
from mcp_auth_tui.protocol.urls import UrlRefused, endpoint, join, origin_text, well_known

LIMIT = 4
"""The most places that are asked."""
_AT_SERVER = ("as-missing", "as-html", "as-json")
_AT_RESOURCE = ("prm-missing", "prm-status", "prm-html", "prm-json")

_PRM = "oauth-protected-resource"
_OF_SERVER = "The MCP server's own metadata is at a place where clients do not look."
_DERIVED = "The document is at the place that is derived from the MCP URL."

T = TypeVar("T")


def searched(judge: Judge, body: Protocol[T], issuer: str = "") -> Protocol[T]:
    """Run a discovery; where it ends without a document, look elsewhere before it does.

    ``issuer`` is the authorization server's, empty for the metadata of the resource. Raises
    `FlowStop`: what the discovery raised, with what was found.
    """
    try:
        return (yield from body)
    except FlowStop as stopped:
        if stopped.finding.id not in (_AT_SERVER if issuer else _AT_RESOURCE):
            raise
        stop = stopped
    url = judge.config.url
    found = yield from _first(judge, _of_issuer(url, issuer) if issuer else _of_resource(url))
    raise _explained(judge, stop, found, issuer) if found is not None else stop


def of_origin(judge: Judge) -> Protocol[MisplacedDocument | None]:
    """Look for what leads further than the default paths of 2025-03-26, before they are tried."""
    _, *places = _of_resource(judge.config.url)  # the first was asked a moment ago
    found = yield from _first(judge, places)
    if found is not None:
        details: Details = {"seen": guesses.description(found)}
        if _PRM in found.place:
            details |= {"message": _OF_SERVER, "next": resource.serving(judge.config.url)}
            details |= {"expected": _DERIVED, "whose": Whose.SERVER}
        yield from judge.note("as-misplaced", meanwhile=guesses.way_through(found), **details)
    return found


def _of_issuer(url: str, issuer: str) -> list[Location]:
    """Return the places beside those of an issuer, its own origin's first."""
    asked = set(server.places(issuer))
    order = [
        place
        for place in misplaced.locations(url, issuer)
        if place.what == misplaced.ISSUER and place.url not in asked
    ]
    own = [place for place in order if origin_text(place.url) == origin_text(issuer)]
    return [*own, *(place for place in _of_origin(url) if place.url not in asked)]


def _of_resource(url: str) -> list[Location]:
    places = misplaced.locations(url, None)
    asked = {place.url for place in resource.places(url, ())}
    beside = [place for place in places if not place.standard and place.url not in asked]
    return [*_of_origin(url), *beside[:1]]


def _of_origin(url: str) -> list[Location]:
    why = "at the MCP server"
    order = ("oauth-authorization-server", "openid-configuration")
    return [
        Location(misplaced.ISSUER, f"{origin_text(url)}/.well-known/{name}", why, False)
        for name in order
    ]


def _first(judge: Judge, places: Iterable[Location]) -> Protocol[MisplacedDocument | None]:
    """Ask some places in order, and return the first document that names an issuer."""
    for place in list({item.url: item for item in places}.values())[:LIMIT]:
        fetched = yield from _fetch(judge, place)
        document, number = fetched.document or {}, fetched.exchange.number
        named = document.get("issuer")
        if place.what == misplaced.RESOURCE:
            named = next(iter(strings(document.get("authorization_servers"))), None)
        good = isinstance(named, str) and bool(named)
        why = f"{place.why}; it names {named}" if good else fetched.why or "it names no issuer"
        yield Tried(judge.stage, place.what, place.url, "lost", why, number)
        if isinstance(named, str) and named:
            last = fetched.exchange.request.url
            way = place.url if last == place.url else f"{place.url} (redirected to {last})"
            endpoints = _endpoints(document) if place.what == misplaced.ISSUER else ()
            return MisplacedDocument(way, named, _reachable(place, named, last), endpoints)
    return None


def _endpoints(document: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """Return the endpoints of a document that can be given by hand; none if they do not suffice."""
    found = {
        name: value
        for name in ENDPOINTS
        if isinstance(value := document.get(name), str) and by_hand.copiable(value)
    }
    return tuple(found.items()) if {*ENDPOINTS[:2]} <= found.keys() else ()


def _fetch(judge: Judge, place: Location) -> Protocol[FetchedDocument]:
    """Ask a place; a redirect to another https address is followed once."""
    purpose = f"looking elsewhere: {place.why}"
    exchange: Exchange = yield Send(request(judge.stage, place.url, purpose, judge.config))
    target = exchange.response.header("location") if exchange.response else None
    if target and 300 <= exchange.status < 400:
        try:
            url = endpoint(join(place.url, target))
        except UrlRefused:
            return read(exchange)
        hop = request(judge.stage, url, f"{purpose}, redirected", judge.config)
        exchange = yield Send(hop)
    return read(exchange)


def _reachable(place: Location, issuer: str, found: str) -> bool:
    """Return whether ``--issuer`` leads a run to a document of this issuer, as far as is known."""
    try:
        endpoint(issuer)
    except UrlRefused:
        return False
    return place.what == misplaced.RESOURCE or found in server.places(issuer)


def _explained(judge: Judge, stopped: FlowStop, found: MisplacedDocument, issuer: str) -> FlowStop:
    """Return the end of a run with what was found elsewhere, and the way through."""
    stop, way = stopped.finding, guesses.way_through(found, issuer)
    seen = f"{guesses.description(found)}; {stop.seen}"
    if not issuer:
        return FlowStop(replace(stop, seen=seen, meanwhile=way or stop.meanwhile), stopped.place)
    entry = f", or name {found.issuer} in authorization_servers" if found.reachable else ""
    return FlowStop(
        findings.finding(
            "as-misplaced",
            judge.stage,
            seen=seen,
            expected=f"The document of {issuer} is at {well_known(issuer, server.OAUTH)}.",
            next=f"Serve the document at {well_known(issuer, server.OAUTH)}{entry}.",
            meanwhile=way,
            exchange=stop.exchange,
            revision=judge.rules,
        ),
        stopped.place,
    )
