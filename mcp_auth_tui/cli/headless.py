"""Knows how a run goes on without a screen: signals, stdin and the story; must not import textual.

The exit code is the run's own, or 1 when its result could not be written.
"""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections import deque
from collections.abc import Callable
from contextlib import aclosing, suppress
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from mcp_auth_tui.desktop.output import Talk, deliver, leave, reason, write_stdout
from mcp_auth_tui.desktop.signals import ending, heed
from mcp_auth_tui.desktop.stdin import STDIN, Keyboard, Stdin
from mcp_auth_tui.model import (
    Ended,
    Event,
    Outcome,
    Question,
    Ready,
    Resumed,
    Session,
    Waiting,
)
from mcp_auth_tui.render.plain import Plain
from mcp_auth_tui.settings.arguments.names import REPORTS

if TYPE_CHECKING:
    from mcp_auth_tui.recordings.recorder import Recorder
    from mcp_auth_tui.run.controller import Controller
    from mcp_auth_tui.settings.options import Options

INTERRUPTED = 130


def _destination(options: Options) -> str:
    report = options.export in REPORTS
    return "nowhere: a report was asked for" if report else str(options.output or "stdout")


def _terminal() -> tuple[int, int] | None:
    try:
        size = os.get_terminal_size(2)
    except OSError:
        return None
    return size.columns, size.lines


