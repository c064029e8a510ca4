"""Knows the panel of the metadata of both servers; pure, must not know widgets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from textual.content import Content

from mcp_auth_tui.model import Session
from mcp_auth_tui.tui.views.content import Look, attributes, rows


def facts(session: Session, _: Look) -> list[tuple[str, Any]]:
    """Return what the panel shows in short."""
    pairs: list[tuple[str, Any]] = []
    if session.contact:
        schemes = tuple(dict.fromkeys(item.scheme for item in session.contact.challenges))
        pairs.append(("status", f"{session.contact.status} {' '.join(schemes)}".strip()))
    if session.server:
        pairs.append(("issuer", _short(session.server.issuer)))
    if session.resource:
        pairs.append(("resource", _short(session.resource.identifier)))
    return pairs


def page(session: Session, look: Look) -> list[Content]:
    """Return what both servers say about themselves."""
    pairs: list[tuple[str, Any]] = []
    if session.contact:
        pairs += attributes(session.contact, "status", "refused", "era")
        for challenge in session.contact.challenges:
            params = " ".join(f'{key}="{value}"' for key, value in challenge.params)
            text = session.redactor(reveal=look.reveal).text(f"{challenge.scheme} {params}")
            pairs.append(("challenge", text))
    pairs += attributes(session.resource, "identifier", "issuers", "scopes")
    if session.resource and session.resource.legacy:
        pairs.append(("metadata", "none; the path of an older revision is taken"))
    pairs += attributes(session.server, "issuer")
    ends = ("authorization_endpoint", "token_endpoint", "registration_endpoint")
    return rows(pairs + attributes(session.server, *ends), look)


def documents(session: Session) -> list[tuple[str, Mapping[str, Any] | None]]:
    """Return the metadata documents of both servers."""
    return [
        (getattr(value, "url", None) or "", getattr(value, "document", None))
        for value in (session.resource, session.server)
    ]


def _short(url: str) -> str:
    return url.removeprefix("https://")
