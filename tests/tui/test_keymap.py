"""The keys as the config file wants them: what is taken, what is refused, and who is locked out."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual.binding import BindingsMap
from textual.widgets import Static

from mcp_auth_tui.storage.preferences import Preferences
from mcp_auth_tui.tui import keymap
from mcp_auth_tui.tui.actions import KEYS, LETTERS
from mcp_auth_tui.tui.keymap import FIXED, USUAL, Keymap, canonical, keymap_from
from mcp_auth_tui.tui.screens.exchange import ExchangeScreen
from mcp_auth_tui.tui.screens.findings import FindingsScreen
from mcp_auth_tui.tui.screens.help import GuideScreen
from mcp_auth_tui.tui.widgets.bars import KeyBar
from tests.tui import fakes
from tests.tui.conftest import app_of, settled, sign_in

HERE = Path("config.toml")
NAMES = [key.name for key in KEYS]


def keys_of(made: Keymap, name: str) -> list[str]:
    return keymap._keys_of(next(key for key in made.keys if key.name == name))


def said(app: Any) -> list[str]:
    return [note.message for note in app._notifications]


def with_keys(events: Any, toml: str, **more: Any) -> Any:
    return app_of(events, preferences=Preferences(keys=tomllib.loads(toml), config=HERE), **more)


@pytest.mark.parametrize(
    ("written", "key"),
    [
        ("s", "s"), ("S", "S"), ("shift+s", "S"), ("Shift+S", "S"), ("F5", "f5"), ("?", "?"),
        ("question_mark", "?"), ("slash", "/"), ("comma", ","), (",", ","), ("+", "+"),
        ("ctrl+K", "ctrl+k"), ("CTRL + k", "ctrl+k"), ("shift+ctrl+f1", "ctrl+shift+f1"),
        ("alt+x", "alt+x"), ("Escape", "escape"), ("delete", "delete"), ("ä", "ä"),
        ("", ""), (" ", ""), ("ctr+x", ""), ("step", ""), ("a,b", ""), ("ctrl+", ""), ("f25", ""),
        ("shift+1", ""), ("\x1b", ""), ("ctrl+ctrl", ""), ("shift+?", ""),
    ],
)  # fmt: skip
def test_a_key_has_one_spelling(written: str, key: str) -> None:
    assert canonical(written) == key


def test_without_a_table_the_keys_are_as_delivered() -> None:
    assert keymap_from({}, HERE) == (USUAL, ())
    assert USUAL.letters == LETTERS


def test_the_names_of_the_actions_are_words_and_each_stands_for_one() -> None:
    assert len(set(NAMES)) == len(NAMES)
    assert all(re.fullmatch(r"[a-z]+(_[a-z0-9]+)*", name) for name in NAMES)


def test_two_actions_can_swap_their_keys() -> None:
    made, notes = keymap_from({"step": "r", "run": "s"}, HERE)
    assert notes == ()
    assert (keys_of(made, "step"), keys_of(made, "run")) == (["r"], ["s"])


def test_an_action_can_have_several_keys_none_or_its_first() -> None:
    made, notes = keymap_from(
        {"step": ["f5", "ctrl+s", "f5"], "zoom": [], "look_elsewhere": "L"}, HERE
    )
    assert notes == ()
    assert made.of("step").keys == "f5,ctrl+s"
    assert made.of("step").shown == "f5, ^s"
    assert made.of("zoom").keys == ""
    assert made.of("look_elsewhere").keys == "L,shift+l"
    assert ("f5, ^s", made.of("step").help) in made.table()
    assert made.letters["step"] == "f5"
    assert made.letters["zoom"] == "^p Zoom"


def test_who_loses_a_key_to_another_action_is_told() -> None:
    made, notes = keymap_from({"step": "r"}, HERE)
    assert keys_of(made, "run") == []
    assert notes == (
        "config.toml: keys.step takes r from run, which has no key now; the palette has it.",
    )


@pytest.mark.parametrize(
    ("table", "told"),
    [
        (
            {"setp": "x"},
            "in [keys], there is no action 'setp': did you mean step or secrets or settings? "
            "It was not used.",
        ),
        (
            {"\x1b[2J": "x"},
            "in [keys], there is no action '\\x1b[2J': nothing has a name like it. "
            "It was not used.",
        ),
        ({"step": "ctr+x"}, "keys.step: there is no key 'ctr+x': did you mean ctrl+x? "
         "It was not used."),
        ({"step": "pgdown"}, "keys.step: there is no key 'pgdown': did you mean pagedown or down? "
         "It was not used."),
        ({"step": 7}, 'keys.step is neither a key, as "f5", nor a list of keys. It was not used.'),
        ({"step": ["x", 7]},
         'keys.step is neither a key, as "f5", nor a list of keys. It was not used.'),
        ({"step": {"x": 1}}, 'keys.step is neither a key, as "f5", nor a list of keys. '
         "It was not used."),
        ({"step": "ctrl+c"}, "keys.step: ctrl+c cannot be given away: it cancels, and twice quits. "
         "It was not used."),
        ({"step": "j"}, "keys.step: j cannot be given away: it moves. It was not used."),
        ({"step": "ctrl+i"}, "keys.step: ctrl+i cannot be given away: terminals send tab for it. "
         "It was not used."),
        ({"quit": "x", "exchanges": "X", "step": "x"},
         "keys.step: x is already that of keys.quit. It was not used."),
        ({"look_elsewhere": "ctrl+p"}, "keys.look_elsewhere: ctrl+p cannot be given away: it opens "
         "the palette. It was not used."),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_refused_in_a_sentence(table: dict[str, Any], told: str) -> None:
    made, notes = keymap_from(table, HERE)
    assert notes == (f"config.toml: {told}",)
    assert keys_of(made, "step") == ["s"]


def test_going_back_and_the_palette_keep_their_own_keys_beside_others() -> None:
    made, notes = keymap_from({"back": "backspace", "palette": [], "quit": []}, HERE)
    assert notes == ()
    assert keys_of(made, "back") == ["escape", "backspace"]
    assert keys_of(made, "palette") == ["ctrl+p"]
    assert keys_of(made, "quit") == []


def test_the_panels_are_listed_one_by_one_once_one_of_them_has_another_key() -> None:
    usual = [row for row in USUAL.table() if "panel" in row[1]]
    made, notes = keymap_from({"panel_2": "f2"}, HERE)
    rows = [row for row in made.table() if row[1].startswith("show ") and len(row[0]) <= 2]
    assert notes == ()
    assert usual[0] == ("1-5", "show one of the five panels")
    assert rows[:5] == [
        ("1", "show Metadata"), ("f2", "show Registration"), ("3", "show Browser"),
        ("4", "show Token"), ("5", "show Headers"),
    ]  # fmt: skip


async def test_a_key_of_the_config_file_works_and_the_old_one_does_not() -> None:
    app = with_keys(
        fakes.mismatch(), 'findings = ["ctrl+f", "F9"]\nzoom = "ü"\nhelp = ","\nsettings = "f2"'
    )
    async with app.run_test() as pilot:
        await settled(pilot, lambda: not app.driver.busy and app.driver.session.outcome is not None)
        await pilot.press("f", "z")
        await settled(pilot)
        assert len(app.screen_stack) == 1
        assert not app.screen.has_class("-zoom")
        for key in ("ctrl+f", "f9"):
            await pilot.press(key)
            await settled(pilot, lambda: isinstance(app.screen, FindingsScreen))
            await pilot.press("escape")
            await settled(pilot, lambda: len(app.screen_stack) == 1)
        await pilot.press("ü")
        await settled(pilot, lambda: app.screen.has_class("-zoom"))
        await pilot.press("comma")
        await settled(pilot, lambda: isinstance(app.screen, GuideScreen))
        assert said(app) == app.notes == []


async def test_key_bar_help_palette_and_sentences_name_the_keys_of_the_config_file() -> None:
    toml = 'copy = "f2"\nexport = "f3"\nsecrets = []\nrun = "f5"\nhelp = "f1"\nrun_again = "f6"'
    app = with_keys(fakes.signed_in(), toml)
    async with app.run_test(size=(120, 36)) as pilot:
        await sign_in(pilot)
        await settled(pilot)
        bar = str(app.query_one(KeyBar).draw().plain)
        assert bar.startswith(" f2 copy headers  f3 export ")
        assert " f1 help " in bar
        detail = str(app.query_one("#detail-text", Static).content.plain)
        assert "f2 copies it, f3 exports it, ^p Secrets shows the secret" in detail
        await pilot.press("f1")
        await settled(pilot, lambda: isinstance(app.screen, GuideScreen))
        shown = str(app.screen.query_one("#guide-text", Static).content.plain)
        assert re.search(r"^f2 +copy the sign-in address", shown, re.MULTILINE)
        assert not re.search(r"^v ", shown, re.MULTILINE)
        await pilot.press("escape")
        offered = {command.title for command in app.get_system_commands(app.screen)}
        assert "Secrets" in offered


async def test_sentences_about_keys_of_no_use_now_name_the_keys_of_the_config_file() -> None:
    app = with_keys([], 'run = "f5"\nrun_again = "f6"\nstep = "f7"', config=None)
    async with app.run_test() as pilot:
        await settled(pilot, lambda: len(app.screen_stack) == 2)
        await pilot.press("escape")
        await settled(pilot, lambda: len(app.screen_stack) == 1)
        for key, reason in (
            ("f6", "Nothing ran yet: f5 starts."),
            ("E", "Nothing waits to be sent: f7 steps, and then the next request can be edited."),
        ):
            await pilot.press(key)
            await settled(pilot)
            assert said(app) == [reason]


async def test_who_takes_every_key_away_can_still_cancel_quit_and_find_the_palette() -> None:
    toml = "\n".join(f"{name} = []" for name in NAMES)
    app = with_keys([*fakes.metadata(), *fakes.registration(), *fakes.browser()], toml)
    async with app.run_test() as pilot:
        await settled(pilot, lambda: app.main.state.at_browser)
        await pilot.press("ctrl+p")
        await settled(pilot, lambda: len(app.screen_stack) == 2)
        await pilot.press(*"exchanges", "enter")
        await settled(pilot, lambda: app.query_one("#log").has_focus)
        await pilot.press("enter")
        await settled(pilot, lambda: isinstance(app.screen, ExchangeScreen))
        await pilot.press("escape")
        await settled(pilot, lambda: len(app.screen_stack) == 1)
        await pilot.press("ctrl+c")
        await settled(pilot, lambda: not app.driver.busy)
        await pilot.press("ctrl+c")
        await settled(pilot, lambda: app._exit)
    assert app.return_value == 130


async def test_what_is_wrong_with_the_keys_is_told_on_the_screen() -> None:
    app = with_keys(fakes.mismatch(), 'xyz = "[b]"')
    async with app.run_test() as pilot:
        await settled(pilot)
        told = "config.toml: in [keys], there is no action 'xyz': nothing has a name like it. "
        assert said(app) == app.notes == [f"{told}It was not used."]


_KEY = st.sampled_from([*FIXED, *"srqvzR?,1", "f5", "ctrl+k", "shift+r", "comma", "x"]) | st.text(
    max_size=5
)


@given(
    table=st.dictionaries(
        st.sampled_from(NAMES) | st.text(max_size=5),
        _KEY | st.lists(_KEY | st.integers(), max_size=3) | st.booleans(),
        max_size=8,
    )
)
def test_whatever_the_table_says_each_key_has_one_action_and_the_fixed_ones_keep_theirs(
    table: dict[str, Any],
) -> None:
    made, notes = keymap_from(table, HERE)
    assert [key.name for key in made.keys] == NAMES
    bound = [one for key in made.keys for one in keymap._keys_of(key)]
    assert len(set(bound)) == len(bound)
    assert set(bound) & FIXED.keys() == {"escape", "ctrl+p"}
    assert ["escape" in keys_of(made, "back"), "ctrl+p" in keys_of(made, "palette")] == [True, True]
    BindingsMap([(key.keys, key.name, key.title) for key in made.keys if key.keys])
    assert all(note.startswith("config.toml: ") and note.isprintable() for note in notes)
    assert all(value for value in made.letters.values())
    for name in set(NAMES) & table.keys():
        told = any(f"keys.{name}" in note for note in notes)
        wanted = table[name] if isinstance(table[name], list) else [table[name]]
        got = all(isinstance(one, str) and canonical(one) in keys_of(made, name) for one in wanted)
        assert told or got
