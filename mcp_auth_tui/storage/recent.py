"""Knows what is kept between runs, in which file, and what never is; must not know who uses it.

A theme and the URLs of servers, nothing else. The file belongs to the program: what it does not
understand it leaves alone, and whoever can write to it could put addresses before a person's eyes,
so it is believed only where nobody else can.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from mcp_auth_tui.desktop.output import write_file
from mcp_auth_tui.protocol.urls import mcp_url
from mcp_auth_tui.records import dataclass
from mcp_auth_tui.storage.locks import alone
from mcp_auth_tui.storage.private_files import FileProblem, exposed_folder, read_small
from mcp_auth_tui.text import terminal
from mcp_auth_tui.text.patterns import pattern

VARIABLE = "MCP_AUTH_TUI_STATE"
SCHEMA = "mcp-auth-tui-state/1"
MOST = 20
"""URLs that are kept; the oldest goes first."""
LONGEST = 1000
"""Characters of a URL that is kept; `MOST` of them fit into what `read_small` reads."""
LOCK_SECONDS = 2.0
_NAME = pattern(r"[\w-]{1,60}")
# A part of a path that looks made, not named: long, and digits between letters (keys, UUIDs).
_MADE = pattern(r"(?=[^/]*\d)(?=[^/]*[A-Za-z])[^/]{20,}")


class StateProblem(Exception):
    """The file cannot be read or written; the message is a sentence with the path."""


@dataclass(frozen=True, slots=True)
class State:
    """What is kept."""

    theme: str = ""
    recent: tuple[str, ...] = ()
    """URLs as `kept_form` makes them, the newest first."""

    def used(self, url: str) -> State:
        """Return it with a server that was just used, if its URL may be kept."""
        kept = kept_form(url)
        if not kept:
            return self
        return replace(self, recent=(kept, *(one for one in self.recent if one != kept))[:MOST])

    def wearing(self, theme: str) -> State:
        """Return it with another theme."""
        return replace(self, theme=theme)

    def forgotten(self, url: str) -> State:
        """Return it without a server."""
        return replace(self, recent=tuple(one for one in self.recent if one != url))

    def without_servers(self) -> State:
        """Return it without any server."""
        return replace(self, recent=())


def kept_form(url: str) -> str:
    """Return what is kept of an MCP URL: all but its query; empty when nothing may be.

    A query may hold a key, so of one only its question mark is kept, as a sign that it is missing.
    A path may hold one too: a URL with a long made-up part in it is not kept at all, nor is one
    that the program would not take.
    """
    try:
        made = mcp_url(url).url
    except ValueError:
        return ""
    whole, mark = made.partition("?")[0], "?" * ("?" in url.partition("#")[0])
    path = whole.partition("://")[2].partition("/")[2]
    if any(_MADE.fullmatch(part) for part in path.split("/")) or len(whole) >= LONGEST:
        return ""
    return whole + mark


def state_path(environ: Mapping[str, str] = os.environ) -> Path | None:
    """Return where the file is: ``$MCP_AUTH_TUI_STATE``, else the system's place; None for none.

    The null device means that nothing is kept, and so does a screen that a server shows to others
    (textual-serve): one visitor's servers are no business of the next.
    """
    if environ.get("TEXTUAL_DRIVER"):
        return None
    if chosen := environ.get(VARIABLE):
        return None if chosen == os.devnull else Path(chosen)
    from platformdirs import user_state_path

    return user_state_path("mcp-auth-tui", appauthor=False) / "state.json"


def read(path: Path) -> tuple[State, tuple[str, ...]]:
    """Read the file; a missing one is empty. Also returns sentences about what was left out.

    Raises `StateProblem` for a file that is not ours, or not ours alone.
    """
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return State(), ()
    except (OSError, ValueError) as error:
        raise StateProblem(_sentence(path, error)) from None
    try:
        opened = read_small(path, what="what is kept between runs")
        exposed = exposed_folder(path)
    except (FileProblem, OSError) as problem:
        raise StateProblem(str(problem)) from None
    if opened.writable_by_others or exposed:
        place, mode = exposed or (path, opened.mode)
        raise StateProblem(
            f"{place} can be changed by others (mode {mode:04o}), so what is kept in {path.name} "
            f"was not used. Make it yours alone: chmod go-w {place}"
        )
    return _understood(path, _parsed(path, opened.octets)) if opened.octets else (State(), ())


def _parsed(path: Path, octets: bytes) -> dict[str, Any]:
    try:
        document = json.loads(octets.decode("utf-8"))
    except (ValueError, RecursionError):
        document = None
    schema = document.get("schema") if isinstance(document, dict) else None
    if not isinstance(document, dict) or schema != SCHEMA:
        other = isinstance(schema, str) and schema.startswith(SCHEMA[:-1])
        raise StateProblem(
            f"{path} was written by another version of mcp-auth-tui "
            f"({terminal.one_line(schema, 40)}): "
            "it is neither used nor changed."
            if isinstance(schema, str) and other
            else f"{path} is not what mcp-auth-tui keeps between runs (JSON with the schema "
            f"{SCHEMA}): it is neither used nor changed. Delete it to begin anew."
        )
    return document


def _understood(path: Path, document: dict[str, Any]) -> tuple[State, tuple[str, ...]]:
    theme, listed = document.get("theme", ""), document.get("recent", [])
    named = isinstance(theme, str) and (not theme or _NAME.fullmatch(theme) is not None)
    urls = [one for one in listed if isinstance(one, str)] if isinstance(listed, list) else []
    recent = tuple(dict.fromkeys(one for one in urls if one and kept_form(one) == one))[:MOST]
    whole = isinstance(listed, list) and len(recent) == len(listed)
    left_out = [
        *(() if named else ("its theme is no name",)),
        *(() if whole else ("not all of its recent servers are URLs that would be kept",)),
    ]
    told = f"{path}: {' and '.join(left_out)}; that was left out." if left_out else ""
    return State(theme if named else "", recent), ((told,) if told else ())


def change(path: Path, how: Callable[[State], State]) -> State:
    """Read the file, change what it holds and write it whole (0600, new folders 0700); return it.

    Several programs may do so at a time: each waits for the other, at most `LOCK_SECONDS`; after
    that, or where folders cannot be locked, the last one wins, and the file is whole in any case.
    When nothing is left to keep the file goes too. Raises `StateProblem`.
    """
    try:
        for folder in reversed(path.absolute().parents):
            folder.mkdir(mode=0o700, exist_ok=True)  # `parents` would leave them to the umask
        with alone(path.parent, LOCK_SECONDS):
            old = read(path)[0]
            new = how(old)
            if new == State():
                path.unlink(missing_ok=True)
            elif new != old:
                write_file(path, _document(new))
    except (OSError, ValueError) as error:
        raise StateProblem(_sentence(path, error)) from None
    return new


def _document(state: State) -> str:
    made = {"schema": SCHEMA, "theme": state.theme, "recent": list(state.recent)}
    return json.dumps({name: value for name, value in made.items() if value}, indent=1) + "\n"


def _sentence(path: Path, error: OSError | ValueError) -> str:
    reason = error.strerror if isinstance(error, OSError) else str(error)
    return f"What is kept between runs cannot be kept in {path}: {reason}."
