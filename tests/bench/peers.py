"""Knows other programs that print a token they keep, where one is installed; must not install any.

Two that people have in front of their requests: ``gh`` (Go; Debian) and ``hf`` (Python; PyPI:
huggingface_hub). Each gets a file with a token in it and asks no server.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from shutil import which

from tests.bench.measure import environment


@dataclass(frozen=True, slots=True)
class Peer:
    """A program that prints a token."""

    words: tuple[str, ...]
    folder_variable: str
    """Names the folder that it keeps its files in."""
    file: str
    text: str
    token: str

    @property
    def installed(self) -> bool:
        """Whether it is on the path."""
        return which(self.words[0]) is not None

    def kept_in(self, folder: Path) -> dict[str, str]:
        """Write its file, and return the environment in which it reads it."""
        (folder / self.file).write_text(self.text)
        return environment(**{self.folder_variable: str(folder), "HF_HUB_OFFLINE": "1"})


PEERS = (
    Peer(
        ("gh", "auth", "token"),
        "GH_CONFIG_DIR",
        "hosts.yml",
        "github.com:\n    oauth_token: good\n    user: practice\n",
        "good",
    ),
    Peer(("hf", "auth", "token"), "HF_HOME", "token", "hf_good", "hf_good"),
)
