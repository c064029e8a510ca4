"""Knows how a text reaches a clipboard, and how sure that is; must not know what the text is."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass

_SECONDS = 3.0
# Terminals cut longer sequences off; xterm and screen take about so much.
_OSC_LIMIT = 74_000


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
    if in_tmux and await _bounded(_tmux, text):
        said.append("handed to tmux")
    elif write_terminal is not None:
        payload = b64encode(text.encode("utf-8", "replace")).decode("ascii")
        if len(payload) <= _OSC_LIMIT:
            write_terminal(f"\x1b]52;c;{payload}\x07")
            refuses = "it refuses without https, but on localhost"
            where = f"your browser ({refuses})" if web else "the terminal (OSC 52; it may refuse)"
            said.append(f"sent to {where}")
    if not said:
        return Copied("Not copied: there is no clipboard here.", False)
    sentence = ", ".join(said)
    return Copied(f"{sentence[0].upper()}{sentence[1:]}.", True)


async def _bounded(way: Callable[[str], bool], text: str) -> bool:
    """Try a way in a thread; a helper program that hangs is left to itself."""
    try:
        async with asyncio.timeout(_SECONDS):
            return await asyncio.to_thread(way, text)
    except TimeoutError:
        return False


def _system(text: str) -> bool:
    try:
        import pyperclip

        pyperclip.copy(text)
    except (ImportError, OSError, RuntimeError, subprocess.SubprocessError):
        # Without a helper program pyperclip raises its own RuntimeError.
        return False
    return True


def _tmux(text: str) -> bool:
    """Load tmux's buffer; ``-w`` passes it on to the outer terminal, which tmux may do for us."""
    program = shutil.which("tmux")
    if program is None:
        return False
    try:
        done = subprocess.run(  # noqa: S603 - fixed words; the text goes by stdin
            [program, "load-buffer", "-w", "-"],
            input=text.encode("utf-8", "replace"),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=_SECONDS,
            check=False,
        )
    except (OSError, subprocess.SubprocessError):
        return False
    return done.returncode == 0
