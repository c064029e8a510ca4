"""Knows how answers of the MCP server to a token are mended (rs-*); judges nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from mcp_auth_tui.fixes import challenge
from mcp_auth_tui.fixes.answer import Answer, Fix, NoFix, blank
from mcp_auth_tui.fixes.breach import Breach, Row, answer_of, change_of, head_of
from mcp_auth_tui.fixes.challenge import Params, edit_params
from mcp_auth_tui.model import Exchange

_INSUFFICIENT = "insufficient_scope"


def _forbid(breach: Breach) -> Answer:
    """Return a 403 that says which scopes are missing and where the metadata is."""
    answer = replace(breach.head, status=403)

    def edit(params: Params) -> Params:
        named = dict(params).get("scope")
        scope = named or blank("the scopes that this request needs")
        whole = challenge.put(params, error=_INSUFFICIENT, scope=scope)
        return challenge.complete(breach, whole)

    return edit_params(answer, edit)


def _all_at_once(breach: Breach) -> Fix:
    """Let the first challenge name every scope that the second one adds."""
    items = [item for item in breach.session.exchanges if item.status == 403]
    before = [item for item in items if item.number < breach.exchange.number]
    if not before:
        raise NoFix("The challenge before it is none of this run.")
    scopes = dict.fromkeys(scope for item in (before[-1], breach.exchange) for scope in _of(item))
    head = head_of(before[-1])
    after = edit_params(head, lambda params: challenge.put(params, scope=" ".join(scopes)))
    return Fix((change_of(before[-1], after),))


def _of(exchange: Exchange) -> list[str]:
    named = (item.get("scope") for item in challenge.challenges(head_of(exchange)))
    return next((value.split() for value in named if value), [])


def _least(breach: Breach) -> Answer:
    what = blank("the least scopes that this request needs")
    return edit_params(breach.head, lambda params: challenge.put(params, scope=what))


def _no_token(breach: Breach) -> Answer:
    """Take the token out of wherever the answer repeats it."""
    request = breach.exchange.request
    sent = (item.raw for item in request.headers if item.name.lower() == "authorization")
    token = next(sent, "").partition(" ")[2]
    if not token:
        raise NoFix("The request carried no token.")

    def cleared(value: Any) -> Any:
        if isinstance(value, str):
            return value.replace(token, "")
        if isinstance(value, dict):
            return {key: cleared(item) for key, item in value.items()}
        return [cleared(item) for item in value] if isinstance(value, list) else value

    head = breach.head
    fields = tuple((name, value.replace(token, "")) for name, value in head.headers)
    if fields != head.headers:
        return replace(head, headers=fields)
    answer = breach.answer
    return replace(answer, document=cleared(answer.document))


def _agree(breach: Breach) -> Answer:
    """Answer ``initialize`` as the server did when it was asked in its own revision."""
    method = (breach.exchange.request.json or {}).get("method")
    for other in breach.session.exchanges:
        same = (other.request.json or {}).get("method") == method
        if same and other.status == 200 and other.number > breach.exchange.number:
            document = {**(answer_of(other).document or {}), "id": breach.sent.get("id")}
            return breach.head.as_document(document)
    raise NoFix("The server answered no other initialize, so its answer is not known.")


FIXES: Mapping[str, Row] = {
    "rs-invalid-token-not-401": challenge.refusal,
    "rs-scope-as-401": _forbid,
    "rs-403-no-challenge": _forbid,
    "rs-403-incomplete": _forbid,
    "rs-stepup-drip": _all_at_once,
    "rs-stepup-catalog": _least,
    "rs-token-echo": _no_token,
    "rs-revision-refused": _agree,
    "rs-sse-on-post": lambda breach: (
        replace(breach.head, status=405).header("content-type").header("allow", "GET")
    ),
}
