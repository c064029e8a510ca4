"""Knows how a run is driven: one session, one controller, one worker; must not know a widget."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import aclosing
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol

from mcp_auth_tui import model

if TYPE_CHECKING:
    from mcp_auth_tui.desktop.browser import OpenResult
    from mcp_auth_tui.model import Exchange
    from mcp_auth_tui.model.changes import Changes
    from mcp_auth_tui.model.oauth import Attempt
    from mcp_auth_tui.protocol import actions
    from mcp_auth_tui.protocol.config import Config
    from mcp_auth_tui.protocol.probes.flow import Plan
    from mcp_auth_tui.recordings.reader import Recording
    from mcp_auth_tui.recordings.recorder import Recorder
    from mcp_auth_tui.run.before import Before
    from mcp_auth_tui.run.controller import Controller
    from mcp_auth_tui.run.performer import Sent
    from mcp_auth_tui.settings.editable import Settings
    from mcp_auth_tui.settings.options import Options

INTERRUPTED = 130


class RunView(Protocol):
    """All that a driver needs of the screen that shows its run."""

    def update_run(self) -> None:
        """Show the driver's session, its settings, and whether it is busy: one of them changed."""

    def follow(self, event: model.Event) -> None:
        """Turn to an event, which the session holds already."""

    def tell(self, sentence: str) -> None:
        """Show a sentence that says nothing about the run itself."""

    def run_worker(self, work: Coroutine[Any, Any, None], *, group: str, exclusive: bool) -> object:
        """Run something in the background until it ends or the program does."""


