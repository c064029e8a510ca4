"""Knows the one config file of a user (TOML): where it is and what shape it has; uses none of it.

Only this file may name programs to run: nothing that came with a project or a server may.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import field
from pathlib import Path
from typing import Any

from mcp_auth_tui.records import dataclass
from mcp_auth_tui.storage.private_files import FileProblem, exposed_folder, read_small
from mcp_auth_tui.text import terminal

VARIABLE = "MCP_AUTH_TUI_CONFIG"
_TABLES = ("commands", "keys", "settings")
_SHAPE = '[commands] holds lines such as  name = ["program", "argument"]'


class ConfigProblem(Exception):
    """The config file cannot be used; the message is a sentence with the path and the next step."""


@dataclass(frozen=True, slots=True)
class UserConfig:
    """What the file holds."""

    path: Path
    commands: Mapping[str, list[str]] = field(default_factory=dict)
    """Name to argument list, for secrets that a program prints."""
    keys: Mapping[str, Any] = field(default_factory=dict)
    """The table ``[keys]`` as it stands."""
    settings: Mapping[str, Any] = field(default_factory=dict)
    """The table ``[settings]`` as it stands."""
    notes: tuple[str, ...] = ()
    """Sentences about what was not understood, for the face to say."""


def config_path(environ: Mapping[str, str] = os.environ) -> Path:
    """Return where the file is looked for: ``$MCP_AUTH_TUI_CONFIG``, else the system's place."""
    if chosen := environ.get(VARIABLE):
        return Path(chosen)
    from platformdirs import user_config_path

    return user_config_path("mcp-auth-tui", appauthor=False) / "config.toml"


def read(environ: Mapping[str, str] = os.environ) -> UserConfig:
    """Read the user's config file; a missing one is empty, unless the variable names it.

    Raises `ConfigProblem`, also when somebody else may change the file or its folder: who can
    change it chooses programs that run as this user.
    """
    path = config_path(environ)
    chosen = bool(environ.get(VARIABLE))
    if (not chosen and not path.exists()) or str(path) == os.devnull:
        return UserConfig(path)
    try:
        opened = read_small(path, what="the config file")
    except FileProblem as problem:
        hint = f" ({VARIABLE} names it.)" if chosen else ""
        raise ConfigProblem(f"{problem}{hint}") from None
    if opened.writable_by_others:
        raise ConfigProblem(
            f"{path} can be changed by others (mode {opened.mode:04o}), and it may name "
            f"programs to run: it was not read. Make it yours alone: chmod go-w {path}"
        )
    _check_folder(path)
    return _understood(path, _parsed(path, opened.octets))


def _check_folder(path: Path) -> None:
    """Refuse a folder in which others can replace the file."""
    if exposed := exposed_folder(path):
        folder, mode = exposed
        raise ConfigProblem(
            f"{folder} can be changed by others (mode {mode:04o}), and with it "
            f"{path.name}, which may name programs to run: it was not read. "
            f"Make it yours alone: chmod go-w {folder}"
        )


def _parsed(path: Path, octets: bytes) -> dict[str, Any]:
    import tomllib  # few have a config file, and it takes 4 ms

    try:
        return tomllib.loads(octets.decode("utf-8"))
    except UnicodeDecodeError:
        raise ConfigProblem(f"{path} is not UTF-8 text, as TOML is. Write it anew.") from None
    except RecursionError:
        raise ConfigProblem(f"{path} is nested too deeply. {_SHAPE}.") from None
    except ValueError as error:
        raise ConfigProblem(
            f"{path} is not TOML: {terminal.one_line(str(error))}. Mend it."
        ) from None


def _understood(path: Path, document: dict[str, Any]) -> UserConfig:
    tables: dict[str, dict[str, Any]] = {}
    for name in _TABLES:
        table = document.get(name, {})
        if not isinstance(table, dict):
            raise ConfigProblem(
                f"{path}: {name} is {named(table)}, not a table. Begin it with a line [{name}]."
            )
        tables[name] = table
    unknown = [terminal.one_line(name, 40) for name in document if name not in _TABLES]
    notes = tuple(
        f"{path}: there is no setting {name!r} at the top; known are "
        f"{', '.join(f'[{table}]' for table in _TABLES)}. It was not used."
        for name in unknown
    )
    commands = {name: _command(path, name, argv) for name, argv in tables["commands"].items()}
    return UserConfig(path, commands, tables["keys"], tables["settings"], notes)


def _command(path: Path, name: str, argv: Any) -> list[str]:
    shown = terminal.one_line(name, 40)
    if not isinstance(argv, list) or not all(isinstance(word, str) for word in argv):
        raise ConfigProblem(
            f"{path}: commands.{shown} is {named(argv)}, not a list of strings; no shell reads "
            f"it. {_SHAPE}."
        )
    if not argv or not argv[0].strip() or any("\0" in word for word in argv):
        raise ConfigProblem(f"{path}: commands.{shown} names no program. {_SHAPE}.")
    return argv


def named(value: Any) -> str:
    """Return what kind of TOML value something is, for a sentence."""
    kinds = {str: "a string", bool: "a boolean", list: "a list", dict: "a table"}
    return kinds.get(type(value), "a number or a date")
