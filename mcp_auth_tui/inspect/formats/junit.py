"""Knows inspections as JUnit XML, for continuous integration: a suite a URL, a case a rule."""

from __future__ import annotations

from datetime import UTC, datetime
from xml.sax.saxutils import escape, quoteattr

from mcp_auth_tui.inspect.formats import Form
from mcp_auth_tui.model import Finding, Level, Session
from mcp_auth_tui.protocol.quirks import known_way
from mcp_auth_tui.render.fix import fix_text, to_public
from mcp_auth_tui.render.report.content import ranked
from mcp_auth_tui.render.safe import Safe


class Junit(Form):
    """A finding at or over the threshold is a failure; a lighter one is output of a passed case."""

    def head(self) -> str:
        """Open the suites."""
        return '<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="mcp-auth-tui inspect">\n'

    def one(self, session: Session) -> str:
        """Return the suite of one URL."""
        safe = Safe(session)
        broken = ranked(session)
        names = {item.id for item in broken}
        kept = dict.fromkeys(
            item.id for item in session.findings if item.level is Level.OK and item.id not in names
        )
        failures = sum(self._fails(item) for item in broken)
        seconds = max(session.ended - session.started, 0.0)
        when = datetime.fromtimestamp(session.started, UTC).strftime("%Y-%m-%dT%H:%M:%S")
        lines = [
            f"<testsuite name={_value(safe.line(session.url))}"
            f' tests="{len(broken) + len(kept)}" failures="{failures}" errors="0" skipped="0"'
            f' time="{seconds:.3f}" timestamp={_value(when)}>'
        ]
        for item in broken:
            lines += self._case(session, item, safe)
        lines += [f"{_open(session, id, safe)}/>" for id in kept]
        return "\n".join([*lines, "</testsuite>\n"])

    def tail(self, *, complete: bool) -> str:
        """Close the suites."""
        return "</testsuites>\n"

    def _fails(self, finding: Finding) -> bool:
        return finding.level.rank <= self._setting.fail_on.rank

    def _case(self, session: Session, finding: Finding, safe: Safe) -> list[str]:
        way = known_way(session, finding)
        details = (
            ("seen", finding.seen),
            ("expected", finding.expected),
            ("rule", finding.source),
            ("to be mended by", finding.whose),
            ("next", finding.next),
            *(way.details if way else ()),
        )
        fix = fix_text(session, finding, to_public(safe))
        lines = [f"{name}: {safe.line(value)}" for name, value in details if value]
        lines += map(safe.line, fix.paragraph if fix is not None else ())
        said = "\n".join(lines)
        message = safe.line(finding.message)
        if self._fails(finding):
            head = f"<failure type={_value(finding.level)} message={_value(message)}>"
            inner = f"{head}{_text(said)}</failure>"
        else:
            inner = (
                f"<system-out>{_text(f'{finding.level}: {message}')}\n{_text(said)}</system-out>"
            )
        return [f"{_open(session, finding.id, safe)}>", inner, "</testcase>"]


def _open(session: Session, id: str, safe: Safe) -> str:
    return f'<testcase classname={_value(safe.line(session.url))} name={_value(id)} time="0"'


def _value(value: object) -> str:
    return quoteattr(_text(str(value), escaped=False))


def _text(value: str, *, escaped: bool = True) -> str:
    """Return text for XML 1.0 (§2.2), which forbids even these two of what is harmless."""
    allowed = "".join(char for char in value if char not in "\ufffe\uffff")
    return escape(allowed) if escaped else allowed
