"""Knows how an address is handed to a browser safely; must not know what the address is for.

SPEC 6 (CVE-2025-6514, CVE-2026-4519): no shell, one argument, never an option, https or http on
loopback only. What could not be done is told, for the address can always be opened by hand.
"""

from __future__ import annotations

import asyncio
import os
import shlex
import shutil
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from mcp_auth_tui.records import dataclass

if TYPE_CHECKING:
    from mcp_auth_tui.desktop.ssh import Way

_TEXT_BROWSERS = frozenset(
    ("lynx", "w3m", "links", "links2", "elinks", "www-browser", "browsh", "carbonyl", "edbrowse")
)
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_OPENERS: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "darwin": (("open",),),
    # Not cmd's `start`, which reads & in an address as the end of the command.
    "win32": (("rundll32.exe", "url.dll,FileProtocolHandler"),),
    "wsl": (("wslview",), ("rundll32.exe", "url.dll,FileProtocolHandler")),
    "unix": (
        *(("xdg-open",), ("gio", "open"), ("sensible-browser",), ("x-www-browser",)),
        *(("firefox",), ("chromium",), ("google-chrome",)),
    ),
}
# Long enough for a command that fails at once, as xdg-open without any browser does.
_SETTLE_SECONDS = 0.5
_UNSAFE = frozenset("\"'`\\<>{}|^ ")
_NAMELESS = ("", "localhost", "localhost.localdomain")


@dataclass(frozen=True, slots=True)
class OpenResult:
    """What was done with an address; ``how`` is a sentence for the person."""

    opened: bool
    how: str


class Browser:
    """Opens addresses. ``mode`` is ``auto``, ``none``, ``follow`` or a command line.

    ``root`` is where ``/proc`` is looked for.
    """

    def __init__(
        self,
        mode: str = "auto",
        environ: Mapping[str, str] = os.environ,
        platform: str = sys.platform,
        root: Path = Path("/"),
    ) -> None:
        self._mode = mode
        self._environ = environ
        self._platform = platform
        self._root = root

    @property
    def opens(self) -> bool:
        """Whether `open` would try to start anything."""
        if self._mode == "auto":
            return self._cannot() is None
        return self._mode not in ("none", "follow")

    def missing(self) -> str:
        """Return why no browser will be opened, as far as it shows beforehand; empty when not."""
        if self._mode == "none":
            return "no browser is opened (--browser none)"
        if self._mode == "follow":
            return ""
        if self._mode == "auto":
            if (reason := self._cannot()) is not None:
                return f"no browser is opened: {reason}"
            there = any(self._found(command[0]) for command in self._candidates())
            return "" if there else "no browser was found"
        try:
            words = _words(self._mode, posix=self._platform != "win32")
        except ValueError:
            words = []
        if not words:
            return "the browser command cannot be read"
        there = self._found(words[0])
        return "" if there else f"there is no program {words[0]} (--browser)"

    async def open(self, url: str) -> OpenResult:
        """Start a browser with an address and do not wait for its end; raises nothing."""
        if not _safe(url):
            return OpenResult(False, "The address is not one that is handed to a browser.")
        if self._mode in ("none", "follow"):
            return OpenResult(False, "No browser is opened, as asked.")
        if self._mode != "auto":
            return await self._command(self._mode, url)
        if (reason := self._cannot()) is not None:
            return OpenResult(False, f"No browser is opened here: {reason}.")
        failures = [f"{sentence}." for sentence in self._chosen[1]]
        for command in self._candidates():
            opened = await _start(_with(command, url))
            if opened.opened:
                return opened
            failures.append(opened.how)
        told = " ".join(failures)
        return OpenResult(False, told or "No browser was found. Open the address by hand.")

    def ssh_forward(self, port: int) -> str:
        """Return the line that brings the callback port to the person's machine; empty off SSH.

        It is empty in a container too: what is bound inside one cannot be reached from its host.
        """
        way = self._way
        if not way.over_ssh or way.container:
            return ""
        login = self._name(way.server)
        login = f"{way.user}@{login}" if way.user else login
        option = f" -p {way.port}" if way.port not in ("", "22") else ""
        return f"ssh -L {port}:127.0.0.1:{port}{option} {login}"

    def forward_note(self) -> str:
        """Return what the forward line cannot know, or why there is none; empty off SSH."""
        return self._way.note

    @cached_property
    def _way(self) -> Way:
        from mcp_auth_tui.desktop.ssh import way

        return way(self._environ, self._root)

    def _cannot(self) -> str | None:
        if self._environ.get("TEXTUAL_DRIVER"):
            return "your browser shows this screen, so open the address in another tab of it"
        commands, refused = self._chosen
        if commands:
            # Whoever set it means it, here too: VS Code Remote, Codespaces and WSL set a helper
            # that opens the person's own browser and forwards the port.
            return None
        told = "".join(f"; {sentence}" for sentence in refused)
        if self._way.over_ssh:
            return f"this is an SSH session{told}"
        if self._kind() == "unix" and not (
            self._environ.get("DISPLAY") or self._environ.get("WAYLAND_DISPLAY")
        ):
            return f"there is no display{told}"
        return None

    def _kind(self) -> str:
        if self._platform in ("darwin", "win32"):
            return self._platform
        wsl = self._environ.get("WSL_DISTRO_NAME") or self._environ.get("WSL_INTEROP")
        return "wsl" if wsl and any(self._found(c[0]) for c in _OPENERS["wsl"]) else "unix"

    @cached_property
    def _chosen(self) -> tuple[list[list[str]], list[str]]:
        """The commands of ``$BROWSER``, and a sentence for each that is refused."""
        commands: list[list[str]] = []
        refused: list[str] = []
        separator = os.pathsep if self._platform == "win32" else ":"
        for item in filter(None, self._environ.get("BROWSER", "").split(separator)):
            try:
                words = _words(item)
            except ValueError:
                refused.append("$BROWSER cannot be read")
                continue
            if words and _is_text(words):
                refused.append(f"{words[0]} from $BROWSER is a text browser and is not used")
            elif words:
                commands.append(words)
        return commands, refused

    def _candidates(self) -> list[list[str]]:
        system = [list(command) for command in _OPENERS[self._kind()] if self._found(command[0])]
        return self._chosen[0] or [command for command in system if not _is_text(command)]

    async def _command(self, line: str, url: str) -> OpenResult:
        try:
            words = _words(line, posix=self._platform != "win32")
        except ValueError as error:
            return OpenResult(False, f"The browser command cannot be read: {error}.")
        if not words:
            return OpenResult(False, "The browser command is empty.")
        if _is_text(words):
            return OpenResult(
                False, f"{words[0]} is a text browser and would fight for the terminal."
            )
        return await _start(_with(words, url))

    def _found(self, program: str) -> bool:
        return shutil.which(program, path=self._environ.get("PATH", os.defpath)) is not None

    def _name(self, server: str) -> str:
        name = socket.gethostname()
        # A bare or container name seldom resolves on the other side; the address came from there.
        return name if "." in name and name not in _NAMELESS else server or name


