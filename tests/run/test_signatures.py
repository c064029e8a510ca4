"""``--check-signatures``: what ``K`` does on the screen, without one."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.peers.program import environment

RUN = ("demo", "--browser", "follow", "--auto-approve", "--check-signatures")


def ran(home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "mcp_auth_tui", *RUN, *words],
        env=environment(home),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )


@pytest.mark.parametrize(
    ("words", "checks"),
    [(["--jwt"], [("access token", True)]), ([], [])],
    ids=["a JWT", "an opaque token"],
)
def test_the_document_holds_what_the_issuers_keys_said(
    tmp_path: Path, words: list[str], checks: list[tuple[str, bool]]
) -> None:
    document = json.loads(ran(tmp_path, "--json", *words).stdout)
    assert [(item["what"], item["ok"]) for item in document["signatures"]] == checks


def test_the_story_tells_it(tmp_path: Path) -> None:
    told = ran(tmp_path, "--plain", "--jwt").stderr
    assert "  signature of the access token: good: " in told
