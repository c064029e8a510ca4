"""Knows how a generator's actions are performed, one by one; must not know why it asks for them.

Every wait that a person may cut short goes through `Person.wait`.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing, contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_plus

from mcp_auth_tui import findings
from mcp_auth_tui.desktop.browser import OpenResult
from mcp_auth_tui.model import (
    CANCELLED,
    Browsed,
    Entered,
    Event,
    Exchange,
    Exchanged,
    Failure,
    Finding,
    Learned,
    Left,
    Ready,
    Released,
    Remark,
    Request,
    Response,
    Resumed,
    Session,
    Slip,
    Stage,
    Timing,
    Tried,
    Waiting,
)
from mcp_auth_tui.model.oauth import Attempt
from mcp_auth_tui.protocol.actions import (
    Action,
    Ask,
    Await,
    Browse,
    FlowStop,
    Open,
    Protocol,
    Send,
    Unlock,
)
from mcp_auth_tui.protocol.config import Config
from mcp_auth_tui.records import dataclass
from mcp_auth_tui.run.budget import Budget
from mcp_auth_tui.run.person import Interrupted, Person, within
from mcp_auth_tui.run.services import QUIET, Services
from mcp_auth_tui.text.units import duration

if TYPE_CHECKING:
    from mcp_auth_tui.desktop.browser import Browser
    from mcp_auth_tui.net.network import Network
    from mcp_auth_tui.run.ahead import Ahead

_NOTES = (Finding, Slip, Learned, Tried, Entered, Left, Waiting, Resumed, Remark)
_WARM_SECONDS = 3.0
_SIGN_IN = "the sign-in in the browser"


@dataclass(frozen=True, slots=True)
class Result:
    """The last thing that performing an action yields: what the generator is told."""

    value: Any


@dataclass(frozen=True, slots=True)
class Sent:
    """A request that nobody has answered yet: no event, for nothing came of it so far."""

    number: int
    request: Request
    since: float
    """Seconds since the epoch."""


Steps = AsyncGenerator[Event | Result, None]


def _names(query: str) -> tuple[str, ...]:
    """Return the names of a query's parameters; a pasted bare code has none."""
    pairs = (part.partition("=") for part in query.split("&")[:20])
    return tuple(dict.fromkeys(unquote_plus(name)[:40] for name, sep, _ in pairs if sep))


def _changed(
    action: Send | Open | Browse, request: Request | Attempt | None, unopened: bool
) -> Send | Open | Browse:
    """Return an action with another request in it; one of another kind changes nothing."""
    if isinstance(action, Browse):
        attempt = action.attempt if request is None or isinstance(request, Request) else request
        return replace(action, attempt=attempt, unopened=unopened)
    return replace(action, request=request) if isinstance(request, Request) else action


def _outgoing(action: Action) -> Request | Attempt:
    """Return what of an action a person sees before it goes out."""
    assert isinstance(action, Send | Open | Browse)
    return action.attempt if isinstance(action, Browse) else action.request


def _edited(asked: Action, action: Action) -> bool:
    """Return whether a person changed what goes out; how it is opened is no change of it."""
    if isinstance(asked, Browse) and isinstance(action, Browse):
        return asked.attempt != action.attempt
    return asked != action


