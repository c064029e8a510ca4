"""Knows what a registration can do without, or add, where it was refused for it; sends nothing.

Each is tried once: optional things do not cost a person the registration.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from mcp_auth_tui.model import Exchange, Field
from mcp_auth_tui.model.oauth import AuthorizationServer
from mcp_auth_tui.protocol import error_answer
from mcp_auth_tui.records import dataclass

_REFRESH = "refresh_token"
# RFC 8252 §7.3: of a loopback address the port is free, and nobody will be sent there.
_NOWHERE = "http://127.0.0.1/callback"


@dataclass(frozen=True, slots=True)
class Concession:
    """A registration request that a server may take after it refused the one before."""

    finding: str
    """The finding that tells of it."""
    about: str
    """What was refused, or lacked."""
    members: tuple[Field, ...]


def concessions(
    server: AuthorizationServer, members: tuple[Field, ...], refusal: Exchange
) -> Iterator[Concession]:
    """Return what a refusal leaves to be tried: at most one for each thing it may be about."""
    words = error_answer.read(refusal)
    if not 400 <= refusal.status < 500 or refusal.status in (401, 403, 404, 429) or words.blocked:
        return
    by_name = {field.name: field for field in members}
    text = words.words.lower()
    if words.code == "invalid_redirect_uri" or "redirect" in text:
        if "redirect_uris" not in by_name:
            yield _with_redirect(members)
        return
    # Some servers say only that they do not like it.
    silent = words.code == "invalid_client_metadata" and not words.text
    if "scope" in by_name and (words.code == "invalid_scope" or "scope" in text or silent):
        rest = tuple(field for field in members if field.name != "scope")
        yield Concession("dcr-scope-refused", f"scope: {by_name['scope'].raw}", rest)
    listed = server.list("grant_types_supported")
    if listed is not None and _REFRESH not in listed and ("grant" in text or silent):
        yield from _without_refresh(members)


def _with_redirect(members: tuple[Field, ...]) -> Concession:
    reason = "the server registers nobody without one; the flow does not use it"
    field = Field("redirect_uris", json.dumps([_NOWHERE]), reason, "RFC 8252 §7.3")
    return Concession("dcr-redirect-demanded", "no redirect_uris", (*members, field))


def _without_refresh(members: tuple[Field, ...]) -> Iterator[Concession]:
    grants = next(json.loads(field.raw) for field in members if field.name == "grant_types")
    rest = [name for name in grants if name != _REFRESH]
    if rest == grants:
        return
    reason = "the flow; the server refused refresh_token, which it does not list"
    fields = tuple(
        Field(field.name, json.dumps(rest), reason, field.source)
        if field.name == "grant_types"
        else field
        for field in members
    )
    yield Concession("dcr-refresh-refused", f"grant_types: {', '.join(grants)}", fields)
