"""Knows what a run is compared with that is made again; must not know how that is told."""

from __future__ import annotations

from dataclasses import replace

from mcp_auth_tui.model import Session
from mcp_auth_tui.model.changes import Snapshot, merged, snapshot
from mcp_auth_tui.records import dataclass

Kind = tuple[str, bool]
"""The URL of a run, and whether it probes: only runs of one kind are compared."""


@dataclass(frozen=True, slots=True)
class Before:
    """The last run of its kind that ended by itself."""

    kind: Kind
    session: Session
    """With the secrets of those before it: what they found may still be told."""
    snapshot: Snapshot
    """With what it did not get to, as the run before it had found that."""


def before_of(session: Session, kind: Kind, earlier: Before | None) -> Before:
    """Return what the run after a session is compared with."""
    found = snapshot(session)
    if earlier is None or earlier.kind != kind:
        return Before(kind, session, found)
    secrets = session.secrets | earlier.session.secrets
    return Before(kind, replace(session, secrets=secrets), merged(earlier.snapshot, found))
