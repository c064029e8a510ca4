"""Knows how an authorization server's metadata is mended (as-*); must not know what broke it.

What its lists and promises say is mended in `capabilities`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from mcp_auth_tui.fixes import values
from mcp_auth_tui.fixes.answer import Answer, Fix, NoFix, blank
from mcp_auth_tui.fixes.documents import ONLY_TRUE, server_document
from mcp_auth_tui.fixes.resource import as_in_use, as_json, unwrapped
from mcp_auth_tui.fixes.served import Row, Served, answer_of
from mcp_auth_tui.model import Level, Stage
from mcp_auth_tui.protocol.discovery.server import OAUTH, places
from mcp_auth_tui.protocol.urls import is_url, origin_text, well_known

_OURS = frozenset(
    {
        *("client_id", "redirect_uri", "response_type", "scope", "state", "resource"),
        *("code_challenge", "code_challenge_method", "response_mode", "nonce"),
    }
)


def asked(served: Served) -> str:
    """Return the issuer whose metadata was asked for: as the resource names it."""
    url = served.exchange.request.url
    resource = served.session.resource
    named = resource.issuers if resource is not None else ()
    known = (issuer for issuer in named if is_url(issuer) and url in places(issuer))
    if (issuer := next(known, "")) or is_url(issuer := served.expected):
        return issuer
    origin = origin_text(url)
    place, _, path = url.removeprefix(origin).partition("/.well-known/")
    return origin + place + path[path.find("/") :] if "/" in path else origin + place


def _issuer(served: Served) -> Answer:
    """Name the issuer that was asked for (RFC 8414 §3.3)."""
    issuer = asked(served)
    note = f"Right if {issuer} is the issuer; else the resource metadata has to name the other."
    return served.answer.put(issuer=issuer).provided(note)


def _plain(served: Served) -> Answer:
    value = served.answer.at("/issuer")
    made = values.bare(value) if isinstance(value, str) else asked(served)
    made = values.https(made) if values.is_https(made) else made
    return served.answer.put(issuer=made if is_url(made) else asked(served))


def _served_here(served: Served) -> Fix:
    """Serve the document where it was looked for; a 404 where another place has it already."""
    exchange = served.exchange
    if served.head.all("location"):
        document = served.redirected()
        return Fix((served.change(served.head.as_document(document)),))
    if served.finding.level is Level.INFO or _has(served, exchange.request.url):
        return Fix((served.change(Answer(404, served.head.headers)),))
    return _missing(served)


def _has(served: Served, url: str) -> bool:
    """Return whether another place has the metadata of the server."""
    server = served.session.server
    return server is not None and server.url is not None and server.url != url


def _missing(served: Served) -> Fix:
    issuer = asked(served)
    place = well_known(issuer, OAUTH)
    return Fix((served.serving(place, server_document(issuer), ONLY_TRUE),))


def _misplaced(served: Served) -> Fix:
    """Serve the document that was found elsewhere where clients look."""
    found = None
    for exchange in served.session.exchanges:
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
    return Fix((served.serving(well_known(issuer, OAUTH), found),))


def _defaults(served: Served) -> Fix:
    """Say in a document what the default paths of 2025-03-26 only imply."""
    base = origin_text(served.url)
    paths = {"authorization": "authorize", "token": "token", "registration": "register"}
    endpoints = {f"{name}_endpoint": f"{base}/{path}" for name, path in paths.items()}
    document = server_document(base, endpoints)
    return Fix((served.serving(well_known(base, OAUTH), document, ONLY_TRUE),))


def _endpoint(make: Callable[[str], str], *notes: str) -> Row:
    """Return a fix of the endpoint that the finding points to; what is no text is a blank."""

    def row(served: Served) -> Answer:
        pointer = served.finding.pointer
        value = served.answer.at(pointer)
        name = pointer.rpartition("/")[2]
        made: Any = make(value) if isinstance(value, str) else blank(f"https URL: {name}")
        return served.answer.set(pointer, made).provided(*notes)

    return row


def _no_parameters(value: str) -> str:
    parts = urlsplit(value)
    kept = [item for item in parse_qsl(parts.query, keep_blank_values=True) if item[0] not in _OURS]
    return urlunsplit((*parts[:3], urlencode(kept), parts.fragment))


def _named(name: str, what: str) -> Row:
    return lambda served: served.answer.put(**{name: blank(f"https URL {what}")})


def _copies(served: Served) -> Fix:
    server = served.session.server
    return as_in_use(served, server.url if server is not None else None, both=True)


FIXES: Mapping[str, Row] = {
    "as-missing": _missing,
    "as-misplaced": _misplaced,
    "as-status": _served_here,
    "as-html": _served_here,
    "as-content-type": as_json,
    "as-json": unwrapped,
    "as-issuer-missing": _issuer,
    "as-issuer-form": _plain,
    "as-issuer-mismatch": _issuer,
    "as-issuer-slash": _issuer,
    "as-docs-differ": _copies,
    "as-no-authorize": _named("authorization_endpoint", "where people sign in"),
    "as-no-token": _named("token_endpoint", "where tokens are issued"),
    "as-endpoint-http": _endpoint(values.https, values.BY_HTTPS),
    "as-endpoint-scheme": _endpoint(lambda _: blank("https URL of this endpoint")),
    "as-endpoint-private": _endpoint(values.public),
    "as-endpoint-fragment": _endpoint(lambda value: value.partition("#")[0]),
    "as-endpoint-params": _endpoint(_no_parameters),
    "as-legacy-paths": _defaults,
}
