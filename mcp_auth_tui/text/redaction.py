"""Knows which names hold credentials and how they are masked; knows nothing of stages or screens.

The one answer to "is that a secret?" (`is_secret_name`) for every face, report and export. What
takes a credential's place says its length and a short hash (SPEC 6).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from functools import lru_cache
from io import StringIO
from itertools import chain
from math import inf
from typing import Any
from urllib.parse import unquote, unquote_plus

from mcp_auth_tui.text.patterns import pattern
from mcp_auth_tui.text.spellings import SHORTEST, KnownSecrets

# Who holds the value of one of these can act as somebody: it is masked wherever it stands, in every
# spelling (``accessToken``, ``client-secret``), and where a longer name ends so (``x-api-key``).
_CREDENTIALS = frozenset(
    {
        # Tokens: RFC 6749, 8693, OIDC, registration (RFC 7591 §3, 7592 §3), and as others call them
        # (`registration_access_token`, `initial_access_token` end in the first).
        *("access_token", "refresh_token", "id_token", "subject_token", "actor_token"),
        *("logout_token", "auth_token", "oauth_token", "bearer_token", "api_token"),
        *("session_token", "security_token", "user_token"),
        "id_token_hint",  # a whole ID token in the URL of a browser (OIDC Core §3.1.2.1)
        "software_statement",  # signed for one piece of software (RFC 7591 §2.3)
        # What is exchanged for tokens: RFC 6749 §4.1, 7636, 8628, 7521; CIBA.
        *("authorization_code", "auth_code", "code_verifier", "device_code", "auth_req_id"),
        *("assertion", "client_assertion"),
        # What authenticates a client or a person.
        *("client_secret", "secret", "password", "passwd", "passphrase", "api_key", "access_key"),
        *("secret_key", "private_key"),
        # Header fields, and documents that echo them. The id of an MCP session lets others join it.
        *("authorization", "dpop", "dpop_proof", "cookie", "set_cookie", "mcp_session_id"),
    }
)
# Of one use, and whole names only: a longer name (`error_code`, `page_token`, `dpop-nonce`) or a
# word behind a colon is often something else.
_AMBIGUOUS = frozenset({"code", "state", "token", "nonce"})
# Not secret, and needed for debugging: `user_code` (a person reads it aloud), `code_challenge` (a
# hash for the public), `request_uri` (RFC 9126: of no use without the client), `client_id`,
# `token_type`, `jti`, `kid`, `login_hint` (it names a person: reports mask it themselves).
SECRET_NAMES = _CREDENTIALS | _AMBIGUOUS
SECRET_HEADERS = frozenset(
    {"authorization", "proxy-authorization", "dpop", "cookie", "set-cookie", "mcp-session-id"}
)
Mask = Callable[[str, str], str]
"""Makes of a credential's name and value that which stands in its place."""
DEPTH = 64
"""Levels of a JSON value that are shown: twice what the program reads (SPEC 6)."""
TOO_DEEP = f"… nested more than {DEPTH} levels deep"

