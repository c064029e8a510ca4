"""Knows what happened in a run, as frozen values; must not know how it is done or shown.

Values of the flow (`Resource`, `AuthorizationServer`, `Client`, …) are in `protocol.values`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from mcp_auth_tui import text


class Secret:
    """A credential whose ``str`` and ``repr`` are masked; `reveal` is the explicit verb."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Return the credential itself."""
        return self._value

    def __str__(self) -> str:
        return text.masked(self._value)

    __repr__ = __str__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(self._value)


class Stage(StrEnum):
    """The stages of a run, in order (DESIGN 2)."""

    PROBE = "probe"
    RESOURCE = "resource"
    SERVER = "server"
    REGISTER = "register"
    AUTHORIZE = "authorize"
    TOKEN = "token"
    VERIFY = "verify"


# What a person sees: five panels, each of one or more stages.
PANELS: tuple[tuple[str, tuple[Stage, ...]], ...] = (
    ("Metadata", (Stage.PROBE, Stage.RESOURCE, Stage.SERVER)),
    ("Registration", (Stage.REGISTER,)),
    ("Browser", (Stage.AUTHORIZE,)),
    ("Token", (Stage.TOKEN,)),
    ("Headers", (Stage.VERIFY,)),
)


class Status(StrEnum):
    """How a stage stands."""

    IDLE = "idle"
    RUNNING = "running"
    WAITING = "waiting"
    DONE = "done"
    WARNED = "warned"
    FAILED = "failed"
    SKIPPED = "skipped"


class Level(StrEnum):
    """The weight of a finding; `FATAL` ended the run."""

    FATAL = "fatal"
    ERROR = "error"
    WARNING = "warning"
    INFO = "info"
    OK = "ok"

    @property
    def rank(self) -> int:
        """0 is the worst."""
        return list(Level).index(self)


class Whose(StrEnum):
    """Who has to mend what a finding names."""

    SERVER = "MCP server"
    ISSUER = "authorization server"
    CLIENT = "client"
    NETWORK = "network"
    NOBODY = "nobody"


class Outcome(StrEnum):
    """How a run ended (DESIGN 3)."""

    OK = "ok"
    OPEN = "open"
    FAILED = "failed"
    REFUSED = "refused"
    WAITING = "waiting"
    INTERRUPTED = "interrupted"


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

    @property
    def secrets(self) -> tuple[Secret, ...]:
        """Every credential that the request carries."""
        fields = (*self.headers, *(self.form or ()))
        return tuple(item.value for item in fields if isinstance(item.value, Secret))


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
        """The content type without parameters, in lower case; empty when absent."""
        return (self.header("content-type") or "").partition(";")[0].strip().lower()

    @property
    def text(self) -> str:
        """The body as text; octets that are not UTF-8 become U+FFFD."""
        return self.body.decode("utf-8", "replace")


@dataclass(frozen=True, slots=True)
class Failure:
    """No answer: ``kind`` is a finding id (net-dns, net-connect, net-tls, net-timeout, …)."""

    kind: str
    message: str


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


@dataclass(frozen=True, slots=True)
class Finding:
    """One check that was kept or broken (SPEC 4); all text in it is harmless."""

    id: str
    level: Level
    message: str
    seen: str
    expected: str
    whose: Whose
    source: str
    next: str
    stage: Stage
    exchange: int | None = None
    pointer: str = ""
    """The header field or the JSON pointer (RFC 6901) that the finding is about."""
    revision: str = ""
    exit: int = 1
    """The exit code of a run that this finding ends (DESIGN 3)."""


@dataclass(frozen=True, slots=True)
class Tried:
    """One place where a document was looked for, and why it won, lost or was not needed."""

    stage: Stage
    what: str
    url: str
    verdict: str
    """One of ``used``, ``lost``, ``not tried``."""
    why: str
    exchange: int | None = None


@dataclass(frozen=True, slots=True)
class Learned:
    """A value of the flow: ``name`` is a field of `Session`."""

    name: str
    value: Any


@dataclass(frozen=True, slots=True)
class Entered:
    """A stage began."""

    stage: Stage


@dataclass(frozen=True, slots=True)
class Left:
    """A stage ended with a status and one line that sums it up."""

    stage: Stage
    status: Status
    summary: str = ""


@dataclass(frozen=True, slots=True)
class Started:
    """A run began; ``known`` names the fields taken over from an earlier run."""

    url: str
    at: float
    known: tuple[tuple[str, Any], ...] = ()
    skipped: tuple[Stage, ...] = ()


@dataclass(frozen=True, slots=True)
class Ready:
    """Step mode: this action is next and waits for the person (a `protocol.actions` value)."""

    action: Any


@dataclass(frozen=True, slots=True)
class Exchanged:
    """A request was answered or failed."""

    exchange: Exchange


@dataclass(frozen=True, slots=True)
class Browsed:
    """The authorization URL is ready: ``how`` says what was done with it, ``opened`` whether."""

    url: str
    how: str
    opened: bool
    redirect_uri: str
    forward: str = ""
    """The ``ssh -L`` line, when one helps."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """The run waits for a person until ``until`` (seconds since the epoch)."""

    what: str
    until: float
    question: Any = None


@dataclass(frozen=True, slots=True)
class Resumed:
    """The wait is over: ``how`` says what ended it."""

    how: str


@dataclass(frozen=True, slots=True)
class Ended:
    """The run is over."""

    outcome: Outcome
    at: float
    stop: Finding | None = None
    exit: int = 0


Event = (
    Started
    | Entered
    | Left
    | Ready
    | Exchanged
    | Finding
    | Tried
    | Learned
    | Browsed
    | Waiting
    | Resumed
    | Ended
)


@dataclass(frozen=True, slots=True)
class StageState:
    """How one stage stands; times in seconds since the epoch, 0 when not known."""

    status: Status = Status.IDLE
    summary: str = ""
    seconds: float = 0.0
    """Time on the wire: the sum over the stage's exchanges."""


