"""Knows how findings become `Content`; pure, must not know widgets or who judged."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from textual.content import Content

from mcp_auth_tui.model import Finding, Level, Session, Stage, Whose
from mcp_auth_tui.protocol.quirks import known_way
from mcp_auth_tui.render.owner import owner
from mcp_auth_tui.tui.views.content import DIM, LEVEL, Look, StyledValue, fold, rows, words

SERVERS = (Whose.SERVER, Whose.ISSUER)
_REPORT = "(--export report; e on the screen)"


def finding_line(session: Session, finding: Finding) -> Content:
    """Return a finding on one line: glyph, sentence, and the member that a kept check is about."""
    glyph, style = LEVEL[finding.level]
    about = finding.pointer.rpartition("/")[2] if finding.level is Level.OK else ""
    member = f"  {about}" if "/" in finding.pointer and about not in finding.message else ""
    message = session.redactor().text(finding.message)
    return Content.assemble((f"{glyph} ", style), words(message), words(member, DIM))


def finding_block(
    session: Session, finding: Finding, look: Look, *, ended: bool = False
) -> list[Content]:
    """Return a finding in full, what to do first; ``ended`` says that the run stopped there."""
    from mcp_auth_tui.findings import CATALOGUE

    rule = CATALOGUE.get(finding.id)
    glyph, style = LEVEL[finding.level]
    text = session.redactor(reveal=look.reveal).text
    level = "The run ended here" if ended else finding.level
    parts = [Content.assemble((f"{glyph} {level} ", style), words(finding.id, DIM))]
    parts += [Content.styled(line, "bold") for line in fold(text(finding.message), look.width)]
    first, then = ("if yours", "if not") if finding.meanwhile else ("next", "")
    if rule is not None and rule.whose not in SERVERS:
        first, then = "next", "if it stays"  # the advice is for whoever runs this program
    pairs = [
        ("whose", _whose(session, finding)),
        (first, StyledValue(_here(text(finding.next), look), "$text-accent")),
        (then, StyledValue(_here(text(finding.meanwhile), look), "$text-accent")),
        *_at_provider(session, finding, text),
        ("rule", finding.source),
        ("seen", text(finding.seen)),
        ("expected", text(finding.expected)),
        ("why", rule.why if rule and finding.level is not Level.OK else ""),
        ("where", _where(finding)),
        ("judged by", f"MCP {finding.revision}" if finding.revision else ""),
    ]
    filled = [(k, v) for k, v in pairs if (v.value if isinstance(v, StyledValue) else v)]
    return parts + rows(filled, look, indent=2)


def _at_provider(
    session: Session, finding: Finding, text: Callable[[str], str]
) -> Iterator[tuple[str, str | StyledValue]]:
    """Yield what a finding is at the provider of the run, where that is known of it."""
    way = known_way(session, finding)
    for name, value in way.details if way else ():
        yield (
            name,
            StyledValue(text(value), "$text-accent") if name == "way through" else text(value),
        )


def _whose(session: Session, finding: Finding) -> str:
    if finding.level is Level.OK or not (name := owner(session, finding)):
        return ""  # what was kept needs nobody
    if finding.id == "net-rate-limited":
        return f"{name} set the limit: you wait"
    return f"{name} {'has to mend it' if finding.whose in SERVERS else 'can mend it'}"


def _here(text: str, look: Look) -> str:
    """Return advice that names options of the command line with the key that has them here."""
    if not look.letters:
        return text
    if _REPORT in text:
        text = text.replace(_REPORT, look.with_keys("({export} saves it)"))
    if "--" in text:
        text += look.with_keys(" (On this screen: {settings} opens the settings.)")
    return text


def _where(finding: Finding) -> str:
    exchange = f"exchange {finding.exchange}" if finding.exchange else ""
    return " in ".join(part for part in (finding.pointer, exchange) if part)


def worst_first(session: Session, *stages: Stage) -> list[Finding]:
    """Return the findings of some stages (of all, when none is named), worst first."""
    findings = [item for item in session.findings if not stages or item.stage in stages]
    return sorted(findings, key=lambda item: item.level.rank)
