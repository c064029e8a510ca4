"""Knows every key of the main screen and what it does; must not know widgets.

Bindings, the key bar, the help, the palette and the README are made from `KEYS`, with the keys that
`keymap` gives them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from mcp_auth_tui.model import Outcome, Stage
from mcp_auth_tui.records import dataclass
from mcp_auth_tui.tui import reasons as why
from mcp_auth_tui.tui.panels.table import PANELS, panel_of
from mcp_auth_tui.tui.reasons import RECORDED, Why
from mcp_auth_tui.tui.state import ScreenState, start_of

SENDING = frozenset(
    {
        *("step", "run", "run_again", "sign_in", "edit", "paste", "open_browser", "url"),
        *("settings", "look_elsewhere", "check_signatures", "way_through", "take_header"),
        *("keep_alive", "sessions", "watch"),
    }
)
"""Actions that send something, or prepare it."""


@dataclass(frozen=True, slots=True)
class Key:
    """One key: its Textual names, how it is written, its action, and its words."""

    keys: str
    shown: str
    name: str
    """What its action is called, here, in `action_` methods and in a config file."""
    title: str
    help: str
    off: Why = lambda state: ""
    label: Callable[[ScreenState], str] | None = None
    """The word in the key bar; None keeps the key out of it."""
    begins: bool = False
    """Where nothing runs it begins a run, in place of the one that is shown."""

    def why_off(self, state: ScreenState) -> str:
        """Return why it is of no use now; empty when it is of use."""
        if state.recorded and self.name in SENDING:
            return RECORDED
        return self.off(state)

    @property
    def first(self) -> str:
        """Its first key as it is written; empty when it has none."""
        return self.shown.partition(", ")[0]


def _life(state: ScreenState) -> str:
    if state.alive.on:
        return "let it end"
    return "" if state.busy or why.no_life(state) else "keep alive"


def _copy(state: ScreenState) -> str:
    if state.typing_code:
        return "copy code"
    return "copy URL" if state.signing_in or state.at_browser else "copy headers"


def _step(state: ScreenState) -> str:
    return "step" if state.busy or state.session.url == "" else "step anew"


def _run(state: ScreenState) -> str:
    if not state.busy:
        return "run" if state.session.url == "" else "rerun all"
    return "run on"


def _again(state: ScreenState) -> str:
    if state.busy or start_of(state) is Stage.PROBE:
        return ""  # r does the same
    return "refresh" if state.refreshes else "rerun here"


def _export(state: ScreenState) -> str:
    if state.has_headers and not state.recorded:
        return "export"
    # On 80 columns a way through leaves no room for the verb.
    return "report" if state.way else "save report"


PANEL_KEYS: Mapping[str, tuple[str, str]] = {
    f"panel_{index + 1}": (panel.title, f"show {panel.title}") for index, panel in enumerate(PANELS)
}
"""Title and help of each panel's key, where they do not stand together as 1-5."""

_COUNT = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine")[len(PANELS) - 1]
"""How many panels there are; each has a digit for its key."""

