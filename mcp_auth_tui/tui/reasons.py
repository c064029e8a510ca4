"""Knows why an action is of no use now, in a sentence; must not know its key, nor widgets."""

from __future__ import annotations

from collections.abc import Callable

from mcp_auth_tui.model import Level
from mcp_auth_tui.tui.panels.table import PANELS
from mcp_auth_tui.tui.state import ScreenState, start_of

NO_FIX = "No finding of this run is mended by another answer of a server."
RECORDED = "This is a recording: nothing is sent. A run of your own: mcp-auth-tui URL."
Why = Callable[[ScreenState], str]
"""Why a key is of no use now; empty when it is of use."""


def _unless(useful: Callable[[ScreenState], object], reason: str) -> Why:
    return lambda state: "" if useful(state) else reason


def no_step(state: ScreenState) -> str:
    """Return why no request can be stepped to; empty where it is otherwise."""
    if not state.busy or state.at_browser or state.session.ready or not state.signing_in:
        return ""
    return "It is your turn in the browser: there is no request to step to."


def no_rerun(state: ScreenState) -> str:
    """Return why nothing runs again from here; empty where it is otherwise."""
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


def no_address(state: ScreenState) -> str:
    """Return why there is no address of a sign-in; empty where it is otherwise."""
    if state.signing_in or state.at_browser or state.typing_code:
        return ""
    return "There is no address to open now: this is for the sign-in."


def no_bare(state: ScreenState) -> str:
    """Return why the address is not shown alone; empty where it is otherwise."""
    if not (reason := no_address(state)) and state.inline:
        return state.with_keys(
            "Below the prompt (--inline) there is no bare screen: {copy} copies, {save_address} "
            "writes to a file."
        )
    return reason


def no_discovery(state: ScreenState) -> str:
    """Return why there are no places to list; empty where it is otherwise."""
    if state.session.tried:
        return ""
    if state.session.resource or state.session.server:
        return state.with_keys(
            "What is known was kept from the run before: {run} looks for metadata anew."
        )
    return "No place was tried yet."


def no_scan(state: ScreenState) -> str:
    """Return why no other places are asked; empty where it is otherwise."""
    if state.busy:
        return "It runs: other places can be looked at when it has ended."
    if state.session.scanned is not None:
        return "The other places were looked at already: they stand in the table."
    return "" if state.session.contact is not None else "The MCP server was never reached."


def no_way(state: ScreenState) -> str:
    """Return why there is no way through; empty where it is otherwise."""
    if state.busy:
        return "It runs: whether an option gets through is known when it has ended."
    if state.session.stop is None:
        return "Nothing stopped the run."
    if state.way is None:
        return "No option is known that gets through here; the finding says what can be done."
    return ""


def no_check(state: ScreenState) -> str:
    """Return why no signature is checked; empty where it is otherwise."""
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


def no_stored(state: ScreenState) -> str:
    """Return why no stored header is taken; empty where it is otherwise."""
    session = state.session
    if session.token is not None:
        return "The run has a header of its own."
    if session.stored_header is None:
        return "No header of an earlier run is stored for this server, or it has ended."
    return ""


def no_life(state: ScreenState) -> str:
    """Return why no header is kept alive; empty where it is otherwise."""
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


def no_run(state: ScreenState) -> str:
    """Return why nothing is started; empty where it is otherwise."""
    if state.busy and not (state.stepping or state.session.ready):
        return "It runs already: esc cancels it."
    return ""


def no_edit(state: ScreenState) -> str:
    """Return why nothing can be edited; empty where it is otherwise."""
    if state.busy and state.session.ready is not None:
        return ""
    return state.with_keys(
        "Nothing waits to be sent: {step} steps, and then the next request can be edited."
    )


def no_probes(state: ScreenState) -> str:
    """Return why nothing is probed; empty where it is otherwise."""
    if state.busy:
        return "It runs: probes can be tried when it has ended."
    if not state.session.url:
        return "Nothing ran yet: a run comes first."
    probed = any(item.id.startswith("probe-") for item in state.session.findings)
    return RECORDED if state.recorded and not probed else ""


def no_fix(state: ScreenState) -> str:
    """Return why there is no fix to show; empty where it is otherwise."""
    if all(item.level is Level.OK for item in state.session.findings):
        return "Nothing is wrong so far."
    # What the fixes are is loaded when a run was stopped, or when somebody asks.
    return "" if state.session.stop is None or state.fixable else NO_FIX


no_watch = _unless(
    lambda s: not s.busy, "It runs: the server can be watched when the run has ended."
)
no_cancel = _unless(lambda s: s.busy, "Nothing runs.")
no_open = _unless(lambda s: s.at_browser, "There is nothing to open now.")
no_log = _unless(lambda s: s.session.exchanges, "There are no exchanges yet.")
no_findings = _unless(lambda s: s.session.findings, "There are no findings yet.")
no_sequence = _unless(lambda s: s.session.exchanges or s.session.moments, "Nothing was sent yet.")
no_copy = _unless(
    lambda s: s.signing_in or s.at_browser or s.typing_code or (s.has_headers and not s.recorded),
    "There is no address and no header to copy.",
)
no_record = _unless(lambda s: s.session.url, "Nothing ran yet that could be recorded.")
no_paste = _unless(
    lambda s: s.signing_in or s.at_browser,
    "Nothing can be pasted now: this is for when the run waits for your browser.",
)
no_export = _unless(
    lambda s: s.has_headers or s.recorded or (s.session.outcome is not None and s.session.url),
    "There are no headers to export yet, and no run to report on.",
)
