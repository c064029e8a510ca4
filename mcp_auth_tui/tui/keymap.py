"""Knows which key each action has: as delivered, or as the user's config file has it; no widgets.

Whatever the file says, the keys in `FIXED` stay what they are: nobody locks himself out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from textual.keys import format_key

from mcp_auth_tui.records import dataclass
from mcp_auth_tui.tui.actions import KEYS, MOVES, PANEL_KEYS, Key, letters, rank
from mcp_auth_tui.tui.state import ScreenState

FIXED: Mapping[str, str] = {
    "ctrl+c": "it cancels, and twice quits",
    "ctrl+q": "it quits at once",
    "ctrl+p": "it opens the palette",
    "escape": "it goes back",
    "enter": "it opens what is chosen",
    "tab": "it goes to the next part",
    "shift+tab": "it goes to the part before",
    **dict.fromkeys(("up", "down", "left", "right", "j", "k"), "it moves"),
    **dict.fromkeys(("home", "end", "pageup", "pagedown"), "it scrolls"),
    "F": "it follows the newest request",
    "ctrl+i": "terminals send tab for it",
    "ctrl+m": "terminals send enter for it",
    "ctrl+j": "terminals send enter for it",
    "ctrl+h": "terminals send backspace for it",
}
"""Keys that no action can be given, and why."""
_ALWAYS = {"back": "escape", "palette": "ctrl+p"}
_MODIFIERS = ("alt", "ctrl", "shift")
_NAMED = frozenset(
    {"space", "backspace", "insert", "delete", *(f"f{number}" for number in range(1, 25))}
    | {"escape", "enter", "tab", "up", "down", "left", "right"}
    | {"home", "end", "pageup", "pagedown"}
)


@dataclass(frozen=True, slots=True)
class Keymap:
    """Every action with the keys that it has now."""

    keys: tuple[Key, ...] = KEYS

    def of(self, name: str) -> Key:
        """Return the key of an action."""
        return next(key for key in self.keys if key.name == name)

    def table(self) -> list[tuple[str, str]]:
        """Return every key with its help, in order, for the help screen and the README."""
        return [*((key.shown, key.help) for key in self.keys if key.keys and key.shown), *MOVES]

    def bar(self, state: ScreenState) -> list[tuple[Key, str]]:
        """Return the keys that are of use now with their words, the most useful first."""
        useful = [
            (key, key.label(state)) for key in self.keys if key.label and not key.why_off(state)
        ]
        bar = [(key, label) for key, label in useful if label and key.shown]
        return sorted(bar, key=lambda item: rank(item[0], state))

    @property
    def letters(self) -> Mapping[str, str]:
        """How each action is called in a sentence: its first key, or its name in the palette."""
        return letters(self.keys)


USUAL = Keymap()


def canonical(spelling: str) -> str:
    """Return one spelling for each key (``R`` for ``shift+r``); empty for what is no key."""
    text = spelling.strip()
    if len(text) == 1:
        return text if text.isprintable() and not text.isspace() else ""
    *modifiers, base = (part.strip() for part in text.split("+"))
    modifiers = sorted({modifier.lower() for modifier in modifiers})
    if not modifiers:
        if base.lower() in _NAMED:
            return base.lower()
        sign = format_key(base)
        return sign if len(sign) == 1 and sign.isascii() and sign.isprintable() else ""
    if not all(modifier in _MODIFIERS for modifier in modifiers):
        return ""
    if modifiers == ["shift"] and len(base) == 1:
        return base.upper() if base.isalpha() and base.isascii() else ""
    base = base.lower()
    if base in _NAMED or (len(base) == 1 and base.isalnum() and base.isascii()):
        return "+".join((*modifiers, base))
    return ""


def keymap_from(table: Mapping[str, Any], path: Path) -> tuple[Keymap, tuple[str, ...]]:
    """Return the keys as the table ``[keys]`` has them, and a sentence about each refusal."""
    if not table:
        return USUAL, ()
    notes: list[str] = []
    owners: dict[str, str] = {}
    assigned: dict[str, list[str]] = {}
    for name, value in table.items():
        notes += [f"{path}: {refusal}" for refusal in _assign(name, value, owners, assigned)]
    keys: list[Key] = []
    for key in KEYS:
        usual = [one for one in _keys_of(key) if one not in owners]
        own = assigned.get(key.name, usual)
        if always := _ALWAYS.get(key.name):
            own = [always, *(one for one in own if one != always)]
        if key.keys and not own and key.name not in assigned:
            lost = _keys_of(key)[0]
            notes.append(
                f"{path}: keys.{owners[lost]} takes {lost} from {key.name}, which has no key "
                "now; the palette has it."
            )
        keys.append(key if own == _keys_of(key) else _with(key, own))
    return Keymap(tuple(_split_panels(keys))), tuple(notes)


def _assign(
    name: str, value: Any, owners: dict[str, str], assigned: dict[str, list[str]]
) -> Iterable[str]:
    """Note who gets which keys; yield what was refused."""
    from mcp_auth_tui.text.suggest import unknown

    known = {key.name: key for key in KEYS}
    if name not in known:
        yield _refusal(f"in [keys], {unknown('action', name[:40], known)}")
        return
    texts = [value] if isinstance(value, str) else value
    if not isinstance(texts, list) or not all(isinstance(one, str) for one in texts):
        yield f'keys.{name} is neither a key, as "f5", nor a list of keys. It was not used.'
        return
    keys: list[str] = []
    for text in texts:
        key = canonical(text)
        if not key:
            likely = canonical(f"ctrl+{text.rpartition('+')[2]}")
            near = [*sorted(_NAMED), *filter(None, [likely])]
            yield _refusal(f"keys.{name}: {unknown('key', text[:40], near)}")
        elif key in FIXED and _ALWAYS.get(name) != key:
            yield f"keys.{name}: {key} cannot be given away: {FIXED[key]}. It was not used."
        elif owners.setdefault(key, name) != name:
            yield f"keys.{name}: {key} is already that of keys.{owners[key]}. It was not used."
        elif key not in keys:
            keys.append(key)
    if keys or not texts:
        assigned[name] = keys


def _refusal(sentence: str) -> str:
    return f"{sentence}{'' if sentence.endswith('?') else '.'} It was not used."


def _keys_of(key: Key) -> list[str]:
    return list(dict.fromkeys(canonical(one) for one in key.keys.split(",") if one))


def _with(key: Key, own: Sequence[str]) -> Key:
    bound = ",".join(_bound(one) for one in own)
    return replace(key, keys=bound, shown=", ".join(_written(one) for one in own))


def _bound(key: str) -> str:
    """Return what a binding calls a key; some terminals send a capital as shift and its letter."""
    if len(key) == 1 and key.isupper() and key.isascii():
        return f"{key},shift+{key.lower()}"
    return "comma" if key == "," else key


def _written(key: str) -> str:
    if key.startswith("ctrl+") and len(key) == 6:
        return f"^{key[-1]}"
    return "esc" if key == "escape" else key


def _split_panels(keys: Sequence[Key]) -> Iterable[Key]:
    """Yield the keys; the panels, one line as delivered, each for itself when one was changed."""
    usual = [key for key in KEYS if key.name in PANEL_KEYS]
    if [key for key in keys if key.name in PANEL_KEYS] == usual:
        yield from keys
        return
    for key in keys:
        if key.name not in PANEL_KEYS:
            yield key
            continue
        title, help_ = PANEL_KEYS[key.name]
        text = ", ".join(_written(one) for one in _keys_of(key))
        yield replace(key, shown=text, title=title, help=help_, label=None)
