"""Knows how one endpoint of a metadata document is judged before it is used; fetches nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mcp_auth_tui.findings.rule import REPORT
from mcp_auth_tui.model import Exchange
from mcp_auth_tui.protocol.actions import Protocol
from mcp_auth_tui.protocol.certificate import alias_pointer, aliases
from mcp_auth_tui.protocol.checks.check import as_seen
from mcp_auth_tui.protocol.discovery import by_hand
from mcp_auth_tui.protocol.judge import Judge
from mcp_auth_tui.protocol.urls import UrlRefused, endpoint, is_private, split


def read_endpoint(
    judge: Judge, issuer: str, document: Mapping[str, Any], name: str, exchange: Exchange
) -> Protocol[str | None]:
    """Check an endpoint before anything uses or shows it as a link (A7); None where there is none.

    One that was given by hand goes before the document's. Raises `FlowStop`.
    """
    if (given := (yield from by_hand.told(judge, name))) is not None:
        return given
    value = document.get(name)
    if value is None:
        return None
    aliased = name in aliases(judge.config, document)
    pointer = alias_pointer(name) if aliased else f"/{name}"
    way = f"If you know the right one, give it by hand: {by_hand.flag(name)} URL. {REPORT}"
    if not isinstance(value, str):
        judge.stop(
            "as-endpoint-scheme",
            seen=as_seen(value),
            exchange=exchange,
            pointer=pointer,
            exit=4,
            meanwhile=way,
        )
    try:
        endpoint(value)
    except UrlRefused as error:
        id, seen = f"as-endpoint-{error.reason}", f"{value}: {error}"
        if error.reason == "scheme":
            # Nothing lifts this one: such a URL is never opened (SPEC 3).
            judge.stop(id, seen=seen, exchange=exchange, pointer=pointer, exit=4, meanwhile=way)
        yield from judge.refuse(id, seen=seen, exchange=exchange, pointer=pointer, meanwhile=way)
        return value
    for id in ("as-endpoint-scheme", "as-endpoint-http", "as-endpoint-fragment"):
        yield from judge.keep(id, seen=value, exchange=exchange, pointer=pointer)
    near = (issuer, judge.config.url)
    if any(is_private(split(url).hostname or "") for url in near):
        # Who tries a server on his own network expects its addresses to be there.
        return value
    if is_private(split(value).hostname or ""):
        yield from judge.refuse(
            "as-endpoint-private",
            seen=value,
            exchange=exchange,
            pointer=pointer,
            meanwhile=way,
        )
    else:
        yield from judge.keep("as-endpoint-private", exchange=exchange, pointer=pointer)
    return value
