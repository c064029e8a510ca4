"""Runs to write down, and how they are written in a form; must not test anything."""

from __future__ import annotations

from typing import Any

from mcp_auth_tui.inspect.formats import Setting, form
from mcp_auth_tui.model import Ended, Level, Outcome, Response, Session
from tests.inspect.world import GOOD, ISSUER, PRM, URL, inspected, metadata, resource, server

EVIL = (
    "\x1b]52;c;ZWNobw==\x07\x9b31m\u202e``` <script>alert(1)</script> <img src=x onerror=y>"
    " ]]> &amp; | [x](javascript:y) @everyone #1 \\ {0} \"'\u2028\x00\x7f\ufffe"
)
BAD = {**GOOD, PRM: resource(resource="https://other.example.com/mcp")}


def ended(session: Session) -> Session:
    fatal = [item for item in session.findings if item.level is Level.FATAL]
    stop = fatal[0] if fatal else None
    outcome = Outcome.REFUSED if stop else Outcome.OK
    return session.apply(Ended(outcome, session.started + 1, stop, int(bool(stop))))


def evil(text: str) -> Session:
    """A server that writes this wherever it may write something."""
    head = (("www-authenticate", f'Bearer realm="{text}", resource_metadata="{PRM}"'),)
    answers = {
        URL: Response(401, (*head, ("x-odd", text)), text.encode("utf-8", "surrogatepass")),
        PRM: resource(ISSUER, resource=text or "x", resource_name=text, scopes_supported=[text]),
        metadata(ISSUER): server(authorization_endpoint=text, issuer=text or "x"),
    }
    return ended(inspected(answers))


def written(name: str, *sessions: Session, complete: bool = True, **setting: Any) -> str:
    writer = form(name, Setting(**setting))
    return writer.head() + "".join(map(writer.one, sessions)) + writer.tail(complete=complete)
