"""Knows how a run is driven and how it ends; must not know a rule or a screen.

It hands the generator's actions to `performer`, and tells what happened as frozen events.
"""

from __future__ import annotations

import os
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from mcp_auth_tui import findings
from mcp_auth_tui.model import (
    Ended,
    Event,
    Finding,
    Learned,
    Left,
    Outcome,
    Remark,
    Request,
    Secret,
    Session,
    Stage,
    Started,
    Status,
)
from mcp_auth_tui.protocol.actions import Callback, FlowStop, Protocol
from mcp_auth_tui.protocol.config import Config
from mcp_auth_tui.render import bug
from mcp_auth_tui.run.ahead import Ahead
from mcp_auth_tui.run.budget import Budget
from mcp_auth_tui.run.performer import Performer, Result, Sent
from mcp_auth_tui.run.person import Interrupted, Person
from mcp_auth_tui.run.services import BindListener, Services, Signer

if TYPE_CHECKING:
    from mcp_auth_tui.desktop.browser import Browser, OpenResult
    from mcp_auth_tui.model.oauth import Attempt, Known
    from mcp_auth_tui.net.network import Network
    from mcp_auth_tui.run.stored import RunStore

Flow = Callable[[Config, "Known", Stage], Protocol[Outcome]]
Networks = Callable[[], "Network"]

_INTERRUPTED = 130
_OUTCOMES = {3: Outcome.WAITING, 4: Outcome.REFUSED, _INTERRUPTED: Outcome.INTERRUPTED}
# What a run takes over from an earlier one: the field, and the stage that found it.
_FOUND_BY = (
    ("contact", Stage.PROBE),
    ("revision", Stage.PROBE),
    ("resource", Stage.RESOURCE),
    ("server", Stage.SERVER),
    ("client", Stage.REGISTER),
)
_SIGNED_IN = (("attempt", Stage.AUTHORIZE), ("grant", Stage.AUTHORIZE), ("token", Stage.TOKEN))


