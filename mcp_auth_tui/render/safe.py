"""Knows what of a run may be shown to everybody; must not know how it is laid out.

All text that leaves here is harmless and without credentials. What takes a credential's place says
its length and a short hash, so that two reports can be compared (SPEC 6).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from mcp_auth_tui.model import Exchange, Field, Kind, Request, Secret, Session
from mcp_auth_tui.text import redaction, terminal, units
from mcp_auth_tui.text.patterns import pattern

BODY_LIMIT = 6_000
"""The most characters of a body."""
_LEAST = 6
# Who signs in, as a parameter of the authorization request (OIDC Core §3.1.2.1).
_PERSONAL = frozenset({"login_hint"})
_HINT = pattern(r"(?<![\w-])(login_hint)=([^&\s#\"'<>‹›]+)")
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
# Claims that say what a token is for (RFC 7519 §4.1, 9068 §2.2, 9449 §6), not whose it is.
_CLAIMS = frozenset(
    {
        *("iss", "aud", "exp", "nbf", "iat", "auth_time", "client_id", "azp", "scope", "scp"),
        *("cnf", "acr", "amr", "typ", "ver", "token_use", "resource"),
    }
)


class Safe:
    """Makes the texts of one run safe to publish."""

    def __init__(self, session: Session) -> None:
        self._redactor = session.redactor()
        self._pairs = _pairs(session.url)
        self._home = _home()

    def __call__(self, value: object) -> str:
        """Return a value as harmless text in which nothing secret is left; may have lines."""
        return terminal.harmless(self.text(str(value)))

    def text(self, value: str) -> str:
        """Return a text in which nothing secret is left, and which is as it was otherwise."""
        for pair, masked in self._pairs:
            value = value.replace(pair, masked)
        if "login_hint" in value:
            value = _HINT.sub(lambda found: f"{found[1]}={redaction.masked(found[2])}", value)
        if self._home:
            value = value.replace(self._home, "~")
        return self._redactor.text(value)

    def field(self, name: str, value: str | Secret) -> str:
        """Return the value of a header field, form field or parameter."""
        return _personal(name, self.text(self._redactor.field(name, value)))

    def json(self, value: Any) -> Any:
        """Return any value of the model as strict JSON holds it, at most `DEPTH` levels deep."""
        return redaction.redact_json(self._redactor.json(value), text=self.text)

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
        if _calls(request):
            return "(the arguments of a tool call are left out)"
        return self(json.dumps(self._redactor.json(request.json), ensure_ascii=False))

    def message(self, request: Request) -> Mapping[str, Any] | None:
        """Return the JSON that a request sends, without the arguments of a tool call."""
        if request.json is None:
            return None
        made: dict[str, Any] = self.json(request.json)
        params = made.get("params")
        if _calls(request) and isinstance(params, dict) and "arguments" in params:
            made["params"] = {**params, "arguments": "(left out)"}
        return made

    def claims(self, claims: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
        """Return the claims of a token; what may say who signed in is masked."""
        if claims is None:
            return None
        known = self.json(claims).items()
        return {name: item if name in _CLAIMS else _masked(item) for name, item in known}

    def octets(self, exchange: Exchange) -> bytes:
        """Return the body that came, whole, for who reads it with other eyes than a report's.

        A page that a person signs in on and the answer of a tool are nobody's business; what an
        issuer gives away is masked as in a report. Octets that are no text are left out.
        """
        request, response = exchange.request, exchange.response
        if response is None or not response.body:
            return b""
        octets = units.size(len(response.body))
        if request.kind is Kind.PAGE:
            return f"({octets} of a page, left out)".encode()
        if _calls(request):
            return f"({octets} of a tool's answer, left out)".encode()
        if 200 <= response.status < 300 and request.kind is Kind.TOKEN:
            return self.text(self._issued(response.text, octets)).encode("utf-8", "surrogatepass")
        plain = self._redactor.whole(response.body, response.media_type)
        if plain is None:
            return f"({octets} that are no text, left out)".encode()
        return self.text(plain).encode("utf-8", "surrogatepass")

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
        return json.dumps(self.issued(value), indent=2, ensure_ascii=False)

    def issued(self, members: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the members of such an answer; what is not known as plain is masked."""
        known = self._redactor.json(members).items()
        return {name: item if name in _PLAIN else _masked(item) for name, item in known}


def _calls(request: Request) -> bool:
    return request.json is not None and request.json.get("method") == "tools/call"


def _home() -> str:
    """Return the person's folder, whose name is mostly the person's; empty where there is none."""
    try:
        home = str(Path.home())
    except RuntimeError:
        return ""
    return home if len(Path(home).parts) > 2 else ""


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
