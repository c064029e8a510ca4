"""Knows which scenario of the suite is run on which wire, and how the program must end there.

A new scenario is one row in `_TABLE`. That no row is missing is checked against the suite's list.
"""

from __future__ import annotations

from dataclasses import dataclass

EXTENSION = "extension"
WIRES = ("2025-03-26", "2025-06-18", "2025-11-25", "2026-07-28", EXTENSION)
_FALLBACK, _METHODS, _STATEFUL, _STATELESS, _EXTENSION = (1 << n for n in range(5))
_BOTH = _STATEFUL | _STATELESS

# Stricter than the suite: where it allows any error, the program has to say the right one. 1: the
# flow failed; 4: refused for safety.
_GOOD, _FAILED, _REFUSED = (0,), (1,), (4,)

_TABLE: tuple[tuple[str, int, tuple[int, ...]], ...] = (
    ("metadata-default", _BOTH, _GOOD),
    ("metadata-var1", _BOTH, _GOOD),
    ("metadata-var2", _BOTH, _GOOD),
    ("metadata-var3", _BOTH, _GOOD),
    ("basic-cimd", _BOTH, _GOOD),
    ("scope-from-www-authenticate", _BOTH, _GOOD),
    ("scope-from-scopes-supported", _BOTH, _GOOD),
    ("scope-omitted-when-undefined", _BOTH, _GOOD),
    ("scope-step-up", _BOTH, _GOOD),
    ("scope-retry-limit", _BOTH, _FAILED),
    ("token-endpoint-auth-basic", _METHODS | _BOTH, _GOOD),
    ("token-endpoint-auth-post", _METHODS | _BOTH, _GOOD),
    ("token-endpoint-auth-none", _METHODS | _BOTH, _GOOD),
    ("pre-registration", _BOTH, _GOOD),
    ("resource-mismatch", _STATELESS, _REFUSED),
    ("offline-access-scope", _STATELESS, _GOOD),
    ("offline-access-not-supported", _STATELESS, _GOOD),
    ("authorization-server-migration", _STATELESS, _GOOD),
    ("iss-supported", _STATELESS, _GOOD),
    ("iss-not-advertised", _STATELESS, _GOOD),
    ("iss-supported-missing", _STATELESS, _REFUSED),
    ("iss-wrong-issuer", _STATELESS, _REFUSED),
    ("iss-unexpected", _STATELESS, _REFUSED),
    ("iss-normalized", _STATELESS, _REFUSED),
    ("metadata-issuer-mismatch", _STATELESS, _REFUSED),
    ("2025-03-26-oauth-metadata-backcompat", _FALLBACK, _GOOD),
    ("2025-03-26-oauth-endpoint-fallback", _FALLBACK, _GOOD),
    ("client-credentials-jwt", _EXTENSION, _GOOD),
    ("client-credentials-basic", _EXTENSION, _GOOD),
    ("enterprise-managed-authorization", _EXTENSION, _GOOD),
    ("dpop", _EXTENSION, _GOOD),
    ("dpop-nonce", _EXTENSION, _GOOD),
    ("wif-jwt-bearer", _EXTENSION, _GOOD),
)


@dataclass(frozen=True, slots=True)
class Pair:
    """One scenario on one wire."""

    scenario: str
    """Without the ``auth/`` in front of it."""
    wire: str
    """An MCP revision, or ``extension``, where the suite chooses one itself."""
    exits: tuple[int, ...] = _GOOD
    """The exit codes with which the program may end."""

    def __str__(self) -> str:
        return f"{self.scenario} @ {self.wire}"


SCENARIOS = tuple(name for name, _, _ in _TABLE)
PAIRS = tuple(
    Pair(name, wire, exits)
    for number, wire in enumerate(WIRES)
    for name, wires, exits in _TABLE
    if wires & 1 << number
)
