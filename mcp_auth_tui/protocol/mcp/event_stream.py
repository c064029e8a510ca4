"""Knows the event stream format (WHATWG HTML §9.2.6); must not know what the events mean."""

from __future__ import annotations

import codecs
from collections.abc import Iterator

from mcp_auth_tui.records import dataclass


@dataclass(frozen=True, slots=True)
class Event:
    """One server-sent event."""

    name: str
    data: str


class EventStreamParser:
    """An incremental parser: feed octets, get the events that they complete."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")("replace")
        self._rest = ""
        self._after_cr = False
        self._name = ""
        self._data: list[str] = []

    def feed(self, chunk: bytes) -> Iterator[Event]:
        """Yield the events that this chunk completes."""
        text = self._decoder.decode(chunk)
        if not text:
            return
        # A CR ends its line at once; an LF behind it is the second half of that end.
        rest = text.removeprefix("\n") if self._after_cr else text
        self._after_cr = text.endswith("\r")
        text = self._rest + rest
        lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        self._rest = lines.pop()
        for line in lines:
            event = self._line(line)
            if event is not None:
                yield event

    def _line(self, line: str) -> Event | None:
        if not line:
            event = Event(self._name or "message", "\n".join(self._data)) if self._data else None
            self._name, self._data = "", []
            return event
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "event":
            self._name = value
        elif name == "data":
            self._data.append(value)
        return None
