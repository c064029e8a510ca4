"""Knows a sitting at the screen: how it is begun, and what came of it; must not know what is shown.

Textual draws on stderr (POSIX), so stdout stays free for the headers.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from mcp_auth_tui.desktop import collector
from mcp_auth_tui.model import Session
from mcp_auth_tui.records import dataclass
from mcp_auth_tui.storage.preferences import NONE, Preferences
from mcp_auth_tui.tui.app import AuthApp

if TYPE_CHECKING:
    from mcp_auth_tui.protocol.config import Config
    from mcp_auth_tui.recordings.reader import Recording
    from mcp_auth_tui.settings.editable import Settings


@dataclass(frozen=True, slots=True)
class Sitting:
    """What came of a screen: the exit code, and its last run, if there was one."""

    code: int
    session: Session | None
    given: Session | None
    """The run whose headers are given out: the last one that has any."""


def run_tui(
    config: Config | None,
    settings: Settings,
    *,
    url: str | None = None,
    stepping: bool = False,
    reveal: bool = False,
    inline: bool = False,
    keep_alive: bool = False,
    watch: float = 0.0,
    clock: Callable[[], float] = time.time,
    preferences: Preferences = NONE,
    recording: Recording | None = None,
) -> Sitting:
    """Show the screen until the person quits; return what came of it.

    Without ``config`` the URL form comes first. ``settings`` makes each run, and is changed on the
    screen; ``preferences`` say how the person likes the screen. Textual draws on stderr (POSIX), so
    stdout stays free for the headers. ``inline`` draws below the prompt (POSIX). ``keep_alive``
    refreshes the header ahead of its end. With ``watch`` the server is looked at every so many
    seconds in place of a run. A ``recording`` is shown in place of a run; nothing is sent.
    """
    from mcp_auth_tui.desktop import pauses
    from mcp_auth_tui.tui.terminal.drivers import driver_for

    app = AuthApp(
        config,
        settings,
        url=url,
        stepping=stepping,
        reveal=reveal,
        keep_alive=keep_alive,
        watch=watch,
        clock=clock,
        preferences=preferences,
        recording=recording,
    )
    app.loaded = collector.settle  # it rests from the start (`cli`) to here
    app.driver_class = driver_for(inline=inline) or app.driver_class
    from mcp_auth_tui.desktop.output import Talk

    talk = Talk()
    for line in app.notes:
        talk(f"mcp-auth-tui: {line}")
    with asyncio.Runner(loop_factory=pauses.loop) as runner:
        code = app.run(loop=runner.get_loop())
    for line in app.appearance.keeper.close():
        talk(f"mcp-auth-tui: {line}")
    driver = app.driver
    session = driver.session if driver.session.url else None
    return Sitting(1 if code is None else code, session, driver.given if session else None)
