"""Knows how an inspection goes on without a screen: results, progress, signals, the exit code."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from mcp_auth_tui import findings
from mcp_auth_tui.desktop import pauses
from mcp_auth_tui.desktop.output import Talk, reason
from mcp_auth_tui.desktop.signals import ending, heed
from mcp_auth_tui.inspect.formats import Form, Setting, form
from mcp_auth_tui.inspect.pool import inspect_all
from mcp_auth_tui.inspect.progress import Progress
from mcp_auth_tui.inspect.sink import Sink
from mcp_auth_tui.inspect.target import inspect_url
from mcp_auth_tui.model import Ended, Outcome, Session, Stage, Started
from mcp_auth_tui.net.network import Network, Tls
from mcp_auth_tui.run.budget import Budget
from mcp_auth_tui.settings.inspect_options import InspectOptions
from mcp_auth_tui.text.terminal import harmless

INTERRUPTED = 130


def inspect(options: InspectOptions) -> int:
    """Inspect all that was asked for, write the results, and return the exit code (DESIGN 3)."""
    talk = Talk()
    for line in (*options.notes, *options.network.marks):
        talk(f"mcp-auth-tui: {line}")
    try:
        with Sink(options.output) as sink:
            code = pauses.run(_Inspection(options, sink).run())
    except BrokenPipeError:
        return 1  # whoever read has seen enough, as head does
    except (OSError, ValueError) as error:
        where = options.output or "stdout"
        talk(f"mcp-auth-tui: the results could not be written to {where}: {reason(error)}")
        return 1
    if options.output is not None:
        talk(f"Written to {options.output}, readable by you alone.")
    return code


class _Inspection:
    def __init__(self, options: InspectOptions, sink: Sink) -> None:
        self._options = options
        self._sink = sink
        terminal = on_terminal(sys.stderr)
        # Where results stand on the same terminal, the line of progress makes room for them.
        self._shared = terminal and options.output is None and on_terminal(sys.stdout)
        self._progress = Progress(len(options.urls), terminal=terminal)
        self._form: Form = form(
            options.form,
            Setting(fail_on=options.fail_on, marks=options.network.marks, colour=coloured(options)),
        )
        self._failed = False

    async def run(self) -> int:
        """Inspect, and end in order when interrupted: what was found so far is kept."""
        self._sink.write(self._form.head())
        complete = True
        with interruptible():
            try:
                await self._all()
            except asyncio.CancelledError:
                complete = False
        self._progress.end()
        self._sink.write(self._form.tail(complete=complete))
        return int(self._failed) if complete else INTERRUPTED

    async def _all(self) -> None:
        options, tls = self._options, Tls(self._options.network)

        def make(url: str) -> Network:
            return Network(url, options.network, tls=tls)

        async def one(url: str, network: Network) -> Session:
            return await inspect_url(
                options.config(url),
                network,
                fail_on=options.fail_on,
                seconds=options.seconds,
                budget=Budget(octets=options.octets, timeout=options.network.timeout),
            )

        await inspect_all(self._usable(), one, make, self._done, jobs=options.jobs)

    def _usable(self) -> Iterator[str]:
        """Yield the URLs; a line of a list that is none is a result of its own."""
        for url in self._options.urls:
            try:
                made = self._options.config(url).url
            except ValueError as error:
                self._done(_no_url(url, str(error)))
            else:
                yield made

    def _done(self, session: Session) -> None:
        self._failed = self._failed or session.exit != 0
        piece = self._form.one(session)
        if self._shared:
            self._progress.clear()
        self._sink.write(piece)
        self._progress.add(failed=session.exit != 0)


def _no_url(url: str, why: str) -> Session:
    now = time.time()
    stop = findings.fatal(findings.finding("client-url", Stage.PROBE, seen=url, message=why))
    session = Session().apply(Started(harmless(url), now)).apply(stop)
    return session.apply(Ended(Outcome.FAILED, now, stop, 1))


def on_terminal(stream: Any) -> bool:
    """Return whether a person reads there."""
    return stream is not None and bool(stream.isatty())


def coloured(options: InspectOptions) -> bool:
    """Return whether the results show colours."""
    import os

    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    return options.output is None and on_terminal(sys.stdout) and not plain


@contextmanager
def interruptible() -> Iterator[None]:
    """Let SIGTERM and SIGHUP end the run as SIGINT does: by cancelling the task."""
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    stop: Callable[[], Any] = task.cancel if task is not None else loop.stop
    forget = heed(loop, dict.fromkeys(ending("SIGTERM", "SIGHUP"), stop))
    try:
        yield
    finally:
        forget()