def can_open(environ: Mapping[str, str] = os.environ, platform: str = sys.platform) -> bool:
    """Return whether `auto` would try to open a browser.

    Over SSH and without a display only where ``$BROWSER`` names one.
    """
    return Browser("auto", environ, platform)._cannot() is None


def _words(line: str, *, posix: bool = True) -> list[str]:
    """Return the words of a command line; ValueError where it has none, or one nobody can start."""
    if "\0" in line:
        raise ValueError("there is a null character in it")
    return shlex.split(line, posix=posix)


def _safe(url: str) -> bool:
    if not url.isascii() or not url.isprintable() or _UNSAFE & set(url) or "$(" in url:
        return False
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        return False
    if url.startswith("https://"):
        return bool(host)
    return url.startswith("http://") and host in _LOOPBACK


def _with(command: Sequence[str], url: str) -> list[str]:
    """Put the address into a command: for each ``%s`` one whole argument, else at the end."""
    if any("%s" in word for word in command[1:]):
        return [command[0], *(word.replace("%s", url) for word in command[1:])]
    return [*command, url]


def _is_text(command: Sequence[str]) -> bool:
    path = shutil.which(command[0]) or command[0]
    names = {Path(command[0]).name, Path(path).resolve().name}
    return any(name.lower().removesuffix(".exe") in _TEXT_BROWSERS for name in names)


async def _start(command: Sequence[str]) -> OpenResult:
    """Start a program away from our terminal; a failure in the first half second is told."""
    name = Path(command[0]).name
    try:
        process = await asyncio.to_thread(
            subprocess.Popen,
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=_environment(),
            start_new_session=True,
        )
    except OSError as error:
        return OpenResult(False, f"{name} could not be started: {error.strerror or error}.")
    code = await asyncio.to_thread(_settle, process)
    if code:
        return OpenResult(False, f"{name} could not open the address (exit code {code}).")
    return OpenResult(True, f"The address was handed to {name}.")


def _environment() -> dict[str, str]:
    """Return our environment without the secrets that we are given in it: a browser lives on."""
    own, settings = "MCP_AUTH_", "MCP_AUTH_TUI_"
    names = (name for name in os.environ if not name.startswith(own) or name.startswith(settings))
    return {name: os.environ[name] for name in names}


def _settle(process: subprocess.Popen[bytes]) -> int | None:
    try:
        return process.wait(_SETTLE_SECONDS)
    except subprocess.TimeoutExpired:
        # Left to itself: it lives on when we end.
        process.returncode = 0
        return None
