"""Knows what decides which keys are of use, and where a run can start again; must not know keys."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import TYPE_CHECKING

from mcp_auth_tui.model import Level, Request, Session, Stage, Status
from mcp_auth_tui.protocol.quirks import known_way
from mcp_auth_tui.records import dataclass
from mcp_auth_tui.tui.panels.table import PANELS, panel_of

if TYPE_CHECKING:
    from mcp_auth_tui.protocol.quirks.advice import KnownWay


@dataclass(frozen=True, slots=True)
class KeepAlive:
    """Whether the header is refreshed ahead of its end, and how that goes."""

    on: bool = False
    problem: str = ""
    """Why the last refresh brought nothing; empty when it did, or there was none."""


@dataclass(frozen=True, slots=True)
class ScreenState:
    """All that decides which keys are of use now."""

    session: Session
    busy: bool = False
    """A run is under way."""
    stepping: bool = False
    panel: int = 0
    reveal: bool = False
    changed: bool = False
    """The settings are others than those of the session that is shown."""
    awake: str = ""
    """Why the program cannot be put to sleep."""
    inline: bool = False
    """The screen is drawn below the prompt."""
    recorded: bool = False
    """What is shown is a recording: nothing can be sent."""
    kept: Session | None = None
    """An earlier run of this sitting that had good headers."""
    listing: bool = False
    """The focus is in a list, where enter opens what is chosen."""
    letters: Mapping[str, str] = field(default_factory=dict)
    """How the actions are called in sentences (`keymap.Keymap.letters`)."""
    alive: KeepAlive = KeepAlive()

    def with_keys(self, sentence: str) -> str:
        """Return a sentence of ours with the keys of the actions that it names in braces."""
        return sentence.format_map(self.letters)

    @property
    def has_headers(self) -> bool:
        """There are headers to give out, of this run or of one before it."""
        return bool(self.session.headers) or self.kept is not None

    @property
    def signing_in(self) -> bool:
        """The run waits for the browser or a paste."""
        waits = self.session.waiting is not None and self.session.browsed is not None
        return self.busy and waits and self.session.stages[Stage.AUTHORIZE].status is Status.WAITING

    @property
    def awaits_callback(self) -> bool:
        """What comes back is waited for, or was looked at a moment ago and may not be the last."""
        begun = self.session.browsed is not None and self.session.ready is None
        alive = (Status.RUNNING, Status.WAITING)
        return self.busy and begun and self.session.stages[Stage.AUTHORIZE].status in alive

    @property
    def typing_code(self) -> bool:
        """The run waits for a code to be typed elsewhere (RFC 8628)."""
        waits = self.session.waiting is not None and self.session.waiting.question is None
        return self.busy and waits and self.session.device is not None and not self.signing_in

    @property
    def refreshes(self) -> bool:
        """ "Again from here" means the refresh token."""
        return not self.busy and start_of(self) is Stage.TOKEN

    @property
    def ready_panel(self) -> int | None:
        """The panel that shows what is sent next, when the person lets it."""
        ready = self.session.ready
        if ready is None:
            return None
        return panel_of(ready.stage if isinstance(ready, Request) else Stage.AUTHORIZE)

    @property
    def way(self) -> KnownWay | None:
        """What gets through where the run stopped, if an option is known to."""
        stop = self.session.stop
        way = None if stop is None else known_way(self.session, stop)
        return way if way is not None and way.options else None

    @property
    def fixable(self) -> bool:
        """Some finding says that an answer of a server has to change."""
        broken = [item for item in self.session.findings if item.level is not Level.OK]
        if not broken:
            return False
        from mcp_auth_tui.fixes import has_fix  # not before something is wrong

        return any(map(has_fix, broken))

    @property
    def at_browser(self) -> bool:
        """The browser is opened next, when the person says so."""
        ready = self.session.ready
        return self.busy and ready is not None and not isinstance(ready, Request)


def start_of(state: ScreenState) -> Stage | None:
    """Return the stage that "again from here" starts at, or None where it cannot.

    A code is spent once, so from Token on the way leads through the browser again, unless there is
    a refresh token; a token that is held can be used again.
    """
    session, first = state.session, PANELS[state.panel].stages[0]
    token = session.token
    refreshes = token is not None and bool(token.refresh) and session.client is not None
    if (first is Stage.VERIFY and token is not None) or (first is Stage.TOKEN and refreshes):
        return first
    if first in (Stage.PROBE, Stage.RESOURCE, Stage.SERVER):
        return Stage.PROBE  # metadata is read as a whole
    if first is Stage.REGISTER:
        return first if session.server is not None else None
    return Stage.AUTHORIZE if session.client is not None else None
