"""Pins what a person may set for the screen, and that nothing of it can stop a start."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any
from unicodedata import category

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_auth_tui.cli import main
from mcp_auth_tui.storage.preferences import (
    KNOWN,
    Preferences,
    ScreenSettings,
    gather,
    read_settings,
)
from mcp_auth_tui.storage.recent import SCHEMA, State
from mcp_auth_tui.storage.token_file import KINDS
from mcp_auth_tui.tui.sitting import Sitting

A = "https://a.example/mcp"
HERE = Path("config.toml")


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """A config file and a state file of a test's own."""
    (tmp_path / "config.toml").write_text("")
    kept = {"schema": SCHEMA, "theme": "nord", "recent": [A]}
    (tmp_path / "state.json").write_text(json.dumps(kept))
    for name in ("config.toml", "state.json"):
        (tmp_path / name).chmod(0o600)
    return {
        "MCP_AUTH_TUI_CONFIG": str(tmp_path / "config.toml"),
        "MCP_AUTH_TUI_STATE": str(tmp_path / "state.json"),
    }


def configured(environ: dict[str, str], content: str) -> dict[str, str]:
    Path(environ["MCP_AUTH_TUI_CONFIG"]).write_text(content)
    return environ


def test_every_setting_is_taken() -> None:
    table = {
        "theme": "nord",
        "reduced_motion": True,
        "remember": False,
        "token_store": "file",
    }
    assert set(table) == set(KNOWN)
    assert read_settings(table, HERE) == (ScreenSettings("nord", True, False, "file"), ())
    assert read_settings({}, HERE) == (ScreenSettings(), ())


