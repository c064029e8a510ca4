"""Knows protected resource metadata (RFC 9728): where it is and when it may be used (P1-P9)."""

from __future__ import annotations

import json
from collections.abc import Iterator

from mcp_auth_tui.model import Exchange, Failure, Tried
from mcp_auth_tui.model.oauth import Contact, Resource
from mcp_auth_tui.protocol.actions import Protocol, Send
from mcp_auth_tui.protocol.checks import challenge, check
from mcp_auth_tui.protocol.discovery import by_hand
from mcp_auth_tui.protocol.discovery.documents import (
    FetchedDocument,
    complain,
    everywhere,
    fetch,
    mend_failing,
    read,
    request,
)
from mcp_auth_tui.protocol.discovery.resource_document import compare, judge_document
from mcp_auth_tui.protocol.judge import Judge
from mcp_auth_tui.protocol.urls import (
    UrlRefused,
    endpoint,
    origin_text,
    same_origin,
    split,
    well_known,
)
from mcp_auth_tui.records import dataclass

_SUFFIX = "oauth-protected-resource"
_NAMED = "www-authenticate: resource_metadata"
_WHAT = "protected resource metadata"
_SINGLE = (
    "The challenge has its address in single quotes: to read it all the same, for debugging only:"
    " --allow rs-challenge-syntax."
)


@dataclass(frozen=True, slots=True)
class MetadataPlace:
    """One URL where the metadata may be, and who says so."""

    url: str
    why: str
    named: bool = False
    """Whether the challenge named it."""


def places(url: str, named: tuple[str, ...]) -> tuple[MetadataPlace, ...]:
    """Return the places to look at, in order (P2); one that stands there twice is asked once."""
    path = well_known(url, _SUFFIX, with_query=True)
    root = f"{origin_text(url)}/.well-known/{_SUFFIX}"
    order = [
        *(MetadataPlace(item, "named by the challenge", True) for item in named),
        MetadataPlace(path, "well-known place for the endpoint's path"),
        *_with_slash(url, path),
        MetadataPlace(root, "well-known place at the root"),
    ]
    first: dict[str, MetadataPlace] = {}
    for place in order:
        first.setdefault(place.url, place)
    return tuple(first.values())


def _with_slash(url: str, path: str) -> Iterator[MetadataPlace]:
    """Give the other spelling of the place of an endpoint whose path ends with a slash.

    RFC 9728 §3.1 takes away a slash behind the host; whether it means this one too, servers differ.
    """
    if len(split(url).path) > 1 and split(url).path.endswith("/"):
        place, mark, query = path.partition("?")
        yield MetadataPlace(
            f"{place}/{mark}{query}", "the same with the slash of the endpoint's path"
        )


def discover_resource(judge: Judge, contact: Contact, *, again: bool = False) -> Protocol[Resource]:
    """Find and judge the metadata of the resource; raises `FlowStop`.

    With ``again`` the challenge is not the first: a refused token asks for no scopes of its own.

    Without any (404 or 410 everywhere) and with ``--spec auto`` or 2025-03-26, the legacy path
    is taken (L1); a document that is there and invalid never leads there (L5).
    """
    named = places(judge.config.url, contact.params("resource_metadata"))
    order = yield from _usable(judge, named, contact.exchange)
    refused = tuple(place.url for place in named if place not in order)
    failed: list[tuple[MetadataPlace, FetchedDocument]] = []
    for index, place in enumerate(order):
        fetched = yield from fetch(judge, place.url, _WHAT, "prm")
        if place.named and (yield from _names_another(judge, place, fetched, order[index + 1 :])):
            continue
        if fetched.document is not None:
            yield Tried(judge.stage, _WHAT, place.url, "used", place.why, fetched.exchange.number)
            for rest in order[index + 1 :]:
                yield Tried(judge.stage, _WHAT, rest.url, "not tried", "an earlier place had it")
            for _, lost in failed:
                yield from complain(judge, lost, "prm", needed=False)
            found = yield from judge_document(judge, place.url, fetched, fetched.document)
            if not again:
                looked = challenge.scope(contact, found.scopes)
                yield from judge.tell(looked, contact.exchange)
            return found
        yield Tried(judge.stage, _WHAT, place.url, "lost", fetched.why, fetched.exchange.number)
        failed.append((place, fetched))
        _answered(judge, place, fetched)
        if place.named:
            yield from _dead(judge, place, fetched)
    for _, lost in failed:
        yield from complain(judge, lost, "prm")
    return (yield from _none(judge, failed, refused))


def _names_another(
    judge: Judge,
    place: MetadataPlace,
    fetched: FetchedDocument,
    rest: tuple[MetadataPlace, ...],
) -> Protocol[bool]:
    """Leave a document of a neighbour that the challenge names, where the own one is in its place.

    Such a document must not be used (RFC 9728 §3.3), and the place derived from the MCP URL is this
    server's. Where nothing better is there, or another origin is named, it is judged, and refused.
    """
    named, url = (fetched.document or {}).get("resource"), judge.config.url
    derived = next((item for item in rest if item.url == well_known(url, _SUFFIX)), None)
    if derived is None or not isinstance(named, str) or compare(named, url) != "foreign":
        return False
    if not same_origin(named, url):
        return False
    looked: Exchange = yield Send(request(judge.stage, derived.url, _WHAT, judge.config))
    if (read(looked).document or {}).get("resource") != url:
        return False
    number = fetched.exchange.number
    yield Tried(judge.stage, _WHAT, place.url, "lost", f"it is for {named}", number)
    yield from judge.note(
        "prm-resource-foreign",
        seen=f"{place.url}: {named}; {derived.url}: {url}",
        message="The challenge names the metadata of another server; the own one is in its place.",
        expected=f"resource_metadata names the document of {url}.",
        next=f'Name it in the challenge: resource_metadata="{derived.url}".',
        exchange=fetched.exchange,
        pointer="/resource",
    )
    return True


