"""Knows which earlier finding explains how a run ended; must not know how either came about."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, TypeVar

from mcp_auth_tui.findings import CATALOGUE
from mcp_auth_tui.model import Finding, Level, Whose
from mcp_auth_tui.protocol.actions import FlowStop, Protocol

T = TypeVar("T")

# What explains an end, by the beginning of its id, the likeliest first.
_CAUSES = {
    "authz-timeout": ("authz-page", "cimd-own-", "dcr-redirects-changed"),
    "authz-client-refused": ("cimd-own-",),
    "authz-error": ("cimd-own-",),
    "rs-fresh-token-refused": ("jwt-aud", "jwt-iss", "jwt-is-id-token"),
    "token-error": ("cimd-own-", "dcr-secret-expiry", "dcr-method-unlisted"),
}
# Where the end itself has to be about the client.
_OF_CLIENT = ("invalid_client", "unauthorized_client", "HTTP 401")


def remembered(body: Protocol[T], findings: list[Finding]) -> Protocol[T]:
    """Run a body and keep the findings that it tells."""
    reply: Any = None
    while True:
        try:
            item = body.send(reply)
        except StopIteration as done:
            result: T = done.value
            return result
        if isinstance(item, Finding):
            findings.append(item)
        reply = yield item


def explained(stopped: FlowStop, findings: list[Finding]) -> FlowStop:
    """Return the end of a run with the finding that explains it as its first line.

    Who mends that one mends the end.
    """
    stop = stopped.finding
    if stop.id == "token-error" and not any(word in stop.seen for word in _OF_CLIENT):
        return stopped
    likely = (
        finding
        for prefix in _CAUSES.get(stop.id, ())
        for finding in findings
        if finding.id.startswith(prefix) and _weighs(finding)
    )
    cause = next(likely, None)
    if cause is None:
        return stopped
    # What any such end advises says less than what its cause does.
    plain = stop.meanwhile == CATALOGUE[stop.id].meanwhile
    meanwhile = cause.meanwhile or stop.meanwhile if plain else stop.meanwhile or cause.meanwhile
    told = replace(
        stop,
        message=f"{cause.message} {stop.message}",
        seen=f"{cause.id}: {cause.seen}; {stop.seen}",
        next=cause.next,
        meanwhile="" if cause.whose is Whose.CLIENT else meanwhile,
        whose=cause.whose,
    )
    return FlowStop(told, stopped.place)


def _weighs(finding: Finding) -> bool:
    return finding.level in (Level.FATAL, Level.ERROR) or finding.id == "authz-page"
