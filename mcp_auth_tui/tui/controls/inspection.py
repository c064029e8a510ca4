"""Knows what the keys do that show more of a run, or check more of it beside; never changes it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mcp_auth_tui.model import Finding, Stage
from mcp_auth_tui.tui.controls.way_through import WayThroughControls
from mcp_auth_tui.tui.main_screen import MainScreen
from mcp_auth_tui.tui.panels.table import panel_of
from mcp_auth_tui.tui.reasons import NO_FIX, RECORDED
from mcp_auth_tui.tui.run_driver import RunDriver

if TYPE_CHECKING:
    from mcp_auth_tui.protocol.quirks.advice import KnownWay

PROBES = """\
This signs in to {url} once more and then sends about 120 requests that it and its authorization \
server should refuse, some with the token that you get. It registers clients of its own, asks you \
to sign in up to 10 times, and ends what it can at the end. Do it only to servers of your own, or \
where you were asked to."""


class InspectionControls:
    """The pages that show a run as a whole, and the checks beside it."""

    def __init__(
        self, driver: RunDriver, screen: MainScreen, way_through: WayThroughControls
    ) -> None:
        self._driver = driver
        self._screen = screen
        self._way_through = way_through

    def action_findings(self) -> None:
        """List every finding."""
        if self._screen.can("findings"):
            from mcp_auth_tui.tui.screens.findings import FindingsScreen

            cls = MainScreen
            page = FindingsScreen(self._screen.state.recorded)
            self._screen.push(page, self._leave_findings, session=cls.session, busy=cls.busy,
                              before=cls.before, changes=cls.changes)  # fmt: skip

    def action_fix(self) -> None:
        """Show what mends the finding that ended the run, else the worst that has a fix."""
        if self._screen.can("fix"):
            from mcp_auth_tui.tui.screens.fix import FixScreen
            from mcp_auth_tui.tui.views.fix import fixable

            session = self._driver.session
            if not (listed := fixable(session)):
                self._screen.notify(NO_FIX)
                return
            first = next((item for item in listed if item == session.stop), listed[0])
            self._screen.app.push_screen(FixScreen(session, first))

    def _leave_findings(self, answer: Finding | KnownWay | None) -> None:
        if isinstance(answer, Finding):
            self._show_finding(answer)
        elif answer is not None:
            self._way_through.take(answer)

    def action_probes(self) -> None:
        """List what probes showed; where there were none, try them after a question."""
        if not self._screen.can("probes"):
            return
        from mcp_auth_tui.tui.screens.probes import ProbesScreen, results

        if results(self._driver.session):
            self._screen.push(ProbesScreen(), self._show_finding, session=MainScreen.session)
            return
        if self._screen.recorded:
            self._screen.notify(RECORDED)
            return
        from mcp_auth_tui.tui.screens.confirm import Confirm

        question = PROBES.format(url=self._driver.session.url)
        self._screen.push(Confirm(question, "probe it", "leave it"), self._probe)

    def _probe(self, agreed: bool | None) -> None:
        if agreed:
            from mcp_auth_tui.protocol.probes.flow import Plan

            self._driver.begin(stepping=False, plan=Plan())

    def _show_finding(self, finding: Finding | None) -> None:
        if finding is None:
            return
        self._screen.action_panel(panel_of(finding.stage))
        if finding.exchange is not None:
            self._screen.open_exchange(finding.exchange, finding)

    def action_sequence(self) -> None:
        """Show the run as a ladder between its parties."""
        if not self._screen.can("sequence"):
            return
        from mcp_auth_tui.tui.widgets.ladder import Ladder

        ladder = self._screen.query_one(Ladder)
        if ladder.display and not ladder.has_focus_within:
            ladder.stand()
        else:
            from mcp_auth_tui.tui.screens.sequence import SequenceScreen

            cls, page = MainScreen, SequenceScreen()
            self._screen.push(page, self._show_panel, session=cls.session, earlier=cls.earlier)

    def _show_panel(self, panel: int | None) -> None:
        if panel is not None:
            self._screen.follows = False
            self._screen.show_panel(panel)

    def action_discovery(self) -> None:
        """Show every place where metadata was looked for."""
        if self._screen.can("discovery"):
            from mcp_auth_tui.tui.screens.discovery import DiscoveryScreen

            page = DiscoveryScreen(self.action_look_elsewhere)
            self._screen.push(page, session=MainScreen.session)

    def action_look_elsewhere(self) -> None:
        """Ask every place where people put metadata and that the run has not asked."""
        if self._screen.can("look_elsewhere") and self._driver.config is not None:
            from mcp_auth_tui.run.assembly import scan

            self._driver.run_aside(scan(self._driver.config, self._driver.session))

    def action_check_signatures(self) -> None:
        """Fetch the issuer's keys and check the signatures of the tokens."""
        config, session = self._driver.config, self._driver.session
        server, token = session.server, session.token
        if self._screen.can("check_signatures") and config and server and token:
            from mcp_auth_tui.run.assembly import check_signatures

            self._screen.show_panel(panel_of(Stage.TOKEN))
            self._driver.run_aside(check_signatures(config, session.revision, server, token))