class Controller:
    """One run. ``person``: somebody can sign in or answer, be it by a pasted address.

    ``networks`` opens a network; each thing done has one of its own, which is closed after it.
    ``sign`` holds the keys of the run; without it what asks for a signature is told there is none.
    ``clock`` gives seconds since the epoch. `step`, `paste` and the other verbs may be called at
    any time, also while an event is being handled. ``marks`` are sentences: why the result of the
    run is worth less. ``network_words`` are the options that make another command use the same
    network, ``needs`` those that find its token again. ``store`` keeps what is obtained.
    """

    def __init__(
        self,
        config: Config,
        networks: Networks,
        browser: Browser,
        *,
        person: bool,
        stepping: bool = False,
        clock: Callable[[], float] = time.time,
        entropy: Callable[[int], bytes] = os.urandom,
        bind: BindListener | None = None,
        sign: Signer | None = None,
        flow: Flow | None = None,
        marks: tuple[str, ...] = (),
        network_words: tuple[str, ...] = (),
        needs: tuple[str, ...] = (),
        store: RunStore | None = None,
        budget: Callable[[], Budget] = Budget,
    ) -> None:
        """Take the settings of a run; ``budget`` makes what it may take."""
        self.session = Session()
        """The fold of all events so far."""
        self._config = config
        self._networks = networks
        self._running: Network | None = None
        self._marks = marks
        self._network_words = network_words
        self._needs = needs
        self._store = store
        self._clock = clock
        self._flow = flow
        self._budget = budget
        self._person = Person(present=person, stepping=stepping)
        if store is not None:
            store.look = lambda: self.session
        self._sign = sign
        self._services = Services(clock, entropy, bind, sign, store)
        self._performer = Performer(
            config, browser, self._person, lambda: self.session, self._services, Ahead()
        )

    async def run(
        self, known: Session | None = None, start: Stage = Stage.PROBE
    ) -> AsyncGenerator[Event, None]:
        """Run the flow from a stage on and yield what happens; the last event is `Ended`.

        Closing the iterator or cancelling its consumer ends the run at once and cleans up.
        """
        known = known or Session()
        generator = (self._flow or _the_flow())(self._config, known.known, start)
        network = self._running = self._networks()
        self._performer.use(network, self._budget())
        try:
            contact = None if start is Stage.PROBE else known.contact
            url = (contact.url if contact is not None else "") or self._config.url
            started = _started(url, self._clock(), known, start)
            needs = tuple(Secret(word) for word in self._needs)
            started = replace(started, network=self._network_words, needs=needs)
            yield self._apply(replace(started, marks=self._marks))
            if self._store is not None and start not in (Stage.TOKEN, Stage.VERIFY):
                offered = await self._store.offer(self._clock())
                if offered is not None:
                    yield self._apply(Learned("stored_header", offered))
            async with aclosing(self._driven(generator)) as events:
                async for event in events:
                    for told in await self._keep(event):
                        yield told
        finally:
            generator.close()
            if self._store is not None:
                await self._store.settle()
            await self._services.clean("failed")
            self._running = None
            await network.aclose()

    def paste(self, text: str) -> None:
        """Hand over what a person pasted; it races the listener."""
        query = text.partition("?")[2].partition("#")[0] if "?" in text else text
        self._person.paste(Callback(query, "paste", text))

    def answer(self, text: str | None) -> None:
        """Answer the question that waits."""
        self._person.answer(text)

    @property
    def sent(self) -> Sent | None:
        """The request that is on its way now, for a face that tells how long it takes."""
        return self._performer.sent

    @property
    def opens(self) -> bool:
        """Whether a browser is opened when the run comes to the sign-in."""
        return self._performer.opens

    async def browse(self, url: str) -> OpenResult:
        """Hand an address of this run to the browser because the person asks for it."""
        return await self._performer.open(url)

    async def send_again(self, request: Request, of: int) -> AsyncGenerator[Event, None]:
        """Send a request beside the flow, which stays where it is: ``of`` is what it repeats.

        Yields the `Exchanged` event. While the run goes on, its network is used.
        """
        running = self._running
        network = running or self._networks()
        try:
            async with aclosing(self._performer.again(request, of, network)) as events:
                async for event in events:
                    yield self._apply(event)
        finally:
            if running is None:
                await network.aclose()

    async def aside(self, beside: Protocol[Any]) -> AsyncGenerator[Event, None]:
        """Do after a run what a person asks for beside it: a scan, a check of a signature.

        Its exchanges and findings go on in the run's session. What ends it is a finding like
        others: the outcome of the run stays.
        """
        self._person.renew()
        network = self._networks()
        self._performer.use(network)
        try:
            async with aclosing(self._performer.drive(beside)) as steps:
                async for step in steps:
                    if isinstance(step, Result):
                        continue
                    for told in await self._keep(step):
                        yield told
        except Interrupted:
            pass
        except FlowStop as stopped:
            yield self._apply(stopped.finding)
        finally:
            beside.close()
            if self._store is not None:
                await self._store.settle()
            await network.aclose()

    def step(self, request: Request | Attempt | None = None, *, unopened: bool = False) -> None:
        """Let go what is ready, as it is or changed; ``unopened``: without opening a browser."""
        self._performer.release(request, unopened=unopened)

    def go(self) -> None:
        """Stop stepping and run to the end."""
        self._person.go()

    def pause(self) -> None:
        """Stop before the next request or browser."""
        self._person.pause()

    def cancel(self) -> None:
        """End the run in order: the last event is `Ended` with exit code 130."""
        self._person.cancel()

    def leave(self) -> None:
        """Say that nobody is there any more: a wait for a person ends with exit code 3."""
        self._person.leave()

    @property
    def proof_key(self) -> Secret | None:
        """The DPoP key (JWK) of the run, once something was signed with it."""
        key = getattr(self._sign, "proof_key", None)
        return key.jwk if key is not None else None

    async def recall(self) -> Session | None:
        """Return the session with the stored header of `Session.stored_header` in it, or None.

        A run from its last stage on uses it, and signs nobody in.
        """
        if self._store is None:
            return None
        return await self._store.recall(self.session, self._clock())

    async def _keep(self, event: Event) -> list[Event]:
        """Take an event in, and return what is to be told of it.

        What it brought is kept before that: who quits then loses nothing.
        """
        self._apply(event)
        remarks = await self._store.keep(event, self.session) if self._store else ()
        return [event, *(self._apply(Remark(sentence)) for sentence in remarks)]

    def _apply(self, event: Event) -> Event:
        self.session = self.session.apply(event)
        return event

    async def _driven(self, generator: Protocol[Outcome]) -> AsyncGenerator[Event, None]:
        """Drive the generator to its end, and tell how it ended."""
        stop: Finding | None = None
        outcome, code = Outcome.INTERRUPTED, _INTERRUPTED
        try:
            async with aclosing(self._performer.drive(generator)) as steps:
                async for step in steps:
                    if isinstance(step, Result):
                        outcome, code = step.value, 0
                    else:
                        yield step
        except Interrupted:
            pass
        except FlowStop as stopped:
            stop = findings.fatal(stopped.finding)
        except Exception as error:
            stop = bug.stop(error, self.session)
        if stop is not None:
            outcome, code = _OUTCOMES.get(stop.exit, Outcome.FAILED), stop.exit
            yield stop
            yield Left(stop.stage, Status.FAILED, stop.message)
        await self._services.clean("done" if code == 0 else "failed")
        yield Ended(outcome, self._clock(), stop, code)


def _the_flow() -> Flow:
    from mcp_auth_tui.protocol.flow import run

    return run


def _started(url: str, at: float, known: Session, start: Stage) -> Started:
    """Name what is taken over from an earlier run, and the stages that so are not run."""
    order = list(Stage)
    fields = [
        (name, stage, value)
        for name, stage in _FOUND_BY
        if order.index(stage) < order.index(start) and (value := getattr(known, name))
    ]
    held = known.token
    if held is not None and (
        start is Stage.VERIFY or (start is Stage.TOKEN and held.refresh is not None)
    ):
        # What is held stays held while it is used or refreshed.
        fields += [(name, stage, getattr(known, name)) for name, stage in _SIGNED_IN]
    skipped = tuple(dict.fromkeys(stage for _, stage, _ in fields))
    taken = [(name, value) for name, _, value in fields]
    if taken and known.marks:
        taken.append(("carried", (*known.carried, *known.edits)))
    return Started(url, at, tuple(taken), skipped)
