"""Knows which scope is asked for, and why (Z4, Z5); must not know how."""

from __future__ import annotations

from mcp_auth_tui.model.oauth import AuthorizationServer, Resource
from mcp_auth_tui.protocol.challenge import SCOPE
from mcp_auth_tui.protocol.judge import Judge
from mcp_auth_tui.records import dataclass

OFFLINE = "offline_access"
OPENID = "openid"


@dataclass(frozen=True, slots=True)
class Scope:
    """The scope to ask for, and why; ``value`` None: the parameter is left out (Z4)."""

    value: str | None
    reason: str


def choose_scope(
    judge: Judge,
    challenged: str | None,
    resource: Resource,
    server: AuthorizationServer,
    before: frozenset[str] = frozenset(),
    *,
    again: bool = False,
) -> Scope:
    """Choose the scope (Z4, Z5): typed > challenge > all of the PRM > none.

    ``before`` is what was asked for and granted earlier in this run: a step-up asks for the union
    (SPEC 7, item 10), so that nothing usable is lost. ``offline_access`` is added only if the
    authorization server lists it, and a refresh is wanted: under 2026-07-28, where tokens are kept,
    or as asked (``--refresh``; SPEC 8.7). ``again``: it was not enough before.
    """
    config, again = judge.config, again or bool(before)
    chosen = _chosen(judge, challenged, resource, server, before, again=again)
    if config.id_token and OPENID not in (chosen.value or "").split() and config.scope is None:
        value = f"{chosen.value or ''} {OPENID}".lstrip()
        return Scope(value, f"{chosen.reason}; {OPENID}: for the ID token (--id-token)")
    return chosen


def _chosen(
    judge: Judge,
    challenged: str | None,
    resource: Resource,
    server: AuthorizationServer,
    before: frozenset[str],
    *,
    again: bool,
) -> Scope:
    config = judge.config
    if config.scope is not None and not again:
        return Scope(config.scope or None, "as asked by --scope")
    challenged = " ".join(item for item in (challenged or "").split() if SCOPE.match(item))
    if again:
        wanted = sorted(before | set(challenged.split()))
        return Scope(
            " ".join(wanted) or None, "step-up: asked and granted before, and the challenge"
        )
    if challenged:
        chosen, reason = challenged, "from the challenge"
    elif resource.scopes:
        chosen, reason = " ".join(resource.scopes), "all scopes_supported of the resource"
    else:
        chosen, reason = "", "nobody named a scope"
    listed = server.list("scopes_supported") or ()
    stays = judge.stateless or config.keep_tokens
    refresh = config.refresh or (stays and bool(chosen))
    if refresh and OFFLINE in listed and OFFLINE not in chosen.split():
        return Scope(f"{chosen} {OFFLINE}".lstrip(), f"{reason}; {OFFLINE}: listed by the server")
    return Scope(chosen, reason) if chosen else Scope(None, f"{reason}: the parameter is left out")
