"""Knows how protected resource metadata is judged (RFC 9728); must not know where it is found."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NoReturn

from mcp_auth_tui.findings.rule import REPORT
from mcp_auth_tui.model import Exchange, Question, Stage
from mcp_auth_tui.model.oauth import Resource
from mcp_auth_tui.protocol.actions import Ask, Protocol
from mcp_auth_tui.protocol.challenge import SCOPE_TOKEN
from mcp_auth_tui.protocol.checks import check
from mcp_auth_tui.protocol.checks import resource as checks_resource
from mcp_auth_tui.protocol.checks.check import Check
from mcp_auth_tui.protocol.discovery import by_hand
from mcp_auth_tui.protocol.discovery.documents import FetchedDocument, content_type
from mcp_auth_tui.protocol.judge import BEHIND_TLS, Judge
from mcp_auth_tui.protocol.urls import UrlRefused, endpoint, same_origin, split

_OFFERED = 50
"""Servers that a person is offered: nobody reads more, and a document may name any number."""
# What a resource that is identical to the URL asked for keeps.
_IDENTICAL = (
    "prm-resource-foreign",
    "prm-resource-fragment",
    "prm-resource-parent",
    "prm-resource-slash",
)


def judge_document(
    judge: Judge, url: str, fetched: FetchedDocument, document: Mapping[str, Any]
) -> Protocol[Resource]:
    """Judge a document that stood at ``url`` and read it; raises `FlowStop`."""
    exchange = fetched.exchange
    for id in ("prm-missing", "prm-html", "prm-json"):
        yield from judge.keep(id, seen=url, exchange=exchange)
    yield from content_type(judge, fetched, "prm")
    identifier = yield from _identifier(judge, document, exchange)
    looked = checks_resource.document(document, judge.config.url, stateless=judge.stateless)
    yield from judge.tell(looked, exchange)
    issuers = yield from _issuers(judge, document, exchange)
    listed = check.strings(document.get("scopes_supported"))
    good = tuple(item for item in listed if SCOPE_TOKEN.match(item))
    named = judge.config.resource or identifier
    return Resource(named, url, document, issuers, good, exchange.number)


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
            next=BEHIND_TLS if value.replace("http://", "https://", 1) == url else "",
            exchange=exchange,
            pointer=pointer,
            meanwhile=_way_by_its_own_address(value, url, document),
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


def _way_by_its_own_address(value: str, url: str, document: Mapping[str, Any]) -> str:
    """Name the address that a server gives for itself, where a run may go there.

    One of plain http is recommended to nobody: where the server only takes itself to be there, its
    documents are used as they would be with https.
    """
    try:
        place = endpoint(value)
    except UrlRefused:
        pass
    else:
        return f"If you meant the server that it names, run mcp-auth-tui {place} instead. {REPORT}"
    entry = next(iter(check.strings(document.get("authorization_servers"))), "")
    secure = entry.replace("http://", "https://", 1)
    twins = value.replace("http://", "https://", 1) == url and secure != entry
    if not twins or _no_issuer(secure) is not None:
        return REPORT
    return f"Name the authorization server with https as well: --issuer {secure}. {REPORT}"


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
    needed = judge.config.issuer is None and not by_hand.suffice(judge.config)
    if not listed and needed:
        _no_server(judge, value, exchange, pointer)
    usable: list[str] = []
    for item in listed:
        if (why := _no_issuer(item)) is not None:
            next, way = _by_https(item)
            yield from judge.note(
                "prm-as-not-issuer",
                seen=f"{item}: {why}",
                next=next,
                meanwhile=way,
                exchange=exchange,
                pointer=pointer,
            )
            continue
        usable.append(item)
    if listed:
        seen = ", ".join(listed)
        yield from judge.keep("prm-no-as", seen=seen, exchange=exchange, pointer=pointer)
    if len(usable) == len(listed) > 0:
        yield from judge.keep("prm-as-not-issuer", exchange=exchange, pointer=pointer)
    if listed and not usable and needed:
        next, way = _by_https(listed[0])
        judge.stop(
            "prm-as-not-issuer",
            seen=", ".join(listed),
            next=next,
            meanwhile=way,
            exchange=exchange,
            pointer=pointer,
        )
    return tuple(usable)


def _by_https(entry: str) -> tuple[str, str]:
    """Return next step and way through of an entry that is right but for its scheme; else none."""
    secure = entry.replace("http://", "https://", 1)
    if secure == entry or not by_hand.copiable(secure):
        return "", ""
    return BEHIND_TLS, f"Try it with https: --issuer {secure}. {REPORT}"


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
    offered, more = resource.issuers[:_OFFERED], len(resource.issuers) - _OFFERED
    named = f" {more:,} more are not offered here: --issuer takes each." if more > 0 else ""
    question = Question(
        "issuer",
        "Which authorization server?",
        f"The resource names several; each keeps its own clients and tokens.{named}",
        choices=offered,
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
