"""Knows the MCP clients that an entry can be written for, as data; opens none of their files.

Two TOML files beside this one hold the rows: ``clients.toml`` what a client's config file takes,
``snippets.toml`` pieces of code. They are read (15 ms) when a row is asked for, never at the start.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from mcp_auth_tui.records import dataclass

FORMS = ("helper", "variable", "inline")
"""How an entry comes to its token: a command that prints it, a reference to the environment (or to
a file with header lines), or the token itself."""
VARIABLE = "MCP_TOKEN"
"""The environment variable that entries refer to; the export ``env`` sets it."""

_STAND_IN = re.compile(r"@([A-Z_]+)@")


@dataclass(frozen=True, slots=True)
class ClientProgram:
    """One client: where its config file is, and what an entry in it looks like."""

    id: str
    """Its name on the command line."""
    title: str
    format: str
    """``json`` (no comments), ``jsonc``, ``toml`` or ``yaml``."""
    user: str
    """Its file for one person, ``~`` for the home folder; empty where it has none."""
    project: str
    """Its file for a project, from the project's folder; empty where it has none."""
    inside: tuple[str, ...]
    """The keys that lead to the object (or list) of its servers."""
    listed: bool
    """Whether servers are a list of objects with a ``name``, not an object by name."""
    entry: Mapping[str, Any]
    """What all forms have, with stand-ins (see `filled`)."""
    forms: Mapping[str, Mapping[str, Any]]
    """What each form adds; those that this client cannot take are missing."""
    default: str
    """The form that is taken when none is named."""
    why: str
    """Why that one, as a sentence."""
    catch: str
    """What people trip over, as a sentence; may hold stand-ins."""
    source: str
    """Its own documentation."""
    seen: str
    """The version in which all forms were seen to connect; empty: from its documentation alone."""
    programs: tuple[str, ...]
    """Commands of it that are looked for on this machine."""
    check: tuple[str, ...]
    """Its own command that lists its servers and connects to them; empty where it has none."""
    connected: str
    """What that command says on the line of a server that it is connected to."""

    @property
    def user_file(self) -> Path | None:
        """Where `user` is on this machine: ``~/.config`` may be elsewhere (XDG)."""
        folder = os.environ.get("XDG_CONFIG_HOME")
        if folder and self.user.startswith("~/.config/"):
            return Path(folder, self.user.removeprefix("~/.config/"))
        return Path(self.user).expanduser() if self.user else None

    @property
    def by_file(self) -> bool:
        """Whether ``variable`` means a file with header lines, not an environment variable."""
        return "@FILE@" in repr(self.forms.get("variable"))


@dataclass(frozen=True, slots=True)
class Snippet:
    """A piece of code, or a small file, that uses the token."""

    id: str
    title: str
    suffix: str
    text: str
    """With stand-ins (see `filled`)."""
    catch: str
    seen: str
    """The version that it was written for and run with."""
    secret: bool
    """Whether the token is in it."""


@cache
def clients() -> Mapping[str, ClientProgram]:
    """Return all clients by their id, in the order of the table."""
    return {id: _client(id, row) for id, row in _rows("clients.toml").items()}


@cache
def snippets() -> Mapping[str, Snippet]:
    """Return all snippets by their id, in the order of the table."""
    return {
        id: Snippet(
            id,
            row["title"],
            row["suffix"],
            row["text"].lstrip("\n"),
            row["catch"],
            row["seen"],
            row.get("secret", False),
        )
        for id, row in _rows("snippets.toml").items()
    }


def filled(value: Any, stand_ins: Mapping[str, str]) -> Any:
    """Return a value with what stands for its stand-ins (``@URL@``) in every text of it.

    Raises KeyError for a stand-in that has no value.
    """
    if isinstance(value, str):
        return _STAND_IN.sub(lambda match: stand_ins[match[1]], value)
    if isinstance(value, Mapping):
        return {key: filled(item, stand_ins) for key, item in value.items()}
    if isinstance(value, list):
        return [filled(item, stand_ins) for item in value]
    return value


def _client(id: str, row: Mapping[str, Any]) -> ClientProgram:
    check = tuple(row.get("check", ()))
    return ClientProgram(
        id=id,
        title=row["title"],
        format=row["format"],
        user=_of_system(row.get("user", "")),
        project=row.get("project", ""),
        inside=tuple(row["inside"]),
        listed=row.get("listed", False),
        entry=row.get("entry", {}),
        forms=row["forms"],
        default=row["default"],
        why=row["why"],
        catch=row["catch"],
        source=row["source"],
        seen=row.get("seen", ""),
        programs=tuple(row.get("programs", check[:1])),
        check=check,
        connected=row.get("connected", ""),
    )


def _of_system(path: str | Mapping[str, str]) -> str:
    return path if isinstance(path, str) else path.get(sys.platform, path["other"])


def _rows(name: str) -> dict[str, Any]:
    import tomllib

    return tomllib.loads(Path(__file__).with_name(name).read_text(encoding="utf-8"))
