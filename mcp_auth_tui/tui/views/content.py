"""Knows how parts of a session become `Content`; pure, must not know widgets, keys or the protocol.

Whatever a server sent goes through `words` or `lines`: harmless, and never parsed as markup.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from textual.content import Content
from textual.style import Style

from mcp_auth_tui.model import (
    PANELS,
    Finding,
    Level,
    Secret,
    Session,
    Stage,
    Status,
    Whose,
)
from mcp_auth_tui.text import terminal, units

DIM = "$dim"
STATUS: Mapping[Status, tuple[str, str]] = {
    Status.IDLE: ("·", DIM),
    Status.RUNNING: ("▸", "bold $text-primary"),
    Status.WAITING: ("…", "bold $text-accent"),
    Status.DONE: ("✓", "$text-success"),
    Status.WARNED: ("!", "$text-warning"),
    Status.FAILED: ("✗", "bold $text-error"),
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


def _letters() -> Mapping[str, str]:
    from mcp_auth_tui.tui.actions import LETTERS

    return LETTERS


@dataclass(frozen=True, slots=True)
class Look:
    """How a view is looked at: cells per line, whether secrets show, the time (epoch), lines."""

    width: int = 80
    reveal: bool = False
    now: float = 0.0
    height: int = 0
    """Lines that are seen at once; 0: not known."""
    letters: Mapping[str, str] = field(default_factory=_letters)
    """How the actions are called in sentences (`keymap.Keymap.letters`)."""

    def told(self, sentence: str) -> str:
        """Return a sentence of ours with the keys of the actions that it names in braces."""
        return sentence.format_map(self.letters)


@dataclass(frozen=True, slots=True)
class Styled:
    """A value of a row with its own style."""

    value: Any
    style: str


def words(value: object, style: str | Style = "", limit: int | None = 300) -> Content:
    """Return one harmless line; markup in it stays text."""
    return Content.styled(terminal.one_line(str(value), limit), style)


def lines(value: object, style: str | Style = "") -> Content:
    """Return harmless text that may span lines; markup in it stays text."""
    return Content.styled(terminal.harmless(str(value)), style)


def stack(parts: Iterable[Content]) -> Content:
    """Put contents below one another."""
    return Content("\n").join(list(parts))


def secret(value: str | Secret, look: Look) -> str:
    """Return a value fit to show: a secret is masked unless the person looks at secrets."""
    return value.reveal() if isinstance(value, Secret) and look.reveal else str(value)


def named(value: Any, *names: str) -> list[tuple[str, Any]]:
    """Return the attributes of a value that hold something, labelled by their own names."""
    pairs = [(name.replace("_", " "), getattr(value, name, None)) for name in names]
    return [(name, item) for name, item in pairs if item not in (None, "", ())]


def fold(value: str, width: int) -> list[str]:
    """Break harmless text into lines of at most ``width`` characters; words stay whole."""
    width = max(width, 8)
    folded: list[str] = []
    for line in terminal.harmless(value).splitlines() or [""]:
        folded += textwrap.wrap(
            line, width, break_on_hyphens=False, drop_whitespace=True, tabsize=4
        ) or [""]
    return folded


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
    made: list[Content] = []
    for label, value in pairs:
        style = ""
        if isinstance(value, Styled):
            value, style = value.value, value.style
        shown = secret(value, look) if isinstance(value, str | Secret) else _flat(value)
        head = f"{'':{indent}}{terminal.one_line(label, 60):{column}}"
        left = column
        if len(head) > indent + column:
            made.append(Content.styled(head, DIM))
            left = below
            head = " " * (indent + left)
        for line in fold(shown, look.width - indent - left):
            made.append(Content.assemble((head, DIM), (line, style)))
            head = " " * (indent + left)
    return made


def _flat(value: Any) -> str:
    if isinstance(value, tuple | list | frozenset | set):
        return " ".join(str(item) for item in value)
    return str(value)


def keys_hint(keys: Iterable[tuple[str, ...]], width: int) -> Content:
    """Return keys with their words on as many lines as it takes; none is broken.

    A third text is the action that a click on the key runs.
    """
    made = [Content()]
    for key, word, *action in keys:
        gap = " " if key and word else ""
        part = Content.assemble((key, "bold $text-accent"), gap, word)
        if action and action[0]:
            part = part.stylize(Style.from_meta({"@click": action[0]}))
        last = made[-1]
        if last.cell_length and last.cell_length + 2 + part.cell_length > width:
            made.append(part)
        else:
            made[-1] = Content.assemble(last, "  " if last.cell_length else "", part)
    return stack(made)


def heading(title: str) -> Content:
    """Return the heading of a section."""
    return Content.styled(title, HEADING)


def stages_of(panel: int) -> tuple[Stage, ...]:
    """Return the stages that a panel (0 to 4) shows."""
    return PANELS[panel][1]


def panel_of(stage: Stage) -> int:
    """Return the panel (0 to 4) that shows a stage."""
    return next(index for index, (_, stages) in enumerate(PANELS) if stage in stages)


def panel_status(session: Session, panel: int) -> Status:
    """Sum up the stages of a panel: what is alive first, then the worst."""
    found = [session.stages[stage].status for stage in stages_of(panel)]
    for status in (Status.FAILED, Status.WAITING, Status.RUNNING):
        if status in found:
            return status
    if Status.IDLE in found and session.outcome is None and found.count(Status.IDLE) < len(found):
        return Status.RUNNING
    for status in (Status.WARNED, Status.DONE, Status.SKIPPED):
        if status in found:
            return status
    return Status.IDLE


def status_words(session: Session, panel: int, look: Look) -> Content:
    """Return glyph, word and, as far as there is room, time of a panel."""
    status = panel_status(session, panel)
    glyph, style = STATUS[status]
    parts = [glyph, str(status)]
    seconds = sum(session.stages[stage].seconds for stage in stages_of(panel))
    if status is Status.WAITING and session.waiting and look.now:
        parts.append(units.duration(max(session.waiting.until - look.now, 0.0)))
    elif seconds:
        parts.append(units.duration(seconds))
    made = Content.styled(" ".join(parts), style)
    return made if made.cell_length <= look.width else Content.styled(" ".join(parts[:2]), style)


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


def findings_line(session: Session, panel: int) -> Content | None:
    """Return how many findings a panel has by weight, worst first, or None when there is none."""
    counts = session.counts(*stages_of(panel))
    worst = counts[Level.FATAL] + counts[Level.ERROR]
    parts = [(worst, Level.ERROR), (counts[Level.WARNING], Level.WARNING)]
    parts += [(counts[Level.OK], Level.OK)]
    shown = [
        Content.styled(f"{number} {LEVEL[level][0]}", LEVEL[level][1])
        for number, level in parts
        if number
    ]
    return Content(" ").join(shown) if shown else None


def panel_facts(session: Session, panel: int, look: Look) -> list[Content]:
    """Return the few facts that a panel shows about its stages, most telling first."""
    made: list[Content] = []
    if session.stop and session.stop.stage in stages_of(panel):
        made.append(words(session.stop.message, LEVEL[Level.FATAL][1]))
    return made + rows(_facts(session, panel, look), Look(2000, False, look.now), gap=1)


def _facts(session: Session, panel: int, look: Look) -> list[tuple[str, Any]]:
    if panel == 0:
        found: list[tuple[str, Any]] = []
        if session.contact:
            schemes = tuple(dict.fromkeys(item.scheme for item in session.contact.challenges))
            found.append(("status", f"{session.contact.status} {' '.join(schemes)}".strip()))
        if session.server:
            found.append(("issuer", _short(session.server.issuer)))
        if session.resource:
            found.append(("resource", _short(session.resource.identifier)))
        return found
    if panel == 1:
        return named(session.client, "how", "id", "auth_method")
    if panel == 2:
        return _browser_facts(session, look)
    if panel == 3:
        return _token_facts(session)
    facts: list[tuple[str, Any]] = [(name, value) for name, value in session.headers.items()]
    if session.peer:
        tools = session.peer.tools
        facts.append(("server", f"{session.peer.name} {session.peer.version}".strip()))
        facts += named(session.peer, "revision")
        facts += [("tools", str(len(tools)))] if tools is not None else []
    return facts


def _short(url: str) -> str:
    return url.removeprefix("https://")


def banner(marks: Iterable[str], look: Look) -> Content:
    """Return the line that marks a run: why its result is worth less."""
    told = terminal.one_line("; ".join(marks), None)
    return Content(f" ! marked run: {told}").truncate(max(look.width, 1), ellipsis=True)


def _browser_facts(session: Session, look: Look) -> list[tuple[str, Any]]:
    stage = session.stages[Stage.AUTHORIZE]
    if stage.status is Status.SKIPPED:
        return [("skipped", stage.summary)]
    if session.waiting and session.device is not None:
        return [
            ("code", session.device.user_code),
            ("at", units.host_of(session.device.verification_uri)),
        ]
    if session.waiting and session.browsed:
        paste = look.told("press {paste}")
        return [("sign in", units.host_of(session.browsed.url)), ("paste", paste)]
    attempt = session.attempt
    if attempt is None:
        return []
    return [("at", units.host_of(attempt.authorization_endpoint)), *named(attempt, "scope")]


def _token_facts(session: Session) -> list[tuple[str, Any]]:
    token = session.token
    if token is None:
        return []
    facts = named(token, "type")
    if token.expires_in is not None:
        facts.append(("expires in", units.duration(token.expires_in)))
    return facts + named(token, "scope_granted") + named(token, "refresh")


def finding_line(finding: Finding) -> Content:
    """Return a finding on one line: glyph, sentence, and the member that a kept check is about."""
    glyph, style = LEVEL[finding.level]
    about = finding.pointer.rpartition("/")[2] if finding.level is Level.OK else ""
    told = f"  {about}" if "/" in finding.pointer and about not in finding.message else ""
    return Content.assemble((f"{glyph} ", style), words(finding.message), words(told, DIM))


def finding_block(
    session: Session, finding: Finding, look: Look, *, ended: bool = False
) -> list[Content]:
    """Return a finding in full, what to do first; ``ended`` says that the run stopped there."""
    from mcp_auth_tui.findings import CATALOGUE

    rule = CATALOGUE.get(finding.id)
    glyph, style = LEVEL[finding.level]
    level = "The run ended here" if ended else finding.level
    made = [Content.assemble((f"{glyph} {level} ", style), words(finding.id, DIM))]
    made += [Content.styled(line, "bold") for line in fold(finding.message, look.width)]
    pairs = [
        ("whose", _whose(session, finding)),
        ("if yours" if finding.meanwhile else "next", Styled(finding.next, "$text-accent")),
        ("if not", Styled(finding.meanwhile, "$text-accent")),
        ("rule", finding.source),
        ("seen", finding.seen),
        ("expected", finding.expected),
        ("why", rule.why if rule and finding.level is not Level.OK else ""),
        ("where", _where(finding)),
        ("judged by", f"MCP {finding.revision}" if finding.revision else ""),
    ]
    shown = [(k, v) for k, v in pairs if (v.value if isinstance(v, Styled) else v)]
    return made + rows(shown, look, indent=2)


def _whose(session: Session, finding: Finding) -> str:
    """Say who has to mend it, and which of the two servers that is."""
    named = session.resource.issuers if session.resource else ()
    issuer = session.server.issuer if session.server else next(iter(named), "")
    url = {Whose.SERVER: session.url, Whose.ISSUER: issuer}.get(finding.whose, "")
    if finding.whose is Whose.NOBODY:
        return ""
    return f"{finding.whose}{f' ({units.host_of(url)})' if url else ''} has to mend it"


def _where(finding: Finding) -> str:
    exchange = f"exchange {finding.exchange}" if finding.exchange else ""
    return " in ".join(part for part in (finding.pointer, exchange) if part)


def worst_first(session: Session, *stages: Stage) -> list[Finding]:
    """Return the findings of some stages (of all, when none is named), worst first."""
    chosen = [item for item in session.findings if not stages or item.stage in stages]
    return sorted(chosen, key=lambda item: item.level.rank)