class RunDriver:
    """Holds one session and drives at most one run at a time.

    ``clock`` gives seconds since the epoch. Whatever changes is told to ``view``, which is set
    before the first run begins.
    """

    view: RunView

    def __init__(
        self, settings: Settings, config: Config | None, clock: Callable[[], float]
    ) -> None:
        self.settings = settings
        self.config = config
        """What the runs are made with; None before a URL is known."""
        self.clock = clock
        self.session = model.Session()
        self.kept: model.Session | None = None
        """The last run of this sitting whose headers were accepted; no later run takes it away."""
        self.earlier: model.Session | None = None
        """The run whose first stages the present one took over."""
        self.before: Before | None = None
        """What the present run is compared with."""
        self.changes: Changes | None = None
        """What differs from the run before, once the run has ended."""
        self.watched: int | None = None
        """The exit code of the last look of a watch; None where there was none."""
        self.busy = False
        self.stepping = False
        self.marks = settings.marks
        """Why the result of the run is worth less (`Options.marks`)."""
        self.start = model.Stage.PROBE
        """The stage that the run began at."""
        self._passed = False
        """What is ready was let go a moment ago."""
        self._ahead = False
        """The person stepped once more while a request was on its way: the next goes out, too."""
        self.events: list[model.Event] = []
        """What the session is the fold of."""
        self.recording: Recording | None = None
        """What is shown in the place of a run; nothing is sent then."""
        self._notes: set[str] = set()
        """What was told of this machine and its browsers."""
        self._kind = ("", False)
        """The URL of the present run, and whether it probes."""
        self.slept = 0.0
        """Seconds asleep since the wait began: they do not count for it."""
        self._controller: Controller | None = None
        self._recorder: Recorder | None = None
        self._recalled: model.Session | None = None
        """What the next run begins with: a stored header, once the present run has ended."""
        self._aside = asyncio.Lock()
        self._interrupted = False
        self._used: Options = settings.options

    @property
    def changed(self) -> bool:
        """Whether the settings are others than those of the session that is shown."""
        return self.settings.options is not self._used

    @property
    def code(self) -> int:
        """The exit code of what happened so far (DESIGN 3); 130 for a run that never ended.

        A run that was only begun, or cancelled, takes nothing from headers that were good before.
        """
        if self.session.outcome not in (None, model.Outcome.INTERRUPTED):
            return self.session.exit
        if not self.session.url and self.watched is not None:
            return self.watched
        return INTERRUPTED if self.kept is None else self.kept.exit

    @property
    def given(self) -> model.Session:
        """The run whose headers are given out: the present one if it has any, else the kept one."""
        return self.session if self.session.headers or self.kept is None else self.kept

    @property
    def controller(self) -> Controller:
        """The controller of the run, also after its end; raises RuntimeError before the first."""
        if self._controller is None:
            raise RuntimeError("there is a controller only once a run has begun")
        return self._controller

    @property
    def sent(self) -> Sent | None:
        """The request that is on its way now."""
        return self._controller.sent if self._controller is not None else None

    def configure(self, config: Config) -> None:
        """Make the runs from now on with these settings."""
        self.config = config
        self._used = self.settings.options
        self.marks = self.settings.marks
        self.view.update_run()

    def replay(self, recording: Recording) -> None:
        """Show a run that was recorded, as far as it goes."""
        self.recording, self.events = recording, list(recording.events)
        self.session = recording.session
        self.view.update_run()
        for event in [e for e in self.events if isinstance(e, model.Entered)][-1:]:
            self.view.follow(event)
        if isinstance(self.events[-1], model.Ended):
            self.view.follow(self.events[-1])

    def begin(
        self,
        *,
        stepping: bool,
        known: model.Session | None = None,
        start: model.Stage = model.Stage.PROBE,
        plan: Plan | None = None,
    ) -> None:
        """Start a run, unless one is under way; with a ``plan`` one that probes."""
        if self.busy or self.config is None or self.recording is not None:
            return
        if self.changed:
            self.configure(self.settings.config(self.config.url))
        self.before, self.changes = self._compared(self.config.url, plan is not None), None
        self.busy, self.stepping, self.start = True, stepping, start
        self.earlier = known if start is not model.Stage.PROBE else None
        self._interrupted = self._passed = self._ahead = False
        self._recorder = self._new_recorder()
        self.view.update_run()
        work = self._run(self.config, stepping, known or model.Session(), start, plan)
        self.view.run_worker(work, exclusive=True, group="run")

    def assemble_probes(self, config: Config, plan: Plan) -> Controller:
        """Return a run that probes with the settings as they stand."""
        from mcp_auth_tui.run.assembly import prober

        return prober(self.settings.options, config, plan, person=True)

    def assemble(self, config: Config, stepping: bool) -> Controller:
        """Return a run with the settings as they stand."""
        # Loaded behind the first frame: it brings the network and the findings.
        from mcp_auth_tui.run.assembly import controller

        goes_on = self.start in (model.Stage.TOKEN, model.Stage.VERIFY)
        before = self._controller if goes_on else None
        return controller(
            self.settings.options,
            config,
            person=True,
            stepping=stepping,
            proof_key=before.proof_key if before is not None else None,
        )

    def _new_recorder(self) -> Recorder | None:
        options = self.settings.options
        if options.record is None:
            return None
        from mcp_auth_tui.recordings.recorder import Recorder

        return Recorder(options.record, reveal=options.reveal)

    async def _run(
        self,
        config: Config,
        stepping: bool,
        known: model.Session,
        start: model.Stage,
        plan: Plan | None,
    ) -> None:
        try:
            if plan is None:
                self._controller = controller = self.assemble(config, stepping)
            else:
                self._controller = controller = self.assemble_probes(config, plan)
            await self._apply_all(controller.run(known, start))
        except Exception as error:
            self._stop_for_bug(error)
        finally:
            self.busy = False
            self.view.update_run()
            self._go_on()
        if self._recorder is not None and (told := await self._recorder.settled()):
            self.view.tell(told)

    async def _apply_all(self, events: AsyncGenerator[model.Event, None]) -> None:
        """Apply the events of the present run; those of an earlier one only go on."""
        controller = self._controller
        async with aclosing(events) as stream:
            async for event in stream:
                if self._controller is controller:
                    self.apply(event)

    async def recall(self) -> bool:
        """End the run, and use the stored header that it knows of; False when that has ended."""
        recalled = await self.controller.recall()
        if recalled is None:
            return False
        self._recalled = recalled
        if self.busy:
            self.cancel()
        else:
            self._go_on()
        return True

    def _go_on(self) -> None:
        recalled, self._recalled = self._recalled, None
        if recalled is not None:
            self.begin(stepping=False, known=recalled, start=model.Stage.VERIFY)

    def _stop_for_bug(self, error: Exception) -> None:
        """Keep the transcript and say that it is our bug (DESIGN 5)."""
        from mcp_auth_tui.render import bug

        stop = bug.stop(error, self.session)
        self.apply(model.Ended(model.Outcome.FAILED, self.clock(), stop, exit=stop.exit))

    def apply(self, event: model.Event) -> None:
        """Fold one event into the session and act on it."""
        if isinstance(event, model.Browsed):
            event = self._noted_once(event)
        self.session = self.session.apply(event)
        if isinstance(event, model.Started):
            self.events = []
        self.events.append(event)
        if self._recorder is not None and (told := self._recorder.write(event, self.session)):
            self.view.tell(told)
        if self.session.outcome is model.Outcome.OK and self.session.headers:
            self.kept = self.session
        if isinstance(event, model.Ended):
            self._compare()
        self.view.update_run()
        match event:
            case model.Entered(model.Stage.AUTHORIZE) if not self.stepping and self._asks_first():
                self.controller.pause()
            case model.Ready():
                self._pass_on(event)
            case model.Waiting():
                self.slept, self._ahead = 0.0, False
        self.view.follow(event)

    def _compared(self, url: str, probes: bool) -> Before | None:
        """Return what a run that begins now is compared with: the last of its kind that ended."""
        before, session = self.before, self.session
        if session.outcome not in (None, model.Outcome.INTERRUPTED):
            from mcp_auth_tui.run.before import before_of

            before = before_of(session, self._kind, before)
        self._kind = (url, probes)
        return before if before is not None and before.kind == self._kind else None

    def _compare(self) -> None:
        if self.before is not None and self.session.outcome is not model.Outcome.INTERRUPTED:
            from mcp_auth_tui.model.changes import compare, snapshot

            found = compare(self.before.snapshot, snapshot(self.session))
            # That a refresh changed nothing is no news.
            self.changes = found if found or self.earlier is None else None

    def _noted_once(self, event: model.Browsed) -> model.Browsed:
        """Leave out why no browser reaches this machine where this sitting was told before."""
        if event.forward or event.note not in self._notes:
            self._notes.add(event.note)
            return event
        return replace(event, note="")

    def _pass_on(self, event: model.Ready) -> None:
        """Let go a request that nobody stopped to see, or was stepped to ahead; never a browser."""
        ahead, self._ahead, self._passed = self._ahead, False, False
        if isinstance(event.request, model.Request) and (ahead or not self.stepping):
            self._let_go()

    def _let_go(self) -> None:
        self._passed = True
        self.controller.step()

    def _asks_first(self) -> bool:
        """Return whether a person says "yes" before a browser opens (SPEC 6, consent phishing)."""
        from mcp_auth_tui.protocol.urls import same_origin

        server = self.session.server
        if server is None or self.config is None or self.config.follow:
            return False
        if not self.controller.opens:
            return False  # nothing opens unasked: the address is only shown
        return not same_origin(self.session.url, server.authorization_endpoint)

    def step(self) -> None:
        """Start stepped, send what is shown, or stop before the next request.

        Between two requests it counts for the next one: a key that is pressed is never lost.
        """
        if not self.busy:
            self.begin(stepping=True)
        elif self.session.ready is not None and not self._passed:
            self._let_go()
        elif self.stepping:
            self._ahead = True
        else:
            self.stepping = True
            self.view.update_run()
            self.controller.pause()

    def go(self) -> None:
        """Start a run, or let the one that is stepped or asks first go on by itself."""
        if not self.busy:
            self.begin(stepping=False)
        elif self._controller is not None:
            self.stepping = False
            self.view.update_run()
            self._controller.go()

    def proceed(self) -> None:
        """Go on to the browser, which was asked for; stepping stays as it is."""
        if self.stepping:
            self.controller.step()
        else:
            self.go()

    def release(self, request: model.Request | Attempt | None = None) -> None:
        """Let go what is ready, changed; or the sign-in unopened: the person goes to its address.

        A run that is not stepped goes on.
        """
        self.controller.step(request, unopened=request is None)
        if not self.stepping:
            self.go()

    def cancel(self) -> None:
        """End the run in order; what was obtained stays."""
        if self.busy and self._controller is not None:
            self._controller.cancel()

    def interrupt(self) -> bool:
        """Cancel the run as `cancel` does; return False where this was asked for before."""
        before, self._interrupted = self._interrupted, True
        if not before:
            self.cancel()
        return not before

    def paste(self, text: str) -> None:
        """Hand over what a person pasted."""
        if self._controller is not None:
            self._controller.paste(text)

    async def browse(self, url: str) -> OpenResult:
        """Hand an address of the run to the browser because the person asks for it."""
        return await self.controller.browse(url)

    async def send_again(self, request: model.Request, of: int) -> Exchange | None:
        """Send a request beside the run, which stays where it is: ``of`` is what it repeats."""
        sent = None
        async with aclosing(self.controller.send_again(request, of)) as events:
            async for event in events:
                self.apply(event)
                if isinstance(event, model.Exchanged):
                    sent = event.exchange
        return sent

    def run_aside(self, work: actions.Protocol[object]) -> None:
        """Do something beside the run, in the background."""
        self.view.run_worker(self.aside(work), group="beside", exclusive=True)

    async def aside(self, work: actions.Protocol[object]) -> None:
        """Do something beside the run, after whatever is done beside it now."""
        async with self._aside:
            await self._apply_all(self.controller.aside(work))
