"""Takes apart what a program wrote to a terminal; must not know which program.

Everything that is no text is named: controls, and escape sequences by their kind (ECMA-48). Octets
that are no UTF-8 are a fault, for a terminal may take them for controls of its C1 set.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterator
from dataclasses import dataclass

_TOKEN = re.compile(
    r"(?P<csi>\x1b\[[0-?]*[ -/]*[@-~])"
    r"|(?P<osc>\x1b\][^\x07\x1b]*(?:\x07|\x1b\\))"
    r"|(?P<string>\x1b[PX^_][^\x1b]*\x1b\\)"
    r"|(?P<esc>\x1b[ -/]*[0-~]?)"
    r"|(?P<control>[\x00-\x1f\x7f])"
    r"|(?P<text>[^\x00-\x1f\x7f]+)"
)
_MODES = "7|25|1000|1003|1004|1006|1015|1049|2004"
_TEXTUAL = re.compile(
    r"\x1b\[[0-9;]*m"  # colours
    r"|\x1b\[\d+;\d+H|\x1b\[H"  # where to write
    rf"|\x1b\[\?(?:{_MODES})[hl]"  # mouse, focus, paste, cursor, wrapping, the other screen
    r"|\x1b\[>\d+u|\x1b\[<u|\x1b\[\?(?:2026|2048)\$p"  # questions about the keyboard and the screen
    r"|\x1b\[\?2026[hl]"  # a frame begins, a frame ends
    r"|\x1b\]22;[a-z-]+\x07"  # the shape of the pointer
)
_HIDDEN = {"Cc", "Cf", "Co", "Cs", "Cn", "Zl", "Zp"}
_LINK = re.compile(r"\x1b\]8;(?:id=([^;]*))?;([^\x1b]*)\x1b\\")
_COPY = re.compile(r"\x1b\]52;c;([A-Za-z0-9+/=]*)\x07")


def tokens(raw: bytes) -> Iterator[tuple[str, str]]:
    """Yield kind and text of everything in order."""
    for found in _TOKEN.finditer(raw.decode("utf-8")):
        yield str(found.lastgroup), found[0]


def strangers(
    raw: bytes, links: Collection[str] = (), copies: Collection[str] = ()
) -> set[tuple[str, str]]:
    """Return what neither Textual writes of its own nor is a named link or copy (base 64)."""
    found = set()
    for kind, token in tokens(raw):
        if kind == "text":
            if bad := {char for char in token if unicodedata.category(char) in _HIDDEN}:
                found.add(("text", "".join(sorted(bad))))
        elif kind == "control":
            if token not in "\r\n":
                found.add((kind, token))
        elif link := _LINK.fullmatch(token):
            if link[2] and link[2] not in links:
                found.add(("link", link[2]))
        elif copy := _COPY.fullmatch(token):
            if copy[1] not in copies:
                found.add(("copy", copy[1]))
        elif not _TEXTUAL.fullmatch(token):
            found.add((kind, token))
    return found


@dataclass(frozen=True, slots=True)
class Linked:
    """A run of text that is a link: its target, the link's id, its words."""

    target: str
    name: str
    words: str


def linked(raw: bytes) -> list[Linked]:
    """Return the links in order. Raises AssertionError for one that is not closed on its line."""
    made: list[Linked] = []
    target = name = words = ""
    for kind, token in tokens(raw):
        if link := _LINK.fullmatch(token):
            if target:
                assert not link[2], f"a link is opened inside another: {token!r}"
                made.append(Linked(target, name, words))
            target, name, words = link[2], link[1] or "", ""
        elif target:
            assert kind == "text" or (kind == "csi" and token.endswith("m")), (
                f"{token!r} inside a link"
            )
            words += token if kind == "text" else ""
    assert not target, "the last link is never closed"
    return made
