"""Knows what of a run may leave the program, and masks the rest; must not know where it goes.

The one door of every face, report and export: whoever hands out a text of a run takes the
`Redactor` of its `Session` and asks it, by what the text is.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import fields, is_dataclass, replace
from functools import lru_cache
from itertools import islice
from typing import Any

from mcp_auth_tui.model.http import Exchange, Field, Secret
from mcp_auth_tui.text import redaction, terminal
from mcp_auth_tui.text.spellings import KnownSecrets

_READ = 1 << 18
"""Characters of a body that are searched for them; what is longer is no answer with tokens."""
_MOST = 64
"""Credentials that are learned from one exchange by their names: a server may send any number."""


class Redactor:
    """Masks the credentials of one run by their names and by their values (SPEC 6).

    What it returns is not harmless for a terminal, but for `body`: that is `terminal.harmless`.
    """

    def __init__(
        self,
        secrets: frozenset[Secret] = frozenset(),
        *,
        reveal: bool = False,
        named: bool = False,
    ) -> None:
        """Take the credentials that are known by value.

        ``reveal``: nothing is masked, because the person asked for that. ``named``: ``<name>``
        stands in the place of what a name gives away, for a person to put it in.
        """
        self.reveal = reveal
        self._named = named
        self._known = _known(secrets)

    def text(self, value: str) -> str:
        """Return any text with what is known by value masked, and ``name=value`` by name."""
        return value if self.reveal else redaction.redact_text(self._known.hide(value))

    def url(self, url: str) -> str:
        """Return a URL with the credentials in user information, query and fragment masked."""
        if self.reveal:
            return url
        return self.text(redaction.redact_url(url, self._mask))

    def field(self, name: str, value: str | Secret) -> str:
        """Return the value of a header field, form field or parameter."""
        if isinstance(value, Secret):
            if self.reveal:
                return value.reveal()
            return self._mask(name, value.reveal())
        if self.reveal:
            return value
        if value and redaction.is_secret_name(name):
            return self._mask(name, value)
        return self.url(value) if "://" in value else self.text(value)

    def fields(self, items: Iterable[Field | tuple[str, str]]) -> list[tuple[str, str]]:
        """Return header or form fields, of a request or of an answer, as names and values."""
        pairs = ((i.name, i.value) if isinstance(i, Field) else i for i in items)
        return [(name, self.field(name, value)) for name, value in pairs]

    def json(self, value: Any) -> Any:
        """Return any value of the model as strict JSON holds it, at most `DEPTH` levels deep."""
        if self.reveal:
            return redaction.redact_json(value, member=lambda _, text: text, plain=_revealed)
        return redaction.redact_json(value, text=self.text, member=self._mask, plain=self._plain)

    def body(self, body: bytes, media_type: str, limit: int | None = None) -> str:
        """Return a body as harmless text, of at most ``limit`` characters; JSON is laid out."""
        plain = body.decode("utf-8", "replace")
        if not self.reveal:
            # Cut behind what is shown and then masked: half a credential is not known as one.
            room = None if limit is None else limit + self._known.longest
            plain = self.text(redaction.redact_body(plain, media_type, room)[:room])
        return terminal.harmless(plain)[:limit]

    def whole(self, body: bytes, media_type: str) -> str | None:
        """Return a body as text that is as it was but for its credentials; None for no text.

        JSON stays JSON: it is only written anew where something in it is masked by its place.
        """
        try:
            plain = body.decode("utf-8")
        except UnicodeDecodeError:
            return None
        if "\0" in plain:
            return None  # UTF-16 or octets: what is written so is not found
        return self.text(redaction.redact_whole(plain, media_type))

    def _plain(self, value: Any) -> Any:
        if isinstance(value, Field):
            value = replace(value, value=self.field(value.name, value.value))
        plain = _plain(value)
        if isinstance(plain, dict) and "params" in plain:  # of a challenge
            plain["params"] = self.fields(plain["params"])
        return plain

    def _mask(self, name: str, value: str) -> str:
        if not self._named:
            return redaction.masked(value)
        scheme, _, rest = value.partition(" ")
        shown = name.lower()
        return f"{scheme} <{shown}>" if rest and shown == "authorization" else f"<{shown}>"


def credentials_of(exchange: Exchange) -> frozenset[Secret]:
    """Return what the names in an exchange show to be credentials: sent, received, or sent back.

    A server may repeat them under other names in the same answer.
    """
    request, response = exchange.request, exchange.response
    found = [item.raw for item in (*request.headers, *(request.form or ())) if _hides(item)]
    texts = [request.url]
    if response is not None:
        for name, value in response.headers:
            bare = value.partition("=")[2].partition(";")[0] if name == "set-cookie" else value
            # What has spaces is no credential, but text that a server may use elsewhere too.
            if redaction.is_secret_name(name) and redaction.is_credible(name, bare):
                found.append(bare)
            texts.append(value)
        texts.append(response.text[:_READ])
    for text in texts:
        found += islice(redaction.credentials_in(text), _MOST)
    return frozenset(request.secrets).union(Secret(value) for value in found if len(value) >= 8)


def _hides(item: Field) -> bool:
    return isinstance(item.value, Secret) or redaction.is_secret_name(item.name)


@lru_cache(maxsize=8)
def _known(secrets: frozenset[Secret]) -> KnownSecrets:
    values = {secret.reveal() for secret in secrets}
    # What follows ``Bearer`` may be repeated without it; a cookie without its name and attributes.
    words = (
        value.partition(" ")[2]
        if value.lower().startswith(("bearer ", "basic ", "dpop "))
        else value.partition("=")[2].partition(";")[0]
        for value in values
    )
    return KnownSecrets(values | {word for word in words if len(word) >= 12}, redaction.masked)


def _plain(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, Secret):
        return str(value)
    if is_dataclass(value) and not isinstance(value, type):
        return {item.name: getattr(value, item.name) for item in fields(value)}
    return value


def _revealed(value: Any) -> Any:
    return value.reveal() if isinstance(value, Secret) else _plain(value)
