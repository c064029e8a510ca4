"""Knows what an error answer says in its own words, whatever its form, and who gave it.

It must not know what was asked for, nor what follows: it is read alike at every stage. The words
are server text: harmless, on one line, with what may be a credential masked.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

from mcp_auth_tui.model import Exchange, Response
from mcp_auth_tui.protocol import challenge
from mcp_auth_tui.protocol.excerpt import clean, excerpt, is_page, page_text

_DEPTH = 6
_PAGE = 64 * 1024
_ITEMS = 3
_CODES = ("error_code", "errorCode", "errorcode", "code", "type", "status", "__type")
_TEXTS = (
    "error_description",
    "errorSummary",
    "message",
    "Message",
    "detail",
    "details",
    "msg",
    "faultstring",
    "error_message",
    "errorMessage",
    "reason",
    "description",
    "title",
)
# What holds the error proper where it is no text itself.
_INSIDE = ("error", "Error", "fault", "errors", "detail", "details", "error_description", "data")
_PARAMETERS = ("param", "parameter", "argument", "field")
# What a refusal calls the scopes that are missed, where it is no challenge.
_SCOPES = ("required_scopes", "requiredScopes", "required", "scopes", "scope")
_SCOPE = r"[A-Za-z0-9._:/+-]{1,100}"
_CODE = r"[A-Za-z_][\w.\-]{1,63}\Z"
_FORM_NAME = r"[a-z_]+\Z"
_KEY = r"(?i)api[\s_-]?key|subscription[\s_-]key|personal access token"
# A field that is missed: one of its own (X-…), or another one that is called a header.
_FIELD = r"['\"`“]?(?<![\w-])((?:x|api|tenant|ocp)-[a-z0-9-]{2,40})['\"`”]?"
_HEADER = (
    rf"(?i)(?:missing|require[sd]?|expect(?:ed|s)?|need(?:ed|s)?|no|set|provide|send|without)"
    rf"[^.;,]{{0,40}}?{_FIELD}"
    rf"|{_FIELD}[^.;]{{0,30}}?\b(?:missing|required|not (?:set|sent|found|present))"
)
_EXPECTED = (
    r"(?i)(expect|requir|miss|no |need|must|format|use)[^.;]{0,60}['\"“`]?\bbearer\b"
    r"|(expect|requir|miss|no |need)[^.;]{0,40}\bauthorization\b"
)


class ErrorAnswer(NamedTuple):
    """What an answer that is no success says."""

    form: str
    """``json``, ``page``, ``form``, ``text`` or ``empty``."""
    code: str = ""
    """A word for programs, such as ``invalid_client``."""
    text: str = ""
    """A sentence for people."""
    product: str = ""
    """The CDN, firewall or gateway that answered in the server's place, by its marks."""
    challenge: str = ""
    """``WWW-Authenticate`` as it came."""
    blocked: bool = False
    """Whether something before the server answered: a known product, or a page that refuses where
    programs are answered."""

    @property
    def words(self) -> str:
        """Code and sentence in one, empty where the answer says nothing."""
        return ": ".join(dict.fromkeys(part for part in (self.code, self.text) if part))

    @property
    def who(self) -> str:
        """Who stands before the server and answered, for a sentence."""
        return self.product or "something before the server"

    @property
    def wants_key(self) -> bool:
        """Whether it asks for a key that an operator hands out, not for a token of OAuth."""
        return bool(self._saying(_KEY))

    @property
    def wants_bearer(self) -> bool:
        """Whether it says that the Authorization header was expected, and did not come."""
        return bool(self._saying(_EXPECTED))

    @property
    def demand(self) -> str:
        """The words that ask for a key or for a bearer token; empty where none do."""
        return self._saying(_KEY) or self._saying(_EXPECTED)

    def _saying(self, pattern: str) -> str:
        parts = (self.words, self.challenge)
        return next((part for part in parts if re.search(pattern, part)), "")


def read(exchange: Exchange) -> ErrorAnswer:
    """Read an answer for what it says; one that did not come says nothing."""
    response = exchange.response
    if response is None:
        return ErrorAnswer("empty")
    from mcp_auth_tui.protocol import intermediaries  # a table that only a refusal needs

    product = intermediaries.product_of(response)
    form, code, text = _content(response)
    blocked = bool(product) or (form == "page" and response.status in (403, 429, 502, 503, 504))
    code, text = clean(code, exchange), clean(text, exchange)
    challenges = clean(", ".join(response.all("www-authenticate")), exchange)
    return ErrorAnswer(form, code, text, product, challenges, blocked)


def missed_header(words: str) -> str:
    """Return the name of a header field of its own that a server misses; empty where it is none.

    Fields of HTTP, OAuth and MCP are not meant: those are sent as their standards say.
    """
    found = re.search(_HEADER, words)
    return next((name for name in found.groups() if name), "") if found else ""


