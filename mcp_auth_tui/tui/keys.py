"""Knows every key of the main screen, what it does and when it can; must not know widgets.

Bindings, the key bar, the help, the palette and the README are made from `KEYS`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from textual.binding import Binding, BindingType

from mcp_auth_tui.model import PANELS, Session, Status
from mcp_auth_tui.protocol.actions import Browse
from mcp_auth_tui.tui.views import panel_status


@dataclass(frozen=True, slots=True)
class State:
    """All that decides which keys are of use now."""

    session: Session
    busy: bool = False
    """A run is under way."""
    stepping: bool = False
    panel: int = 0
    reveal: bool = False
    form: bool = True
    """Another URL can be typed."""

    @property
    def signing_in(self) -> bool:
        """The run waits for the browser or a paste."""
        waits = self.session.waiting is not None and self.session.browsed is not None
        return self.busy and waits and panel_status(self.session, 2) is Status.WAITING

    @property
    def at_browser(self) -> bool:
        """The browser is opened next, when the person says so."""
        return self.busy and isinstance(self.session.ready, Browse)


Why = Callable[[State], str]
"""Why a key is of no use now; empty when it is of use."""


@dataclass(frozen=True, slots=True)
class Key:
    """One key: its Textual names, how it is written, its action, and its words."""

    keys: str
    shown: str
    action: str
    title: str
    help: str
    off: Why = lambda state: ""
    label: Callable[[State], str] | None = None
    """The word in the key bar; None keeps the key out of it."""


def _no_step(state: State) -> str:
    if not state.busy or state.at_browser or state.session.ready or not state.signing_in:
        return ""
    return "It is your turn in the browser: there is no request to step to."


def _no_rerun(state: State) -> str:
    if state.busy:
        return "It runs: escape cancels it, then R runs again from here."
    if state.session.url == "":
        return "Nothing ran yet: r starts."
    if start_of(state) is None:
        return f"{PANELS[state.panel][0]} was never reached: start at an earlier panel."
    return ""


def start_of(state: State) -> int | None:
    """Return the panel that "again from here" starts at, or None where it cannot.

    A code is spent once, so from Token on the way leads through the browser again; a token that
    is held can be used again.
    """
    session = state.session
    if state.panel == 4 and session.token is not None:
        return 4
    wanted = min(state.panel, 2)
    have = (True, session.server is not None, session.client is not None)
    return wanted if have[wanted] else None


def _no_copy(state: State) -> str:
    if state.signing_in or state.at_browser or state.session.headers:
        return ""
    return "There is no address and no header to copy yet."


def _no_paste(state: State) -> str:
    if state.signing_in:
        return ""
    return "Nothing can be pasted now: this is for when the run waits for your browser."


def _no_url(state: State) -> str:
    return "" if state.signing_in else "There is no address to open now."


def _no_export(state: State) -> str:
    return "" if state.session.headers else "There are no headers to export yet."


def _no_findings(state: State) -> str:
    return "" if state.session.findings else "There are no findings yet."


def _copy(state: State) -> str:
    return "copy URL" if state.signing_in or state.at_browser else "copy headers"


def _run(state: State) -> str:
    if not state.busy:
        return "run" if state.session.url == "" else "run again"
    return "run on"


def _no_run(state: State) -> str:
    if state.busy and not (state.stepping or state.session.ready):
        return "It runs already: escape cancels it."
    return ""


def _no_cancel(state: State) -> str:
    return "" if state.busy else "Nothing runs."


def _no_open(state: State) -> str:
    return "" if state.at_browser else "There is nothing to open now."


def _no_form(state: State) -> str:
    return "" if state.form else "The URL was given when the program was started."


KEYS: tuple[Key, ...] = (
    Key("1", "1-5", "panel(0)", "Panels", "show one of the five panels", label=lambda s: "panel"),
    *(Key(str(n + 1), "", f"panel({n})", PANELS[n][0], f"show {PANELS[n][0]}") for n in (1, 2, 3)),
    Key("5", "", "panel(4)", PANELS[4][0], f"show {PANELS[4][0]}"),
    Key(
        "s", "s", "step", "Step",
        "start step by step, or send the request that is shown", _no_step, lambda s: "step",
    ),
    Key("r", "r", "run", "Run", "start, or run to the end", _no_run, _run),
    Key(
        "R,shift+r", "R", "rerun", "Run again from here",
        "run again from the focused panel and keep what came before", _no_rerun,
        lambda s: "" if s.busy else "again from here",
    ),
    Key(
        "", "enter", "proceed", "Go on to the sign-in", "open the browser when the run asks for it",
        _no_open, lambda s: "sign in",
    ),
    Key(
        "p", "p", "paste", "Paste",
        "type or paste the address that the browser ended on", _no_paste, lambda s: "paste",
    ),
    Key(
        "c", "c", "copy", "Copy",
        "copy the sign-in address, or at the end the headers", _no_copy, _copy,
    ),
    Key(
        "u", "u", "bare", "Address alone",
        "show the sign-in address alone, to select it with the mouse", _no_url, lambda s: "URL",
    ),
    Key("e", "e", "export", "Export", "copy or save the headers in some form", _no_export,
        lambda s: "export"),
    Key("f", "f", "findings", "Findings", "list every check, the worst first", _no_findings,
        lambda s: "findings"),
    Key("x", "x", "log", "Exchanges", "go to the log of requests; enter opens one",
        label=lambda s: "exchanges"),
    Key("v", "v", "reveal", "Secrets", "show secrets, or hide them again",
        label=lambda s: "hide secrets" if s.reveal else ""),
    Key("z", "z", "zoom", "Zoom", "give the detail the whole screen, or take it back"),
    Key("n", "n", "form", "Another URL", "type another URL", _no_form),
    Key("escape", "esc", "retreat", "Back or cancel",
        "leave a field or the detail; else cancel the run", _no_cancel,
        lambda s: "cancel" if s.busy else ""),
    Key("question_mark", "?", "guide", "Help", "explain the focused panel and every key",
        label=lambda s: "help"),
    Key("ctrl+p", "^p", "command_palette", "Palette", "find any action by its name",
        label=lambda s: "palette"),
    Key("q", "q", "leave", "Quit", "quit; what was obtained is printed", label=lambda s: "quit"),
)  # fmt: skip

MOVES: tuple[tuple[str, str], ...] = (
    ("tab, shift+tab", "go to the next or previous part of the screen"),
    ("up, down, j, k", "go to the next panel, or scroll"),
    ("enter", "go into the detail; in the log, open the exchange; go on to the sign-in"),
    ("ctrl+c", "copy what is selected, else cancel the run; twice quits"),
)


def key_of(action: str) -> Key:
    """Return the key of an action (without its arguments)."""
    return next(key for key in KEYS if key.action.partition("(")[0] == action)


def bindings() -> list[BindingType]:
    """Return the bindings of the app; the palette's own key is Textual's."""
    return [
        Binding(key.keys, key.action, key.title, show=False)
        for key in KEYS
        if key.keys and key.action != "command_palette"
    ]


def table() -> list[tuple[str, str]]:
    """Return every key with its help, in order, for the help screen and the README."""
    return [*((key.shown, key.help) for key in KEYS if key.keys and key.shown), *MOVES]


def bar(state: State) -> list[tuple[Key, str]]:
    """Return the keys that are of use now with their words, the most useful first."""
    useful = [(key, key.label(state)) for key in KEYS if key.label and not key.off(state)]
    shown = [(key, label) for key, label in useful if label]
    return sorted(shown, key=lambda item: _rank(item[0], state))


def _rank(key: Key, state: State) -> int:
    """Order the bar by what a person most likely wants in this state; ties keep the table's."""
    action = key.action
    if state.signing_in:
        first: tuple[str, ...] = ("copy", "paste", "bare", "retreat")
    elif state.at_browser:
        first = ("proceed", "retreat", "copy")
    elif state.session.ready is not None:
        first = ("step", "run", "retreat")
    elif state.session.headers and not state.busy:
        first = ("copy", "export", "findings")
    elif state.session.outcome is not None:
        first = ("findings", "rerun", "run")
    else:
        first = ("run", "step", "retreat")
    last = ("panel(0)", "log", "reveal")
    if action in first:
        return first.index(action)
    return 90 if action in last else 50
