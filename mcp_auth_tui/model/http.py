"""Knows one request and what became of it, as it crossed the wire; judges nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum
from json import dumps
from typing import Any

from mcp_auth_tui.model.vocabulary import Stage, Whose
from mcp_auth_tui.records import dataclass
from mcp_auth_tui.text import redaction


class Secret:
    """A credential whose ``str`` and ``repr`` are masked; `reveal` is the explicit verb."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Return the credential itself."""
        return self._value

    def __str__(self) -> str:
        return redaction.masked(self._value)

    __repr__ = __str__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(self._value)


@dataclass(frozen=True, slots=True)
class Field:
    """One value of a request with the reason for it and where the rule stands."""

    name: str
    value: str | Secret
    reason: str = ""
    source: str = ""

    @property
    def raw(self) -> str:
        """The value as it goes on the wire."""
        return self.value.reveal() if isinstance(self.value, Secret) else self.value


class Kind(StrEnum):
    """What a request is for; it decides the limits of its answer (SPEC 6)."""

    METADATA = "metadata"
    TOKEN = "token"
    MCP = "mcp"
    PAGE = "page"


@dataclass(frozen=True, slots=True)
class Request:
    """One request before or after it was sent; ``form`` and ``json`` exclude each other."""

    stage: Stage
    purpose: str
    method: str
    url: str
    kind: Kind
    headers: tuple[Field, ...] = ()
    form: tuple[Field, ...] | None = None
    json: Mapping[str, Any] | None = None
    reasons: tuple[Field, ...] = ()
    """Why the JSON members are what they are (the value is the member as text)."""
    idempotent: bool = False
    """Whether it does no harm when it arrives twice, whatever its method says (RFC 9110 §9.2.2)."""

    def members(self, shown: Mapping[str, Any]) -> Iterator[Field]:
        """Yield the JSON members as they are to be shown, each with its reason.

        At the end come the reasons of what is not there.
        """
        why = {item.name: item for item in self.reasons}
        for name, value in shown.items():
            text = value if isinstance(value, str) else dumps(value, ensure_ascii=False)
            told = why.pop(name, Field(name, ""))
            yield Field(name, text, told.reason, told.source)
        yield from why.values()

    @property
    def secrets(self) -> tuple[Secret, ...]:
        """Every credential that the request carries."""
        fields = (*self.headers, *(self.form or ()))
        return tuple(item.value for item in fields if isinstance(item.value, Secret))

    def carries(self, name: str) -> bool:
        """Return whether a header field of this name is sent (RFC 9110 §5.1: in any case)."""
        return any(item.name.lower() == name.lower() for item in self.headers)


@dataclass(frozen=True, slots=True)
class Response:
    """What came back: header names in lower case, values and body as received."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    truncated: bool = False
    http_version: str = "HTTP/1.1"

    def header(self, name: str) -> str | None:
        """Return the first value of a header field, or None."""
        return next((value for key, value in self.headers if key == name), None)

    def all(self, name: str) -> tuple[str, ...]:
        """Return every value of a repeated header field in order."""
        return tuple(value for key, value in self.headers if key == name)

    @property
    def media_type(self) -> str:
        """The content type without parameters, in lower case; empty when absent.

        Of a value that was joined out of several fields it is the first.
        """
        value = (self.header("content-type") or "").partition(",")[0]
        return value.partition(";")[0].strip().lower()

    @property
    def text(self) -> str:
        """The body as text; octets that are not UTF-8 become U+FFFD."""
        return self.body.decode("utf-8", "replace")


CANCELLED = "run-cancelled"
"""The kind of failure of a request that a person did not wait for: no finding has this id."""


@dataclass(frozen=True, slots=True)
class Failure:
    """No answer: ``kind`` is a finding id (net-dns, net-connect, net-tls, net-timeout, …)."""

    kind: str
    message: str
    next: str = ""
    """What can be done about this very failure; empty where the finding's own step fits."""
    whose: Whose | None = None
    """Who has to act; `Whose.SERVER` for whichever server was asked, None: as the rule has it."""


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds spent in the parts of an exchange, as far as they could be told apart."""

    connect: float = 0.0
    tls: float = 0.0
    wait: float = 0.0
    read: float = 0.0


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request as it was sent and what became of it."""

    number: int
    request: Request
    result: Response | Failure
    started: float
    """Seconds since the epoch."""
    seconds: float
    attempt: int = 1
    edited: bool = False
    timing: Timing = Timing()
    again: int = 0
    """The exchange that a person sent again with this one; 0 when it is a part of the flow."""

    @property
    def response(self) -> Response | None:
        """The response, or None when there was a failure."""
        return self.result if isinstance(self.result, Response) else None

    @property
    def failure(self) -> Failure | None:
        """The failure, or None when there was a response."""
        return self.result if isinstance(self.result, Failure) else None

    @property
    def status(self) -> int:
        """The HTTP status, 0 when there was no answer."""
        return self.result.status if isinstance(self.result, Response) else 0
