"""Knows where people put metadata documents, rightly and by mistake; changes no decision of a run.

SPEC 5, probe-locations: only when a person asks. Every look is one GET without credentials; a
redirect is told and not followed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from mcp_auth_tui.model import Exchange, Learned, Session, Stage
from mcp_auth_tui.model.aside import Difference, Location, LocationCheck
from mcp_auth_tui.protocol.actions import Protocol, Send
from mcp_auth_tui.protocol.discovery import resource, server
from mcp_auth_tui.protocol.discovery.documents import read, request
from mcp_auth_tui.protocol.judge import Judge
from mcp_auth_tui.protocol.urls import UrlRefused, endpoint, is_url, origin_text, split, well_known
from mcp_auth_tui.records import dataclass

RESOURCE, ISSUER = "protected resource metadata", "authorization server metadata"
_PRM, _OAUTH, _OIDC = (
    "oauth-protected-resource",
    "oauth-authorization-server",
    "openid-configuration",
)
LIMIT = 24
"""The most places of one scan."""
_MEMBERS = 20


def locations(
    url: str, issuer: str | None, named: Sequence[str] = (), oidc: bool = True
) -> tuple[Location, ...]:
    """Return every place to look at for an MCP URL and an issuer, the standard ones first."""
    order = [*_of_resource(url, tuple(named)), *(_of_issuer(url, issuer, oidc) if issuer else ())]
    first: dict[str, Location] = {}
    for place in order:
        first.setdefault(place.url, place)
    return tuple(first.values())[:LIMIT]


def _of_resource(url: str, named: tuple[str, ...]) -> Iterator[Location]:
    for place in resource.places(url, named):
        binds = place.named or place.url == well_known(url, _PRM, with_query=True)
        yield Location(RESOURCE, place.url, place.why, True, binds)
    base, path = origin_text(url), split(url).path.rstrip("/")
    if path:
        yield Location(
            RESOURCE, f"{base}{path}/.well-known/{_PRM}", "appended to the endpoint's path", False
        )
        yield Location(
            RESOURCE,
            f"{base}/.well-known/{_PRM}{path}/",
            "the right place with a slash too many",
            False,
        )
    while path.count("/") > 1:
        path = path.rpartition("/")[0]
        yield Location(
            RESOURCE, f"{base}/.well-known/{_PRM}{path}", f"the place of the parent {path}", False
        )


def _of_issuer(url: str, issuer: str, oidc: bool) -> Iterator[Location]:
    for place in server.places(issuer, oidc=oidc):
        yield Location(ISSUER, place, "well-known place of the issuer", True, True)
    base, path = origin_text(issuer), split(issuer).path.rstrip("/")
    if path:
        for suffix in (_OAUTH, _OIDC):
            yield Location(
                ISSUER, f"{base}/.well-known/{suffix}", "at the root, though it has a path", False
            )
        yield Location(
            ISSUER, f"{base}{path}/.well-known/{_OAUTH}", "appended to the issuer's path", False
        )
    mcp = origin_text(url)
    for suffix in (_OAUTH, _OIDC):
        yield Location(
            ISSUER, f"{mcp}/.well-known/{suffix}", "at the MCP server (2025-03-26)", False
        )
    yield Location(ISSUER, well_known(url, _OAUTH), "at the MCP server, with its path", False)


def of(session: Session) -> tuple[Location, ...]:
    """Return the places that belong to what a run has found so far."""
    named = session.contact.params("resource_metadata") if session.contact else ()
    named = tuple(item for item in named if _askable(item))
    return locations(session.url, _issuer(session), named) if is_url(session.url) else ()


def unseen(session: Session) -> tuple[Location, ...]:
    """Return the places that a scan would ask: those that the run has not asked."""
    visited = {item.url for item in session.tried if item.exchange is not None}
    return tuple(place for place in of(session) if place.url not in visited)


def _askable(url: str) -> bool:
    try:
        endpoint(url)
    except UrlRefused:
        return False
    return True


def _issuer(session: Session) -> str | None:
    if session.server is not None:
        issuer = str(session.server.issuer)
        return issuer if is_url(issuer) else None
    for item in session.resource.issuers if session.resource is not None else ():
        if _askable(item):
            return str(item)
    return None


def scan(judge: Judge, session: Session) -> Protocol[tuple[LocationCheck, ...]]:
    """Ask every place that the run has not asked, and compare what stands there, field by field.

    What the run found is taken from ``session``. Yields findings (prm-copies-differ, as-misplaced,
    as-docs-differ; none of them ends anything) and ``Learned("scanned", …)``.
    """
    judge = replace(judge, config=replace(judge.config, strict=False))
    visited = {item.url: item for item in session.tried if item.exchange is not None}
    candidates: list[_Candidate] = []
    for place in of(session):
        if place.url not in visited:
            candidates.append((yield from _ask(judge, place)))
            continue
        tried = visited[place.url]
        before = next((e for e in session.exchanges if e.number == tried.exchange), None)
        # A document that lost (another issuer) is still there to be compared.
        document = read(before).document if before is not None else None
        candidates.append(_Candidate(place, before, document, tried.why, tried.verdict == "used"))
    checks = tuple((yield from _compare(judge, session, candidates)))
    yield Learned("scanned", checks)
    return checks


@dataclass(frozen=True, slots=True)
class _Candidate:
    """What a place gave, before it is compared."""

    place: Location
    exchange: Exchange | None
    document: Mapping[str, Any] | None
    why: str
    used: bool = False


def _ask(judge: Judge, place: Location) -> Protocol[_Candidate]:
    stage = Stage.RESOURCE if place.what == RESOURCE else Stage.SERVER
    exchange: Exchange = yield Send(request(stage, place.url, f"scan: {place.why}", judge.config))
    fetched = read(exchange)
    why = fetched.why
    if exchange.response is not None and 300 <= exchange.status < 400:
        why = f"redirects to {exchange.response.header('location') or 'nowhere'} (not followed)"
    return _Candidate(place, exchange, fetched.document, why)


def _compare(
    judge: Judge, session: Session, candidates: list[_Candidate]
) -> Protocol[list[LocationCheck]]:
    checks: list[LocationCheck] = []
    for what, key in ((RESOURCE, "resource"), (ISSUER, "issuer")):
        here = [item for item in candidates if item.place.what == what]
        documents = [item for item in here if item.document is not None]
        ours = next((item for item in documents if item.used), None) or next(
            (item for item in documents if item.place.standard), None
        )
        default = session.url if what == RESOURCE else _issuer(session)
        identity = ours.document.get(key) if ours and ours.document else default
        for item in here:
            check = _check(item, ours, identity, key)
            checks.append(check)
            yield from _report(judge, check, item.exchange)
    return checks


def _check(item: _Candidate, ours: _Candidate | None, identity: Any, key: str) -> LocationCheck:
    place, document = item.place, item.document
    number = item.exchange.number if item.exchange is not None else None
    if document is None:
        return LocationCheck(place, "nothing", item.why or "nothing is there", number)
    if item is ours and item.used:
        return LocationCheck(place, "used", "the run goes by this document", number)
    if document.get(key) != identity and not place.binds:
        return LocationCheck(
            place, "other", f"it is for another {key}: {document.get(key)!r}", number
        )
    if ours is None or ours.document is None:
        return LocationCheck(place, "misplaced", "clients do not look here", number)
    if item is ours:
        return LocationCheck(place, "other", item.why or "it was not used", number)
    differing = differences(ours.document, document, both=place.what == ISSUER)
    if differing:
        names = ", ".join(each.member for each in differing)
        return LocationCheck(place, "differs", f"in {names}", number, differing)
    return LocationCheck(place, "same", "says the same as the document used", number)


def differences(
    ours: Mapping[str, Any], theirs: Mapping[str, Any], *, both: bool
) -> tuple[Difference, ...]:
    """Compare two documents member by member; ``both``: only members that stand in both.

    Lists are compared without their order, which means nothing in these documents.
    """
    names = [name for name in ours if name in theirs or not both]
    names += [name for name in theirs if name not in ours and not both]
    differing = (
        Difference(name, _shown(ours.get(name)), _shown(theirs.get(name)))
        for name in names
        if _plain(ours.get(name)) != _plain(theirs.get(name))
    )
    return tuple(differing)[:_MEMBERS]


def _plain(value: Any) -> Any:
    return sorted(map(repr, value)) if isinstance(value, list) else value


def _shown(value: Any) -> str:
    if value is None:
        return ""
    return " ".join(map(str, value)) if isinstance(value, list) else str(value)


def _report(judge: Judge, check: LocationCheck, exchange: Exchange | None) -> Protocol[None]:
    place = check.location
    at = judge.at(Stage.RESOURCE if place.what == RESOURCE else Stage.SERVER)
    if check.verdict == "misplaced" and place.what == ISSUER:
        yield from at.note("as-misplaced", seen=place.url, exchange=exchange)
    elif check.verdict == "differs":
        id = "prm-copies-differ" if place.what == RESOURCE else "as-docs-differ"
        parts = [
            f"{item.member}: {item.ours or 'absent'} / {item.theirs or 'absent'}"
            for item in check.differences[:3]
        ]
        yield from at.note(id, seen=f"{place.url}: {'; '.join(parts)}", exchange=exchange)
