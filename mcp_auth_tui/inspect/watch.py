"""Knows how a watch is told without a screen: lines, JSON lines, the exit code; compares nothing.

What brought no news takes one line together, where somebody sees it, and none elsewhere.
"""

from __future__ import annotations

import asyncio
import shutil
import sys
from collections.abc import Callable
from contextlib import aclosing
from typing import Protocol

from mcp_auth_tui.desktop import pauses
from mcp_auth_tui.desktop import stdin as keyboard
from mcp_auth_tui.desktop.output import Talk, reason, write_stdout
from mcp_auth_tui.inspect.command import INTERRUPTED, coloured, interruptible, on_terminal
from mcp_auth_tui.inspect.formats import Setting
from mcp_auth_tui.inspect.progress import write_stderr
from mcp_auth_tui.inspect.rounds import Look, Pause, Round, Rounds, looks, watch
from mcp_auth_tui.render import changes as words
from mcp_auth_tui.render.safe import Safe
from mcp_auth_tui.settings.inspect_options import InspectOptions
from mcp_auth_tui.settings.options import Usage
from mcp_auth_tui.text import terminal, units

_CLEAR, _UP = "\r\x1b[K", "\x1b[A"


def run(options: InspectOptions, *, look: Look | None = None) -> int:
    """Look at the URL until the person ends it; return the exit code of the last round.

    Raises `Usage` for what is no MCP URL.
    """
    try:
        config = options.config(options.urls[0])
    except ValueError as error:
        raise Usage(str(error)) from None
    talk = Talk()
    for line in (*options.notes, *options.network.marks):
        talk(f"mcp-auth-tui: {line}")
    seconds = options.watch
    look = look or looks(config, options.network, fail_on=options.fail_on, octets=options.octets)
    try:
        return pauses.run(_Watch(options, config.url, look, seconds).run())
    except BrokenPipeError:
        return 1  # whoever read has seen enough, as head does
    except OSError as error:
        talk(f"mcp-auth-tui: stdout takes nothing more ({reason(error)})")
        return 1


class Form(Protocol):
    """How rounds are written."""

    def round(self, told: Round) -> str:
        """Return what is written of a round that brought news."""

    def end(self, rounds: Rounds, code: int, at: float) -> str:
        """Return what is written at the end."""


class _Watch:
    def __init__(self, options: InspectOptions, url: str, look: Look, seconds: float) -> None:
        self._options = options
        self._url = url
        self._look = look
        self._seconds = seconds
        self._rounds = Rounds()
        self._line = StatusLine(on_terminal(sys.stderr))
        self._form: Form = JsonLines() if options.form == "jsonl" else _lines(options)

    async def run(self) -> int:
        """Tell each round until it is ended; that is no failure."""
        pause = Pause(self._seconds)
        typed = keyboard.look()
        listens = typed is not keyboard.Stdin.NOTHING
        if listens:
            echoes = typed is keyboard.Stdin.TERMINAL
            keyboard.Keyboard(lambda _: self._asked(pause, echoes), lambda: None).start()
        ways = "enter looks at once, Ctrl-C ends" if listens else "Ctrl-C ends"
        self._line.show(f"Watching {self._url} every {units.duration(self._seconds)}: {ways}.")
        last = 0.0
        with interruptible():
            try:
                async with aclosing(watch(self._look, pause, self._rounds)) as rounds:
                    async for told in rounds:
                        last = told.at + told.seconds
                        self._tell(told, ways)
            except asyncio.CancelledError:
                pass
        code = INTERRUPTED if self._rounds.code is None else self._rounds.code
        self._line.clear()
        write_stdout(self._form.end(self._rounds, code, last))
        return code

    def _tell(self, told: Round, ways: str) -> None:
        if told.news:
            self._line.clear()
            write_stdout(self._form.round(told))
        self._line.show(f"{status(told)}; {ways}.")

    def _asked(self, pause: Pause, echoes: bool) -> None:
        if echoes:
            self._line.back()
        pause.end()


