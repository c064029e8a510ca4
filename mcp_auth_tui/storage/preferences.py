"""Knows what a person may set for the screen, and gathers it; must not know textual.

Nothing here stops a start: what cannot be used is left out and told in a sentence.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import field
from pathlib import Path
from typing import Any

from mcp_auth_tui.records import dataclass
from mcp_auth_tui.storage import recent, user_config
from mcp_auth_tui.storage.recent import State
from mcp_auth_tui.storage.token_file import KINDS
from mcp_auth_tui.text import terminal

MOTION_VARIABLE = "TEXTUAL_ANIMATIONS"


@dataclass(frozen=True, slots=True)
class ScreenSettings:
    """What the table ``[settings]`` says."""

    theme: str = ""
    reduced_motion: bool = False
    remember: bool = True
    token_store: str = "auto"


KNOWN: Mapping[str, tuple[type, str, str]] = {
    "theme": (
        str,
        'a name, as "nord"',
        "the colours; a choice on the screen then holds for one run",
    ),
    "reduced_motion": (
        bool,
        "true or false",
        "true: nothing slides, no cursor blinks, clocks go on every ten seconds",
    ),
    "remember": (
        bool,
        "true or false",
        "false: neither theme nor servers are kept between runs, or read",
    ),
    "token_store": (
        str,
        'one of "auto", "keyring", "file" and "none"',
        "where tokens and clients are kept",
    ),
}
"""Name to its type, how a value is written, and what it does."""
_RENAMED = {"store": "remember"}


@dataclass(frozen=True, slots=True)
class Preferences:
    """How a person wants the screen, from the config file, the environment and the last runs."""

    theme: str = ""
    """The theme to begin with; empty leaves it to the screen library."""
    theme_from: str = ""
    """Where it is written down, when a choice on the screen cannot change it."""
    still: bool = False
    """Reduced motion."""
    keys: Mapping[str, Any] = field(default_factory=dict)
    """The table ``[keys]`` as it stands."""
    config: Path = Path()
    """Where the config file is looked for."""
    path: Path | None = None
    """Where things are kept; None keeps nothing."""
    kept: State = field(default_factory=State)
    practice: str = ""
    """The URL of the practice server, which lives as long as this run and is not kept."""
    notes: tuple[str, ...] = ()
    """Sentences about what could not be used."""


NONE = Preferences()
"""Those of a person of whom nothing is known; nothing of them is kept."""


def gather(
    *,
    remember: bool = True,
    practice: str = "",
    known: Sequence[str] = (),
    environ: Mapping[str, str] = os.environ,
) -> Preferences:
    """Read the config file and what was kept; sentences that are ``known`` are not noted again.

    Without ``remember`` nothing that was kept is read, and nothing is kept.
    """
    notes: list[str] = []
    try:
        config = user_config.read(environ)
    except user_config.ConfigProblem as problem:
        notes.append(str(problem))
        config = user_config.UserConfig(user_config.config_path(environ))
    chosen, strange = read_settings(config.settings, config.path)
    notes += [*config.notes, *strange]
    path = recent.state_path(environ) if remember and chosen.remember else None
    kept = State()
    if path is not None:
        try:
            kept, left_out = recent.read(path)
            notes += left_out
        except recent.StateProblem as problem:
            notes.append(str(problem))
            path = None
    once = environ.get("TEXTUAL_THEME")  # for this run alone; the screen library reads it itself
    return Preferences(
        theme="" if once else chosen.theme or kept.theme,
        theme_from=str(config.path) if chosen.theme else "",
        still=chosen.reduced_motion or environ.get(MOTION_VARIABLE, "").lower() == "none",
        keys=config.keys,
        config=config.path,
        path=path,
        kept=kept,
        practice=practice,
        notes=tuple(note for note in notes if note not in known),
    )


def read_settings(table: Mapping[str, Any], path: Path) -> tuple[ScreenSettings, tuple[str, ...]]:
    """Return what the table says, and a sentence about each entry that could not be used."""
    from mcp_auth_tui.text.suggest import unknown

    notes: list[str] = []
    values: dict[str, Any] = {}
    for name, value in table.items():
        if name in _RENAMED:
            notes.append(
                f"{path}: in [settings], {name!r} is now called {_RENAMED[name]!r}: rename it "
                "there. It was not used."
            )
        elif name not in KNOWN:
            sentence = unknown("setting", name[:40], KNOWN)
            end = "" if sentence.endswith("?") else "."
            notes.append(f"{path}: in [settings], {sentence}{end} It was not used.")
        elif (wrong := _wrong(name, value)) is not None:
            notes.append(
                f"{path}: settings.{name} is {wrong}, not {KNOWN[name][1]}. It was not used."
            )
        else:
            values[name] = value
    return ScreenSettings(**values), tuple(notes)


def _wrong(name: str, value: Any) -> str | None:
    """Return what a value is that cannot be used; None for one that can."""
    if type(value) is not KNOWN[name][0]:
        return user_config.named(value)
    if name == "token_store" and value not in KINDS:
        return f'"{terminal.one_line(str(value), 40)}"'
    return None


def token_store(
    given: str | None, environ: Mapping[str, str] = os.environ
) -> tuple[str, tuple[str, ...]]:
    """Return where tokens are kept: as given, else as the config file says, and sentences.

    Where that file cannot be read nothing is kept: it may say so.
    """
    if given is not None:
        return given, ()
    try:
        config = user_config.read(environ)
    except user_config.ConfigProblem as problem:
        return "none", (f"{problem} It may choose where tokens are kept, so none is.",)
    table = {name: config.settings[name] for name in ("token_store",) if name in config.settings}
    settings, notes = read_settings(table, config.path)
    return settings.token_store, notes
