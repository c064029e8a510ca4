"""Knows the panel of the client that the run registers or brings; pure, must not know widgets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from textual.content import Content

from mcp_auth_tui.model import Session
from mcp_auth_tui.tui.panels.guide import Guide
from mcp_auth_tui.tui.views.content import Look, attributes, rows

GUIDE = Guide(
    what=(
        "Makes this program known to the authorization server: with a client that you bring, "
        "with a document that describes the client, or by registering a new one on the spot."
    ),
    rules="RFC 7591 (dynamic registration), OAuth Client ID Metadata Documents, RFC 8252 §7.3 "
    "(the loopback address that the browser comes back to)",
    wrong=(
        "The server offers no registration: bring a client with --client-id ({settings} opens "
        "the settings).",
        "It refuses the address to come back to: some want localhost, some a fixed --port.",
        "It issues a secret though none was asked for, and then wants it at the token endpoint.",
    ),
)


def facts(session: Session, _: Look) -> list[tuple[str, Any]]:
    """Return what the panel shows in short."""
    return attributes(session.client, "how", "id", "auth_method")


def page(session: Session, look: Look) -> list[Content]:
    """Return all that is known of the client."""
    names = ("how", "id", "issuer", "redirect_uri", "auth_method", "secret", "registration_token")
    return rows(attributes(session.client, *names), look)


def documents(session: Session) -> list[tuple[str, Mapping[str, Any] | None]]:
    """Return the answer to the registration."""
    return [("Registration answer", session.client.document)] if session.client else []
