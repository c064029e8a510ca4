"""Knows the least whole document for a place where none was; must not know why it is missing."""

from __future__ import annotations

from typing import Any

from mcp_auth_tui.fixes.answer import Members, blank
from mcp_auth_tui.fixes.breach import Breach

ONLY_TRUE = "Leave out what the server does not do: each list and promise has to be true."
ELSEWHERE = "Another place has the document, so nothing has to be here."
_READS = "if the server fetches and reads a client_id that is a URL"
_NAMES = "if each answer of the sign-in has iss"


def resource_document(breach: Breach) -> dict[str, Any]:
    """Return protected resource metadata (RFC 9728 §2): what is known, and blanks for the rest."""
    session = breach.session
    scope = (session.contact.param("scope") or "") if session.contact is not None else ""
    issuer = session.server.issuer if session.server is not None else ""
    return {
        "resource": breach.url,
        "authorization_servers": [issuer or blank("issuer URL of your authorization server")],
        "scopes_supported": scope.split() or [blank("the scopes of the server")],
    }


def server_document(issuer: str, endpoints: Members | None = None) -> dict[str, Any]:
    """Return authorization server metadata (RFC 8414 §2); ``endpoints`` are the known ones."""
    known = endpoints or {}

    def place(name: str, what: str) -> Any:
        return known.get(name) or blank(f"https URL {what}")

    return {
        "issuer": issuer,
        "authorization_endpoint": place("authorization_endpoint", "where people sign in"),
        "token_endpoint": place("token_endpoint", "where tokens are issued"),
        "registration_endpoint": place("registration_endpoint", "where clients are registered"),
        "response_types_supported": ["code"],
        "grant_types_supported": ["authorization_code", "refresh_token"],
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": [blank("none, where clients need no secret")],
        "client_id_metadata_document_supported": blank(f"true, {_READS}"),
        "authorization_response_iss_parameter_supported": blank(f"true, {_NAMES}"),
    }
