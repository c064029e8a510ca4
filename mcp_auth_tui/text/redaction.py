"""Knows how credentials are masked in what is shown; knows nothing of stages or screens."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote, quote_plus, unquote_plus

# Members of JSON documents, form fields and query parameters whose value is a credential (SPEC 6).
SECRET_NAMES = frozenset(
    {
        "access_token",
        "refresh_token",
        "id_token",
        "code",
        "code_verifier",
        "state",
        "client_secret",
        "client_assertion",
        "assertion",
        "subject_token",
        "actor_token",
        "registration_access_token",
        "device_code",
        "token",
        "password",
        "nonce",
    }
)
_ANY = "|".join(sorted(SECRET_NAMES)).replace("_", "[_-]?")
# Such a member in text that is no JSON as a whole: cut off, broken, or inside an event stream.
_MEMBER = re.compile(rf'("(?:{_ANY})"\s*:\s*")((?:[^"\\]|\\.)+)', re.IGNORECASE | re.DOTALL)
# One in a query, a form or a sentence that quotes one, before its value is known as such.
_NAMES = rf"(?<![\w-])({_ANY})"
_NAMED = re.compile(rf"{_NAMES}(=)([^&\s#\"'<>‹›]{{6,}})", re.IGNORECASE)
# One in text of which nothing is known: ``name: value``, ``name = 'value'``.
_SAID = re.compile(rf"{_NAMES}([\"']?\s?[=:]\s?[\"']?)([^&\s#\"'<>‹›]{{6,}})", re.IGNORECASE)
# In a sentence such a name is often followed by a word: ``code: invalid_request``.
_WORDS_TOO = frozenset({"code", "state", "token"})
# What nobody writes in a sentence: long, with letters and digits mixed; or the head of a JWT.
_LONG_WORD = re.compile(r"\beyJ[A-Za-z0-9_.-]{8,}|[A-Za-z0-9_~+=-]{24,}")
_SECRET_NAME = re.compile(_ANY, re.IGNORECASE)
# What is shorter is a word, not a credential: to mask it everywhere would hide the story.
_SHORTEST = 6
_UNRESERVED = re.compile(r"[A-Za-z0-9_.~-]*\Z")
SECRET_HEADERS = frozenset(
    {"authorization", "proxy-authorization", "dpop", "cookie", "set-cookie", "mcp-session-id"}
)


def fingerprint(value: str) -> str:
    """Return six hex digits that tell two secrets apart without showing either."""
    import hashlib  # brings OpenSSL's library, and no screen needs it before a secret is there

    return hashlib.sha256(value.encode("utf-8", "surrogatepass")).hexdigest()[:6]


def masked(value: str) -> str:
    """Return what stands in the place of a secret: its length and a short hash (SPEC 6)."""
    return f"‹{len(value)} chars #{fingerprint(value)}›"


def redact(value: str, secrets: Iterable[str]) -> str:
    """Replace every known secret inside a text by its mask, however it is spelled there."""
    if len(value) < _SHORTEST:
        return value
    for secret in sorted({s for s in secrets if len(s) >= _SHORTEST}, key=len, reverse=True):
        for form in _forms(secret):
            if form in value:
                value = value.replace(form, masked(secret))
    return value


def _forms(secret: str) -> Iterable[str]:
    """Return how a secret may be spelled; nearly all hold nothing that is ever encoded.

    As it is, in a URL or a form, in a JSON string (the slash too, as PHP has it), in HTML, and for
    a shell.
    """
    if _UNRESERVED.match(secret):
        return (secret,)
    encoded = quote(secret, "", errors="replace"), quote_plus(secret, errors="replace")
    strings = [json.dumps(secret, ensure_ascii=plain)[1:-1] for plain in (False, True)]
    page = secret.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    quoted = page.replace('"', "&quot;")
    pages = [page, quoted, *(quoted.replace("'", mark) for mark in ("&#x27;", "&#39;"))]
    shell = secret.replace("'", "'\"'\"'")
    slashed = [form.replace("/", "\\/") for form in strings]
    return dict.fromkeys((secret, *encoded, *strings, *slashed, *pages, shell))


def _is_secret(name: str) -> bool:
    """Return whether a name says that its value is a credential, ``accessToken`` too."""
    return _SECRET_NAME.fullmatch(name) is not None


def redact_json(value: Any) -> Any:
    """Mask the members of a JSON value whose name says that they hold a credential."""
    if isinstance(value, dict):
        return {
            key: _masked_member(item) if _is_secret(key) else redact_json(item)
            for key, item in value.items()
        }
    if isinstance(value, list):
        return [redact_json(item) for item in value]
    return value


def redact_member(name: str, value: Any) -> Any:
    """Mask the value of one member when its name says so; what is inside it is left alone."""
    return _masked_member(value) if _is_secret(name) else value


def _masked_member(value: Any) -> Any:
    if isinstance(value, str):
        return masked(value)
    if isinstance(value, list):
        return [_masked_member(item) for item in value]
    return redact_json(value)


def redact_query(query: str) -> str:
    """Mask the credentials of a form body or query string, and leave its other bytes alone."""
    parts = []
    for part in query.split("&"):
        name, sep, item = part.partition("=")
        parts.append(
            name + sep + (masked(item) if item and _is_secret(unquote_plus(name)) else item)
        )
    return "&".join(parts)


def redact_url(url: str) -> str:
    """Mask the credentials in a URL's query and fragment."""
    head, mark, fragment = url.partition("#")
    path, sep, query = head.partition("?")
    return path + sep + redact_query(query) + mark + redact_query(fragment)


def redact_body(body: str, content_type: str) -> str:
    """Return a body fit to show: credentials masked by their names, in JSON, SSE, forms, text."""
    if "json" in content_type or body.lstrip()[:1] in ("{", "["):
        try:
            document = json.loads(body)
        except (ValueError, RecursionError):
            return _redact_said(body)
        return json.dumps(redact_json(document), indent=2, ensure_ascii=False)
    if "x-www-form-urlencoded" in content_type:
        body = redact_query(body)
    return _redact_said(body)


def _redact_said(body: str) -> str:
    # Nothing is what it is called: forms, and what looks like JSON, come under any name or none.
    return _SAID.sub(_hidden, redact_members(body))


def redact_members(value: str) -> str:
    """Mask JSON members that hold credentials inside text that is not one JSON value."""
    return _MEMBER.sub(lambda found: found.group(1) + masked(found.group(2)), value)


def redact_named(value: str) -> str:
    """Mask ``name=value`` inside any text where the name says that it is a credential."""
    return _NAMED.sub(_hidden, value) if "=" in value else value


def redact_prose(value: str) -> str:
    """Mask what may be a credential in text of which nothing is known: rather too much."""
    return _LONG_WORD.sub(_mixed_hidden, _SAID.sub(_hidden, value))


def _hidden(found: re.Match[str]) -> str:
    name, between, value = found.groups()
    word = ":" in between and name.lower() in _WORDS_TOO and not re.search("[0-9]", value)
    return found[0] if word else f"{name}{between}{masked(value)}"


def _mixed_hidden(found: re.Match[str]) -> str:
    word = found[0]
    mixed = re.search("[0-9]", word) and re.search("[A-Za-z]", word)
    return masked(word) if mixed or word.startswith("eyJ") else word
