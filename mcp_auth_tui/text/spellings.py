"""Knows how a secret may be spelled in a text and finds it there; must not know what it is for."""

from __future__ import annotations

import json
from binascii import b2a_base64
from collections.abc import Callable, Iterable
from functools import lru_cache
from urllib.parse import quote, quote_plus

from mcp_auth_tui.text.patterns import pattern

SHORTEST = 6
"""Characters: what is shorter is a word, and to hide it everywhere would hide the story."""
_ENCODED = 12
"""Characters from which on the base64 of a secret is no chance likeness."""
_UNRESERVED = pattern(r"[A-Za-z0-9_.~-]*\Z")
_ESCAPE = pattern(r"%[0-9A-F]{2}")
# How text of ours that was cut off ends (`terminal.harmless`).
_CUT = pattern(r"…(?: \([\d,]+ characters\))?[”\s]*\Z")


@lru_cache(maxsize=512)
def spellings(secret: str) -> tuple[str, ...]:
    """Return every form in which a secret may stand in a text, without repetition.

    As it is, in a URL or a form, in a JSON string (the slash too, as PHP has it), in HTML, for a
    shell, and inside base64 and base64url of anything longer (RFC 4648 §4, §5). Nearly all secrets
    hold nothing that is ever encoded.
    """
    if _UNRESERVED.match(secret):
        return tuple(dict.fromkeys((secret, *_base64(secret))))
    encoded = [quote(secret, "", errors="replace"), quote_plus(secret, errors="replace")]
    encoded += [_ESCAPE.sub(lambda found: found[0].lower(), form) for form in encoded]
    strings = [json.dumps(secret, ensure_ascii=plain)[1:-1] for plain in (False, True)]
    page = secret.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    quoted = page.replace('"', "&quot;")
    pages = [page, quoted, *(quoted.replace("'", mark) for mark in ("&#x27;", "&#39;"))]
    shell = secret.replace("'", "'\"'\"'")
    slashed = [form.replace("/", "\\/") for form in strings]
    forms = (secret, *encoded, *strings, *slashed, *pages, shell, *_base64(secret))
    return tuple(dict.fromkeys(forms))


def _base64(secret: str) -> Iterable[str]:
    """Yield what base64 makes of a secret, wherever in the encoded octets it begins."""
    if len(secret) < _ENCODED:
        return
    octets = secret.encode("utf-8", "surrogatepass")
    for before, first in ((0, 0), (1, 2), (2, 3)):
        # Six bits are a character: those that hold bits of neighbours are left out.
        last = (before + len(octets)) * 8 // 6
        form = b2a_base64(bytes(before) + octets, newline=False)[first:last].decode()
        yield form
        yield form.replace("+", "-").replace("/", "_")


class KnownSecrets:
    """Secrets whose values are known, to be found in texts; takes time as the text is long."""

    def __init__(self, secrets: Iterable[str], mask: Callable[[str], str]) -> None:
        """Take the secrets, and what makes of one that which stands in its place."""
        self._mask = mask
        forms = {
            form: secret
            for secret in {secret for secret in secrets if len(secret) >= SHORTEST}
            for form in spellings(secret)
            if len(form) >= SHORTEST
        }
        # The longest first, since one may be a part of another.
        self.longest = max((len(form) for form in forms), default=0)
        """Characters of the longest form."""
        self._forms = sorted(forms.items(), key=lambda pair: len(pair[0]), reverse=True)

    def hide(self, text: str) -> str:
        """Return a text with every secret in it replaced, one that is cut off at its end too."""
        if len(text) < SHORTEST:
            return text
        # `in` looks for a long word faster than any pattern: 3 MB for 60 forms take 40 ms.
        for form, secret in self._forms:
            if form in text:
                text = text.replace(form, self._mask(secret))
        return self._hide_cut(text) if "…" in text[-40:] else text

    def _hide_cut(self, text: str) -> str:
        cut = _CUT.search(text, max(len(text) - 40, 0))
        if cut is None:
            return text
        head, tail = text[: cut.start()], text[cut.start() :]
        for form, _ in self._forms:
            at = head.find(form[:_ENCODED], max(len(head) - len(form), 0))
            if at >= 0 and len(form) > _ENCODED and form.startswith(head[at:]):
                return f"{head[:at]}{self._mask(head[at:])}{tail}"
        return text
