"""Applies a fix to a broken server, as its owner would, and visits the server again."""

from __future__ import annotations

import json as jsonlib
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from mcp_auth_tui.fixes import Answer, Change, Fix, fix_of
from mcp_auth_tui.model import Exchange, Finding, Level, Response, Session
from mcp_auth_tui.protocol import actions, flow
from mcp_auth_tui.protocol.config import Config
from tests.findings.case import Run
from tests.findings.site import Site
from tests.findings.whole import session_of
from tests.protocol.script import Script, header, played


@dataclass(frozen=True)
class Owner:
    """What the owner of a broken server knows and does beside the fix."""

    fills: Mapping[str, Any] = field(default_factory=dict)
    """Blank to value: each blank of the fix has to be here, and nothing else."""
    does: Callable[[Site], Any] = lambda _: None
    """What a note of the fix demands, or a new value brings with it."""
    broken: Run | None = None
    """A server that breaks this rule and is good otherwise, where the usual case breaks more."""
    uncovers: frozenset[str] = frozenset()
    """What the broken rule has hidden: nothing that the fix has made."""


def broken_of(session: Session, id: str) -> Finding:
    """Return the finding of a run that is to be mended."""
    found = [item for item in session.findings if item.id == id and item.level is not Level.OK]
    return found[0]


def filled(value: Any, fills: Mapping[str, Any]) -> Any:
    """Return a value with each blank replaced: whole by any value, inside of a text by text."""
    if isinstance(value, str):
        if value in fills:
            return fills[value]
        for words, known in fills.items():
            value = value.replace(words, str(known))
        return value
    if isinstance(value, Mapping):
        return {key: filled(item, fills) for key, item in value.items()}
    return [filled(item, fills) for item in value] if isinstance(value, list) else value


def encoded(part: Mapping[str, Any]) -> str:
    return urlsafe_b64encode(jsonlib.dumps(part).encode()).rstrip(b"=").decode()


def applied(change: Change, served: Response | None, fills: Mapping[str, Any]) -> Response:
    """Return the answer as it is after the change, octet for octet as a server would send it."""
    after, before = change.after, change.before or Answer(0)
    headers = tuple((name, filled(value, fills)) for name, value in after.headers)
    body = served.body if served is not None else b""
    document = after.document
    altered = (after.jose, after.claims) != (before.jose, before.claims)
    if altered and document is not None:
        parts = (filled(after.jose, fills), filled(after.claims, fills))
        token = ".".join((*(encoded(part) for part in parts), "c2lnbmF0dXJl"))
        document = {**document, "access_token": token}
    if document is not None and document != before.document:
        body = jsonlib.dumps(filled(document, fills)).encode()
    return Response(after.status, headers, body)


@dataclass
class Mended:
    """A site whose owner has made a fix."""

    site: Site
    fix: Fix
    fills: Mapping[str, Any]
    served: Mapping[int, Exchange]
    """The exchanges with the broken site."""

    def perform(self, action: Any) -> Any:
        reply = self.site.perform(action)
        if isinstance(action, actions.Send) and isinstance(reply, Exchange):
            return replace(reply, result=self._answer(reply))
        return reply

    def _answer(self, exchange: Exchange) -> Any:
        request, result = exchange.request, exchange.result
        for change in self.fix.changes:
            if (request.method, request.url) != (change.method, change.url):
                continue
            shown = self.served.get(change.exchange or 0)
            served = shown.response if shown is not None else None
            if change.before is None or (shown is not None and _same(shown, exchange)):
                made = applied(change, served, self.fills)
                self._know(served, made)
                return made
        return result

    def _know(self, served: Response | None, made: Response) -> None:
        """The server that issues another token takes that one."""
        before, after = (_token(item) for item in (served, made))
        if before in self.site.tokens and after:
            self.site.tokens[after] = self.site.tokens[before]


def _same(shown: Exchange, exchange: Exchange) -> bool:
    """Whether it was asked and answered alike: with a token or without, for the same grant."""
    return shown.result == exchange.result and _asked(shown) == _asked(exchange)


def _asked(exchange: Exchange) -> tuple[bool, str]:
    request = exchange.request
    grant = next((item.raw for item in request.form or () if item.name == "grant_type"), "")
    return bool(header(request, "Authorization")), grant


def _token(response: Response | None) -> str:
    try:
        value = jsonlib.loads(response.body) if response is not None else None
    except ValueError:
        return ""
    return str(value.get("access_token", "")) if isinstance(value, dict) else ""


def visited(run: Run) -> Session:
    """Visit a site as it is."""
    return session_of(run.site(), **run.settings)


def visited_again(run: Run, fix: Fix, session: Session, owner: Owner) -> Script:
    """Visit a site after its owner has made a fix."""
    site = run.site()
    owner.does(site)
    served = {item.number: item for item in session.exchanges}
    mended = Mended(site, fix, owner.fills, served)
    config = Config(**{"url": site.url, **run.settings})
    return played(flow.run(config, None), mended.perform)


def fix_for(session: Session, id: str) -> Fix | None:
    """Return the fix of a finding of a run."""
    return fix_of(session, broken_of(session, id))
