"""Knows what of a run may be shown to everybody; must not know how it is laid out.

All text that leaves here is harmless and without credentials. What takes a credential's place says
its length and a short hash, so that two reports can be compared (SPEC 6).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

from mcp_auth_tui.model import Exchange, Field, Kind, Session
from mcp_auth_tui.text import redaction, terminal, units

BODY_LIMIT = 6_000
"""The most characters of a body."""
_LEAST = 6
# Who signs in, as a parameter of the authorization request (OIDC Core §3.1.2.1).
_PERSONAL = frozenset({"login_hint"})
_HINT = re.compile(r"(?<![\w-])(login_hint)=([^&\s#\"'<>‹›]+)")
# Members of a token or registration answer that say nothing about a person.
_PLAIN = frozenset(
    {
        *("token_type", "expires_in", "scope", "error", "error_description", "error_uri"),
        *("interval", "issued_token_type", "client_id", "client_name", "client_uri"),
        *("redirect_uris", "grant_types", "response_types", "token_endpoint_auth_method"),
        *("application_type", "client_id_issued_at", "client_secret_expires_at"),
        *("registration_client_uri", "software_id", "software_version", "request_uri"),
        *("verification_uri", "dpop_bound_access_tokens", "require_pushed_authorization_requests"),
    }
)


class Safe:
    """Makes the texts of one run safe to publish."""

    def __init__(self, session: Session) -> None:
        self._redactor = session.redactor()
        self._pairs = _pairs(session.url)

    def __call__(self, value: object) -> str:
        """Return a value as harmless text in which nothing secret is left; may have lines."""
        plain = str(value)
        for pair, masked in self._pairs:
            plain = plain.replace(pair, masked)
        plain = _HINT.sub(lambda found: f"{found[1]}={redaction.masked(found[2])}", plain)
        return terminal.harmless(self._redactor.text(plain))

    def line(self, value: object) -> str:
        """Return the same on one line."""
        return terminal.one_line(self(value), None)

    def fields(self, items: Iterable[Field | tuple[str, str]]) -> list[str]:
        """Return header or form fields, one a line."""
        return [
            self.line(f"{name}: {_personal(name, value)}")
            for name, value in self._redactor.fields(items)
        ]

    def sent(self, exchange: Exchange) -> str:
        """Return the body that was sent; empty when there was none."""
        request = exchange.request
        if request.form is not None:
            return "\n".join(self.fields(request.form))
        if request.json is None:
            return ""
        if request.json.get("method") == "tools/call":
            return "(the arguments of a tool call are left out)"
        return self(json.dumps(self._redactor.json(request.json), ensure_ascii=False))

    def received(self, exchange: Exchange) -> str:
        """Return the body that came, cut to `BODY_LIMIT`; what is nobody's business is left out."""
        request, response = exchange.request, exchange.response
        if response is None or not response.body:
            return ""
        good = 200 <= response.status < 300
        octets = units.size(len(response.body))
        if good and request.kind is Kind.MCP:
            return f"({octets} of MCP content, left out)"
        if request.kind is Kind.PAGE:
            return f"({octets} of a page, left out)"
        if good and request.kind is Kind.TOKEN:
            return self(self._issued(response.text, octets))
        body = self(self._redactor.body(response.body, response.media_type))
        if len(body) <= BODY_LIMIT:
            return body
        return f"{body[:BODY_LIMIT]}\n… ({len(body):,} characters)"

    def _issued(self, body: str, octets: str) -> str:
        """Return a token or registration answer; what is not known as plain in it is masked."""
        try:
            value: Any = json.loads(body)
        except (ValueError, RecursionError):
            value = None
        if not isinstance(value, dict):
            return f"({octets} that are no JSON object, left out)"
        members = {
            name: item if name in _PLAIN else _masked(item)
            for name, item in self._redactor.json(value).items()
        }
        return json.dumps(members, indent=2, ensure_ascii=False)


def _masked(value: Any) -> str:
    plain = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return re.sub(r"\s+", " ", redaction.masked(plain))


def _pairs(url: str) -> list[tuple[str, str]]:
    """Return what a typed URL carries in its query, and masks: some servers take keys there."""
    try:
        query = urlsplit(url).query
    except ValueError:
        return []
    parts = (part.partition("=") for part in query.split("&"))
    return [
        (f"{name}={value}", f"{name}={redaction.masked(value)}")
        for name, _, value in parts
        if name and len(value) >= _LEAST
    ]


def _personal(name: str, value: str) -> str:
    return redaction.masked(value) if name.lower() in _PERSONAL else value
