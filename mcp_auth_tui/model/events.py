"""Knows what can happen in a run, as frozen events; must not know what they add up to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mcp_auth_tui.model.http import Exchange, Request, Secret
from mcp_auth_tui.model.vocabulary import Level, Outcome, Stage, Status, Whose
from mcp_auth_tui.records import dataclass

if TYPE_CHECKING:
    from typing import Literal, overload

    from mcp_auth_tui.model.aside import LocationCheck, SignatureCheck
    from mcp_auth_tui.model.oauth import (
        Attempt,
        AuthorizationCode,
        AuthorizationServer,
        Client,
        Contact,
        DeviceCode,
        Peer,
        Resource,
        StoredHeader,
        Token,
    )


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
    meanwhile: str = ""
    """What can be done by who only uses the server; ``next`` is for who mends it."""

    def repeats(self, earlier: Finding) -> bool:
        """Whether this ends a run by what an earlier finding says of the same exchange already."""
        about = (self.id, self.exchange, self.pointer)
        return (
            self.level is Level.FATAL
            and self.exchange is not None
            and earlier.level is not Level.OK
            and about == (earlier.id, earlier.exchange, earlier.pointer)
        )

    @property
    def rule(self) -> str:
        """The rule that was checked, and by which MCP revision it was judged."""
        return f"{self.source} (judged by MCP {self.revision})" if self.revision else self.source


@dataclass(frozen=True, slots=True)
class Slip:
    """What a person pasted is no answer to the sign-in.

    Told while the next paste is waited for. It says nothing about a server: it is counted nowhere
    and stands in no report.
    """

    finding: Finding


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
    """A value of the flow: ``name`` is a field of `Session`, which decides its type."""

    name: str
    value: object

    if TYPE_CHECKING:  # only what mypy reads: the constructor is that of every dataclass

        @overload
        def __init__(self, name: Literal["url", "revision"], value: str) -> None: ...
        @overload
        def __init__(self, name: Literal["contact"], value: Contact) -> None: ...
        @overload
        def __init__(self, name: Literal["resource"], value: Resource) -> None: ...
        @overload
        def __init__(self, name: Literal["server"], value: AuthorizationServer) -> None: ...
        @overload
        def __init__(self, name: Literal["client"], value: Client) -> None: ...
        @overload
        def __init__(self, name: Literal["attempt"], value: Attempt) -> None: ...
        @overload
        def __init__(self, name: Literal["grant"], value: AuthorizationCode) -> None: ...
        @overload
        def __init__(self, name: Literal["device"], value: DeviceCode) -> None: ...
        @overload
        def __init__(self, name: Literal["stored_header"], value: StoredHeader) -> None: ...
        @overload
        def __init__(self, name: Literal["token"], value: Token) -> None: ...
        @overload
        def __init__(self, name: Literal["peer"], value: Peer) -> None: ...
        @overload
        def __init__(self, name: Literal["checked"], value: tuple[SignatureCheck, ...]) -> None: ...
        @overload
        def __init__(self, name: Literal["scanned"], value: tuple[LocationCheck, ...]) -> None: ...
        def __init__(self, name: str, value: object) -> None: ...


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
    known: tuple[tuple[str, object], ...] = ()
    skipped: tuple[Stage, ...] = ()
    marks: tuple[str, ...] = ()
    """What the settings of the run lift or leave out, as sentences (`Options.marks`)."""
    network: tuple[str, ...] = ()
    """Options by which another command of this program uses the same network."""
    needs: tuple[Secret, ...] = ()
    """Options that a later `headers` needs to do the same (`Options.needs`); a header of this
    person's may be among them."""


@dataclass(frozen=True, slots=True)
class Ready:
    """Step mode: this request, or the sign-in at this attempt, is next and waits for the person."""

    request: Request | Attempt
    stream: bool = False
    """Whether the answer is a stream that is kept open (HTTP with SSE, 2024-11-05)."""


@dataclass(frozen=True, slots=True)
class Released:
    """Step mode: what was ready goes out now, as it was or as the person changed it."""

    request: Request | Attempt


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
    edited: bool = False
    """A person changed the authorization request."""
    note: str = ""
    """What the ``ssh -L`` line cannot know, or why there is none."""


@dataclass(frozen=True, slots=True)
class Question:
    """One thing only a person can say."""

    id: str
    """``client_id``, ``client_secret``, ``step_up``, …"""
    prompt: str
    detail: str = ""
    secret: bool = False
    choices: tuple[str, ...] = ()
    default: str | None = None
    """What to answer when there is nobody to ask; None: it cannot go on without a person."""
    copies: str = ""
    """What of the detail a person wants to copy, if anything."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """The run waits for a person until ``until`` (seconds since the epoch)."""

    what: str
    until: float
    question: Question | None = None


@dataclass(frozen=True, slots=True)
class Resumed:
    """The wait is over: ``how`` says what ended it."""

    how: str
    source: str = ""
    """How the answer of the sign-in came: ``listener`` or ``paste``; empty for anything else."""
    carried: tuple[str, ...] = ()
    """The names of the parameters that it carried, without their values."""


@dataclass(frozen=True, slots=True)
class Moment:
    """What happened between a person, a browser and the run: no exchange of this program."""

    after: int
    """How many exchanges were before it."""
    event: Browsed | Resumed


@dataclass(frozen=True, slots=True)
class Remark:
    """A sentence for the person that says nothing about a server: what was kept, and where."""

    text: str


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
    | Released
    | Exchanged
    | Finding
    | Slip
    | Tried
    | Learned
    | Browsed
    | Waiting
    | Resumed
    | Remark
    | Ended
)
