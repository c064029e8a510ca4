"""Kills `headers` at any moment of a refresh; the store stays readable and its tokens good.

By hand: ``python -m tests.storage.kills [TIMES]``. The tests kill what writes the store
(test_tokens.py). The server here gives the same refresh token again: where it gives another one,
and its answer dies with the program, nobody on this side can know the new one.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from mcp_auth_tui.demo.thread import running
from mcp_auth_tui.storage.tokens import TokenStore
from tests.runs import finished

TIMES = 500
LONGEST = 0.4
"""Seconds after which a program is killed at the latest; quiet, it needs 0.2."""


def main(words: list[str]) -> int:
    """Kill so often, look after each time, and return 0 when nothing was lost."""
    times = int(words[0]) if words else TIMES
    rolls, killed = random.Random(11), 0
    with (
        TemporaryDirectory() as folder,
        running(faults=("static-refresh",), auto_approve=True) as server,
    ):
        path = Path(folder, "data", "tokens.json")
        os.environ["MCP_AUTH_TUI_TOKENS"] = str(path)
        asyncio.run(finished(server.url, "--browser", "follow", "--token-store", "file"))
        (stored,) = TokenStore(path).tokens()
        grant = TokenStore(path).open(stored.id)
        assert grant is not None
        refresh = grant.token.refresh
        command = [sys.executable, "-m", "mcp_auth_tui", "headers", server.url]
        for _ in range(times):
            _expire(path)
            killed += _killed(command, rolls.uniform(0, LONGEST))
            (stored,) = TokenStore(path).tokens()
            kept = TokenStore(path).open(stored.id)
            assert kept is not None, "the secret of a token is gone"
            assert kept.token.refresh == refresh, "another refresh token, or none"
        _expire(path)
        last = subprocess.run(command, capture_output=True, text=True, check=False)
    print(f"killed {killed} of {times} in time; the store was readable each time")
    print(f"then: exit {last.returncode}, {last.stdout[:22]}… {last.stderr.strip()}")
    return int(last.returncode != 0 or not last.stdout.startswith("Authorization: Bearer "))


def _expire(path: Path) -> None:
    document = json.loads(path.read_text())
    document["tokens"][0] |= {"received": 0.0, "expires": 1.0}
    path.write_text(json.dumps(document))


def _killed(command: list[str], after: float) -> bool:
    """Start it and kill it; returns whether it was still running."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(after)  # any moment will do: that is the trial
    process.kill()
    return process.wait() < 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
