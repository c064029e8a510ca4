"""Knows the catalogue of findings (SPEC 4) and how one is made; must not judge anything.

A new finding is three files: a row in a module of ``rules``, a row in the file of ``advice`` with
the same name, and the check that makes it (``protocol/checks``, or where the answer is read). The
reference is written by the program; the tests ask for a server that breaks the rule and one that
keeps it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from importlib import import_module

from mcp_auth_tui.findings.rule import Rule
from mcp_auth_tui.model import Finding, Level, Stage, Whose
from mcp_auth_tui.text.terminal import harmless

__all__ = ["CATALOGUE", "LIMIT", "Rule", "fatal", "finding", "ok"]

LIMIT = 500
"""The most characters of one text of a finding."""

_MODULES = (
    *("endpoint", "access", "resource", "server", "capabilities", "registration"),
    *("authorization", "token", "jwt", "extensions", "run", "probe"),
)
"""Those of ``rules``, in the order of the catalogue: what few runs speak of stands last."""


class Catalogue(Mapping[str, Rule]):
    """Rules by their ids; a module of them is loaded when an id is in none of those before it."""

    def __init__(self, modules: tuple[str, ...]) -> None:
        self._rules: dict[str, Rule] = {}
        self._left = list(modules)

    def __getitem__(self, id: str) -> Rule:
        while id not in self._rules and self._left:
            self._load()
        return self._rules[id]

    def __iter__(self) -> Iterator[str]:
        while self._left:
            self._load()
        return iter(self._rules)

    def __len__(self) -> int:
        return len(list(iter(self)))

    def _load(self) -> None:
        rules = import_module(f"mcp_auth_tui.findings.rules.{self._left[0]}").RULES
        self._rules |= {rule.id: rule for rule in rules}
        del self._left[0]


CATALOGUE: Mapping[str, Rule] = Catalogue(_MODULES)
"""Every rule by its id."""


def finding(
    id: str,
    stage: Stage,
    *,
    seen: str = "",
    expected: str = "",
    message: str = "",
    next: str = "",
    meanwhile: str = "",
    exchange: int | None = None,
    pointer: str = "",
    revision: str = "",
    level: Level | None = None,
    whose: Whose | None = None,
    source: str = "",
) -> Finding:
    """Return a finding of the catalogue: a rule that was broken, or a thing worth knowing.

    Empty arguments fall back to the rule's. Every text given becomes harmless and at most `LIMIT`
    characters long (a longer one says how long it was). ``revision`` is the MCP revision that the
    finding is judged by, empty when it is not known; ``level``, ``whose`` and ``source`` go before
    those of the rule.

    Raises KeyError for an id that is not in the catalogue.
    """
    rule = CATALOGUE[id]
    level = level or rule.level_in(revision)
    whose = whose or rule.whose
    return Finding(
        id=id,
        level=level,
        message=_safe(message) or rule.headline,
        seen=_safe(seen),
        expected=_safe(expected) or rule.expected,
        whose=whose,
        source=source or rule.source,
        next=_safe(next) or rule.next,
        stage=stage,
        exchange=exchange,
        pointer=_safe(pointer),
        revision=_safe(revision),
        exit=rule.exit,
        meanwhile=_safe(meanwhile) or rule.until_mended(level, whose),
    )


def ok(
    id: str,
    stage: Stage,
    *,
    seen: str = "",
    exchange: int | None = None,
    revision: str = "",
    pointer: str = "",
) -> Finding:
    """Return a finding of level OK: the rule was checked and kept.

    Its message is what the rule expects. Raises KeyError for an id that is not in the catalogue.
    """
    rule = CATALOGUE[id]
    return Finding(
        id=id,
        level=Level.OK,
        message=rule.expected,
        seen=_safe(seen),
        expected=rule.expected,
        whose=rule.whose,
        source=rule.source,
        next="Nothing needs to be done.",
        stage=stage,
        exchange=exchange,
        pointer=_safe(pointer),
        revision=_safe(revision),
        exit=rule.exit,
    )


def fatal(finding: Finding) -> Finding:
    """Return the finding as the end of a run: what stops a run is fatal in that run (SPEC 3)."""
    meanwhile = finding.meanwhile or CATALOGUE[finding.id].until_mended(Level.FATAL, finding.whose)
    return replace(finding, level=Level.FATAL, meanwhile=meanwhile)


def _safe(value: str) -> str:
    if len(value) <= LIMIT and value.isascii() and value.isprintable():
        return value
    head = harmless(value[:LIMIT])
    if len(value) <= LIMIT and len(head) <= LIMIT:
        return head
    return f"{head[:LIMIT]}… ({len(value):,} characters)"
