"""Knows how protected resource metadata is mended (prm-*); must not know what broke it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from mcp_auth_tui.fixes import values
from mcp_auth_tui.fixes.answer import Answer, Change, Fix, NoFix, blank
from mcp_auth_tui.fixes.documents import resource_document
from mcp_auth_tui.fixes.served import Row, Served, answer_of, changed
from mcp_auth_tui.model import Level
from mcp_auth_tui.protocol.challenge import SCOPE_TOKEN
from mcp_auth_tui.protocol.urls import UrlRefused, endpoint, is_private, split

_SCOPES, _ISSUERS = "scopes_supported", "authorization_servers"
_ALGORITHMS, _METHODS = "resource_signing_alg_values_supported", "bearer_methods_supported"
_BROAD = frozenset({"*", "all", "full-access", "full_access"})
_ISSUER = "issuer URL of your authorization server"
_FEW = "the few scopes that basic use needs"


def identical(served: Served) -> Answer:
    """Name the MCP URL as the resource (RFC 9728 §3.3)."""
    if not served.url:
        raise NoFix("The MCP URL of this run is not known.")
    note = f"Right where clients are given {served.url}: resource is what they compare it with."
    return served.answer.put(resource=served.url).provided(note)


def _query(served: Served) -> Answer:
    if "?" in served.url:
        raise NoFix("The MCP URL itself has the query: give it a path of its own, and name that.")
    return identical(served)


def served_here(served: Served) -> Fix:
    """Serve the document where it was looked for; a 404 where another place has it already."""
    exchange, resource = served.exchange, served.session.resource
    contact = served.session.contact
    named = contact.params("resource_metadata") if contact is not None else ()
    if served.finding.level is Level.INFO and exchange.request.url not in named:
        return Fix((served.change(Answer(404, served.head.headers)),))
    found = served.got(resource.url) if resource is not None and resource.url else None
    known = answer_of(found).document if found is not None else None
    document = resource_document(served) if known is None else known
    return Fix((served.serving(_place(served), document),))


def _place(served: Served) -> str:
    """Return the place that the challenge names on the server's own origin, else the standard's."""
    contact = served.session.contact
    named = contact.params("resource_metadata") if contact is not None else ()
    asked = (place for place in named if served.got(place) is not None)
    return next(asked, served.place)


def unwrapped(served: Served) -> Answer:
    """Take the one object out of a list; anything else is no document that could be corrected."""
    response = served.exchange.response
    try:
        value: Any = json.loads(response.text) if response is not None else None
    except (ValueError, RecursionError):
        value = None
    if isinstance(value, list) and len(value) == 1 and isinstance(value[0], dict):
        return served.head.as_document(value[0])
    return served.answer


def _issuers(served: Served) -> Answer:
    value = served.answer.at(f"/{_ISSUERS}")
    listed = [value] if isinstance(value, str) and value else [blank(_ISSUER)]
    return served.answer.put(**{_ISSUERS: listed})


def _issuer_urls(served: Served) -> Answer:
    """Return each entry as the issuer that it most likely is; what cannot be one is a blank."""
    listed = values.texts(served.answer.at(f"/{_ISSUERS}"))
    made = dict.fromkeys(_issuer(item) for item in listed if isinstance(item, str))
    note = "An issuer is the URL that the server's own metadata has in its member issuer."
    return served.answer.put(**{_ISSUERS: list(made)}).provided(note)


def _issuer(item: str) -> str:
    origin, mark, rest = values.bare(item).partition("/.well-known/")
    plain = origin + (rest[rest.find("/") :] if "/" in rest else "") if mark else origin
    plain = values.https(plain) if values.is_https(plain) else plain
    try:
        return item if plain == item else endpoint(plain)
    except UrlRefused:
        return blank(_ISSUER)


def without_empty(served: Served, *empty: Any) -> Answer:
    """Leave out the members that have no value."""
    document = served.answer.document or {}
    names = [name for name, value in document.items() if any(value == none for none in empty)]
    return served.answer.drop(*names)


def _public(served: Served) -> Answer:
    """Let the owner name the public host in the place of one that is known inside only."""
    pointer = served.finding.pointer
    value = served.answer.at(pointer)
    if isinstance(value, list):
        return served.answer.set(pointer, [_outside(item) for item in value])
    return served.answer.set(pointer, _outside(value))


def _outside(value: Any) -> Any:
    try:
        inside = isinstance(value, str) and is_private(split(value).hostname or "")
    except ValueError:
        return value
    return values.public(value) if inside else value


def _scopes(served: Served) -> Answer:
    contact = served.session.contact
    named = (contact.param("scope") or "").split() if contact is not None else []
    return served.answer.put(**{_SCOPES: named or [blank("the scopes of the server")]})


def _scope_names(served: Served) -> Answer:
    made: list[str] = []
    for item in values.texts(served.answer.at(f"/{_SCOPES}")):
        parts = item.split() if isinstance(item, str) else []
        good = bool(parts) and all(SCOPE_TOKEN.match(part) for part in parts)
        made += parts if good else [blank("a scope of printable ASCII")]
    return served.answer.put(**{_SCOPES: list(dict.fromkeys(made)) or [blank(_FEW)]})


def _few(served: Served) -> Answer:
    kept = [s for s in values.texts(served.answer.at(f"/{_SCOPES}")) if s not in _BROAD]
    good = 0 < len(kept) <= 40
    return served.answer.put(**{_SCOPES: kept if good else [blank(_FEW)]})


def _not_offline(served: Served) -> Answer:
    kept = values.without(served.answer.at(f"/{_SCOPES}"), {"offline_access"})
    return served.answer.put(**{_SCOPES: kept or [blank(_FEW)]})


def _header_only(served: Served) -> Answer:
    kept = values.without(served.answer.at(f"/{_METHODS}"), {"query"})
    made = kept if "header" in kept else ["header", *kept]
    return served.answer.put(**{_METHODS: made})


def _signed(served: Served) -> Answer:
    kept = values.without(served.answer.at(f"/{_ALGORITHMS}"), {"none"})
    answer = served.answer
    return answer.put(**{_ALGORITHMS: kept}) if kept else answer.drop(_ALGORITHMS)


def _keys(served: Served) -> Answer:
    value = served.answer.at("/jwks_uri")
    if values.is_https(value):
        return served.answer.put(jwks_uri=values.https(value)).provided(values.BY_HTTPS)
    return served.answer.put(jwks_uri=blank("https URL of the keys"))


def _listed(served: Served) -> Answer:
    listed = values.with_items(served.answer.at("/protected_resources"), served.expected)
    return served.answer.put(protected_resources=listed)


def as_in_use(served: Served, url: str | None, *, both: bool) -> Fix:
    """Make a second copy say what the one says that the run went by."""
    used = served.got(url)
    if used is None:
        raise NoFix("The copy that the run went by was not fetched in it.")
    ours, other = answer_of(used).document or {}, served.answer
    theirs = other.document or {}
    differing = {k: v for k, v in ours.items() if (k in theirs or not both) and theirs.get(k) != v}
    surplus = [] if both else [name for name in theirs if name not in ours]
    note = f"Right if {used.request.url} is: which of the two is, only their owner knows."
    change: Change = changed(served.exchange, other.put(**differing).drop(*surplus).provided(note))
    return Fix((change,))


def as_json(served: Served) -> Answer:
    """Call the answer JSON (RFC 8259 §11)."""
    return served.head.header("content-type", "application/json")


def _copies(served: Served) -> Fix:
    resource = served.session.resource
    return as_in_use(served, resource.url if resource else None, both=False)


FIXES: Mapping[str, Row] = {
    "prm-missing": served_here,
    "prm-status": served_here,
    "prm-html": served_here,
    "prm-content-type": as_json,
    "prm-json": unwrapped,
    "prm-redirect": lambda served: served.head.as_document(served.redirected()),
    "prm-resource-missing": identical,
    "prm-resource-foreign": identical,
    "prm-resource-parent": identical,
    "prm-resource-slash": identical,
    "prm-resource-http": identical,
    "prm-resource-fragment": identical,
    "prm-resource-query": _query,
    "prm-internal-host": _public,
    "prm-no-as": _issuers,
    "prm-as-not-issuer": _issuer_urls,
    "prm-empty-array": lambda served: without_empty(served, []),
    "prm-null": lambda served: without_empty(served, None),
    "prm-no-scopes": _scopes,
    "prm-scope-broad": _few,
    "prm-scope-offline": _not_offline,
    "prm-scope-syntax": _scope_names,
    "prm-bearer-methods": _header_only,
    "prm-alg-none": _signed,
    "prm-jwks-http": _keys,
    "prm-copies-differ": _copies,
    "prm-as-crosscheck": _listed,
}
