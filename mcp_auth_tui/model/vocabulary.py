"""Knows the words a run is told in: stages, states, levels, outcomes; and no values."""

from __future__ import annotations

from enum import StrEnum


class Stage(StrEnum):
    """The stages of a run, in order (DESIGN 2)."""

    PROBE = "probe"
    RESOURCE = "resource"
    SERVER = "server"
    REGISTER = "register"
    AUTHORIZE = "authorize"
    TOKEN = "token"
    VERIFY = "verify"


class Status(StrEnum):
    """How a stage stands."""

    IDLE = "idle"
    RUNNING = "running"
    WAITING = "waiting"
    DONE = "done"
    WARNED = "warned"
    FAILED = "failed"
    CANCELLED = "cancelled"
    KEPT = "kept"
    SKIPPED = "skipped"


class Level(StrEnum):
    """The weight of a finding; `FATAL` ended the run."""

    FATAL = "fatal"
    ERROR = "error"
    WARNING = "warning"
    INFO = "info"
    OK = "ok"

    @property
    def rank(self) -> int:
        """0 is the worst."""
        return _RANKS[self]


_RANKS = {level: number for number, level in enumerate(Level)}


class Whose(StrEnum):
    """Who has to mend what a finding names."""

    SERVER = "MCP server"
    ISSUER = "authorization server"
    CLIENT = "client"
    NETWORK = "network"
    BETWEEN = "something between"
    """A proxy or a firewall on the way: neither the person's settings nor the server."""
    NOBODY = "nobody"


class Outcome(StrEnum):
    """How a run ended (DESIGN 3)."""

    OK = "ok"
    OPEN = "open"
    PROBED = "probed"
    """What was issued was tried and then ended: there are no headers."""
    FAILED = "failed"
    REFUSED = "refused"
    WAITING = "waiting"
    INTERRUPTED = "interrupted"