def look_beside(judge: Judge) -> Protocol[None]:
    """Look once whether an open server publishes metadata: then it can be signed in to as well."""
    place = well_known(judge.config.url, _SUFFIX, with_query=True)
    exchange: Exchange = yield Send(request(judge.stage, place, _WHAT, judge.config))
    document = read(exchange).document or {}
    if compare(str(document.get("resource")), judge.config.url) != "foreign":
        yield from open_beside(
            judge, check.strings(document.get("authorization_servers")), exchange
        )


def open_beside(
    judge: Judge, issuers: tuple[str, ...], exchange: Exchange | int | None
) -> Protocol[None]:
    """Tell that a server which asked for no token names where one is given."""
    if issuers:
        yield from judge.note("rs-open-metadata", seen=", ".join(issuers), exchange=exchange)


def _usable(
    judge: Judge, order: tuple[MetadataPlace, ...], number: int | None
) -> Protocol[tuple[MetadataPlace, ...]]:
    usable: list[MetadataPlace] = []
    for place in order:
        if not place.named:
            usable.append(place)
            continue
        try:
            endpoint(place.url)
        except UrlRefused as error:
            yield from judge.note(
                "rs-prm-url-bad",
                seen=f"{place.url}: {error}",
                exchange=number,
                pointer=_NAMED,
            )
            yield Tried(judge.stage, _WHAT, place.url, "lost", f"not asked: {error}")
            continue
        if not same_origin(place.url, judge.config.url):
            yield from judge.note(
                "rs-prm-url-foreign", seen=place.url, exchange=number, pointer=_NAMED
            )
        elif place.url not in {item.url for item in places(judge.config.url, ())}:
            yield from judge.note(
                "rs-prm-url-nonstandard", seen=place.url, exchange=number, pointer=_NAMED
            )
        usable.append(place)
    return tuple(usable)


def _answered(judge: Judge, place: MetadataPlace, fetched: FetchedDocument) -> None:
    """End the run where a place gave no answer at all, asks to wait, or failed twice."""
    if isinstance(fetched.exchange.result, Failure) and not place.named:
        # P3: no answer is no proof of absence, so the legacy path must not be reached from here.
        judge.lost(fetched.exchange, fetched.exchange.result)
    judge.busy(fetched.exchange)
    if fetched.exchange.status >= 500 and not place.named:
        judge.stop(
            "prm-status",
            seen=f"{place.url}: twice {fetched.told}",
            next=mend_failing(fetched.exchange),
            exchange=fetched.exchange,
        )


def _dead(judge: Judge, place: MetadataPlace, fetched: FetchedDocument) -> Protocol[None]:
    yield from judge.note(
        "rs-prm-url-dead",
        seen=f"{place.url}: {fetched.why}",
        next=_hint(place.url, judge.config.url) or mend_failing(fetched.exchange),
        exchange=fetched.exchange,
    )


def _none(
    judge: Judge, failed: list[tuple[MetadataPlace, FetchedDocument]], refused: tuple[str, ...]
) -> Protocol[Resource]:
    """Decide what follows when no place had a document (SPEC 3).

    A server that names a place in its challenge, even one that must not be asked, is none of
    2025-03-26 (L5).
    """
    config = judge.config
    worst = next((item for _, item in reversed(failed) if not item.absent), None)
    told = everywhere(((place.url, fetched) for place, fetched in failed), worst)
    seen = "; ".join((*(f"{url}: not asked" for url in refused), told))
    nowhere = not refused and all(fetched.absent for _, fetched in failed)
    last, way = failed[-1][1].exchange, serving(config.url)
    given = config.issuer is not None or by_hand.suffice(config)
    if given or (nowhere and config.spec in ("auto", "2025-03-26")):
        yield from judge.note("prm-missing", seen=seen, next=way, exchange=last)
        return Resource(config.resource or config.url, None)
    if worst is not None and worst.broken in ("html", "json", "status", "redirect"):
        judge.stop(
            f"prm-{worst.broken}",
            seen=seen,
            next=mend_failing(worst.exchange),
            exchange=worst.exchange,
        )
    if worst is not None and worst.exchange.failure is not None:
        judge.lost(worst.exchange, worst.exchange.failure)
    single = any(url.startswith("'") for url in refused)
    judge.stop(
        "prm-missing",
        seen=seen,
        next=way,
        meanwhile=_SINGLE if single else "",
        exchange=last,
    )


def serving(url: str) -> str:
    """Return the sentence that says what an MCP server's metadata is, and where it belongs."""
    place = well_known(url, _SUFFIX, with_query=True)
    least = json.dumps({"resource": url, "authorization_servers": ["https://ISSUER"]})
    return (
        f"Serve {least} as JSON at {place}, without a token. If the server does, see whether a"
        " proxy or a mount before it leads /.well-known/ elsewhere."
    )


def _hint(place: str, url: str) -> str:
    """Say so if an address in the challenge lacks the beginning of the path that leads here.

    The server then does not know of a prefix that a proxy or a mount put before its own paths.
    """
    base = f"{origin_text(url)}/.well-known/{_SUFFIX}"
    inner, path = place.removeprefix(base), split(url).path
    if not place.startswith(f"{base}/") or inner == path or not path.endswith(inner):
        return ""
    return (
        f"The server takes its path to be {inner}, and it is reached at {path}: tell it its public"
        f" address (base URL, root path), and let {well_known(url, _SUFFIX)} lead to the document."
    )