class Performer:
    """Performs the actions of one run; ``look`` gives the session as it is.

    ``ahead`` loads what the run needs later while requests are on their way. It needs a network
    (`use`) before anything is sent.
    """

    def __init__(
        self,
        config: Config,
        browser: Browser,
        person: Person,
        look: Callable[[], Session],
        services: Services,
        ahead: Ahead | None = None,
    ) -> None:
        self._config = config
        self._network: Network  # what `use` was given
        self._browser = browser
        self._person = person
        self._look = look
        self._services = services
        self._ahead = ahead
        self._clock = services.clock
        self._budget = Budget()
        self._attempt: Attempt | None = None
        self._deadline = 0.0
        self._last = 0
        self._held: Send | Open | Browse | None = None
        self.sent: Sent | None = None
        """The request that is on its way now."""

    async def drive(self, generator: Protocol[Any]) -> Steps:
        """Yield the generator's notes and what its actions bring; the last is its outcome.

        Raises `FlowStop`, and `Interrupted` when the person ended it.
        """
        reply: Any = None
        while True:
            self._person.check()
            try:
                item = generator.send(reply)
            except StopIteration as done:
                yield Result(done.value)
                return
            reply = None
            if isinstance(item, _NOTES):
                yield item
                continue
            action: Action = item
            if self._person.stepping and isinstance(item, Send | Open | Browse):
                self._held, gate = item, self._person.hold()
                yield Ready(_outgoing(item), isinstance(item, Open))
                action = await self._person.wait(gate) or item
                yield Released(_outgoing(action))
            if isinstance(action, Unlock):
                work = asyncio.to_thread(self._network.unlock, action.passphrase)
                reply = await self._person.wait(work)
                continue
            if isinstance(action, QUIET):
                reply = await self._person.wait(self._services.perform(action))
                continue
            async with aclosing(self._steps(action, edited=_edited(item, action))) as steps:
                async for step in steps:
                    if isinstance(step, Result):
                        reply = step.value
                    else:
                        yield step

    def _steps(self, action: Send | Open | Browse | Await | Ask, *, edited: bool) -> Steps:
        """Perform an action: yields events and at last the reply; raises `FlowStop`."""
        match action:
            case Browse():
                return self._browsed(action, edited)
            case Await():
                return self._awaited()
            case Ask():
                return self._asked(action)
            case _:
                return self._exchanged(action, edited)

    def release(self, request: Request | Attempt | None, *, unopened: bool) -> None:
        """Let go what is ready, as it is or changed; ``unopened``: without opening a browser."""
        if self._held is not None:
            self._person.step(_changed(self._held, request, unopened))

    @property
    def opens(self) -> bool:
        """Whether a browser is opened for a `Browse`."""
        return self._browser.opens

    def use(self, network: Network, budget: Budget | None = None) -> None:
        """Send what comes next by this network, with a new budget (the usual one)."""
        self._network = network
        self._budget = self._services.budget = budget or Budget()

    async def open(self, url: str) -> OpenResult:
        """Hand an address to the browser."""
        return await self._browser.open(url)

    async def again(
        self, request: Request, of: int, network: Network
    ) -> AsyncGenerator[Event, None]:
        """Send a request that is no part of the flow, and count it apart: yields one event."""
        number, started, since = self._numbered(), self._clock(), time.monotonic()
        original = next((old for old in self._look().exchanges if old.number == of), None)
        edited = original is None or original.request != request
        with self._on_its_way(number, request, started):
            try:
                result, timing = await network.send(request)
            except ValueError as error:
                result, timing = Failure("net-connect", f"It cannot be sent: {error}."), Timing()
        seconds = time.monotonic() - since
        yield Exchanged(
            Exchange(number, request, result, started, seconds, 1, edited, timing, again=of)
        )

    @contextmanager
    def _on_its_way(self, number: int, request: Request, since: float) -> Iterator[None]:
        self.sent = Sent(number, request, since)
        try:
            yield
        finally:
            self.sent = None

    def _numbered(self) -> int:
        """Return the number of the next exchange; one on its way has its own already."""
        self._last = max(self._last, *(item.number for item in self._look().exchanges), 0) + 1
        return self._last

    async def _exchanged(self, action: Send | Open, edited: bool) -> Steps:
        request, before = action.request, self._look().exchanges
        if (excess := self._budget.excess()) is not None:
            raise self._stop("net-budget", *excess)
        same = (request.purpose, request.url)
        attempt = 1 + sum(
            (old.request.purpose, old.request.url) == same and not old.again for old in before
        )
        # Loading the HTTP client, once, is no part of the time that a server takes.
        import mcp_auth_tui.net.wire  # noqa: F401

        number, started, since = self._numbered(), self._clock(), time.monotonic()
        with self._on_its_way(number, request, started):
            try:
                result, timing = await self._person.wait(self._loading(action, number))
            except ValueError as error:
                if not edited:
                    raise
                said = f"The request as edited cannot be sent: {error}."
                result, timing = Failure("net-connect", said), Timing()
            except Interrupted:
                # It was on its way, so the log has it, with what is known of it.
                seconds = time.monotonic() - since
                cut = Failure(CANCELLED, f"No answer had come after {duration(seconds)}.")
                yield Exchanged(Exchange(number, request, cut, started, seconds, attempt, edited))
                raise
        seconds = time.monotonic() - since
        exchange = Exchange(number, request, result, started, seconds, attempt, edited, timing)
        self._budget.spend(exchange)
        yield Exchanged(exchange)
        yield Result(exchange)

    async def _loading(self, action: Send | Open, number: int) -> tuple[Response | Failure, Timing]:
        """Let an exchange happen, and load meanwhile what the run needs after it."""
        if self._ahead is None:
            return await self._crossed(action, number)
        loader = asyncio.ensure_future(self._ahead.load())
        try:
            return await self._crossed(action, number)
        finally:
            loader.cancel()
            await asyncio.gather(loader, return_exceptions=True)

    async def _crossed(self, action: Send | Open, number: int) -> tuple[Response | Failure, Timing]:
        if isinstance(action, Send):
            return await self._network.send(action.request, action.enough)
        result, timing, stream = await self._network.open(action.request)
        if stream is not None:
            self._services.streams[number] = stream
        return result, timing

    def _stop(self, id: str, message: str, next: str = "") -> FlowStop:
        session = self._look()
        stage, revision = session.current or Stage.PROBE, session.revision
        return FlowStop(findings.finding(id, stage, message=message, next=next, revision=revision))

    async def _browsed(self, action: Browse, edited: bool) -> Steps:
        attempt, listener = action.attempt, self._services.listener
        self._attempt = attempt
        self._person.forget()
        if listener is not None:
            listener.arm(attempt.state.reveal())
        opened = OpenResult(False, "You took the address yourself: nothing was opened.")
        if not action.unopened:
            opened = await self._person.wait(self._browser.open(attempt.url))
        forward = self._browser.ssh_forward(listener.port) if listener is not None else ""
        # What was opened is taken to be able to come back, unless it came by SSH.
        doubt = listener is not None and (bool(forward) or not opened.opened)
        note = self._browser.forward_note() if doubt else ""
        how, back = (opened.how, opened.opened), attempt.redirect_uri
        yield Browsed(attempt.url, *how, back, forward, edited, note)
        if not opened.opened and not self._person.present:
            raise self._nobody()
        self._deadline = self._clock() + action.wait
        yield Waiting(_SIGN_IN, self._deadline)
        yield Result(attempt)

    def _nobody(self) -> FlowStop:
        stop = self._stop("client-no-person", "Nobody is there to sign in.")
        browsed = self._look().browsed
        if browsed is None:
            return stop
        # The address itself was shown, and is of no use once the run has ended.
        said = "Run again with --wait SECONDS and sign in at the address that is shown then."
        return FlowStop(replace(stop.finding, next=said))

    async def _awaited(self) -> Steps:
        if self._look().waiting is None:
            yield Waiting(_SIGN_IN, self._deadline)
        came = await self._person.wait(self._arrival())
        if came is None:
            yield Resumed("nobody is there any more")
            raise self._nobody()
        if isinstance(came, Failure):
            yield Resumed("time is up")
        else:
            pasted = came.source == "paste"
            how = "an address was pasted" if pasted else "the browser came back"
            yield Resumed(how, came.source, _names(came.query))
        yield Result(came)

    async def _arrival(self) -> Any:
        """Wait for browser or paste, and keep the next connections ready meanwhile."""
        warmer = asyncio.ensure_future(self._keep_warm())
        try:
            left = max(self._deadline - self._clock(), 0.0)
            listener = self._services.listener
            callbacks = listener.next if listener is not None else None
            return await self._person.arrival(callbacks, left)
        finally:
            warmer.cancel()
            await asyncio.gather(warmer, return_exceptions=True)

    async def _keep_warm(self) -> None:
        token_endpoint = self._attempt.token_endpoint if self._attempt else self._config.url
        while True:
            for url in dict.fromkeys((token_endpoint, self._config.url)):
                await self._network.warm(url)
            await asyncio.sleep(_WARM_SECONDS)

    async def _asked(self, action: Ask) -> Steps:
        question = action.question
        if not self._person.present:
            yield Result(question.default)
            return
        answer = self._person.expect()
        yield Waiting("an answer", self._clock() + self._config.wait, question)
        text = await self._person.wait(within(self._config.wait, answer, question.default))
        yield Resumed("answered" if answer.done() and not answer.cancelled() else "time is up")
        yield Result(text)