def scopes(exchange: Exchange) -> tuple[str, ...]:
    """Return the scopes that the JSON of a refusal names as lacking, fit for a command line."""
    response = exchange.response
    try:
        value = json.loads(response.text) if response is not None else None
    except (ValueError, RecursionError):
        return ()
    places = [value, *(value.get(name) for name in _INSIDE)] if isinstance(value, dict) else []
    for place in places:
        for name in _SCOPES:
            found = place.get(name) if isinstance(place, dict) else None
            words = found.split() if isinstance(found, str) else found
            if isinstance(words, list) and words and all(_is_scope(word) for word in words):
                return tuple(words)
    return ()


def _is_scope(word: object) -> bool:
    return isinstance(word, str) and re.fullmatch(_SCOPE, word) is not None


def way_by_header(words: str) -> str:
    """Return the option that sends the header field that a server misses, if it misses one."""
    name = missed_header(words)
    return f"If you know its value, send it: --header '{name}: VALUE'." if name else ""


def seen(prefix: str, exchange: Exchange) -> str:
    """Return what was seen (``HTTP 403``), followed by who answered and in which words."""
    answer = read(exchange)
    if answer.product:
        prefix = f"{prefix}, answered by {answer.product}"
    words = f"“{answer.words}”" if answer.form in ("json", "form") and answer.words else ""
    words = words or excerpt(exchange)
    if not words and answer.words:
        words = f"“{answer.words}”"
    return f"{prefix}: {words}" if words else prefix


def form_fields(body: str) -> dict[str, str]:
    """Return the fields of a form-encoded OAuth answer; empty when it is none.

    Some servers answer so whatever ``Accept`` says. Told by the names that such an answer has.
    """
    body = body.strip()
    if any(sign in body for sign in "<{ \n"):
        return {}
    fields = {key: value for key, value in parse_qsl(body) if re.match(_FORM_NAME, key)}
    return fields if {"error", "access_token"} & set(fields) else {}


def _content(response: Response) -> tuple[str, str, str]:
    """Return form, code and sentence as they came."""
    if not response.body.strip():
        return ("empty", *_challenged(response))
    if is_page(response):
        return "page", "", page_text(response.body[:_PAGE].decode("utf-8", "replace"))
    body = response.text.strip()
    if fields := form_fields(body):
        return ("form", *_of_json(fields, _DEPTH))
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return "text", "", "" if "\0" in body else body
    return ("json", *_of_json(value, _DEPTH))


def _challenged(response: Response) -> tuple[str, str]:
    for item in challenge.parse(response.all("www-authenticate")).challenges:
        code, text = item.get("error") or "", item.get("error_description") or ""
        if code or text:
            return code, text
    return "", ""


def _of_json(value: Any, depth: int) -> tuple[str, str]:
    """Return code and sentence out of a JSON value of any shape."""
    if depth == 0 or isinstance(value, bool | int | float) or value is None:
        return "", ""
    if isinstance(value, str):
        return "", value
    if isinstance(value, list):
        items = [_of_json(item, depth - 1) for item in value[:_ITEMS]]
        code = next((code for code, _ in items if code), "")
        return code, "; ".join(text for _, text in items if text)
    return _of_object(value, depth) if isinstance(value, dict) else ("", "")


def _of_object(value: Mapping[str, Any], depth: int) -> tuple[str, str]:
    code, text = _code(value), _text(value)
    for name in _INSIDE:
        if (code and text) or not isinstance(inner := value.get(name), dict | list):
            continue
        deeper, sentence = _of_json(inner, depth - 1)
        if not sentence and name == "errors" and isinstance(inner, dict):
            sentence = "; ".join(_fields(inner))
        code, text = code or deeper, text or sentence
    return code, text


def _code(value: Mapping[str, Any]) -> str:
    for name in ("error", *_CODES):
        word = value.get(name)
        if isinstance(word, str) and re.match(_CODE, word):
            return word
    return ""


def _line(value: Any) -> str:
    """Return a text, or several of them in one; empty for anything else."""
    parts = value[:_ITEMS] if isinstance(value, list) else [value]
    return "; ".join(parts) if all(isinstance(p, str) and p.strip() for p in parts) else ""


def _text(value: Mapping[str, Any]) -> str:
    text = next((line for name in _TEXTS if (line := _line(value.get(name)))), "")
    error, place, named = value.get("error"), value.get("loc"), _named(value)
    if not text and isinstance(error, str) and not re.match(_CODE, error):
        text = error
    if text and isinstance(place, list) and place:
        return f"{'.'.join(str(part) for part in place)}: {text}"
    return f"{text} ({named})" if text and named and named not in text else text


def _named(value: Mapping[str, Any]) -> str:
    """Return the parameter that an error names beside its sentence; empty where it names none."""
    extra = value.get("error_extra")
    places = (value, extra if isinstance(extra, dict) else {})
    names = (place.get(name) for place in places for name in _PARAMETERS)
    return next((name for name in names if isinstance(name, str) and re.match(_CODE, name)), "")


def _fields(errors: Mapping[str, Any]) -> Iterator[str]:
    """Give each field with what is wrong with it, as form validators write it."""
    for name, faults in list(errors.items())[:_ITEMS]:
        listed = faults if isinstance(faults, list) else [faults]
        yield f"{name}: {', '.join(item for item in listed if isinstance(item, str))}"
