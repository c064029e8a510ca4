"""Knows inspections as SARIF 2.1.0, for code scanning; must not know where it is uploaded.

Broken rules only: readers show every result as a problem, whatever its ``kind`` says.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any
from urllib.parse import quote

from mcp_auth_tui import __version__
from mcp_auth_tui.findings import CATALOGUE
from mcp_auth_tui.inspect.formats import Form, Setting
from mcp_auth_tui.model import Finding, Level, Session
from mcp_auth_tui.protocol.quirks import known_way
from mcp_auth_tui.render.document import dumped
from mcp_auth_tui.render.fix import fix_text, to_public
from mcp_auth_tui.render.report.content import ranked
from mcp_auth_tui.render.safe import Safe

SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
_LEVELS = {
    Level.FATAL: "error",
    Level.ERROR: "error",
    Level.WARNING: "warning",
    Level.INFO: "note",
    Level.OK: "none",
}


class Sarif(Form):
    """One log with one run; the rules that were broken are described after the results."""

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting)
        self._rules: dict[str, int] = {}

    def head(self) -> str:
        """Open the log and its results."""
        version = f'"$schema": {json.dumps(SCHEMA)}, "version": "2.1.0"'
        return f'{{{version}, "runs": [{{"results": ['

    def one(self, session: Session) -> str:
        """Return the results of one URL."""
        safe = Safe(session)
        results = (self._result(session, finding, safe) for finding in ranked(session))
        return "".join(self._comma() + dumped(result) for result in results)

    def tail(self, *, complete: bool) -> str:
        """Close the results and describe the tool, its rules and the run."""
        driver = {
            "name": "mcp-auth-tui",
            "version": __version__,
            "rules": [_rule(id) for id in self._rules],
        }
        invocation = {
            "executionSuccessful": complete,
            "toolExecutionNotifications": [
                {"level": "warning", "message": {"text": mark}} for mark in self._setting.marks
            ],
        }
        end = dumped({"tool": {"driver": driver}, "invocations": [invocation]})
        return f'\n], "columnKind": "unicodeCodePoints", {end[1:-1]}}}]}}\n'

    def _result(self, session: Session, finding: Finding, safe: Safe) -> dict[str, Any]:
        index = self._rules.setdefault(finding.id, len(self._rules))
        place, way = _place(session, finding), known_way(session, finding)
        location: dict[str, Any] = {
            "physicalLocation": {
                # A document of the web has no lines, but readers want one.
                "artifactLocation": {"uri": _uri(safe(place))},
                "region": {"startLine": 1},
            }
        }
        if finding.pointer:
            member = finding.pointer.startswith("/")
            name = safe.line(finding.pointer)
            kind = "member" if member else "header"
            location["logicalLocations"] = [{"fullyQualifiedName": name, "kind": kind}]
        mark = f"{session.url}\n{finding.id}\n{place}\n{finding.pointer}"
        return {
            "ruleId": finding.id,
            "ruleIndex": index,
            "level": _LEVELS[finding.level],
            "message": {"text": _message(finding, safe)},
            "locations": [location],
            "partialFingerprints": {"place/v1": hashlib.sha256(mark.encode()).hexdigest()[:32]},
            "properties": {
                "url": safe(session.url),
                "severity": str(finding.level),
                "seen": safe(finding.seen),
                "expected": safe(finding.expected),
                "next": safe(finding.next),
                "whose": str(finding.whose),
                "source": finding.source,
                "revision": finding.revision,
                "exchange": finding.exchange,
                **({"provider": {k: safe.line(v) for k, v in way.details if v}} if way else {}),
                **({"fix": fix} if (fix := _fix(session, finding, safe)) else {}),
            },
        }


def _fix(session: Session, finding: Finding, safe: Safe) -> list[str]:
    fix = fix_text(session, finding, to_public(safe))
    return [safe.line(line) for line in fix.paragraph] if fix is not None else []


def _message(finding: Finding, safe: Safe) -> str:
    # Brackets with a number would be a link in a SARIF message (§3.11.6), a brace a placeholder.
    said = f"{safe.line(finding.message)} Expected: {safe.line(finding.expected)}"
    said += f" Seen: {safe.line(finding.seen)}" if finding.seen else ""
    escaped = said.replace("\\", "\\\\").replace("[", "\\[").replace("]", "\\]")
    return escaped.replace("{", "{{").replace("}", "}}")


def _place(session: Session, finding: Finding) -> str:
    exchange = next((e for e in session.exchanges if e.number == finding.exchange), None)
    return exchange.request.url if exchange else session.url


def _uri(url: str) -> str:
    return quote(url, safe="%/:=&?~#+!$,;'@()*[]-._")


def _rule(id: str) -> dict[str, Any]:
    rule = CATALOGUE[id]
    return {
        "id": id,
        "shortDescription": {"text": rule.headline},
        "fullDescription": {"text": f"{rule.expected} {rule.why}"},
        "help": {"text": f"{rule.next} Rule: {rule.source}"},
        "defaultConfiguration": {"level": _LEVELS[rule.level]},
        "properties": {"whose": str(rule.whose), "since": rule.since},
    }
