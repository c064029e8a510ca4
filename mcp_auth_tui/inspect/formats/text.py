"""Knows an inspection as lines for a person; must not know where they go."""

from __future__ import annotations

from collections.abc import Iterator

from mcp_auth_tui.inspect.formats import Form
from mcp_auth_tui.model import Finding, Level, Session
from mcp_auth_tui.render.fix import fix_text, to_public
from mcp_auth_tui.render.report.content import checked, details, ranked, told
from mcp_auth_tui.render.safe import Safe
from mcp_auth_tui.render.summary import GLYPHS, elsewhere

_COLOURS = {Level.FATAL: "31", Level.ERROR: "31", Level.WARNING: "33", Level.OK: "32"}


class Text(Form):
    """A paragraph for each URL: the worst finding first."""

    def head(self) -> str:
        """Return the marks of the run, if any."""
        return "".join(f"! MARKED RUN: {mark}\n" for mark in self._setting.marks)

    def one(self, session: Session) -> str:
        """Return the paragraph of one URL."""
        return "".join(f"{line}\n" for line in (*self._lines(session), ""))

    def tail(self, *, complete: bool) -> str:
        """Return nothing, or that it ended early."""
        return "" if complete else "Interrupted: not every URL was inspected.\n"

    def _lines(self, session: Session) -> Iterator[str]:
        safe = Safe(session)
        shown = ranked(session)
        worst = shown[0].level if shown else Level.OK
        head = f"{GLYPHS[worst]} {safe.line(session.url)}"
        yield self._paint(head, worst, bold=True)
        yield f"  {safe.line(told(session))}; rules: {checked(session)}"
        for finding in shown:
            yield from self.finding(session, finding, safe)
        if further := elsewhere(session):
            yield f"  {further}"

    def finding(self, session: Session, finding: Finding, safe: Safe) -> Iterator[str]:
        """Yield the lines of one finding; one that weighs with all that helps to mend it."""
        mark = self._paint(f"{GLYPHS[finding.level]} {finding.level}", finding.level)
        yield f"  {mark}: {safe.line(finding.message)} [{finding.id}]"
        if finding.level.rank > Level.WARNING.rank:
            return
        for name, value in details(session, finding):
            if value:
                yield f"      {name}: {safe.line(value)}"
        fix = fix_text(session, finding, to_public(safe))
        for line in fix.paragraph if fix is not None else ():
            yield f"      {safe.line(line)}"

    def _paint(self, value: str, level: Level, *, bold: bool = False) -> str:
        colour = _COLOURS.get(level, "")
        codes = ";".join(code for code in ("1" if bold else "", colour) if code)
        return f"\x1b[{codes}m{value}\x1b[0m" if self._setting.colour and codes else value
