"""Knows protected resource metadata (RFC 9728): where it is and when it may be used (P1-P9)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from mcp_auth_tui.model import Exchange, Failure, Question, Stage, Tried
from mcp_auth_tui.model.oauth import Contact, Resource
from mcp_auth_tui.protocol.actions import Ask, Protocol
from mcp_auth_tui.protocol.checks import challenge, check
from mcp_auth_tui.protocol.checks import resource as checks_resource
from mcp_auth_tui.protocol.checks.check import Check
from mcp_auth_tui.protocol.discovery.challenge import SCOPE_TOKEN
from mcp_auth_tui.protocol.discovery.documents import (
    FetchedDocument,
    complain,
    content_type,
    everywhere,
    fetch,
)
from mcp_auth_tui.protocol.judge import Judge
from mcp_auth_tui.protocol.urls import (
    UrlRefused,
    endpoint,
    origin_text,
    same_origin,
    split,
    well_known,
)

_SUFFIX = "oauth-protected-resource"
_NAMED = "www-authenticate: resource_metadata"
# What a resource that is identical to the URL asked for keeps.
_IDENTICAL = (
    "prm-resource-foreign",
    "prm-resource-fragment",
    "prm-resource-parent",
    "prm-resource-slash",
)
_WHAT = "protected resource metadata"


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
        if fetched.document is not None:
            yield Tried(judge.stage, _WHAT, place.url, "used", place.why, fetched.exchange.number)
            for rest in order[index + 1 :]:
                yield Tried(judge.stage, _WHAT, rest.url, "not tried", "an earlier place had it")
            found = yield from _judge_document(judge, place, fetched, fetched.document)
            if not again:
                looked = challenge.scope(contact, found.scopes)
                yield from judge.tell(looked, contact.exchange)
            return found
        yield Tried(judge.stage, _WHAT, place.url, "lost", fetched.why, fetched.exchange.number)
        failed.append((place, fetched))
        yield from _lost(judge, place, fetched)
    return (yield from _none(judge, failed, refused))


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


def _lost(judge: Judge, place: MetadataPlace, fetched: FetchedDocument) -> Protocol[None]:
    if isinstance(fetched.exchange.result, Failure) and not place.named:
        # P3: no answer is no proof of absence, so the legacy path must not be reached from here.
        judge.lost(fetched.exchange, fetched.exchange.result)
    yield from complain(judge, fetched, "prm")
    if place.named:
        yield from judge.note(
            "rs-prm-url-dead",
            seen=f"{place.url}: {fetched.why}",
            next=_hint(place.url, judge.config.url),
            exchange=fetched.exchange,
        )
    elif fetched.exchange.status >= 500:
        judge.stop(
            "prm-status", seen=f"{place.url}: twice {fetched.told}", exchange=fetched.exchange
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
    if config.issuer is not None or (nowhere and config.spec in ("auto", "2025-03-26")):
        yield from judge.note("prm-missing", seen=seen, next=way, exchange=last)
        return Resource(config.resource or config.url, None)
    if worst is not None and worst.broken in ("html", "json", "status", "redirect"):
        judge.stop(f"prm-{worst.broken}", seen=seen, exchange=worst.exchange)
    if worst is not None and worst.exchange.failure is not None:
        judge.lost(worst.exchange, worst.exchange.failure)
    judge.stop("prm-missing", seen=seen, next=way, exchange=last)


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


def _judge_document(
    judge: Judge, place: MetadataPlace, fetched: FetchedDocument, document: Mapping[str, Any]
) -> Protocol[Resource]:
    exchange = fetched.exchange
    for id in ("prm-missing", "prm-html", "prm-json"):
        yield from judge.keep(id, seen=place.url, exchange=exchange)
    yield from content_type(judge, fetched, "prm")
    identifier = yield from _identifier(judge, document, exchange)
    looked = checks_resource.document(document, judge.config.url, stateless=judge.stateless)
    yield from judge.tell(looked, exchange)
    issuers = yield from _issuers(judge, document, exchange)
    listed = check.strings(document.get("scopes_supported"))
    good = tuple(item for item in listed if SCOPE_TOKEN.match(item))
    named = judge.config.resource or identifier
    return Resource(named, place.url, document, issuers, good, exchange.number)


_BEHIND_TLS = (
    "The server does not know that it is reached by https: let the proxy before it say so"
    " (X-Forwarded-Proto) and the server believe it, or set the server's public URL."
)


def _identifier(judge: Judge, document: Mapping[str, Any], exchange: Exchange) -> Protocol[str]:
    """Check ``resource`` before anything else (P5); the raw string is kept (P7)."""
    value = document.get("resource")
    url, pointer = judge.config.url, "/resource"
    if not isinstance(value, str) or not value:
        yield from judge.refuse(
            "prm-resource-missing", seen=check.as_seen(value), exchange=exchange, pointer=pointer
        )
        return url
    relation = compare(value, url)
    looked = (
        Check("prm-resource-missing", False, value, pointer),
        Check("prm-resource-http", check.plain_http(value), value, pointer),
        Check("prm-resource-query", "?" in value, value, pointer),
    )
    yield from judge.tell(looked, exchange)
    if relation == "foreign":
        yield from judge.refuse(
            "prm-resource-foreign",
            seen=value,
            expected=f"{url} (or a parent path of it on the same origin)",
            message=f"The metadata is for {value}, but you asked for {url}.",
            next=_BEHIND_TLS if value.replace("http://", "https://", 1) == url else "",
            exchange=exchange,
            pointer=pointer,
        )
    elif "#" in value:
        yield from judge.refuse(
            "prm-resource-fragment", seen=value, exchange=exchange, pointer=pointer
        )
    elif relation == "equal":
        for id in _IDENTICAL:
            yield from judge.keep(id, seen=value, exchange=exchange, pointer=pointer)
    else:
        id = "prm-resource-slash" if relation == "slash" else "prm-resource-parent"
        if judge.config.strict:
            judge.stop(id, seen=value, expected=url, exchange=exchange, pointer=pointer)
        yield from judge.note(id, seen=value, expected=url, exchange=exchange, pointer=pointer)
    return value


def compare(value: str, url: str) -> str:
    """Return how ``resource`` relates to the MCP URL: equal, slash, parent or foreign (P5, P7).

    Another spelling of the same URL (case, default port) counts as a parent: usable, not identical.
    """
    if value == url:
        return "equal"
    try:
        named, asked = split(value), split(url)
    except ValueError:
        return "foreign"
    if not same_origin(value, url) or named.username is not None:
        return "foreign"
    if value.rstrip("/") == url.rstrip("/"):
        return "slash"
    mine, theirs = asked.path.rstrip("/"), named.path.rstrip("/")
    return "parent" if mine == theirs or mine.startswith(f"{theirs}/") else "foreign"


def _issuers(
    judge: Judge, document: Mapping[str, Any], exchange: Exchange
) -> Protocol[tuple[str, ...]]:
    """Read ``authorization_servers`` (P6); a private host in a public document is told."""
    pointer, value = "/authorization_servers", document.get("authorization_servers")
    listed = [item for item in value if isinstance(item, str)] if isinstance(value, list) else []
    if not listed and judge.config.issuer is None:
        _no_server(judge, value, exchange, pointer)
    usable: list[str] = []
    for item in listed:
        if (why := _no_issuer(item)) is not None:
            yield from judge.note(
                "prm-as-not-issuer", seen=f"{item}: {why}", exchange=exchange, pointer=pointer
            )
            continue
        usable.append(item)
    if listed:
        seen = ", ".join(listed)
        yield from judge.keep("prm-no-as", seen=seen, exchange=exchange, pointer=pointer)
    if len(usable) == len(listed) > 0:
        yield from judge.keep("prm-as-not-issuer", exchange=exchange, pointer=pointer)
    if listed and not usable and judge.config.issuer is None:
        judge.stop("prm-as-not-issuer", seen=", ".join(listed), exchange=exchange, pointer=pointer)
    return tuple(usable)


_KINDS = ((str, "a string"), (bool, "a boolean"), (dict, "an object"), (list, "a list of no text"))


def _no_server(judge: Judge, value: Any, exchange: Exchange, pointer: str) -> NoReturn:
    """End the run where ``authorization_servers`` names none, or is not the list it must be."""
    if value is None or value == []:
        judge.stop("prm-no-as", seen=check.as_seen(value), exchange=exchange, pointer=pointer)
    kind = next((name for each, name in _KINDS if isinstance(value, each)), "a number")
    url = value if isinstance(value, str) and value else "https://auth.example.com"
    judge.stop(
        "prm-no-as",
        seen=f"{check.as_seen(value)}: {kind}",
        expected="A list of issuer URLs.",
        message=f"authorization_servers is {kind}; it must be a list of issuer URLs.",
        next=f'Write "authorization_servers": {check.as_seen([url])}.',
        exchange=exchange,
        pointer=pointer,
    )


def _no_issuer(item: str) -> str | None:
    """Say why an entry cannot be an issuer (RFC 8414 §2), or None."""
    try:
        endpoint(item)
    except UrlRefused as error:
        return str(error)
    if "/.well-known/" in item:
        return "it is the address of a document, not the issuer"
    return "it has a query" if "?" in item else None


def choose_issuer(judge: Judge, resource: Resource) -> Protocol[str]:
    """Choose one authorization server (P6): configured, else the only one, else ask, else first."""
    config = judge.config
    if config.issuer is not None:
        if (why := _no_issuer(config.issuer)) is not None:
            judge.stop(
                "client-url",
                seen=f"--issuer {config.issuer}: {why}",
                expected="The issuer is the https URL by which the server names itself.",
                message="The URL of the authorization server cannot be used.",
                next="Give the issuer with --issuer, such as https://auth.example.com.",
            )
        if config.issuer not in resource.issuers:
            yield from judge.note(
                "client-overridden", seen=f"--issuer {config.issuer}", pointer="--issuer"
            )
        return config.issuer
    if len(resource.issuers) == 1:
        return resource.issuers[0]
    question = Question(
        "issuer",
        "Which authorization server?",
        "The resource names several; each keeps its own clients and tokens.",
        choices=resource.issuers,
        default=resource.issuers[0],
    )
    answer: str | None = yield Ask(question)
    chosen = answer if answer in resource.issuers else resource.issuers[0]
    yield from judge.at(Stage.RESOURCE).note(
        "prm-as-several",
        seen=f"{', '.join(resource.issuers)}; chosen: {chosen}",
        exchange=resource.exchange,
        pointer="/authorization_servers",
    )
    return chosen
