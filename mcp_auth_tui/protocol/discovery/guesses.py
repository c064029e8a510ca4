"""Knows how a run ends where nobody named an issuer (2025-03-26); must not make the guess."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from mcp_auth_tui import findings
from mcp_auth_tui.findings.rule import BY_ENDPOINTS, REPORT
from mcp_auth_tui.model import Exchange
from mcp_auth_tui.model.oauth import AuthorizationServer, MisplacedDocument
from mcp_auth_tui.protocol.discovery import by_hand
from mcp_auth_tui.protocol.discovery.resource import serving
from mcp_auth_tui.protocol.judge import Judge
from mcp_auth_tui.protocol.urls import same_origin

_OF_ENTRA = (
    r"https://login\.(?:windows\.net|microsoftonline\.com)/([\w.-]+)/oauth2/(?:v2\.0/)?authorize\Z"
)
_ENDPOINT = (
    r"(?<=[\w-])(?:/protocol/openid-connect/auth|(?:/oauth2?)?(?:/v[12](?:\.0)?)?/authorize)/?\Z"
)
# Answers of a server that has nothing at a path, as opposed to one that refuses.
_NOTHING_THERE = (404, 405, 410, 501)


def guessed_wrong(judge: Judge, server: AuthorizationServer, exchange: Exchange) -> None:
    """End the run where a default path of 2025-03-26 was a guess that did not come true (L2).

    Nobody refused anything then: nothing says how to sign in.
    """
    if not server.guessed or exchange.status not in _NOTHING_THERE:
        return
    seen = f"no metadata anywhere, and {exchange.request.url.partition('?')[0]}: HTTP"
    found, elsewhere, way = server.misplaced, "", ""
    if found is not None:
        elsewhere, way = f"; {description(found)}", way_through(found)
    # What is missing is asked for by every revision since that one.
    replace(judge, revision="").stop(
        "prm-missing",
        seen=f"{seen} {exchange.status}{elsewhere}",
        message="Nothing says how to sign in: there is no metadata where clients look for it, and"
        " nothing at the default paths of 2025-03-26 either.",
        next=serving(judge.config.url),
        meanwhile=way,
        exchange=exchange,
    )


def description(found: MisplacedDocument) -> str:
    """Say what was found where clients do not look."""
    return f"{found.place} has a document of the issuer {found.issuer}"


def way_through(found: MisplacedDocument, asked: str = "") -> str:
    """Name the way to a header by what was found elsewhere; empty where it leads nowhere.

    ``asked`` is the issuer that was asked for, empty where nobody named one.
    """
    issuer = f"--issuer {found.issuer}"
    if found.reachable:
        return f"{found.place} names that issuer; give it by hand: {issuer}. {REPORT}"
    if not found.endpoints:
        return ""
    options = [f"{by_hand.flag(name)} {url}" for name, url in found.endpoints]
    if found.issuer != asked:
        options.insert(0, issuer)
    given = f"Give what stands there by hand: {' '.join(options)}. {REPORT}"
    return given if len(given) <= findings.LIMIT else BY_ENDPOINTS


def issuer_of_endpoint(url: str) -> str:
    """Return the issuer that an authorization endpoint is likely of, to be given by hand.

    Known by the form of the address alone: empty where that tells nothing.
    """
    if not by_hand.copiable(url):
        return ""
    if tenant := re.match(_OF_ENTRA, url):
        return f"https://login.microsoftonline.com/{tenant[1]}/v2.0"
    path = re.search(_ENDPOINT, url.partition("?")[0])
    return url[: path.start()] if path else ""


def issuer_of_origin(base: str, document: Mapping[str, Any]) -> str:
    """Say what mends a document at the MCP server's origin that names an issuer elsewhere.

    An endpoint at that origin shows that the document is meant for it, as where a server stands
    before another one and registers clients itself; else it is a copy of somebody else's.
    """
    for name in ("authorization_endpoint", "registration_endpoint"):
        value = document.get(name)
        if isinstance(value, str) and same_origin(base, value):
            return f'Set "issuer" to {base} in this document: its {name} is there too.'
    named = document.get("issuer")
    return f"Publish protected resource metadata that names {named} in authorization_servers."
