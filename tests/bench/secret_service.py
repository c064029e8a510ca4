"""Knows how a keyring (Secret Service) is started for the bench alone, and ended again."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from mcp_auth_tui.storage import keyring

BUS, KEYRING = "dbus-daemon", "gnome-keyring-daemon"


def missing() -> str:
    """Return the programs that this machine lacks for it; empty when all are here."""
    return ", ".join(name for name in (BUS, KEYRING) if shutil.which(name) is None)


@contextmanager
def secret_service() -> Iterator[None]:
    """Let this process and its children find an unlocked keyring with nothing in it.

    Its bus, its files and its password are its own: the person's are neither read nor changed.
    """
    with ExitStack() as ends:
        folder = Path(ends.enter_context(TemporaryDirectory(prefix="bench-keyring-")))
        folders = {
            f"XDG_{name}": str(folder / name)
            for name in ("DATA_HOME", "RUNTIME_DIR", "CONFIG_HOME", "CACHE_HOME")
        }
        for path in folders.values():
            Path(path).mkdir(mode=0o700)
        bus = ends.enter_context(
            _process([BUS, "--session", "--nofork", "--print-address"], {**os.environ, **folders})
        )
        assert bus.stdout is not None
        environ = {**folders, "DBUS_SESSION_BUS_ADDRESS": bus.stdout.readline().decode().strip()}
        words = [KEYRING, "--unlock", "--foreground", "--components=secrets"]
        daemon = ends.enter_context(_process(words, {**os.environ, **environ}))
        assert daemon.stdin is not None
        daemon.stdin.write(b"bench")
        daemon.stdin.close()
        before = {name: os.environ.get(name) for name in environ}
        os.environ.update(environ)
        try:
            _until_it_answers(daemon)
            yield
        finally:
            for name, value in before.items():
                if value is None:
                    del os.environ[name]
                else:
                    os.environ[name] = value


def _until_it_answers(daemon: subprocess.Popen[bytes]) -> None:
    while keyring.missing():
        if daemon.poll() is not None:
            raise RuntimeError(f"{KEYRING} ended with {daemon.returncode}")
        time.sleep(0.05)  # it says nothing when it is ready


@contextmanager
def _process(words: list[str], env: Mapping[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        words,
        env=dict(env),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    with process:
        try:
            yield process
        finally:
            process.terminate()