KEYS: tuple[Key, ...] = (
    Key("1", f"1-{len(PANELS)}", "panel_1", "Panels", f"show one of the {_COUNT} panels",
        label=lambda s: "panel"),
    *(
        Key(str(n + 1), "", f"panel_{n + 1}", *PANEL_KEYS[f"panel_{n + 1}"])
        for n in range(1, len(PANELS))
    ),
    Key(
        "s", "s", "step", "Step",
        "start step by step, or send the request that is shown", why.no_step, _step, begins=True,
    ),
    Key(
        "r", "r", "run", "Run or rerun all",
        "start, or run to the end; after a run, run all of it again, from the start", why.no_run,
        _run, begins=True,
    ),
    Key(
        "R,shift+r", "R", "run_again", "Rerun from here",
        "run again only from the focused panel on, with what was found before it, in a new log;"
        " from Token: refresh",
        why.no_rerun, _again, begins=True,
    ),
    Key(
        "t", "t", "way_through", "Way through",
        "run again with the options that get through at the known provider that this looks like",
        why.no_way, lambda s: "way through",
    ),
    Key(
        "", "enter", "sign_in", "Go on to the sign-in", "open the browser when the run asks for it",
        why.no_open, lambda s: "" if s.listing else "sign in",
    ),
    Key(
        "E,shift+e", "E", "edit", "Edit",
        "change what is sent next before it is sent; the run is then marked", why.no_edit,
        lambda s: "edit",
    ),
    Key(
        "h", "h", "take_header", "Take the stored header",
        "take the header of an earlier run that is still good in place of a sign-in; the server is"
        " asked whether it is", why.no_stored,
        lambda s: "" if why.no_stored(s) else "stored header",
    ),
    Key(
        "H,shift+h", "H", "keep_alive", "Keep the header alive",
        "refresh the header shortly before it ends, again and again; or let it end", why.no_life,
        _life,
    ),
    Key(
        "p", "p", "paste", "Paste",
        "type or paste the address that the browser ended on", why.no_paste, lambda s: "paste",
    ),
    Key(
        "c", "c", "copy", "Copy",
        "copy the sign-in address or the code, or at the end the headers", why.no_copy, _copy,
    ),
    Key(
        "o", "o", "open_browser", "Open the browser",
        "hand the sign-in address to the browser, also again",
        why.no_address, lambda s: "open" if s.listing or not s.at_browser else "",
    ),
    Key(
        "a", "a", "copy_address", "Copy the address", "copy the address of the sign-in",
        why.no_address, lambda s: "copy address" if s.typing_code else "",
    ),
    Key(
        "u", "u", "show_address", "Address alone",
        "show the sign-in address alone, to select it with the mouse", why.no_bare,
        lambda s: "URL",
    ),
    Key("b", "b", "qr_code", "QR code", "show the sign-in address as a QR code", why.no_address,
        lambda s: "QR"),
    Key("w", "w", "save_address", "Address to a file", "write the sign-in address to a file",
        why.no_address, lambda s: "to a file" if s.signing_in else ""),
    Key("e", "e", "export", "Export or save a report",
        "copy or save the headers in some form, or a report for the server's owner; nothing is"
        " sent", why.no_export, _export),
    Key("S,shift+s", "S", "record", "Save a recording",
        "write all that happened to a file, masked: mcp-auth-tui replay opens it", why.no_record),
    Key("f", "f", "findings", "Findings", "list every check, the worst first", why.no_findings,
        lambda s: "findings"),
    Key("m", "m", "fix", "Show the fix",
        "show what mends a finding, the corrected document or header, as a difference; nothing is"
        " changed", why.no_fix, lambda s: "see fix" if s.session.stop is not None else ""),
    Key("d", "d", "discovery", "Discovery",
        "show every place where metadata was looked for, and why it won or lost", why.no_discovery,
        lambda s: "places" if s.panel == panel_of(Stage.PROBE) else ""),
    Key("", "", "look_elsewhere", "Look elsewhere",
        "look for metadata at the other places where people put it, and compare", why.no_scan),
    Key("P,shift+p", "P", "probes", "Probes",
        "try what the server should refuse, after a question; then list what that showed",
        why.no_probes,
        lambda s: "probes" if s.session.outcome is Outcome.PROBED else ""),
    Key("W,shift+w", "W", "watch", "Watch the server",
        "look at the server again and again while you mend it, without signing in: what is open, "
        "and what is mended", why.no_watch),
    Key("K,shift+k", "K", "check_signatures", "Check signatures",
        "fetch the issuer's keys and check the signatures of the tokens", why.no_check,
        lambda s: "check signature" if s.panel == panel_of(Stage.TOKEN) else ""),
    Key("l", "l", "sequence", "Sequence", "show the run as a ladder between its parties",
        why.no_sequence, lambda s: "ladder"),
    Key("x", "x", "exchanges", "Exchanges", "go to the log of requests; enter opens one",
        why.no_log, lambda s: "exchanges"),
    Key("left_square_bracket", "[", "step_back", "Step before",
        "go back through the requests that were sent, each with its answer", why.no_log,
        lambda s: "back" if s.stepping else ""),
    Key("right_square_bracket", "]", "step_forward", "Step after",
        "go forward again, and at last to where the run is", why.no_log),
    Key("slash", "/", "filter", "Filter", "show only the exchanges that hold some text",
        why.no_log),
    Key("v", "v", "secrets", "Secrets", "show secrets, or hide them again",
        label=lambda s: "hide secrets" if s.reveal else ""),
    Key("z", "z", "zoom", "Zoom", "give the detail the whole screen, or take it back"),
    Key("T,shift+t", "T", "theme", "Theme", "choose the colours; they are kept"),
    Key("n", "n", "url", "Another URL", "type another URL"),
    Key("comma", ",", "settings", "Settings",
        "change what the next run is made with, and see the command that does the same",
        label=lambda s: "" if s.busy else "settings"),
    Key("escape", "esc", "back", "Back or cancel",
        "leave a field or the detail; else cancel the run", why.no_cancel,
        lambda s: "cancel" if s.busy else ""),
    Key("question_mark", "?", "help", "Help", "explain the focused panel and every key",
        label=lambda s: "help"),
    Key("g", "g", "sessions", "Stored tokens",
        "list the tokens that runs have kept: show, refresh, introspect, revoke or forget one"),
    Key("", "", "topics", "Topics", "list the topics of the help, which open as pages"),
    Key("ctrl+p", "^p", "palette", "Palette", "find any action by its name",
        label=lambda s: "palette"),
    Key("ctrl+z", "^z", "suspend", "Suspend",
        "put the program to sleep; fg in the shell wakes it", lambda s: s.awake),
    Key("ctrl+l", "^l", "redraw", "Redraw",
        "draw the whole screen anew, when another program wrote over it"),
    Key("q", "q", "quit", "Quit", "quit; what was obtained is printed", label=lambda s: "quit"),
)  # fmt: skip


