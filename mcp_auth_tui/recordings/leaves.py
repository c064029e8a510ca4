"""Knows how one value without parts becomes JSON and comes back, and what it passes on its way.

Whatever is not of its type is `Damage`: a recording comes from anybody.
"""

from __future__ import annotations

import math
from base64 import b64decode, b64encode
from collections.abc import Callable
from enum import Enum
from typing import Any, Protocol

from mcp_auth_tui.model import Secret
from mcp_auth_tui.records import dataclass
from mcp_auth_tui.text import redaction, terminal

_MOST = 2**53
"""Whole numbers beyond it are no numbers of a run."""
_LARGEST = 1e20
"""Seconds: so are others beyond it."""


class Damage(Exception):
    """Something is not what it has to be; the message says where, and what it has to be."""


def _same(value: Any) -> Any:
    return value


def _strict(value: Any) -> Any:
    """Return what a server sent as strict JSON of at most `redaction.DEPTH` levels."""
    return redaction.redact_json(value, member=lambda _, text: text, plain=_number)


def _number(value: Any) -> Any:
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value


@dataclass(frozen=True, slots=True)
class Door:
    """What values pass on their way out; as it stands it lets all through as it is."""

    prepare: Callable[[Any], Any] = _same
    """Gets each dataclass before its fields are looked at."""
    text: Callable[[str], str] = _same
    secret: Callable[[Secret], str] = Secret.reveal
    document: Callable[[Any], Any] = _strict
    """Gets what a server sent, or a request sends, as JSON."""


class Shape(Protocol):
    """How values of one type are written and read."""

    def dump(self, value: Any, door: Door) -> Any:
        """Return a value as JSON holds it."""

    def load(self, found: Any, at: str) -> Any:
        """Return the value that JSON holds; raises `Damage` that says where (``at``)."""


def check(good: object, at: str, expected: str) -> None:
    """Raise `Damage` unless something is good."""
    if not good:
        raise Damage(f"{at or 'it'} is not {expected}")


class TextShape:
    """A text, which is harmless when it is read."""

    def dump(self, value: Any, door: Door) -> Any:
        """Return it as JSON holds it."""
        return door.text(value)

    def load(self, found: Any, at: str) -> str:
        """Return what JSON holds."""
        check(isinstance(found, str), at, "a text")
        return terminal.harmless(found)


class FlagShape:
    """True or false."""

    def dump(self, value: Any, door: Door) -> Any:
        """Return it as JSON holds it."""
        return value

    def load(self, found: Any, at: str) -> bool:
        """Return what JSON holds."""
        check(isinstance(found, bool), at, "true or false")
        return bool(found)


class WholeShape:
    """A whole number."""

    def dump(self, value: Any, door: Door) -> Any:
        """Return it as JSON holds it."""
        return value

    def load(self, found: Any, at: str) -> int:
        """Return what JSON holds."""
        good = isinstance(found, int) and not isinstance(found, bool) and abs(found) < _MOST
        check(good, at, "a whole number of usual size")
        return int(found)


class RealShape:
    """A number, which is finite."""

    def dump(self, value: Any, door: Door) -> Any:
        """Return it as JSON holds it."""
        return _number(value)

    def load(self, found: Any, at: str) -> float:
        """Return what JSON holds."""
        good = isinstance(found, (int, float)) and not isinstance(found, bool)
        check(good and abs(found) < _LARGEST, at, "a number of usual size")
        return float(found)


class SecretShape:
    """A credential."""

    def dump(self, value: Any, door: Door) -> Any:
        """Return it as JSON holds it."""
        return {"secret": door.secret(value)}

    def load(self, found: Any, at: str) -> Secret:
        """Return what JSON holds."""
        check(isinstance(found, dict) and isinstance(found.get("secret"), str), at, "a secret")
        return Secret(terminal.harmless(found["secret"]))


class OctetsShape:
    """Octets: their text, or base64 where they are none."""

    def dump(self, value: Any, door: Door) -> Any:
        """Return it as JSON holds it."""
        try:
            return value.decode("utf-8")
        except UnicodeDecodeError:
            return {"base64": b64encode(value).decode("ascii")}

    def load(self, found: Any, at: str) -> bytes:
        """Return what JSON holds."""
        try:
            if isinstance(found, str):
                return found.encode("utf-8", "surrogatepass")
            return b64decode(found["base64"], validate=True)
        except (KeyError, TypeError, ValueError):
            raise Damage(f"{at} is neither a text nor octets in base64") from None


class DocumentShape:
    """What was sent or received as a JSON object."""

    def dump(self, value: Any, door: Door) -> Any:
        """Return it as JSON holds it."""
        return door.document(value)

    def load(self, found: Any, at: str) -> Any:
        """Return what JSON holds."""
        check(isinstance(found, dict), at, "an object")
        return _strict(found)


@dataclass(frozen=True, slots=True)
class WordShape:
    """A word of the vocabulary."""

    kind: type[Enum]

    def dump(self, value: Any, door: Door) -> Any:
        """Return it as JSON holds it."""
        return value.value

    def load(self, found: Any, at: str) -> Any:
        """Return what JSON holds."""
        words = {word.value: word for word in self.kind}
        known = isinstance(found, str) and found in words
        check(known, at, f"one of {', '.join(map(str, words))}")
        return words[found]
