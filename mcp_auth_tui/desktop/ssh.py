"""Knows how the person's terminal reaches this machine, as far as it can be known; asks no network.

``SSH_CONNECTION`` may be stripped (sudo), stale (tmux) or foreign (a container): what the
environment of this process does not say is read from tmux and from the processes above this one.
"""

from __future__ import annotations

import getpass
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from mcp_auth_tui.records import dataclass

_SSH = ("SSH_CONNECTION", "SSH_CLIENT", "SSH_TTY")
_SECONDS = 2.0
_LEVELS = 24
_UNSET = 4294967295
_JUMP = "Use the name you connected with, and its -J if there was a jump host."
_CONTAINER = (
    "This is a container: unless it shares its host's network, neither a browser nor ssh -L "
    "reaches its ports. Paste the address that your browser ends on."
)


_WEB = (
    "The sign-in ends on 127.0.0.1 of the machine that your browser runs on. If this program runs "
    "on another one, that page cannot load: paste its address."
)


@dataclass(frozen=True, slots=True)
class Way:
    """Whether somebody came by SSH, to which address, port and user; and what that cannot tell."""

    over_ssh: bool = False
    server: str = ""
    port: str = ""
    user: str = ""
    container: bool = False
    web: bool = False
    """The screen is shown by a browser (textual-serve)."""

    @property
    def note(self) -> str:
        """A sentence for the person; empty when the browser is surely here."""
        if self.web:
            return _WEB
        if self.container:
            return _CONTAINER
        return _JUMP if self.over_ssh else ""


def way(environ: Mapping[str, str], root: Path = Path("/")) -> Way:
    """Find out how the person came; ``root`` is where ``/proc`` and the like are looked for."""
    own = {name: environ[name] for name in _SSH if environ.get(name)}
    found = own
    if environ.get("TMUX"):
        told = _tmux(environ)
        # tmux knows of the client that attached last; a shell in it keeps what it began with.
        found = own if told is None else told
    elif not own and _another(environ, root):
        found = _above(root)
    parts = found.get("SSH_CONNECTION", "").split()
    server, port = (parts[2], parts[3]) if len(parts) == 4 else ("", "")
    away = _contained(environ, root)
    web = bool(environ.get("TEXTUAL_DRIVER"))
    return Way(bool(found), server, port, _user(environ, root), away, web)


def _another(environ: Mapping[str, str], root: Path) -> bool:
    """Return whether sudo, doas or su made somebody else of who signed in, and may have stripped.

    Only then the processes above are looked at: who takes variables away by himself means it.
    """
    if environ.get("SUDO_USER") or environ.get("DOAS_USER"):
        return True
    number = _login(root)
    return number is not None and number != os.getuid()


def _login(root: Path) -> int | None:
    """Return the user id that signed in (Linux); None when the system does not say."""
    try:
        number = int((root / "proc/self/loginuid").read_text())
    except (OSError, ValueError):
        return None
    return None if number == _UNSET else number


def _contained(environ: Mapping[str, str], root: Path) -> bool:
    """Return whether this is a container without an SSH server of its own.

    Toolbox and distrobox are containers for comfort: they share the host's network.
    """
    if (root / "run/.toolboxenv").exists() or environ.get("DISTROBOX_ENTER_PATH"):
        return False
    files = any((root / name).exists() for name in (".dockerenv", "run/.containerenv"))
    if not files and not (environ.get("container") or environ.get("KUBERNETES_SERVICE_HOST")):
        return False
    for path in (root / "proc").glob("[0-9]*/comm"):
        try:
            if path.read_text().strip().startswith("sshd"):
                return False
        except OSError:
            continue
    return True


def _tmux(environ: Mapping[str, str]) -> dict[str, str] | None:
    """Return the SSH variables of the tmux session; None when tmux does not say."""
    program = shutil.which("tmux", path=environ.get("PATH", os.defpath))
    if program is None:
        return None
    try:
        done = subprocess.run(  # noqa: S603 - fixed words
            [program, "show-environment", "SSH_CONNECTION"],
            env=dict(environ),
            capture_output=True,
            timeout=_SECONDS,
            check=False,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    line = done.stdout.decode("utf-8", "replace").strip()
    if done.returncode or not line:
        return None
    # "-SSH_CONNECTION" says that the client that is attached now did not come by SSH.
    name, sep, value = line.partition("=")
    return {name: value} if sep and value else {}


def _above(root: Path) -> dict[str, str]:
    """Return the SSH variables of the nearest process above that has them (sudo strips them)."""
    pid = os.getppid()
    for _ in range(_LEVELS):
        try:
            octets = (root / f"proc/{pid}/environ").read_bytes()
            status = (root / f"proc/{pid}/status").read_text("utf-8", "replace")
        except OSError:
            return {}
        pairs = (item.partition("=") for item in octets.decode("utf-8", "replace").split("\0"))
        found = {name: value for name, _, value in pairs if name in _SSH and value}
        if found:
            return found
        parent = next((line for line in status.splitlines() if line.startswith("PPid:")), "0")
        pid = int(parent.split()[-1])
        if pid <= 1:
            return {}
    return {}


def _user(environ: Mapping[str, str], root: Path) -> str:
    """Return who signed in to this machine, not who sudo or su made of them."""
    if user := environ.get("SUDO_USER") or environ.get("DOAS_USER"):
        return user
    try:
        if (number := _login(root)) is not None:
            import pwd

            return pwd.getpwuid(number).pw_name
    except (KeyError, ImportError):
        pass
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return ""
