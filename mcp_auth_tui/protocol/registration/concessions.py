"""Knows what a registration can do without, or add, where it was refused for it; sends nothing.

Each is tried once: optional things do not cost a person the registration.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from mcp_auth_tui.model import Exchange, Field
from mcp_auth_tui.model.oauth import AuthorizationServer
from mcp_auth_tui.protocol import error_answer
from mcp_auth_tui.protocol.tokens.authentication import METHODS
from mcp_auth_tui.records import dataclass
from mcp_auth_tui.text.patterns import pattern

_REFRESH = "refresh_token"
_SCOPE, _GRANTS, _METHOD = "scope", "grant_types", "token_endpoint_auth_method"
# RFC 8252 §7.3: of a loopback address the port is free, and nobody will be sent there.
_NOWHERE = "http://127.0.0.1/callback"
# What a sentence calls a member, where it does not name it as it is written.
_CALLED = {
    "redirect_uris": r"redirect",
    _SCOPE: r"scope",
    _GRANTS: r"grant",
    _METHOD: r"auth(entication)?[\s_-]?method|public client",
}
# What a server may refuse to know (RFC 7591 §2 has it ignore that), and nothing rests on.
_SPARE = ("software_id", "software_version", "application_type", "dpop_bound_access_tokens")
_TAKEN = pattern(r"(?i)\balready\b.{0,20}\b(exists?|registered|taken|in use)\b")
_NO_REFRESH = pattern(
    r"(?i)\b(un|not )(supported|allowed|permitted)[^.]{0,40}\brefresh_token\b"
    r"|\brefresh_token\b[^.]{0,30}\b(un|not )(supported|allowed|permitted)\b"
)
# Refusals about something else than what was asked for: who asks, where, and how often.
_ELSEWHERE = (401, 404, 405, 410, 429)
_FORBIDDEN = 403


@dataclass(frozen=True, slots=True)
class Concession:
    """A registration request that a server may take after it refused the one before."""

    finding: str
    """The finding that tells of it."""
    about: str
    """What was refused, or lacked."""
    members: tuple[Field, ...]


def about_redirect(words: error_answer.ErrorAnswer) -> bool:
    """Return whether a refusal is about the redirect address, whatever its code says."""
    named = _named(words.text)[:1] == ["redirect_uris"] and not _TAKEN.search(words.text)
    return words.code == "invalid_redirect_uri" or named


def concessions(
    server: AuthorizationServer,
    members: tuple[Field, ...],
    refusal: Exchange,
    *,
    chosen: bool = False,
) -> Iterator[Concession]:
    """Return what a refusal leaves to be tried: at most one for each thing it may be about.

    What its sentence names first comes first. ``chosen``: a person chose the way of authentication.
    """
    words = error_answer.read(refusal)
    # An error that is answered with success is a refusal like any other.
    if refusal.status // 100 not in (2, 4) or refusal.status in _ELSEWHERE or words.blocked:
        return
    by_name = {field.name: field for field in members}
    if about_redirect(words):
        if "redirect_uris" not in by_name and refusal.status != _FORBIDDEN:
            yield _with_redirect(members)
        return
    named = _named(words.text)
    # Some servers say only that they do not like it.
    if words.code == "invalid_scope" or (words.code == "invalid_client_metadata" and not named):
        named = [_SCOPE, _GRANTS] if not words.text else [_SCOPE]
    for name in named:
        if name == _SCOPE and name in by_name:
            yield Concession(
                "dcr-scope-refused", f"scope: {by_name[name].raw}", _rest(name, members)
            )
        elif name == _GRANTS:
            listed = server.list("grant_types_supported")
            if (listed is not None and _REFRESH not in listed) or _NO_REFRESH.search(words.text):
                yield from _without_refresh(members)
        elif name == _METHOD and not chosen:
            yield from _by_other_method(server, members, words.text)
        elif name in _SPARE and name in by_name:
            yield _spared(by_name[name], _rest(name, members))


def _named(text: str) -> list[str]:
    """Return the members that a sentence speaks of, in its order."""
    order = {}
    for name in (*_CALLED, *_SPARE):
        if found := re.search(rf"(?i){_CALLED.get(name, name)}", text):
            order[name] = found.start()
    return sorted(order, key=lambda name: order[name])


def _rest(name: str, members: tuple[Field, ...]) -> tuple[Field, ...]:
    return tuple(field for field in members if field.name != name)


def _spared(field: Field, rest: tuple[Field, ...]) -> Concession:
    return Concession("dcr-member-refused", f"{field.name}: {field.raw}", rest)


def _replaced(
    members: tuple[Field, ...], name: str, value: object, reason: str
) -> tuple[Field, ...]:
    return tuple(
        Field(name, json.dumps(value), reason, field.source) if field.name == name else field
        for field in members
    )


def _with_redirect(members: tuple[Field, ...]) -> Concession:
    reason = "the server registers nobody without one; the flow does not use it"
    field = Field("redirect_uris", json.dumps([_NOWHERE]), reason, "RFC 8252 §7.3")
    return Concession("dcr-redirect-demanded", "no redirect_uris", (*members, field))


def _without_refresh(members: tuple[Field, ...]) -> Iterator[Concession]:
    grants = next(json.loads(field.raw) for field in members if field.name == _GRANTS)
    rest = [name for name in grants if name != _REFRESH]
    if rest == grants:
        return
    reason = "the flow; the server refused refresh_token"
    fields = _replaced(members, _GRANTS, rest, reason)
    yield Concession("dcr-refresh-refused", f"grant_types: {', '.join(grants)}", fields)


def _by_other_method(
    server: AuthorizationServer, members: tuple[Field, ...], text: str
) -> Iterator[Concession]:
    """Offer another way of authentication: one that the refusal names, or that is listed."""
    field = next(field for field in members if field.name == _METHOD)
    sent = json.loads(field.raw)
    listed = server.list("token_endpoint_auth_methods_supported") or METHODS[:1]
    order = [name for name in reversed(METHODS) if name != sent]
    able = [name for name in order if re.search(rf"\b{name}\b", text)]
    able += [name for name in order if name in listed]
    if able:
        reason = f"the server refused {sent}"
        fields = _replaced(members, _METHOD, able[0], reason)
        yield Concession("dcr-member-refused", f"{_METHOD}: {sent}", fields)
