"""Knows how an authorization server's metadata is mended (as-*); must not know what broke it.

What its lists and promises say is mended in `capabilities`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from mcp_auth_tui.fixes import values
from mcp_auth_tui.fixes.answer import Answer, Fix, NoFix, blank
from mcp_auth_tui.fixes.breach import Breach, Row, answer_of
from mcp_auth_tui.fixes.documents import ELSEWHERE, ONLY_TRUE, server_document
from mcp_auth_tui.fixes.resource import as_in_use, as_json, unwrap
from mcp_auth_tui.model import Level, Stage
from mcp_auth_tui.protocol.discovery.server import OAUTH, places
from mcp_auth_tui.protocol.urls import is_url, origin_text, well_known

_OURS = frozenset(
    {
        *("client_id", "redirect_uri", "response_type", "scope", "state", "resource"),
        *("code_challenge", "code_challenge_method", "response_mode", "nonce"),
    }
)


def issuer_of(breach: Breach) -> str:
    """Return the issuer whose metadata was asked for: as the resource names it."""
    url = breach.exchange.request.url
    resource = breach.session.resource
    named = resource.issuers if resource is not None else ()
    known = (issuer for issuer in named if is_url(issuer) and url in places(issuer))
    if (issuer := next(known, "")) or is_url(issuer := breach.expected):
        return issuer
    origin = origin_text(url)
    place, _, path = url.removeprefix(origin).partition("/.well-known/")
    return origin + place + path[path.find("/") :] if "/" in path else origin + place


def _issuer(breach: Breach) -> Answer:
    """Name the issuer that was asked for (RFC 8414 §3.3)."""
    issuer = issuer_of(breach)
    note = f"Right if {issuer} is the issuer; else the resource metadata has to name the other."
    return breach.answer.put(issuer=issuer).note(note)


def _plain(breach: Breach) -> Answer:
    value = breach.answer.at("/issuer")
    url = values.bare(value) if isinstance(value, str) else issuer_of(breach)
    url = values.https(url) if values.is_https(url) else url
    return breach.answer.put(issuer=url if is_url(url) else issuer_of(breach))


def _serve_here(breach: Breach) -> Fix:
    """Serve the document where it was looked for; a 404 where another place has it already."""
    exchange = breach.exchange
    if breach.head.all("location"):
        document = breach.target_document()
        return Fix((breach.change(breach.head.as_document(document)),))
    if breach.finding.level is Level.INFO or _has(breach, exchange.request.url):
        return Fix((breach.change(Answer(404, breach.head.headers).note(ELSEWHERE)),))
    return _missing(breach)


def _has(breach: Breach, url: str) -> bool:
    """Return whether another place has the metadata of the server."""
    server = breach.session.server
    return server is not None and server.url is not None and server.url != url


def _missing(breach: Breach) -> Fix:
    issuer = issuer_of(breach)
    place = well_known(issuer, OAUTH)
    return Fix((breach.serving(place, server_document(issuer), ONLY_TRUE),))


def _move(breach: Breach) -> Fix:
    """Serve the document that was found elsewhere where clients look."""
    found = None
    for exchange in breach.session.exchanges:
        if exchange.request.stage is Stage.SERVER and exchange.status == 200:
            try:
                answer = answer_of(exchange)
            except NoFix:
                continue
            found = answer.document if answer.at("/issuer") else found
    if found is None:
        raise NoFix("The document that was found elsewhere is none of this run.")
    issuer = str(found["issuer"])
    if not is_url(issuer):
        raise NoFix("The document that was found elsewhere names no issuer that is a URL.")
    return Fix((breach.serving(well_known(issuer, OAUTH), found),))


def _defaults(breach: Breach) -> Fix:
    """Say in a document what the default paths of 2025-03-26 only imply."""
    base = origin_text(breach.url)
    paths = {"authorization": "authorize", "token": "token", "registration": "register"}
    endpoints = {f"{name}_endpoint": f"{base}/{path}" for name, path in paths.items()}
    document = server_document(base, endpoints)
    return Fix((breach.serving(well_known(base, OAUTH), document, ONLY_TRUE),))


def _endpoint(make: Callable[[str], str], *notes: str) -> Row:
    """Return a fix of the endpoint that the finding points to; what is no text is a blank."""

    def row(breach: Breach) -> Answer:
        pointer = breach.finding.pointer
        value = breach.answer.at(pointer)
        name = pointer.rpartition("/")[2]
        url: Any = make(value) if isinstance(value, str) else blank(f"https URL: {name}")
        return breach.answer.set(pointer, url).note(*notes)

    return row


def _no_parameters(value: str) -> str:
    parts = urlsplit(value)
    kept = [item for item in parse_qsl(parts.query, keep_blank_values=True) if item[0] not in _OURS]
    return urlunsplit((*parts[:3], urlencode(kept), parts.fragment))


def _naming(name: str, what: str) -> Row:
    return lambda breach: breach.answer.put(**{name: blank(f"https URL {what}")})


def _copies(breach: Breach) -> Fix:
    server = breach.session.server
    return as_in_use(breach, server.url if server is not None else None, both=True)


FIXES: Mapping[str, Row] = {
    "as-missing": _missing,
    "as-misplaced": _move,
    "as-status": _serve_here,
    "as-html": _serve_here,
    "as-content-type": as_json,
    "as-json": unwrap,
    "as-issuer-missing": _issuer,
    "as-issuer-form": _plain,
    "as-issuer-mismatch": _issuer,
    "as-issuer-slash": _issuer,
    "as-docs-differ": _copies,
    "as-no-authorize": _naming("authorization_endpoint", "where people sign in"),
    "as-no-token": _naming("token_endpoint", "where tokens are issued"),
    "as-endpoint-http": _endpoint(values.https, values.BY_HTTPS),
    "as-endpoint-scheme": _endpoint(lambda _: blank("https URL of this endpoint")),
    "as-endpoint-private": _endpoint(values.public),
    "as-endpoint-fragment": _endpoint(lambda value: value.partition("#")[0]),
    "as-endpoint-params": _endpoint(_no_parameters),
    "as-legacy-paths": _defaults,
}
