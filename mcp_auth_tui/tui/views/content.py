"""Knows how parts of a session become `Content`; pure, must not know widgets, keys or the protocol.

Whatever a server sent goes through `words` or `lines`: harmless, and never parsed as markup.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field, replace
from itertools import zip_longest
from typing import Any

from textual.content import Content
from textual.style import Style

from mcp_auth_tui.model import Level, Secret, Session, Status
from mcp_auth_tui.records import dataclass
from mcp_auth_tui.text import terminal, units

DIM = "$dim"
STATUS: Mapping[Status, tuple[str, str]] = {
    Status.IDLE: ("·", DIM),
    Status.RUNNING: ("▸", "bold $text-primary"),
    Status.WAITING: ("…", "bold $text-accent"),
    Status.DONE: ("✓", "$text-success"),
    Status.WARNED: ("!", "$text-warning"),
    Status.FAILED: ("✗", "bold $text-error"),
    Status.CANCELLED: ("■", "$text-warning"),
    Status.KEPT: ("✓", DIM),
    Status.SKIPPED: ("–", DIM),
}
LEVEL: Mapping[Level, tuple[str, str]] = {
    Level.FATAL: ("✗", "bold $text-error"),
    Level.ERROR: ("✗", "$text-error"),
    Level.WARNING: ("!", "$text-warning"),
    Level.INFO: ("i", "$text-primary"),
    Level.OK: ("✓", "$text-success"),
}
HEADING = "bold underline"
LONGEST = 10_000
"""Characters of a value that are drawn: no token in use has as many, and no pause is felt."""


@dataclass(frozen=True, slots=True)
class Look:
    """How a view is looked at: cells per line, whether secrets show, the time (epoch), lines."""

    width: int = 80
    reveal: bool = False
    now: float = 0.0
    height: int = 0
    """Lines that are seen at once; 0: not known."""
    letters: Mapping[str, str] = field(default_factory=dict)
    """How the actions are called in sentences (`keymap.Keymap.letters`)."""
    marks: tuple[str, ...] = ()
    """Why the result of the run is worth less (`Options.marks`)."""
    recorded: bool = False
    """The run was recorded: what would send or copy is of no use."""
    alive: bool = False
    """The header is refreshed ahead of its end."""
    problem: str = ""
    """Why the last such refresh brought nothing."""
    kept: Session | None = None
    """An earlier run of this sitting whose headers are still good, where this one has none."""

    @property
    def kept_since(self) -> str:
        """When the headers that are kept were obtained, by the clock of this machine."""
        return units.time_of_day(obtained(self.kept)) if self.kept is not None else ""

    def with_keys(self, sentence: str) -> str:
        """Return a sentence of ours with the keys of the actions that it names in braces."""
        return sentence.format_map(self.letters)

    def within(self, width: int) -> Look:
        """Return the same look at so many cells."""
        return replace(self, width=width)


@dataclass(frozen=True, slots=True)
class StyledValue:
    """A value of a row with its own style."""

    value: Any
    style: str


def obtained(session: Session) -> float:
    """Return when the token of a run was received (epoch)."""
    return session.token.received if session.token is not None else session.ended


def words(value: object, style: str | Style = "", limit: int | None = 300) -> Content:
    """Return one harmless line; markup in it stays text."""
    return Content.styled(terminal.one_line(str(value), limit), style)


def lines(value: object, style: str | Style = "") -> Content:
    """Return harmless text that may span lines; markup in it stays text."""
    return Content.styled(terminal.harmless(str(value)), style)


def stack(parts: Iterable[Content]) -> Content:
    """Put contents below one another."""
    return Content("\n").join(list(parts))


def beside(left: Sequence[Content], right: Sequence[Content], width: int) -> list[Content]:
    """Put two columns beside each other, each line in half of the width."""
    half = (width - 3) // 2
    columns = [[line for part in parts for line in part.wrap(half)] for parts in (left, right)]
    made = []
    for one, other in zip_longest(*columns, fillvalue=Content()):
        padded = one.truncate(half, ellipsis=True, pad=True)
        made.append(Content.assemble(padded, (" │ ", DIM), other))
    return made


def secret(value: str | Secret, look: Look) -> str:
    """Return a value fit to show: a secret is masked unless the person looks at secrets."""
    return value.reveal() if isinstance(value, Secret) and look.reveal else str(value)


def attributes(value: Any, *names: str) -> list[tuple[str, Any]]:
    """Return the attributes of a value that hold something, labelled by their own names."""
    pairs = [(name.replace("_", " "), getattr(value, name, None)) for name in names]
    return [(name, item) for name, item in pairs if item not in (None, "", ())]


def fold(value: str, width: int) -> list[str]:
    """Break harmless text into lines of at most ``width`` characters; words stay whole."""
    width = max(width, 8)
    parts: list[str] = []
    for line in terminal.harmless(value).splitlines() or [""]:
        parts += textwrap.wrap(
            line, width, break_on_hyphens=False, drop_whitespace=True, tabsize=4
        ) or [""]
    return parts


def rows(
    pairs: Sequence[tuple[str, Any]],
    look: Look,
    indent: int = 0,
    gap: int = 2,
    least: int = 0,
    below: int = 2,
) -> list[Content]:
    """Return label and value in two columns; a long value goes on below itself.

    The column of labels has at least ``least`` cells and ``gap`` cells behind it; a label too long
    for it stands alone, and its value ``below`` it, so many cells further right.
    """
    if not pairs:
        return []
    widest = 22 if look.width >= 70 else 13
    column = min(max(least, *(len(label) for label, _ in pairs)), widest) + gap
    parts: list[Content] = []
    for label, value in pairs:
        style = ""
        if isinstance(value, StyledValue):
            value, style = value.value, value.style
        whole = secret(value, look) if isinstance(value, str | Secret) else _flat(value)
        text = terminal.harmless(whole, LONGEST)
        head = f"{'':{indent}}{terminal.one_line(label, 60):{column}}"
        start = column
        if len(head) > indent + column:
            parts.append(Content.styled(head, DIM))
            start = below
            head = " " * (indent + start)
        for line in fold(text, look.width - indent - start):
            parts.append(Content.assemble((head, DIM), (line, style)))
            head = " " * (indent + start)
    return parts


def _flat(value: Any) -> str:
    if isinstance(value, tuple | list | frozenset | set):
        return " ".join(str(item) for item in value)
    return str(value)


def keys_hint(keys: Iterable[tuple[str, ...]], width: int) -> Content:
    """Return keys with their words on as many lines as it takes; none is broken.

    A third text is the action that a click on the key runs.
    """
    hints = [Content()]
    for key, word, *action in keys:
        gap = " " if key and word else ""
        part = Content.assemble((key, "bold $text-accent"), gap, word)
        if action and action[0]:
            part = part.stylize(Style.from_meta({"@click": action[0]}))
        last = hints[-1]
        if last.cell_length and last.cell_length + 2 + part.cell_length > width:
            hints.append(part)
        else:
            hints[-1] = Content.assemble(last, "  " if last.cell_length else "", part)
    return stack(hints)


def heading(title: str) -> Content:
    """Return the heading of a section."""
    return Content.styled(title, HEADING)


def headline(session: Session, url: str, chosen: str, look: Look) -> Content:
    """Return the top line: program, URL, revision, and that secrets show."""
    revision = f"{chosen} → {session.revision}" if session.revision != chosen else chosen
    right = Content.assemble(
        (" secrets shown " if look.reveal else "", "bold $text-warning reverse"),
        words(f" revision {revision} " if session.revision else f" revision {chosen} ", DIM),
    )
    if look.width < 64:
        right = Content.styled(" secrets shown ", "bold reverse") if look.reveal else Content()
    left = Content.assemble((" mcp-auth-tui ", "bold $text-accent"), " ", words(url, "", 2000))
    room = max(look.width - right.cell_length, 10)
    return left.truncate(room, ellipsis=True, pad=True) + right


def banner(marks: Iterable[str], look: Look, recorded: Iterable[str] = ()) -> Content:
    """Return the line that marks a run: that it is a recording, why its result is worth less."""
    reasons = terminal.one_line("; ".join(marks), None)
    told = [terminal.one_line("; ".join(recorded), None)] if recorded else []
    told += [f"! marked run: {reasons}"] if reasons else []
    return Content(f" {' '.join(told)}").truncate(max(look.width, 1), ellipsis=True)
