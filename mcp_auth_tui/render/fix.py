"""Knows how a fix is told: as a difference in lines, and as JSON; must not know who reads it.

All that leaves here went through the redactor of the run, but for the words of a blank, which are
ours. What is harmless to a terminal is decided by who shows it, but for JSON, where it is escaped.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from mcp_auth_tui.fixes import Answer, Blank, Change, fix_of
from mcp_auth_tui.model import Finding, Kind, Redactor, Session
from mcp_auth_tui.records import dataclass
from mcp_auth_tui.render.difference import Line, difference, laid_out
from mcp_auth_tui.render.safe import Safe
from mcp_auth_tui.text import terminal, units
from mcp_auth_tui.text.json_pointer import member

_NAMES = {"www-authenticate": "WWW-Authenticate", "dpop-nonce": "DPoP-Nonce"}
_OWNER = "What stands in <…> only its owner knows."
_CONTENT = "The document of this change is content of an MCP answer, and left out here."
_NOTHING = "What has to change is masked, so no difference is seen."
Members = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Door:
    """How texts leave the program (SPEC 6): each by what it is."""

    text: Callable[[str], str]
    field: Callable[[str, str], str]
    json: Callable[[Any], Any]
    issued: Callable[[Members], Members]
    """For the answers of token and registration endpoints."""
    claims: Callable[[Members], Members | None]
    """For what a token says of a person."""
    content: bool
    """Whether the content of an MCP answer may be shown."""


def to_person(redactor: Redactor) -> Door:
    """Return the door to who runs the program: credentials are masked, or nothing is."""
    json = redactor.json
    return Door(redactor.text, redactor.field, json, json, json, content=True)


def to_public(safe: Safe) -> Door:
    """Return the door to everybody: what says something of a person is masked, too."""
    return Door(safe.text, safe.field, safe.json, safe.issued, safe.claims, content=False)


@dataclass(frozen=True, slots=True)
class FixPart:
    """One thing to change: the head of an answer, its document, or the token inside of it."""

    title: str
    """What it is, and of which answer."""
    what: str
    """What is copied, as the beginning of a sentence."""
    lines: tuple[Line, ...]
    copy: str
    """The text as it should be: the document, or header lines; empty where something only goes."""


@dataclass(frozen=True, slots=True)
class FixText:
    """A fix as it is shown."""

    parts: tuple[FixPart, ...]
    notes: tuple[str, ...]
    """Sentences: what has to be true beside, what only the owner knows."""
    why: str = ""
    """Why there is nothing to show."""

    @property
    def lines(self) -> Iterator[str]:
        """What changes as lines of a difference, each part below its title."""
        for part in self.parts:
            yield f"# {part.title}"
            yield from (line.plain for line in part.lines)

    @property
    def paragraph(self) -> Iterator[str]:
        """All of it as lines of text, each part and note with a label."""
        if self.why:
            yield f"fix: there is none to show. {self.why}"
        for part in self.parts:
            yield f"fix: {part.title}"
            yield from (f"  {line.plain}" for line in part.lines)
        yield from (f"beside: {note}" for note in self.notes)


def fix_text(session: Session, finding: Finding, door: Door) -> FixText | None:
    """Return what mends a finding; None where no answer of a server has to change for it."""
    fix = fix_of(session, finding)
    if fix is None:
        return None
    if fix.why:
        return FixText((), (), door.text(fix.why))
    parts = tuple(part for change in fix.changes for part in _parts(change, door))
    left_out = any(_left_out(change, door) for change in fix.changes)
    if not parts:
        return FixText((), (), _CONTENT if left_out else _NOTHING)
    notes = [door.text(note) for note in fix.notes]
    notes += [_OWNER] if fix.blanks else []
    return FixText(parts, (*notes, *([_CONTENT] if left_out else [])))


def fix_members(session: Session, finding: Finding, door: Door) -> dict[str, Any] | None:
    """Return the same as members of a JSON object (`help/json.md`)."""
    fix = fix_of(session, finding)
    if fix is None:
        return None
    return {
        "why": door.text(fix.why) or None,
        "changes": [_change(change, door) for change in fix.changes],
        "blanks": [door.text(item) for item in fix.blanks],
        "notes": [door.text(note) for note in fix.notes],
    }


def _change(change: Change, door: Door) -> dict[str, Any]:
    before, after = change.before or Answer(0), change.after
    document = _document(change, after.document, door)
    served = _document(change, before.document, door)
    return {
        "exchange": change.exchange,
        "method": change.method,
        "url": door.field("url", change.url),
        "status": after.status if after.status != before.status else None,
        "headers": [
            {
                "name": _name(name),
                "served": [door.field(name, value) for value in old],
                "right": [_field(name, value, door) for value in new],
            }
            for name, old, new in change.fields
        ],
        "patch": [] if document is None else patch(served, document),
        "token_header": _inside(before.jose, after.jose, door.json),
        "token_claims": _inside(before.claims, after.claims, door.claims),
    }


def _inside(
    before: Members | None, after: Members | None, mask: Callable[[Members], Members | None]
) -> list[dict[str, Any]]:
    if before is None or after is None:
        return []
    return patch(mask(before), _filled(mask(after), after))


def patch(before: Members | None, after: Members) -> list[dict[str, Any]]:
    """Return the change of an object as a JSON Patch (RFC 6902); all of it where there was none."""
    if before is None:
        return [{"op": "add", "path": "", "value": after}]
    gone = [{"op": "remove", "path": member(name)} for name in before if name not in after]
    new = [
        {
            "op": "replace" if name in before else "add",
            "path": member(name),
            "value": value,
        }
        for name, value in after.items()
        if name not in before or not _same(before[name], value)
    ]
    return [*gone, *new]


def _same(one: Any, other: Any) -> bool:
    return laid_out(one) == laid_out(other)  # True and 1 are two values in JSON


def _parts(change: Change, door: Door) -> Iterator[FixPart]:
    before, after = change.before or Answer(0), change.after
    place = terminal.one_line(door.field("url", change.url), None)
    number = f"exchange {change.exchange}" if change.exchange else "a place that was not asked"
    answer = f"{number}: {change.method} {place}"
    if head := tuple(_head(change, door)):
        right = "\n".join(line.text for line in head if line.mark == "+")
        header = any(": " in line.text for line in head if line.mark == "+")
        what = "The right header line" if header else "The right status"
        yield FixPart(f"head of {answer}", what, head, right)
    document = _document(change, after.document, door)
    if document is not None:
        served = _document(change, before.document, door)
        if served is None or not _same(served, document):
            lines = difference(served, document)
            title, what = f"document of {answer}", "The corrected document"
            yield FixPart(title, what, lines, laid_out(document))
    for name, old, new, mask in (
        ("header", before.jose, after.jose, door.json),
        ("claims", before.claims, after.claims, door.claims),
    ):
        if old is not None and new is not None and old != new:
            inside = _filled(mask(new), new)
            lines = difference(mask(old), inside)
            title, what = f"{name} of the token of {answer}", f"The {name} of the token"
            yield FixPart(title, what, lines, laid_out(inside))


def _head(change: Change, door: Door) -> Iterator[Line]:
    before, after = change.before, change.after
    if before is not None and before.status != after.status:
        yield Line("-", f"HTTP {_status(before.status)}")
    if before is None or before.status != after.status:
        yield Line("+", f"HTTP {_status(after.status)}")
    for name, served, right in change.fields:
        yield from (Line("-", _line(name, door.field(name, value))) for value in served)
        yield from (Line("+", _line(name, _field(name, value, door))) for value in right)


def _line(name: str, value: str) -> str:
    return terminal.one_line(f"{_name(name)}: {value}", None)


def _field(name: str, value: str, door: Door) -> str:
    return str(value) if isinstance(value, Blank) else door.field(name, value)


def _name(name: str) -> str:
    return _NAMES.get(name) or "-".join(part.capitalize() for part in name.split("-"))


def _status(status: int) -> str:
    return f"{status} {units.phrase(status)}".rstrip()


def _document(change: Change, document: Members | None, door: Door) -> Members | None:
    """Return a document as it may be shown; None where there is none, or none may be shown."""
    if document is None or _left_out(change, door):
        return None
    shown = door.issued(document) if change.kind is Kind.TOKEN else door.json(document)
    filled: Members = _filled(shown, document)
    return filled


def _left_out(change: Change, door: Door) -> bool:
    """Whether a document is nobody's business but that of who runs the program."""
    return change.kind is Kind.MCP and not door.content and change.after.document is not None


def _filled(shown: Any, value: Any) -> Any:
    """Return what may be shown with the words of each blank, whatever its member is called."""
    if isinstance(value, Blank):
        return str(value)
    if isinstance(value, Mapping) and isinstance(shown, Mapping):
        pairs = zip(shown.items(), value.values(), strict=False)
        return {name: _filled(item, real) for (name, item), real in pairs}
    if isinstance(value, list) and isinstance(shown, list):
        return [_filled(item, real) for item, real in zip(shown, value, strict=False)]
    return shown
