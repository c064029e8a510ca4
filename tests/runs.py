"""Runs the program without a screen inside this process, as its command line would.

Knows argv, the two streams and the exit code; for tests that cannot pay for a process each.
"""

from __future__ import annotations

import asyncio
import io
import json
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from mcp_auth_tui.cli.headless import Headless
from mcp_auth_tui.desktop.stdin import Stdin
from mcp_auth_tui.model import Session
from mcp_auth_tui.run.assembly import controller
from mcp_auth_tui.settings.arguments import commands
from mcp_auth_tui.settings.options import from_arguments

SECONDS = 20.0


@dataclass(frozen=True)
class Finished:
    """What a run left behind."""

    code: int
    out: str
    err: str
    session: Session
    seconds: float
    mode: str

    @property
    def document(self) -> dict[str, Any]:
        found = json.loads(self.out, parse_constant=_refuse)
        assert isinstance(found, dict)
        return found

    @property
    def ids(self) -> set[str]:
        """The findings that are no kept rules."""
        return {item.id for item in self.session.findings if item.level != "ok"}


async def finished(
    *words: str,
    person: bool = False,
    environ: Mapping[str, str] | None = None,
    limit: float = SECONDS,
) -> Finished:
    """Run the flow to its end; stdin is not read. Raises TimeoutError after ``limit`` seconds."""
    args = commands.flow().parse_args(words)
    mode = next((name for name in ("json", "events") if getattr(args, name)), "plain")
    options = from_arguments(args, environ or {})
    config, notes = options.config(args.url)
    options = replace(options, notes=(*options.notes, *notes))
    run = controller(options, config, person=person)
    out, err = io.StringIO(), io.StringIO()
    kept = sys.stdout, sys.stderr
    began = time.monotonic()
    sys.stdout, sys.stderr = out, err
    try:
        told = Headless(run, options, mode=mode, stdin=Stdin.NOTHING)
        async with asyncio.timeout(limit):
            code = await told.run()
    finally:
        sys.stdout, sys.stderr = kept
    spent = time.monotonic() - began
    return Finished(code, out.getvalue(), err.getvalue(), told.session, spent, mode)


def _refuse(word: str) -> Any:
    raise AssertionError(f"{word} is no JSON")
