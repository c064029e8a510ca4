"""Knows the endpoints that a person gave by hand, and when they do without metadata; no rule."""

from __future__ import annotations

from mcp_auth_tui.model import Level
from mcp_auth_tui.model.oauth import AuthorizationServer
from mcp_auth_tui.protocol.actions import FlowStop, Protocol
from mcp_auth_tui.protocol.config import ENDPOINTS, Config
from mcp_auth_tui.protocol.judge import Judge
from mcp_auth_tui.protocol.urls import UrlRefused, endpoint, origin_text
from mcp_auth_tui.text.patterns import pattern

_NO_DOCUMENT = ("as-missing", "as-html", "as-json")
# A document of nobody, or of somebody else: it is not used (A5).
_FOREIGN = ("as-issuer-missing", "as-issuer-mismatch", "as-issuer-slash")
# What can be copied into a command line as it stands: nothing that a shell acts on.
_BARE = pattern(r"[A-Za-z0-9._~:/@=+,-]+\Z")
_BROWSERLESS = ("client_credentials", "jwt-bearer")


def flag(name: str) -> str:
    """Return the option that gives an endpoint."""
    return f"--{name.replace('_', '-')}"


def suffice(config: Config) -> bool:
    """Return whether the endpoints that were given are all that the grant needs."""
    browser = config.grant not in _BROWSERLESS
    return bool(config.token_endpoint and (config.authorization_endpoint or not browser))


def guessed_issuer(config: Config) -> str | None:
    """Return what is taken for the issuer where nobody named one: the token endpoint's origin."""
    return origin_text(config.token_endpoint) if config.token_endpoint else None


def copiable(url: str) -> bool:
    """Return whether a URL of a server may stand in a command line for somebody to copy."""
    try:
        return endpoint(url) == url and _BARE.match(url) is not None
    except UrlRefused:
        return False


def server(judge: Judge, issuer: str | None = None) -> Protocol[AuthorizationServer]:
    """Return the authorization server that these endpoints make, where there is no metadata.

    Without an ``issuer`` it is the origin of the token endpoint.
    """
    config = judge.config
    for name in ENDPOINTS:
        yield from told(judge, name)
    return AuthorizationServer(
        issuer or guessed_issuer(config) or "",
        None,
        config.authorization_endpoint or "",
        config.token_endpoint or "",
        config.registration_endpoint,
        by_hand=True,
    )


def told(judge: Judge, name: str) -> Protocol[str | None]:
    """Tell that an endpoint was given by hand, and return it; None where it was not."""
    value: str | None = getattr(judge.config, name)
    if value is not None:
        seen = f"{flag(name)} {value}"
        yield from judge.note("client-overridden", seen=seen, pointer=flag(name))
    return value


def instead(
    judge: Judge, body: Protocol[AuthorizationServer], issuer: str | None = None
) -> Protocol[AuthorizationServer]:
    """Run a discovery; where no document is found, go on with the endpoints given by hand."""
    try:
        return (yield from body)
    except FlowStop as stopped:
        finding = stopped.finding
        lost = finding.id in (*_NO_DOCUMENT, *_FOREIGN) or finding.id.startswith("net-")
        if not lost or not suffice(judge.config):
            raise
    # What was there and is broken was told with its place.
    if finding.id == "as-missing" or finding.id in _FOREIGN:
        yield from judge.note(
            finding.id,
            seen=finding.seen,
            expected=finding.expected,
            message=finding.message,
            next=finding.next,
            exchange=finding.exchange,
            pointer=finding.pointer,
            level=Level.WARNING,
            whose=finding.whose,
        )
    return (yield from server(judge, issuer))
