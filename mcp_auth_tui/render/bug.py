"""Knows how a fault of our own is said, without a credential in it; must not mend anything."""

from __future__ import annotations

import os
import traceback
from dataclasses import replace
from pathlib import Path

from mcp_auth_tui import __version__
from mcp_auth_tui.model import Finding, Session, Stage
from mcp_auth_tui.text.terminal import harmless, one_line

DEBUG = "MCP_AUTH_TUI_DEBUG"


def described(error: BaseException, session: Session | None = None) -> list[str]:
    """Return the lines that say that it is our bug, where it is and how to report it.

    The traceback follows only when ``MCP_AUTH_TUI_DEBUG`` is set, with known credentials masked.
    """
    known = session or Session()
    lines = [
        f"This is a bug in mcp-auth-tui {__version__}, not in the server:"
        f" {one_line(known.redactor().text(_brief(error)))}",
        "What was obtained so far is kept. Please report this line in the project's issue tracker"
        f" (with {DEBUG}=1 it comes with a traceback).",
    ]
    if os.environ.get(DEBUG):
        lines += [one_line(line) for line in _traceback(error, known).splitlines()]
    return lines


def stop(error: BaseException, session: Session) -> Finding:
    """Return the finding that ends a run for a fault of our own.

    With ``MCP_AUTH_TUI_DEBUG`` set, what was seen is the whole traceback.
    """
    from mcp_auth_tui import findings

    stage = session.current or Stage.PROBE
    seen = session.redactor().text(_brief(error))
    finding = findings.fatal(findings.finding("client-bug", stage, seen=seen))
    if os.environ.get(DEBUG):
        return replace(finding, seen=harmless(_traceback(error, session)))
    return finding


def _traceback(error: BaseException, session: Session) -> str:
    return session.redactor().text("".join(traceback.format_exception(error))).rstrip()


def _brief(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    where = f" at {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    said = str(error)
    return f"{type(error).__name__}{where}{': ' if said else ''}{said}"
