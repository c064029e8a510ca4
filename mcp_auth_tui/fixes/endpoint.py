"""Knows how refusals of the MCP server are mended (rs-*); judges nothing."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import replace

from mcp_auth_tui.fixes import challenge
from mcp_auth_tui.fixes.answer import Answer, Fix, NoFix, blank
from mcp_auth_tui.fixes.breach import Breach, Row, answer_of, change_of, head_of
from mcp_auth_tui.fixes.challenge import FIELD, Params, edit_params
from mcp_auth_tui.fixes.documents import resource_document
from mcp_auth_tui.protocol.checks.challenge import divided

_ERRORS = ("error", "error_description", "error_uri")


def _syntax(breach: Breach) -> Answer:
    """Write every field anew: what could be read of it, with each value in quotes."""
    head = breach.head
    items = challenge.challenges(head)
    if not any(item.params or item.token68 for item in items):
        raise NoFix("What the header is meant to say cannot be read.")
    named = (replace(item, scheme=item.scheme or "Bearer") for item in items)
    return head.header(FIELD, ", ".join(challenge.spell(item) for item in named))


def _once(breach: Breach) -> Answer:
    def edit(params: Params) -> Params:
        values = {name: [v for key, v in params if key == name] for name, _ in params}
        kept = ((name, dict.fromkeys(each)) for name, each in values.items())
        return tuple(
            (name, each.popitem()[0] if len(each) == 1 else blank("the one that is meant"))
            for name, each in kept
        )

    return edit_params(breach.head, edit)


def _characters(breach: Breach) -> Answer:
    resource = breach.session.resource

    def corrected(name: str, value: str) -> str:
        if name == "scope":
            listed = resource.scopes if resource is not None else ()
            return challenge.divide(divided(value, listed) or value)
        if name in _ERRORS[:2]:
            plain = unicodedata.normalize("NFKD", value).encode("ascii", "ignore").decode()
            return "".join(c for c in plain if c.isprintable() and c not in '"\\')
        return value

    return edit_params(
        breach.head, lambda params: tuple((name, corrected(name, value)) for name, value in params)
    )


def _scheme(breach: Breach) -> Answer:
    """Offer Bearer: in the place of a scheme that has the parameters of it, else beside it."""
    head = breach.head.note("Right only if the server takes Bearer tokens.")
    fields = []
    for item in challenge.challenges(head):
        meant = item.get("resource_metadata") is not None
        fields.append(challenge.spell(replace(item, scheme="Bearer") if meant else item))
    return _whole(breach, head.header(FIELD, *fields))


def _whole(breach: Breach, answer: Answer) -> Answer:
    return edit_params(answer, lambda params: challenge.complete(breach, params))


def _name_place(breach: Breach) -> Fix:
    """Let the challenge name the place where the document is, or serve it where it belongs."""
    contact, resource = breach.session.contact, breach.session.resource
    number = contact.exchange if contact is not None else None
    refused = next((item for item in breach.session.exchanges if item.number == number), None)
    if refused is None:
        raise NoFix("The refusal that names the address is none of this run.")
    head = edit_params(
        head_of(refused), lambda params: challenge.put(params, resource_metadata=breach.place)
    )
    header = change_of(refused, head)
    if resource is not None and resource.url == breach.place:
        return Fix((header,))
    found = breach.got(resource.url) if resource is not None else None
    document = answer_of(found).document if found is not None else None
    document = resource_document(breach) if document is None else document
    place = breach.serving(breach.place, document)
    return Fix((place,) if header.before == header.after else (header, place))


def _no_offline(breach: Breach) -> Answer:
    def edit(params: Params) -> Params:
        scope = dict(params).get("scope", "").split()
        rest = " ".join(item for item in scope if item != "offline_access")
        return challenge.put(params, scope=rest) if rest else challenge.drop(params, "scope")

    return edit_params(breach.head, edit)


def _name_scopes(breach: Breach) -> Answer:
    return edit_params(
        breach.head, lambda params: challenge.put(params, scope=challenge.needed(breach))
    )


def _algorithms(breach: Breach) -> Answer:
    session = breach.session
    documents = (session.resource and session.resource.document) or {}
    listed = documents.get("dpop_signing_alg_values_supported") or (
        session.server.list("dpop_signing_alg_values_supported") if session.server else None
    )
    texts = [item for item in listed or () if isinstance(item, str)]
    value = " ".join(texts) or blank("the algorithms of proofs that the server takes")

    def edit(params: Params) -> Params:
        return challenge.put(params, algs=value)

    head = breach.head
    fields = []
    for item in challenge.challenges(head):
        bound = item.scheme.lower() == "dpop" and item.get("algs") is None
        fields.append(challenge.spell(replace(item, params=edit(item.params)) if bound else item))
    return head.header(FIELD, *fields)


FIXES: Mapping[str, Row] = {
    "rs-401-no-challenge": lambda breach: _whole(breach, breach.head),
    "rs-challenge-syntax": _syntax,
    "rs-challenge-dup-param": _once,
    "rs-challenge-charset": _characters,
    "rs-challenge-scheme": _scheme,
    "rs-challenge-bare": lambda breach: _whole(breach, breach.head),
    "rs-challenge-no-prm": lambda breach: _whole(breach, breach.head),
    "rs-prm-url-bad": _name_place,
    "rs-prm-url-dead": _name_place,
    "rs-prm-url-foreign": _name_place,
    "rs-prm-url-nonstandard": _name_place,
    "rs-challenge-no-scope": _name_scopes,
    "rs-challenge-offline": _no_offline,
    "rs-challenge-error-early": lambda breach: edit_params(
        breach.head, lambda params: challenge.drop(params, *_ERRORS)
    ),
    "rs-challenge-error-absent": lambda breach: edit_params(
        breach.head, lambda params: challenge.put(params, error="invalid_token")
    ),
    "rs-wrong-status": challenge.refusal,
    "rs-login-redirect": challenge.refusal,
    "rs-200-auth-error": challenge.refusal,
    "rs-version-masks-auth": challenge.refusal,
    "dpop-algs-param": _algorithms,
}