class Headless:
    """One run told on stderr, with its result on stdout or in a file."""

    def __init__(
        self,
        controller: Controller,
        options: Options,
        *,
        mode: str,
        stdin: Stdin,
        colour: bool = False,
        descriptor: int = STDIN,
        result: Callable[[Session], str] | None = None,
    ) -> None:
        """Take what was asked for; ``mode`` is ``plain``, ``json`` or ``events``.

        ``result`` writes what stdout gets, where that is not what ``options`` say.
        """
        self.session = Session()
        self._controller = controller
        self._options = options
        self._mode = mode
        self._stdin = stdin
        self._write_result = result
        self._talk = Talk()
        self._plain = Plain(
            self._talk,
            colour=colour,
            pastes=stdin is not Stdin.NOTHING,
            marks=options.marks,
            notes=options.notes,
            destination=_destination(options),
            pictures=_terminal(),
        )
        self._keyboard = Keyboard(self._heard, self._stdin_ended, descriptor)
        self._recorder: Recorder | None = None
        if options.record is not None:
            from mcp_auth_tui.recordings.recorder import Recorder

            self._recorder = Recorder(options.record, reveal=options.reveal)
        self._signals = ending("SIGINT", "SIGTERM", "SIGHUP")
        self._interrupted = False
        self._wishes = 0
        self._lines: deque[str] = deque()
        self._listening = False
        self._at_end = False
        self._lost = False
        self._full = False

    async def run(self) -> int:
        """Run to the end, write the result, and return the exit code."""
        forget = self._listen(asyncio.get_running_loop())
        try:
            try:
                async with aclosing(self._controller.run()) as events:
                    async for event in events:
                        self._happened(event)
            except Exception as error:
                self._bug(error)
            self._hold_signals()
            if self._recorder is not None and (told := await self._recorder.settled()):
                self._plain.say(told)
            return self._finish()
        finally:
            self._keyboard.show()
            forget()

    def _listen(self, loop: asyncio.AbstractEventLoop) -> Callable[[], None]:
        return heed(loop, {number: partial(self._interrupt, number) for number in self._signals})

    def _interrupt(self, number: int) -> None:
        if self._insists(number):
            self._keyboard.show()
            leave(INTERRUPTED)
        if not self._interrupted:
            self._interrupted = True
            self._plain.say("Interrupted: ending in order. Once more quits at once.")
            self._controller.cancel()

    def _insists(self, number: int) -> bool:
        """Count a signal; returns whether somebody wants the end at once.

        A terminal that goes away may say so several times, before or after the end of a session
        asks for it, and nobody chose that.
        """
        if number != getattr(signal, "SIGHUP", None):
            self._wishes += 1
        return self._wishes > 1

    def _hold_signals(self) -> None:
        """From here on the first signal lets the result be written whole; one more quits."""

        def held(number: int, frame: object) -> None:
            if self._insists(number):
                leave(INTERRUPTED)

        # Elsewhere than in the main thread nobody can be told.
        with suppress(ValueError):
            for number in self._signals:
                signal.signal(number, held)

    def _happened(self, event: Event) -> None:
        if self._full and isinstance(event, Ended) and not self._interrupted:
            # Nobody interrupted it: the disk is full, or stdout is closed.
            event = replace(event, outcome=Outcome.FAILED, exit=1)
        self.session = self.session.apply(event)
        if self._secret(event):
            # Before the question is shown: who answers at once must not be echoed.
            self._keyboard.hide()
        self._plain.show(event, self.session)
        if self._recorder is not None and (told := self._recorder.write(event, self.session)):
            self._plain.say(told)
        if self._mode == "events" and not self._lost:
            self._write_event(event)
        match event:
            case Waiting(question=Question() as question):
                self._ask(question)
            case Waiting() | Ready():
                self._listen_for_lines()
            case Resumed():
                self._listening = False
                self._keyboard.show()

    def _secret(self, event: Event) -> bool:
        asked = event.question if isinstance(event, Waiting) else None
        return self._stdin is Stdin.TERMINAL and asked is not None and asked.secret

    def _listen_for_lines(self) -> None:
        self._listening = True
        self._keyboard.start()
        self._use_lines()
        self._nobody_left()

    def _write_event(self, event: Event) -> None:
        from mcp_auth_tui.render import document as report

        made = report.event(event, self.session)
        if isinstance(event, Ended):
            made["marks"] = [*self._options.marks, *self.session.marks]
        try:
            write_stdout(f"{report.dumped(made)}\n")
        except BrokenPipeError:
            self._lost = True
            self._plain.say("Nobody reads the events any more: ending in order.")
            self._controller.cancel()
        except OSError as error:
            self._lost = self._full = True
            self._plain.say(f"stdout takes no events ({reason(error)}): ending in order.")
            self._controller.cancel()

    def _ask(self, question: Question) -> None:
        if self._stdin is not Stdin.TERMINAL:
            self._controller.answer(question.default)
            return
        self._listen_for_lines()

    def _heard(self, line: str) -> None:
        self._lines.append(line.strip())
        self._use_lines()

    def _use_lines(self) -> None:
        """Give each line to what waits for one; what comes early is kept for what waits next."""
        while self._lines and self._listening:
            line, session = self._lines.popleft(), self.session
            if session.ready is not None:
                self._stepped(line.lower())
            elif session.waiting is not None and session.waiting.question is not None:
                self._answered(session.waiting.question, line)
            elif line:
                self._controller.paste(line)

    def _stepped(self, word: str) -> None:
        self._listening = False
        if word in ("r", "run"):
            self._controller.go()
        elif word in ("q", "quit"):
            self._controller.cancel()
        else:
            self._controller.step()

    def _answered(self, question: Question, text: str) -> None:
        if text and question.choices and text not in question.choices:
            self._plain.say(f"  Please type one of: {', '.join(question.choices)}")
            return
        self._listening = False
        self._keyboard.show()
        self._controller.answer(text or question.default)

    def _stdin_ended(self) -> None:
        self._at_end = True
        self._nobody_left()

    def _nobody_left(self) -> None:
        """End a wait that nobody can end any more, because stdin is over."""
        session = self.session
        if not self._at_end or not self._listening:
            return
        if session.ready is not None:
            self._plain.say("stdin is over: nobody is there to let the next step go.")
            self._controller.cancel()
        elif session.waiting is not None and session.waiting.question is not None:
            self._answered(session.waiting.question, "")
        elif self._stdin is Stdin.PIPE and not self._awaited:
            self._controller.leave()

    @property
    def _awaited(self) -> bool:
        """Whether somebody may still come back by the browser."""
        browsed = self.session.browsed
        return self._options.wait_given or (browsed is not None and browsed.opened)

    def _bug(self, error: Exception) -> None:
        from mcp_auth_tui.render.bug import described, stop

        for line in described(error, self.session):
            self._plain.say(line)
        finding = stop(error, self.session)
        self._happened(Ended(Outcome.FAILED, time.time(), finding, exit=1))

    def _finish(self) -> int:
        """Write the result where it was wanted."""
        path = self._options.output
        text = self._result() if path or self._mode != "events" else ""
        arrived = deliver(text, path, self._plain.say) and not self._lost
        return self.session.exit if arrived else self.session.exit or 1

    def _result(self) -> str:
        options = self._options
        if self._write_result is not None:
            return self._write_result(self.session)
        if self._mode == "json":
            from mcp_auth_tui.render.document import document, dumped

            made = document(self.session, reveal=options.reveal, marks=options.marks)
            return f"{dumped(made, indent=2)}\n"
        if not (self.session.headers or options.export in REPORTS):
            return ""
        from mcp_auth_tui.exports import rendered  # only now: the first request needs none

        return rendered(options.export, self.session, self._plain.say)
