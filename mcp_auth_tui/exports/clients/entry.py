"""Knows how a client's entry for one server is put together; opens no file of any client."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from shutil import which
from typing import Any
from urllib.parse import urlsplit

from mcp_auth_tui.exports.clients import VARIABLE, ClientProgram, filled
from mcp_auth_tui.records import dataclass

_PROGRAM = "mcp-auth-tui"
_FOLDERS = (
    *("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME"),
    *("MCP_AUTH_TUI_CONFIG", "MCP_AUTH_TUI_TOKENS"),
)


@dataclass(frozen=True, slots=True)
class Server:
    """The MCP server that an entry leads to."""

    url: str
    name: str
    """What the client calls it."""
    token: str = ""
    """The access token; empty where the form needs none."""
    variable: str = VARIABLE
    """The environment variable that the client finds the token in."""
    options: tuple[str, ...] = ()
    """Options of ``headers`` that find the token, refresh it, and add other headers to it."""

    @property
    def stand_ins(self) -> Mapping[str, str]:
        """What the table's stand-ins stand for."""
        return {
            "NAME": self.name,
            "URL": self.url,
            "TOKEN": self.token,
            "AUTHORIZATION": f"Bearer {self.token}",
            "VARIABLE": self.variable,
            "HEADERS": helper(self.url, "json", *self.options),
            "ACCESS": helper(self.url, "token", *self.options),
            "FILE": str(headers_file(self.name)),
        }


def entry(client: ClientProgram, form: str, server: Server) -> dict[str, Any]:
    """Return what stands under the server's name in the client's file.

    Raises ValueError with a sentence when this client cannot take that form.
    """
    if form not in client.forms:
        raise ValueError(
            f"{client.title} takes no {form} form, only {' or '.join(client.forms)}. {client.why}"
        )
    value: dict[str, Any] = filled({**client.entry, **client.forms[form]}, server.stand_ins)
    return value


def document(client: ClientProgram, form: str, server: Server) -> Any:
    """Return a whole config file of the client with this entry alone, as a value."""
    value: Any = entry(client, form, server)
    value = [value] if client.listed else {server.name: value}
    for key in reversed(client.inside):
        value = {key: value}
    return value


def name_of(url: str) -> str:
    """Return the name that a server gets when none is given: its host, in letters and dashes."""
    try:
        split = urlsplit(url)
        host, port = split.hostname or "", split.port
    except ValueError:
        host, port = "", None
    host = re.sub(r"^(mcp|api|www)\.", "", host)
    name = re.sub(r"[^A-Za-z0-9]+", "-", f"{host}-{port}" if port else host).strip("-")
    return f"mcp-{name}" if name[:1].isdigit() else name or "server"


def headers_file(name: str) -> Path:
    """Return where the header lines of a server are kept for clients that read them of a file."""
    import platformdirs

    return platformdirs.user_data_path(_PROGRAM, appauthor=False) / "headers" / f"{name}.txt"


def helper(url: str, form: str, *options: str) -> str:
    """Return the command that prints the headers of a server, as the shell of this system splits.

    Claude Code and mcp-hub hand it to that shell; Codex splits it by the same rules. The program's
    path is absolute: a client starts it in another folder, and often with another PATH. What says
    where a sign-in keeps its tokens goes with it: Codex hands on no such variable.
    """
    words = [*program(), "headers", url, "--format", form, *options]
    if sys.platform == "win32":
        return subprocess.list2cmdline(words)
    folders = [f"{name}={os.environ[name]}" for name in _FOLDERS if os.environ.get(name)]
    return shlex.join([*(["/usr/bin/env", *folders] if folders else []), *words])


def program() -> list[str]:
    """Return the words that start this program from anywhere: its script, else its module.

    A link (as pipx makes one) is not followed: where it leads changes with an upgrade.
    """
    started = sys.argv[0] if sys.argv else ""
    if Path(started).stem == _PROGRAM and (script := which(started)):
        return [str(Path(script).absolute())]
    return [sys.executable, "-m", "mcp_auth_tui"]
