"""Knows the event stream by the steps of the standard, one character after the other.

A second reading beside `protocol/mcp/event_stream.py` (WHATWG HTML §9.2.6), with which it shares
nothing.
"""

from __future__ import annotations


def events(stream: bytes) -> list[tuple[str, str]]:
    """Return name and data of each event that a whole stream holds."""
    text = stream.decode("utf-8", "replace")
    found, name, data, line = list[tuple[str, str]](), "", "", ""
    rest = iter(text[1:] if text.startswith("\ufeff") else text)
    before = ""
    for char in rest:
        crlf, before = before == "\r" and char == "\n", char
        if crlf:
            continue
        if char not in "\r\n":
            line += char
            continue
        if not line:
            if data:
                found.append((name or "message", data[:-1]))
            name = data = ""
        elif line.startswith("event:"):
            name = _value(line)
        elif line.startswith("data:"):
            data += f"{_value(line)}\n"
        elif line == "event":
            name = ""
        elif line == "data":
            data += "\n"
        line = ""
    return found


def _value(line: str) -> str:
    value = line[line.index(":") + 1 :]
    return value[1:] if value[:1] == " " else value
