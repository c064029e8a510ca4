"""Knows what one row of the catalogue holds; must not know any row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from mcp_auth_tui.model import Level, Whose
from mcp_auth_tui.records import dataclass

REPORT = "Send its operator the report (--export report; e on the screen)."
"""What somebody can do who only uses a server, where a rule has no sentence of its own."""
OWN_CLIENT = "Make a client in the server's console and give it with --client-id."
"""The same where registration fails."""
BY_ENDPOINTS = (
    "If you know its endpoints, give them by hand: --authorization-endpoint URL --token-endpoint"
    f" URL. {REPORT}"
)
"""The same where the metadata of the authorization server is of no use."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One check with everything that a person is told about it (SPEC 3 and 4)."""

    id: str
    level: Level
    whose: Whose
    """Who mends it: the prefix of the id says so, but for the exceptions of SPEC 4."""
    headline: str
    """What is wrong, as one sentence."""
    expected: str
    """How it is when the rule is kept, as one sentence."""
    source: str
    """RFC section or MCP page with its revision; ``own`` for a rule of this project."""
    next: str
    """What the reader can do about it."""
    why: str
    """Why it matters, in one or two sentences."""
    exit: int = 1
    """The exit code of a run that this finding ends (DESIGN 3)."""
    since: str = ""
    """The first MCP revision in which the rule holds; empty: it always does."""
    levels: Mapping[str, Level] = field(default_factory=dict)
    """The level in revisions where it differs from `level`."""
    meanwhile: str = REPORT
    """What somebody can do who only uses the server; empty where `next` says it already."""

    def until_mended(self, level: Level, whose: Whose | None = None) -> str:
        """Return what can be done until the server is mended; empty where this stops nobody.

        ``whose`` says who mends it where that is not who the rule names.
        """
        servers = (whose or self.whose) in (Whose.SERVER, Whose.ISSUER)
        return self.meanwhile if servers and level.rank <= Level.ERROR.rank else ""

    def level_in(self, revision: str) -> Level:
        """Return the level under an MCP revision; empty when the revision is not known yet.

        A rule that is younger than the revision is information there, unless `levels` says else.
        """
        if revision in self.levels:
            return self.levels[revision]
        if revision and revision < self.since:
            return Level.INFO
        return self.level
