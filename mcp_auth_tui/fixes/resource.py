"""Knows how protected resource metadata is mended (prm-*); must not know what broke it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from mcp_auth_tui.fixes import values
from mcp_auth_tui.fixes.answer import Answer, Change, Fix, NoFix, blank
from mcp_auth_tui.fixes.breach import Breach, Row, answer_of, change_of
from mcp_auth_tui.fixes.documents import ELSEWHERE, resource_document
from mcp_auth_tui.model import Level
from mcp_auth_tui.protocol.challenge import SCOPE_TOKEN
from mcp_auth_tui.protocol.urls import UrlRefused, endpoint, is_private, split

_SCOPES, _ISSUERS = "scopes_supported", "authorization_servers"
_ALGORITHMS, _METHODS = "resource_signing_alg_values_supported", "bearer_methods_supported"
_BROAD = frozenset({"*", "all", "full-access", "full_access"})
_ISSUER = "issuer URL of your authorization server"
_FEW = "the few scopes that basic use needs"


def identical(breach: Breach) -> Answer:
    """Name the MCP URL as the resource (RFC 9728 §3.3)."""
    if not breach.url:
        raise NoFix("The MCP URL of this run is not known.")
    note = f"Right where clients are given {breach.url}: resource is what they compare it with."
    return breach.answer.put(resource=breach.url).note(note)


def _query(breach: Breach) -> Answer:
    if "?" in breach.url:
        raise NoFix("The MCP URL itself has the query: give it a path of its own, and name that.")
    return identical(breach)


def serve_here(breach: Breach) -> Fix:
    """Serve the document where it was looked for; a 404 where another place has it already."""
    exchange, resource = breach.exchange, breach.session.resource
    contact = breach.session.contact
    named = contact.params("resource_metadata") if contact is not None else ()
    if breach.finding.level is Level.INFO and exchange.request.url not in named:
        return Fix((breach.change(Answer(404, breach.head.headers).note(ELSEWHERE)),))
    found = breach.got(resource.url) if resource is not None and resource.url else None
    known = answer_of(found).document if found is not None else None
    document = resource_document(breach) if known is None else known
    return Fix((breach.serving(_place(breach), document),))


def _place(breach: Breach) -> str:
    """Return the place that the challenge names on the server's own origin, else the standard's."""
    contact = breach.session.contact
    named = contact.params("resource_metadata") if contact is not None else ()
    asked = (place for place in named if breach.got(place) is not None)
    return next(asked, breach.place)


def unwrap(breach: Breach) -> Answer:
    """Take the one object out of a list; anything else is no document that could be corrected."""
    response = breach.exchange.response
    try:
        value: Any = json.loads(response.text) if response is not None else None
    except (ValueError, RecursionError):
        value = None
    if isinstance(value, list) and len(value) == 1 and isinstance(value[0], dict):
        return breach.head.as_document(value[0])
    return breach.answer


def _issuers(breach: Breach) -> Answer:
    value = breach.answer.at(f"/{_ISSUERS}")
    listed = [value] if isinstance(value, str) and value else [blank(_ISSUER)]
    return breach.answer.put(**{_ISSUERS: listed})


def _issuer_urls(breach: Breach) -> Answer:
    """Return each entry as the issuer that it most likely is; what cannot be one is a blank."""
    listed = values.texts(breach.answer.at(f"/{_ISSUERS}"))
    issuers = dict.fromkeys(_issuer(item) for item in listed if isinstance(item, str))
    note = "An issuer is the URL that the server's own metadata has in its member issuer."
    return breach.answer.put(**{_ISSUERS: list(issuers)}).note(note)


def _issuer(item: str) -> str:
    origin, mark, rest = values.bare(item).partition("/.well-known/")
    plain = origin + (rest[rest.find("/") :] if "/" in rest else "") if mark else origin
    plain = values.https(plain) if values.is_https(plain) else plain
    try:
        return item if plain == item else endpoint(plain)
    except UrlRefused:
        return blank(_ISSUER)


def without_empty(breach: Breach, *empty: Any) -> Answer:
    """Leave out the members that have no value."""
    document = breach.answer.document or {}
    names = [name for name, value in document.items() if any(value == none for none in empty)]
    return breach.answer.drop(*names)


def _public(breach: Breach) -> Answer:
    """Let the owner name the public host in the place of one that is known inside only."""
    pointer = breach.finding.pointer
    value = breach.answer.at(pointer)
    if isinstance(value, list):
        return breach.answer.set(pointer, [_outside(item) for item in value])
    return breach.answer.set(pointer, _outside(value))


def _outside(value: Any) -> Any:
    try:
        inside = isinstance(value, str) and is_private(split(value).hostname or "")
    except ValueError:
        return value
    return values.public(value) if inside else value


def _scopes(breach: Breach) -> Answer:
    contact = breach.session.contact
    named = (contact.param("scope") or "").split() if contact is not None else []
    return breach.answer.put(**{_SCOPES: named or [blank("the scopes of the server")]})


def _scope_names(breach: Breach) -> Answer:
    scopes: list[str] = []
    for item in values.texts(breach.answer.at(f"/{_SCOPES}")):
        parts = item.split() if isinstance(item, str) else []
        good = bool(parts) and all(SCOPE_TOKEN.match(part) for part in parts)
        scopes += parts if good else [blank("a scope of printable ASCII")]
    return breach.answer.put(**{_SCOPES: list(dict.fromkeys(scopes)) or [blank(_FEW)]})


def _few(breach: Breach) -> Answer:
    listed = values.texts(breach.answer.at(f"/{_SCOPES}"))
    kept = [item for item in listed if str(item).lower() not in _BROAD]
    good = 0 < len(kept) <= 40
    return breach.answer.put(**{_SCOPES: kept if good else [blank(_FEW)]})


def _not_offline(breach: Breach) -> Answer:
    kept = values.without(breach.answer.at(f"/{_SCOPES}"), {"offline_access"})
    return breach.answer.put(**{_SCOPES: kept or [blank(_FEW)]})


def _header_only(breach: Breach) -> Answer:
    kept = values.without(breach.answer.at(f"/{_METHODS}"), {"query"})
    methods = kept if "header" in kept else ["header", *kept]
    return breach.answer.put(**{_METHODS: methods})


def _asymmetric_only(breach: Breach) -> Answer:
    kept = values.without(breach.answer.at(f"/{_ALGORITHMS}"), {"none"})
    answer = breach.answer
    return answer.put(**{_ALGORITHMS: kept}) if kept else answer.drop(_ALGORITHMS)


def _keys(breach: Breach) -> Answer:
    value = breach.answer.at("/jwks_uri")
    if values.is_https(value):
        return breach.answer.put(jwks_uri=values.https(value)).note(values.BY_HTTPS)
    return breach.answer.put(jwks_uri=blank("https URL of the keys"))


def _list_resource(breach: Breach) -> Answer:
    listed = values.with_items(breach.answer.at("/protected_resources"), breach.expected)
    return breach.answer.put(protected_resources=listed)


def as_in_use(breach: Breach, url: str | None, *, both: bool) -> Fix:
    """Make a second copy say what the one says that the run went by."""
    used = breach.got(url)
    if used is None:
        raise NoFix("The copy that the run went by was not fetched in it.")
    ours, other = answer_of(used).document or {}, breach.answer
    theirs = other.document or {}
    differing = {k: v for k, v in ours.items() if (k in theirs or not both) and theirs.get(k) != v}
    surplus = [] if both else [name for name in theirs if name not in ours]
    note = f"Right if {used.request.url} is: which of the two is, only their owner knows."
    change: Change = change_of(breach.exchange, other.put(**differing).drop(*surplus).note(note))
    return Fix((change,))


def as_json(breach: Breach) -> Answer:
    """Call the answer JSON (RFC 8259 §11)."""
    return breach.head.header("content-type", "application/json")


def _copies(breach: Breach) -> Fix:
    resource = breach.session.resource
    return as_in_use(breach, resource.url if resource else None, both=False)


FIXES: Mapping[str, Row] = {
    "prm-missing": serve_here,
    "prm-status": serve_here,
    "prm-html": serve_here,
    "prm-content-type": as_json,
    "prm-json": unwrap,
    "prm-redirect": lambda breach: breach.head.as_document(breach.target_document()),
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
    "prm-empty-array": lambda breach: without_empty(breach, []),
    "prm-null": lambda breach: without_empty(breach, None),
    "prm-no-scopes": _scopes,
    "prm-scope-broad": _few,
    "prm-scope-offline": _not_offline,
    "prm-scope-syntax": _scope_names,
    "prm-bearer-methods": _header_only,
    "prm-alg-none": _asymmetric_only,
    "prm-jwks-http": _keys,
    "prm-copies-differ": _copies,
    "prm-as-crosscheck": _list_resource,
}
