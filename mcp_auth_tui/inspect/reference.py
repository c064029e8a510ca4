"""Knows how the catalogue is written down for a reader; must not know what was found anywhere."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from textwrap import fill
from typing import Any

from mcp_auth_tui.desktop.output import Talk, deliver
from mcp_auth_tui.findings import CATALOGUE, Rule
from mcp_auth_tui.findings.advice import Advice, advice
from mcp_auth_tui.model import Level
from mcp_auth_tui.render.report.markdown import block, span
from mcp_auth_tui.settings.arguments.inspect import LIST_FORMATS
from mcp_auth_tui.settings.options import Usage, target
from mcp_auth_tui.text.suggest import unknown

_WIDTH = 88
_TITLE = "The checks of mcp-auth-tui"
_INTRO = (
    "Written by `mcp-auth-tui inspect --list-checks --format markdown`; do not edit it by hand. An"
    " id never changes its meaning. A level is **fatal** (a client must stop), **error** (a MUST is"
    " broken), **warning** (a SHOULD, or a risk) or **info**; a rule that is younger than the MCP"
    " revision in force is told as info."
)

GROUPS: Mapping[str, str] = {
    "rs": "Challenge and MCP endpoint",
    "prm": "Protected resource metadata",
    "as": "Authorization server metadata",
    "dcr": "Dynamic client registration",
    "cimd": "Client ID metadata document",
    "authz": "Authorization response",
    "token": "Token response",
    "jwt": "JWT access tokens",
    "dpop": "DPoP",
    "idjag": "Enterprise-managed authorization",
    "ext": "Extensions",
    "probe": "What should be refused (mcp-auth-tui probe)",
    "net": "Network",
    "client": "This program and its user",
}
"""The first word of an id, and what such rules are about."""


def answer(args: Any) -> int:
    """Write an explanation or the list of checks and return the exit code; raises `Usage`."""
    if args.format not in LIST_FORMATS:
        flag = "--list-checks" if args.list_checks else "--explain"
        raise Usage(f"{flag} comes as {', '.join(LIST_FORMATS)}, not as {args.format}")
    if args.urls or args.file:
        raise Usage("a URL is not inspected together with --explain or --list-checks")
    text = LISTS[args.format]() if args.list_checks else explained(args.explain, args.format)
    return int(not deliver(text, target(args.output), Talk(), again=True))


def explained(id: str, form: str = "text") -> str:
    """Return all that is known about one rule; raises `Usage` for an id that there is not."""
    if id not in CATALOGUE:
        raise Usage(unknown("finding", id, CATALOGUE))
    if form == "json":
        return json.dumps(_value(CATALOGUE[id]), indent=2, ensure_ascii=False) + "\n"
    lines = _text(CATALOGUE[id]) if form == "text" else _markdown(CATALOGUE[id], 1)
    return "".join(f"{line}\n" for line in lines)


def _levels(rule: Rule) -> str:
    others = [f"{level} in {revision}" for revision, level in rule.levels.items()]
    since = [f"since MCP {rule.since}"] if rule.since else []
    return ", ".join((str(rule.level), *since, *others))


def _text(rule: Rule) -> Iterator[str]:
    yield f"{rule.id} ({_levels(rule)})"
    yield ""
    for name, value in (
        ("What is wrong", rule.headline),
        ("How it should be", rule.expected),
        ("Why it matters", rule.why),
        ("Who mends it", str(rule.whose)),
        ("What to do", rule.next),
        ("Rule", rule.source),
    ):
        yield f"{name}:"
        yield _filled(value)
    row = advice()[rule.id]
    if row.mend:
        yield ""
    for where, how in row.mend.items():
        yield f"On {where}:"
        yield _filled(how)
    for name, sample in _samples(row):
        yield ""
        yield f"{name}:"
        yield from (f"    {line}" for line in sample.split("\n"))


def _samples(row: Advice) -> list[tuple[str, str]]:
    return [("Wrong", row.wrong), ("Right", row.right)] if row.wrong else []


def _filled(value: str) -> str:
    return fill(
        value,
        _WIDTH,
        initial_indent="  ",
        subsequent_indent="  ",
        break_long_words=False,
        break_on_hyphens=False,
    )


def _markdown(rule: Rule, depth: int) -> Iterator[str]:
    yield f"{'#' * depth} {rule.id}"
    yield ""
    yield f"**{rule.headline}** ({_levels(rule)}; mended by: {rule.whose})"
    yield ""
    yield f"- Expected: {_prose(rule.expected)}"
    yield f"- Why: {_prose(rule.why)}"
    yield f"- Next: {_prose(rule.next)}"
    yield f"- Rule: {_prose(rule.source)}"
    row = advice()[rule.id]
    for where, how in row.mend.items():
        yield f"- On {where}: {_prose(how)}"
    for name, sample in _samples(row):
        yield ""
        yield f"{name}:"
        yield ""
        yield from block(sample)


def _prose(value: str) -> str:
    """Return our own text for Markdown: only what it would take as markup is escaped."""
    for char in "\\`*_<[":
        value = value.replace(char, f"\\{char}")
    return value


def as_text() -> str:
    """Return one line for each rule."""
    width = max(map(len, CATALOGUE))
    lines = [f"{rule.id:<{width}}  {rule.level:<7}  {rule.headline}" for rule in CATALOGUE.values()]
    return "".join(f"{line}\n" for line in lines)


def as_json() -> str:
    """Return every rule as a member of one JSON array."""
    rules = [_value(rule) for rule in CATALOGUE.values()]
    return json.dumps(rules, indent=2, ensure_ascii=False) + "\n"


def as_markdown() -> str:
    """Return the reference: a table for each group, and a section for each rule."""
    return "".join(f"{line}\n" for line in _reference())


def _reference() -> Iterator[str]:
    yield f"# {_TITLE}"
    yield ""
    yield _INTRO
    counts = {level: sum(rule.level is level for rule in CATALOGUE.values()) for level in Level}
    levels = ", ".join(f"{number} {level}" for level, number in counts.items() if number)
    yield ""
    yield f"{len(CATALOGUE)} rules: {levels}."
    for name, title in GROUPS.items():
        yield ""
        yield f"## {title}"
        yield ""
        yield "| id | level | mended by | what is wrong |"
        yield "|---|---|---|---|"
        for rule in group(name):
            link = f"[{span(rule.id)}](#{rule.id})"
            cells = (link, _levels(rule), str(rule.whose), _prose(rule.headline))
            yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"
        for rule in group(name):
            yield ""
            yield from _markdown(rule, 3)


def group(name: str) -> tuple[Rule, ...]:
    """Return the rules of a group in the order of the catalogue."""
    return tuple(rule for id, rule in CATALOGUE.items() if id.partition("-")[0] == name)


def _value(rule: Rule) -> dict[str, Any]:
    row = advice()[rule.id]
    members: dict[str, Any] = {
        "id": rule.id,
        "level": str(rule.level),
        "levels": {revision: str(level) for revision, level in rule.levels.items()},
        "since": rule.since,
        "whose": str(rule.whose),
    }
    names = ("headline", "expected", "why", "next", "source")
    members |= {name: getattr(rule, name) for name in names}
    members["mend"] = [{"where": where, "how": how} for where, how in row.mend.items()]
    return members | {name.lower(): sample for name, sample in _samples(row)}


LISTS: Mapping[str, Callable[[], str]] = {"text": as_text, "markdown": as_markdown, "json": as_json}
