"""Knows how a recording is read, whoever wrote it; must not know how it is shown.

It is shown as far as it goes: the first line that cannot be read ends it, and so do the limits.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

from mcp_auth_tui.model import Event, Exchanged, Session, Started
from mcp_auth_tui.recordings.codec import shape
from mcp_auth_tui.recordings.leaves import Damage
from mcp_auth_tui.recordings.recorder import SCHEMA, VERSION
from mcp_auth_tui.records import dataclass
from mcp_auth_tui.storage.private_files import FileProblem, read_small
from mcp_auth_tui.text import terminal

LARGEST = 128 * 1024 * 1024
"""Octets of a file."""
EVENTS = 20_000
EXCHANGES = 400
"""Many times what a run can hold, and no more than the screen can show."""
_HEAD = 4096
_SCHEMA = re.compile(re.escape(SCHEMA) + r"(\d{1,9})\Z")


class NoRecording(Exception):
    """A file holds no recording that can be shown; the message is a sentence that says why."""


@dataclass(frozen=True, slots=True)
class Recording:
    """A run that was recorded, as far as it could be read."""

    program: str
    """The version of this program that wrote it."""
    masked: bool
    events: tuple[Event, ...]
    session: Session
    """The fold of the events."""
    fault: str = ""
    """Why it ends before its end, as a sentence; empty when it was read whole."""

    @property
    def marks(self) -> tuple[str, ...]:
        """What whoever looks at it has to know."""
        secrets = "masked" if self.masked else "with its secrets"
        told = f"a recording by mcp-auth-tui {self.program}, {secrets}: nothing is sent"
        return (told, self.fault) if self.fault else (told,)


def read(path: Path) -> Recording:
    """Read a recording; raises `NoRecording`."""
    try:
        octets = read_small(path, what="a recording", limit=LARGEST).octets
    except FileProblem as problem:
        raise NoRecording(str(problem)) from None
    lines = iter(BytesIO(octets))
    program, masked = _head(next(lines, b""), path)
    events: list[Event] = []
    session, fault = Session(), ""
    try:
        for event in _events(lines):
            if not events and not isinstance(event, Started):
                raise Damage("Line 2 is not the beginning of a run")
            events.append(event)
            session = session.apply(event)
    except Damage as damage:
        fault = f"{damage}. What stands before it is shown."
    if not events:
        reason = fault.partition(". What stands")[0] or "It holds no event"
        raise NoRecording(f"{path} holds nothing of a run that can be shown: {reason}.")
    return Recording(program, masked, tuple(events), session, fault)


def _head(line: bytes, path: Path) -> tuple[str, bool]:
    try:
        found = _parsed(line) if len(line) <= _HEAD else None
    except Damage:
        found = None
    named = found.get("schema") if isinstance(found, dict) else None
    version = _SCHEMA.match(named) if isinstance(named, str) else None
    if version is None or not isinstance(found, dict):
        raise NoRecording(
            f"{path} is no recording of mcp-auth-tui: its first line does not name the schema "
            f"{SCHEMA}{VERSION}. One is written with --record FILE."
        )
    program = terminal.one_line(str(found.get("program", "")), 40)
    if int(version[1]) > VERSION:
        raise NoRecording(
            f"{path} was written by a newer mcp-auth-tui ({program}): its schema is {named}, and "
            f"this program reads {SCHEMA}{VERSION}. Update it, as with pip install -U mcp-auth-tui."
        )
    return program, found.get("masked") is not False


def _events(lines: Iterator[bytes]) -> Iterator[Event]:
    """Yield what the lines behind the first hold; raises `Damage` at the first that is wrong."""
    kind, exchanges = shape(Event), 0
    for number, line in enumerate(lines, 2):
        if number - 1 > EVENTS:
            raise Damage(f"It has more than {EVENTS:,} events, at most so many are shown")
        try:
            event: Event = kind.load(_parsed(line), "")
        except Damage as damage:
            how = f"damaged: {damage}" if line.endswith(b"\n") else "cut off"
            raise Damage(f"Line {number} is {how}") from None
        exchanges += isinstance(event, Exchanged)
        if exchanges > EXCHANGES:
            raise Damage(f"It has more than {EXCHANGES} exchanges, at most so many are shown")
        yield event


def _parsed(line: bytes) -> Any:
    try:
        return json.loads(line, parse_constant=_refused)
    except (ValueError, RecursionError):
        raise Damage("it is no JSON") from None


def _refused(word: str) -> None:
    raise ValueError(word)
