"""Knows how a ``WWW-Authenticate`` field is written anew with parameters changed; knows no rule."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from mcp_auth_tui.fixes.answer import Answer, Blank
from mcp_auth_tui.fixes.breach import Breach
from mcp_auth_tui.fixes.values import some
from mcp_auth_tui.model.oauth import Challenge
from mcp_auth_tui.protocol import challenge
from mcp_auth_tui.protocol.challenge import SCOPE_TOKEN

FIELD = "www-authenticate"
_SCHEMES = ("bearer", "dpop")
Params = tuple[tuple[str, str], ...]


def spell(item: Challenge) -> str:
    """Return a challenge as a field spells it, each value in quotes (RFC 9110 §11.6.1)."""
    quoted = (f'{name}="{_escaped(value)}"' for name, value in item.params)
    return " ".join(part for part in (item.scheme, item.token68, ", ".join(quoted)) if part)


def edit_params(answer: Answer, edit: Callable[[Params], Params]) -> Answer:
    """Return an answer with the parameters of its Bearer and DPoP challenges changed.

    Where there is no such challenge, one is added. Fields that stay are not written anew.
    """
    fields, found = [], False
    for text in answer.all(FIELD):
        items = challenge.parse((text,)).unquoted()
        ours = [item for item in items if is_usable(item)]
        found = found or bool(ours)
        after = [
            replace(item, params=edit(item.params)) if item in ours else item for item in items
        ]
        same = tuple(after) == items
        fields.append(text if same else ", ".join(spell(item) for item in after))
    if not found:
        fields.append(spell(Challenge("Bearer", None, edit(()))))
    return answer.header(FIELD, *fields)


def is_usable(item: Challenge) -> bool:
    """Return whether a challenge is one that MCP uses; one without a scheme was meant so."""
    return item.scheme.lower() in (*_SCHEMES, "")


def challenges(answer: Answer) -> tuple[Challenge, ...]:
    """Return the challenges of an answer, as well as they can be read."""
    return challenge.parse(answer.all(FIELD)).unquoted()


def put(params: Params, **values: str) -> Params:
    """Return parameters with some set; what is there keeps its place."""
    kept = tuple((name, values.get(name, value)) for name, value in params)
    names = {name for name, _ in params}
    return kept + tuple(item for item in values.items() if item[0] not in names)


def drop(params: Params, *names: str) -> Params:
    """Return parameters without some."""
    return tuple(item for item in params if item[0] not in names)


def needed(breach: Breach) -> str:
    """Return the scope of a challenge where it names none: only the owner knows which is needed."""
    resource = breach.session.resource
    scopes = resource.scopes if resource is not None else ()
    return some(scopes, "the scopes that this request needs")


def complete(breach: Breach, params: Params, **more: str) -> Params:
    """Return the parameters of a challenge with what a client needs of it added where it lacks.

    ``resource_metadata`` is where the document was found, else where it belongs; ``scope`` is left
    out where the metadata is known and lists none.
    """
    given = {name for name, _ in params}
    resource = breach.session.resource
    values = {"resource_metadata": (resource and resource.url) or breach.place}
    if resource is None or resource.scopes:
        values["scope"] = needed(breach)
    lacking = {name: value for name, value in values.items() if name not in given}
    return put(params, **more, **lacking)


def refusal(breach: Breach, status: int = 401) -> Answer:
    """Return the answer as a refusal that a client can act on."""
    request = breach.exchange.request
    token = any(item.name.lower() == "authorization" for item in request.headers)
    more = {"error": "invalid_token"} if token else {}
    answer = replace(breach.head, status=status).header("location")
    return edit_params(answer, lambda params: complete(breach, params, **more))


def divide(value: str) -> str:
    """Return scopes divided by blanks, without what no scope may hold."""
    parts = value.replace(",", " ").split()
    good = [part for part in parts if SCOPE_TOKEN.match(part)]
    return " ".join(good) if len(good) == len(parts) else Blank("<scopes of printable ASCII>")


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"')