def status(told: Round) -> str:
    """Return how it stands after a round, for a line that is written over."""
    when, spent = units.time_of_day(told.at), units.duration(told.seconds)
    if told.away:
        return f"{when} {silence(told)}, asked again each second"
    same = 0 if told.news else told.unchanged + 1
    since = f", nothing new in {units.count(same, 'round')}" if same else ""
    return f"{when} round {told.number}, {spent}{since}"


class StatusLine:
    """One line on stderr that is written over; nothing where nobody sees it."""

    def __init__(self, terminal: bool, write: Callable[[str], None] | None = None) -> None:
        self._terminal = terminal
        self._write = write or write_stderr
        self._shown = False

    def show(self, line: str) -> None:
        """Show a line in the place of the one before it."""
        if self._terminal:
            width = max(shutil.get_terminal_size().columns - 1, 20)
            self._write(f"{_CLEAR}{terminal.one_line(line, width)}")
            self._shown = True

    def clear(self) -> None:
        """Take it away."""
        if self._shown:
            self._write(_CLEAR)
            self._shown = False

    def back(self) -> None:
        """Go back to it after an enter, which the terminal has shown."""
        if self._shown:
            self._write(_UP)


def _lines(options: InspectOptions) -> Lines:
    people = on_terminal(sys.stdout)
    setting = Setting(
        fail_on=options.fail_on, marks=options.network.marks, colour=coloured(options)
    )
    return Lines(setting, details=people)


class Lines:
    """A line for each round with news: time, duration, what is gone, new and the same.

    ``details``: somebody reads along, who is told of each new finding how it is mended.
    """

    def __init__(self, setting: Setting, *, details: bool) -> None:
        from mcp_auth_tui.inspect.formats.text import Text

        self._text = Text(setting)
        self._details = details

    def round(self, told: Round) -> str:
        """Return its line, and what is new in full."""
        safe = Safe(told.session)
        lines = [f"{stamp(told.at)} {units.duration(told.seconds)} {headline(told)}"]
        if self._details:
            for sign, finding in words.marked(told.changes):
                if sign == words.GONE:
                    continue
                lines += self._text.finding(told.session, finding, safe)
        return "".join(f"{line}\n" for line in lines)

    def end(self, rounds: Rounds, code: int, at: float) -> str:
        """Return nothing: the exit code says it."""
        return ""


def headline(told: Round) -> str:
    """Return what a round brought, on one line: the ids with a sign before each."""
    safe, news = Safe(told.session), words.listed(told.changes)
    if told.away:
        stop = told.session.stop
        why = f": {stop.seen or stop.message} [{stop.id}]" if stop is not None else ""
        return safe.line(f"{silence(told)}{why}")
    if told.number == 1 and not told.changes:
        news = "nothing to mend"
    elif told.turned and told.number > 1:
        news = f"answers again after {units.duration(told.gone)}: {news}"
    return safe.line(news)


def silence(told: Round) -> str:
    """Return what a server does that is away: nothing, or nothing but to fail."""
    came = any(item.response for item in told.session.exchanges)
    return "nothing but failures" if came else "no answer"


def stamp(seconds: float) -> str:
    """Return a moment (seconds since the epoch) in ISO 8601, in UTC."""
    from datetime import UTC, datetime

    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class JsonLines:
    """A JSON object for each round with news, and one at the end (`help/json.md`)."""

    def round(self, told: Round) -> str:
        """Return it on one line."""
        from mcp_auth_tui.render.document import SCHEMA, changes, dumped, stop

        session = told.session
        head = {
            "schema": SCHEMA,
            "event": "round",
            "round": told.number,
            "at": told.at,
            "seconds": round(told.seconds, 6),
            "url": session.redactor().url(session.url),
            "answers": not told.away,
            "exit": session.exit,
            "stop": stop(session),
            "unchanged": told.unchanged,
        }
        return f"{dumped({**head, **changes(told.changes, session)})}\n"

    def end(self, rounds: Rounds, code: int, at: float) -> str:
        """Return the exit code and how many rounds there were."""
        from mcp_auth_tui.render.document import SCHEMA, dumped

        members = {"schema": SCHEMA, "event": "ended", "exit": code, "at": at}
        return f"{dumped({**members, 'rounds': rounds.number})}\n"
