"""Knows the panel of the client that the run registers or brings; pure, must not know widgets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from textual.content import Content

from mcp_auth_tui.model import Session
from mcp_auth_tui.tui.views.content import Look, attributes, rows


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
