"""Knows every key of the main screen, what it does and when it can; must not know widgets.

Bindings, the key bar, the help, the palette and the README are made from `KEYS`, with the keys that
`keymap` gives them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from mcp_auth_tui.model import Level, Outcome, Stage
from mcp_auth_tui.records import dataclass
from mcp_auth_tui.tui.panels.table import PANELS, panel_of
from mcp_auth_tui.tui.state import ScreenState, start_of

SENDING = frozenset(
    {
        *("step", "run", "run_again", "sign_in", "edit", "paste", "open_browser", "url"),
        *("settings", "look_elsewhere", "check_signatures", "way_through", "take_header"),
        *("keep_alive", "sessions"),
    }
)
"""Actions that send something, or prepare it."""
NO_FIX = "No finding of this run is mended by another answer of a server."
RECORDED = "This is a recording: nothing is sent. A run of your own: mcp-auth-tui URL."
Why = Callable[[ScreenState], str]
"""Why a key is of no use now; empty when it is of use."""


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


def _unless(useful: Callable[[ScreenState], object], reason: str) -> Why:
    return lambda state: "" if useful(state) else reason


def _no_step(state: ScreenState) -> str:
    if not state.busy or state.at_browser or state.session.ready or not state.signing_in:
        return ""
    return "It is your turn in the browser: there is no request to step to."


def _no_rerun(state: ScreenState) -> str:
    if state.busy:
        return state.with_keys("It runs: esc cancels it, then {run_again} runs again from here.")
    if state.session.url == "":
        return state.with_keys("Nothing ran yet: {run} starts.")
    if state.changed:
        return state.with_keys(
            "The settings were changed: {run} runs all of it with them, from the start."
        )
    if start_of(state) is None:
        return f"{PANELS[state.panel].title} was never reached: start at an earlier panel."
    return ""


def _no_address(state: ScreenState) -> str:
    if state.signing_in or state.at_browser or state.typing_code:
        return ""
    return "There is no address to open now: this is for the sign-in."


def _no_bare(state: ScreenState) -> str:
    if not (reason := _no_address(state)) and state.inline:
        return state.with_keys(
            "Below the prompt (--inline) there is no bare screen: {copy} copies, {save_address} "
            "writes to a file."
        )
    return reason


def _no_discovery(state: ScreenState) -> str:
    if state.session.tried:
        return ""
    if state.session.resource or state.session.server:
        return state.with_keys(
            "What is known was kept from the run before: {run} looks for metadata anew."
        )
    return "No place was tried yet."


def _no_scan(state: ScreenState) -> str:
    if state.busy:
        return "It runs: other places can be looked at when it has ended."
    if state.session.scanned is not None:
        return "The other places were looked at already: they stand in the table."
    return "" if state.session.contact is not None else "The MCP server was never reached."


def _no_way(state: ScreenState) -> str:
    if state.busy:
        return "It runs: whether an option gets through is known when it has ended."
    if state.session.stop is None:
        return "Nothing stopped the run."
    if state.way is None:
        return "No option is known that gets through here; the finding says what can be done."
    return ""


def _no_check(state: ScreenState) -> str:
    token = state.session.token
    if state.busy:
        return "It runs: the signature can be checked when it has ended."
    if token is None:
        return "There is no token yet."
    if token.claims is None and token.id_token is None:
        return "The token is opaque: only its issuer can read it, and it shows no signature."
    if state.session.server is None:
        return "The issuer's metadata was never read, so its keys cannot be found."
    return ""


def _no_stored(state: ScreenState) -> str:
    session = state.session
    if session.token is not None:
        return "The run has a header of its own."
    if session.stored_header is None:
        return "No header of an earlier run is stored for this server, or it has ended."
    return ""


def _no_life(state: ScreenState) -> str:
    token = state.session.token
    if state.alive.on:
        return ""
    if token is None:
        return "There is no header yet that could be kept alive."
    if token.refresh is None:
        return "The server gave no refresh token: sign in again when the header ends."
    if token.expires_in is None:
        return "The server did not say when the header ends, so nobody knows when to refresh it."
    return ""


def _life(state: ScreenState) -> str:
    if state.alive.on:
        return "let it end"
    return "" if state.busy or _no_life(state) else "keep alive"


def _copy(state: ScreenState) -> str:
    if state.typing_code:
        return "copy code"
    return "copy URL" if state.signing_in or state.at_browser else "copy headers"


def _step(state: ScreenState) -> str:
    return "step" if state.busy or state.session.url == "" else "step anew"


def _run(state: ScreenState) -> str:
    if not state.busy:
        return "run" if state.session.url == "" else "run again"
    return "run on"


def _again(state: ScreenState) -> str:
    if state.busy or start_of(state) is Stage.PROBE:
        return ""  # r does the same
    return "refresh" if state.refreshes else "again from here"


def _no_run(state: ScreenState) -> str:
    if state.busy and not (state.stepping or state.session.ready):
        return "It runs already: esc cancels it."
    return ""


def _no_edit(state: ScreenState) -> str:
    if state.busy and state.session.ready is not None:
        return ""
    return state.with_keys(
        "Nothing waits to be sent: {step} steps, and then the next request can be edited."
    )


def _no_probes(state: ScreenState) -> str:
    if state.busy:
        return "It runs: probes can be tried when it has ended."
    if not state.session.url:
        return "Nothing ran yet: a run comes first."
    probed = any(item.id.startswith("probe-") for item in state.session.findings)
    return RECORDED if state.recorded and not probed else ""


def _no_fix(state: ScreenState) -> str:
    if all(item.level is Level.OK for item in state.session.findings):
        return "Nothing is wrong so far."
    # What the fixes are is loaded when a run was stopped, or when somebody asks.
    return "" if state.session.stop is None or state.fixable else NO_FIX


_no_cancel = _unless(lambda s: s.busy, "Nothing runs.")
_no_open = _unless(lambda s: s.at_browser, "There is nothing to open now.")
_no_log = _unless(lambda s: s.session.exchanges, "There are no exchanges yet.")
_no_findings = _unless(lambda s: s.session.findings, "There are no findings yet.")
_no_sequence = _unless(lambda s: s.session.exchanges or s.session.moments, "Nothing was sent yet.")
_no_copy = _unless(
    lambda s: s.signing_in or s.at_browser or s.typing_code or (s.has_headers and not s.recorded),
    "There is no address and no header to copy.",
)
_no_record = _unless(lambda s: s.session.url, "Nothing ran yet that could be recorded.")
_no_paste = _unless(
    lambda s: s.signing_in or s.at_browser,
    "Nothing can be pasted now: this is for when the run waits for your browser.",
)
_no_export = _unless(
    lambda s: s.has_headers or s.recorded or (s.session.outcome is not None and s.session.url),
    "There are no headers to export yet, and no run to report on.",
)

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
        "start step by step, or send the request that is shown", _no_step, _step, begins=True,
    ),
    Key("r", "r", "run", "Run", "start, or run to the end", _no_run, _run, begins=True),
    Key(
        "R,shift+r", "R", "run_again", "Run again from here",
        "run again from the focused panel with what was found before it, in a new log; from Token:"
        " refresh",
        _no_rerun, _again, begins=True,
    ),
    Key(
        "t", "t", "way_through", "Way through",
        "run again with the options that get through at the known provider that this looks like",
        _no_way, lambda s: "way through",
    ),
    Key(
        "", "enter", "sign_in", "Go on to the sign-in", "open the browser when the run asks for it",
        _no_open, lambda s: "" if s.listing else "sign in",
    ),
    Key(
        "E,shift+e", "E", "edit", "Edit",
        "change what is sent next before it is sent; the run is then marked", _no_edit,
        lambda s: "edit",
    ),
    Key(
        "h", "h", "take_header", "Take the stored header",
        "take the header of an earlier run that is still good in place of a sign-in; the server is"
        " asked whether it is", _no_stored,
        lambda s: "" if _no_stored(s) else "stored header",
    ),
    Key(
        "H,shift+h", "H", "keep_alive", "Keep the header alive",
        "refresh the header shortly before it ends, again and again; or let it end", _no_life,
        _life,
    ),
    Key(
        "p", "p", "paste", "Paste",
        "type or paste the address that the browser ended on", _no_paste, lambda s: "paste",
    ),
    Key(
        "c", "c", "copy", "Copy",
        "copy the sign-in address or the code, or at the end the headers", _no_copy, _copy,
    ),
    Key(
        "o", "o", "open_browser", "Open the browser",
        "hand the sign-in address to the browser, also again",
        _no_address, lambda s: "open" if s.listing or not s.at_browser else "",
    ),
    Key(
        "a", "a", "copy_address", "Copy the address", "copy the address of the sign-in",
        _no_address, lambda s: "copy address" if s.typing_code else "",
    ),
    Key(
        "u", "u", "show_address", "Address alone",
        "show the sign-in address alone, to select it with the mouse", _no_bare,
        lambda s: "URL",
    ),
    Key("b", "b", "qr_code", "QR code", "show the sign-in address as a QR code", _no_address,
        lambda s: "QR"),
    Key("w", "w", "save_address", "Address to a file", "write the sign-in address to a file",
        _no_address, lambda s: "to a file" if s.signing_in else ""),
    Key("e", "e", "export", "Export",
        "copy or save the headers in some form, or a report for the server's owner", _no_export,
        lambda s: "export" if s.has_headers and not s.recorded else "report"),
    Key("S,shift+s", "S", "record", "Save a recording",
        "write all that happened to a file, masked: mcp-auth-tui replay opens it", _no_record),
    Key("f", "f", "findings", "Findings", "list every check, the worst first", _no_findings,
        lambda s: "findings"),
    Key("m", "m", "fix", "Show the fix",
        "show what mends a finding: the corrected document or header, as a difference", _no_fix,
        lambda s: "fix" if s.session.stop is not None else ""),
    Key("d", "d", "discovery", "Discovery",
        "show every place where metadata was looked for, and why it won or lost", _no_discovery,
        lambda s: "places" if s.panel == panel_of(Stage.PROBE) else ""),
    Key("", "", "look_elsewhere", "Look elsewhere",
        "look for metadata at the other places where people put it, and compare", _no_scan),
    Key("P,shift+p", "P", "probes", "Probes",
        "try what the server should refuse, after a question; then list what that showed",
        _no_probes,
        lambda s: "probes" if s.session.outcome is Outcome.PROBED else ""),
    Key("K,shift+k", "K", "check_signatures", "Check signatures",
        "fetch the issuer's keys and check the signatures of the tokens", _no_check,
        lambda s: "check signature" if s.panel == panel_of(Stage.TOKEN) else ""),
    Key("l", "l", "sequence", "Sequence", "show the run as a ladder between its parties",
        _no_sequence, lambda s: "ladder"),
    Key("x", "x", "exchanges", "Exchanges", "go to the log of requests; enter opens one", _no_log,
        lambda s: "exchanges"),
    Key("left_square_bracket", "[", "step_back", "Step before",
        "go back through the requests that were sent, each with its answer", _no_log,
        lambda s: "back" if s.stepping else ""),
    Key("right_square_bracket", "]", "step_forward", "Step after",
        "go forward again, and at last to where the run is", _no_log),
    Key("slash", "/", "filter", "Filter", "show only the exchanges that hold some text", _no_log),
    Key("v", "v", "secrets", "Secrets", "show secrets, or hide them again",
        label=lambda s: "hide secrets" if s.reveal else ""),
    Key("z", "z", "zoom", "Zoom", "give the detail the whole screen, or take it back"),
    Key("T,shift+t", "T", "theme", "Theme", "choose the colours; they are kept"),
    Key("n", "n", "url", "Another URL", "type another URL"),
    Key("comma", ",", "settings", "Settings",
        "change what the next run is made with, and see the command that does the same",
        label=lambda s: "" if s.busy else "settings"),
    Key("escape", "esc", "back", "Back or cancel",
        "leave a field or the detail; else cancel the run", _no_cancel,
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
        first: tuple[str, ...] = ("copy", "paste", "open_browser", "show_address", "back")
        first += ("take_header",)
    elif state.typing_code:
        first = ("copy", "copy_address", "open_browser", "back")
    elif state.at_browser:
        first = ("sign_in", "back", "take_header", "copy", "edit")
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
