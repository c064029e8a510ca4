"""Whole runs against a site in memory as sessions, and everything that writes a session down."""

from __future__ import annotations

import json as jsonlib
import xml.etree.ElementTree as ET
from typing import Any
from unicodedata import category

from mcp_auth_tui.exports import EXPORTS, rendered
from mcp_auth_tui.inspect.formats import FORMATS
from mcp_auth_tui.model import Ended, Exchanged, Level, Outcome, Session, Started
from mcp_auth_tui.render.document import document, dumped
from tests.findings.site import Site
from tests.inspect.written import written


def session_of(world: Site, **settings: Any) -> Session:
    """Run the flow against a site, and fold what happened as a person would be shown it."""
    script = world.run(**settings)
    assert script.stop is not None or script.result in (Outcome.OK, Outcome.OPEN)
    session = Session().apply(Started(world.url, 1000.0))
    for event in (*(Exchanged(item) for item in world.crossed), *script.notes):
        session = session.apply(event)
    if script.stop is None:
        return session.apply(Ended(script.result, 2000.0, None, 0))
    outcome = Outcome.REFUSED if script.stop.exit == 4 else Outcome.FAILED
    return session.apply(script.stop).apply(Ended(outcome, 2000.0, script.stop, 1))


def assert_well_formed(session: Session, name: str) -> None:
    """A form (of `FORMATS`) is what it says it is, and holds nothing that a terminal acts by."""
    text = written(name, session, fail_on=Level.WARNING)
    # A blank of another width is no printable character to Python, and harmless to a terminal; so
    # is the tab that a body keeps (`terminal.harmless`).
    odd = {c for c in text if c not in "\n\t" and not c.isprintable() and category(c) != "Zs"}
    assert not odd, f"{odd!r} in {name}"
    text.encode()
    if name in ("json", "jsonl", "sarif"):
        jsonlib.loads(text)
    elif name == "junit":
        ET.fromstring(text)


def assert_well_formed_everywhere(session: Session) -> None:
    """The same for every form, for the document of the flow with its secrets, and the exports."""
    for name in FORMATS:
        assert_well_formed(session, name)
    jsonlib.loads(dumped(document(session, reveal=True)))
    for name in EXPORTS:
        rendered(name, session, lambda _: None).encode()