@pytest.mark.parametrize(
    ("table", "told"),
    [
        (
            {"reduced-motion": True},
            "config.toml: in [settings], there is no setting 'reduced-motion': did you mean "
            "reduced_motion? It was not used.",
        ),
        (
            {"x\x1b[2J": 1},
            "config.toml: in [settings], there is no setting 'x\\x1b[2J': nothing has a name "
            "like it. It was not used.",
        ),
        (
            {"reduced_motion": "yes"},
            "config.toml: settings.reduced_motion is a string, not true or false. It was not used.",
        ),
        (
            {"token_store": "cloud"},
            'config.toml: settings.token_store is "cloud", not one of "auto", "keyring", "file" '
            'and "none". It was not used.',
        ),
        ({"remember": 0}, "config.toml: settings.remember is a number or a date, not true or "
         "false. It was not used."),
        (
            {"store": False},
            "config.toml: in [settings], 'store' is now called 'remember': rename it there. "
            "It was not used.",
        ),
        (
            {"theme": ["nord"]},
            'config.toml: settings.theme is a list, not a name, as "nord". It was not used.',
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_left_out_and_told(table: dict[str, Any], told: str) -> None:
    assert read_settings({"theme": "nord", **table}, HERE)[1] == (told,)


def test_what_was_kept_is_gathered_with_where_it_is_kept(environ: dict[str, str]) -> None:
    assert gather(environ=environ) == Preferences(
        theme="nord",
        config=Path(environ["MCP_AUTH_TUI_CONFIG"]),
        path=Path(environ["MCP_AUTH_TUI_STATE"]),
        kept=State("nord", (A,)),
    )


def test_the_theme_of_the_config_file_comes_before_the_one_that_was_kept(
    environ: dict[str, str],
) -> None:
    preferences = gather(environ=configured(environ, '[settings]\ntheme = "dracula"\n'))
    assert (preferences.theme, preferences.theme_from) == (
        "dracula",
        environ["MCP_AUTH_TUI_CONFIG"],
    )


def test_a_theme_of_the_environment_is_left_to_the_screen_library(environ: dict[str, str]) -> None:
    preferences = gather(environ={**environ, "TEXTUAL_THEME": "gruvbox"})
    assert (preferences.theme, preferences.kept.theme) == ("", "nord")


@pytest.mark.parametrize("how", ["argument", "setting", "null device", "textual-serve"])
def test_who_wants_nothing_kept_is_obeyed_in_reading_too(environ: dict[str, str], how: str) -> None:
    if how == "setting":
        configured(environ, "[settings]\nremember = false\n")
    if how == "null device":
        environ["MCP_AUTH_TUI_STATE"] = os.devnull
    if how == "textual-serve":
        environ["TEXTUAL_DRIVER"] = "textual.drivers.web_driver:WebDriver"
    preferences = gather(remember=how != "argument", environ=environ)
    assert (preferences.theme, preferences.path, preferences.kept) == ("", None, State())


@pytest.mark.parametrize(
    ("config", "variable", "still"),
    [("", "", False), ("", "none", True), ("", "NONE", True), ("", "basic", False),
     ("[settings]\nreduced_motion = true\n", "full", True)],
)  # fmt: skip
def test_motion_is_reduced_by_the_config_file_or_by_the_librarys_own_variable(
    environ: dict[str, str], config: str, variable: str, still: bool
) -> None:
    configured(environ, config)["TEXTUAL_ANIMATIONS"] = variable
    assert gather(environ=environ).still is still


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("config.toml", "[settings", "is not TOML"),
        ("config.toml", "settings = 1", "is a number or a date, not a table"),
        ("state.json", "[settings]", "is not what mcp-auth-tui keeps"),
    ],
)
def test_a_file_that_cannot_be_used_is_told_and_stops_nothing(
    environ: dict[str, str], tmp_path: Path, name: str, content: str, told: str
) -> None:
    (tmp_path / name).write_text(content)
    preferences = gather(environ=environ)
    assert [told in note for note in preferences.notes] == [True]
    assert preferences.config == tmp_path / "config.toml"
    assert (preferences.path is None) is (name == "state.json")


def test_what_was_told_already_is_not_told_again(environ: dict[str, str]) -> None:
    configured(environ, "[setting]\n")
    (note,) = gather(environ=environ).notes
    assert gather(known=(note,), environ=environ).notes == ()


@pytest.mark.parametrize(
    ("words", "remember", "practice"),
    [
        (("https://a.example/mcp",), True, False),
        (("https://a.example/mcp", "--no-remember"), False, False),
        (("demo",), True, True),
        (("demo", "--no-remember"), False, True),
    ],
)
def test_the_command_line_says_what_may_be_kept(
    monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], remember: bool, practice: bool
) -> None:
    seen: list[tuple[bool, bool]] = []

    def gathered(*, remember: bool, practice: str, known: Any) -> Preferences:
        seen.append((remember, practice.startswith("http://127.0.0.1:")))
        return Preferences()

    monkeypatch.setattr("mcp_auth_tui.storage.preferences.gather", gathered)
    monkeypatch.setattr("mcp_auth_tui.cli.flow.headless_mode", lambda *_: "")
    monkeypatch.setattr("mcp_auth_tui.tui.sitting.run_tui", lambda *_, **__: Sitting(0, None, None))
    assert main.main(words) == 0
    assert seen == [(remember, practice)]


_VALUE = st.none() | st.booleans() | st.integers() | st.text(max_size=9) | st.lists(st.booleans())


@given(table=st.dictionaries(st.text(max_size=9) | st.sampled_from(list(KNOWN)), _VALUE))
def test_any_table_gives_settings_and_a_sentence_for_each_entry_that_was_not_used(
    table: dict[str, Any],
) -> None:
    settings, notes = read_settings(table, HERE)
    used = {name for name in table if name in KNOWN and type(table[name]) is KNOWN[name][0]}
    used -= {"token_store"} if table.get("token_store") not in KINDS else set()
    assert all(getattr(settings, name) == table[name] for name in used)
    assert len(notes) == len(table) - len(used)
    assert all(note.startswith("config.toml: ") for note in notes)
    # A blank of another width is no printable character to Python, and harmless to a terminal.
    shown = "".join(notes)
    assert all(char.isprintable() or category(char) == "Zs" for char in shown)
