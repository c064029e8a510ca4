"""Knows how a text reaches a clipboard, and how sure that is; must not know what the text is."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import subprocess
import sys
from base64 import b64encode
from collections.abc import Callable, Mapping

from mcp_auth_tui.records import dataclass

_SECONDS = 3.0
# Terminals cut longer sequences off; xterm and screen take about so much.
_OSC_LIMIT = 74_000
# GNU screen passes on at most 768 octets in one piece, and writes the rest on the screen.
_SCREEN_PIECE = 500
_ASKED = "#{client_termfeatures}|#{client_termname}"
# Without a helper program pyperclip raises: the code of its end is what counts.
_HELPER = "import sys, pyperclip; pyperclip.copy(sys.stdin.buffer.read().decode())"


@dataclass(frozen=True, slots=True)
class Copied:
    """What became of a text: a sentence for the person, and whether any way was open."""

    how: str
    ok: bool


async def copy(
    text: str,
    *,
    write_terminal: Callable[[str], None] | None,
    environ: Mapping[str, str] = os.environ,
) -> Copied:
    """Copy a text by every way there is: the system's clipboard, tmux, the terminal (OSC 52).

    Under textual-serve (``TEXTUAL_DRIVER``) the screen is shown by a browser that may be far away:
    only that one is told, for this machine's clipboard is not the person's.

    ``write_terminal`` writes to the terminal, or is None where there is none. A terminal never
    says whether it took the text, so no more is claimed than that it was sent.
    """
    said: list[str] = []
    web = bool(environ.get("TEXTUAL_DRIVER"))
    in_tmux = bool(environ.get("TMUX")) and not web
    if not web and await _bounded(_system, text):
        said.append("copied to the clipboard")
    if in_tmux and (took := await _bounded(_tmux, text)):
        said.append(took)
    elif write_terminal is not None:
        sequence, where = _sequence(text, environ)
        if sequence:
            write_terminal(sequence)
            said.append(f"sent to {where}")
    if not said:
        return Copied("Not copied: there is no clipboard here.", False)
    sentence = ", ".join(said)
    return Copied(f"{sentence[0].upper()}{sentence[1:]}.", True)


def _sequence(text: str, environ: Mapping[str, str]) -> tuple[str, str]:
    """Return what makes the terminal copy a text, as what is between must get it, and to whom."""
    payload = b64encode(text.encode("utf-8", "replace")).decode("ascii")
    if len(payload) > _OSC_LIMIT:
        return "", ""
    plain = f"\x1b]52;c;{payload}\x07"
    if environ.get("TEXTUAL_DRIVER"):
        return plain, "your browser (it refuses without https, but on localhost)"
    name = environ.get("TERM", "")
    if environ.get("TMUX"):
        # Before 3.2 tmux takes nothing for the terminal, but passes on what is wrapped like this.
        inner = plain.replace("\x1b", "\x1b\x1b")
        return f"\x1bPtmux;{inner}\x1b\\", "the terminal through tmux (OSC 52; it may refuse)"
    if environ.get("STY") or name.startswith("screen."):
        pieces = [plain[at : at + _SCREEN_PIECE] for at in range(0, len(plain), _SCREEN_PIECE)]
        wrapped = "".join(f"\x1bP{piece}\x1b\\" for piece in pieces)
        return wrapped, "the terminal through screen (OSC 52; it may refuse)"
    if name.startswith(("tmux", "screen")):
        return plain, "the terminal (OSC 52; a tmux takes it only with set-clipboard on)"
    return plain, "the terminal (OSC 52; it may refuse)"


async def _bounded(way: Callable[[str], str], text: str) -> str:
    """Try a way in a thread; a helper program that hangs is left to itself."""
    try:
        async with asyncio.timeout(_SECONDS):
            return await asyncio.to_thread(way, text)
    except TimeoutError:
        return ""


def _system(text: str) -> str:
    """Give it to the helper program of this desktop (xclip, wl-copy, pbcopy …), as pyperclip does.

    A process of its own asks for it: some helpers live on to serve the selection, and must hold
    neither our stdout, or ``$(…)`` would wait for them, nor stop when this program is put to sleep;
    and one that hangs is not waited for at the end.
    """
    if not sys.executable:
        return ""
    words = [sys.executable, "-P", "-c", _HELPER]
    done = _ran(words, text, _SECONDS, stdout=subprocess.DEVNULL, start_new_session=True)
    return "" if done is None else "copied to the clipboard"


def _tmux(text: str) -> str:
    """Load tmux's buffer; ``-w`` passes it on to the outer terminal, which tmux may do for us.

    Returns what became of it; empty when tmux did not take it.
    """
    program = shutil.which("tmux")
    if program is None:
        return ""
    loaded = _ran([program, "load-buffer", "-w", "-"], text, _SECONDS / 3)
    if loaded is None:
        return ""
    asked = ["display-message", "-p", _ASKED, ";", "show-messages", "-T"]
    return _further(_ran([program, *asked], "", _SECONDS / 3) or "")


def _ran(
    words: list[str],
    given: str,
    seconds: float,
    *,
    stdout: int = subprocess.PIPE,
    start_new_session: bool = False,
) -> str | None:
    """Run a program with a text on its stdin; return what it printed, None when it failed."""
    try:
        done = subprocess.run(  # noqa: S603 - fixed words; the text goes by stdin
            words,
            input=given.encode("utf-8", "replace"),
            stdout=stdout,
            stderr=subprocess.DEVNULL,
            timeout=seconds,
            check=False,
            start_new_session=start_new_session,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return None if done.returncode else (done.stdout or b"").decode("utf-8", "replace")


def _further(told: str) -> str:
    """Return how far a text goes that tmux has, by what tmux tells of itself and its terminals.

    tmux passes it on when it knows how the terminal copies: by a feature of the terminal that it
    attached to last, or by ``Ms`` in the terminal's own description.
    """
    features, bar, name = told.partition("\n")[0].partition("|")
    if not bar or "clipboard" in features.split(",") or " Ms: (string)" in told:
        return "handed to tmux (prefix ] pastes it) for your terminal (OSC 52; it may refuse)"
    shown = name if re.fullmatch(r"[\w.+-]+", name) else "TERM"
    return (
        "put into tmux's buffer (prefix ] pastes it), but no further; in tmux.conf: "
        f"set -as terminal-features ',{shown}:clipboard'"
    )
