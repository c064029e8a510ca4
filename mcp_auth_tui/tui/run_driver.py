"""Knows how the app drives a run: one worker, one session, intents; must not draw anything."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import aclosing
from typing import TYPE_CHECKING

from textual.app import App
from textual.reactive import var

from mcp_auth_tui.model import (
    Ended,
    Entered,
    Event,
    Outcome,
    Ready,
    Request,
    Session,
    Stage,
    Started,
    Waiting,
)
from mcp_auth_tui.tui.actions import LETTERS
from mcp_auth_tui.tui.state import State, start_of

if TYPE_CHECKING:
    from mcp_auth_tui.protocol.config import Config
    from mcp_auth_tui.run.controller import Controller
    from mcp_auth_tui.settings.editable import Settings
    from mcp_auth_tui.settings.options import Options

INTERRUPTED = 130
PATIENCE = 3.0
"""Seconds that a cancelled run has for its cleanup before the program quits anyway."""


class Runs(App[int]):
    """An app that holds one session and drives at most one run at a time."""

    session: var[Session] = var(Session, always_update=True)
    busy: var[bool] = var(False)
    stepping: var[bool] = var(False)
    panel: var[int] = var(0)
    reveal: var[bool] = var(False)
    changed: var[bool] = var(False)
    """The settings are others than those of the session that is shown."""
    marks: var[tuple[str, ...]] = var(())
    """Why the result of the run is worth less (`Options.marks`)."""

    def __init__(self, settings: Settings, clock: Callable[[], float]) -> None:
        super().__init__()
        self.loaded: Callable[[], object] = lambda: None
        """Called twice: when the screen is there, and when a run first came to rest."""
        self._rested = False
        self.config: Config | None = None
        self.settings = settings
        self.clock = clock
        self.controller: Controller | None = None
        self.awake = ""
        """Why the program cannot be put to sleep."""
        self._used: Options | None = None
        self._gated = False
        self._leaving = False

    @property
    def letters(self) -> Mapping[str, str]:
        """How the actions are called in sentences."""
        return LETTERS

    @property
    def state(self) -> State:
        """What decides which keys are of use."""
        return State(
            self.session,
            self.busy,
            self.stepping,
            self.panel,
            self.reveal,
            self.changed,
            self.awake,
            self.is_inline,
            self.letters,
        )

    @property
    def code(self) -> int:
        """The exit code of what happened so far (DESIGN 3); 130 for a run that never ended."""
        return self.session.exit if self.session.outcome is not None else INTERRUPTED

    def settle(self, config: Config | None) -> None:
        """Take what the runs from now on are made with."""
        self.config = config
        self._used = self.settings.options
        self.marks = self.settings.marks
        self.changed = False

    def resettle(self) -> None:
        """Take note that the settings may be others now: they count from the next run on."""
        self.changed = self.settings.options is not self._used

    def begin(
        self, *, stepping: bool, known: Session | None = None, start: Stage = Stage.PROBE
    ) -> None:
        """Start a run, unless one is under way."""
        if self.busy or self.config is None:
            return
        if self.changed:
            self.settle(self.settings.config(self.config.url))
        self.busy, self.stepping, self._gated = True, stepping, False
        self.run_worker(
            self._run(self.config, stepping, known or Session(), start), exclusive=True, group="run"
        )

    def assemble(self, config: Config, stepping: bool) -> Controller:
        """Return a run with the settings as they stand."""
        # Loaded behind the first frame: it brings the network and the findings.
        from mcp_auth_tui.run.assembly import controller

        return controller(self.settings.options, config, person=True, stepping=stepping)

    async def _run(self, config: Config, stepping: bool, known: Session, start: Stage) -> None:
        try:
            self.controller = controller = self.assemble(config, stepping)
            async with aclosing(controller.run(known, start)) as events:
                async for event in events:
                    self.happened(event)
        except Exception as error:
            self._bug(error)
        finally:
            self.busy = False
            if self._leaving:
                self.exit(self.code)

    def _bug(self, error: Exception) -> None:
        """Keep the transcript and say that it is our bug (DESIGN 5)."""
        from mcp_auth_tui.render import bug

        stop = bug.stop(error, self.session)
        self.happened(Ended(Outcome.FAILED, self.clock(), stop, exit=stop.exit))

    def happened(self, event: Event) -> None:
        """Fold one event into the session and act on it."""
        self.session = self.session.apply(event)
        match event:
            case Started():
                self._gated = False
            case Entered(Stage.AUTHORIZE) if not self.stepping and self._asks_first():
                self._gated = True
                self._controlled.pause()
            case Ready():
                self._pass(event)
            case Waiting() | Ended() if not self._rested:
                self._rested = True
                self.loaded()
        self.shown(event)

    def shown(self, event: Event) -> None:
        """Is told every event after it was folded in."""

    @property
    def _controlled(self) -> Controller:
        if self.controller is None:
            raise RuntimeError("there is a controller only while a run goes on")
        return self.controller

    def _pass(self, event: Ready) -> None:
        """Let go what nobody stopped to see: only requests and the browser are worth a step."""
        if isinstance(event.request, Request) and not self.stepping:
            self._controlled.step()

    def _asks_first(self) -> bool:
        """Return whether a person says "yes" before a browser opens (SPEC 6, consent phishing)."""
        from mcp_auth_tui.protocol.urls import same_origin

        server = self.session.server
        if server is None or self.config is None or self.config.follow:
            return False
        if not self._controlled.opens:
            return False  # nothing opens unasked: the address is only shown
        return not same_origin(self.session.url, server.authorization_endpoint)

    def step(self) -> None:
        """Start stepped, send what is shown, or stop before the next request."""
        if not self.busy:
            self.begin(stepping=True)
        elif self.session.ready is not None:
            self._controlled.step()
        elif not self.stepping:
            self.stepping = True
            self._controlled.pause()

    def go(self) -> None:
        """Start a run, or let the one that is stepped or asks first go on by itself."""
        if not self.busy:
            self.begin(stepping=False)
        elif self.controller is not None:
            self.stepping = self._gated = False
            self.controller.go()

    def proceed(self) -> None:
        """Go on to the browser, which was asked for; stepping stays as it is."""
        if self.stepping:
            self._controlled.step()
        else:
            self.go()

    def take(self) -> None:
        """Let the sign-in begin without opening anything: the person takes the address along."""
        self._controlled.step(unopened=True)
        if not self.stepping:
            self.go()

    def again(self) -> None:
        """Run again from the shown panel and keep what came before it."""
        start = start_of(self.state)
        if start is not None:
            self.begin(stepping=False, known=self.session, start=start)

    def cancel(self) -> None:
        """End the run in order; what was obtained stays."""
        if self.busy and self.controller is not None:
            self.controller.cancel()

    def leave(self) -> None:
        """Quit: after the run's own cleanup, or when that takes too long without it."""
        if not self.busy:
            self.exit(self.code)
            return
        self._leaving = True
        self.cancel()
        self.set_timer(PATIENCE, lambda: self.exit(self.code))
