"""Knows the results of probes as lines for a person; must not know where they go."""

from __future__ import annotations

from collections.abc import Iterator

from mcp_auth_tui.inspect.formats.text import Text
from mcp_auth_tui.model import Finding, Level, Session
from mcp_auth_tui.render.safe import Safe

PREFIX = "probe-"


class ProbeText(Text):
    """What failed with all that helps to mend it, then what stays open, then what passed."""

    def _lines(self, session: Session) -> Iterator[str]:
        safe = Safe(session)
        results = [item for item in session.findings if item.id.startswith(PREFIX)]
        failed = [item for item in results if item.level.rank <= Level.WARNING.rank]
        undecided = [item for item in results if item.level is Level.INFO]
        passed = [item for item in results if item.level is Level.OK]
        yield (
            f"Probes of {safe.line(session.url)}: {len(failed)} failed, {len(passed)} passed, "
            f"{len(undecided)} not decided"
        )
        for finding in sorted(failed, key=lambda item: item.level.rank):
            yield from self.finding(session, finding, safe)
        for finding in undecided:
            yield f"  · not decided: {finding.id}: {safe.line(finding.seen)}"
        for finding in passed:
            mark = self._paint("✓ passed", Level.OK)
            yield f"  {mark}: {finding.id}: {safe.line(finding.seen)}"
        others = [item for item in session.findings if not item.id.startswith(PREFIX)]
        worse = [item for item in others if item.level.rank <= Level.ERROR.rank]
        if worse:
            yield "  Found beside the probes:"
        for finding in worse:
            yield from self.finding(session, finding, safe)


def failed(session: Session, fail_on: Level) -> bool:
    """Return whether a probe failed at or over a level."""
    results: list[Finding] = [item for item in session.findings if item.id.startswith(PREFIX)]
    return any(item.level.rank <= fail_on.rank for item in results)