def letters(keys: Iterable[Key]) -> Mapping[str, str]:
    """Return what each action is called in a sentence: its key, else its name in the palette."""
    return {key.name: key.first or f"^p {key.title}" for key in keys}


LETTERS: Mapping[str, str] = letters(KEYS)
"""How they are called as delivered."""

MOVES: tuple[tuple[str, str], ...] = (
    ("tab, shift+tab", "go to the next or previous part of the screen"),
    ("up, down, j, k", "go to the next panel, or scroll"),
    ("enter", "go into the detail; in the log, open the exchange; go on to the sign-in"),
    ("ctrl+c", "copy what is selected, else cancel the run; twice quits"),
)


def rank(key: Key, state: ScreenState) -> int:
    """Order the bar by what a person most likely wants in this state; ties keep the table's."""
    if state.signing_in:
        # A stored header is there only at times, and then ends the wait at once.
        first: tuple[str, ...] = ("take_header", "copy", "paste", "open_browser", "show_address")
        first += ("back",)
    elif state.typing_code:
        first = ("copy", "copy_address", "open_browser", "back")
    elif state.at_browser:
        first = ("sign_in", "take_header", "back", "copy", "edit")
    elif state.session.ready is not None:
        first = ("step", "edit", "run", "step_back", "back")
    elif state.session.headers and not state.busy and state.session.stop is None:
        first = ("copy", "export", "findings", "run", "step")
        first = ("run_again", *first) if state.refreshes else first
    elif state.session.outcome is not None:
        first = ("way_through", "fix", "findings", "export", "run_again", "run", "settings")
    else:
        first = ("run", "step", "back")
    last = ("panel_1", "exchanges", "sequence", "secrets")
    if key.name in first:
        return first.index(key.name)
    return 90 if key.name in last else 50
