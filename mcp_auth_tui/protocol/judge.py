"""Knows what becomes of a broken rule: a note, a refusal or a stop; must not know the rules."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import NoReturn, Self, TypedDict, Unpack

from mcp_auth_tui import findings
from mcp_auth_tui.model import Exchange, Failure, Finding, Level, Slip, Stage, Whose
from mcp_auth_tui.protocol import error_answer, retry_after
from mcp_auth_tui.protocol.actions import FlowStop, Protocol
from mcp_auth_tui.protocol.checks.check import Check
from mcp_auth_tui.protocol.config import NEWEST_INITIALIZE, REVISIONS, STATELESS, Config
from mcp_auth_tui.records import dataclass
from mcp_auth_tui.text.units import host_of

# What a document is there for, and who knows that can do without it.
_WITHOUT = {
    Stage.RESOURCE: "If you know the authorization server: --issuer URL.",
    Stage.SERVER: "If you know its endpoints: --authorization-endpoint URL --token-endpoint URL.",
}
REFUSED_FOR_SAFETY = 4
BEHIND_TLS = (
    "The server does not know that it is reached by https: let the proxy before it say so"
    " (X-Forwarded-Proto) and the server believe it, or set the server's public URL."
)
"""What is to be done where a server names an http address of itself behind a proxy with TLS."""
_OF_ISSUER = (Stage.SERVER, Stage.REGISTER, Stage.AUTHORIZE, Stage.TOKEN)
_NO_DATE = (
    "It does not say how long (no Retry-After): wait some minutes and run again, with fewer runs at"
    " once."
)


class Details(TypedDict, total=False):
    """What is told of one finding, as `findings.found` takes it."""

    seen: str
    expected: str
    message: str
    next: str
    exchange: Exchange | int | None
    """The exchange that shows it, or its number alone."""
    pointer: str
    whose: Whose | None
    """Who mends it, where what was seen shows another than the rule names."""
    source: str
    """The rule and its section, where the flow in use has another than the rule names."""


@dataclass(frozen=True, slots=True)
class Judge:
    """The settings of a run, the revision in force and the stage that is judged."""

    config: Config
    stage: Stage
    revision: str = ""
    """The revision negotiated; empty before that (T3: then findings hold for 2025-11-25)."""

    @property
    def rules(self) -> str:
        """The revision whose rules are applied."""
        if self.config.spec != "auto":
            return self.config.spec
        # A server of 2024-11-05 knew no authorization at all: the rules are those of today.
        return self.revision if self.revision in REVISIONS else NEWEST_INITIALIZE

    @property
    def stateless(self) -> bool:
        """Whether the rules of 2026-07-28 or later hold."""
        return self.rules >= STATELESS

    def asking(self, url: str) -> Self:
        """Return the same judge for another MCP URL; for none, this one."""
        return replace(self, config=replace(self.config, url=url)) if url else self

    def at(self, stage: Stage) -> Judge:
        """Return the same judge for another stage."""
        return replace(self, stage=stage)

    def finding(
        self,
        id: str,
        *,
        level: Level | None = None,
        meanwhile: str = "",
        **details: Unpack[Details],
    ) -> Finding:
        """Return a finding of this stage, judged by the rules in force."""
        return findings.finding(
            id,
            self.stage,
            seen=details.get("seen", ""),
            expected=details.get("expected", ""),
            message=details.get("message", ""),
            next=details.get("next", ""),
            meanwhile=meanwhile,
            exchange=_number(details.get("exchange")),
            pointer=details.get("pointer", ""),
            revision=self.rules,
            level=level,
            whose=details.get("whose"),
            source=details.get("source", ""),
        )

    def note(
        self,
        id: str,
        *,
        level: Level | None = None,
        meanwhile: str = "",
        **details: Unpack[Details],
    ) -> Protocol[None]:
        """Record a broken rule and go on; with ``--strict`` an error stops the run."""
        finding = self.finding(id, level=level, meanwhile=meanwhile, **details)
        strict = self.config.strict and id not in self.config.allow
        if finding.level is Level.FATAL:
            # A stop is raised by `stop` or `refuse`; one that is only noted was survived.
            finding = replace(finding, level=Level.ERROR)
        if strict and finding.level is Level.ERROR:
            raise FlowStop(finding)
        yield finding

    def slip(self, id: str, *, seen: str, message: str, next: str = "") -> Protocol[None]:
        """Tell what is wrong with what a person pasted: nothing that a server has to mend."""
        yield Slip(self.finding(id, seen=seen, message=message, next=next, level=Level.WARNING))

    def keep(
        self, id: str, *, seen: str = "", exchange: Exchange | int | None = None, pointer: str = ""
    ) -> Protocol[None]:
        """Record that a rule was kept; the exchange that shows it is given, or its number alone."""
        yield findings.ok(
            id,
            self.stage,
            seen=seen,
            exchange=_number(exchange),
            revision=self.rules,
            pointer=pointer,
        )

    def tell(
        self, checks: Iterable[Check], exchange: Exchange | int | None = None
    ) -> Protocol[None]:
        """Record each rule that was looked at: broken ones are noted, the others kept."""
        for check in checks:
            if check.broken:
                yield from self.note(
                    check.id,
                    seen=check.seen,
                    expected=check.expected,
                    exchange=exchange,
                    pointer=check.pointer,
                    level=check.level,
                )
            else:
                yield from self.keep(
                    check.id, seen=check.seen, exchange=exchange, pointer=check.pointer
                )

    def stop(
        self,
        id: str,
        *,
        meanwhile: str = "",
        exit: int | None = None,
        place: str = "",
        **details: Unpack[Details],
    ) -> NoReturn:
        """End the run with this finding; raises `FlowStop` (``place`` as there)."""
        finding = self.finding(id, meanwhile=meanwhile, **details)
        raise FlowStop(finding if exit is None else replace(finding, exit=exit), place)

    def refuse(
        self,
        id: str,
        *,
        exit: int = REFUSED_FOR_SAFETY,
        meanwhile: str = "",
        **details: Unpack[Details],
    ) -> Protocol[None]:
        """Refuse (``exit``), unless ``--allow`` lifted this refusal: then mark the run.

        ``meanwhile`` is a safer way through than that, where there is one.
        """
        if id not in self.config.allow:
            lifted = f"To go on all the same, for debugging only: --allow {id}."
            rule, whose = findings.CATALOGUE[id], details.get("whose")
            until = meanwhile or rule.until_mended(Level.FATAL, whose)
            meanwhile = f"{until} {lifted}".lstrip()
            self.stop(id, meanwhile=meanwhile, exit=exit, **details)
        details["next"] = ""  # what to do instead is no news to who lifted it
        yield from self.note(id, **details)
        exchange, pointer = details.get("exchange"), details.get("pointer", "")
        yield from self.note(
            "client-overridden", seen=f"--allow {id}", exchange=exchange, pointer=pointer
        )

    def busy(self, exchange: Exchange) -> None:
        """End the run where the server asks to wait: 429, or 503 that says until when.

        A 503 without ``Retry-After`` (RFC 9110 §15.6.4) is a failure like any other.
        """
        response = exchange.response
        after = response.header("retry-after") if response is not None else None
        if exchange.status != 429 and not (exchange.status == 503 and after):
            return
        product, host = error_answer.read(exchange).product, host_of(exchange.request.url)
        seen = f"HTTP {exchange.status}" + (f", Retry-After: {after}" if after else "")
        self.stop(
            "net-rate-limited",
            seen=error_answer.seen(seen, exchange),
            message=f"{product or host} asks to wait before the next request to"
            f" {host if product else 'it'}.",
            next=retry_after.advice(after) if after else _NO_DATE,
            exchange=exchange,
            pointer="retry-after" if after else "",
            whose=self.owner,
        )

    @property
    def owner(self) -> Whose:
        """Who runs the server that is spoken to in this stage."""
        return Whose.ISSUER if self.stage in _OF_ISSUER else Whose.SERVER

    def owner_of(self, failure: Failure) -> Whose | None:
        """Return who has to act on a failure; None: as its rule has it."""
        return self.owner if failure.whose is Whose.SERVER else failure.whose

    def lost(self, exchange: Exchange, failure: Failure) -> NoReturn:
        """End the run because a request had no answer."""
        self.stop(
            failure.kind,
            seen=failure.message,
            next=failure.next or self._without(failure.kind),
            message=f"{exchange.request.purpose}: {failure.message}",
            exchange=exchange,
            whose=self.owner_of(failure),
        )

    def _without(self, id: str) -> str:
        """Return the next step where an option does without the document that did not come."""
        way = _WITHOUT.get(self.stage, "")
        return f"{findings.CATALOGUE[id].next} {way}" if way else ""


def _number(exchange: Exchange | int | None) -> int | None:
    return exchange.number if isinstance(exchange, Exchange) else exchange
