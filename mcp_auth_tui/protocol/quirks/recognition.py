"""Knows which provider a run seems to speak to, and why; a guess, on which nothing is decided.

The issuer's host goes before the hosts of its endpoints, these before its documents, and these
before its answers. Where signs point to two providers there is no guess: none is better than a
wrong one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from mcp_auth_tui.model import Exchange, Kind, Session, Stage
from mcp_auth_tui.model.oauth import AuthorizationServer
from mcp_auth_tui.protocol.quirks.table import AnswerSign, DocumentSign, Provider, providers
from mcp_auth_tui.protocol.strict_json import loads
from mcp_auth_tui.protocol.urls import split
from mcp_auth_tui.records import dataclass

_ENDPOINTS = ("authorization_endpoint", "token_endpoint")
_OF_ISSUER = (Stage.SERVER, Stage.REGISTER, Stage.AUTHORIZE, Stage.TOKEN)
# Whatever else a host may be spelled as, no provider's is.
_HOST = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*\Z")


@dataclass(frozen=True, slots=True)
class Guess:
    """A provider that a run seems to speak to."""

    provider: Provider
    reason: str
    """What makes it look so, as the end of a sentence; no text of a server is in it."""


def recognise(session: Session) -> Guess | None:
    """Return the provider that a run seems to speak to, as far as it went; None where none is."""
    return _guess(tuple(_issuers(session)), tuple(_documents(session)), session.exchanges)


def recognise_server(server: AuthorizationServer) -> Guess | None:
    """Return the provider that an authorization server seems to be; None where none is."""
    return _guess((server.issuer,), (server.document,))


def _guess(
    issuers: tuple[str, ...],
    documents: tuple[Mapping[str, Any], ...],
    exchanges: tuple[Exchange, ...] = (),
) -> Guess | None:
    endpoints = (item.get(name) for item in documents for name in _ENDPOINTS)
    for found in (
        _by_host((*issuers, *(item.get("issuer") for item in documents)), "the issuer"),
        _by_host(endpoints, "an endpoint of its metadata"),
        _by_document(documents),
        _by_answer(exchanges),
    ):
        guesses = {guess.provider.id: guess for guess in found}
        if guesses:
            return next(iter(guesses.values())) if len(guesses) == 1 else None
    return None


def host_in(url: object) -> str:
    """Return the host that a URL names, in lower case; empty where it is none of a provider's."""
    if not isinstance(url, str) or not url.isascii():
        return ""
    try:
        parts = split(url)
    except ValueError:
        return ""
    host = parts.hostname or ""
    return host if parts.scheme in ("http", "https") and _HOST.match(host) else ""


def _issuers(session: Session) -> Iterator[str]:
    if session.server is not None:
        yield session.server.issuer
    elif session.resource is not None:
        yield from session.resource.issuers


def _documents(session: Session) -> Iterator[Mapping[str, Any]]:
    """Yield the metadata that a run took, else what was found where it belongs."""
    if session.server is not None and session.server.document:
        yield session.server.document
        return
    for exchange in session.exchanges:
        request, response = exchange.request, exchange.response
        if request.stage is not Stage.SERVER or request.kind is not Kind.METADATA:
            continue
        if response is None or response.status != 200:
            continue
        try:
            value = loads(response.text)
        except ValueError:
            continue
        if isinstance(value, dict):
            yield value


def _by_host(urls: Iterable[object], what: str) -> Iterator[Guess]:
    for host in filter(None, map(host_in, urls)):
        for provider in providers().values():
            if name := provider.sign_of(host):
                verb = "ends in" if name.startswith(".") else "is"
                yield Guess(provider, f"the host of {what} {verb} {name}")


def _by_document(documents: Iterable[Mapping[str, Any]]) -> Iterator[Guess]:
    for document in documents:
        for provider in providers().values():
            sign = next((sign for sign in provider.documents if _fits(sign, document)), None)
            if sign is not None:
                yield Guess(provider, f"its metadata has {_members(sign)} of the same form")


def _fits(sign: DocumentSign, document: Mapping[str, Any]) -> bool:
    if sign.issuer and not sign.issuer.match(_path(document.get("issuer")) or ""):
        return False
    return (
        all((path := _path(document.get(n))) and p.match(path) for n, p in sign.paths.items())
        and all(name in document for name in sign.members)
        and all(_lists(document.get(name), values) for name, values in sign.lists.items())
        and all(_one_value(document, names) for names in sign.same)
    )


def _lists(value: object, values: frozenset[str]) -> bool:
    return isinstance(value, list) and all(item in value for item in values)


def _one_value(document: Mapping[str, Any], names: tuple[str, ...]) -> bool:
    values = [document.get(name) for name in names]
    return isinstance(values[0], str) and all(value == values[0] for value in values)


def _path(url: object) -> str | None:
    """Return the path of a URL; None where it is none."""
    if not isinstance(url, str):
        return None
    try:
        return split(url).path
    except ValueError:
        return None


def _members(sign: DocumentSign) -> str:
    names = (
        *(["issuer"] if sign.issuer else []),
        *sign.paths,
        *sign.members,
        *sign.lists,
        *(name for names in sign.same for name in names),
    )
    *others, last = dict.fromkeys(names)
    return f"{', '.join(others)} and {last}" if others else last


def _by_answer(exchanges: Iterable[Exchange]) -> Iterator[Guess]:
    ours = [item for item in exchanges if item.request.stage in _OF_ISSUER and item.response]
    for provider in providers().values():
        for sign in provider.answers:
            if any(_carries(exchange, sign) for exchange in ours):
                yield Guess(provider, f"its answers have the field {sign.header}")


def _carries(exchange: Exchange, sign: AnswerSign) -> bool:
    value = exchange.response.header(sign.header) if exchange.response else None
    return value is not None and (sign.value is None or sign.value.match(value) is not None)