@dataclass(frozen=True, slots=True)
class Session:
    """A run so far: the fold of its events. Every face and every export reads this value."""

    url: str = ""
    started: float = 0.0
    ended: float = 0.0
    stages: Mapping[Stage, StageState] = field(
        default_factory=lambda: dict.fromkeys(Stage, StageState())
    )
    exchanges: tuple[Exchange, ...] = ()
    findings: tuple[Finding, ...] = ()
    tried: tuple[Tried, ...] = ()
    revision: str = ""
    contact: Any = None
    resource: Any = None
    server: Any = None
    client: Any = None
    attempt: Any = None
    grant: Any = None
    device: Any = None
    token: Any = None
    peer: Any = None
    browsed: Browsed | None = None
    waiting: Waiting | None = None
    ready: Any = None
    outcome: Outcome | None = None
    stop: Finding | None = None
    exit: int = 0
    secrets: frozenset[Secret] = frozenset()

    def apply(self, event: Event) -> Session:
        """Return the session after one event; pure, so a recorded run replays to the same value."""
        match event:
            case Started():
                fresh = Session(url=event.url, started=event.at)
                stages = dict(fresh.stages)
                for stage in event.skipped:
                    stages[stage] = StageState(Status.SKIPPED, "kept from the run before")
                known = replace(fresh, stages=stages, **dict(event.known))
                return known._remember(*(value for _, value in event.known))
            case Entered():
                return self._stage(event.stage, status=Status.RUNNING)
            case Left():
                return self._stage(event.stage, status=event.status, summary=event.summary)
            case Exchanged():
                return self._exchanged(event.exchange)
            case Finding():
                return replace(self, findings=(*self.findings, event))
            case Tried():
                return replace(self, tried=(*self.tried, event))
            case Learned():
                return self._remember(event.value)._learn(event.name, event.value)
            case Browsed():
                return replace(self, browsed=event, ready=None)
            case Waiting():
                return self._waits(event)
            case Resumed():
                return self._waits(None)
            case Ready():
                return replace(self, ready=event.action)
            case Ended():
                return self._end(event)

    def _learn(self, name: str, value: Any) -> Session:
        changes: dict[str, Any] = {name: value}
        return replace(self, **changes)

    def _stage(self, stage: Stage, **changes: Any) -> Session:
        return replace(self, stages={**self.stages, stage: replace(self.stages[stage], **changes)})

    def _exchanged(self, exchange: Exchange) -> Session:
        seconds = self.stages[exchange.request.stage].seconds + exchange.seconds
        secrets = self.secrets.union(exchange.request.secrets)
        added = replace(self, exchanges=(*self.exchanges, exchange), secrets=secrets, ready=None)
        return added._stage(exchange.request.stage, seconds=seconds)

    def _remember(self, *values: Any) -> Session:
        found = {
            item
            for value in values
            for name in getattr(value, "__dataclass_fields__", ())
            if isinstance(item := getattr(value, name), Secret)
        }
        return replace(self, secrets=self.secrets | found)

    def _waits(self, waiting: Waiting | None) -> Session:
        stage = self.current
        status = Status.WAITING if waiting else Status.RUNNING
        changed = self._stage(stage, status=status) if stage else self
        return replace(changed, waiting=waiting)

    def _end(self, event: Ended) -> Session:
        session = replace(
            self,
            outcome=event.outcome,
            ended=event.at,
            stop=event.stop,
            exit=event.exit,
            waiting=None,
            ready=None,
        )
        stage = self.current
        if stage is None or event.outcome in (Outcome.OK, Outcome.OPEN):
            return session
        summary = event.stop.message if event.stop else str(event.outcome)
        return session._stage(stage, status=Status.FAILED, summary=summary)

    @property
    def current(self) -> Stage | None:
        """The stage that is running or waiting, or None."""
        alive = (Status.RUNNING, Status.WAITING)
        return next((s for s in reversed(Stage) if self.stages[s].status in alive), None)

    @property
    def headers(self) -> dict[str, Secret]:
        """The HTTP headers that the run was for: name to value; empty before the token.

        A token that was not verified (the run failed later) is still shown: nothing obtained is
        lost, and the exit code tells. After a refusal for safety there is none.
        """
        if self.token is None or self.outcome is Outcome.REFUSED:
            return {}
        scheme = "DPoP" if self.token.type.lower() == "dpop" else "Bearer"
        return {"Authorization": Secret(f"{scheme} {self.token.access.reveal()}")}

    def counts(self, *stages: Stage) -> dict[Level, int]:
        """Count the findings of some stages (of all, when none is named) by level."""
        chosen = [f for f in self.findings if not stages or f.stage in stages]
        return {level: sum(f.level is level for f in chosen) for level in Level}

    def redact(self, value: str) -> str:
        """Mask every credential of this run inside a text (SPEC 6)."""
        return text.redact(value, (secret.reveal() for secret in self.secrets))


def shown_body(session: Session, body: bytes, media_type: str) -> str:
    """Return a body fit to show: harmless, with credentials masked by name and by value."""
    plain = body.decode("utf-8", "replace")
    return text.harmless(session.redact(text.redact_body(plain, media_type)))
