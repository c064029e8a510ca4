"""Knows when the header of a run is refreshed ahead of its end, and says what came of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mcp_auth_tui.model import Finding, Level
from mcp_auth_tui.storage.token_file import fresh
from mcp_auth_tui.text.units import duration
from mcp_auth_tui.tui.main_screen import MainScreen
from mcp_auth_tui.tui.run_driver import RunDriver
from mcp_auth_tui.tui.state import KeepAlive

if TYPE_CHECKING:
    from mcp_auth_tui.model import Session
    from mcp_auth_tui.model.oauth import Token

SHORTEST_PAUSE, LONGEST_PAUSE = 5.0, 60.0
"""Seconds between two tries when the first failed: half of what is left of the header's life."""
_REFUSED = ("token-refresh-refused", "token-error")


class KeepAliveControls:
    """Refreshes the header of the run that is over, as long as the person lets it."""

    def __init__(self, driver: RunDriver, screen: MainScreen, *, on: bool = False) -> None:
        self._driver = driver
        self._screen = screen
        self._trying = False
        self._not_before = 0.0
        screen.set_reactive(MainScreen.alive, KeepAlive(on))

    def action_keep_alive(self) -> None:
        """Keep the header alive, or let it end."""
        if not self._screen.can("keep_alive"):
            return
        on = not self._screen.alive.on
        self._screen.alive = KeepAlive(on)
        self._not_before = 0.0
        sentence = "The header is refreshed shortly before it ends; {keep_alive} lets it end."
        told = self._screen.state.with_keys(sentence) if on else "The header ends when it ends."
        self._screen.notify(told)
        self.tick()

    def tick(self) -> None:
        """Refresh if it is time; nothing while a run goes on, which may bring a header itself."""
        driver, token = self._driver, self._driver.session.token
        if not self._screen.alive.on or self._trying or driver.busy or token is None:
            return
        now = driver.clock()
        if now >= self._not_before and due(token, now):
            self._trying = True
            self._screen.run_worker(self._refresh(token), group="keep-alive")

    async def _refresh(self, before: Token) -> None:
        from mcp_auth_tui.run.assembly import refresh

        driver, found = self._driver, len(self._driver.session.findings)
        try:
            if driver.config is not None:
                await driver.aside(refresh(driver.config, driver.session))
        finally:
            self._trying = False
        now, after = driver.session.token, driver.session
        if now is None or driver.busy:
            return  # another run began meanwhile
        if now.access != before.access:
            self._screen.alive = KeepAlive(self._screen.alive.on)
            self._screen.notify(_renewed(before, now))
        else:
            self._failed(_last(after, found), now)

    def _failed(self, finding: Finding | None, token: Token) -> None:
        reason = finding.message if finding is not None else "The server gave the same token."
        refused = finding is not None and finding.id in _REFUSED
        ends, now = token.received + (token.expires_in or 0.0), self._driver.clock()
        left = max(ends - now, 0.0)
        pause = min(max(left / 2, SHORTEST_PAUSE), LONGEST_PAUSE) if left else LONGEST_PAUSE
        self._not_before = now + pause
        then = "it is not tried again" if refused else f"it is tried again in {duration(pause)}"
        good = f"the header that is held is good for {duration(left)}" if left else "it has ended"
        self._screen.alive = KeepAlive(on=not refused, problem=f"{reason} Now {good}; {then}.")
        self._screen.notify(f"Not refreshed: {reason}", severity="error")


def due(token: Token, now: float) -> bool:
    """Return whether a token is to be refreshed now (F4); never one that cannot be.

    ``now`` is in seconds since the epoch.
    """
    if token.refresh is None or token.expires_in is None:
        return False
    entry = {"received": token.received, "expires": token.received + token.expires_in}
    return not fresh(entry, now)


def _last(session: Session, since: int) -> Finding | None:
    """Return the finding that ended what was done beside the run, if one did."""
    told = [item for item in session.findings[since:] if item.level is Level.FATAL]
    return told[-1] if told else None


def _renewed(before: Token, now: Token) -> str:
    rotated = now.refresh is not None and now.refresh != before.refresh
    life = "" if now.expires_in is None else f"; it is good for {duration(now.expires_in)}"
    kept = "rotated" if rotated else "is the same as before"
    return f"The header was refreshed, the refresh token {kept}{life}."
