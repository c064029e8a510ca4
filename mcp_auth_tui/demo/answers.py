"""Knows the shapes of HTTP answers both origins share; must not know what they are about."""

import json
from urllib.parse import parse_qsl

from mcp_auth_tui.demo.records import OAuthError
from mcp_auth_tui.loopback.server import Incoming, Reply

Headers = tuple[tuple[str, str], ...]

NO_STORE: Headers = (("Cache-Control", "no-store"),)
_MAX_FIELDS = 50


def as_json(value: object, status: int = 200, headers: Headers = ()) -> Reply:
    """Build a JSON answer that nobody stores."""
    body = json.dumps(value, ensure_ascii=False).encode("utf-8")
    return Reply(status, body, (("Content-Type", "application/json"), *NO_STORE, *headers))


def as_text(status: int, sentence: str, headers: Headers = ()) -> Reply:
    """Build an answer of one line."""
    kind = ("Content-Type", "text/plain; charset=utf-8")
    return Reply(status, f"{sentence}\n".encode(), (kind, *NO_STORE, *headers))


def only(*methods: str) -> Reply:
    """Build the refusal of a method that a path does not know."""
    return as_text(405, "This method is not served here.", (("Allow", ", ".join(methods)),))


def not_found() -> Reply:
    """Build the answer for a path that does not exist."""
    return as_text(404, "There is nothing here.")


def as_error(error: OAuthError) -> Reply:
    """Build the answer of an OAuth endpoint that refuses (RFC 6749 section 5.2)."""
    challenge = (("WWW-Authenticate", 'Basic realm="practice"'),) if error.status == 401 else ()
    body = {"error": error.error, "error_description": error.description}
    return as_json(body, error.status, (("Pragma", "no-cache"), *challenge))


def redirect(target: str, headers: Headers = ()) -> Reply:
    """Build a redirect that turns a POST into a GET (303: RFC 9700 section 4.12)."""
    return Reply(303, b"", (("Location", target), *NO_STORE, *headers))


def form_of(incoming: Incoming) -> dict[str, str]:
    """Read a form body; raises OAuthError `invalid_request` (RFC 6749 sections 3.2 and 5.2)."""
    kind = (incoming.header("content-type") or "").split(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded":
        raise OAuthError("invalid_request", "the body is not application/x-www-form-urlencoded")
    try:
        pairs = pairs_of(incoming.body.decode("utf-8"))
    except ValueError:
        raise OAuthError("invalid_request", "the body is no readable form") from None
    form = dict(pairs)
    if len(form) != len(pairs):
        raise OAuthError("invalid_request", "a parameter is repeated")
    return {name: value for name, value in form.items() if value}


def pairs_of(query: str) -> list[tuple[str, str]]:
    """Split a form-encoded string; raises ValueError when it has more than 50 fields."""
    return parse_qsl(query, keep_blank_values=True, max_num_fields=_MAX_FIELDS)
