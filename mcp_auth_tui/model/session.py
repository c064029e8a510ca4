"""Knows a run so far: the fold of its events, which every face and export reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import TYPE_CHECKING, Any

from mcp_auth_tui.model.events import (
    Browsed,
    Ended,
    Entered,
    Event,
    Exchanged,
    Finding,
    Learned,
    Left,
    Moment,
    Ready,
    Released,
    Remark,
    Resumed,
    Slip,
    Started,
    Tried,
    Waiting,
)
from mcp_auth_tui.model.http import Exchange, Request, Secret
from mcp_auth_tui.model.redactor import Redactor, credentials_of
from mcp_auth_tui.model.vocabulary import Level, Outcome, Stage, Status
from mcp_auth_tui.records import dataclass, replace

if TYPE_CHECKING:
    from mcp_auth_tui.model.aside import LocationCheck, SignatureCheck
    from mcp_auth_tui.model.oauth import (
        Attempt,
        AuthorizationCode,
        AuthorizationServer,
        Client,
        Contact,
        DeviceCode,
        Known,
        Peer,
        Resource,
        StoredHeader,
        Token,
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
    contact: Contact | None = None
    resource: Resource | None = None
    server: AuthorizationServer | None = None
    client: Client | None = None
    attempt: Attempt | None = None
    grant: AuthorizationCode | None = None
    device: DeviceCode | None = None
    stored_header: StoredHeader | None = None
    """The header of an earlier run that was still good when this one began."""
    token: Token | None = None
    previous: Token | None = None
    """The token that a refresh replaced."""
    checked: tuple[SignatureCheck, ...] = ()
    """Signatures that were checked because the person asked."""
    scanned: tuple[LocationCheck, ...] | None = None
    """What a scan for misplaced documents found; None before there was one."""
    peer: Peer | None = None
    browsed: Browsed | None = None
    moments: tuple[Moment, ...] = ()
    waiting: Waiting | None = None
    slip: Finding | None = None
    """Why the last paste was no answer, until something else comes."""
    ready: Request | Attempt | None = None
    """What goes out next, when the person lets it (`Ready`)."""
    sending: Request | None = None
    """What the person let go and nobody has answered yet (`Released`)."""
    lifted: tuple[str, ...] = ()
    """What the settings of the run lift or leave out; `marks` holds what was done by hand."""
    network: tuple[str, ...] = ()
    """Options by which another command of this program uses the same network."""
    needs: tuple[Secret, ...] = ()
    """Options that a later `headers` needs to do what this run did."""
    carried: tuple[str, ...] = ()
    """The marks of the run that something was taken over from."""
    remarks: tuple[str, ...] = ()
    """Sentences for the person about what was kept."""
    outcome: Outcome | None = None
    stop: Finding | None = None
    exit: int = 0
    secrets: frozenset[Secret] = frozenset()

    def apply(self, event: Event) -> Session:
        """Return the session after one event; pure, so a recorded run replays to the same value."""
        match event:
            case Started():
                fresh = Session(
                    url=event.url,
                    started=event.at,
                    lifted=event.marks,
                    network=event.network,
                    needs=event.needs,
                )
                stages = dict(fresh.stages)
                for stage in event.skipped:
                    stages[stage] = StageState(Status.KEPT, "kept from the run before")
                return replace(fresh, stages=stages)._learn(*event.known)
            case Entered():
                return self._stage(event.stage, Status.RUNNING)
            case Left():
                return self._stage(event.stage, event.status, event.summary)
            case Exchanged():
                return self._exchanged(event.exchange)
            case Finding() | Slip() | Remark():
                return self._told(event)
            case Tried():
                return replace(self, tried=(*self.tried, event))
            case Learned():
                return self._learn((event.name, event.value))
            case Browsed():
                return replace(self._noted(event), browsed=event, ready=None)
            case Waiting():
                return self._waits(event)
            case Resumed():
                return replace(self._noted(event)._waits(None), slip=None)
            case Ready() | Released():
                return self._gated(event)
            case Ended():
                return self._end(event)

    def _gated(self, event: Ready | Released) -> Session:
        if isinstance(event, Ready):
            return replace(self, ready=event.request, sending=None)
        sending = event.request if isinstance(event.request, Request) else None
        return replace(self, ready=None, sending=sending)

    def _told(self, event: Finding | Slip | Remark) -> Session:
        if isinstance(event, Remark):
            return replace(self, remarks=(*self.remarks, event.text))
        if isinstance(event, Slip):
            return replace(self, slip=event.finding)
        findings = self.findings
        if event.level is Level.FATAL:
            # What ends a run takes the place of what it repeats.
            findings = tuple(item for item in findings if not event.repeats(item))
        return replace(self, findings=(*findings, event))

    def _noted(self, event: Browsed | Resumed) -> Session:
        if self.waiting is not None and self.waiting.question is not None:
            return self  # an answer to a question of ours is no part of the sign-in
        moment = Moment(len(self.exchanges), event)
        return replace(self, moments=(*self.moments, moment))

    def _learn(self, *values: tuple[str, object]) -> Session:
        """Take values of the flow in, and remember the credentials that they carry."""
        # `Learned` lets a value go by the name of a field of its type alone.
        changes: dict[str, Any] = dict(values)
        token: Token | None = changes.get("token")
        if token is not None and self.token is not None and token.access != self.token.access:
            changes |= {"previous": self.token, "checked": ()}
        secrets = {
            item
            for _, value in values
            for name in getattr(value, "__dataclass_fields__", ())
            if isinstance(item := getattr(value, name), Secret)
        }
        return replace(self, secrets=self.secrets | secrets, **changes)

    def _stage(self, stage: Stage, status: Status, summary: str | None = None) -> Session:
        """Return the session with another status of a stage, and another summary if it is given."""
        return replace(self, stages=self._stages(stage, status, summary))

    def _stages(
        self,
        stage: Stage,
        status: Status | None = None,
        summary: str | None = None,
        seconds: float = 0.0,
    ) -> Mapping[Stage, StageState]:
        """Return the stages with what differs in one of them: more time was spent, for one."""
        old = self.stages[stage]
        summary = old.summary if summary is None else summary
        state = StageState(status or old.status, summary, old.seconds + seconds)
        return {**self.stages, stage: state}

    def _exchanged(self, exchange: Exchange) -> Session:
        changes: dict[str, Any] = {
            "exchanges": (*self.exchanges, exchange),
            "secrets": self.secrets | credentials_of(exchange),
        }
        if not exchange.again:  # else it was sent beside the flow, which stands where it stood
            stages = self._stages(exchange.request.stage, seconds=exchange.seconds)
            changes |= {"ready": None, "sending": None, "stages": stages}
        return replace(self, **changes)

    def _waits(self, waiting: Waiting | None) -> Session:
        stage = self.current
        if stage is None:
            return replace(self, waiting=waiting)
        status = Status.WAITING if waiting else Status.RUNNING
        return replace(self, waiting=waiting, stages=self._stages(stage, status))

    def _end(self, event: Ended) -> Session:
        session = replace(
            self,
            outcome=event.outcome,
            ended=event.at,
            stop=event.stop,
            exit=event.exit,
            waiting=None,
            ready=None,
            sending=None,
        )
        stage = self.current
        if stage is None or event.outcome in (Outcome.OK, Outcome.OPEN, Outcome.PROBED):
            return session
        if event.outcome is Outcome.INTERRUPTED:
            return session._stage(stage, Status.CANCELLED, "ended by hand")
        summary = event.stop.message if event.stop else str(event.outcome)
        return session._stage(stage, Status.FAILED, summary)

    @property
    def current(self) -> Stage | None:
        """The stage that is running or waiting, or None."""
        alive = (Status.RUNNING, Status.WAITING)
        return next((s for s in reversed(Stage) if self.stages[s].status in alive), None)

    @property
    def upcoming(self) -> int:
        """The number that the next exchange will have."""
        return max((item.number for item in self.exchanges), default=0) + 1

    @property
    def known(self) -> Known:
        """What a later run may take over."""
        from mcp_auth_tui.model.oauth import Known

        return Known(self.contact, self.resource, self.server, self.client, self.token)

    @property
    def headers(self) -> dict[str, Secret]:
        """The HTTP headers that the run was for: name to value; empty before the token.

        A token that was not verified (the run failed later) is still shown: nothing obtained is
        lost, and the exit code tells. After a refusal for safety there is none, nor after probes,
        which end what was issued to them.
        """
        if self.token is None or self.outcome in (Outcome.REFUSED, Outcome.PROBED):
            return {}
        scheme = "DPoP" if self.token.type.lower() == "dpop" else "Bearer"
        return {"Authorization": Secret(f"{scheme} {self.token.bearer.reveal()}")}

    @property
    def caveats(self) -> tuple[str, ...]:
        """Every reason why the result is worth less: what was lifted, and what was done by hand."""
        return (*self.lifted, *self.marks)

    @property
    def marks(self) -> tuple[str, ...]:
        """What a person changed by hand: the result tells less about the server."""
        return (*(f"a run before this: {mark}" for mark in self.carried), *self.edits)

    @property
    def edits(self) -> tuple[str, ...]:
        """What a person changed by hand in this run."""
        sentences = []
        for item in self.exchanges:
            by_hand = ", edited by hand" if item.edited else ""
            if item.again:
                sentences.append(
                    f"exchange {item.number} sends exchange {item.again} again{by_hand}"
                )
            elif item.edited:
                sentences.append(f"exchange {item.number} was edited by hand")
        if self.browsed is not None and self.browsed.edited:
            sentences.append("the authorization request was edited by hand")
        return tuple(sentences)

    def signature(self, what: str) -> SignatureCheck | None:
        """Return what the issuer's keys said of a token's signature; None when nobody asked."""
        return next((item for item in self.checked if item.what == what), None)

    def counts(self, *stages: Stage) -> dict[Level, int]:
        """Count the findings of some stages (of all, when none is named) by level."""
        chosen = [f for f in self.findings if not stages or f.stage in stages]
        return {level: sum(f.level is level for f in chosen) for level in Level}

    def redactor(self, *, reveal: bool = False, named: bool = False) -> Redactor:
        """Return the one door through which texts of this run leave the program (SPEC 6)."""
        return Redactor(self.secrets, reveal=reveal, named=named)
