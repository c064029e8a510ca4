"""Knows the rules for a refusal by the MCP server (SPEC 4, rs-*); must not decide what follows."""

from __future__ import annotations

from mcp_auth_tui.model import Exchange, Level
from mcp_auth_tui.model.oauth import Contact
from mcp_auth_tui.protocol.challenge import ParsedChallenges
from mcp_auth_tui.protocol.checks.check import Check, Checks

_HEADER = "www-authenticate"
_SCHEMES = ("bearer", "dpop")
# With fewer scopes than this, one operation may well need them all.
_CATALOGUE = 3


def fields(exchange: Exchange, parsed: ParsedChallenges, text: str) -> Checks:
    """Look at the form of ``WWW-Authenticate`` (RFC 9110 §11.6.1, RFC 6750 §3)."""
    faults = "; ".join((*parsed.faults, text))
    if not parsed.single:  # told apart, with its way through
        yield Check("rs-challenge-syntax", bool(parsed.faults), faults, _HEADER)
    twice = parsed.repeated()
    for scheme, name in twice:
        yield Check("rs-challenge-dup-param", True, f"{name} in {scheme}: {text}", _HEADER)
    if not twice:
        yield Check("rs-challenge-dup-param", False, text, _HEADER)
    names = parsed.forbidden()
    seen = f"{', '.join(names)}: {text}" if names else text
    yield Check("rs-challenge-charset", bool(names), seen, _HEADER)
    usable = [item for item in parsed.challenges if item.scheme.lower() in _SCHEMES]
    yield Check("rs-challenge-scheme", not usable, text, _HEADER)
    if usable:
        bare = not any(item.params for item in parsed.challenges)
        yield Check("rs-challenge-bare", bare, text, _HEADER)
    if proofs := [item for item in usable if item.scheme.lower() == "dpop"]:
        wrong = any(item.get("algs") is None for item in proofs)
        yield Check("dpop-algs-param", wrong, text, _HEADER)
    if exchange.status == 401 and usable and any(item.params for item in parsed.challenges):
        yield from _members(parsed, text)


def _members(parsed: ParsedChallenges, text: str) -> Checks:
    names = {name for item in parsed.challenges for name, _ in item.params}
    yield Check("rs-challenge-no-prm", "resource_metadata" not in names, text, _HEADER)
    if "scope" in names:
        scopes = {
            scope for item in parsed.challenges for scope in (item.get("scope") or "").split()
        }
        yield Check("rs-challenge-offline", "offline_access" in scopes, text, _HEADER)


def scope(contact: Contact, listed: tuple[str, ...]) -> Checks:
    """Look whether a 401 says which scopes it needs (MCP 2025-11-25), where there are any.

    ``listed`` is what the resource's metadata lists: a server without scopes has none to name.
    """
    asks = any(item.params for item in contact.challenges if item.scheme.lower() in _SCHEMES)
    if contact.status == 401 and listed and asks:
        named = contact.param("scope")
        seen = f"no scope; the metadata lists {' '.join(listed)}" if named is None else named
        yield Check("rs-challenge-no-scope", named is None, seen, f"{_HEADER}: scope")
        if divided(named, listed) != named:
            seen = f"scope is divided by commas: {named}"
            yield Check(
                "rs-challenge-charset", True, seen, f"{_HEADER}: scope", level=Level.WARNING
            )


def divided(scope: str | None, listed: tuple[str, ...]) -> str | None:
    """Return a challenge's scope divided by blanks, where commas divide what is listed one by one.

    A comma may be part of a scope (RFC 6749 §3.3): only the metadata tells the two apart.
    """
    if scope is None or "," not in scope:
        return scope
    parts = scope.replace(",", " ").split()
    return " ".join(parts) if set(parts) <= set(listed) else scope


def error(exchange: Exchange, contact: Contact) -> Checks:
    """Look whether ``error`` is there exactly when a token was refused (RFC 6750 §3, §3.1)."""
    named = contact.param("error")
    if exchange.status != 401 or not any(item.params for item in contact.challenges):
        return
    if not exchange.request.carries("Authorization"):
        yield Check("rs-challenge-error-early", bool(named), named or "no error", _HEADER)
        return
    yield Check("rs-challenge-error-absent", not named, named or "no error", _HEADER)
    wrong = named == "insufficient_scope"
    yield Check("rs-scope-as-401", wrong, f"HTTP 401, error: {named or 'none'}", _HEADER)


def step_up(refused: Contact, before: Contact, catalogue: tuple[str, ...]) -> Checks:
    """Look how a 403 asks for more (MCP step-up): all at once, and no more than is needed.

    ``before`` is the refusal that led to the token just used; ``catalogue`` is every scope that
    the resource lists.
    """
    needed = frozenset((refused.param("scope") or "").split())
    earlier = frozenset((before.param("scope") or "").split())
    pointer = f"{_HEADER}: scope"
    if before.status == 403 and before.refused == refused.refused:
        more = needed - earlier
        seen = f"first {' '.join(sorted(earlier))}, then {' '.join(sorted(more))}"
        yield Check("rs-stepup-drip", bool(earlier and more), seen, pointer)
    if len(catalogue) >= _CATALOGUE:
        whole = needed >= set(catalogue) and (not earlier or earlier >= set(catalogue))
        yield Check("rs-stepup-catalog", whole, " ".join(sorted(needed)), pointer)
