"""Knows what a refusal of the scopes means, by what was asked for and why; asks for none."""

from __future__ import annotations

from dataclasses import replace

from mcp_auth_tui.findings.rule import REPORT
from mcp_auth_tui.model import Finding, Whose
from mcp_auth_tui.model.oauth import AuthorizationServer
from mcp_auth_tui.protocol.actions import FlowStop
from mcp_auth_tui.protocol.authorization.scope import OFFLINE, Scope
from mcp_auth_tui.text.patterns import pattern

_OF_SCOPE = pattern(r"(?i)scope")
_LONGEST = 200
"""The most characters of scopes that are named in an option."""
_NAMES_NONE = "The authorization server wants scopes, and the MCP server names none."
_NAME_THEM = (
    "Name the scopes that basic use needs in the challenge (scope) or in scopes_supported of the"
    " resource's metadata."
)


def refuses(stop: Finding) -> bool:
    """Return whether a sign-in ended over its scopes."""
    return stop.id == "authz-error" and _OF_SCOPE.search(stop.seen) is not None


def without_offline(stop: Finding, scope: Scope, *, typed: bool) -> Scope | None:
    """Return what is left to ask for where ``offline_access`` was added and may be what is refused.

    None where it was not, or where a person typed the scopes. Who stays signed in is optional: it
    refuses nobody a token.
    """
    asked = (scope.value or "").split()
    if typed or not refuses(stop) or OFFLINE not in asked:
        return None
    rest = " ".join(item for item in asked if item != OFFLINE)
    return Scope(rest or None, f"{OFFLINE} was refused")


def explained(stopped: FlowStop, server: AuthorizationServer, scope: Scope) -> FlowStop:
    """Return the end of a sign-in over its scopes, with those to ask for and who has to act."""
    stop, asked = stopped.finding, (scope.value or "").split()
    if not refuses(stop):
        return stopped
    listed = server.list("scopes_supported") or ()
    unknown = [item for item in asked if item not in listed] if listed else []
    if not asked:
        way = _option(listed) or "--scope SCOPES, those that the server has"
        told = replace(
            stop,
            message=_NAMES_NONE,
            next=_NAME_THEM,
            meanwhile=f"Name scopes by hand: {way}. {REPORT}",
            whose=Whose.SERVER,
        )
        return FlowStop(told, stopped.place)
    known = _option([item for item in asked if item in listed])
    if not unknown or stop.whose is Whose.CLIENT:
        offered = f" The server lists: {' '.join(listed)[:_LONGEST]}." if listed else ""
        return FlowStop(replace(stop, next=f"{stop.next}{offered}"), stopped.place)
    told = replace(
        stop,
        next="Let both servers name the same scopes. Wanted by the MCP server (challenge or"
        f" metadata), and not in scopes_supported here: {' '.join(unknown)[:_LONGEST]}.",
        meanwhile=f"Ask for those that both know: {known}. {REPORT}" if known else stop.meanwhile,
    )
    return FlowStop(told, stopped.place)


def _option(scopes: list[str] | tuple[str, ...]) -> str:
    """Return the option that asks for scopes, fit for a shell; empty where there is none."""
    value = " ".join(scopes)
    plain = value and len(value) <= _LONGEST and "'" not in value
    return f"--scope '{value}'" if plain else ""
