"""Knows how texts leave the program while the screen is there: copied, saved, exported."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING

from mcp_auth_tui.tui.main_screen import MainScreen
from mcp_auth_tui.tui.run_driver import RunDriver

if TYPE_CHECKING:
    from mcp_auth_tui.model import Secret
    from mcp_auth_tui.tui.screens.export import ExportChoice


class OutputControls:
    """Copies and saves; ``write`` writes to the terminal past the screen."""

    def __init__(self, driver: RunDriver, screen: MainScreen, write: Callable[[str], None]) -> None:
        self._driver = driver
        self._screen = screen
        self._write_terminal = write
        self._own_files: set[Path] = set()
        """The files that this program has written since it started."""
        self._exported: Mapping[str, Secret] = {}
        """The headers that were copied or saved."""

    @property
    def holds_headers(self) -> bool:
        """Whether there are headers that were neither copied nor saved."""
        headers = self._driver.given.headers
        return bool(headers) and self._exported != headers

    def action_export(self) -> None:
        """Open the export menu."""
        if self._screen.can("export"):
            from mcp_auth_tui.tui.screens.export import ExportScreen

            held = self._driver.recording is None
            page = ExportScreen(self._driver.session, self._driver.given, headers=held)
            self._screen.app.push_screen(page, self._export_choice)

    def action_record(self) -> None:
        """Write all that happened to a file, masked."""
        if self._screen.can("record"):
            from mcp_auth_tui.tui.screens.address_file import FileScreen

            page = FileScreen(
                "Write a recording of the run, masked, to this file:", "mcp-run.jsonl"
            )
            self._screen.app.push_screen(page, self._save_recording)

    def _save_recording(self, name: str | None) -> None:
        if name:
            self._screen.run_worker(self._record(name), group="record")

    async def _record(self, name: str) -> None:
        from mcp_auth_tui.recordings.recorder import recording

        events, session = tuple(self._driver.events), self._driver.session
        # Beside: to mask megabytes takes some tenths of a second, in which keys are answered.
        self.save(name, await asyncio.to_thread(recording, events, session))

    def _export_choice(self, choice: ExportChoice | None) -> None:
        if choice is not None:
            self.export(choice.name, choice.path)

    def export(self, name: str, path: str | None) -> None:
        """Write an export of the session to a file, or copy it where there is no path."""
        from mcp_auth_tui import exports

        export = exports.export(name)
        session = self._driver.session if export.always else self._driver.given
        try:
            text = export.render(session)
            if notes := "\n".join(exports.notes(name, session)):
                self._screen.notify(notes, severity="warning")
            if path is None:
                self.copy(export.title, text, self._note_headers)
            else:
                self.save(path, text, self._note_headers)
        except ValueError as error:
            sentence = f"Not saved: {error}" if path else str(error)
            self._screen.notify(sentence, severity="error")

    def _note_headers(self) -> None:
        self._exported = self._driver.given.headers

    def copy(self, what: str, value: str, then: Callable[[], None] = lambda: None) -> None:
        """Copy a text in the background, say what became of it, and go on where it was copied."""
        self._screen.run_worker(self._copy(what, value, then), group="copy")

    async def _copy(self, what: str, value: str, then: Callable[[], None]) -> None:
        from mcp_auth_tui.desktop.clipboard import copy

        result = await copy(value, write_terminal=self._write_terminal)
        # What does not know the sequence, as an older screen in between, has written it instead.
        self._screen.app.refresh()
        self._screen.notify(
            f"{what}: {result.how}", severity="information" if result.ok else "warning"
        )
        if result.ok:
            then()

    def save(self, name: str, text: str, then: Callable[[], None] = lambda: None) -> None:
        """Save a text where the person is and say where; over a file of others only when asked.

        ``then`` is called when it was saved.
        """
        app = self._screen.app
        if app.is_web:
            # This machine's disk is not that of the person at the browser.
            app.deliver_text(StringIO(text), save_filename=Path(name).name)
            app.notify("Handed to your browser as a download.")
            then()
            return
        from mcp_auth_tui.desktop.output import check_target

        try:
            path = Path(name).expanduser().absolute()
            check_target(path)
            exists = path.is_file()
        except (OSError, ValueError, RuntimeError) as error:
            app.notify(f"Not saved: {error}", severity="error")
            return
        if exists and path not in self._own_files:
            self._ask_to_replace(path, name, text, then)
        else:
            self._write(path, name, text, then)

    def _ask_to_replace(self, path: Path, name: str, text: str, then: Callable[[], None]) -> None:
        from mcp_auth_tui.tui.screens.confirm import Confirm

        def replace(yes: bool | None) -> None:
            if yes:
                self._write(path, name, text, then)
            else:
                self._screen.notify(f"Not saved: {name} stays as it was.")

        question = f"{name} is there already, and not from this run. Replace what it holds?"
        self._screen.app.push_screen(Confirm(question, "replace it", "keep it"), replace)

    def _write(self, path: Path, name: str, text: str, then: Callable[[], None]) -> None:
        from mcp_auth_tui.desktop.output import reason, write_file

        try:
            write_file(path, text)
        except (OSError, ValueError) as error:
            self._screen.notify(f"Not saved: {reason(error)}", severity="error")
            return
        self._own_files.add(path)
        self._screen.notify(f"Saved to {name}; only you can read it (0600).")
        then()
