"""Knows what a generator may ask of the world and what it is told back; must not do any of it."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from mcp_auth_tui.model import (
    Entered,
    Failure,
    Finding,
    Learned,
    Left,
    Question,
    Remark,
    Request,
    Resumed,
    Secret,
    Slip,
    Tried,
    Waiting,
)
from mcp_auth_tui.records import dataclass

if TYPE_CHECKING:
    from mcp_auth_tui.model.oauth import Attempt, Client, Token


@dataclass(frozen=True, slots=True)
class Send:
    """Send one request. Reply: the `model.Exchange` as performed."""

    request: Request
    enough: Callable[[bytes], bool] | None = None
    """Is fed the body chunk by chunk; reading stops when it says True (an SSE answer is in)."""


@dataclass(frozen=True, slots=True)
class Open:
    """Open an SSE stream and keep it. Reply: the `model.Exchange` with status and headers."""

    request: Request


@dataclass(frozen=True, slots=True)
class Read:
    """Read on from the stream that `Open` opened. Reply: bytes (empty at its end) or `Failure`."""

    exchange: int
    within: float
    """Seconds to wait at most."""


@dataclass(frozen=True, slots=True)
class Close:
    """Close the stream that `Open` opened. Reply: None."""

    exchange: int


@dataclass(frozen=True, slots=True)
class Bind:
    """Bind the callback listener. Reply: the redirect URI, or `Failure` when it cannot (G8, B1)."""

    redirect_uri: str | None
    port: int | None


@dataclass(frozen=True, slots=True)
class RecallClient:
    """Look for a client that was registered in an earlier run (G9). Reply: the `Client`, or None.

    ``redirect_uri`` None stands for one of our own making, empty for none at all. With
    ``client_id`` it is that client made by hand, if its redirect URI was chosen by hand as well.
    """

    issuer: str
    redirect_uri: str | None
    port: int | None
    scope: str | None
    client_id: str | None = None


@dataclass(frozen=True, slots=True)
class DropClient:
    """Forget a client of an earlier run that its server has forgotten. Reply: None."""

    client: Client


@dataclass(frozen=True, slots=True)
class BeginRefresh:
    """Be the one program that refreshes a token (F3), until a token is learned or the run ends.

    Reply: None where it may be sent; the `Token` that another program got in its place meanwhile;
    or `Failure` (client-store) where it must not be sent.
    """

    token: Token


@dataclass(frozen=True, slots=True)
class Browse:
    """Let the person sign in at ``attempt.url``. Reply: the `Attempt` as performed."""

    attempt: Attempt
    wait: float
    """Seconds the person has."""
    unopened: bool = False
    """The person takes the address as it is: nothing is opened."""


@dataclass(frozen=True, slots=True)
class Callback:
    """What came back from the browser, raw."""

    query: str
    """The query string as received or pasted, not decoded."""
    source: str
    """``listener``, ``paste`` or ``follow``."""
    pasted: str = ""
    """The whole paste, for telling what it was."""
    method: str = "GET"


@dataclass(frozen=True, slots=True)
class Await:
    """Wait for the next callback or paste. Reply: `Callback`, or `Failure` (authz-timeout, …)."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Answer the browser that brought the last callback. Reply: None.

    ``page``: ``ignored`` (not ours; the wait goes on), ``received`` (the exchange is under way; the
    page waits), ``done`` or ``failed``.
    """

    page: str


@dataclass(frozen=True, slots=True)
class Ask:
    """Ask the person. Reply: the text, or None when there is nobody or he declines."""

    question: Question


@dataclass(frozen=True, slots=True)
class RandomOctets:
    """Reply: so many random octets."""

    octets: int


@dataclass(frozen=True, slots=True)
class Sign:
    """Sign a JWT (K4, D1). Reply: `SignedJwt`, or `Failure` (``client-key``, or ``passphrase``).

    Whoever signs adds ``iat`` and a fresh ``jti``, and ``exp`` when a ``lifetime`` (seconds) is
    given.
    """

    key: str
    """``client`` (given by the person) or ``dpop`` (made for the run)."""
    header: Mapping[str, Any]
    claims: Mapping[str, Any]
    algorithms: tuple[str, ...] = ()
    """What the server accepts; empty: not said."""
    lifetime: float | None = None
    jwk_header: bool = False
    passphrase: Secret | None = None


@dataclass(frozen=True, slots=True)
class Unlock:
    """Open the key of the client's certificate. Reply: None, or `Failure`.

    Its kind is ``passphrase`` where another one could help. Without one, what is known is tried.
    """

    passphrase: Secret | None


@dataclass(frozen=True, slots=True)
class SignedJwt:
    """A signed JWT and the thumbprint (RFC 7638) of the key."""

    jwt: Secret
    alg: str
    thumbprint: str


@dataclass(frozen=True, slots=True)
class Verify:
    """Check the signature of a JWT with a key set (RFC 7515 §5.2). Reply: `Verification`."""

    jwt: Secret
    jwks: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Verification:
    """Whether a signature is good; ``why`` is a sentence either way."""

    ok: bool
    why: str
    kid: str | None = None
    alg: str | None = None


@dataclass(frozen=True, slots=True)
class Sleep:
    """Wait before polling again (RFC 8628 §3.5). Reply: None."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Now:
    """Reply: seconds since the epoch."""


Action = (
    Send
    | Open
    | Read
    | Close
    | Bind
    | RecallClient
    | DropClient
    | BeginRefresh
    | Browse
    | Await
    | Answer
    | Ask
    | RandomOctets
    | Sign
    | Unlock
    | Verify
    | Sleep
    | Now
)
Note = Finding | Slip | Learned | Tried | Entered | Left | Waiting | Resumed | Remark

T = TypeVar("T")
# A step of the protocol: yields actions (and is sent the reply) and notes (reply None).
Protocol = Generator[Action | Note, Any, T]


class FlowStop(Exception):
    """A stage cannot go on; the finding says why.

    ``place`` is the URL at which it could go on instead, if there is one.
    """

    def __init__(self, finding: Finding, place: str = "") -> None:
        super().__init__(finding.id)
        self.finding = finding
        self.place = place


def untold(body: Protocol[T], kept: list[Finding]) -> Protocol[T]:
    """Run a body whose findings are put into a list, and told by nobody; its stop is raised."""
    reply: Any = None
    while True:
        try:
            item = body.send(reply)
        except StopIteration as done:
            result: T = done.value
            return result
        if isinstance(item, Finding):
            kept.append(item)
            reply = None
        else:
            reply = yield item


__all__ = [
    "Action",
    "Answer",
    "Ask",
    "Await",
    "BeginRefresh",
    "Bind",
    "Browse",
    "Callback",
    "Close",
    "DropClient",
    "Failure",
    "FlowStop",
    "Note",
    "Now",
    "Open",
    "Protocol",
    "RandomOctets",
    "Read",
    "RecallClient",
    "Send",
    "Sign",
    "SignedJwt",
    "Sleep",
    "Unlock",
    "Verification",
    "Verify",
    "untold",
]
