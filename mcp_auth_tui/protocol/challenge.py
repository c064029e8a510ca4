"""Knows the grammar of ``WWW-Authenticate`` (RFC 9110 §11.6.1); must not decide what follows."""

from __future__ import annotations

import re
from dataclasses import field, replace

from mcp_auth_tui.model.oauth import Challenge
from mcp_auth_tui.records import dataclass
from mcp_auth_tui.text.patterns import pattern

_TOKEN = pattern(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_TOKEN68 = pattern(r"[A-Za-z0-9\-._~+/]+=*(?=[ \t]*(?:,|$))")
_BLANKS = pattern(r"[ \t]*")
_QUOTED = pattern(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_SINGLE = pattern(r"'[^'\"]*'(?=[ \t]*(?:,|$))")
_LOOSE = pattern(r"[^\s,]+")
# RFC 6749 §3.3: a scope token; RFC 6750 §3: what error and error_description may hold.
SCOPE_TOKEN = pattern(r"[\x21\x23-\x5b\x5d-\x7e]+\Z")
SCOPE = pattern(r"[\x21\x23-\x5b\x5d-\x7e]+(?: [\x21\x23-\x5b\x5d-\x7e]+)*\Z")
_ERROR_TEXT = pattern(r"[\x20\x21\x23-\x5b\x5d-\x7e]*\Z")


@dataclass(frozen=True, slots=True)
class ParsedChallenges:
    """The challenges of a response, and what in them broke the grammar."""

    challenges: tuple[Challenge, ...]
    faults: tuple[str, ...] = ()
    single: tuple[str, ...] = ()
    """Parameters whose value stands in single quotes, which are characters like any other."""

    def repeated(self) -> tuple[tuple[str, str], ...]:
        """Return (scheme, parameter) for each parameter given twice in one challenge (C6)."""
        return tuple(
            (challenge.scheme, name)
            for challenge in self.challenges
            for name in dict.fromkeys(key for key, _ in challenge.params)
            if len(challenge.all(name)) > 1
        )

    def forbidden(self) -> tuple[str, ...]:
        """Return the parameters whose value holds characters forbidden by RFC 6750 §3."""
        rules = {"scope": SCOPE, "error": _ERROR_TEXT, "error_description": _ERROR_TEXT}
        return tuple(
            name
            for challenge in self.challenges
            for name, value in challenge.params
            if name in rules and not rules[name].match(value)
        )

    def unquoted(self) -> tuple[Challenge, ...]:
        """Return the challenges as they were meant, single quotes taken for quotes."""
        return tuple(
            replace(
                challenge,
                params=tuple(
                    (name, value[1:-1] if _SINGLE.fullmatch(value) else value)
                    for name, value in challenge.params
                ),
            )
            for challenge in self.challenges
        )


@dataclass(slots=True)
class _FieldReader:
    text: str
    at: int = 0
    schemes: list[tuple[str, str | None, list[tuple[str, str]]]] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    single: list[str] = field(default_factory=list)

    def skip(self, pattern: re.Pattern[str]) -> str:
        match = pattern.match(self.text, self.at)
        if match is None:
            return ""
        self.at = match.end()
        return match.group(0)

    def peek(self) -> str:
        return self.text[self.at : self.at + 1]


def parse(fields: tuple[str, ...]) -> ParsedChallenges:
    """Parse every ``WWW-Authenticate`` field of a response (C2); never raises.

    Repeated fields, several challenges in one field, quoted strings with ``\\"`` and commas, blanks
    around ``=``, token68 and unquoted values are understood; what breaks the grammar is named in
    ``faults`` and read as well as can be.
    """
    challenges: list[Challenge] = []
    faults: list[str] = []
    single: list[str] = []
    for value in fields:
        reader = _FieldReader(value)
        _read(reader)
        faults += reader.faults
        single += reader.single
        challenges += [
            Challenge(scheme, token68, tuple(params)) for scheme, token68, params in reader.schemes
        ]
    return ParsedChallenges(tuple(challenges), tuple(faults), tuple(single))


def _read(reader: _FieldReader) -> None:
    separated = True
    while True:
        reader.skip(_BLANKS)
        while reader.peek() == ",":
            separated = True
            reader.at += 1
            reader.skip(_BLANKS)
        if reader.at >= len(reader.text):
            return
        start = reader.at
        name = reader.skip(_TOKEN)
        if not name:
            reader.faults.append(f"no scheme or parameter name at character {start + 1}")
            reader.at += 1
            reader.skip(_LOOSE)
            continue
        after = reader.at
        reader.skip(_BLANKS)
        if reader.peek() == "=":
            reader.at += 1
            _parameter(reader, name, separated)
        else:
            reader.at = after
            if not separated:
                reader.faults.append(f"there is no comma before {name}")
            _scheme(reader, name)
        separated = False


def _scheme(reader: _FieldReader, name: str) -> None:
    blanks = reader.skip(_BLANKS)
    token68 = None
    if blanks and (match := _TOKEN68.match(reader.text, reader.at)):
        # `a=` may be a parameter without a value, `realm` alone a scheme's token68.
        token68 = match.group(0)
        reader.at = match.end()
    reader.schemes.append((name, token68, []))


def _parameter(reader: _FieldReader, name: str, separated: bool) -> None:
    reader.skip(_BLANKS)
    where = f"character {reader.at + 1}"
    if quoted := reader.skip(_QUOTED):
        value = re.sub(r"\\(.)", r"\1", quoted[1:-1], flags=re.DOTALL)
    elif reader.peek() == '"':
        value = reader.text[reader.at + 1 :]
        reader.at = len(reader.text)
        reader.faults.append(f"the quoted value of {name} has no end")
    elif value := reader.skip(_SINGLE):
        # Kept as it came, for it is no quoted string; its blanks and commas divide nothing.
        reader.single.append(name)
        reader.faults.append(f"the value of {name} at {where} stands in single quotes")
    else:
        value = reader.skip(_LOOSE)
        if not _TOKEN.fullmatch(value):
            reader.faults.append(f"the value of {name} at {where} must stand in quotes")
    if not reader.schemes:
        reader.faults.append(f"the parameter {name} comes before any scheme")
        reader.schemes.append(("", None, []))
    elif not separated and reader.schemes[-1][2]:
        reader.faults.append(f"there is no comma before {name}")
    reader.schemes[-1][2].append((name.lower(), value))