_JOINED = frozenset(name.replace("_", "") for name in _CREDENTIALS)
# What ends a longer name even where nothing says that a word begins: ``NEWACCESSTOKEN``.
_UNMISTAKABLE = tuple(name for name in sorted(_JOINED) if len(name) > 8)
_WORD = pattern(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_LONGEST_NAME = 80
_READ = 1 << 18
Span = tuple[str, int, int]
"""The name of a credential in a text, and where its value begins and ends."""
# A member in text that is no JSON as a whole: cut off, broken, or inside an event stream. Its
# value is only looked at, for it may be a name in turn.
_MEMBER = pattern(r'"([^"\\]{0,80}(?:\\.[^"\\]{0,80}){0,9})"(?=\s*:\s*")', re.DOTALL)
_STRING = pattern(r'(\s*:\s*")((?:[^"\\]|\\.)+)', re.DOTALL)
# A name with a value behind it: ``name=value``, ``name: "value"``, ``name>value``.
_NAME = pattern(r"(?<![\w.%+-])([\w.%+-]++)(?=[\\\"'\])]{0,4}\s{0,4}[=:>])")
# The same inside a query that is the value of another: ``%26name%3Dvalue``.
_ENCODED_NAME = pattern(
    r"(?:(?<![\w.%+-])|(?<=%26)|(?<=%3[Ff])|(?<=%23))((?:[\w.+-]|%(?:5[BDFbdf]|2[DEde]))++)(?=%3[Dd])"
)
_VALUE = pattern(
    r"([\\\"'\])]{0,4}\s{0,4}(?:=>|[=:>]|%3[Dd])\s{0,4}[\\\"'(\[]{0,4}(?:(?:Bearer|DPoP|Basic)\s+)?)"
    r"((?:(?!%26)[^&\s#\"'<>‹›\\]|\\[^\s\"'&]){6,})",
    re.IGNORECASE,
)
_SCHEMES = frozenset({"bearer", "basic", "dpop"})
_USER = pattern(r"(?<=://)([^/\s:@]*:)([^/\s@‹›]+)(?=@)")
# What nobody writes in a sentence: long, with letters and digits mixed; or the head of a JWT.
_LONG_WORD = pattern(r"\beyJ[A-Za-z0-9_.-]{8,}|[A-Za-z0-9_~+=-]{24,}")
_MASK = pattern(r"‹\d+ chars #[0-9a-f]{6}›")


@lru_cache(maxsize=4096)
def is_secret_name(name: str) -> bool:
    """Return whether a name says that its value is a credential, however it is spelled.

    ``accessToken``, ``client-secret``, ``ACCESS_TOKEN``, ``X-Api-Key`` and ``code%5Fverifier`` are;
    ``token_type``, ``dpop-nonce`` and ``code_challenge`` are not.
    """
    words = _words(name)
    joined = "".join(words)
    return (
        joined in _AMBIGUOUS
        or joined.endswith(_UNMISTAKABLE)
        or any("".join(words[at:]) in _JOINED for at in range(len(words)))
    )


def _words(name: str) -> list[str]:
    name = name[-_LONGEST_NAME:]
    if "%" in name:
        name = re.split("[?&#]", unquote(name))[-1]
    if "\\u" in name:
        name = re.sub(r"\\u([0-9a-fA-F]{4})", lambda found: chr(int(found[1], 16)), name)
    return [word.lower() for word in _WORD.findall(name)]


def _is_ambiguous(words: list[str]) -> bool:
    return "".join(words) in _AMBIGUOUS


def fingerprint(value: str) -> str:
    """Return six hex digits that tell two secrets apart without showing either."""
    import hashlib  # brings OpenSSL's library, and no screen needs it before a secret is there

    return hashlib.sha256(value.encode("utf-8", "surrogatepass")).hexdigest()[:6]


def masked(value: str) -> str:
    """Return what stands in the place of a secret: its length and a short hash (SPEC 6)."""
    if value.startswith("‹") and _MASK.fullmatch(value):
        return value
    return f"‹{len(value)} chars #{fingerprint(value)}›"


def redact(value: str, secrets: Iterable[str]) -> str:
    """Replace every known secret inside a text by its mask, however it is spelled there."""
    return KnownSecrets(secrets, masked).hide(value)


def redact_json(
    value: Any,
    *,
    text: Callable[[str], str] = str,
    member: Mask | None = None,
    plain: Callable[[Any], Any] = lambda value: value,
    depth: int = DEPTH,
    room: float = inf,
    share: bool = False,
) -> Any:
    """Return a copy of a JSON value in which members that are named like credentials are masked.

    ``text`` is applied to all other strings, ``member`` (name and value) to the credentials,
    ``plain`` to what is no JSON value. What is nested more than ``depth`` levels deep is left out,
    and so is what follows the first ``room`` characters: a server may send any depth and number.
    ``share``: an object in which nothing is masked is handed back itself, for nobody changes it.
    """

    hide = member or mask_member

    def counted(made: str) -> str:
        nonlocal room
        room -= len(made)
        return made

    def walk(value: Any, name: str, left: int) -> Any:
        nonlocal room
        if isinstance(value, str):
            return counted(hide(name, value) if name else text(value))
        if isinstance(value, Mapping):
            if not left:
                return TOO_DEEP
            made = {}
            for key, item in value.items():
                if room < 0:
                    break
                inner = str(key)
                # Of what is inside a credential's member, only what is named so too is masked.
                hidden = is_secret_name(inner)
                made[counted(text(inner))] = walk(item, inner if hidden else "", left - 1)
            return value if share and _same(made, value) else made
        if isinstance(value, (list, tuple, set, frozenset)):
            return [walk(item, name, left - 1) for item in value if room >= 0] if left else TOO_DEEP
        room -= 1
        other = plain(value)
        return value if other is value else walk(other, name, left)

    return walk(value, "", depth)


def _same(made: dict[str, Any], value: Mapping[str, Any]) -> bool:
    """Return whether a copy holds the very same values under the same names."""
    same = (name in made and made[name] is item for name, item in value.items())
    return len(made) == len(value) and all(same)


def mask_member(name: str, value: str) -> str:
    """Return what stands in the place of the credential that a name holds."""
    return masked(value)


def redact_query(query: str, member: Mask = mask_member) -> str:
    """Mask the credentials of a form body or query string, and leave its other bytes alone."""
    parts = []
    for part in query.split("&"):
        name, sep, item = part.partition("=")
        hidden = item and is_secret_name(unquote_plus(name))
        parts.append(name + sep + (member(name, item) if hidden else item))
    return "&".join(parts)


def redact_url(url: str, member: Mask = mask_member) -> str:
    """Mask the credentials in a URL's user information, query and fragment."""
    head, mark, fragment = url.partition("#")
    path, sep, query = head.partition("?")
    query, fragment = redact_query(query, member), redact_query(fragment, member)
    return redact_user(path) + sep + query + mark + fragment


def redact_user(value: str) -> str:
    """Mask the password in the user information of every URL in a text (RFC 3986 §3.2.1)."""
    return _USER.sub(lambda found: found[1] + masked(found[2]), value) if "@" in value else value


def redact_body(body: str, content_type: str, limit: int | None = None) -> str:
    """Return a body fit to show: credentials masked by their names, in JSON, SSE, forms, text.

    With ``limit`` at least that many characters of it, and hardly more is looked at than they take.
    """
    if "json" in content_type or body.lstrip()[:1] in ("{", "["):
        try:
            document = json.loads(body)
            shown = redact_json(document, room=inf if limit is None else limit, share=True)
        except (ValueError, RecursionError):
            pass
        else:
            del document  # of many small values it takes ten times the body's memory
            return _laid_out(shown, limit)
    if limit is not None:
        # A value may be masked that is much longer than its mask: at most to the end of the body.
        body = body[: max(limit, _READ)]
    if "x-www-form-urlencoded" in content_type:
        body = redact_query(body)
    return _redact_unknown(body)


def redact_whole(body: str, content_type: str) -> str:
    """Return a body masked as `redact_body` does, with its layout where that can be kept."""
    if "json" in content_type or body.lstrip()[:1] in ("{", "["):
        try:
            document = json.loads(body)
            masked_document = redact_json(document)
            if masked_document != document:
                return json.dumps(masked_document, ensure_ascii=False)
        except (ValueError, RecursionError):
            pass
    if "x-www-form-urlencoded" in content_type:
        body = redact_query(body)
    return _redact_unknown(body)


def _laid_out(document: Any, limit: int | None) -> str:
    text = StringIO()  # not all parts at once: each is an object of its own
    for part in json.JSONEncoder(indent=2, ensure_ascii=False).iterencode(document):
        text.write(part)
        if limit is not None and text.tell() > limit:
            break
    return text.getvalue()


def _redact_unknown(body: str) -> str:
    # Nothing is what it is called: forms, and what looks like JSON, come under any name or none.
    return _hide_named(_hidden(body, _members(body)), strict=False)


def redact_text(value: str) -> str:
    """Mask what a name in a text of a finding, a URL or a header field gives away.

    All behind an equals sign; behind a colon, where words stand too, what looks like a credential.
    """
    return redact_user(_hide_named(value, strict=True))


def redact_prose(value: str) -> str:
    """Mask what may be a credential in text of which nothing is known: rather too much."""
    return _LONG_WORD.sub(_mixed_hidden, _hide_named(value, strict=False))


def _hide_named(value: str, *, strict: bool) -> str:
    if "%3" in value:
        value = _hidden(value, _named(value, _ENCODED_NAME, strict=strict))
    if "=" in value or ":" in value or ">" in value:
        value = _hidden(value, _named(value, _NAME, strict=strict))
    return value


def credentials_in(value: str) -> Iterator[str]:
    """Yield what the names in a text of a server show to be credentials, to be known from then on.

    Stricter than what is masked where it stands: a word that is taken for a secret would be hidden
    wherever the run uses it.
    """
    patterns = (_NAME, _ENCODED_NAME) if "%3" in value else (_NAME,)
    named = (_named(value, pattern, strict=True) for pattern in patterns)
    for name, start, end in chain(_members(value), *named):
        found = value[start:end]
        if "\\" in found:
            with suppress(ValueError):
                found = json.loads(f'"{found}"', strict=False)
        if "%" in found:
            found = unquote(found)
        if is_credible(name, found):
            yield found


def is_credible(name: str, value: str) -> bool:
    """Return whether a value that bears a credential's name looks like one, too."""
    least = 16 if _is_ambiguous(_words(name)) else 8
    word = value.split() == [value] and len(value) >= least
    return word and (_is_mixed(value) or len(value) >= 20)


def _hidden(value: str, spans: Iterable[Span]) -> str:
    parts, at = [], 0
    for _, start, end in spans:
        parts += [value[at:start], masked(value[start:end])]
        at = end
    return "".join((*parts, value[at:])) if parts else value


def _members(value: str) -> Iterator[Span]:
    """Yield name, start and end of each string that is a JSON member named like a credential."""
    for name in _MEMBER.finditer(value):
        if is_secret_name(name[1]) and (found := _STRING.match(value, name.end())):
            yield (name[1], *found.span(2))


def _named(value: str, pattern: re.Pattern[str], *, strict: bool) -> Iterator[Span]:
    """Yield name, start and end of each value that follows the name of a credential."""
    behind = 0
    for name in pattern.finditer(value):
        if name.start() < behind or not is_secret_name(name[1]):
            continue
        found = _VALUE.match(value, name.end())
        if found is None:
            continue
        start, end = found.span(2)
        word = value[start:end].rstrip(",;)")
        if len(word) >= SHORTEST and _is_value(name[1], found[1], word, strict):
            behind = end
            yield name[1], start, start + len(word)


def _is_value(name: str, between: str, word: str, strict: bool) -> bool:
    """Return whether what follows a credential's name is one, and no word of a sentence."""
    if word.lower() in _SCHEMES:
        return False
    if ">" in between:
        return _is_mixed(word)
    if ":" not in between:
        plain = not strict or between in ("=", "%3D", "%3d")
        return plain or not _is_ambiguous(_words(name)) or _is_mixed(word)
    if strict:
        return len(word) >= 8 and _is_mixed(word)
    # In a sentence such a name is often followed by a word: ``code: invalid_request``.
    return not _is_ambiguous(_words(name)) or re.search("[0-9]", word) is not None


def _is_mixed(word: str) -> bool:
    return re.search("[0-9]", word) is not None and re.search("[A-Za-z]", word) is not None


def _mixed_hidden(found: re.Match[str]) -> str:
    word = found[0]
    return masked(word) if _is_mixed(word) or word.startswith("eyJ") else word
