"""Knows which lines of an exchange a finding or a search is about; pure, no widgets, no rules."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby

from textual.content import Content

from mcp_auth_tui.model import Finding
from mcp_auth_tui.records import dataclass
from mcp_auth_tui.text import json_pointer
from mcp_auth_tui.tui.views.content import DIM, LEVEL

_IN_TOKEN = " in the token"


@dataclass(frozen=True, slots=True)
class Line:
    """One line; one with a ``fold`` hides or shows what is below it.

    ``place`` says what it shows, as `is_about` compares it: ``answer/issuer``, ``field/location``.
    """

    content: Content
    fold: str = ""
    place: str = ""


def field(name: str) -> str:
    """Return the place of a header field."""
    return f"field/{name.lower()}"


def told(finding: Finding) -> str:
    """Return the place where a finding itself is told."""
    return f"finding/{finding.id}"


def is_about(place: str, pointer: str) -> bool:
    """Return whether a line's place is the one that a finding's pointer names.

    A pointer is a JSON pointer into the body, a claim or header of the token, or a header field
    with or without one of its parameters.
    """
    if not pointer or not place:
        return False
    if pointer.startswith("/"):
        head, slash, below = place.partition("/")
        return slash + below == pointer and (head == "answer" or head.startswith("event"))
    if pointer.endswith(_IN_TOKEN):
        name = json_pointer.step(pointer.removesuffix(_IN_TOKEN))
        return place.endswith((f"#jwt/claims/{name}", f"#jwt/header/{name}"))
    return place == field(pointer.partition(":")[0])


def marked(lines: list[Line], findings: Iterable[Finding], width: int) -> list[Line]:
    """Return lines with a mark below each that some finding is about."""
    after: dict[int, list[Finding]] = {}
    for finding in findings:
        at = [n for n, line in enumerate(lines) if is_about(line.place, finding.pointer)]
        if at:
            after.setdefault(at[-1], []).append(finding)
    output: list[Line] = []
    for number, line in enumerate(lines):
        output.append(line)
        output += [_mark(line, finding, width) for finding in after.get(number, ())]
    return output


def _mark(line: Line, finding: Finding, width: int) -> Line:
    plain = line.content.plain
    indent = len(plain) - len(plain.lstrip())
    glyph, style = LEVEL[finding.level]
    text = f"{'':{indent}}↑ {glyph} {finding.id}"
    return Line(Content.styled(text, style).truncate(max(width, 1), ellipsis=True))


def find(lines: Sequence[Line], finding: Finding) -> int | None:
    """Return the line to look at for a finding: what it is about, else where it is told."""
    for matches in (
        lambda line: is_about(line.place, finding.pointer),
        lambda line: line.place == told(finding),
    ):
        for number, line in enumerate(lines):
            if matches(line):
                return number
    return None


def holding(lines: list[Line], needle: str) -> list[Line]:
    """Return the lines with a text, each with those that it was folded to; says when none has."""
    parts = [list(part) for _, part in groupby(lines, key=lambda each: each.place or id(each))]
    texts = ["".join(each.content.plain.strip() for each in part).lower() for part in parts]
    matches = [
        each for part, plain in zip(parts, texts, strict=True) if needle in plain for each in part
    ]
    return matches or [Line(Content.styled("no line has this text", DIM))]


def opened(folds: frozenset[str], finding: Finding) -> frozenset[str]:
    """Return folds without those that hide what a finding is about."""
    place = f"answer{finding.pointer}" if finding.pointer.startswith("/") else ""
    return frozenset(fold for fold in folds if not f"{place}/".startswith(f"{fold}/"))
