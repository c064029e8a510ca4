"""Knows which clients are on this machine, and asks one for its own list; changes nothing."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from shutil import which
from typing import Any

from mcp_auth_tui.exports.clients import ClientProgram
from mcp_auth_tui.exports.config import EditProblem, EntryPlace, format_of
from mcp_auth_tui.exports.install import InstallProblem, leads_to, read
from mcp_auth_tui.records import dataclass
from mcp_auth_tui.text import redaction, terminal
from mcp_auth_tui.text.patterns import pattern

SECONDS = 30.0
_ANSI = pattern(r"\x1b\[[0-9;?]*[A-Za-z]")


@dataclass(frozen=True, slots=True)
class Presence:
    """What of a client is on this machine."""

    program: str
    """The path of its program, or nothing."""
    files: tuple[Path, ...]
    """Those of its config files that are there."""

    def __bool__(self) -> bool:
        return bool(self.program or self.files)


@dataclass(frozen=True, slots=True)
class Report:
    """What a client says about a server."""

    state: str
    """``connected``, ``not connected``, ``not set up`` or ``not known``."""
    reason: str
    """Its own words, or why there are none."""


def presence(client: ClientProgram) -> Presence:
    """Return what of a client is on this machine, for this person and in this folder."""
    places = [client.user_file] if client.user_file else []
    places += [Path.cwd() / client.project] if client.project else []
    program = next((path for name in client.programs if (path := which(name))), "")
    files = dict.fromkeys(path for path in places if path.is_file())
    return Presence(program, tuple(files))


def check(client: ClientProgram, there: Presence, url: str, seconds: float = SECONDS) -> Report:
    """Ask a client whether it is connected to a server, for at most so many seconds."""
    names = [name for path in there.files for name in names_of(client, path, url)]
    if not names:
        return Report("not set up", f"no entry leads there: mcp-auth-tui install {client.id} {url}")
    if not client.check or not there.program:
        reason = "it has no command that tells" if there.program else "its program is not here"
        return Report("not known", reason)
    words = [there.program, *client.check[1:]]
    try:
        process = subprocess.run(  # noqa: S603 - a program of the path, its words from the table
            words,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=seconds,
            env={**os.environ, "NO_COLOR": "1", "CI": "1"},
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Report("not known", f"{' '.join(client.check)} took more than {seconds:g} s")
    except OSError as error:
        return Report("not known", f"{there.program} cannot be run: {error.strerror}")
    return _read(client, process.stdout.decode("utf-8", "replace"), names[0])


def _read(client: ClientProgram, output: str, name: str) -> Report:
    lines = _ANSI.sub("", output).splitlines()
    line = next(
        (line for line in lines if re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", line)), ""
    )
    if not line:
        told = f"{' '.join(client.check)} does not name {terminal.one_line(name, 60)}"
        return Report("not known", told)
    # "Disconnected" and "not connected" hold the word, too.
    good = re.search(rf"(?<!not )\b{re.escape(client.connected)}", line)
    shown = terminal.one_line(redaction.redact_prose(line.strip()), 120)
    return Report("connected" if good else "not connected", shown)


def names_of(client: ClientProgram, path: Path, url: str) -> list[str]:
    """Return the names of the entries of a config file that lead to a server."""
    try:
        servers = EntryPlace(client.inside, "", client.listed).servers(
            format_of(client.format).read(read(path)[0] or "")
        )
    except (InstallProblem, EditProblem):
        return []
    pairs: list[tuple[Any, Any]] = (
        [(item.get("name"), item) for item in servers or () if isinstance(item, dict)]
        if client.listed
        else [*(servers or {}).items()]
    )
    return [name for name, entry in pairs if isinstance(name, str) and leads_to(entry, url)]
