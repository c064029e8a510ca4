"""Knows what each key of the main screen does, and how the program enters and leaves the screen."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from textual.app import SystemCommand
from textual.screen import Screen
from textual.widgets import Input

from mcp_auth_tui.model import Finding, Session, Stage
from mcp_auth_tui.storage.preferences import NONE, Preferences
from mcp_auth_tui.tui.controls.appearance import Liking
from mcp_auth_tui.tui.controls.inspection import Looking
from mcp_auth_tui.tui.controls.quitting import Leaving
from mcp_auth_tui.tui.main_screen import Frame
from mcp_auth_tui.tui.panels.table import PANELS, panel_of
from mcp_auth_tui.tui.widgets.panel import Panel

if TYPE_CHECKING:
    from mcp_auth_tui.protocol.config import Config
    from mcp_auth_tui.settings.editable import Settings
    from mcp_auth_tui.tui.screens.export import ExportChoice


ANYWHERE = frozenset({"secrets", "theme", "help", "topics", "suspend", "palette"})
"""Actions that do the same on every page."""


class AuthApp(Leaving, Looking, Liking):
    """The terminal UI."""

    def _focus(self, selector: str) -> None:
        """Move the focus at once: `Widget.focus` does it later, and keys may come before that."""
        main = self.screen_stack[0]
        main.set_focus(main.query_one(selector))

    async def action_key(self, name: str) -> None:
        """Do what a key is for; on a page that is its own business, or for the main screen only.

        A page (`ON_PAGE`) says what it does for an action of the main screen's table.
        """
        key = next(key for key in self.keymap.keys if key.name == name)
        if own := getattr(self.screen, "ON_PAGE", {}).get(name):
            await self.run_action(own)
        elif len(self.screen_stack) == 1 or name in ANYWHERE:
            await self.run_action(key.action)
        else:
            self.say(f"{key.first or key.keys} is a key of the main screen: esc goes back to it.")

    def action_panel(self, index: int) -> None:
        """Show a panel by its number; the run is followed as long as it is the running one."""
        current = self.session.current
        self._follows = current is not None and panel_of(current) == index
        self.screen_stack[0].remove_class("-log")
        self._focus(f"#panel-{index}")

    def action_next_panel(self, by: int) -> None:
        """Go to a neighbouring panel."""
        self.action_panel((self.panel + by) % len(PANELS))

    def action_detail(self) -> None:
        """Go into the detail; when the run asks whether to go to the browser, go."""
        if self.state.at_browser and self.panel == panel_of(Stage.AUTHORIZE):
            self.proceed()
        else:
            self._focus("#detail-scroll")

    def action_proceed(self) -> None:
        """Go on to the browser if that is what the run waits for."""
        if self.state.at_browser:
            self.proceed()

    def action_step(self) -> None:
        """Start step by step, or send what is shown."""
        if not self.can("step"):
            return
        current = self.session.current
        if self.session.ready is not None and current and panel_of(current) != self.panel:
            # What is sent is seen first.
            self.action_panel(panel_of(current))
        else:
            self.step()

    def action_run(self) -> None:
        """Start, or run to the end."""
        if not self.can("run"):
            return
        if self.config is None:
            self.ask_url()
        else:
            self._follows = True
            self.go()

    def action_rerun(self) -> None:
        """Run again from the shown panel."""
        if self.can("rerun"):
            self._follows, self._refreshes = True, self.state.refreshes
            self.again()

    def action_paste(self) -> None:
        """Go to the paste field."""
        if self.can("paste"):
            self.to_paste()

    def action_copy(self) -> None:
        """Copy the sign-in address, or the headers."""
        if not self.can("copy"):
            return
        if self.state.typing_code and self.session.device is not None:
            self.copy("The code", self.session.device.user_code)
        elif self.state.signing_in or self.state.at_browser:
            self.action_copy_address()
        else:
            self._export("headers", None)

    def action_copy_address(self) -> None:
        """Copy the sign-in address; before the browser that means to go there by hand."""
        if self.can("copy_address"):
            self.copy("The address", self._address())

    def action_open(self) -> None:
        """Open the browser, also a second time."""
        if not self.can("open"):
            return
        if self.state.at_browser:
            self.proceed()
        else:
            self.run_worker(self._browse(self._address()), group="open")

    async def _browse(self, url: str) -> None:
        if self.is_web:
            from mcp_auth_tui.protocol.urls import safe_url

            # The browser that shows this screen is the person's; one here would be nobody's.
            self.open_url(safe_url(url))
            self.say("Your browser was asked to open it; if nothing opens, click the address.")
            return
        opened = await self._controlled.browse(url)
        self.say(opened.how, "information" if opened.opened else "warning")

    def action_bare(self) -> None:
        """Show the sign-in address alone."""
        if not self.can("bare"):
            return
        from mcp_auth_tui.protocol.urls import safe_url
        from mcp_auth_tui.tui.screens.address import BareScreen

        try:
            url = safe_url(self._address())
        except ValueError as error:
            self.say(f"This address is not shown as one to open: {error}", "error")
            return
        write = self._driver.write if self._driver else None
        self.push_screen(BareScreen(url, write, self.letters))

    def action_export(self) -> None:
        """Open the export menu."""
        if self.can("export"):
            from mcp_auth_tui.tui.screens.export import ExportScreen

            self.push_screen(ExportScreen(self.session), self._wished)

    def _wished(self, wish: ExportChoice | None) -> None:
        if wish is not None:
            self._export(wish.name, wish.path)

    def _export(self, name: str, path: str | None) -> None:
        from mcp_auth_tui import exports

        chosen = exports.EXPORTS[name]
        try:
            made = chosen.render(self.session)
            if caution := exports.caution(self.session):
                self.say(caution, "warning")
            if path is None:
                self.copy(chosen.title, made, self.take_headers)
                return
            self.save_as(path, made, self.take_headers)
        except ValueError as error:
            self.say(f"Not saved: {error}" if path else str(error), "error")

    def action_findings(self) -> None:
        """List every finding."""
        if self.can("findings"):
            from mcp_auth_tui.tui.screens.findings import FindingsScreen

            self.push(FindingsScreen(), self._found, session=Frame.session)

    def _found(self, finding: Finding | None) -> None:
        if finding is None:
            return
        self.action_panel(panel_of(finding.stage))
        if finding.exchange is not None:
            self.open_exchange(finding.exchange, finding)

    def action_log(self) -> None:
        """Go to the log, which a small screen shows in place of the detail; and back."""
        if not self.can("log"):
            return
        main = self.screen_stack[0]
        if main.has_class("-log") and main.query_one("#log").has_focus:
            self.action_panel(self.panel)
        else:
            self._to_log()

    def _to_log(self) -> None:
        main = self.screen_stack[0]
        main.remove_class("-zoom")
        main.add_class("-log")
        self._focus("#log")
        # What a small screen did not show till now takes the focus only once it is styled anew.
        self.call_after_refresh(self._focus_log)

    def _focus_log(self) -> None:
        main = self.screen_stack[0]
        if main.has_class("-log") and isinstance(main.focused, Panel | None):
            self._focus("#log")

    def action_filter(self) -> None:
        """Ask for the text that a line of the log must hold."""
        if not self.can("filter"):
            return
        self._to_log()
        field = self.screen_stack[0].query_one("#log-filter", Input)
        field.display = True
        self.screen_stack[0].set_focus(field)

    def action_reveal(self) -> None:
        """Show secrets until the person looks elsewhere, or hide them."""
        self.reveal = not self.reveal

    def action_zoom(self) -> None:
        """Give the detail the whole screen, or take it back."""
        main = self.screen_stack[0]
        main.toggle_class("-zoom")
        self._focus("#detail-scroll")

    def action_form(self) -> None:
        """Type another URL."""
        self.ask_url()

    def action_guide(self) -> None:
        """Explain the panel and the keys."""
        from mcp_auth_tui.tui.screens.help import GuideScreen

        self.push_screen(GuideScreen(self.state, self.keymap), self._clicked)

    def action_topics(self) -> None:
        """List the topics of the help."""
        from mcp_auth_tui.tui.screens.topics import TopicsScreen

        self.push_screen(TopicsScreen())

    def _clicked(self, action: str | None) -> None:
        if action is not None:
            self._acting(action)()

    def action_retreat(self) -> None:
        """Leave a zoom, a log, a field or the detail; from a panel, cancel the run."""
        main = self.screen_stack[0]
        if main.focused is not None and main.focused.id in ("log", "log-filter"):
            main.query_one("#log-filter", Input).value = ""
        hidden = main.has_class("-zoom") or main.has_class("-log")
        if hidden or not isinstance(main.focused, Panel | None):
            main.remove_class("-zoom", "-log")
            self._focus(f"#panel-{self.panel}")
        elif self.can("retreat"):
            self.cancel()

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """Offer every action by its name, and tell its key."""
        for key in self.keymap.keys:
            if key.action != "command_palette":
                told = f"{key.help} ({key.shown})" if key.shown else key.help
                anywhere = key.name in ANYWHERE
                yield SystemCommand(key.title, told, self._acting(key.action, home=not anywhere))

    def _acting(self, action: str, *, home: bool = False) -> Callable[[], None]:
        async def act() -> None:
            while home and len(self.screen_stack) > 1:
                await self.pop_screen()  # it acts on the main screen, which is to be seen
            await self.run_action(action)

        def later() -> None:
            self.call_later(act)

        return later

    def _fatal_error(self) -> None:
        """Say that it is our bug, without the values that a full traceback would show."""
        from rich.text import Text

        from mcp_auth_tui.render import bug

        error = self._exception or RuntimeError("unknown")
        try:
            told = "\n".join(bug.described(error, self.session))
        except Exception:  # whatever is broken may be needed to describe it
            told = f"This is a bug in mcp-auth-tui ({type(error).__name__})."
        self._exit_renderables.append(Text(told))
        self._close_messages_no_wait()


def loaded() -> None:
    """Let the collector work again; it need not go through modules and styles: some frames each.

    It rests from the start (`cli`) to here, as all that is made till then stays.
    """
    gc.collect()
    gc.freeze()
    gc.enable()


def run_tui(
    config: Config | None,
    settings: Settings,
    *,
    url: str | None = None,
    stepping: bool = False,
    reveal: bool = False,
    inline: bool = False,
    clock: Callable[[], float] = time.time,
    wishes: Preferences = NONE,
) -> tuple[int, Session | None]:
    """Show the screen until the person quits; return the exit code and the last session, if any.

    Without ``config`` the URL form comes first. ``settings`` makes each run, and is changed on the
    screen; ``wishes`` say how the person likes the screen. Textual draws on stderr (POSIX), so
    stdout stays free for the headers. ``inline`` draws below the prompt (POSIX).
    """
    from mcp_auth_tui.tui.terminal.drivers import driver_for

    app = AuthApp(
        config,
        settings,
        url=url,
        stepping=stepping,
        reveal=reveal,
        clock=clock,
        wishes=wishes,
    )
    app.loaded = loaded
    app.driver_class = driver_for(inline=inline) or app.driver_class
    from mcp_auth_tui.desktop.output import Talk

    talk = Talk()
    for line in app.notes:
        talk(f"mcp-auth-tui: {line}")
    code = app.run()
    for line in app.keeper.close():
        talk(f"mcp-auth-tui: {line}")
    session = app.session if app.session.url else None
    return (1 if code is None else code), session
